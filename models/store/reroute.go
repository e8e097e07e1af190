package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// KeepRoom has another locker keep room for what is left of a shipment, in place of the room
// that its own kept. Asking again changes nothing.
func (s *Store) KeepRoom(ctx context.Context, id models.ShipmentID, to models.LockerID) error {
	return s.tx(ctx, "keep_room", func(t *tx) error {
		locker, err := forUpdate[models.Locker](t).Where("id = ?", to).Take(t.ctx)
		if locker, err = take(locker, err, ""); err != nil {
			if models.ErrorCode(err) == models.CodeNotFound {
				return models.Errorf(models.CodeUnknownLocker, "There is no locker %s.", to)
			}
			return err
		}
		kept, err := gorm.G[models.Promise](t.db).Where("shipment = ? AND locker = ?", id, to).Count(t.ctx, "*")
		if err != nil || kept > 0 {
			return err
		}
		from, err := gorm.G[models.Shipment](t.db).Where("id = ?", id).Take(t.ctx)
		if from, err = take(from, err, "There is no such shipment."); err != nil {
			return err
		}
		if locker.Test != from.Test { // whatever its state: a live shipment's parties know nothing of it
			return models.Errorf(models.CodeUnknownLocker, "There is no locker %s.", to)
		}
		if locker.State != models.LockerActive {
			return models.Errorf(models.CodeLockerClosed, "Locker %s takes no new shipments.", locker.Number)
		}
		parcels, err := gorm.G[models.Parcel](t.db).Where("shipment = ? AND state IN ?", id,
			[]models.ParcelState{models.ParcelExpected, models.ParcelInCell, models.ParcelWithdrawn}).Order("id").Find(t.ctx)
		if err != nil {
			return err
		}
		for i := range parcels { // cells of a size may be lower there
			size, err := fitting(t.ctx, t.db, to, from, parcels[i])
			if err != nil {
				return err
			}
			if size.Rank() > parcels[i].Size.Rank() {
				parcels[i].Size = size
			}
		}
		policy, err := policyOf(t.ctx, t.db, from)
		if err != nil {
			return err
		}
		rooms, err := capacityOf(t.ctx, t.db, t.now.Add(policy.Horizon().Duration()), to)
		if err != nil {
			return err
		}
		if err := rooms[to].Refusal(from.Carrier, demandOf(from, parcels)); err != nil {
			return err
		}
		if err := t.releaseAll(id, from.Locker); err != nil {
			return err
		}
		for _, p := range parcels {
			promise := models.Promise{
				Parcel: p.ID, Shipment: id, Locker: to, Carrier: p.Carrier, Size: p.Size, Regime: p.Regime, EasyReach: from.EasyReach,
				Horizon: policy.Horizon(), CreatedAt: t.now,
			}
			if _, err := insertNew(t, promise); err != nil {
				return err
			}
		}
		return nil
	})
}

// MoveShipment makes a shipment that of another locker, with an issue of its code above after,
// and tells both cabinets. It returns the issue; doing it again changes nothing.
func (s *Store) MoveShipment(ctx context.Context, id models.ShipmentID, to models.LockerID, after int,
	choose func(moved models.Shipment, open []models.Shipment) (int, error)) (issue int, err error) {
	err = s.tx(ctx, "move", func(t *tx) error {
		if _, err := forUpdate[models.Locker](t).Where("id = ?", to).Take(t.ctx); err != nil {
			return err
		}
		row, err := forUpdate[models.Shipment](t).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such shipment."); err != nil || row.Locker == to && row.Issue > after {
			issue = row.Issue
			return err
		}
		open, err := gorm.G[models.Shipment](t.db).
			Where("locker = ? AND ended_at IS NULL AND issue > 0 AND id <> ?", to, id).Order("id").Find(t.ctx)
		if err != nil {
			return err
		}
		gone := models.DirectoryRow{Kind: models.EntryShipment, Key: string(id), Deleted: true}
		if err := t.writeLocker(row.Locker, gone); err != nil {
			return err
		}
		policy, err := policyOf(t.ctx, t.db, row)
		if err != nil {
			return err
		}
		row.Locker, row.Guaranteed = to, true
		if row.Codes, err = t.codesAt(policy, to); err != nil {
			return err
		}
		if issue, err = choose(row, open); err != nil {
			return err
		}
		row.Issue = issue
		if _, err := t.exec("UPDATE shipments SET locker = ?, issue = ?, codes = ?, guaranteed = ?, updated_at = ? WHERE id = ?",
			to, issue, row.Codes, true, t.now, id); err != nil {
			return err
		}
		// A parcel is as large as the room that was kept for it.
		if _, err := t.exec(`UPDATE parcels SET size = (SELECT size FROM promises WHERE parcel = parcels.id AND locker = ?)
			WHERE shipment = ? AND EXISTS (SELECT 1 FROM promises WHERE parcel = parcels.id AND locker = ?)`, to, id, to); err != nil {
			return err
		}
		return t.expectAt(row)
	})
	return issue, err
}
