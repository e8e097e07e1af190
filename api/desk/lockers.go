package desk

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"cubby/models"
)

// lastFacts is how many facts a locker's page shows.
const lastFacts = 15

type lockersView struct {
	frame
	pager
	Query, Only string
	Filters     []models.LockerFilter
	Items       []models.LockerSummary
}

func (d *desk) lockers(v visit) error {
	view := lockersView{frame: d.of(v, "lockers"), Query: searchOf(v.r), Filters: models.LockerFilters()}
	q := models.LockerSearch{Page: models.Page{Cursor: v.r.URL.Query().Get("cursor"), Limit: pageSize + 1, Search: view.Query}}
	if only := models.LockerFilter(v.r.URL.Query().Get("only")); only.Valid() {
		q.Only, view.Only = only, string(only)
	}
	items, err := d.Lockers.LockerSummaries(v.r.Context(), q)
	if err != nil {
		return err
	}
	next := ""
	if len(items) > pageSize {
		items = items[:pageSize]
		next = string(items[pageSize-1].Locker.ID)
	}
	view.Items, view.pager = items, pagerOf(v.r, next)
	d.render(v.w, http.StatusOK, "lockers.html", view)
	return nil
}

type lockerView struct {
	frame
	note
	models.LockerView
	Cabinet   []module
	Counts    models.CellCounts
	Chosen    *cellView
	Actions   []models.LockerAction
	Facts     []models.StoredFact
	Incidents []models.Incident
	Act       string // of the forms that open doors: sent twice, they ask once
}

// Looks are those that the drawing's legend explains.
func (lockerView) Looks() []string {
	return []string{"free", "reserved", "occupied", "doubtful", "out_of_service"}
}

func (d *desk) locker(v visit) error { return d.showLocker(v, note{status: http.StatusOK}) }

// lockerID takes the locker of a request's path; what is none is not found.
func lockerID(r *http.Request) (models.LockerID, error) {
	if id := r.PathValue("id"); models.ValidID(models.PrefixLocker, id) {
		return models.LockerID(id), nil
	}
	return "", models.Errorf(models.CodeNotFound, "There is no such locker.")
}

// showLocker shows a locker with the cell that is chosen.
func (d *desk) showLocker(v visit, n note) error {
	ctx := v.r.Context()
	id, err := lockerID(v.r)
	if err != nil {
		return err
	}
	view := lockerView{frame: d.of(v, "lockers"), note: n, Act: d.oneAct()}
	view.Problem = n.text
	if view.LockerView, err = d.Lockers.Locker(ctx, id); err != nil {
		return err
	}
	view.zone = view.Location.Zone()
	cells, err := d.Cells.Cells(ctx, id)
	if err != nil {
		return err
	}
	chosen := v.r.PathValue("cell")
	if chosen == "" {
		chosen = v.r.URL.Query().Get("cell")
	}
	number, _ := strconv.Atoi(chosen) // what is no number chooses nothing
	view.Cabinet = draw(cells, number)
	for _, c := range cells {
		view.Counts.Add(models.Occupancy{State: c.State, Doubtful: c.Doubtful}, 1)
		if c.Number == number {
			view.Chosen = &cellView{CellView: c}
		}
	}
	for _, a := range []models.LockerAction{models.LockerPause, models.LockerResume, models.LockerClose} {
		if to, err := view.Locker.State.Next(a); err == nil && to != view.Locker.State {
			view.Actions = append(view.Actions, a)
		}
	}
	if view.Facts, err = d.Lockers.LastFacts(ctx, id, lastFacts); err != nil {
		return err
	}
	view.Incidents, err = d.Incidents.Incidents(ctx, models.IncidentQuery{
		Page: models.Page{Limit: pageSize}, Locker: id, Open: true, Newest: true,
	})
	if err != nil {
		return err
	}
	view.Here = "/desk/lockers/" + string(id)
	if view.Chosen != nil {
		view.Here += fmt.Sprintf("?cell=%d", number)
		if sid := view.Chosen.Shipment; sid != "" {
			if s, err := d.Shipments.Shipment(ctx, v.actor(), sid); err == nil {
				view.Chosen.Of = &s
			}
		}
	}
	view.Live = "/desk/lockers/" + string(id) + "?" + url.Values{"cell": {chosen}, "live": {"1"}}.Encode()
	d.render(v.w, n.status, "locker.html", view)
	return nil
}

// refused shows a page again with what was refused.
func (d *desk) refused(v visit, err error, reason string, show func(visit, note) error) error {
	switch models.ErrorCode(err) {
	case models.CodeNotFound, models.CodeInternal, models.CodeUnauthorized:
		return err
	}
	return show(v, note{status: d.log(v.r, v.staff.ID, err), text: d.of(v, "").explain(err), Reason: reason})
}

func (d *desk) changeLocker(v visit) error {
	id, err := lockerID(v.r)
	if err != nil {
		return err
	}
	action := models.LockerAction(v.r.PathValue("action"))
	if _, err := models.LockerActive.Next(action); err != nil {
		return d.nowhere(v)
	}
	reason, err := reasonOf(v)
	if err == nil {
		_, err = d.Lockers.ChangeLocker(v.r.Context(), v.request(), id, models.LockerChange{
			Action: action, Reason: reason, Withdraw: action == models.LockerClose && v.r.PostFormValue("withdraw") != "",
		})
	}
	if err != nil {
		return d.refused(v, err, reason, d.showLocker)
	}
	return done(v, "/desk/lockers/"+string(id), "locker_"+string(action), "")
}

func (d *desk) orderCell(v visit) error {
	id, err := lockerID(v.r)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(v.r.PathValue("cell"))
	action := models.CellAction(v.r.PathValue("action"))
	if err != nil || action != models.CellTakeOut && action != models.CellPutBack && action != models.CellMarkSeen {
		return d.nowhere(v)
	}
	reason, err := reasonOf(v)
	change := models.CellChange{Action: action, Reason: reason}
	if err == nil && action == models.CellMarkSeen {
		change.Found = v.r.PostFormValue("found")
		change.Generation, _ = strconv.ParseInt(v.r.PostFormValue("generation"), 10, 64) // what is none is of no occupancy
		if change.Found != models.FoundEmpty && change.Found != models.FoundParcel {
			err = models.Errorf(codeFound, "It must be said what was found.")
		}
	}
	if err == nil {
		_, err = d.Cells.OrderCell(v.r.Context(), v.request(), id, number, change)
	}
	if err != nil {
		return d.refused(v, err, reason, d.showLocker)
	}
	return done(v, fmt.Sprintf("/desk/lockers/%s?cell=%d", id, number), "ordered", "cell")
}

// codeFound is of a check that does not say what was found.
const codeFound models.Code = "found_needed"
