package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

// bootsKept is how many earlier boots of a cabinet's computer are remembered.
const bootsKept = 16

// recognise looks at which boot of its computer a cabinet connects from. A boot that another
// one followed never comes back: if it does, two computers speak for the cabinet, and it is
// held. cloned says why, and the caller must commit that; empty: it may connect. boots are
// the earlier ones, as the connection's row has them from now on.
func (t *tx) recognise(l models.LockerID, boot string) (boots, cloned string, err error) {
	before, err := forUpdate[connection](t).Where("locker = ?", l).Find(t.ctx)
	if err != nil || len(before) == 0 {
		return "[]", "", err
	}
	was := before[0]
	earlier := was.EarlierBoots
	switch {
	case was.HeldAt != nil:
		return "", heldText, nil
	case slices.Contains(earlier, boot) && boot != was.Boot:
		evidence := fmt.Sprintf("boot %.64s came back after boot %.64s", boot, was.Boot)
		return "", heldText, t.hold(l, evidence)
	case was.Boot != "" && was.Boot != boot:
		earlier = append(earlier, was.Boot)
	}
	earlier = earlier[max(0, len(earlier)-bootsKept):]
	if earlier == nil {
		earlier = []string{}
	}
	raw, err := json.Marshal(earlier)
	return string(raw), "", err
}

const heldText = "Two computers speak for this cabinet: it is held until somebody says which one is right."

// hold takes no computer for the cabinet any more, until it is released or another one
// enrols.
func (t *tx) hold(l models.LockerID, evidence string) error {
	if _, err := t.exec(`UPDATE locker_connections SET held_at = ?, ended_at = COALESCE(ended_at, ?), current_at = NULL
		WHERE locker = ? AND held_at IS NULL`, t.now, t.now, l); err != nil {
		return err
	}
	return t.openIncident(models.Incident{Kind: models.IncidentCloned, Locker: l, Evidence: evidence})
}

// unhold forgets which boots there were, and what was open about it.
func (t *tx) unhold(l models.LockerID, reason string) (held bool, err error) {
	n, err := t.exec("UPDATE locker_connections SET held_at = NULL WHERE locker = ? AND held_at IS NOT NULL", l)
	if err != nil {
		return false, err
	}
	if _, err := t.exec("UPDATE locker_connections SET boot = '', earlier_boots = '[]' WHERE locker = ?", l); err != nil {
		return false, err
	}
	return n > 0, t.resolve(reason, "key = ?", models.IncidentKey(l, models.IncidentCloned, 0, ""))
}

// Cloned holds a cabinet for which two computers were seen to speak.
func (s *Store) Cloned(ctx context.Context, l models.LockerID, evidence string) error {
	return s.tx(ctx, "cloned", func(t *tx) error { return t.hold(l, evidence) })
}

// ReleaseIdentity lets a held cabinet connect again.
func (s *Store) ReleaseIdentity(ctx context.Context, r models.Request, l models.LockerID, reason string) error {
	return s.tx(ctx, "release_identity", func(t *tx) error {
		if _, err := t.lockLocker(l); err != nil {
			return err
		}
		switch held, err := t.unhold(l, reason); {
		case err != nil:
			return err
		case !held:
			return models.Errorf(models.CodeInvalidState, "The cabinet is not held.")
		}
		return t.audit(r, "locker.release_identity", string(l), "")
	})
}

// isHeld reports whether a cabinet is held.
func isHeld(ctx context.Context, db *gorm.DB, l models.LockerID) (bool, error) {
	n, err := gorm.G[connection](db).Where("locker = ? AND held_at IS NOT NULL", l).Count(ctx, "*")
	return n > 0, err
}
