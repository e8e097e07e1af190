package store

import (
	"context"
	"time"

	"cubby/models"
)

// MayApprove returns nil for who may be the second person of a request to open doors from afar,
// and forbidden for who may not: who asked for it, by whatever key, and who came into being only
// after it was asked for. Whoever has stolen one key can make more of them, and is one person
// still.
func (s *Store) MayApprove(ctx context.Context, r models.Request, id models.RemoteID) error {
	return s.tx(ctx, "may_approve", func(t *tx) error {
		var since []time.Time
		err := t.db.Raw(`SELECT created_at FROM staff WHERE id = @by UNION ALL SELECT created_at FROM api_keys WHERE id = @by`,
			map[string]any{"by": r.By()}).Scan(&since).Error
		if err != nil {
			return err
		}
		var asked []models.RemoteOpening
		if err := t.db.Raw("SELECT * FROM remote_openings WHERE id = ?", id).Scan(&asked).Error; err != nil {
			return err
		}
		if len(asked) == 0 {
			return models.Errorf(models.CodeNotFound, noRemote)
		}
		if len(since) == 0 || since[0].After(asked[0].CreatedAt) {
			return models.Errorf(models.CodeForbidden, "Whoever approves it must have been there before it was asked for.")
		}
		by, err := t.origin(r.By())
		if err != nil {
			return err
		}
		asker, err := t.origin(asked[0].RequestedBy)
		if err == nil && by == asker {
			err = models.Errorf(models.CodeForbidden, "Somebody else than the person who asked must approve it: keys that one key made are one person's.")
		}
		return err
	})
}

// origin is the key or person that a key goes back to: the key that made it, and the one that made
// that. A key that nobody's key made, as the command does, is its own.
func (t *tx) origin(who string) (string, error) {
	for {
		var makers []string
		err := t.db.Raw(`SELECT k.id FROM audit a JOIN api_keys k ON k.id = a.actor WHERE a.object = ? AND a.action = 'key.create'`, who).Scan(&makers).Error
		if err != nil || len(makers) == 0 {
			return who, err
		}
		who = makers[0]
	}
}
