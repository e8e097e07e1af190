package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// fitting is the size at a locker of a parcel that is known by its measures alone; empty: they say
// nothing there. It returns no_capacity for a parcel that fits no cell.
func fitting(ctx context.Context, db *gorm.DB, l models.LockerID, s models.Shipment, p models.Parcel) (models.Size, error) {
	if p.Dimensions == (models.Dimensions{}) {
		return "", nil
	}
	cells, err := gorm.G[models.StoredCell](db).Where("locker = ? AND regime = ?", l, p.Regime).Find(ctx)
	if err != nil {
		return "", mapError(err)
	}
	layout := make([]models.LayoutCell, 0, len(cells))
	for _, c := range cells {
		if c.EasyReach || !s.EasyReach {
			layout = append(layout, c.Layout)
		}
	}
	return models.Fitting(p.Dimensions, layout)
}
