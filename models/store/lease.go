package store

import (
	"context"
	"time"
)

// lease is who may do what only one process does at a time.
type lease struct {
	Name      string `gorm:"primaryKey"`
	Holder    string
	ExpiresMs int64
}

// clockMS is the database's own clock in Unix milliseconds: holders' clocks may differ.
func (s *Store) clockMS() string {
	if s.postgres {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
	}
	return "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)"
}

// Lease takes or renews a lease and reports whether the holder has it now. Another holder
// gets it only once it has run out.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	now := s.clockMS()
	err = s.tx(ctx, "lease", func(t *tx) error {
		n, err := t.exec(`INSERT INTO leases (name, holder, expires_ms) VALUES (?, ?, `+now+` + ?)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms
			WHERE leases.holder = excluded.holder OR leases.expires_ms <= `+now,
			name, holder, ttl.Milliseconds())
		held = n == 1
		return err
	})
	return held, err
}

// ReleaseLease gives a lease up, if the holder has it.
func (s *Store) ReleaseLease(ctx context.Context, name, holder string) error {
	return s.tx(ctx, "release", func(t *tx) error {
		_, err := t.exec("DELETE FROM leases WHERE name = ? AND holder = ?", name, holder)
		return err
	})
}
