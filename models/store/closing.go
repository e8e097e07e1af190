package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// CloseRound asks the lives of what lies in a closed locker to leave, if it is to be emptied, and
// decommissions it when it is empty and expects nothing. over: nothing is left to do.
func (s *Store) CloseRound(ctx context.Context, id models.LockerID) (over bool, err error) {
	// A cabinet that was used and is away may hold what nobody has told yet.
	links, err := s.links(ctx, []models.LockerID{id})
	if err != nil {
		return false, err
	}
	heard := links[id].LastSeen == nil || links[id].Online
	err = s.tx(ctx, "closing", func(t *tx) error {
		row, err := forUpdate[models.Locker](t).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such locker."); err != nil {
			return err
		}
		if over = row.State != models.LockerOutOfService; over {
			return nil
		}
		cells, err := gorm.G[models.StoredCell](t.db).Where("locker = ? AND (state <> ? OR doubtful)", id, models.CellFree).Find(t.ctx)
		if err != nil {
			return err
		}
		if len(cells) > 0 {
			return t.askOut(row, cells)
		}
		coming, err := t.comingTo(id)
		if err != nil || coming > 0 || !heard {
			return err
		}
		over = true
		row.State, row.Emptying = models.LockerDecommissioned, false
		if err := t.audit(models.Request{}, "locker.decommission", string(id), "empty"); err != nil {
			return err
		}
		return t.becomes(row)
	})
	return over, err
}

// askOut asks the lives of what lies in the cells to leave, those that have not begun to.
func (t *tx) askOut(l models.Locker, cells []models.StoredCell) error {
	if !l.Emptying {
		return nil
	}
	var inside []models.ShipmentID
	for _, c := range cells {
		inside = append(inside, c.Shipment)
	}
	stay, err := gorm.G[models.Shipment](t.db).Where("id IN ? AND locker = ? AND NOT frozen AND state IN ?", inside, l.ID,
		[]models.ShipmentState{models.StateLoading, models.StateReady, models.StatePartlyPickedUp, models.StateExpired}).Order("id").Find(t.ctx)
	if err != nil {
		return err
	}
	var news []models.OutboxRow
	for _, s := range stay {
		news = append(news, signalLocker(s.ID, models.LockerSignal{Locker: l.ID, News: models.NewsClosed, At: t.now}))
	}
	return t.post(news...)
}

// underWay are the states of shipments of which something is still to come.
func underWay() []models.ShipmentState {
	return []models.ShipmentState{models.StateCreated, models.StateInTransit, models.StateLoading}
}

// comingTo counts the shipments that a locker expects.
func (t *tx) comingTo(id models.LockerID) (n int, err error) {
	err = t.db.Raw(`SELECT count(*) FROM shipments WHERE ended_at IS NULL AND (locker = ? AND state IN ?
		OR id IN (SELECT shipment FROM promises WHERE locker = ?))`, id, underWay(), id).Scan(&n).Error
	return n, err
}

// Worklist returns what lies in a locker, by cell, and what it expects. An organization sees its
// own shipments only.
func (s *Store) Worklist(ctx context.Context, a models.Actor, id models.LockerID) (models.Worklist, error) {
	var w models.Worklist
	if _, err := s.Locker(ctx, id); err != nil {
		return w, err
	}
	cells, err := gorm.G[models.StoredCell](s.read).Where("locker = ? AND (state <> ? OR doubtful)", id, models.CellFree).Order("number").Find(ctx)
	if err != nil {
		return w, mapError(err)
	}
	var inside []models.ShipmentID
	for _, c := range cells {
		inside = append(inside, c.Shipment)
	}
	of, err := s.inside(ctx, id, inside)
	if err != nil {
		return w, mapError(err)
	}
	mine := func(o models.Shipment) bool {
		return a.Operator() || a.Organization != "" && (a.Organization == o.Carrier || a.Organization == o.Shop)
	}
	for _, c := range cells {
		line := of[c.Shipment]
		line.StoredCell, line.Since = c, line.came[c.Number]
		if line.Of != nil && mine(*line.Of) || line.Of == nil && a.Operator() {
			w.Inside = append(w.Inside, line.InCell)
		}
	}
	coming, err := gorm.G[models.Shipment](s.read).Where(`ended_at IS NULL AND (locker = ? AND state IN ?
		OR id IN (SELECT shipment FROM promises WHERE locker = ?))`, id, underWay(), id).Order("id").Find(ctx)
	w.Expected = slices.DeleteFunc(coming, func(o models.Shipment) bool { return !mine(o) })
	return w, mapError(err)
}

// content is what is known of a shipment in a locker; came: when its parcels did, by cell.
type content struct {
	models.InCell
	came map[int]*time.Time
}

func (s *Store) inside(ctx context.Context, l models.LockerID, ids []models.ShipmentID) (map[models.ShipmentID]content, error) {
	found := map[models.ShipmentID]content{}
	shipments, err := gorm.G[models.Shipment](s.read).Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range shipments {
		found[o.ID] = content{InCell: models.InCell{Of: &o}, came: map[int]*time.Time{}}
	}
	events, err := gorm.G[models.Event](s.read).Where("shipment IN ? AND locker = ? AND type = ?", ids, l, models.EventParcelIn).Order("shipment, seq").Find(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		found[e.Shipment].came[e.Cell] = utc(&e.At)
	}
	grants, err := gorm.G[models.DirectoryRow](s.read).Where("scope = ? AND kind = ? AND key IN ? AND NOT deleted",
		models.ScopeOfLocker(l), models.EntryWithdrawal, ids).Find(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		var w models.DirectoryWithdrawal
		if err := json.Unmarshal(g.Body, &w); err != nil {
			return nil, err
		}
		if c, ok := found[w.Shipment]; ok && !w.Over {
			c.Reason = w.Reason
			found[w.Shipment] = c
		}
	}
	return found, nil
}
