package store

import (
	"context"

	"cubby/models"
)

// linksTold bounds one round of telling.
const linksTold = 500

// TellLinks tells who sees them which cabinets are connected now and were not, and which are
// away for as long as counts as an outage: a cabinet that changes its gateway tells nothing. It
// returns how many it told of.
func (s *Store) TellLinks(ctx context.Context) (told int, err error) {
	err = s.tx(ctx, "links", func(t *tx) error {
		now, err := t.clock()
		if err != nil {
			return err
		}
		var changed []struct {
			Locker models.LockerID
			Number string
			Test   bool
			Online bool
		}
		// A dead gateway's connections are away since its last beat, whether or not another has
		// ended them.
		err = t.db.Raw(`SELECT c.locker, l.number, l.test, (c.ended_at IS NULL AND coalesce(g.expires_ms, 0) > @now) AS online
			FROM locker_connections c JOIN lockers l ON l.id = c.locker
			LEFT JOIN gateway_instances g ON g.instance = c.instance AND g.run = c.run
			WHERE c.told <> 'online' AND c.ended_at IS NULL AND g.expires_ms > @now
			OR c.told = 'online' AND (c.ended_at IS NOT NULL AND c.seen_at <= @away
				OR c.ended_at IS NULL AND coalesce(g.expires_ms, 0) <= @dead)
			ORDER BY c.locker LIMIT @limit`, map[string]any{
			"now": now, "away": t.now.Add(-outageLeast), "limit": linksTold,
			"dead": now - outageLeast.Milliseconds() + models.GatewayLease.Milliseconds(),
		}).Scan(&changed).Error
		if err != nil || len(changed) == 0 {
			return err
		}
		byState := map[string][]models.LockerID{}
		for _, c := range changed {
			what, state := models.EventLockerOffline, "offline"
			if c.Online {
				what, state = models.EventLockerOnline, "online"
			}
			byState[state] = append(byState[state], c.Locker)
			t.tellNetwork(c.Test, models.FeedEvent{Type: what, At: t.now, Data: models.EventData{Locker: c.Locker, Number: c.Number}})
		}
		for state, lockers := range byState {
			if _, err := t.exec("UPDATE locker_connections SET told = ? WHERE locker IN ?", state, lockers); err != nil {
				return err
			}
		}
		told = len(changed)
		return nil
	})
	return told, err
}
