package desk

import (
	"net/http"

	"cubby/models"
)

// count is a number on the front page, with the list that it counts.
type count struct {
	Name, Link string
	N          int
	Alarm      bool // somebody should look when it is not 0
}

type frontView struct {
	frame
	Lockers, Shipments []count
}

func (d *desk) front(v visit) error {
	n, err := d.Lockers.NetworkCounts(v.r.Context())
	if err != nil {
		return err
	}
	view := frontView{frame: d.of(v, "")}
	view.Lockers = []count{
		{view.T("desk.front.incidents"), "/desk/incidents", n.OpenIncidents, true},
		{view.T("desk.front.lockers"), "/desk/lockers", n.Lockers, false},
		{view.T("desk.front.away"), "/desk/lockers?only=away", n.Away, true},
		{view.T("desk.front.doubtful"), "/desk/lockers?only=doubtful", n.Cells.Doubtful, true},
		{view.T("desk.front.out_of_service"), "/desk/lockers?only=out_of_service", n.Cells.OutOfService, true},
		{view.T("desk.front.enrolments"), "/desk/enrolments", n.Enrolments, true},
		{view.T("desk.front.free"), "/desk/lockers", n.Cells.Free, false},
	}
	for _, s := range models.ShipmentStates() {
		if s.Final() {
			continue
		}
		view.Shipments = append(view.Shipments, count{
			view.Word("shipment", s), "/desk/shipments?state=" + string(s), n.Shipments[s], s == models.StateExpired,
		})
	}
	d.render(v.w, http.StatusOK, "front.html", view)
	return nil
}
