package desk_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"cubby/api/desk"
	"cubby/models"
	"cubby/models/catalogue"
	"cubby/models/store"
)

const password = "correct horse battery"

// rig is the desk over a database of its own, with a clock that tests move.
type rig struct {
	*store.Store
	t       *testing.T
	handler http.Handler
	mu      sync.Mutex
	now     time.Time

	person   models.Staff
	carrier  models.Organization
	locker   models.Locker
	shipment models.ShipmentView
	remote   models.RemoteView // waits for a second person

	engine engine
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// engine records what it is asked for.
type engine struct {
	asked []string
	fail  error
}

func (e *engine) act(name string, in models.ActionInput) (models.ActionResult, error) {
	if e.fail == nil {
		e.asked = append(e.asked, name+" "+in.Request)
	}
	return models.ActionResult{}, e.fail
}

func (e *engine) Cancel(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act("cancel", in)
}

func (e *engine) ReissueCode(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act("reissue", in)
}

func (e *engine) Extend(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act("extend", in)
}

func (e *engine) Freeze(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act("freeze", in)
}

func (e *engine) Unfreeze(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return e.act("unfreeze", in)
}

func (e *engine) DecideRemote(_ context.Context, id models.RemoteID, in models.DecideInput) error {
	e.asked = append(e.asked, fmt.Sprintf("decide %s %t by %s", id, in.Approve, in.By))
	return e.fail
}

// newRig makes a desk with a person, a locker and a shipment whose number and place are hostile.
func newRig(t *testing.T, change ...func(*desk.Config)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s, err := store.Open(t.Context(), store.Options{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "cubby.db"), IDs: models.NewIDs(r.clock, rand.Reader), Now: r.clock, Rand: rand.Reader,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Migrate(t.Context()))
	r.Store = s
	r.seed()
	texts, err := catalogue.Load()
	require.NoError(t, err)
	c := desk.Config{
		Staff: s, Sessions: s, Lockers: s, Cells: s, Shipments: s, Incidents: s, Remotes: s, Badges: s, Enrolments: s, Engine: &r.engine, Texts: texts,
		Logger: slog.New(slog.DiscardHandler), Now: r.clock, Rand: rand.Reader, PublicURL: "http://desk.example",
		TemporalUI: "http://temporal.example/namespaces/cubby",
	}
	for _, f := range change {
		f(&c)
	}
	r.handler = desk.New(c)
	return r
}

func (r *rig) seed() {
	t, ctx, by := r.t, r.t.Context(), models.Request{ID: "req"}
	operator, _, err := r.BootstrapOperator(ctx, "Operator", "")
	require.NoError(t, err)
	hash, err := desk.HashPassword(rand.Reader, password)
	require.NoError(t, err)
	r.person, err = r.CreateStaff(ctx, by, models.Staff{
		Organization: operator.ID, Login: "vera", Name: `Vera <b>"V"</b>`, Password: hash, Language: "en",
	})
	require.NoError(t, err)
	r.carrier, err = r.CreateOrganization(ctx, by, models.Organization{Name: "carrier", Kind: models.KindCarrier})
	require.NoError(t, err)
	place, err := r.CreateLocation(ctx, by, models.Location{Name: "<i>station</i>", Address: `"><script>alert(1)</script>`, City: "Town", TimeZone: "Europe/Berlin"})
	require.NoError(t, err)
	model, err := r.CreateModel(ctx, by, models.CabinetModel{Name: "six", Modules: []models.Module{{
		Name: "m", Regime: models.Ambient, Side: models.SideFront, Rows: []models.Row{{Cells: 3, Size: models.SizeS}, {Cells: 3, Size: models.SizeM}},
	}}})
	require.NoError(t, err)
	r.locker, err = r.CreateLocker(ctx, by, models.Locker{Number: "L-001", Location: place.ID, Model: model.ID})
	require.NoError(t, err)
	r.shipment = r.announce(`<script>alert(2)</script>4711`)
	r.remote, err = r.RequestRemote(ctx, models.NewRemote{
		Request: by, Locker: r.locker.ID, Cells: []int{1, 2, 3, 4}, Purpose: models.PurposeEvacuation, Reason: `<script>alert(5)</script>`,
	})
	require.NoError(t, err)
}

// announce makes a shipment of a parcel, with a barcode or with one that is issued.
func (r *rig) announce(number string, barcode ...string) models.ShipmentView {
	v, _, err := r.CreateShipment(r.t.Context(), models.NewShipment{
		Request: models.Request{Actor: models.Actor{Organization: r.carrier.ID, Scopes: []models.Scope{models.ScopeShipments}}, ID: "req"},
		Carrier: r.carrier.ID, Number: number, Locker: r.locker.ID, Policy: models.PolicyStandard, NotifyBy: models.NotifyContact,
		Guarantee: models.GuaranteeBestEffort, Language: "en",
		Contact: models.Contact{Name: "Cora Client", Phone: "+491701234567", Email: "cora@example.org"}, Parcels: []models.NewParcel{{Size: models.SizeS, Barcode: strings.Join(barcode, "")}},
	})
	require.NoError(r.t, err)
	return v
}

// browser is somebody at the desk.
type browser struct {
	*rig
	cookie  *http.Cookie
	address string
	header  http.Header
}

func (r *rig) browser() *browser {
	return &browser{rig: r, address: "192.0.2.1:1", header: http.Header{}}
}

// signedIn is a browser of the rig's person.
func (r *rig) signedIn() *browser {
	b := r.browser()
	answer := b.post("/desk/sign-in", "login", "vera", "password", password)
	require.Equal(r.t, http.StatusSeeOther, answer.Code, answer.Body.String())
	require.Len(r.t, answer.Result().Cookies(), 1)
	b.cookie = answer.Result().Cookies()[0]
	return b
}

func (b *browser) do(method, target string, form url.Values) *httptest.ResponseRecorder {
	target, _, _ = strings.Cut(target, "#") // browsers keep it to themselves
	request := httptest.NewRequest(method, "http://desk.example"+target, strings.NewReader(form.Encode()))
	request.RemoteAddr = b.address
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, values := range b.header {
		request.Header[name] = values
	}
	if b.cookie != nil {
		request.AddCookie(b.cookie)
	}
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, request)
	return answer
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	return b.do(http.MethodGet, target, nil)
}

func (b *browser) post(target string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, target, form)
}

// act posts a form with the proof that the page of the session has.
func (b *browser) act(target string, pairs ...string) *httptest.ResponseRecorder {
	page := b.page("/desk")
	proof, _ := page.Find(`input[name=proof]`).First().Attr("value")
	require.NotEmpty(b.t, proof)
	return b.post(target, append(pairs, "proof", proof)...)
}

// page reads a page that there is.
func (b *browser) page(target string) *goquery.Document {
	b.t.Helper()
	answer := b.get(target)
	require.Equal(b.t, http.StatusOK, answer.Code, answer.Body.String())
	return parse(b.t, answer.Body)
}

func parse(t *testing.T, body io.Reader) *goquery.Document {
	t.Helper()
	page, err := goquery.NewDocumentFromReader(body)
	require.NoError(t, err)
	return page
}

func said(page *goquery.Document, id string) string {
	return strings.Join(strings.Fields(page.Find(fmt.Sprintf(`[data-testid=%q]`, id)).Text()), " ")
}

// audited lists the acts of the rig's person on the shipment, with their details.
func (r *rig) audited(id string) []string {
	lines, err := r.Timeline(r.t.Context(), r.person.Actor(), models.ShipmentID(id))
	require.NoError(r.t, err)
	var acts []string
	for _, l := range lines {
		if l.Act != nil && l.Act.Actor == string(r.person.ID) {
			acts = append(acts, strings.TrimSpace(l.Act.Action+" "+l.Act.Detail))
		}
	}
	return acts
}
