package api_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
	"cubby/models/store"
)

// caller is a kind of key.
type caller struct {
	name         string // its organization's in the world: "carrier", "carrier B"
	kind         models.OrganizationKind
	organization models.OrganizationID
	operator     bool // has the scope operator
	test         bool
	set          string // whose objects are its own: "A" or "B"
	secret       string
}

func (c caller) String() string {
	if c.test {
		return "test key of " + c.name
	}
	return "key of " + c.name
}

// can reports whether the key opens an operation: each key has every scope that its organization may have.
func (c caller) can(scope string) bool {
	return scope == "any" || c.operator || c.kind != models.KindHost && scope != string(models.ScopeOperator) && scope != string(models.ScopeRemote)
}

// object is what an id names.
type object struct {
	kind  string
	set   string // "A", "A test", "B", "B test"; "none": it does not exist
	id    string
	test  *bool             // of test lockers, or not; nil: that makes no difference
	known map[string]string // what it is to an organization, by the organization's name: "its shop"
}

// world is a network with two of everything, and both again of test lockers: A's and B's.
type world struct {
	path    string
	db      *store.Store
	past    *sql.DB // reads the same file past the store
	callers []caller
	objects map[string][]object // by kind
}

var allScopes = []models.Scope{models.ScopeShipments, models.ScopeCouriers, models.ScopeCodes, models.ScopeWebhooks, models.ScopeMessages}

func openStore(t *testing.T, path string) *store.Store {
	t.Helper()
	now := func() time.Time { return testNow }
	db, err := store.Open(t.Context(), store.Options{
		URL: "sqlite:" + path, IDs: models.NewIDs(now, rand.Reader), Now: now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return db
}

// newWorld makes the world in a file that copies are made of.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "world.db"), objects: map[string][]object{}}
	w.db = openStore(t, w.path)
	require.NoError(t, w.db.Migrate(t.Context()))
	worker, err := models.DeriveWebhookSealKey(make([]byte, 32))
	require.NoError(t, err)
	require.NoError(t, w.db.PublishWorkerKey(t.Context(), models.PurposeWebhooks, worker.PublicKey().Bytes()))
	w.organizations(t)
	model, err := w.db.CreateModel(t.Context(), models.Request{}, models.CabinetModel{Name: "ten", Modules: []models.Module{{
		Name: "m", Regime: models.Ambient, Side: models.SideFront, Rows: []models.Row{{Cells: 10, Size: models.SizeS}},
	}}})
	require.NoError(t, err)
	w.add("model", object{set: "A", id: string(model.ID)})
	for _, set := range []string{"A", "B"} {
		w.side(t, set, model.ID, false)
		w.side(t, set, model.ID, true)
	}
	// A courier of a test key is for lockers that are named: for both of them.
	for _, set := range []string{"A test", "B test"} {
		_, err := w.db.UpdateCourier(t.Context(), models.Request{Actor: models.Actor{Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}}},
			models.CourierID(w.of("courier", set).id), models.CourierUpdate{Lockers: []models.LockerID{
				models.LockerID(w.of("locker", "A test").id), models.LockerID(w.of("locker", "B test").id)}})
		require.NoError(t, err)
	}
	w.operatorsPeople(t)
	for kind, id := range map[string]string{"cell": "1", "policy": models.PolicyStandard, "kind": "ready", "channel": "email", "language": "en"} {
		w.add(kind, object{set: "A", id: id})
	}
	w.add("policy", object{set: "none", id: "nothing"})
	w.add(lockerName, object{set: "none", id: "LOCKER-C"})
	for kind, prefix := range map[string]string{
		"locker": "lkr", lockerName: "lkr", "shipment": "shp", "parcel": "par", "courier": "cou", badgeHolder: "cou", "route": "rte", "webhook": "whk", "delivery": "dlv", "location": "loc",
		"notification": "ntf", "incident": "inc", "opening": "rem", "enrolment": "enr", "key": "key", "model": "mod", "organization": "org", "carrier": "org", "shop": "org", "host": "org",
	} {
		w.add(kind, object{set: "none", id: prefix + "_01hv0000000000000000000000"})
	}
	require.NoError(t, w.db.Close())
	return w
}

func (w *world) add(kind string, o object) {
	o.kind = kind
	w.objects[kind] = append(w.objects[kind], o)
}

// of is a set's object of a kind, or that of A where the set has none.
func (w *world) of(kind, set string) object {
	for _, s := range []string{set, strings.TrimSuffix(set, " test"), "A"} {
		for _, o := range w.objects[kind] {
			if o.set == s {
				return o
			}
		}
	}
	panic("no " + kind + " in the world")
}

func (w *world) organizations(t *testing.T) {
	t.Helper()
	for _, c := range []caller{
		{name: "operator", kind: models.KindOperator, operator: true, set: "A"}, {name: "operator", kind: models.KindOperator, set: "A"},
		{name: "carrier", kind: models.KindCarrier, set: "A"}, {name: "carrier B", kind: models.KindCarrier, set: "B"},
		{name: "shop", kind: models.KindShop, set: "A"}, {name: "shop B", kind: models.KindShop, set: "B"},
		{name: "host", kind: models.KindHost, set: "A"}, {name: "host B", kind: models.KindHost, set: "B"}, {name: "partner", kind: models.KindPartner, set: "A"},
	} {
		if i := slices.IndexFunc(w.callers, func(o caller) bool { return o.name == c.name }); i >= 0 {
			c.organization = w.callers[i].organization
		} else {
			o, err := w.db.CreateOrganization(t.Context(), models.Request{}, models.Organization{Name: c.name, Kind: c.kind, Email: "staff@example.org"})
			require.NoError(t, err)
			c.organization = o.ID
			self := object{set: c.set, id: string(o.ID), known: map[string]string{c.name: itself}}
			w.add("organization", self)
			w.add(string(c.kind), self)
			_, err = w.db.PutTemplate(t.Context(), models.Request{}, models.Template{
				Organization: o.ID, Kind: models.NoticeReady, Channel: models.ChannelEmail, Language: "en", Subject: "Ready", Body: "Your code is {code}.",
			})
			require.NoError(t, err)
		}
		for _, test := range []bool{false, true} {
			scopes := allScopes
			if c.operator {
				scopes = []models.Scope{models.ScopeOperator, models.ScopeRemote}
			}
			if test && c.operator {
				continue // there are none
			}
			key, secret, err := w.db.CreateKey(t.Context(), models.NewKey{Organization: c.organization, Name: "key", Scopes: scopes, Test: test})
			require.NoError(t, err)
			c.secret, c.test = secret, test
			w.callers = append(w.callers, c)
			w.add("key", object{set: c.set, id: string(key.ID), known: map[string]string{c.name: itsOwner}})
		}
	}
	// The network's own text, which an operator's call is about that names no organization.
	_, err := w.db.PutTemplate(t.Context(), models.Request{}, models.Template{
		Kind: models.NoticeReady, Channel: models.ChannelEmail, Language: "en", Subject: "Ready", Body: "Your code is {code}.",
	})
	require.NoError(t, err)
}

// operatorsPeople are nobody's but an operator's: their badges open more than a carrier's.
func (w *world) operatorsPeople(t *testing.T) {
	t.Helper()
	for _, role := range []models.CourierRole{models.RoleTechnician, models.RoleCourier} {
		c, err := w.db.CreateCourier(t.Context(), models.NewCourier{Courier: models.Courier{
			Organization: w.organization("operator"), Role: role, Badge: "OPERATOR-" + string(role),
		}})
		require.NoError(t, err)
		w.add(badgeHolder, object{set: "operator's " + string(role), id: string(c.ID)})
	}
}

func (w *world) organization(name string) models.OrganizationID {
	i := slices.IndexFunc(w.callers, func(c caller) bool { return c.name == name })
	return w.callers[i].organization
}

// side makes what is A's, or B's: of live lockers or of test lockers.
func (w *world) side(t *testing.T, set string, model models.ModelID, test bool) {
	t.Helper()
	ctx, of := t.Context(), strings.TrimSuffix(" "+set, " A")
	carrier, shop, host := "carrier"+of, "shop"+of, "host"+of
	name := set
	if test {
		name += " test"
	}
	add := func(kind, id string, known map[string]string) {
		w.add(kind, object{set: name, id: id, test: &test, known: known})
	}
	theirs := map[string]string{carrier: itsCarrier, shop: itsShop}
	place, err := w.db.CreateLocation(ctx, models.Request{}, models.Location{
		Name: "station " + name, Address: "Road 1", City: "Town", Country: "DE", TimeZone: "Europe/Berlin", Host: w.organization(host),
	})
	require.NoError(t, err)
	add("location", string(place.ID), theirs)
	sealed, err := dataKey.Seal(rand.Reader, models.PurposeAccess, string(place.ID), []byte(`{"gate_codes":"1"}`))
	require.NoError(t, err)
	require.NoError(t, w.db.PutAccess(ctx, models.Request{}, models.SealedAccess{Location: place.ID, Sealed: sealed}))
	locker, err := w.db.CreateLocker(ctx, models.Request{}, models.Locker{Number: "LOCKER-" + strings.ReplaceAll(name, " ", "-"), Location: place.ID, Model: model, Test: test})
	require.NoError(t, err)
	for kind, id := range map[string]string{"locker": string(locker.ID), lockerName: string(locker.ID)} {
		add(kind, id, map[string]string{host: itsHost})
	}
	add(lockerName, locker.Number, map[string]string{host: itsHost})

	by := models.Request{Actor: models.Actor{Organization: w.organization(carrier), Kind: models.KindCarrier, Scopes: allScopes, Test: test}, ID: "req"}
	v, _, err := w.db.CreateShipment(ctx, models.NewShipment{
		Request: by, Carrier: w.organization(carrier), Shop: w.organization(shop), Number: name, Locker: locker.ID, Policy: models.PolicyStandard,
		NotifyBy: models.NotifyContact, Language: "en", Contact: models.Contact{Email: "client@example.org"}, Parcels: []models.NewParcel{{Size: models.SizeS}},
	})
	require.NoError(t, err)
	add("shipment", string(v.Shipment.ID), theirs)
	add("parcel", string(v.Parcels[0].ID), theirs)
	courier := models.Courier{Organization: w.organization(carrier), Role: models.RoleCourier, Badge: "BADGE-" + name}
	if test {
		courier.Lockers = []models.LockerID{locker.ID}
	}
	courier, err = w.db.CreateCourier(ctx, models.NewCourier{Request: by, Courier: courier})
	require.NoError(t, err)
	add("courier", string(courier.ID), theirs)
	add(badgeHolder, string(courier.ID), theirs)
	route, err := w.db.CreateRoute(ctx, models.NewRoute{Request: by, Route: models.Route{
		Courier: courier.ID, Date: "2026-03-01", Stops: []models.RouteStop{{Locker: locker.ID, Bring: []models.ShipmentID{v.Shipment.ID}}},
	}})
	require.NoError(t, err)
	add("route", string(route.ID), theirs)
	require.NoError(t, w.db.ReportProblem(ctx, models.ClientReport{Shipment: v.Shipment.ID, Problem: models.ProblemCellEmpty, Text: "Nothing in it"}))
	incidents, err := w.db.Incidents(ctx, models.IncidentQuery{Page: models.Page{Limit: 10}, Locker: locker.ID})
	require.NoError(t, err)
	add("incident", string(incidents[0].ID), nil)
	opening, err := w.db.RequestRemote(ctx, models.NewRemote{Request: by, Locker: locker.ID, Cells: []int{1}, Purpose: models.PurposeHelp, Reason: "why"})
	require.NoError(t, err)
	add("opening", string(opening.ID), nil)
	enrolment := models.NewIDs(func() time.Time { return testNow }, rand.Reader).New(models.PrefixEnrolment)
	w.write(t, `INSERT INTO enrolments (id, locker, public_key_hash, serial, address, state, created_at, asked_at, decided_by, reason)
		VALUES (?, ?, ?, '', '192.0.2.7', 'waiting', ?, ?, '', '')`, enrolment, locker.ID, enrolment, testNow, testNow)
	add("enrolment", enrolment, nil)
	w.message(t, v.Shipment.ID, add, theirs)
	w.webhook(t, by, add, carrier)
}

// message is one that failed.
func (w *world) message(t *testing.T, of models.ShipmentID, add func(kind, id string, known map[string]string), theirs map[string]string) {
	t.Helper()
	id := models.NewIDs(func() time.Time { return testNow }, rand.Reader).New(models.PrefixNotification)
	w.write(t, `INSERT INTO notifications (id, subject, kind, n, channel, template, state, uncertain, attempts, problem, created_at)
		VALUES (?, ?, 'ready', 1, 'email', 'ready/1', 'failed', false, 1, '', ?)`, id, of, testNow)
	add("notification", id, theirs)
}

// webhook has an event behind it that was posted.
func (w *world) webhook(t *testing.T, by models.Request, add func(kind, id string, known map[string]string), carrier string) {
	t.Helper()
	owner := map[string]string{carrier: itsOwner}
	hook, _, err := w.db.CreateWebhook(t.Context(), by, models.Webhook{
		Organization: by.Actor.Organization, URL: "https://example.com/", Feeds: []models.Feed{models.FeedOwn}, Signing: models.SigningHMAC,
	})
	require.NoError(t, err)
	_, err = w.db.TestWebhook(t.Context(), by, hook.ID)
	require.NoError(t, err)
	post, err := w.db.NextPost(t.Context(), hook.ID, "")
	require.NoError(t, err)
	require.NoError(t, w.db.Posted(t.Context(), models.WebhookDelivery{
		Webhook: hook.ID, Scope: post.Event.Scope, Position: post.Event.Position, Event: post.Event.ID, Type: post.Event.Type, Attempt: 1, At: testNow,
	}, post.From, false, ""))
	sent, err := w.db.WebhookDeliveries(t.Context(), by.Actor, hook.ID, models.Page{Limit: 10})
	require.NoError(t, err)
	add("webhook", string(hook.ID), owner)
	add("delivery", string(sent[0].ID), owner)
}

// write changes a row past the store.
func (w *world) write(t *testing.T, statement string, args ...any) {
	t.Helper()
	db := w.raw(t)
	_, err := db.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func (w *world) raw(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", w.path)
	require.NoError(t, err)
	return db
}

// copy is the world as it was made, in a file of its own until the test ends, with what an operation needs besides.
func (w *world) copy(t *testing.T, needs string) *world {
	t.Helper()
	raw, err := os.ReadFile(w.path)
	require.NoError(t, err)
	c := *w
	c.path = filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, os.WriteFile(c.path, raw, 0o600))
	if needs != "" {
		c.write(t, needs)
	}
	c.db, c.past = openStore(t, c.path), c.raw(t)
	t.Cleanup(func() {
		require.NoError(t, c.past.Close())
		require.NoError(t, c.db.Close())
	})
	return &c
}

// rows are all rows of all tables, but the keys under which requests were made.
func (w *world) rows(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range w.list(t, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'idempotency'") {
		all[table] = w.list(t, `SELECT * FROM "`+table+`"`)
	}
	return all
}

// list runs a query past the store.
func (w *world) list(t *testing.T, query string) []string {
	t.Helper()
	rows, err := w.past.QueryContext(t.Context(), query)
	require.NoError(t, err)
	columns, err := rows.Columns()
	require.NoError(t, err)
	var found []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		found = append(found, fmt.Sprint(values...))
	}
	require.NoError(t, rows.Err())
	slices.Sort(found)
	return found
}
