package desk

import (
	"net/http"
	"slices"

	"cubby/models"
)

type enrolmentsView struct {
	frame
	note
	pager
	State string
	Items []models.Enrolment
}

// Choices are the states that can be listed.
func (enrolmentsView) Choices() []models.EnrolmentState { return models.EnrolmentStates() }

func (d *desk) enrolments(v visit) error { return d.showEnrolments(v, note{status: http.StatusOK}) }

// showEnrolments lists computers that somebody has to accept: those that wait, unless another
// state is asked for.
func (d *desk) showEnrolments(v visit, n note) error {
	view := enrolmentsView{frame: d.of(v, "enrolments"), note: n, State: string(models.EnrolmentWaiting)}
	view.Problem = n.text
	query := v.r.URL.Query()
	q := models.EnrolmentQuery{Page: models.Page{Cursor: query.Get("cursor"), Limit: pageSize + 1}, State: models.EnrolmentWaiting}
	if s := models.EnrolmentState(query.Get("state")); slices.Contains(view.Choices(), s) {
		q.State, view.State = s, string(s)
	}
	items, err := d.Enrolments.Enrolments(v.r.Context(), q)
	if err != nil {
		return err
	}
	next := ""
	if len(items) > pageSize {
		items = items[:pageSize]
		next = string(items[pageSize-1].ID)
	}
	view.Items, view.pager = items, pagerOf(v.r, next)
	view.Here = "/desk/enrolments"
	view.Live = view.Here + "?live=1&state=" + view.State
	d.render(v.w, n.status, "enrolments.html", view)
	return nil
}

// decideEnrolment accepts a computer as a cabinet's, or refuses it.
func (d *desk) decideEnrolment(v visit) error {
	id, action := v.r.PathValue("id"), v.r.PathValue("action")
	if !models.ValidID(models.PrefixEnrolment, id) || action != "accept" && action != "refuse" {
		return d.nowhere(v)
	}
	reason := ""
	var err error
	if action == "refuse" {
		reason, err = reasonOf(v)
	}
	if err == nil {
		_, err = d.Enrolments.DecideEnrolment(v.r.Context(), v.request(), models.EnrolmentID(id), action == "accept", reason)
	}
	if err != nil {
		return d.refused(v, err, reason, d.showEnrolments)
	}
	return done(v, "/desk/enrolments", "enrolment_"+action, "")
}

// releaseIdentity lets a held cabinet connect again.
func (d *desk) releaseIdentity(v visit) error {
	id, err := lockerID(v.r)
	if err != nil {
		return err
	}
	reason, err := reasonOf(v)
	if err == nil {
		err = d.Enrolments.ReleaseIdentity(v.r.Context(), v.request(), id, reason)
	}
	if err != nil {
		return d.refused(v, err, reason, d.showLocker)
	}
	return done(v, "/desk/lockers/"+string(id), "released", "")
}
