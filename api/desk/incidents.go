package desk

import (
	"net/http"
	"slices"
	"strings"

	"cubby/models"
)

type incidentsView struct {
	frame
	pager
	Query, Kind, Locker, State string
	Shipment                   string
	Kinds                      []models.IncidentKind
	Items                      []incidentRow
}

type incidentRow struct {
	models.Incident
	LockerNumber string
	Since        moment // in the time of the place
}

// Choices are the states of incidents that can be listed.
func (incidentsView) Choices() []string { return []string{"open", "resolved", "all"} }

func (d *desk) incidents(v visit) error {
	ctx, query := v.r.Context(), v.r.URL.Query()
	view := incidentsView{
		frame: d.of(v, "incidents"), Query: searchOf(v.r), Kinds: models.IncidentKinds(), State: "open",
		Locker: strings.TrimSpace(query.Get("locker")),
	}
	q := models.IncidentQuery{
		Page: models.Page{Cursor: query.Get("cursor"), Limit: pageSize + 1, Search: view.Query}, Newest: true,
	}
	if s := query.Get("state"); s == "resolved" || s == "all" {
		view.State = s
	}
	q.Open, q.Resolved = view.State == "open", view.State == "resolved"
	if k := models.IncidentKind(query.Get("kind")); slices.Contains(view.Kinds, k) {
		q.Kind, view.Kind = k, string(k)
	}
	if id := query.Get("shipment"); models.ValidID(models.PrefixShipment, id) {
		q.Shipment, view.Shipment = models.ShipmentID(id), id
	}
	found := true
	if view.Locker != "" {
		var err error
		if q.Locker, found, err = d.lockerNumbered(ctx, view.Locker); err != nil {
			return err
		}
	}
	var items []models.Incident
	if found {
		var err error
		if items, err = d.Incidents.Incidents(ctx, q); err != nil {
			return err
		}
	}
	next := ""
	if len(items) > pageSize {
		items = items[:pageSize]
		next = string(items[pageSize-1].ID)
	}
	places := map[models.LockerID]models.LockerView{}
	for _, i := range items {
		if _, known := places[i.Locker]; !known && i.Locker != "" {
			l, err := d.Lockers.Locker(ctx, i.Locker)
			if err != nil {
				return err
			}
			places[i.Locker] = l
		}
		there := view.frame
		there.zone = places[i.Locker].Location.Zone()
		view.Items = append(view.Items, incidentRow{i, places[i.Locker].Locker.Number, there.At(i.Opened)})
	}
	view.pager = pagerOf(v.r, next)
	d.render(v.w, http.StatusOK, "incidents.html", view)
	return nil
}

type incidentView struct {
	frame
	note
	incidentRow
	Told    bool // clients told of it
	Shown   bool // what they wrote is shown
	Reports []models.ClientReport
}

func (d *desk) incident(v visit) error { return d.showIncident(v, note{status: http.StatusOK}) }

func (d *desk) showIncident(v visit, n note) error { return d.incidentPage(v, n, nil) }

// reports shows what clients wrote, which is on record.
func (d *desk) reports(v visit) error {
	id, err := incidentID(v.r)
	if err != nil {
		return err
	}
	reports, err := d.Incidents.ClientReports(v.r.Context(), v.request(), id)
	if err != nil {
		return err
	}
	return d.incidentPage(v, note{status: http.StatusOK}, &reports)
}

// incidentID takes the incident of a request's path.
func incidentID(r *http.Request) (models.IncidentID, error) {
	if id := r.PathValue("id"); models.ValidID(models.PrefixIncident, id) {
		return models.IncidentID(id), nil
	}
	return "", models.Errorf(models.CodeNotFound, "There is no such incident.")
}

// incidentPage shows an incident, with what clients wrote where it was asked for.
func (d *desk) incidentPage(v visit, n note, shown *[]models.ClientReport) error {
	ctx := v.r.Context()
	id, err := incidentID(v.r)
	if err != nil {
		return err
	}
	view := incidentView{frame: d.of(v, "incidents"), note: n}
	view.Problem = n.text
	if view.Incident, err = d.Incidents.Incident(ctx, id); err != nil {
		return err
	}
	if view.Incident.Locker != "" {
		l, err := d.Lockers.Locker(ctx, view.Incident.Locker)
		if err != nil {
			return err
		}
		view.LockerNumber, view.zone = l.Locker.Number, l.Location.Zone()
	}
	view.Told = view.Kind == models.IncidentClientReport
	if shown != nil {
		view.Reports, view.Shown = *shown, true
	}
	view.Here = "/desk/incidents/" + string(id)
	d.render(v.w, n.status, "incident.html", view)
	return nil
}

func (d *desk) resolve(v visit) error {
	id, err := incidentID(v.r)
	if err != nil {
		return err
	}
	reason, err := reasonOf(v)
	if err == nil {
		_, err = d.Incidents.ResolveIncident(v.r.Context(), v.request(), id, reason)
	}
	if err != nil {
		return d.refused(v, err, reason, d.showIncident)
	}
	return done(v, "/desk/incidents/"+string(id), "resolved", "")
}
