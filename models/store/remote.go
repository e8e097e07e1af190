package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"cubby/models"
)

const noRemote = "There is no such remote opening."

// RequestRemote asks for doors to be opened from afar, and has a workflow carry it out. The same
// idempotency key and body answer what they did before. It returns not_found for an unknown
// locker, and invalid_request for cells that it does not have.
func (s *Store) RequestRemote(ctx context.Context, n models.NewRemote) (models.RemoteView, error) {
	if err := n.Check(); err != nil {
		return models.RemoteView{}, err
	}
	o := models.RemoteOpening{
		ID: models.RemoteID(s.ids.New(models.PrefixRemote)), Locker: n.Locker, Purpose: n.Purpose, Reason: n.Reason,
		RequestedBy: n.By(), Organization: n.Actor.Organization, State: models.RemoteStateOpening,
	}
	cells := slices.Sorted(slices.Values(n.Cells))
	asked := "cells " + list(cells)
	if n.Purpose == models.PurposeOpenGate {
		cells, asked = []int{models.GateCell}, "gate"
	}
	doors := make([]models.RemoteDoor, 0, len(cells))
	for _, c := range cells {
		doors = append(doors, models.RemoteDoor{
			Opening: o.ID, Cell: c,
			Operation: models.OperationID(s.ids.New(models.PrefixOperation)), Again: models.OperationID(s.ids.New(models.PrefixOperation)),
		})
	}
	id := o.ID
	err := s.tx(ctx, "remote", func(t *tx) error {
		before, err := t.repeated(n.Actor.Organization, n.IdempotencyKey, n.Fingerprint, string(o.ID))
		if id = models.RemoteID(before); err != nil || id != o.ID {
			return err
		}
		// Requests at one locker take turns: each counts the doors of those before.
		if _, err := t.lockLocker(n.Locker); err != nil {
			return err
		}
		if err := t.haveCells(n); err != nil {
			return err
		}
		second, err := t.needsSecond(o, len(doors))
		if err != nil {
			return err
		}
		o.CreatedAt, o.UpdatedAt, o.NotAfter = t.now, t.now, t.now.Add(models.RemoteStartsWithin)
		if second {
			o.State, o.NotAfter = models.RemoteStateWaiting, t.now.Add(models.RemoteApprovedWithin)
		}
		if err := insert(t, o); err != nil {
			return err
		}
		if err := insert(t, doors...); err != nil {
			return err
		}
		detail := fmt.Sprintf("%s %s, %s: %s", n.Locker, asked, n.Purpose, n.Reason)
		if err := t.audit(n.Request, "remote.request", string(o.ID), detail); err != nil {
			return err
		}
		in := models.RemoteOpenInput{Opening: o.ID, Locker: o.Locker, Purpose: o.Purpose, By: o.RequestedBy, Second: second, NotAfter: o.NotAfter}
		for _, d := range doors {
			c := models.RemoteCell{Cell: d.Cell, Operations: []models.OperationID{d.Operation}}
			if d.Cell != models.GateCell { // which a second pulse may shut
				c.Operations = append(c.Operations, d.Again)
			}
			in.Doors = append(in.Doors, c)
		}
		return t.post(startOf(models.WorkflowRemoteOpen, models.RemoteOpenWorkflowID(o.ID), in))
	})
	if err != nil {
		return models.RemoteView{}, err
	}
	return s.Remote(ctx, id)
}

func list(numbers []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(numbers)), ", "), "[]")
}

// repeated records what a request with an idempotency key makes, or returns what it made before.
func (t *tx) repeated(o models.OrganizationID, key, fingerprint, made string) (string, error) {
	if key == "" {
		return made, nil
	}
	record := idempotencyRecord{Organization: o, Key: key, Fingerprint: fingerprint, Body: made, CreatedAt: t.now}
	added, err := insertNew(t, record)
	if err != nil || added == 1 {
		return made, err
	}
	before, err := gorm.G[idempotencyRecord](t.db).Where("organization = ? AND key = ?", o, key).Take(t.ctx)
	if err == nil && before.Fingerprint != fingerprint {
		err = keyReused()
	}
	return before.Body, err
}

// haveCells refuses cells that the locker does not have.
func (t *tx) haveCells(n models.NewRemote) error {
	if len(n.Cells) == 0 {
		return nil // whether there is a gate its cabinet knows
	}
	var known []int
	if err := t.db.Raw("SELECT number FROM cells WHERE locker = ? AND number IN ?", n.Locker, n.Cells).Scan(&known).Error; err != nil {
		return err
	}
	var f models.Fields
	for i, c := range n.Cells {
		if !slices.Contains(known, c) {
			f.Add(fmt.Sprintf("/cells/%d", i), "is not a cell of the locker")
		}
	}
	return f.Err()
}

// needsSecond reports whether a request is for more doors than one person may have opened: with
// those that the same person asked for there a moment ago, so that a large request cannot be cut
// into small ones. The gate is none of them: nothing lies behind it.
func (t *tx) needsSecond(o models.RemoteOpening, doors int) (bool, error) {
	if o.Purpose == models.PurposeOpenGate {
		return false, nil
	}
	var before []struct {
		By    string
		Doors int
	}
	err := t.db.Raw(`SELECT o.requested_by AS "by", count(*) AS doors FROM remote_doors d JOIN remote_openings o ON o.id = d.opening
		WHERE o.locker = ? AND d.cell > 0 AND o.created_at > ? AND o.decided_by = '' AND o.state IN ? GROUP BY o.requested_by`,
		o.Locker, t.now.Add(-models.RemoteCountsFor),
		[]models.RemoteState{models.RemoteStateOpening, models.RemoteStateDone}).Scan(&before).Error
	if err != nil {
		return false, err
	}
	asker, err := t.origin(o.RequestedBy)
	if err != nil {
		return false, err
	}
	for _, b := range before {
		by, err := t.origin(b.By)
		if err != nil {
			return false, err
		}
		if by == asker {
			doors += b.Doors
		}
	}
	return doors > models.RemoteDoorsAlone, nil
}

// Remote returns one request, or not_found.
func (s *Store) Remote(ctx context.Context, id models.RemoteID) (models.RemoteView, error) {
	row, err := gorm.G[models.RemoteOpening](s.read).Where("id = ?", id).Take(ctx)
	if row, err = take(row, err, noRemote); err != nil {
		return models.RemoteView{}, err
	}
	views, err := s.remoteViews(ctx, row)
	if err != nil {
		return models.RemoteView{}, err
	}
	return views[0], nil
}

// Remotes returns a page of requests, the newest first.
func (s *Store) Remotes(ctx context.Context, q models.RemoteQuery) ([]models.RemoteView, error) {
	query := gorm.G[models.RemoteOpening](s.read).Where("? = '' OR id < ?", q.Cursor, q.Cursor)
	if q.Locker != "" {
		query = query.Where("locker = ?", q.Locker)
	}
	if q.State != "" {
		query = query.Where("state = ?", q.State)
	}
	rows, err := query.Order("id DESC").Limit(q.Limit).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	return s.remoteViews(ctx, rows...)
}

// remoteViews reads the doors and lockers of requests.
func (s *Store) remoteViews(ctx context.Context, rows ...models.RemoteOpening) ([]models.RemoteView, error) {
	views := make([]models.RemoteView, len(rows))
	of, lockers := make(map[models.RemoteID]*models.RemoteView, len(rows)), make([]models.LockerID, len(rows))
	ids := make([]models.RemoteID, len(rows))
	for i, r := range rows {
		views[i].RemoteOpening, ids[i], lockers[i] = r, r.ID, r.Locker
		of[r.ID] = &views[i]
	}
	doors, err := gorm.G[models.RemoteDoor](s.read).Where("opening IN ?", ids).Order("opening, cell").Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	for _, d := range doors {
		of[d.Opening].Doors = append(of[d.Opening].Doors, d)
	}
	if err := s.nameRemotes(ctx, views); err != nil {
		return nil, err
	}
	named, err := gorm.G[models.Locker](s.read).Select("id", "number").Where("id IN ?", lockers).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	for _, l := range named {
		for i := range views {
			if views[i].Locker == l.ID {
				views[i].LockerNumber = l.Number
			}
		}
	}
	return views, nil
}

// nameRemotes says what the keys and people of requests are called; one that is gone is its id.
func (s *Store) nameRemotes(ctx context.Context, views []models.RemoteView) error {
	var ids []string
	for _, v := range views {
		ids = append(ids, v.RequestedBy, v.DecidedBy)
	}
	var found []struct{ ID, Name string }
	err := s.read.WithContext(ctx).Raw("SELECT id, name FROM staff WHERE id IN ? UNION ALL SELECT id, name FROM api_keys WHERE id IN ?", ids, ids).
		Scan(&found).Error
	names := map[string]string{}
	for _, f := range found {
		names[f.ID] = f.Name
	}
	for i := range views {
		v := &views[i]
		v.RequestedName, v.DecidedName = cmp.Or(names[v.RequestedBy], v.RequestedBy), cmp.Or(names[v.DecidedBy], v.DecidedBy)
	}
	return mapError(err)
}
