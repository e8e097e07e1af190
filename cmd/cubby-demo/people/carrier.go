package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const restEvery = 100 * time.Millisecond

// Announcement is what a carrier says of a shipment that is to come.
type Announcement struct {
	Carrier  string `json:"carrier,omitempty"`
	Shop     string `json:"shop,omitempty"` // whose goods they are
	Number   string `json:"number"`
	Locker   string `json:"locker"`
	Policy   string `json:"policy,omitempty"`
	NotifyBy string `json:"notify_by,omitempty"`
	Language string `json:"language,omitempty"`
	// EasyReach: into cells that everybody reaches, and into no others.
	EasyReach bool        `json:"easy_reach,omitempty"`
	Contact   Contact     `json:"contact,omitzero"`
	Parcels   []NewParcel `json:"parcels"`
}

// Contact is the client of an announcement.
type Contact struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// NewParcel is a parcel of an announcement.
type NewParcel struct {
	Barcode string `json:"barcode,omitempty"`
	Size    string `json:"size,omitempty"`
	Regime  string `json:"regime,omitempty"`
}

// Shipment is what a carrier sees of its shipment.
type Shipment struct {
	ID        string    `json:"id"`
	Carrier   string    `json:"carrier"`
	Number    string    `json:"number"`
	Locker    string    `json:"locker"`
	State     string    `json:"state"`
	Frozen    bool      `json:"frozen"`
	ExpiresAt time.Time `json:"expires_at"`
	Parcels   []Parcel  `json:"parcels"`
}

// Parcel is one of its parcels.
type Parcel struct {
	ID      string `json:"id"`
	Barcode string `json:"barcode"`
	State   string `json:"state"`
	Cell    int    `json:"cell"`
}

// Event is one line of a shipment's history.
type Event struct {
	Seq    int       `json:"seq"`
	Type   string    `json:"type"`
	At     time.Time `json:"at"`
	Parcel string    `json:"parcel"`
	Cell   int       `json:"cell"`
	Reason string    `json:"reason"`
}

// EventTypes lists the types in order.
func EventTypes(events []Event) []string {
	types := make([]string, len(events))
	for i, e := range events {
		types[i] = e.Type
	}
	return types
}

// Carrier is a carrier's system.
type Carrier struct{ Service }

// Announce announces a shipment under an Idempotency-Key.
func (c Carrier) Announce(ctx context.Context, key string, a Announcement) (Shipment, error) {
	var s Shipment
	err := c.call(ctx, http.MethodPost, "/api/v1/shipments", http.Header{"Idempotency-Key": {strconv.Quote(key)}}, a, &s)
	return s, err
}

// Tell tells what the carrier did: accepted, in_transit or out_for_locker. A repeat at the same moment is the same event.
func (c Carrier) Tell(ctx context.Context, id, event string, at time.Time) (state string, err error) {
	body := map[string]any{"type": event, "at": at.UTC().Format(time.RFC3339Nano)}
	var answer struct{ State string }
	err = c.call(ctx, http.MethodPost, shipmentPath(id)+"/carrier-events", nil, body, &answer)
	return answer.State, err
}

// Shipment reads a shipment.
func (c Carrier) Shipment(ctx context.Context, id string) (Shipment, error) {
	var s Shipment
	err := c.call(ctx, http.MethodGet, shipmentPath(id), nil, nil, &s)
	return s, err
}

// Events reads the whole history of a shipment.
func (c Carrier) Events(ctx context.Context, id string) ([]Event, error) {
	var all []Event
	for after := "-1"; after != ""; {
		var page struct {
			Items []Event `json:"items"`
			Next  string  `json:"next_cursor"`
		}
		path := shipmentPath(id) + "/events?limit=200&after=" + url.QueryEscape(after)
		if err := c.call(ctx, http.MethodGet, path, nil, nil, &page); err != nil {
			return nil, err
		}
		all, after = append(all, page.Items...), page.Next
	}
	return all, nil
}

// PickupCode is what opens a shipment's cells.
type PickupCode struct {
	Code string `json:"code"`
	QR   string `json:"qr"`
	Page string `json:"page"`
}

// PickupCode reads it; the key needs the scope codes:read.
func (c Carrier) PickupCode(ctx context.Context, id string) (PickupCode, error) {
	var code PickupCode
	err := c.call(ctx, http.MethodGet, shipmentPath(id)+"/pickup-code", nil, nil, &code)
	return code, err
}

// Access is how couriers get to the lockers of a location.
type Access struct {
	GateCodes string `json:"gate_codes"`
	KeyBox    string `json:"key_box"`
	Intercom  string `json:"intercom"`
	Steps     string `json:"steps"`
}

// Access reads a locker's access instructions: there are none for a carrier that has nothing to do there today.
func (c Carrier) Access(ctx context.Context, locker string) (Access, error) {
	var at struct{ Location struct{ ID string } }
	if err := c.call(ctx, http.MethodGet, "/api/v1/lockers/"+url.PathEscape(locker), nil, nil, &at); err != nil {
		return Access{}, err
	}
	var a Access
	err := c.call(ctx, http.MethodGet, "/api/v1/locations/"+url.PathEscape(at.Location.ID)+"/access", nil, nil, &a)
	return a, err
}

// Edit changes a shipment: what is not in the body stays.
func (c Carrier) Edit(ctx context.Context, id string, body any) (Shipment, error) {
	var s Shipment
	err := c.call(ctx, http.MethodPatch, shipmentPath(id), nil, body, &s)
	return s, err
}

// Act asks for an action on a shipment, such as "cancel", under an Idempotency-Key.
func (c Carrier) Act(ctx context.Context, id, action, key string) (Shipment, error) {
	return c.ActWith(ctx, id, action, key, nil)
}

// ActWith asks for an action that needs more than its name.
func (c Carrier) ActWith(ctx context.Context, id, action, key string, body any) (Shipment, error) {
	var s Shipment
	err := c.call(ctx, http.MethodPost, shipmentPath(id)+"/"+action, http.Header{"Idempotency-Key": {strconv.Quote(key)}}, body, &s)
	return s, err
}

// NewCourier makes a courier and returns its id.
func (c Carrier) NewCourier(ctx context.Context, badge, pin string) (string, error) {
	var made struct{ ID string }
	err := c.call(ctx, http.MethodPost, "/api/v1/couriers", nil, map[string]any{"badge": badge, "pin": pin}, &made)
	return made.ID, err
}

// Suspend lets a courier in nowhere any more, or again.
func (c Carrier) Suspend(ctx context.Context, courier string, suspended bool) error {
	action := "suspend"
	if !suspended {
		action = "resume"
	}
	return c.call(ctx, http.MethodPost, "/api/v1/couriers/"+url.PathEscape(courier)+"/"+action, nil, nil, nil)
}

// AwaitState reads a shipment until it is in the state.
func (c Carrier) AwaitState(ctx context.Context, id, state string) (s Shipment, err error) {
	err = Await(ctx, fmt.Sprintf("shipment %s to be %s", id, state), restEvery, func() (bool, string, error) {
		s, err = c.Shipment(ctx, id)
		return s.State == state, "it is " + s.State, err
	})
	return s, err
}

func shipmentPath(id string) string { return "/api/v1/shipments/" + url.PathEscape(id) }
