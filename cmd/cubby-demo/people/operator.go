package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Operator is the operator's own system: it sets the network up and looks after it.
type Operator struct{ Service }

// Room is how much room a locker has for a size.
type Room struct {
	Regime string `json:"regime"`
	Size   string `json:"size"`
	Free   int    `json:"free"`
	Room   int    `json:"room"`
}

// Incident is something that people should look at.
type Incident struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Locker   string `json:"locker"`
	Cell     int    `json:"cell"`
	Shipment string `json:"shipment"`
	Evidence string `json:"evidence"`
}

// Notification is a message to a client.
type Notification struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Channel   string    `json:"channel"`
	State     string    `json:"state"`
	Attempts  int       `json:"attempts"`
	Uncertain bool      `json:"uncertain"` // it may have come twice
	CreatedAt time.Time `json:"created_at"`
	SentAt    time.Time `json:"sent_at"`
}

// Notifications reads a shipment's messages, the newest first.
func (o Operator) Notifications(ctx context.Context, shipment string) ([]Notification, error) {
	var page struct{ Items []Notification }
	err := o.call(ctx, http.MethodGet, "/api/v1/notifications?shipment="+url.QueryEscape(shipment), nil, nil, &page)
	return page.Items, err
}

// Row is a row of equal cells of a cabinet.
type Row struct {
	Size  string
	Cells int
}

// make posts a body and returns the id of what was made.
func (o Operator) make(ctx context.Context, what string, body any) (string, error) {
	var made struct{ ID string }
	if err := o.call(ctx, http.MethodPost, "/api/v1/"+what, nil, body, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", fmt.Errorf("POST /api/v1/%s answered without an id", what)
	}
	return made.ID, nil
}

// Organization makes an organization and a key of it with the scopes; it returns its id and the key's secret.
func (o Operator) Organization(ctx context.Context, name, kind string, scopes ...string) (id, secret string, err error) {
	id, err = o.make(ctx, "organizations", map[string]any{"name": name, "kind": kind})
	if err != nil {
		return "", "", err
	}
	var key struct{ Secret string }
	body := map[string]any{"organization": id, "name": name, "scopes": scopes}
	err = o.call(ctx, http.MethodPost, "/api/v1/keys", nil, body, &key)
	return id, key.Secret, err
}

// Location makes a place. Places with different numbers are some streets apart.
func (o Operator) Location(ctx context.Context, number int) (string, error) {
	return o.make(ctx, "locations", map[string]any{
		"name": fmt.Sprintf("Place %d", number), "address": fmt.Sprintf("Long Street %d", number), "city": "Hamburg",
		"country": "DE", "time_zone": "Europe/Berlin", "latitude": 53.55 + float64(number)/100, "longitude": 10.0,
	})
}

// Hours sets when people may come to a location, and its quiet hours; nil ones are left out.
func (o Operator) Hours(ctx context.Context, location string, hours, quiet map[string]any) error {
	body := map[string]any{}
	if hours != nil {
		body["hours"] = hours
	}
	if quiet != nil {
		body["quiet_hours"] = quiet
	}
	return o.call(ctx, http.MethodPut, "/api/v1/locations/"+url.PathEscape(location)+"/hours", nil, body, nil)
}

// Policy makes a policy, or a new version of it. The times are in seconds.
func (o Operator) Policy(ctx context.Context, name string, p Policy) error {
	return o.call(ctx, http.MethodPut, "/api/v1/policies/"+url.PathEscape(name), nil, p, nil)
}

// Policy is what shipments live by.
type Policy struct {
	Storage           int    `json:"storage"`
	NeverDeposited    int    `json:"never_deposited"`
	PartialEnough     int    `json:"partial_enough"`
	Reminders         []int  `json:"reminders,omitempty"`
	Extension         int    `json:"extension,omitempty"`
	Extensions        int    `json:"extensions,omitempty"`
	WithdrawalOverdue int    `json:"withdrawal_overdue,omitempty"`
	ReturnedAfter     int    `json:"returned_after,omitempty"`
	ReadyDelay        int    `json:"ready_delay"`
	Objection         int    `json:"objection"`
	Reopen            int    `json:"reopen"`
	Proof             string `json:"proof"`
}

// Model makes a cabinet model of one module.
func (o Operator) Model(ctx context.Context, name string, rows ...Row) (string, error) {
	height := map[string]int{"S": 90, "M": 190, "L": 380, "XL": 600}
	bodies := make([]map[string]any, len(rows))
	for i, r := range rows {
		inner := map[string]any{"width_mm": 380, "height_mm": height[r.Size], "depth_mm": 600}
		bodies[i] = map[string]any{"cells": r.Cells, "size": r.Size, "inner": inner}
	}
	return o.make(ctx, "models", map[string]any{
		"name": name, "modules": []map[string]any{{"name": "main", "regime": "ambient", "side": "front", "rows": bodies}},
	})
}

// Locker makes a locker of a model at a location and returns its id.
func (o Operator) Locker(ctx context.Context, number, location, model string) (string, error) {
	return o.make(ctx, "lockers", map[string]any{"number": number, "location": location, "model": model})
}

// Change carries out an action on a locker, such as "pause", for a reason.
func (o Operator) Change(ctx context.Context, locker, action, reason string) error {
	return o.call(ctx, http.MethodPost, "/api/v1/lockers/"+url.PathEscape(locker)+"/"+action, nil, map[string]string{"reason": reason}, nil)
}

// Close takes a locker out of use; withdraw: what lies in it is to be taken out.
func (o Operator) Close(ctx context.Context, locker, reason string, withdraw bool) error {
	body := map[string]any{"reason": reason, "withdraw": withdraw}
	return o.call(ctx, http.MethodPost, "/api/v1/lockers/"+url.PathEscape(locker)+"/close", nil, body, nil)
}

// AwaitLocker reads a locker until it is in the state.
func (o Operator) AwaitLocker(ctx context.Context, locker, state string) error {
	return Await(ctx, "locker "+locker+" to be "+state, restEvery, func() (bool, string, error) {
		var l struct{ State string }
		err := o.call(ctx, http.MethodGet, "/api/v1/lockers/"+url.PathEscape(locker), nil, nil, &l)
		return l.State == state, l.State, err
	})
}

// Keep sets the one limit of a locker: room for as many M parcels is kept for a carrier.
func (o Operator) Keep(ctx context.Context, locker, carrier string, parcels int) error {
	body := map[string]any{"items": []map[string]any{{"carrier": carrier, "size": "M", "minimum": parcels}}}
	return o.call(ctx, http.MethodPut, "/api/v1/lockers/"+url.PathEscape(locker)+"/limits", nil, body, nil)
}

// Worklist is what is left to do before a locker can go.
type Worklist struct {
	Inside   []Left `json:"inside"`
	Expected []Left `json:"expected"`
}

// Left is a shipment that lies in a cell, with why it has to leave, or is expected.
type Left struct {
	Cell     int    `json:"cell"`
	Shipment string `json:"shipment"`
	Reason   string `json:"reason"`
}

// Worklist reads what is left to do at a locker.
func (o Operator) Worklist(ctx context.Context, locker string) (Worklist, error) {
	var list Worklist
	err := o.call(ctx, http.MethodGet, "/api/v1/lockers/"+url.PathEscape(locker)+"/worklist", nil, nil, &list)
	return list, err
}

// Claim makes a claim for the computer of a locker.
func (o Operator) Claim(ctx context.Context, locker string) (string, error) {
	var made struct{ Code string }
	err := o.call(ctx, http.MethodPost, "/api/v1/lockers/"+url.PathEscape(locker)+"/claims", nil, nil, &made)
	return made.Code, err
}

// Rooms reads how much room a locker has.
func (o Operator) Rooms(ctx context.Context, locker string) ([]Room, error) {
	var list struct{ Items []Room }
	err := o.call(ctx, http.MethodGet, "/api/v1/lockers/"+url.PathEscape(locker)+"/availability", nil, nil, &list)
	return list.Items, err
}

// Incidents reads what is open.
func (o Operator) Incidents(ctx context.Context) ([]Incident, error) {
	var list struct{ Items []Incident }
	err := o.call(ctx, http.MethodGet, "/api/v1/incidents?open=true&limit=200", nil, nil, &list)
	return list.Items, err
}

// Report is what a client told on its page.
type Report struct {
	Shipment string `json:"shipment"`
	Problem  string `json:"problem"`
	Text     string `json:"text"`
}

// Reports reads what clients told that an incident is about.
func (o Operator) Reports(ctx context.Context, incident string) ([]Report, error) {
	var list struct{ Items []Report }
	err := o.call(ctx, http.MethodGet, "/api/v1/incidents/"+url.PathEscape(incident)+"/reports", nil, nil, &list)
	return list.Items, err
}

// AwaitIncident reads what is open until there is an incident of the kind at the locker, or none when gone.
func (o Operator) AwaitIncident(ctx context.Context, locker, kind string, gone bool) error {
	what := fmt.Sprintf("an incident %s of locker %s (gone: %t)", kind, locker, gone)
	return Await(ctx, what, restEvery, func() (bool, string, error) {
		open, err := o.Incidents(ctx)
		found := slices.ContainsFunc(open, func(i Incident) bool { return i.Locker == locker && i.Kind == kind })
		return err == nil && found != gone, fmt.Sprintf("%+v", open), err
	})
}
