package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// feedScope is how far a feed got. Its row lock, held until commit, makes positions
// commit-ordered: whoever sees a position sees all before it.
type feedScope struct {
	Scope    string `gorm:"primaryKey"`
	Position int64
}

// positions takes the next n positions of a scope and returns the first.
func (t *tx) positions(scope string, n int) (int64, error) {
	var last int64
	err := t.db.Raw(`INSERT INTO feed_scopes (scope, position) VALUES (?, ?)
		ON CONFLICT (scope) DO UPDATE SET position = feed_scopes.position + excluded.position
		RETURNING position`, scope, n).Scan(&last).Error
	return last - int64(n) + 1, err
}

// writeDirectory puts entries of one scope in place of those with the same keys.
func (t *tx) writeDirectory(scope string, rows ...models.DirectoryRow) error {
	first, err := t.positions(scope, len(rows))
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Scope, rows[i].Position, rows[i].UpdatedAt = scope, first+int64(i), t.now
	}
	return t.db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "scope"}, {Name: "kind"}, {Name: "key"}},
		UpdateAll: true,
	}).CreateInBatches(&rows, insertBatch).Error
}

// writeLocker writes entries of a cabinet's own scope, with the fact up to which the
// server knew the cabinet.
func (t *tx) writeLocker(l models.LockerID, rows ...models.DirectoryRow) error {
	head, err := gorm.G[models.Head](t.db).Where("locker = ?", l).Take(t.ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].SeenEpoch, rows[i].SeenSeq = head.Epoch, head.Seq
	}
	return t.writeDirectory(models.ScopeOfLocker(l), rows...)
}

// shipmentEntry is what a cabinet is told of a shipment, and of the room promised for it there.
func shipmentEntry(s models.Shipment, parcels []models.Parcel, p models.Policy, promises []models.Promise, callable bool) models.DirectoryRow {
	entry := models.DirectoryShipment{Callable: callable, Shipment: s.ID, Carrier: s.Carrier, Number: s.Number, Issue: s.Issue, Codes: s.Codes, Frozen: s.Frozen, Policy: p}
	for _, p := range parcels {
		entry.Parcels = append(entry.Parcels, models.DirectoryParcel{
			Parcel: p.ID, Barcode: p.Barcode, Size: p.Size, SizeFrom: p.SizeFrom, Regime: p.Regime, Dimensions: p.Dimensions, WeightG: p.WeightG, EasyReach: s.EasyReach,
			Promised: slices.ContainsFunc(promises, func(kept models.Promise) bool { return kept.Parcel == p.ID }),
		})
	}
	return models.DirectoryRow{Kind: models.EntryShipment, Key: string(s.ID), Body: encode(entry)}
}

// DirectoryScopes lists the scopes that a cabinet reads: the network's, its own, and those
// of the organizations whose couriers may come.
func (s *Store) DirectoryScopes(ctx context.Context, l models.LockerID) ([]string, error) {
	organizations, err := gorm.G[models.Organization](s.read).
		Where("kind IN ?", []models.OrganizationKind{models.KindCarrier, models.KindOperator}).Order("id").Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	scopes := []string{models.ScopeNetwork, models.ScopeOfLocker(l)}
	for _, o := range organizations {
		scopes = append(scopes, models.ScopeOfOrganization(o.ID))
	}
	return scopes, nil
}

// Positions returns the position of every directory scope.
func (s *Store) Positions(ctx context.Context) (map[string]int64, error) {
	rows, err := gorm.G[feedScope](s.read).Where("scope NOT LIKE ?", models.FeedScopes+"%").Find(ctx)
	return positionsOf(rows), mapError(err)
}

func positionsOf(rows []feedScope) map[string]int64 {
	positions := make(map[string]int64, len(rows))
	for _, r := range rows {
		positions[r.Scope] = r.Position
	}
	return positions
}

// Directory returns a page of what changed in the cabinet's scopes after since. A scope
// that stands before since (the database was restored) is read from its beginning.
func (s *Store) Directory(ctx context.Context, l models.LockerID, since map[string]int64, limit int) (
	rows []models.DirectoryRow, cursor map[string]int64, more bool, err error) {
	scopes, err := s.DirectoryScopes(ctx, l)
	if err != nil {
		return nil, nil, false, err
	}
	// Positions come first: a row that moves on between the two statements is then read
	// with the next page and never missed.
	known, err := gorm.G[feedScope](s.read).Where("scope IN ?", scopes).Find(ctx)
	if err != nil {
		return nil, nil, false, mapError(err)
	}
	end := positionsOf(known)
	cursor = make(map[string]int64, len(scopes))
	var where []string
	var args []any
	for _, scope := range scopes {
		from := since[scope]
		if from > end[scope] {
			from = 0
		}
		cursor[scope] = from
		if from < end[scope] {
			where = append(where, "scope = ? AND position > ? AND position <= ?")
			args = append(args, scope, from, end[scope])
		}
	}
	if len(where) > 0 {
		rows, err = gorm.G[models.DirectoryRow](s.read).Where("("+strings.Join(where, " OR ")+")", args...).
			Order("scope, position").Limit(limit + 1).Find(ctx)
		if err != nil {
			return nil, nil, false, mapError(err)
		}
	}
	if len(rows) > limit {
		rows, more = slices.Clip(rows[:limit]), true
		for _, r := range rows {
			cursor[r.Scope] = r.Position
		}
		return rows, cursor, more, nil
	}
	for _, scope := range scopes {
		cursor[scope] = end[scope]
	}
	return rows, cursor, false, nil
}
