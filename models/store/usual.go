package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"cubby/models"
)

// foundSizes counts the parcels of a sender, a shop or else a carrier, that couriers found to have each size.
type foundSizes struct {
	Sender      models.OrganizationID `gorm:"primaryKey"`
	S, M, L, XL int
}

func (foundSizes) TableName() string { return "found_sizes" }

func (f foundSizes) counts() map[models.Size]int {
	return map[models.Size]int{models.SizeS: f.S, models.SizeM: f.M, models.SizeL: f.L, models.SizeXL: f.XL}
}

// remembered is how many parcels count: then each counts half, so that a sender who begins to
// send other ones is learned anew.
const remembered = 100

func senderOf(s models.Shipment) models.OrganizationID { return cmp.Or(s.Shop, s.Carrier) }

// guess is the size for which room is kept while that of a parcel is not known.
func (s *Store) guess(ctx context.Context, v models.Shipment) (models.Size, models.SizeFrom, error) {
	var found []foundSizes
	if err := s.read.WithContext(ctx).Where("sender = ?", senderOf(v)).Find(&found).Error; err != nil {
		return "", "", mapError(err)
	}
	for _, f := range found {
		if usual := models.UsualSize(f.counts()); usual != "" {
			return usual, models.SizeUsual, nil
		}
	}
	return models.SizeM, models.SizeGuessed, nil
}

// learn takes over the sizes that couriers found parcels to have.
func (in *intake) learn() error {
	found := map[models.OrganizationID]map[models.Size]int{}
	for _, id := range slices.Sorted(maps.Keys(in.sized)) {
		size := in.sized[id]
		if _, err := in.exec("UPDATE parcels SET size = ?, size_from = ? WHERE id = ?", size, models.SizeTold, id); err != nil {
			return err
		}
		var of models.Shipment
		if err := in.db.Select("shop", "carrier").Where("id = ?", in.parcels[id]).Take(&of).Error; err != nil {
			return err
		}
		sender := senderOf(of)
		if found[sender] == nil {
			found[sender] = map[models.Size]int{}
		}
		found[sender][size]++
	}
	for _, sender := range slices.Sorted(maps.Keys(found)) { // as every batch does: none waits for another in a ring
		n := found[sender]
		_, err := in.exec(`INSERT INTO found_sizes AS f (sender, s, m, l, xl) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (sender) DO UPDATE SET (s, m, l, xl) = (SELECT (f.s + excluded.s) / d, (f.m + excluded.m) / d,
			(f.l + excluded.l) / d, (f.xl + excluded.xl) / d FROM (SELECT CASE WHEN f.s + f.m + f.l + f.xl >= ? THEN 2 ELSE 1 END AS d) AS aged)`,
			sender, n[models.SizeS], n[models.SizeM], n[models.SizeL], n[models.SizeXL], remembered)
		if err != nil {
			return err
		}
	}
	return nil
}
