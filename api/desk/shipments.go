package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"

	"cubby/models"
)

// shortestEnd is how many last characters of a number or barcode are searched for at least.
const shortestEnd = 4

type shipmentsView struct {
	frame
	pager
	Query, State, Locker string
	States               []models.ShipmentState
	Items                []shipmentRow
	TooShort             bool // what is searched for is all of a number or barcode, or nothing
}

type shipmentRow struct {
	models.ShipmentView
	LockerNumber string
	Deadline     moment // in the time of the place
}

func (d *desk) shipments(v visit) error {
	ctx, query := v.r.Context(), v.r.URL.Query()
	view := shipmentsView{
		frame: d.of(v, "shipments"), Query: searchOf(v.r), Locker: strings.TrimSpace(query.Get("locker")), States: models.ShipmentStates(),
	}
	q := models.ShipmentQuery{Cursor: query.Get("cursor"), Limit: pageSize}
	if s := models.ShipmentState(query.Get("state")); slices.Contains(view.States, s) {
		q.State, view.State = s, string(s)
	}
	if models.ValidID(models.PrefixShipment, view.Query) {
		http.Redirect(v.w, v.r, "/desk/shipments/"+view.Query, http.StatusSeeOther)
		return nil
	}
	found := true
	if view.Locker != "" {
		var err error
		if q.Locker, found, err = d.lockerNumbered(ctx, view.Locker); err != nil {
			return err
		}
	}
	var views []models.ShipmentView
	var next string
	var err error
	if found {
		views, next, err = d.search(ctx, v.actor(), q, view.Query)
	}
	if models.ErrorCode(err) == models.CodeInvalid && q.Cursor != "" {
		// A cursor that somebody has changed: the list begins anew.
		http.Redirect(v.w, v.r, pagerOf(v.r, "").First, http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	view.TooShort = view.Query != "" && len(view.Query) < shortestEnd
	places := map[models.LockerID]models.LockerView{}
	for _, s := range views {
		id := s.Shipment.Locker
		if _, known := places[id]; !known {
			if places[id], err = d.Lockers.Locker(ctx, id); err != nil {
				return err
			}
		}
		there := view.frame
		there.zone = places[id].Location.Zone()
		view.Items = append(view.Items, shipmentRow{s, places[id].Locker.Number, there.At(s.Shipment.ExpiresAt)})
	}
	view.pager = pagerOf(v.r, next)
	d.render(v.w, http.StatusOK, "shipments.html", view)
	return nil
}

// search looks for a text at the end of numbers and barcodes, which takes in all of them; a text
// that is too short for that has to be all of one.
func (d *desk) search(ctx context.Context, a models.Actor, q models.ShipmentQuery, text string) ([]models.ShipmentView, string, error) {
	if text == "" || len(text) >= shortestEnd {
		q.Ends = text
		return d.Shipments.Shipments(ctx, a, q)
	}
	q.Number = text
	views, next, err := d.Shipments.Shipments(ctx, a, q)
	if err != nil || len(views) > 0 {
		return views, next, err
	}
	q.Number, q.Barcode = "", text
	return d.Shipments.Shipments(ctx, a, q)
}

// lockerNumbered finds a locker by its id or its public number.
func (d *desk) lockerNumbered(ctx context.Context, text string) (models.LockerID, bool, error) {
	if models.ValidID(models.PrefixLocker, text) {
		return models.LockerID(text), true, nil
	}
	found, err := d.Lockers.LockerSummaries(ctx, models.LockerSearch{Page: models.Page{Limit: 200, Search: text}})
	for _, l := range found {
		if strings.EqualFold(l.Locker.Number, text) {
			return l.Locker.ID, true, err
		}
	}
	return "", false, err
}

type shipmentView struct {
	frame
	note
	models.ShipmentView
	LockerNumber string
	Timeline     []models.TimelineLine
	Barcodes     map[models.ParcelID]string
	Contact      models.Contact
	Shown        bool // the contact is shown in full
	Actions      []actionView
	Incidents    []models.Incident
	Paused       bool   // its clock stands still
	Workflow     string // its workflow in the Temporal UI; empty: not linked
	Act          string // makes each form one act, however often it is sent
}

// actionView is something that may be asked for.
type actionView struct {
	Name   string
	Reason bool // it needs a reason
}

// needsReason reports whether an action is for a reason only.
func needsReason(action string) bool {
	return action == models.ActionCancel || action == models.ActionFreeze || action == models.ActionUnfreeze
}

func (d *desk) shipment(v visit) error { return d.showShipment(v, note{status: http.StatusOK}) }

func (d *desk) showShipment(v visit, n note) error { return d.shipmentPage(v, n, nil) }

// shipmentID takes the shipment of a request's path.
func shipmentID(r *http.Request) (models.ShipmentID, error) {
	if id := r.PathValue("id"); models.ValidID(models.PrefixShipment, id) {
		return models.ShipmentID(id), nil
	}
	return "", models.Errorf(models.CodeNotFound, "There is no such shipment.")
}

// shipmentPage shows a shipment, with its contact in full where it was asked for.
func (d *desk) shipmentPage(v visit, n note, shown *models.Contact) error {
	ctx := v.r.Context()
	id, err := shipmentID(v.r)
	if err != nil {
		return err
	}
	view := shipmentView{frame: d.of(v, "shipments"), note: n, Barcodes: map[models.ParcelID]string{}, Act: d.oneAct()}
	view.Problem = n.text
	if view.ShipmentView, err = d.Shipments.Shipment(ctx, v.actor(), id); err != nil {
		return err
	}
	place, err := d.Lockers.Locker(ctx, view.Shipment.Locker)
	if err != nil {
		return err
	}
	view.LockerNumber, view.zone = place.Locker.Number, place.Location.Zone()
	if view.Timeline, err = d.Shipments.Timeline(ctx, v.actor(), id); err != nil {
		return err
	}
	for _, p := range view.Parcels {
		view.Barcodes[p.ID] = p.Barcode
	}
	if shown != nil {
		view.Contact, view.Shown = *shown, true
	} else if view.Contact, err = d.Shipments.MaskedContact(ctx, v.actor(), id); err != nil {
		return err
	}
	view.Incidents, err = d.Incidents.Incidents(ctx, models.IncidentQuery{Page: models.Page{Limit: pageSize}, Shipment: id, Newest: true})
	if err != nil {
		return err
	}
	for _, name := range view.Shipment.State.AllowedActions(view.Shipment.Frozen) {
		if d.engine(name) != nil {
			view.Actions = append(view.Actions, actionView{name, needsReason(name)})
		}
	}
	view.Paused = paused(view.Shipment, view.Timeline)
	if d.TemporalUI != "" {
		view.Workflow = d.TemporalUI + "/workflows/" + models.ShipmentWorkflowID(id)
	}
	view.Here = "/desk/shipments/" + string(id)
	view.Live = view.Here + "?live=1"
	d.render(v.w, n.status, "shipment.html", view)
	return nil
}

// paused reports whether a shipment's clock stands still, as its life told last.
func paused(s models.Shipment, lines []models.TimelineLine) bool {
	stands := false
	for _, l := range lines {
		if l.Event == nil {
			continue
		}
		switch l.Event.Type {
		case models.EventClockPaused:
			stands = true
		case models.EventClockResumed:
			stands = false
		}
	}
	return !s.State.Final() && (stands || s.Frozen)
}

// contact shows a contact, which is on record.
func (d *desk) contact(v visit) error {
	id, err := shipmentID(v.r)
	if err != nil {
		return err
	}
	c, err := d.Shipments.RevealContact(v.r.Context(), v.request(), id)
	if err != nil {
		return err
	}
	return d.shipmentPage(v, note{status: http.StatusOK}, &c)
}

// sendAgain has a message of the shipment's story sent again.
func (d *desk) sendAgain(v visit) error {
	id, err := shipmentID(v.r)
	if err != nil {
		return err
	}
	lines, err := d.Shipments.Timeline(v.r.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	message := models.NotificationID(v.r.PathValue("message"))
	if !slices.ContainsFunc(lines, func(l models.TimelineLine) bool { return l.Message != nil && l.Message.ID == message }) {
		return models.Errorf(models.CodeNotFound, "There is no such message.")
	}
	if _, err := d.Shipments.Resend(v.r.Context(), v.request(), message); err != nil {
		return d.refused(v, err, "", d.showShipment)
	}
	return done(v, "/desk/shipments/"+string(id), "sent_again", "timeline")
}

// engine is how an action is carried out; nil: the desk has none.
func (d *desk) engine(action string) func(context.Context, models.ShipmentID, models.ActionInput) (models.ActionResult, error) {
	switch action {
	case models.ActionCancel:
		return d.Engine.Cancel
	case models.ActionReissueCode:
		return d.Engine.ReissueCode
	case models.ActionExtend:
		return d.Engine.Extend
	case models.ActionFreeze:
		return d.Engine.Freeze
	case models.ActionUnfreeze:
		return d.Engine.Unfreeze
	}
	return nil
}

// act has the engine carry out an action on a shipment.
func (d *desk) act(v visit) error {
	id, err := shipmentID(v.r)
	if err != nil {
		return err
	}
	ctx, action := v.r.Context(), v.r.PathValue("action")
	do := d.engine(action)
	if do == nil {
		return d.nowhere(v)
	}
	if _, err := d.Shipments.Shipment(ctx, v.actor(), id); err != nil {
		return err
	}
	reason, err := reasonOf(v)
	if reason == "" && !needsReason(action) {
		err = nil
	}
	if err == nil {
		// The act is on record before it is done: one that was done is never missing there.
		err = d.Incidents.Audit(ctx, v.request(), "shipment."+strings.ReplaceAll(action, "-", "_"), string(id), reason)
	}
	if err == nil {
		sum := sha256.Sum256([]byte(string(v.staff.ID) + "\n" + action + "\n" + v.r.PostFormValue("act")))
		_, err = do(ctx, id, models.ActionInput{Request: hex.EncodeToString(sum[:16])})
	}
	if models.ErrorCode(err) == models.CodeNotFound {
		// It exists, and its life does not run: it has ended, or it has not begun yet.
		err = models.Wrap(models.CodeInvalidState, err, "The shipment's life does not run.")
	}
	if err != nil {
		return d.refused(v, err, reason, d.showShipment)
	}
	return done(v, "/desk/shipments/"+string(id), "shipment_"+strings.ReplaceAll(action, "-", "_"), "")
}

// oneAct makes what a form carries so that it is one act.
func (d *desk) oneAct() string {
	var raw [16]byte
	if _, err := io.ReadFull(d.Rand, raw[:]); err != nil {
		panic("desk: no randomness: " + err.Error())
	}
	return hex.EncodeToString(raw[:])
}
