package store

import (
	"maps"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"cubby/models"
)

// bearsOnRoom reports whether after a fact of the type more or fewer promises may be kept than
// before. A deposit takes the cell that was promised to it: see release.
func bearsOnRoom(t models.FactType) bool {
	switch t {
	case models.FactInventory, models.FactBoardDown, models.FactBoardUp, models.FactDevice, models.FactCellDoubtful, models.FactCellChecked,
		models.FactDoorJammed, models.FactHeld, models.FactMissing, models.FactCellOutOfService, models.FactCellInService:
		return true
	}
	return false
}

// release gives back what was promised to parcels that are in their cells now.
func (in *intake) release() error {
	if len(in.loaded) == 0 {
		return nil
	}
	var kept []models.Promise
	err := in.db.Raw("DELETE FROM promises WHERE parcel IN ? RETURNING parcel, size, broken_at",
		slices.Sorted(maps.Keys(in.loaded))).Scan(&kept).Error
	for _, p := range kept {
		// A cell of another size was another's.
		in.weigh = in.weigh || p.BrokenAt != nil || in.cells[in.loaded[p.Parcel]] != p.Size
	}
	return err
}

// weighIfNeeded weighs the locker's promises where a cell became usable or not. A cell that came
// free, as all do, is of interest only to promises that are broken.
func (in *intake) weighIfNeeded() error {
	if in.weigh {
		return in.weighRoom(in.locker)
	}
	for _, r := range in.reports {
		if r.State == models.CellFree && !r.Doubtful {
			broken, err := in.anyBroken(in.locker)
			if err != nil || !broken {
				return err
			}
			return in.weighRoom(in.locker)
		}
	}
	return nil
}

func (t *tx) anyBroken(l models.LockerID) (bool, error) {
	n := 0
	err := t.db.Raw("SELECT count(*) FROM promises WHERE locker = ? AND broken_at IS NOT NULL", l).Scan(&n).Error
	return n > 0, err
}

// releaseAll gives back all that was promised to a shipment; its locker may lack no more room
// then.
func (t *tx) releaseAll(id models.ShipmentID, at models.LockerID) error {
	n, err := t.exec("DELETE FROM promises WHERE shipment = ?", id)
	if err != nil || n == 0 {
		return err
	}
	return t.roomRestored(at)
}

// roomRestored resolves what is open about a locker's room, if it keeps every promise.
func (t *tx) roomRestored(l models.LockerID) error {
	return t.resolve("there is a cell for every promise",
		"key = ? AND NOT EXISTS (SELECT 1 FROM promises WHERE locker = ? AND broken_at IS NOT NULL)",
		models.IncidentKey(l, models.IncidentCapacityLost, 0, ""), l)
}

// weighRoom holds a locker's promises against its usable cells. The lives of those shipments
// that lose theirs are told, once until it is there again, and an incident tells the operator.
func (t *tx) weighRoom(id models.LockerID) error {
	// The lock of announcements: what they counted on and what is counted here is the same.
	locker, err := forUpdate[models.Locker](t).Where("id = ?", id).Take(t.ctx)
	if err != nil {
		return err
	}
	promises, err := gorm.G[models.Promise](t.db).Where("locker = ?", id).Order("created_at, parcel").Find(t.ctx)
	if err != nil {
		return err
	}
	usable, err := t.usable(locker)
	if err != nil {
		return err
	}
	broken := map[models.ParcelID]bool{}
	for _, p := range models.Broken(promises, usable, t.now) {
		broken[p.Parcel] = true
	}
	told := map[models.ShipmentID]bool{} // before
	var lost []models.Promise
	var parcels, kept []models.ParcelID
	for _, p := range promises {
		switch {
		case p.BrokenAt != nil && !broken[p.Parcel]:
			kept = append(kept, p.Parcel)
		case p.BrokenAt != nil:
			told[p.Shipment] = true
		case broken[p.Parcel]:
			lost = append(lost, p)
			parcels = append(parcels, p.Parcel)
		}
	}
	if len(kept) > 0 {
		if _, err := t.exec("UPDATE promises SET broken_at = NULL WHERE parcel IN ?", kept); err != nil {
			return err
		}
	}
	if len(lost) == 0 {
		return t.roomRestored(id)
	}
	if _, err := t.exec("UPDATE promises SET broken_at = ? WHERE parcel IN ?", t.now, parcels); err != nil {
		return err
	}
	var news []models.OutboxRow
	for _, p := range lost {
		if !told[p.Shipment] {
			told[p.Shipment] = true
			news = append(news, signalLocker(p.Shipment, models.LockerSignal{Locker: id, News: models.NewsCapacityLost, At: t.now}))
		}
	}
	if err := t.post(news...); err != nil {
		return err
	}
	return t.openIncident(models.Incident{
		Kind: models.IncidentCapacityLost, Locker: id,
		Evidence: strconv.Itoa(len(broken)) + " of " + strconv.Itoa(len(promises)) + " promised parcels have no cell",
	})
}

// usable counts the cells that a promise may count on: those that are free, and those that are
// in somebody's hands for a moment. A locker that was taken out of use has none.
func (t *tx) usable(l models.Locker) (models.Demand, error) {
	usable := models.Demand{}
	if l.State == models.LockerOutOfService || l.State == models.LockerDecommissioned {
		return usable, nil
	}
	cells, err := gorm.G[models.StoredCell](t.db).Where("locker = ? AND state IN ? AND NOT doubtful", l.ID,
		[]models.CellState{models.CellFree, models.CellReserved}).Find(t.ctx)
	for _, c := range cells {
		usable.Add(c.Class(), 1)
	}
	return usable, err
}
