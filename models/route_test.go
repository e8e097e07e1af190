package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestWhatCameOfARoute(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	event := func(minutes int, kind models.EventType, parcel, reason string) models.Event {
		return models.Event{Type: kind, Parcel: models.ParcelID(parcel), Locker: "lkr_1", At: made.Add(time.Duration(minutes) * time.Minute), Reason: reason}
	}
	elsewhere := event(5, models.EventParcelIn, "p1", "")
	elsewhere.Locker = "lkr_2"
	for name, c := range map[string]struct {
		events      []models.Event
		bring, take models.RouteItem
	}{
		"nothing happened":        {nil, models.RouteItem{State: models.ItemLeft}, models.RouteItem{State: models.ItemLeft}},
		"one of two is in":        {[]models.Event{event(5, models.EventParcelIn, "p1", "")}, models.RouteItem{State: models.ItemLeft}, models.RouteItem{State: models.ItemLeft}},
		"both are in":             {[]models.Event{event(5, models.EventParcelIn, "p1", ""), event(3, models.EventParcelIn, "p2", "")}, at(models.ItemDone, "", made, 5), models.RouteItem{State: models.ItemLeft}},
		"both came and were gone": {[]models.Event{event(5, models.EventParcelIn, "p1", ""), event(6, models.EventParcelIn, "p2", ""), event(7, models.EventParcelTaken, "p1", ""), event(9, models.EventParcelTaken, "p2", "")}, at(models.ItemDone, "", made, 9), at(models.ItemFailed, "picked_up", made, 7)},
		"one did not fit":         {[]models.Event{event(5, models.EventParcelIn, "p1", ""), event(6, models.EventLoadFailed, "p2", "full")}, at(models.ItemFailed, "full", made, 6), models.RouteItem{State: models.ItemLeft}},
		"it did not fit at first": {[]models.Event{event(4, models.EventLoadFailed, "p1", "full"), event(5, models.EventParcelIn, "p1", ""), event(6, models.EventParcelIn, "p2", "")}, at(models.ItemDone, "", made, 6), models.RouteItem{State: models.ItemLeft}},
		"it did not fit before":   {[]models.Event{event(-5, models.EventLoadFailed, "p1", "full")}, models.RouteItem{State: models.ItemLeft}, models.RouteItem{State: models.ItemLeft}},
		"in another locker":       {[]models.Event{elsewhere, event(6, models.EventParcelIn, "p2", "")}, models.RouteItem{State: models.ItemLeft}, models.RouteItem{State: models.ItemLeft}},
		"taken out":               {[]models.Event{event(-9, models.EventParcelIn, "p1", ""), event(-9, models.EventParcelIn, "p2", ""), event(5, models.EventParcelOut, "p1", ""), event(6, models.EventParcelOut, "p2", "")}, models.RouteItem{State: models.ItemLeft}, at(models.ItemDone, "", made, 6)},
		"one was missing":         {[]models.Event{event(5, models.EventParcelOut, "p1", ""), event(6, models.EventParcelMissing, "p2", "")}, models.RouteItem{State: models.ItemLeft}, at(models.ItemFailed, "missing", made, 6)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := models.Route{CreatedAt: made, Stops: []models.RouteStop{{Locker: "lkr_1", Bring: []models.ShipmentID{"s"}, Take: []models.ShipmentID{"s"}}}}
			v := r.View(map[models.ShipmentID][]models.ParcelID{"s": {"p1", "p2"}}, map[models.ShipmentID][]models.Event{"s": c.events})
			c.bring.Shipment, c.take.Shipment = "s", "s"
			require.Equal(t, []models.RouteItem{c.bring}, v.Bring[0])
			require.Equal(t, []models.RouteItem{c.take}, v.Take[0])
		})
	}
	v := models.Route{Stops: []models.RouteStop{{Bring: []models.ShipmentID{"gone"}}}}.View(nil, nil)
	require.Equal(t, models.ItemLeft, v.Bring[0][0].State)
}

func at(s models.ItemState, reason string, from time.Time, minutes int) models.RouteItem {
	when := from.Add(time.Duration(minutes) * time.Minute)
	return models.RouteItem{State: s, Reason: reason, At: &when}
}
