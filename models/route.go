package models

import (
	"slices"
	"time"
)

// Route is what a courier is to do on a day.
type Route struct {
	ID        RouteID `gorm:"primaryKey"`
	Carrier   OrganizationID
	Courier   CourierID
	Date      string      // such as "2026-12-25", by the lockers' own clocks
	Stops     []RouteStop `gorm:"serializer:json"`
	CreatedAt time.Time
}

// NewRoute is a route to be made. Key is empty, or that of the request and its repeats, and Fingerprint tells
// the request from others.
type NewRoute struct {
	Request
	IdempotencyKey string
	Fingerprint    string
	Route          Route
}

// RouteStop is a locker, with the shipments that go into it and those that are to be taken out.
type RouteStop struct {
	Locker LockerID     `json:"locker"`
	Bring  []ShipmentID `json:"bring,omitempty"`
	Take   []ShipmentID `json:"take,omitempty"`
}

// Shipments lists all that a route names.
func (r Route) Shipments() []ShipmentID {
	var ids []ShipmentID
	for _, s := range r.Stops {
		ids = append(append(ids, s.Bring...), s.Take...)
	}
	return ids
}

// RouteQuery narrows the list of routes.
type RouteQuery struct {
	Page
	Courier CourierID
	Date    string
}

// ItemState is what came of an item of a route.
type ItemState string

// The states of an item.
const (
	ItemDone   ItemState = "done"
	ItemFailed ItemState = "failed"
	ItemLeft   ItemState = "left"
)

// RouteItem is a shipment to be brought or taken, and what came of it. It is worked out from the
// shipment's events and kept nowhere.
type RouteItem struct {
	Shipment ShipmentID
	State    ItemState
	Reason   string     // why it failed
	At       *time.Time // of what decided it; nil: it is left
}

// RouteView is a route with what came of it, stop by stop.
type RouteView struct {
	Route
	Bring, Take [][]RouteItem // of each stop
}

// View works out what came of a route from the parcels of its shipments and their events, in
// their order.
func (r Route) View(parcels map[ShipmentID][]ParcelID, events map[ShipmentID][]Event) RouteView {
	v := RouteView{Route: r}
	for _, stop := range r.Stops {
		item := func(judge func(Event) (ItemState, string)) func(ShipmentID) RouteItem {
			return func(id ShipmentID) RouteItem { return r.item(id, stop.Locker, parcels[id], events[id], judge) }
		}
		v.Bring = append(v.Bring, eachShipment(stop.Bring, item(r.brought)))
		v.Take = append(v.Take, eachShipment(stop.Take, item(taken)))
	}
	return v
}

func eachShipment(ids []ShipmentID, f func(ShipmentID) RouteItem) []RouteItem {
	items := make([]RouteItem, 0, len(ids))
	for _, id := range ids {
		items = append(items, f(id))
	}
	return items
}

// item is done when all its parcels are, and failed when one has failed. Of a parcel its last
// event at the locker counts.
func (r Route) item(id ShipmentID, l LockerID, parcels []ParcelID, events []Event, judge func(Event) (ItemState, string)) RouteItem {
	item := RouteItem{Shipment: id, State: ItemLeft}
	done := 0
	for _, p := range parcels {
		state, reason, at := ItemLeft, "", time.Time{}
		for _, e := range slices.Backward(events) {
			if e.Parcel != p || e.Locker != l {
				continue
			}
			if s, why := judge(e); s != "" {
				state, reason, at = s, why, e.At
				break
			}
		}
		switch state {
		case ItemFailed:
			return RouteItem{Shipment: id, State: ItemFailed, Reason: reason, At: &at}
		case ItemDone:
			if done++; item.At == nil || at.After(*item.At) {
				item.At = &at
			}
		}
	}
	if done == 0 || done < len(parcels) {
		return RouteItem{Shipment: id, State: ItemLeft}
	}
	item.State = ItemDone
	return item
}

// brought judges an event of a parcel that was to come in. That it did not fit before the route
// was made says nothing of the route.
func (r Route) brought(e Event) (ItemState, string) {
	switch e.Type {
	case EventParcelIn, EventParcelTaken, EventParcelRefused, EventParcelDamaged:
		return ItemDone, ""
	case EventLoadFailed:
		if e.At.Before(r.CreatedAt) {
			return ItemLeft, ""
		}
		return ItemFailed, e.Reason
	case EventParcelOut:
		return ItemLeft, ""
	}
	return "", ""
}

// taken judges an event of a parcel that was to be taken out.
func taken(e Event) (ItemState, string) {
	switch e.Type {
	case EventParcelOut:
		return ItemDone, ""
	case EventParcelMissing:
		return ItemFailed, "missing"
	case EventParcelTaken:
		return ItemFailed, "picked_up"
	case EventParcelIn:
		return ItemLeft, ""
	}
	return "", ""
}
