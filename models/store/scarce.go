package store

import (
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// scarceCells is a size of which a locker has few free cells left, as was told.
type scarceCells struct {
	Locker models.LockerID `gorm:"primaryKey"`
	Regime models.Regime   `gorm:"primaryKey"`
	Size   models.Size     `gorm:"primaryKey"`
	Since  time.Time
}

// isFree reports whether a parcel may be put into a cell.
func isFree(s models.CellState, doubtful bool) bool { return s == models.CellFree && !doubtful }

// TableName is the table of sizes that are short.
func (scarceCells) TableName() string { return "scarce_cells" }

// tellScarce tells every organization where few free cells of a size are left, once until there
// are enough again. It looks when a cell came free, or is so no more.
func (in *intake) tellScarce() error {
	changed := false
	for _, r := range in.reports {
		changed = changed || isFree(r.State, r.Doubtful) != in.free[r.Cell]
	}
	if !changed {
		return nil
	}
	var sizes []struct {
		Regime    models.Regime
		Size      models.Size
		Free, All int
		Told      int // 1: as scarce
	}
	err := in.db.Raw(`SELECT c.regime, c.size, count(*) AS "all", coalesce(sum(CASE WHEN c.state = ? AND NOT c.doubtful THEN 1 ELSE 0 END), 0) AS free,
		count(s.locker) AS told FROM cells c LEFT JOIN scarce_cells s ON s.locker = c.locker AND s.regime = c.regime AND s.size = c.size
		WHERE c.locker = ? GROUP BY c.regime, c.size ORDER BY c.regime, c.size`, models.CellFree, in.locker).Scan(&sizes).Error
	if err != nil {
		return err
	}
	for _, z := range sizes {
		was := z.Told > 0
		is := models.Scarce(was, z.Free, z.All)
		switch {
		case is && !was:
			if err := insert(in.tx, scarceCells{Locker: in.locker, Regime: z.Regime, Size: z.Size, Since: in.now}); err != nil {
				return err
			}
			l, err := gorm.G[models.Locker](in.db).Select("test").Where("id = ?", in.locker).Take(in.ctx)
			if err != nil {
				return err
			}
			in.tellNetwork(l.Test, models.FeedEvent{Type: models.EventCapacityLow, At: in.now, Data: models.EventData{
				Locker: in.locker, Regime: z.Regime, Size: z.Size, Free: &z.Free,
			}})
		case was && !is:
			if _, err := in.exec("DELETE FROM scarce_cells WHERE locker = ? AND regime = ? AND size = ?", in.locker, z.Regime, z.Size); err != nil {
				return err
			}
		}
	}
	return nil
}
