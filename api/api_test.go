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
	carrierA  = models.OrganizationID("org_01hv0000000000000000000001")
	shopS     = models.OrganizationID("org_01hv0000000000000000000002")
	operator  = models.OrganizationID("org_01hv0000000000000000000003")
	carrierB  = models.OrganizationID("org_01hv0000000000000000000004")
	lockerID  = models.LockerID("lkr_01hv0000000000000000000001")
	shipID    = models.ShipmentID("shp_01hv0000000000000000000001")
	locID     = models.LocationID("loc_01hv0000000000000000000001")
	modelID   = models.ModelID("mod_01hv0000000000000000000001")
	keyID     = models.KeyID("key_01hv0000000000000000000001")
	courierID = models.CourierID("cou_01hv0000000000000000000001")
	incID     = models.IncidentID("inc_01hv0000000000000000000001")
	routeID   = models.RouteID("rte_01hv0000000000000000000001")
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ports is a fake of everything behind the interface: a shipment of carrier A, and funcs
// where a test wants something else.
type ports struct {
	asked    models.EventQuery
	hooked   models.Webhook
	replayed models.WebhookReplay

	mu       sync.Mutex
	created  []models.NewShipment
	edits    []models.ShipmentEdit
	edit     func() error
	erased   []models.ShipmentID
	claims   map[string]string // fingerprints by organization and key
	courier  models.NewCourier
	query    models.IncidentQuery
	page     models.Page
	events   []int // after, limit
	listed   models.ShipmentQuery
	state    models.ShipmentState // of the shipment; created if empty
	lockers  models.LockerQuery
	updated  models.Locker
	made     models.Locker
	access   models.SealedAccess
	route    models.NewRoute
	routes   models.RouteQuery
	facts    models.FactQuery
	host     models.OrganizationID // of the locker's place
	seen     time.Time             // when the locker was last heard of; zero: now
	alias    models.Alias
	at       time.Time // of the availability that was asked for
	audited  []string
	create   func(ctx context.Context, n models.NewShipment) (models.ShipmentView, bool, error)
	carrier  func(in models.CarrierEventInput) (models.ActionResult, error)
	act      func(name string, in models.ActionInput) error
	suspend  func(id models.CourierID, suspended bool) error
	keyOwner func(hash string) (models.Actor, error)
	list     func() error
	shipment func(*models.ShipmentView)
	// What is sealed for, by row; seal: why nothing is.
	sealed map[models.SealedID][]byte
	seal   error
	client func(*models.ClientPage)
	told   []models.ClientReport

	remotes remotes
}

func actors() map[string]models.Actor {
	all := map[string]models.Actor{
		"carrier":  {Key: "key_a", Organization: carrierA, Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeShipments, models.ScopeCouriers, models.ScopeWebhooks, models.ScopeMessages}},
		"helper":   {Key: "key_c", Organization: carrierA, Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeCodes}},
		"helperB":  {Key: "key_d", Organization: carrierB, Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeCodes}},
		"carrierB": {Key: "key_b", Organization: carrierB, Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeShipments, models.ScopeWebhooks}},
		"shop":     {Key: "key_s", Organization: shopS, Kind: models.KindShop, Scopes: []models.Scope{models.ScopeShipments, models.ScopeCouriers}},
		"host":     {Key: "key_h", Organization: "org_h", Kind: models.KindHost, Scopes: []models.Scope{models.ScopeShipments}},
		"operator": {Key: "key_o", Organization: operator, Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}},
		"none":     {Key: "key_n", Organization: carrierA, Kind: models.KindCarrier},
	}
	for _, s := range models.Scopes() { // a key of one scope alone
		all["only-"+string(s)] = models.Actor{Key: "key_1", Organization: carrierA, Kind: models.KindCarrier, Scopes: []models.Scope{s}}
	}
	return all
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

func (p *ports) EditShipment(_ context.Context, e models.ShipmentEdit) error {
	p.edits = append(p.edits, e)
	if p.edit != nil {
		return p.edit()
	}
	return nil
}

func (p *ports) EraseContact(ctx context.Context, r models.Request, id models.ShipmentID) error {
	if _, err := p.Shipment(ctx, r.Actor, id); err != nil {
		return err
	}
	p.erased = append(p.erased, id)
	return nil
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
	if p.shipment != nil {
		p.shipment(&v)
	}
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

func (p *ports) Labels(ctx context.Context, a models.Actor, id models.ShipmentID) ([]models.Label, error) {
	v, err := p.Shipment(ctx, a, id)
	return []models.Label{{Barcode: "CBABCDEFGH2345", Number: v.Shipment.Number, Locker: "L-001", N: 1, Of: 1}}, err
}

func (p *ports) ShipmentEvents(ctx context.Context, a models.Actor, id models.ShipmentID, after, limit int) ([]models.Event, error) {
	if _, err := p.Shipment(ctx, a, id); err != nil {
		return nil, err
	}
	p.events = []int{after, limit}
	return []models.Event{{Seq: after + 1, Type: models.EventCreated, At: testNow}}, nil
}

func (p *ports) Audit(_ context.Context, _ models.Request, action, object, detail string) error {
	p.audited = append(p.audited, action+" "+object+" "+detail)
	return nil
}

func (p *ports) Lockers(_ context.Context, _ models.Actor, q models.LockerQuery) ([]models.LockerView, error) {
	p.page, p.lockers = q.Page, q
	if p.list != nil {
		return nil, p.list()
	}
	return []models.LockerView{p.lockerView()}, nil
}

func (p *ports) lockerView() models.LockerView {
	v := lockerView()
	v.Location.Host = p.host
	if !p.seen.IsZero() {
		v.Link.LastSeen = &p.seen
	}
	return v
}

func lockerView() models.LockerView {
	return models.LockerView{
		Locker: models.Locker{ID: lockerID, Number: "L-001", Location: locID, Model: modelID, State: models.LockerActive, CreatedAt: testNow},
		Location: models.Location{
			ID: locID, Name: "Courtyard", TimeZone: "Europe/Berlin", Kind: models.PlaceCourtyard, StepFree: true,
			HowToFind: map[string]string{"ru": "Во дворе"}, Photo: "https://example.com/l.jpg", CreatedAt: testNow, UpdatedAt: testNow,
			Hours: &models.Hours{Week: map[string][]models.OpenTime{"sunday": {{From: "08:00", To: "20:00"}}}},
		},
		Kinds:   []models.CellKind{{Regime: models.Ambient, Size: models.SizeM, Inner: models.Dimensions{WidthMM: 380, HeightMM: 190, DepthMM: 600}, MaxWeightG: 20_000, Cells: 8}},
		Aliases: []models.Alias{{Locker: lockerID, Carrier: carrierA, Alias: "A-77"}, {Locker: lockerID, Carrier: carrierB, Alias: "B-5"}},
		Link:    models.LockerLink{Online: true, LastSeen: &testNow, CertificateUntil: &testNow},
	}
}

func (p *ports) Locker(_ context.Context, id models.LockerID) (models.LockerView, error) {
	if id != lockerID {
		return models.LockerView{}, models.Errorf(models.CodeNotFound, "There is no locker with this id.")
	}
	return p.lockerView(), nil
}

// FindLocker knows the test's locker by its number, and by what carriers call it.
func (p *ports) FindLocker(_ context.Context, a models.Actor, carrier models.OrganizationID, name string) (models.LockerID, error) {
	if !a.Operator() {
		carrier = a.Organization
	}
	for _, alias := range lockerView().Aliases {
		if name == lockerView().Locker.Number || alias.Carrier == carrier && alias.Alias == name {
			return lockerID, nil
		}
	}
	return "", models.Errorf(models.CodeUnknownLocker, "There is no locker %s.", name)
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
	return limits, models.CheckLimits(limits, models.Demand{{Regime: models.Ambient, Size: models.SizeS}: 2})
}

func (p *ports) Availability(_ context.Context, _ models.LockerID, _ models.OrganizationID, at time.Time) ([]models.Availability, error) {
	p.at = at
	return []models.Availability{{Regime: models.Ambient, Size: models.SizeS, Free: 4, Room: 2, EasyFree: 1, EasyRoom: 1}}, nil
}

func (p *ports) CreateOrganization(_ context.Context, _ models.Request, o models.Organization) (models.Organization, error) {
	o.ID, o.CreatedAt = carrierA, testNow
	return o, nil
}

func (p *ports) ChangeOrganization(_ context.Context, _ models.Request, id models.OrganizationID, c models.OrganizationChange) (models.Organization, error) {
	o := models.Organization{ID: id, Name: "carrier", Kind: models.KindCarrier, Email: "old@example.org", Language: "en", CreatedAt: testNow}
	if id != carrierA {
		return o, models.Errorf(models.CodeNotFound, "There is no such organization.")
	}
	c.Apply(&o)
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

func (p *ports) NetworkScreen(context.Context) (models.ScreenProfile, error) {
	return models.ScreenProfile{Phone: "112"}, nil
}

func (p *ports) PutNetworkScreen(_ context.Context, _ models.Request, profile models.ScreenProfile) (models.ScreenProfile, error) {
	return profile, nil
}

func (p *ports) LockerScreen(ctx context.Context, id models.LockerID) (models.LockerScreen, error) {
	return p.PutLockerScreen(ctx, models.Request{}, id, models.ScreenProfile{})
}

func (p *ports) PutLockerScreen(_ context.Context, _ models.Request, _ models.LockerID, profile models.ScreenProfile) (models.LockerScreen, error) {
	quiet := models.Location{QuietHours: &models.QuietHours{From: "22:00", To: "07:00"}}
	return models.LockerScreen{Own: profile, Shown: profile.Over(models.ScreenProfile{Phone: "112"}).At(quiet)}, nil
}

func (p *ports) Locations(context.Context, models.Page) ([]models.Location, error) {
	return []models.Location{{ID: locID}}, nil
}

func (p *ports) ChangeLocation(_ context.Context, _ models.Request, id models.LocationID, c models.LocationChange) (models.Location, error) {
	l := lockerView().Location
	if id != l.ID {
		return l, models.Errorf(models.CodeNotFound, "There is no such location.")
	}
	c.Apply(&l)
	return l, nil
}

func (p *ports) UpdateLocker(_ context.Context, _ models.Request, _ models.LockerID, u models.LockerUpdate) (models.Locker, error) {
	l := lockerView().Locker
	err := u.Apply(&l, 4)
	p.updated = l
	return l, err
}

func (p *ports) SetAlias(_ context.Context, _ models.Request, a models.Alias) error {
	p.alias = a
	return nil
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
	l.ID, l.CreatedAt = lockerID, testNow
	if l.State == "" {
		l.State = models.LockerActive
	}
	p.made = l
	return l, nil
}

func (p *ports) CreateCourier(_ context.Context, n models.NewCourier) (models.Courier, error) {
	p.courier = n
	n.Courier.ID, n.Courier.CreatedAt = "cou_1", testNow
	return n.Courier, nil
}

func (p *ports) Couriers(_ context.Context, a models.Actor, q models.CourierQuery) ([]models.Courier, error) {
	p.page = q.Page
	return []models.Courier{{ID: courierID, Organization: a.Organization, Role: models.RoleCourier, Badge: "CUB-1", PINHash: "secret-hash", CreatedAt: testNow}}, nil
}

func (p *ports) Courier(_ context.Context, a models.Actor, id models.CourierID) (models.Courier, error) {
	if id != courierID || !a.Operator() && a.Organization != carrierA {
		return models.Courier{}, models.Errorf(models.CodeNotFound, "There is no such courier.")
	}
	return models.Courier{ID: id, Organization: carrierA, Role: models.RoleCourier, Badge: "CUB-1", PINHash: "secret-hash", ValidFrom: &testNow, CreatedAt: testNow}, nil
}

func (p *ports) UpdateCourier(ctx context.Context, r models.Request, id models.CourierID, u models.CourierUpdate) (models.Courier, error) {
	c, err := p.Courier(ctx, r.Actor, id)
	if err != nil {
		return c, err
	}
	err = u.Apply(&c)
	p.courier.Courier = c
	return c, err
}

func (p *ports) Facts(_ context.Context, id models.LockerID, q models.FactQuery) ([]models.StoredFact, error) {
	if id != lockerID {
		return nil, models.Errorf(models.CodeNotFound, "There is no such locker.")
	}
	p.facts = q
	after := models.CellReport{Cell: 3, State: models.CellOccupied}
	fact := models.Fact{Epoch: 2, Seq: 7, Type: models.FactDeposited, AtMS: testNow.UnixMilli(), Clock: models.ClockSynced, Cell: 3, Generation: 4,
		Data: models.FactData{Shipment: shipID, Parcel: "par_1", Courier: "cou_1", After: &after}.Encode()}
	odd := models.Fact{Epoch: 2, Seq: 6, Type: "odd", Data: json.RawMessage("7")}
	return []models.StoredFact{
		{Locker: id, Epoch: 2, Seq: 7, Type: fact.Type, Body: fact, ReceivedAt: testNow},
		{Locker: id, Epoch: 2, Seq: 6, Type: odd.Type, Quarantined: "its type is not known", Body: odd, ReceivedAt: testNow},
	}, nil
}

func (p *ports) PutAccess(_ context.Context, _ models.Request, a models.SealedAccess) error {
	if a.Location != locID {
		return models.Errorf(models.CodeNotFound, "There is no such location.")
	}
	p.access = a
	return nil
}

func (p *ports) Access(_ context.Context, r models.Request, id models.LocationID) (models.SealedAccess, error) {
	if id != p.access.Location || !r.Actor.Operator() && r.Actor.Organization != carrierA {
		return models.SealedAccess{}, models.Errorf(models.CodeNotFound, "There are none.")
	}
	return p.access, nil
}

func routeView() models.RouteView {
	return models.RouteView{
		Route: models.Route{ID: routeID, Carrier: carrierA, Courier: courierID, Date: "2026-03-01", CreatedAt: testNow,
			Stops: []models.RouteStop{{Locker: lockerID, Bring: []models.ShipmentID{shipID}, Take: []models.ShipmentID{shipID, shipID}}}},
		Bring: [][]models.RouteItem{{{Shipment: shipID, State: models.ItemFailed, Reason: "full", At: &testNow}}},
		Take:  [][]models.RouteItem{{{Shipment: shipID, State: models.ItemDone, At: &testNow}, {Shipment: shipID, State: models.ItemLeft}}},
	}
}

func (p *ports) CreateRoute(_ context.Context, n models.NewRoute) (models.RouteView, error) {
	p.route = n
	return routeView(), nil
}

func (p *ports) Routes(_ context.Context, _ models.Actor, q models.RouteQuery) ([]models.RouteView, error) {
	p.routes = q
	return []models.RouteView{routeView()}, nil
}

func (p *ports) Route(_ context.Context, a models.Actor, id models.RouteID) (models.RouteView, error) {
	if id != routeID || !a.Operator() && a.Organization != carrierA {
		return models.RouteView{}, models.Errorf(models.CodeNotFound, "There is no such route.")
	}
	return routeView(), nil
}

func (p *ports) Incidents(_ context.Context, q models.IncidentQuery) ([]models.Incident, error) {
	p.query = q
	if q.Search == "1-57" {
		return nil, nil
	}
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
		Keys: p, Shipments: p, Lockers: p, Enrolment: p, Network: p, Incidents: p, Events: p, Engine: p, Messages: p, Texts: texts(),
		Codes: p, Pages: p, PublicURL: "https://parcels.example",
		Routes: p, Remotes: &p.remotes, Access: p, DataKey: bytes.Repeat([]byte{7}, models.DataKeyBytes),
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
