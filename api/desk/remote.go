package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cubby/models"
)

// remoteRow is a request to open doors from afar, as pages show it.
type remoteRow struct {
	models.RemoteView
	Since moment // in the time of the place
}

// Gate reports whether the gate of the site was asked for, and no cell.
func (r remoteRow) Gate() bool { return r.Purpose == models.PurposeOpenGate }

// Cells lists the doors that were asked for.
func (r remoteRow) Cells() string {
	var numbers []string
	for _, d := range r.Doors {
		numbers = append(numbers, strconv.Itoa(d.Cell))
	}
	return strings.Join(numbers, ", ")
}

type remotesView struct {
	frame
	pager
	State  string
	States []models.RemoteState
	Items  []remoteRow
}

func (d *desk) remotes(v visit) error {
	ctx := v.r.Context()
	view := remotesView{frame: d.of(v, "remote"), States: models.RemoteStates()}
	q := models.RemoteQuery{Page: models.Page{Cursor: v.r.URL.Query().Get("cursor"), Limit: pageSize + 1}}
	if s := models.RemoteState(v.r.URL.Query().Get("state")); slices.Contains(view.States, s) {
		q.State, view.State = s, string(s)
	}
	items, err := d.Remotes.Remotes(ctx, q)
	if err != nil {
		return err
	}
	next := ""
	if len(items) > pageSize {
		items = items[:pageSize]
		next = string(items[pageSize-1].ID)
	}
	places := map[models.LockerID]models.LockerView{}
	for _, i := range items {
		if _, known := places[i.Locker]; !known {
			if places[i.Locker], err = d.Lockers.Locker(ctx, i.Locker); err != nil {
				return err
			}
		}
		there := view.frame
		there.zone = places[i.Locker].Location.Zone()
		view.Items = append(view.Items, remoteRow{i, there.At(i.CreatedAt)})
	}
	view.pager = pagerOf(v.r, next)
	d.render(v.w, http.StatusOK, "remotes.html", view)
	return nil
}

type remoteView struct {
	frame
	note
	remoteRow
	Mine bool // the reader asked for it
}

// Waits reports whether a second person has to decide.
func (r remoteView) Waits() bool { return r.State == models.RemoteStateWaiting }

// Moves reports whether the page will change by itself.
func (r remoteView) Moves() bool { return r.Waits() || r.State == models.RemoteStateOpening }

func (d *desk) remote(v visit) error { return d.showRemote(v, note{status: http.StatusOK}) }

// remoteID takes the request of a request's path.
func remoteID(r *http.Request) (models.RemoteID, error) {
	if id := r.PathValue("id"); models.ValidID(models.PrefixRemote, id) {
		return models.RemoteID(id), nil
	}
	return "", models.Errorf(models.CodeNotFound, "There is no such remote opening.")
}

func (d *desk) showRemote(v visit, n note) error {
	ctx := v.r.Context()
	id, err := remoteID(v.r)
	if err != nil {
		return err
	}
	view := remoteView{frame: d.of(v, "remote"), note: n}
	view.Problem = n.text
	if view.RemoteView, err = d.Remotes.Remote(ctx, id); err != nil {
		return err
	}
	l, err := d.Lockers.Locker(ctx, view.Locker)
	if err != nil {
		return err
	}
	view.zone = l.Location.Zone()
	view.Since, view.Mine = view.At(view.CreatedAt), view.RequestedBy == v.request().By()
	view.Here = "/desk/remote/" + string(id)
	view.Live = view.Here + "?live=1"
	d.render(v.w, n.status, "remote.html", view)
	return nil
}

// decideRemote approves or rejects a request.
func (d *desk) decideRemote(v visit) error {
	id, err := remoteID(v.r)
	if err != nil {
		return err
	}
	action := v.r.PathValue("action")
	if action != "approve" && action != "reject" {
		return d.nowhere(v)
	}
	reason := ""
	if action == "reject" {
		reason, err = reasonOf(v)
	}
	if err == nil {
		err = d.tellDecision(v, id, action, reason)
	}
	if err != nil {
		return d.refused(v, err, reason, d.showRemote)
	}
	return done(v, "/desk/remote/"+string(id), "remote_"+action, "")
}

func (d *desk) tellDecision(v visit, id models.RemoteID, action, reason string) error {
	ctx := v.r.Context()
	o, err := d.Remotes.Remote(ctx, id)
	if err != nil {
		return err
	}
	// On record before it is done: a decision that was made is never missing there.
	if err := d.Incidents.Audit(ctx, v.request(), "remote."+action, string(id), reason); err != nil {
		return err
	}
	if action == "approve" {
		err = d.Remotes.MayApprove(ctx, v.request(), id)
	}
	if err == nil {
		err = d.Engine.DecideRemote(ctx, id, models.DecideInput{Request: v.request().ID, By: v.request().By(), Approve: action == "approve"})
	}
	switch models.ErrorCode(err) {
	case models.CodeNotFound:
		return o.NotRunning(err)
	case models.CodeForbidden:
		return models.Wrap(codeSecond, err, "Somebody else must approve it.")
	}
	return err
}

// codeSecond is of a person who approves what the same person asked for.
const codeSecond models.Code = "second_needed"

// openRemotely asks for doors of a locker to be opened.
func (d *desk) openRemotely(v visit) error {
	id, err := lockerID(v.r)
	if err != nil {
		return err
	}
	reason, err := reasonOf(v)
	n := models.NewRemote{Request: v.request(), Locker: id, Purpose: v.r.PostFormValue("purpose"), Reason: reason}
	for _, text := range strings.FieldsFunc(v.r.PostFormValue("cells"), func(c rune) bool { return c == ',' || c == ' ' }) {
		number, _ := strconv.Atoi(text) // what is no number is no cell
		n.Cells = append(n.Cells, number)
	}
	if act := v.r.PostFormValue("act"); act != "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %s %s", id, n.Cells, n.Purpose, reason))
		n.IdempotencyKey, n.Fingerprint = "desk-"+hashOf(string(v.staff.ID)+"\n"+act), hex.EncodeToString(sum[:])
	}
	var o models.RemoteView
	if err == nil {
		if err = n.Check(); err != nil {
			err = models.Wrap(codeCells, err, "The cells or the purpose cannot be.")
		} else if o, err = d.Remotes.RequestRemote(v.r.Context(), n); models.ErrorCode(err) == models.CodeInvalid {
			err = models.Wrap(codeCells, err, "There is no such cell.")
		}
	}
	if err != nil {
		return d.refused(v, err, reason, d.showLocker)
	}
	return done(v, "/desk/remote/"+string(o.ID), "remote_asked", "")
}

// codeCells is of doors that cannot be opened as they were asked for.
const codeCells models.Code = "cells_needed"

// Purposes are those that doors may be opened from afar for.
func (lockerView) Purposes() []string { return models.RemotePurposes() }
