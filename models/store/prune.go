package store

import (
	"context"
	"time"

	"cubby/models"
)

const day = 24 * time.Hour

// retention is how long a kind of row is kept, and how up to a number of older ones is
// removed.
type retention struct {
	keep      time.Duration
	statement string // with the moment before which rows are old, and the limit
}

// retentions are those of section 9 of the design. A journal's last fact stays: its hash
// is what the next one follows. Deletions in a cabinet's directory stay long enough for a
// cabinet that was away; those of couriers, which take a right back, stay for good.
func retentions() []retention {
	return []retention{
		{30 * day, `DELETE FROM contacts WHERE shipment IN (SELECT c.shipment FROM contacts c
			JOIN shipments s ON s.id = c.shipment WHERE s.ended_at < ? LIMIT ?)`},
		{30 * day, `DELETE FROM pages WHERE hash IN (SELECT p.hash FROM pages p
			JOIN shipments s ON s.id = p.shipment WHERE s.ended_at < ? LIMIT ?)`},
		{30 * day, `DELETE FROM client_reports WHERE id IN (SELECT r.id FROM client_reports r
			JOIN shipments s ON s.id = r.shipment WHERE s.ended_at < ? LIMIT ?)`},
		{sealedFor, `DELETE FROM sealed_codes WHERE id IN (SELECT id FROM sealed_codes WHERE created_at < ? LIMIT ?)`},
		{30 * day, `DELETE FROM former_contacts WHERE (shipment, n) IN (SELECT c.shipment, c.n FROM former_contacts c
			JOIN shipments s ON s.id = c.shipment WHERE s.ended_at < ? LIMIT ?)`},
		{day, `DELETE FROM idempotency WHERE (organization, key) IN (
			SELECT organization, key FROM idempotency WHERE created_at < ? LIMIT ?)`},
		{day, `DELETE FROM sign_in_tries WHERE key IN (SELECT key FROM sign_in_tries WHERE last_at < ? LIMIT ?)`},
		{models.SessionLife, `DELETE FROM staff_sessions WHERE hash IN (SELECT hash FROM staff_sessions WHERE created_at < ? LIMIT ?)`},
		{90 * day, `DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE created_at < ? LIMIT ?)`},
		{90 * day, `DELETE FROM events WHERE (shipment, seq) IN (SELECT e.shipment, e.seq FROM events e
			JOIN shipments s ON s.id = e.shipment WHERE s.ended_at < ? LIMIT ?)`},
		{90 * day, `DELETE FROM feed WHERE (scope, position) IN (SELECT scope, position FROM feed WHERE created_at < ? LIMIT ?)`},
		{30 * day, `DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE at < ? LIMIT ?)`},
		{180 * day, `DELETE FROM facts WHERE (locker, epoch, seq) IN (SELECT f.locker, f.epoch, f.seq FROM facts f
			WHERE f.received_at < ? AND NOT EXISTS (SELECT 1 FROM journal_heads h
			WHERE h.locker = f.locker AND h.epoch = f.epoch AND h.seq = f.seq) LIMIT ?)`},
		{180 * day, `DELETE FROM directory WHERE (scope, kind, key) IN (SELECT scope, kind, key FROM directory
			WHERE deleted AND kind = 'shipment' AND updated_at < ? LIMIT ?)`},
		{180 * day, `DELETE FROM outages WHERE (locker, began) IN (SELECT locker, began FROM outages WHERE ended < ? LIMIT ?)`},
		{90 * day, `DELETE FROM routes WHERE id IN (SELECT id FROM routes WHERE created_at < ? LIMIT ?)`},
		{365 * day, `DELETE FROM certificates WHERE serial IN (SELECT serial FROM certificates WHERE not_after < ? LIMIT ?)`},
		{365 * day, `DELETE FROM enrolments WHERE id IN (SELECT id FROM enrolments WHERE asked_at < ? LIMIT ?)`},
		{365 * day, `DELETE FROM remote_openings WHERE id IN (SELECT id FROM remote_openings WHERE created_at < ? LIMIT ?)`},
		{365 * day, `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? LIMIT ?)`},
	}
}

// Prune removes up to limit rows of what is past its retention, each kind in a transaction
// of its own, and returns how many it removed.
func (s *Store) Prune(ctx context.Context, limit int) (int, error) {
	removed := 0
	for _, r := range retentions() {
		if removed >= limit {
			break
		}
		var n int64
		err := s.tx(ctx, "prune", func(t *tx) (err error) {
			n, err = t.exec(r.statement, t.now.Add(-r.keep), limit-removed)
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += int(n)
	}
	return removed, nil
}
