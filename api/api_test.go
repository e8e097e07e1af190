package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

// Ids of the test's network.
const (
	carrierA = models.OrganizationID("org_01hv0000000000000000000001")
	shopS    = models.OrganizationID("org_01hv0000000000000000000002")
	operator = models.OrganizationID("org_01hv0000000000000000000003")
	carrierB = models.OrganizationID("org_01hv0000000000000000000004")
	lockerID = models.LockerID("lkr_01hv0000000000000000000001")
	shipID   = models.ShipmentID("shp_01hv0000000000000000000001")
	locID    = models.LocationID("loc_01hv0000000000000000000001")
	modelID  = models.ModelID("mod_01hv0000000000000000000001")
	keyID    = models.KeyID("key_01hv0000000000000000000001")
	incID    = models.IncidentID("inc_01hv0000000000000000000001")
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ports is a fake of everything behind the interface: a shipment of carrier A, and funcs
// where a test wants something else.
type ports struct {
	mu       sync.Mutex
	created  []models.NewShipment
	claims   map[string]string // fingerprints by organization and key
	courier  models.NewCourier
	query    models.IncidentQuery
	page     models.Page
	events   []int // after, limit
	listed   models.ShipmentQuery
	state    models.ShipmentState // of the shipment; created if empty
	audited  []string
	create   func(ctx context.Context, n models.NewShipment) (models.ShipmentView, bool, error)
	carrier  func(in models.CarrierEventInput) (models.ActionResult, error)
	act      func(name string, in models.ActionInput) error
	suspend  func(id models.CourierID, suspended bool) error
	keyOwner func(hash string) (models.Actor, error)
	list     func() error
}

func actors() map[string]models.Actor {
	return map[string]models.Actor{
		"carrier":  {Key: "key_a", Organization: carrierA, Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeShipments, models.ScopeCouriers}},
		"carrierB": {Key: "key_b", Organization: carrierB, Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeShipments}},
		"shop":     {Key: "key_s", Organization: shopS, Kind: models.KindShop, Scopes: []models.Scope{models.ScopeShipments, models.ScopeCouriers}},
		"host":     {Key: "key_h", Organization: "org_h", Kind: models.KindHost, Scopes: []models.Scope{models.ScopeShipments}},
		"operator": {Key: "key_o", Organization: operator, Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}},
		"none":     {Key: "key_n", Organization: carrierA, Kind: models.KindCarrier},
	}
}

func (p *ports) Authenticate(_ context.Context, hash string) (models.Actor, error) {
	if p.keyOwner != nil {
		return p.keyOwner(hash)
	}
	for role, actor := range actors() {
		if sum := sha256.Sum256([]byte("cubby_" + role)); hex.EncodeToString(sum[:]) == hash {
			return actor, nil
		}
	}
	return models.Actor{}, models.Errorf(models.CodeUnauthorized, "The key is not valid.")
}

func (p *ports) CreateKey(_ context.Context, k models.NewKey) (models.APIKey, string, error) {
	return models.APIKey{ID: keyID, Organization: k.Organization, Name: k.Name, Scopes: k.Scopes, CreatedAt: testNow, ExpiresAt: k.ExpiresAt}, "cubby_secret", nil
}

func (p *ports) RevokeKey(context.Context, models.Request, models.KeyID) error { return nil }

func (p *ports) CreateShipment(ctx context.Context, n models.NewShipment) (models.ShipmentView, bool, error) {
	p.mu.Lock()
	p.created = append(p.created, n)
	p.mu.Unlock()
	if p.create != nil {
		return p.create(ctx, n)
	}
	return view(), false, nil
}

func (p *ports) ClaimKey(_ context.Context, o models.OrganizationID, key, fingerprint string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claims == nil {
		p.claims = map[string]string{}
	}
	if before, taken := p.claims[string(o)+key]; taken && before != fingerprint {
		return models.Errorf(models.CodeKeyReused, "This Idempotency-Key was used with another request.")
	}
	p.claims[string(o)+key] = fingerprint
	return nil
}

func view() models.ShipmentView {
	return models.ShipmentView{
		Shipment: models.Shipment{ID: shipID, Carrier: carrierA, Number: "A-1", Locker: lockerID, PolicyName: "standard", PolicyVersion: 1,
			NotifyBy: models.NotifyContact, Language: "en", State: models.StateCreated, CreatedAt: testNow, UpdatedAt: testNow},
		Parcels: []models.Parcel{{ID: "par_1", Barcode: "1234", Size: models.SizeM, Regime: models.Ambient, State: models.ParcelExpected}},
	}
}

func (p *ports) Shipment(_ context.Context, a models.Actor, id models.ShipmentID) (models.ShipmentView, error) {
	v := view()
	v.Shipment.Shop = shopS
	if p.state != "" {
		v.Shipment.State = p.state
	}
	if id != shipID || !a.Operator() && a.Organization != carrierA && a.Organization != shopS {
		return models.ShipmentView{}, models.Errorf(models.CodeNotFound, "There is no shipment with this id.")
	}
	return v, nil
}

func (p *ports) Shipments(_ context.Context, _ models.Actor, q models.ShipmentQuery) ([]models.ShipmentView, string, error) {
	p.listed = q
	return []models.ShipmentView{view()}, string(shipID), nil
}

func (p *ports) ShipmentEvents(_ context.Context, _ models.Actor, _ models.ShipmentID, after, limit int) ([]models.Event, error) {
	p.events = []int{after, limit}
	return []models.Event{{Seq: after + 1, Type: models.EventCreated, At: testNow}}, nil
}

func (p *ports) Audit(_ context.Context, _ models.Request, action, object, detail string) error {
	p.audited = append(p.audited, action+" "+object+" "+detail)
	return nil
}

func (p *ports) Lockers(_ context.Context, page models.Page) ([]models.LockerView, error) {
	p.page = page
	if p.list != nil {
		return nil, p.list()
	}
	return []models.LockerView{lockerView()}, nil
}

func lockerView() models.LockerView {
	return models.LockerView{
		Locker:   models.Locker{ID: lockerID, Number: "L-001", Location: locID, Model: modelID, State: models.LockerActive, CreatedAt: testNow},
		Location: models.Location{ID: locID, Name: "Courtyard", TimeZone: "Europe/Berlin", CreatedAt: testNow},
		Link:     models.LockerLink{Online: true, LastSeen: &testNow, CertificateUntil: &testNow},
	}
}

func (p *ports) Locker(_ context.Context, id models.LockerID) (models.LockerView, error) {
	if id != lockerID {
		return models.LockerView{}, models.Errorf(models.CodeNotFound, "There is no locker with this id.")
	}
	return lockerView(), nil
}

func (p *ports) Worklist(_ context.Context, a models.Actor, id models.LockerID) (models.Worklist, error) {
	of := view().Shipment
	w := models.Worklist{Inside: []models.InCell{{
		StoredCell: models.StoredCell{Number: 3, State: models.CellOccupied}, Of: &of, Since: &testNow, Reason: models.LeaveClosed,
	}}, Expected: []models.Shipment{of}}
	if a.Operator() {
		w.Inside = append(w.Inside, models.InCell{StoredCell: models.StoredCell{Number: 4, State: models.CellFree, Doubtful: true}})
	}
	return w, nil
}

func (p *ports) Cells(_ context.Context, id models.LockerID) ([]models.CellView, error) {
	if id != lockerID {
		return nil, models.Errorf(models.CodeNotFound, "There is no such locker.")
	}
	return []models.CellView{cellView()}, nil
}

func cellView() models.CellView {
	return models.CellView{StoredCell: models.StoredCell{
		Locker: lockerID, Number: 3, Size: models.SizeM, Regime: models.Ambient, State: models.CellOccupied, Doubtful: true, Generation: 5,
		Shipment: shipID, Layout: models.LayoutCell{Number: 3, Module: 1, Row: 2, Side: models.SideFront}, Since: &testNow,
	}}
}

func (p *ports) OrderCell(_ context.Context, r models.Request, id models.LockerID, cell int, c models.CellChange) (models.CellView, error) {
	v := cellView()
	if id != v.Locker || cell != v.Number || !r.Actor.Operator() {
		return models.CellView{}, models.Errorf(models.CodeNotFound, "There is no such cell.")
	}
	var err error
	v.Order, err = v.StoredCell.Order(models.CellOrder{}, c, models.Head{Epoch: 1, Seq: 9})
	return v, err
}

func (p *ports) Limits(context.Context, models.LockerID) ([]models.Limit, error) {
	most := 3
	return []models.Limit{{Locker: lockerID, Carrier: carrierA, Regime: models.Ambient, Size: models.SizeS, Minimum: 1, Maximum: &most}}, nil
}

func (p *ports) PutLimits(_ context.Context, _ models.Request, _ models.LockerID, limits []models.Limit) ([]models.Limit, error) {
	return limits, models.CheckLimits(limits, models.Demand{models.Ambient: {models.SizeS: 2}})
}

func (p *ports) Availability(context.Context, models.LockerID, models.OrganizationID) ([]models.Availability, error) {
	return []models.Availability{{Regime: models.Ambient, Size: models.SizeS, Free: 4, Room: 2}}, nil
}

func (p *ports) CreateOrganization(_ context.Context, _ models.Request, o models.Organization) (models.Organization, error) {
	o.ID, o.CreatedAt = carrierA, testNow
	return o, nil
}

func (p *ports) Organizations(context.Context, models.Page) ([]models.Organization, error) {
	return nil, nil
}

func (p *ports) CreateLocation(_ context.Context, _ models.Request, l models.Location) (models.Location, error) {
	l.ID, l.CreatedAt = locID, testNow
	return l, nil
}

func (p *ports) SetHours(_ context.Context, _ models.Request, id models.LocationID, h *models.Hours, q *models.QuietHours) (models.Location, error) {
	return models.Location{ID: id, Hours: h, QuietHours: q, CreatedAt: testNow}, nil
}

func (p *ports) Locations(context.Context, models.Page) ([]models.Location, error) {
	return []models.Location{{ID: locID}}, nil
}

func (p *ports) Policies(context.Context, models.Page) ([]models.Policy, error) {
	return models.ReadyMadePolicies(), nil
}

func (p *ports) PutPolicy(_ context.Context, _ models.Request, policy models.Policy) (models.Policy, error) {
	policy.Version = 2
	return policy, nil
}

func (p *ports) CreateModel(_ context.Context, _ models.Request, m models.CabinetModel) (models.CabinetModel, error) {
	m.ID, m.CreatedAt = modelID, testNow
	return m, nil
}

func (p *ports) Models(context.Context, models.Page) ([]models.CabinetModel, error) {
	return []models.CabinetModel{{ID: modelID}}, nil
}

func (p *ports) CreateLocker(_ context.Context, _ models.Request, l models.Locker) (models.Locker, error) {
	l.ID, l.State, l.CreatedAt = lockerID, models.LockerActive, testNow
	return l, nil
}

func (p *ports) CreateCourier(_ context.Context, n models.NewCourier) (models.Courier, error) {
	p.courier = n
	n.Courier.ID, n.Courier.CreatedAt = "cou_1", testNow
	return n.Courier, nil
}

func (p *ports) Incidents(_ context.Context, q models.IncidentQuery) ([]models.Incident, error) {
	p.query = q
	return []models.Incident{{ID: incID, Kind: models.IncidentJam, Locker: lockerID, Cell: 3, Opened: testNow}}, nil
}

func (p *ports) ResolveIncident(_ context.Context, _ models.Request, id models.IncidentID, reason string) (models.Incident, error) {
	return models.Incident{ID: id, Kind: models.IncidentJam, Locker: lockerID, Opened: testNow, Resolved: &testNow, Reason: reason}, nil
}

func (p *ports) CarrierEvent(_ context.Context, _ models.ShipmentID, in models.CarrierEventInput) (models.ActionResult, error) {
	if p.carrier != nil {
		return p.carrier(in)
	}
	return models.ActionResult{State: models.StateInTransit}, nil
}

func (p *ports) Cancel(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return p.acted("cancel", in)
}

func (p *ports) Extend(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return p.acted("extend", in)
}

func (p *ports) Freeze(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return p.acted("freeze", in)
}

func (p *ports) Unfreeze(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return p.acted("unfreeze", in)
}

func (p *ports) Reroute(_ context.Context, _ models.ShipmentID, in models.RerouteInput) (models.ActionResult, error) {
	return p.acted("reroute to "+string(in.To), models.ActionInput{Request: in.Request})
}

func (p *ports) ReissueCode(_ context.Context, _ models.ShipmentID, in models.ActionInput) (models.ActionResult, error) {
	return p.acted("reissue", in)
}

func (p *ports) acted(name string, in models.ActionInput) (models.ActionResult, error) {
	if p.act != nil {
		return models.ActionResult{}, p.act(name, in)
	}
	return models.ActionResult{}, nil
}

func (p *ports) ChangeLocker(_ context.Context, _ models.Request, id models.LockerID, c models.LockerChange) (models.Locker, error) {
	to, err := models.LockerActive.Next(c.Action)
	return models.Locker{ID: id, Number: "L-001 " + c.Reason + map[bool]string{true: " all out"}[c.Withdraw], State: to}, err
}

func (p *ports) SuspendCourier(_ context.Context, _ models.Request, id models.CourierID, suspended bool) (models.Courier, error) {
	if p.suspend != nil {
		if err := p.suspend(id, suspended); err != nil {
			return models.Courier{}, err
		}
	}
	return models.Courier{ID: id, Organization: carrierA, Role: models.RoleCourier, Badge: "CUB-1", Suspended: suspended, CreatedAt: testNow}, nil
}

// handler makes the interface over the ports; its log goes to log.
func handler(p *ports, log *bytes.Buffer, change func(*api.Config)) http.Handler {
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewJSONHandler(log, nil))
	}
	cfg := api.Config{
		Keys: p, Shipments: p, Lockers: p, Enrolment: p, Network: p, Incidents: p, Engine: p,
		Logger: logger, Now: func() time.Time { return testNow }, Rand: rand.Reader,
	}
	if change != nil {
		change(&cfg)
	}
	return api.New(cfg)
}

const parcel = `{"barcode":"1234","size":"M"}`

func announcement(change string) string {
	base := map[string]json.RawMessage{
		"number": json.RawMessage(`"A-1"`), "locker": json.RawMessage(`"` + lockerID + `"`),
		"parcels": json.RawMessage(`[` + parcel + `]`), "contact": json.RawMessage(`{"email":"client@example.com"}`),
	}
	if change != "" {
		var changes map[string]json.RawMessage
		if err := json.Unmarshal([]byte(change), &changes); err != nil {
			panic(change + ": " + err.Error())
		}
		for name, value := range changes {
			if string(value) == "null" {
				delete(base, name)
			} else {
				base[name] = value
			}
		}
	}
	raw, err := json.Marshal(base)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// scenario is one call and what must come of it.
type scenario struct {
	name     string
	role     string // empty: no key
	method   string
	url      string
	body     string
	headers  map[string]string
	status   int
	contains []string
	lacks    []string
}

func (s scenario) request() *http.Request {
	r := httptest.NewRequest(s.method, s.url, strings.NewReader(s.body))
	if s.role != "" {
		r.Header.Set("Authorization", "Bearer cubby_"+s.role)
	}
	if s.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.method == http.MethodPost && (s.url == "/api/v1/shipments" || strings.HasPrefix(s.url, "/api/v1/shipments/") && !strings.HasSuffix(s.url, "/carrier-events")) {
		r.Header.Set("Idempotency-Key", "k1")
	}
	for name, value := range s.headers {
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	return r
}

func (s scenario) run(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, s.request())
	require.Equal(t, s.status, w.Code, "%s", w.Body)
	for _, must := range s.contains {
		require.Contains(t, w.Body.String(), must)
	}
	for _, not := range s.lacks {
		require.NotContains(t, w.Body.String(), not)
	}
	if s.status >= 400 {
		requireProblem(t, w)
	}
	return w
}

// requireProblem checks what every problem has.
func requireProblem(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var doc struct {
		Type, Title, Detail, Instance, Code string
		Status                              int
		RequestID                           string `json:"request_id"`
		Errors                              []models.Field
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
	require.Equal(t, w.Code, doc.Status)
	require.Equal(t, "/problems/"+doc.Code, doc.Type)
	require.NotEmpty(t, doc.Title)
	require.NotEmpty(t, doc.Detail)
	require.NotEmpty(t, doc.Instance)
	require.Equal(t, w.Header().Get("X-Request-Id"), doc.RequestID)
	for _, f := range doc.Errors {
		require.NotEmpty(t, f.Detail)
	}
	if slices.Contains([]int{503, 429}, w.Code) {
		require.NotEmpty(t, w.Header().Get("Retry-After"))
	}
	if w.Code == 401 {
		require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
	}
}
