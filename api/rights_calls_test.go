package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"cubby/models"
)

// named are the properties and parameters that name something, whatever their form is.
var named = regexp.MustCompile(`^(id|(locker|shipment|parcel|carrier|shop|organization|host|courier|location|model|policy|incident|webhook|delivery|key|notification|route)s?|cell)$`)

// slots are the places of an operation's request where something is named.
func slots(item *openapi3.PathItem, op *openapi3.Operation) []string {
	var found []string
	var look func(at, name string, s *openapi3.Schema)
	look = func(at, name string, s *openapi3.Schema) {
		if s.Items != nil {
			look(at+"[]", name, s.Items.Value)
		}
		for property, schema := range s.Properties {
			separator := "."
			if strings.HasSuffix(at, " ") {
				separator = ""
			}
			look(at+separator+property, property, schema.Value)
		}
		if (s.Type.Is("string") || s.Type.Is("integer")) && (named.MatchString(name) || strings.Contains(s.Pattern, "_[0-9a-hjkmnp-tv-z]{26}")) {
			found = append(found, at)
		}
	}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		switch {
		case p.Value.In == "path":
			found = append(found, "path "+p.Value.Name)
		case p.Value.In == "query" && p.Value.Name != "cursor": // which is a place in an order
			look("query "+p.Value.Name, p.Value.Name, p.Value.Schema.Value)
		}
	}
	if op.RequestBody != nil {
		look("body ", "", op.RequestBody.Value.Content.Get("application/json").Schema.Value)
	}
	slices.Sort(found)
	return found
}

// operation is one of the specification, with its rows of the table.
type operation struct {
	id, method, path, scope string
	rows                    []right
	required                []string // places of the query that may not be left out
}

func operations(t *testing.T) []operation {
	t.Helper()
	var all []operation
	table := rights()
	for path, item := range specification(t).Paths.Map() {
		for method, op := range item.Operations() {
			o := operation{id: op.OperationID, method: method, path: path, scope: op.Extensions["x-scope"].(string)}
			var have []string
			for _, r := range table {
				if r.operation == o.id {
					o.rows, have = append(o.rows, r), append(have, r.at)
				}
			}
			for _, p := range op.Parameters {
				if p.Value.Required && p.Value.In == "query" {
					o.required = append(o.required, "query "+p.Value.Name)
				}
			}
			slices.Sort(have)
			require.Equal(t, slots(item, op), have, "what %s names, and what the table of rights has of it", o.id)
			table = slices.DeleteFunc(table, func(r right) bool { return r.operation == o.id })
			all = append(all, o)
		}
	}
	require.Empty(t, table, "rows of operations that there are not")
	return all
}

// attempt is one call: every place of the operation names something of the caller's own, but one.
type attempt struct {
	operation
	by    caller
	names map[string]object // by place
	at    string            // the place that is tried, or empty
}

func (a attempt) String() string {
	return fmt.Sprintf("%s with the %s, %s: %s", a.id, a.by, a.at, a.names[a.at].set)
}

// attempts are all callers with all objects in all places.
func (w *world) attempts(op operation) []attempt {
	var all []attempt
	for _, by := range w.callers {
		try := func(at string, o object) {
			set := by.set
			if by.test {
				set += " test"
			}
			if by.operator && o.set != "" {
				set = o.set // an operator names what belongs together
			}
			a := attempt{operation: op, by: by, at: at, names: map[string]object{}}
			for _, r := range op.rows {
				if !strings.HasPrefix(r.at, "query") || slices.Contains(op.required, r.at) {
					a.names[r.at] = w.own(by, r.object, set)
				}
			}
			if at != "" {
				a.names[at] = o
			}
			all = append(all, a)
		}
		try("", object{})
		for _, r := range op.rows {
			for _, named := range w.objects[r.object] {
				if named.set != "none" || !by.operator {
					try(r.at, named)
				}
			}
		}
	}
	return all
}

// own is what a caller names who names nothing else: of the organizations its own.
func (w *world) own(by caller, kind, set string) object {
	for _, o := range w.objects[kind] {
		if o.known[by.name] == itself {
			return o
		}
	}
	return w.of(kind, set)
}

// want is what the table says, and at which place: 0 is that it is done.
func (a attempt) want() (code int, at string) {
	if !a.by.can(a.scope) {
		return http.StatusForbidden, ""
	}
	notByTest := false
	for _, r := range a.rows {
		o, names := a.names[r.at]
		if !names {
			continue
		}
		if code := r.answer(a.by, o); code != 0 {
			return code, r.at
		}
		notByTest = notByTest || r.notByTest
	}
	if notByTest && a.by.test {
		return http.StatusForbidden, ""
	}
	return 0, ""
}

// answer is what a row says of one object; 0 is that it may be named.
func (r right) answer(by caller, o object) int {
	is := func(who string) bool {
		switch who {
		case anyone:
			return by.kind != models.KindHost
		case carriers:
			return by.kind == models.KindCarrier
		case shops:
			return by.kind == models.KindShop
		case partners:
			return by.kind == models.KindPartner
		case clerks:
			return by.kind == models.KindOperator
		}
		return o.known[by.name] == who
	}
	switch {
	case r.ofTest && o.test != nil && !*o.test:
		return r.without
	case by.operator:
		return 0
	case o.test != nil && *o.test != by.test:
		return r.without
	case slices.ContainsFunc(r.told, is):
		return http.StatusForbidden
	case o.set != "none" && slices.ContainsFunc(r.may, is):
		return 0
	}
	return r.without
}

func (a attempt) request() *http.Request {
	path, body := a.path, bodies()[a.id]
	query := url.Values{}
	for at, o := range a.names {
		switch where, name, _ := strings.Cut(at, " "); where {
		case "path":
			path = strings.ReplaceAll(path, "{"+name+"}", o.id)
		case "query":
			query.Set(name, o.id)
		default:
			body = strings.ReplaceAll(body, "{"+at+"}", o.id)
		}
	}
	r := httptest.NewRequest(a.method, path+"?"+query.Encode(), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+a.by.secret)
	r.Header.Set("X-Request-Id", "req")
	r.Header.Set("Idempotency-Key", url.QueryEscape(a.String()+a.names[a.at].id))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// sees reports whether it is no secret from a caller that an object exists.
func (c caller) sees(o object) bool {
	known := o.known[c.name] != "" || (o.kind == "locker" || o.kind == lockerName) && c.kind != models.KindHost
	return c.operator || known && (o.test == nil || *o.test == c.test)
}

// secrets are the ids that a caller has no business to be told.
func (w *world) secrets(by caller) []string {
	var ids []string
	for _, kind := range []string{"shipment", "parcel", badgeHolder, "route", "webhook", "delivery", "notification", "incident", "opening", "enrolment", "key", "locker"} {
		for _, o := range w.objects[kind] {
			if o.set != "none" && !by.sees(o) {
				ids = append(ids, o.id)
			}
		}
	}
	return ids
}

// TestRights: every operation, by every kind of key, with what is its own, another's, a test locker's or a live one's and what
// does not exist, is answered as the table says. To whom something does not exist is answered as if it did not, and what is
// refused changes nothing.
func TestRights(t *testing.T) {
	t.Parallel()
	made, on := newWorld(t), newStage()
	for _, op := range operations(t) {
		t.Run(op.id, func(t *testing.T) {
			made.refuses(t, op, on)
			made.allows(t, op, on)
		})
	}
}

// status is what came of the one thing that was asked for.
func status(a attempt, w *httptest.ResponseRecorder) int {
	if found := regexp.MustCompile(`"items":\[\{.*?"status":(\d+)`).FindStringSubmatch(w.Body.String()); a.id == "CreateShipments" && w.Code == 200 && found != nil {
		var code int
		_, _ = fmt.Sscan(found[1], &code)
		return code
	}
	return w.Code
}

// refuses tries all that the table denies, in one copy of the world.
func (w *world) refuses(t *testing.T, op operation, on *stage) {
	t.Helper()
	w = w.copy(t, needs()[op.id])
	on.Store, on.acts = w.db, 0
	before := w.rows(t)
	// What each was answered that is a secret from him, or does not exist, by caller and place.
	unseen, nothing := map[string][]string{}, map[string]string{}
	for _, a := range w.attempts(op) {
		want, at := a.want()
		if want == 0 {
			continue
		}
		answer := call(on, a.request())
		require.Equal(t, want, status(a, answer), "%s: %s", a, answer.Body)
		w.requireNoLeak(t, a, answer)
		who, o := op.id+" with the "+a.by.String()+", "+a.at, a.names[a.at]
		told := strings.ReplaceAll(answer.Body.String(), o.id, "{id}")
		switch {
		case o.set == "none":
			nothing[who] = told
		case a.at != "" && (at == a.at || !a.by.can(a.scope)) && !a.by.sees(o):
			unseen[who] = append(unseen[who], told)
		}
	}
	for who, answers := range unseen {
		if none, tried := nothing[who]; tried {
			for _, told := range answers {
				require.Equal(t, none, told, "%s: as what does not exist", who)
			}
		}
	}
	after := w.rows(t)
	if slices.ContainsFunc(op.rows, func(r right) bool { return r.onRecord }) {
		delete(before, "audit")
		delete(after, "audit")
	}
	require.Equal(t, before, after, "%s: what is refused changes nothing", op.id)
	require.Zero(t, on.acts, op.id)
}

// allows tries all that the table allows.
func (w *world) allows(t *testing.T, op operation, on *stage) {
	t.Helper()
	var here *world
	var before []string
	for _, a := range w.attempts(op) {
		if want, _ := a.want(); want != 0 {
			continue
		}
		if here == nil || a.method != http.MethodGet { // each change is of a world where nothing was changed
			here = w.copy(t, needs()[op.id])
			before = here.list(t, auditRows)
		}
		on.Store = here.db
		answer := call(on, a.request())
		code := status(a, answer)
		require.True(t, code >= 200 && code < 300 || code == http.StatusConflict, "%s: %d %s", a, code, answer.Body)
		w.requireNoLeak(t, a, answer)
		if a.method != http.MethodGet && code != http.StatusConflict && op.id != "PreviewTemplate" {
			require.NotEqual(t, before, here.list(t, auditRows), "%s: who did it is on record", a)
		}
	}
}

const auditRows = "SELECT id FROM audit"

// requireNoLeak: an answer names nothing that its caller does not see, but what the caller named.
func (w *world) requireNoLeak(t *testing.T, a attempt, answer *httptest.ResponseRecorder) {
	t.Helper()
	for _, id := range w.secrets(a.by) {
		if !slices.ContainsFunc(slices.Collect(maps.Values(a.names)), func(o object) bool { return o.id == id }) {
			require.NotContains(t, answer.Body.String(), id, "%s tells of what is another's", a)
		}
	}
}
