package run

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/boards"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

// The policies of the demo network. The buttons' parcels live by demoPolicy: its messages come at once, and its storage
// is long enough to look around. expressPolicy is the product's own with the shortest waits.
const (
	demoPolicy    = "demo"
	shortPolicy   = "demo-short"
	expressPolicy = "express"
)

const day = 24 * 3600 // seconds

// place is where a locker of the whole network stands, and how it is built.
type place struct {
	number   string
	location object
	model    object
	hours    object // nil: always open, no quiet hours
	access   object // how couriers get in; nil: nothing is in their way
	waiting  bool
	hosted   bool // the demo's host has the place
	// easy: the cells that everybody reaches are listed.
	easy bool
	// build is how its cabinet is built.
	build sites.Build
}

// places are the whole network, L-001 first.
func places(now time.Time) []place {
	week := object{}
	for _, name := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		week[name] = []object{{"from": "08:00", "to": "22:00"}}
	}
	return []place{
		{
			number: "L-001", easy: true,
			location: site{
				name: "Courtyard", address: "Garden Street 5", latitude: 52.531, longitude: 13.384, kind: "courtyard", stepFree: true,
				en: "Through the archway of number 5, under the roof beside the bicycles.", ru: "Через арку дома 5, под навесом рядом с велосипедами.",
			}.location(),
			model: demoModel(), hours: object{"quiet_hours": quietHours(now)},
		},
		{
			number: "L-002",
			location: site{
				name: "Market hall", address: "Market Square 1", latitude: 52.525, longitude: 13.369, kind: "institution", indoor: true, stepFree: true,
				en: "Inside the hall, by the south door. Couriers load from the passage behind it.", ru: "В зале у южного входа. Курьеры загружают из прохода сзади.",
			}.location(),
			model: object{"name": "Demo 21, two-way, chilled module", "modules": []object{
				{"name": "A", "side": "both", "rows": []object{row("M", 1080, 3), row("S", 950, 3), row("S", 820, 3), row("L", 250, 3)}},
				{"name": "C", "side": "both", "regime": "chilled", "rows": []object{row("M", 870, 3), row("M", 660, 3), row("M", 250, 3)}},
			}},
			hours: object{"hours": object{"week": week}},
			build: sites.Build{Cells: 21, TwoWay: true, Cold: 2, Panel: sites.Portrait()},
		},
		{
			number: "L-003", hosted: true,
			location: site{
				name: "Entrance B", address: "Mill Lane 12", latitude: 52.519, longitude: 13.402, kind: "entrance", indoor: true,
				en: "Behind the door of entrance B on the left, up three steps.", ru: "За дверью подъезда B слева, три ступеньки вверх.",
			}.location(),
			model: object{"name": "Demo 12", "modules": []object{
				{"name": "A", "rows": []object{row("S", 1000, 3), row("M", 790, 3), row("M", 580, 3), row("L", 150, 3)}},
			}},
			access: object{
				"gate_codes": "2580#. The code of the inner door is on the key.", "key_box": "Box 4 beside the gate, code 7391.",
				"intercom": "Ring 12, “Entrance B”: the porter answers from 7 to 19.",
				"steps":    "1. Open the gate with its code.\n2. Take the key out of the box.\n3. Cross the yard to entrance B; the cabinet is behind the door on the left.\n4. Put the key back.",
			},
			build: sites.Build{Family: boards.FamilyKerongCU16, Cells: 12, Sensors: true},
		},
		{
			number: "L-004",
			location: site{
				name: "Office, second floor", address: "Harbour Street 9", latitude: 52.528, longitude: 13.377, kind: "office", indoor: true, stepFree: true,
				en: "By lift to the second floor, opposite the reception.", ru: "На лифте на второй этаж, напротив ресепшн.",
			}.location(),
			model: object{"name": "Demo 6", "modules": []object{{"name": "A", "rows": []object{row("S", 900, 3), row("S", 780, 3)}}}},
		},
		{
			number: "L-005", waiting: true,
			location: site{
				name: "Not built yet", address: "Station Square 1", latitude: 52.524, longitude: 13.365, kind: "parking", stepFree: true,
				en: "Beside the ticket machine of the car park.", ru: "Рядом с паркоматом на парковке.",
			}.location(),
			model: object{"name": "Demo 9", "modules": []object{{"name": "A", "rows": []object{row("S", 900, 3), row("M", 690, 3), row("L", 250, 3)}}}},
		},
	}
}

// quietHours are an hour that is half a day away: messages wait in them, also those that a button waits for.
func quietHours(now time.Time) object {
	from := now.UTC().Hour() + 12
	hour := func(h int) string { return fmt.Sprintf("%02d:00", h%24) }
	return object{"from": hour(from), "to": hour(from + 1)}
}

// site is a place as people find it.
type site struct {
	name, address       string
	latitude, longitude float64
	kind                string
	indoor, stepFree    bool
	en, ru              string // how to find it
}

func (s site) location() object {
	return object{
		"name": s.name, "address": s.address, "city": "Berlin", "country": "DE", "time_zone": "Europe/Berlin",
		"latitude": s.latitude, "longitude": s.longitude, "kind": s.kind, "indoor": s.indoor, "step_free": s.stepFree,
		"how_to_find": object{"en": s.en, "ru": s.ru},
	}
}

func (s seeder) wholeLockers(ctx context.Context, n *Network) error {
	var all []Locker
	for _, p := range places(time.Now()) {
		locker, err := s.locker(ctx, *n, p.number, func() (location, model string, err error) {
			if p.hosted {
				p.location["host"] = n.Host
			}
			if err := s.made(ctx, *n, "locations", p.location, &location); err != nil {
				return "", "", err
			}
			if p.hours != nil {
				if err := s.call(ctx, *n, http.MethodPut, "locations/"+location+"/hours", p.hours, &struct{}{}); err != nil {
					return "", "", err
				}
			}
			if p.access != nil {
				if err := s.call(ctx, *n, http.MethodPut, "locations/"+location+"/access", p.access, &struct{}{}); err != nil {
					return "", "", err
				}
			}
			model, err = s.model(ctx, *n, p.model)
			return location, model, err
		})
		if err != nil {
			return err
		}
		if p.easy {
			if err := s.call(ctx, *n, http.MethodPatch, "lockers/"+locker.ID, object{"easy_reach": easyReach(p.model)}, &struct{}{}); err != nil {
				return err
			}
		}
		locker.Waiting = p.waiting
		all = append(all, locker)
	}
	n.Lockers, n.Whole = all, true
	return nil
}

// What everybody reaches, also from a wheelchair, is from 380 to 1220 mm above ground (EN 301 549, 8.3).
const lowest, highest = 380, 1220

// easyReach numbers the cells of a model whose floor is within everybody's reach, as the server numbers them.
func easyReach(model object) []int {
	cells, n := []int{}, 0
	for _, module := range model["modules"].([]object) {
		for _, row := range module["rows"].([]object) {
			floor := row["floor_mm"].(int)
			for range row["cells"].(int) {
				if n++; floor >= lowest && floor <= highest {
					cells = append(cells, n)
				}
			}
		}
	}
	return cells
}

// buildOf is how the cabinet of a locker is built.
func (n Network) buildOf(id models.LockerID) sites.Build {
	i := slices.IndexFunc(n.Lockers, func(l Locker) bool { return l.ID == string(id) })
	all := places(time.Time{}) // no clock is in how they are built
	if j := slices.IndexFunc(all, func(p place) bool { return i >= 0 && n.Whole && p.number == n.Lockers[i].Number }); j >= 0 {
		return all[j].build
	}
	return sites.Build{}
}

// model finds the model of a name, or makes it: a name is given once.
func (s seeder) model(ctx context.Context, n Network, body object) (id string, err error) {
	var there struct {
		Items []struct{ ID, Name string }
	}
	if err := s.call(ctx, n, http.MethodGet, "models?limit=200", nil, &there); err != nil {
		return "", err
	}
	for _, m := range there.Items {
		if m.Name == body["name"] {
			return m.ID, nil
		}
	}
	err = s.made(ctx, n, "models", body, &id)
	return id, err
}

// whole makes what only the whole network has.
func (s seeder) whole(ctx context.Context, n *Network) []seedStep {
	return []seedStep{
		{n.CarrierB != "", func() error {
			return s.made(ctx, *n, "organizations", object{"name": "Demo carrier B", "kind": "carrier"}, &n.CarrierB)
		}},
		{n.CarrierBKey != "", func() error {
			var key struct{ Secret string }
			body := object{"organization": n.CarrierB, "name": "Demo carrier B", "scopes": []string{"shipments", "couriers"}}
			err := s.call(ctx, *n, http.MethodPost, "keys", body, &key)
			n.CarrierBKey = key.Secret
			return err
		}},
		{n.Policies, func() error { return s.policies(ctx, n) }},
		{len(n.Couriers) > 0, func() error { return s.couriers(ctx, n) }},
	}
}

func (s seeder) policies(ctx context.Context, n *Network) error {
	demo := object{
		"storage": 3 * day, "never_deposited": 7 * day, "partial_enough": 60, "reminders": []int{day}, "withdrawal_overdue": 2 * day,
		"returned_after": 14 * day, "ready_delay": 2, "objection": 2, "reopen": 5, "proof": "closed",
	}
	short := object{
		"storage": 15, "never_deposited": 7 * day, "partial_enough": 5, "withdrawal_overdue": 2 * day,
		"returned_after": 14 * day, "ready_delay": 1, "objection": 1, "reopen": 5, "proof": "closed",
	}
	for name, body := range map[string]object{demoPolicy: demo, shortPolicy: short} {
		if err := s.call(ctx, *n, http.MethodPut, "policies/"+name, body, &struct{}{}); err != nil {
			return err
		}
	}
	n.Policies = true
	return nil
}

// couriers makes those beside the first one: the second of the first carrier, and one of the other.
func (s seeder) couriers(ctx context.Context, n *Network) error {
	made := []Courier{{"A2", "CUB-BADGE-A2", "2345"}, {"B1", "CUB-BADGE-B1", "3456"}}
	for i, organization := range []string{n.Carrier, n.CarrierB} {
		body := object{"organization": organization, "badge": made[i].Badge, "pin": made[i].PIN}
		if err := conflictIsDone(s.call(ctx, *n, http.MethodPost, "couriers", body, &struct{}{})); err != nil {
			return err
		}
	}
	n.Couriers = made
	return nil
}

// row is a row of equal cells from a height on.
func row(size string, floor, cells int) object {
	height := map[string]int{"S": 110, "M": 190, "L": 400, "XL": 600}
	return object{
		"size": size, "cells": cells, "floor_mm": floor,
		"inner": object{"width_mm": 380, "height_mm": height[size], "depth_mm": 580},
	}
}
