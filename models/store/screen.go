package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// storedScreen is the profile of a scope's screens: the network's, or one locker's over it.
type storedScreen struct {
	Scope string               `gorm:"primaryKey"`
	Body  models.ScreenProfile `gorm:"serializer:json"`
	// Told is, of the network's, the last locker whose cabinet was told of revision Rev; nil: all
	// were.
	Told      *string
	Rev       int64
	UpdatedAt time.Time
}

// TableName is the table of profiles.
func (storedScreen) TableName() string { return "screens" }

// screensBatch is how many cabinets one transaction tells. With the largest logos it writes some
// 5 MB.
const screensBatch = 200

// NetworkScreen returns the profile of the network's screens.
func (s *Store) NetworkScreen(ctx context.Context) (models.ScreenProfile, error) {
	row, err := gorm.G[storedScreen](s.read).Where("scope = ?", models.ScopeNetwork).Take(ctx)
	return row.Body, mapError(err)
}

// PutNetworkScreen puts a profile in the place of the network's, and has every cabinet told whose
// screen is another by it. What is the same as before is told to nobody. Where it does not come
// to its end, TellScreens goes on.
func (s *Store) PutNetworkScreen(ctx context.Context, r models.Request, p models.ScreenProfile) (models.ScreenProfile, error) {
	err := s.tx(ctx, "screen", func(t *tx) error {
		_, err := t.exec("UPDATE screens SET body = ?, told = '', rev = rev + 1, updated_at = ? WHERE scope = ?",
			string(encode(p)), t.now, models.ScopeNetwork)
		if err != nil {
			return err
		}
		return t.audit(r, "screen.put", models.ScopeNetwork, "")
	})
	if err != nil {
		return models.ScreenProfile{}, err
	}
	return p, s.TellScreens(ctx)
}

// LockerScreen returns what a locker's profile says over the network's, and what its screen shows.
func (s *Store) LockerScreen(ctx context.Context, id models.LockerID) (models.LockerScreen, error) {
	l, err := gorm.G[models.Locker](s.read).Where("id = ?", id).Take(ctx)
	if l, err = take(l, err, "There is no such locker."); err != nil {
		return models.LockerScreen{}, mapError(err)
	}
	v, err := lockerScreen(ctx, s.read, l)
	return v, mapError(err)
}

// PutLockerScreen puts a profile in the place of what a locker says over the network's, and has
// its cabinet told. An empty one leaves all to the network's.
func (s *Store) PutLockerScreen(ctx context.Context, r models.Request, id models.LockerID, p models.ScreenProfile) (v models.LockerScreen, err error) {
	err = s.tx(ctx, "screen", func(t *tx) error {
		l, err := forUpdate[models.Locker](t).Where("id = ?", id).Take(t.ctx)
		if l, err = take(l, err, "There is no such locker."); err != nil {
			return err
		}
		row := storedScreen{Scope: models.ScopeOfLocker(id), Body: p, Rev: 1, UpdatedAt: t.now}
		err = t.db.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "scope"}}, DoUpdates: clause.AssignmentColumns([]string{"body", "updated_at"}),
		}).Create(&row).Error
		if err != nil {
			return err
		}
		if err := t.audit(r, "screen.put", string(id), ""); err != nil {
			return err
		}
		if err := t.tellLayout(l); err != nil {
			return err
		}
		v, err = lockerScreen(t.ctx, t.db, l)
		return err
	})
	return v, err
}

func lockerScreen(ctx context.Context, db *gorm.DB, l models.Locker) (v models.LockerScreen, err error) {
	place, err := gorm.G[models.Location](db).Where("id = ?", l.Location).Take(ctx)
	if err != nil {
		return v, err
	}
	profiles, err := screensOf(ctx, gorm.G[storedScreen](db), l.ID)
	return models.LockerScreen{Own: profiles[models.ScopeOfLocker(l.ID)], Shown: shown(profiles, l.ID, place)}, err
}

// screens are the profiles of the network and of a locker, by scope. Whoever tells a cabinet of
// them keeps the network's as it is until its transaction ends, so that one who changes it sees
// every cabinet that was told of the one before, also of a locker that is being made.
func (t *tx) screens(l models.LockerID) (map[string]models.ScreenProfile, error) {
	return screensOf(t.ctx, gorm.G[storedScreen](t.db, clause.Locking{Strength: "SHARE"}), l)
}

// screensOf are the profiles of the network and of lockers, by scope.
func screensOf(ctx context.Context, from gorm.Interface[storedScreen], lockers ...models.LockerID) (map[string]models.ScreenProfile, error) {
	scopes := []string{models.ScopeNetwork}
	for _, l := range lockers {
		scopes = append(scopes, models.ScopeOfLocker(l))
	}
	rows, err := from.Where("scope IN ?", scopes).Order("scope").Find(ctx)
	profiles := make(map[string]models.ScreenProfile, len(rows))
	for _, r := range rows {
		profiles[r.Scope] = r.Body
	}
	return profiles, err
}

// shown is what a locker's screen shows at its place.
func shown(profiles map[string]models.ScreenProfile, l models.LockerID, place models.Location) models.ScreenProfile {
	return profiles[models.ScopeOfLocker(l)].Over(profiles[models.ScopeNetwork]).At(place)
}

// TellScreens has every cabinet told whose screen is another than it was told, if the network's
// profile has changed since all were. It goes on where an earlier call ended, batch by batch;
// of several at once each batch is told once more at worst.
func (s *Store) TellScreens(ctx context.Context) error {
	for {
		network, err := gorm.G[storedScreen](s.read).Where("scope = ?", models.ScopeNetwork).Take(ctx)
		if err != nil || network.Told == nil {
			return mapError(err)
		}
		var last *string
		err = s.tx(ctx, "screens", func(t *tx) (err error) {
			last, err = t.tellScreens(*network.Told)
			return err
		})
		if err != nil {
			return err
		}
		// Where the profile was changed meanwhile, who changed it begins anew. On its own: rows of
		// cabinets are not held while this one is waited for.
		err = s.tx(ctx, "screens_told", func(t *tx) error {
			_, err := t.exec("UPDATE screens SET told = ? WHERE scope = ? AND rev = ? AND told = ?",
				last, models.ScopeNetwork, network.Rev, *network.Told)
			return err
		})
		if err != nil {
			return err
		}
	}
}

// tellScreens tells the cabinets of the next lockers after one, and returns the last of them; nil:
// none follow. Of what they were told it changes the screen, and which cells everybody reaches, alone.
func (t *tx) tellScreens(after string) (last *string, err error) {
	// Everyone who writes a layout holds its locker's row.
	lockers, err := forUpdate[models.Locker](t).Where("id > ?", after).Order("id").Limit(screensBatch).Find(t.ctx)
	if err != nil || len(lockers) == 0 {
		return nil, err
	}
	ids, scopes := make([]models.LockerID, len(lockers)), make([]string, len(lockers))
	places := make([]models.LocationID, len(lockers))
	for i, l := range lockers {
		ids[i], scopes[i], places[i] = l.ID, models.ScopeOfLocker(l.ID), l.Location
	}
	profiles, err := screensOf(t.ctx, gorm.G[storedScreen](t.db), ids...)
	if err != nil {
		return nil, err
	}
	found, err := gorm.G[models.Location](t.db).Where("id IN ?", places).Find(t.ctx)
	if err != nil {
		return nil, err
	}
	at := make(map[models.LocationID]models.Location, len(found))
	for _, p := range found {
		at[p.ID] = p
	}
	entries, err := gorm.G[models.DirectoryRow](t.db).Where("scope IN ? AND kind = ?", scopes, models.EntryLayout).Find(t.ctx)
	if err != nil {
		return nil, err
	}
	of := make(map[string]models.DirectoryRow, len(entries))
	for _, e := range entries {
		of[e.Scope] = e
	}
	var rows []models.DirectoryRow
	for i, l := range lockers {
		row := of[scopes[i]]
		var layout models.DirectoryLayout
		if err := json.Unmarshal(row.Body, &layout); err != nil {
			return nil, err
		}
		layout.Screen = shown(profiles, l.ID, at[l.Location])
		l.WithinReach(layout.Cells)
		if body := encode(layout); string(body) != string(row.Body) {
			row.Body = body
			rows = append(rows, row)
		}
	}
	end := string(ids[len(ids)-1])
	return &end, t.rewrite(rows)
}

// rewrite puts one entry of each of many cabinets' scopes, in the order of scopes, in its place
// anew, with the fact up to which the server knew the cabinet.
func (t *tx) rewrite(rows []models.DirectoryRow) error {
	if len(rows) == 0 {
		return nil
	}
	lockers, scopes := make([]models.LockerID, len(rows)), make([]any, len(rows))
	for i, r := range rows {
		lockers[i], _ = models.LockerOfScope(r.Scope)
		scopes[i] = r.Scope
	}
	heads, err := gorm.G[models.Head](t.db).Where("locker IN ?", lockers).Find(t.ctx)
	if err != nil {
		return err
	}
	seen := make(map[models.LockerID]models.Head, len(heads))
	for _, h := range heads {
		seen[h.Locker] = h
	}
	var taken []feedScope
	err = t.db.Raw("INSERT INTO feed_scopes (scope, position) VALUES "+strings.Repeat("(?, 1), ", len(rows)-1)+`(?, 1)
		ON CONFLICT (scope) DO UPDATE SET position = feed_scopes.position + 1 RETURNING scope, position`, scopes...).Scan(&taken).Error
	if err != nil {
		return err
	}
	positions := positionsOf(taken)
	for i := range rows {
		r, head := &rows[i], seen[lockers[i]]
		r.Position, r.SeenEpoch, r.SeenSeq, r.UpdatedAt = positions[r.Scope], head.Epoch, head.Seq, t.now
	}
	return t.db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "scope"}, {Name: "kind"}, {Name: "key"}},
		UpdateAll: true,
	}).CreateInBatches(&rows, insertBatch).Error
}
