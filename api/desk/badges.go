package desk

import (
	"net/http"

	"cubby/models"
)

type badgesView struct {
	frame
	pager
	note
	Query string
	Items []models.Courier
}

// badges lists the technicians' badges.
func (d *desk) badges(v visit) error { return d.showBadges(v, note{status: http.StatusOK}) }

func (d *desk) showBadges(v visit, n note) error {
	view := badgesView{frame: d.of(v, "badges"), note: n, Query: searchOf(v.r)}
	view.Problem = n.text
	items, err := d.Badges.Couriers(v.r.Context(), v.actor(), models.CourierQuery{
		Page: models.Page{Cursor: v.r.URL.Query().Get("cursor"), Limit: pageSize + 1, Search: view.Query}, Role: models.RoleTechnician,
	})
	if err != nil {
		return err
	}
	next := ""
	if len(items) > pageSize {
		items = items[:pageSize]
		next = string(items[pageSize-1].ID)
	}
	view.Items, view.pager = items, pagerOf(v.r, next)
	d.render(v.w, n.status, "badges.html", view)
	return nil
}

// suspendBadge lets a badge in nowhere any more, or again.
func (d *desk) suspendBadge(v visit) error {
	id := v.r.PathValue("id")
	action := v.r.PathValue("action")
	if !models.ValidID(models.PrefixCourier, id) || action != "suspend" && action != "resume" {
		return d.nowhere(v)
	}
	if _, err := d.Badges.SuspendCourier(v.r.Context(), v.request(), models.CourierID(id), action == "suspend"); err != nil {
		return d.refused(v, err, "", d.showBadges)
	}
	return done(v, "/desk/badges", "badge_"+action, "")
}
