package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cubby/models"
)

// How far times in requests may lie from now.
const (
	clockSkew      = 5 * time.Minute
	pastEvent      = 90 * 24 * time.Hour
	pastExpected   = 24 * time.Hour
	futureExpected = 366 * 24 * time.Hour
)

// CreateShipment announces a shipment.
func (s *server) CreateShipment(ctx context.Context, request CreateShipmentRequestObject) (CreateShipmentResponseObject, error) {
	info := callOf(ctx)
	n, err := newShipment(info.actor, s.Now(), *request.Body)
	if err != nil {
		return nil, err
	}
	n.Request, n.IdempotencyKey, n.Fingerprint = info.request(), info.idempotencyKey, info.fingerprint
	end, err := s.running.begin(info.actor.Organization, info.idempotencyKey)
	if err != nil {
		return nil, err
	}
	defer end()
	v, _, err := s.Shipments.CreateShipment(ctx, n)
	if err != nil {
		return nil, err
	}
	location := "/api/v1/shipments/" + string(v.Shipment.ID)
	return CreateShipment201JSONResponse{Body: shipmentBody(v), Headers: CreateShipment201ResponseHeaders{Location: &location}}, nil
}

// newShipment makes an announcement of a body that fits its schema. It adds the rules
// that no schema can say.
func newShipment(a models.Actor, now time.Time, b NewShipment) (models.NewShipment, error) {
	n := models.NewShipment{
		Number: b.Number, Locker: models.LockerID(b.Locker), Policy: or(b.Policy, models.PolicyStandard),
		NotifyBy: models.NotifyBy(or(b.NotifyBy, NotifyBy(models.NotifyContact))), Language: string(or(b.Language, En)),
		ExpectedAt: b.ExpectedAt, Guarantee: models.Guarantee(or(b.Guarantee, Guarantee(models.GuaranteeRequired))),
		EasyReach: or(b.EasyReach, false),
	}
	if b.Contact != nil {
		n.Contact = newContact(*b.Contact)
	}
	var f models.Fields
	var err error
	if n.Carrier, n.Shop, err = parties(a, b, &f); err != nil {
		return n, err
	}
	if n.NotifyBy == models.NotifyContact && n.Contact.Phone == "" && n.Contact.Email == "" {
		f.Add("/contact", "must have a phone or an email, unless notify_by is carrier")
	}
	checkExpected(n.ExpectedAt, now, &f)
	n.Parcels = newParcels(b.Parcels, &f)
	if err := f.Err(); err != nil {
		return n, err
	}
	if b.PaymentDue != nil && b.PaymentDue.Amount > 0 {
		return n, models.Errorf(models.CodePayment, "This locker cannot take a payment yet: payment_due must be 0 or missing.")
	}
	return n, nil
}

// parties says whose shipment it is: a carrier announces its own, a shop names its
// carrier, an operator names both.
func parties(a models.Actor, b NewShipment, f *models.Fields) (carrier, shop models.OrganizationID, err error) {
	carrier, shop = models.OrganizationID(or(b.Carrier, "")), models.OrganizationID(or(b.Shop, ""))
	own := func(o *models.OrganizationID, pointer string) {
		if *o != "" && *o != a.Organization {
			f.Add(pointer, "must be your own organization or missing")
		}
		*o = a.Organization
	}
	switch {
	case a.Operator():
	case a.Kind == models.KindCarrier:
		own(&carrier, "/carrier")
	case a.Kind == models.KindShop:
		own(&shop, "/shop")
	default:
		return "", "", models.Errorf(models.CodeForbidden, "Only carriers, shops and operators announce shipments.")
	}
	if carrier == "" {
		f.Add("/carrier", "is required: the id of the carrier")
	}
	return carrier, shop, nil
}

func newParcels(bodies []NewParcel, f *models.Fields) []models.NewParcel {
	parcels := make([]models.NewParcel, 0, len(bodies))
	first := map[string]int{}
	for i, b := range bodies {
		at := "/parcels/" + strconv.Itoa(i)
		p := models.NewParcel{
			Barcode: or(b.Barcode, ""), Size: models.Size(or(b.Size, "")), Regime: models.Regime(or(b.Regime, Ambient)),
			Dimensions: models.Dimensions{WidthMM: or(b.WidthMm, 0), HeightMM: or(b.HeightMm, 0), DepthMM: or(b.DepthMm, 0)},
			WeightG:    or(b.WeightG, 0),
		}
		checkDimensions(at, p.Dimensions, f)
		if p.Barcode != "" {
			if j, repeated := first[p.Barcode]; repeated {
				f.Add(at+"/barcode", "is the barcode of parcel %d too", j)
			} else {
				first[p.Barcode] = i
			}
			if strings.HasPrefix(strings.ToUpper(p.Barcode), models.QRPrefix) {
				f.Add(at+"/barcode", "must not begin with %s: a cabinet takes it for a pickup code or a cell", models.QRPrefix)
			}
		}
		parcels = append(parcels, p)
	}
	return parcels
}

// ListShipments lists the shipments that the caller has a part in.
func (s *server) ListShipments(ctx context.Context, request ListShipmentsRequestObject) (ListShipmentsResponseObject, error) {
	p := request.Params
	var locker models.LockerID
	if p.Locker != nil {
		var err error
		if locker, err = s.lockerNamed(ctx, "", *p.Locker); models.ErrorCode(err) == models.CodeUnknownLocker {
			var f models.Fields
			f.Add("query/locker", "must be the id or number of a locker, or what your organization calls one")
			err = f.Err()
		}
		if err != nil {
			return nil, err
		}
	}
	views, next, err := s.Shipments.Shipments(ctx, callOf(ctx).actor, models.ShipmentQuery{
		State: models.ShipmentState(or(p.State, "")), Locker: locker, Number: or(p.Number, ""),
		Barcode: or(p.Barcode, ""), Ends: or(p.Ends, ""), UpdatedSince: p.UpdatedSince, Cursor: or(p.Cursor, ""), Limit: or(p.Limit, defaultLimit),
	})
	if err != nil {
		return nil, err
	}
	return ListShipments200JSONResponse{Items: each(views, shipmentBody), NextCursor: optional(next)}, nil
}

func newContact(c Contact) models.Contact {
	return models.Contact{Name: or(c.Name, ""), Phone: or(c.Phone, ""), Email: or(c.Email, "")}
}

func checkExpected(t *time.Time, now time.Time, f *models.Fields) {
	if t != nil && (t.Before(now.Add(-pastExpected)) || t.After(now.Add(futureExpected))) {
		f.Add("/expected_at", "must be between yesterday and a year from now")
	}
}

func checkDimensions(at string, d models.Dimensions, f *models.Fields) {
	if d != (models.Dimensions{}) && (d.WidthMM == 0 || d.HeightMM == 0 || d.DepthMM == 0) {
		f.Add(at, "must have all of width_mm, height_mm and depth_mm, or none")
	}
}

// GetShipment reads a shipment.
func (s *server) GetShipment(ctx context.Context, request GetShipmentRequestObject) (GetShipmentResponseObject, error) {
	v, err := s.shipment(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	return GetShipment200JSONResponse(shipmentBody(v)), nil
}

func (s *server) shipment(ctx context.Context, id string) (models.ShipmentView, error) {
	if err := known(models.PrefixShipment, id, "shipment"); err != nil {
		return models.ShipmentView{}, err
	}
	return s.Shipments.Shipment(ctx, callOf(ctx).actor, models.ShipmentID(id))
}

// ListShipmentEvents tells what happened to a shipment.
func (s *server) ListShipmentEvents(ctx context.Context, request ListShipmentEventsRequestObject) (ListShipmentEventsResponseObject, error) {
	if err := known(models.PrefixShipment, request.Id, "shipment"); err != nil {
		return nil, err
	}
	// Events count from 0.
	after, limit := or(request.Params.After, -1), or(request.Params.Limit, defaultLimit)
	events, err := s.Shipments.ShipmentEvents(ctx, callOf(ctx).actor, models.ShipmentID(request.Id), after, limit)
	if err != nil {
		return nil, err
	}
	return ListShipmentEvents200JSONResponse{
		Items:      each(events, eventBody),
		NextCursor: nextCursor(events, limit, func(e models.Event) string { return strconv.Itoa(e.Seq) }),
	}, nil
}

// CreateCarrierEvent tells a shipment's life what its carrier did.
func (s *server) CreateCarrierEvent(ctx context.Context, request CreateCarrierEventRequestObject) (CreateCarrierEventResponseObject, error) {
	v, err := s.shipment(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	info, now := callOf(ctx), s.Now()
	if !info.actor.Operator() && v.Shipment.Carrier != info.actor.Organization {
		return nil, models.Errorf(models.CodeForbidden, "Only the shipment's carrier tells what the carrier did.")
	}
	at := or(request.Body.At, now).UTC()
	if at.After(now.Add(clockSkew)) || at.Before(now.Add(-pastEvent)) {
		var f models.Fields
		f.Add("/at", "must not be in the future nor more than 90 days ago")
		return nil, f.Err()
	}
	in := models.CarrierEventInput{Type: models.EventType("shipment." + string(request.Body.Type)), At: at, Undated: request.Body.At == nil}
	if in.Type == "shipment.delayed" {
		in.Type = models.EventDelayed
	}
	// The act is on record before it is done: one that was done is never missing there.
	if err := s.Shipments.Audit(ctx, info.request(), "shipment.carrier_event", string(v.Shipment.ID), string(in.Type)); err != nil {
		return nil, err
	}
	_, err = s.Engine.CarrierEvent(ctx, v.Shipment.ID, in)
	if models.ErrorCode(err) == models.CodeNotFound && v.Shipment.State.Final() && v.Shipment.State.CarrierMaySay(in.Type) {
		err = nil // the life is over, and knows it
	}
	if v, err = s.after(ctx, v, err); err != nil {
		return nil, err
	}
	return CreateCarrierEvent200JSONResponse(shipmentBody(v)), nil
}

// notRunning tells of a shipment that exists while its life does not run: the life has
// ended, or the forwarder has not started it yet.
func notRunning(s models.Shipment, err error) error {
	if s.State.Final() {
		return models.Wrap(models.CodeInvalidState, err, fmt.Sprintf("The shipment is %s.", s.State))
	}
	return models.Wrap(models.CodeUnavailable, err, "The shipment was announced only just now. Please try again in a moment.")
}

func shipmentBody(v models.ShipmentView) Shipment {
	s := v.Shipment
	return Shipment{
		Id: string(s.ID), Carrier: string(s.Carrier), Shop: optional(string(s.Shop)), Number: s.Number, Locker: string(s.Locker), LockerAlias: optional(v.LockerAlias),
		State: ShipmentState(s.State), Policy: s.PolicyName, PolicyVersion: s.PolicyVersion,
		Frozen: optional(s.Frozen), NotifyBy: NotifyBy(s.NotifyBy), Language: Language(s.Language), ExpectedAt: s.ExpectedAt,
		Guaranteed: s.Guaranteed, EasyReach: optional(s.EasyReach),
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, ReadyAt: s.ReadyAt, ExpiresAt: s.ExpiresAt, EndedAt: s.EndedAt,
		Parcels: each(v.Parcels, parcelBody),
	}
}

func parcelBody(p models.Parcel) Parcel {
	return Parcel{
		Id: string(p.ID), Barcode: p.Barcode, Size: Size(p.Size), Regime: Regime(p.Regime), State: ParcelState(p.State),
		WidthMm: optional(p.Dimensions.WidthMM), HeightMm: optional(p.Dimensions.HeightMM), DepthMm: optional(p.Dimensions.DepthMM),
		WeightG: optional(p.WeightG), Cell: optional(p.Cell),
	}
}

func eventBody(e models.Event) Event {
	return Event{
		Seq: e.Seq, Type: string(e.Type), At: e.At, Parcel: optional(string(e.Parcel)), Locker: optional(string(e.Locker)),
		Cell: optional(e.Cell), Operation: optional(string(e.Operation)), Reason: optional(e.Reason),
	}
}
