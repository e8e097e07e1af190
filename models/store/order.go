package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

const noCell = "There is no such cell."

// Cells returns a locker's cells by number, with what is wanted of them, or not_found.
func (s *Store) Cells(ctx context.Context, id models.LockerID) ([]models.CellView, error) {
	if _, err := s.Head(ctx, id); err != nil {
		return nil, err
	}
	cells, err := gorm.G[models.StoredCell](s.read).Where("locker = ?", id).Order("number").Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	orders, err := gorm.G[models.CellOrder](s.read).Where("locker = ?", id).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	of := make(map[int]models.CellOrder, len(orders))
	for _, o := range orders {
		of[o.Number] = o
	}
	views := make([]models.CellView, 0, len(cells))
	for _, c := range cells {
		views = append(views, models.CellView{StoredCell: c, Order: of[c.Number]})
	}
	return views, nil
}

// OrderCell wants something of a cell, for a reason, and has its cabinet told. Asking for what
// is wanted already tells the cabinet again.
func (s *Store) OrderCell(ctx context.Context, r models.Request, id models.LockerID, number int, c models.CellChange) (models.CellView, error) {
	var v models.CellView
	err := s.tx(ctx, "cell_order", func(t *tx) error {
		// Facts about the cell wait for this lock: the head is then of no later ones.
		row, err := forUpdate[models.StoredCell](t).Where("locker = ? AND number = ?", id, number).Take(t.ctx)
		if v.StoredCell, err = take(row, err, noCell); err != nil {
			return err
		}
		head, err := gorm.G[models.Head](t.db).Where("locker = ?", id).Take(t.ctx)
		if err != nil {
			return err
		}
		before, err := gorm.G[models.CellOrder](t.db).Where("locker = ? AND number = ?", id, number).Take(t.ctx)
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		if v.Order, err = v.StoredCell.Order(before, c, head); err != nil {
			return err
		}
		v.Order.Rev, v.Order.UpdatedAt = t.revAfter(before.Rev), t.now
		put := v.Order
		if err := t.db.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "locker"}, {Name: "number"}}, UpdateAll: true,
		}).Create(&put).Error; err != nil {
			return err
		}
		reason := c.Reason
		if c.Found != "" {
			reason = "found " + c.Found + ": " + reason
		}
		if err := t.audit(r, "cell."+string(c.Action), fmt.Sprintf("%s/%d", id, number), reason); err != nil {
			return err
		}
		return t.post(startCellOrder(v.Order))
	})
	return v, err
}

// startCellOrder has a worker sign an order: a cabinet takes no other.
func startCellOrder(o models.CellOrder) models.OutboxRow {
	in := models.CellOrderInput{Locker: o.Locker, Cell: o.Number, Rev: o.Rev}
	return startOf(models.WorkflowCellOrder, models.CellOrderWorkflowID(in), in)
}

// PublishCellOrder implements activities.Couriers.
func (s *Store) PublishCellOrder(ctx context.Context, id models.LockerID, number int, sign func(models.Grant) models.SignedGrant) error {
	return s.tx(ctx, "order", func(t *tx) error {
		// Under the row's lock, so that the newest revision is the last to be written.
		row, err := forUpdate[models.CellOrder](t).Where("locker = ? AND number = ?", id, number).Take(t.ctx)
		o, err := take(row, err, noCell)
		if err != nil {
			return err
		}
		key := strconv.Itoa(number)
		known, err := gorm.G[models.DirectoryRow](t.db).Where("scope = ? AND kind = ? AND key = ? AND rev >= ?",
			models.ScopeOfLocker(id), models.EntryCell, key, o.Rev).Count(t.ctx, "*")
		if err != nil || known > 0 {
			return err
		}
		return t.writeLocker(id, sign(models.Grant{Kind: models.EntryCell, Key: key, Rev: o.Rev, Body: encode(o.Entry())}).Row())
	})
}
