package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

const (
	// outagesTold bounds the cabinets of one round, and outboxFull is how many rows wait in the outbox when a round is
	// left out: where a whole network is away, facts and starts must not wait behind all of its lives.
	outagesTold = 20
	outboxFull  = 500
)

// away is a cabinet of whose outage the lives there are to be told that it began, or that it is over.
type away struct {
	Locker    models.LockerID
	N         int64
	SeenAt    time.Time
	EndedAt   *time.Time
	ExpiresMs *int64
	NowMs     int64
	DownSince *time.Time
	Place     models.LocationID
}

// began is when it was last heard of.
func (a away) began() time.Time {
	if a.EndedAt == nil && a.ExpiresMs != nil {
		return gatewayInstance{ExpiresMs: *a.ExpiresMs}.beat()
	}
	return a.SeenAt.UTC()
}

// TellOutages tells the lives of what waits for a client in cabinets that are away for at least so long while people
// could come, once for each outage, and once more when such a cabinet is back and its journal is here. It returns of how
// many cabinets it told; outagesTold at most, and none while the outbox is full.
func (s *Store) TellOutages(ctx context.Context, least time.Duration) (told int, err error) {
	waiting, err := s.OutboxSize(ctx)
	if err != nil || waiting >= outboxFull {
		return 0, err
	}
	lasting, err := s.lasting(ctx, least)
	if err != nil {
		return 0, mapError(err)
	}
	over, err := s.over(ctx)
	if err != nil {
		return 0, mapError(err)
	}
	for _, a := range append(over, lasting...) {
		if told == outagesTold {
			break
		}
		if err := s.tx(ctx, "outage", func(t *tx) error { return t.tellOutage(a) }); err != nil {
			return told, err
		}
		told++
	}
	return told, nil
}

// connections reads those that a condition is about, the cabinet that was heard of longest ago first.
func (s *Store) connections(ctx context.Context, where string, args ...any) (found []away, err error) {
	err = s.read.WithContext(ctx).Raw(`SELECT c.locker, c.n, c.seen_at, c.ended_at, c.down_since, g.expires_ms, l.location AS place, `+s.clockMS()+` AS now_ms
		FROM locker_connections c JOIN lockers l ON l.id = c.locker
		LEFT JOIN gateway_instances g ON g.instance = c.instance AND g.run = c.run
		WHERE `+where+` ORDER BY c.seen_at, c.locker`, args...).Scan(&found).Error
	return found, err
}

// lasting lists the cabinets that are away for so long while their place was open, and of which nobody was told.
func (s *Store) lasting(ctx context.Context, least time.Duration) ([]away, error) {
	// Leases are by the database's clock, what gateways saw by theirs.
	found, err := s.connections(ctx, `c.down_since IS NULL AND (c.ended_at IS NOT NULL AND c.seen_at <= @since
		OR c.ended_at IS NULL AND coalesce(g.expires_ms, 0) <= `+s.clockMS()+` - @dead)`,
		map[string]any{"since": s.now().Add(-least), "dead": (least - models.GatewayLease).Milliseconds()})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	places, err := s.placesOf(ctx, found)
	if err != nil {
		return nil, err
	}
	var lasting []away
	for _, a := range found {
		place, now := places[a.Place], s.now()
		if a.EndedAt == nil {
			now = time.UnixMilli(a.NowMs)
		}
		if place.Hours.OpenFor(place.Zone(), a.began(), now) >= least {
			lasting = append(lasting, a)
		}
		if len(lasting) == outagesTold {
			break
		}
	}
	return lasting, nil
}

func (s *Store) placesOf(ctx context.Context, found []away) (map[models.LocationID]models.Location, error) {
	ids := make([]models.LocationID, len(found))
	for i, a := range found {
		ids[i] = a.Place
	}
	places := make(map[models.LocationID]models.Location, len(found))
	rows, err := gorm.G[models.Location](s.read).Where("id IN ?", ids).Find(ctx)
	for _, l := range rows {
		places[l.ID] = l
	}
	return places, err
}

// over lists the cabinets that are back with all of their journals, and of which it was told that they are away: what
// was collected meanwhile is known by now.
func (s *Store) over(ctx context.Context) ([]away, error) {
	return s.connections(ctx, `c.down_since IS NOT NULL AND c.ended_at IS NULL AND c.current_at IS NOT NULL AND g.expires_ms > `+s.clockMS())
}

// tellOutage signals the lives of one cabinet. The row of its connection says what they were told: who else tells of the same
// finds it said.
func (t *tx) tellOutage(a away) error {
	signal := models.LockerSignal{Locker: a.Locker, News: models.NewsDown, At: a.began()}
	statement, args := "UPDATE locker_connections SET down_since = ? WHERE locker = ? AND n = ? AND down_since IS NULL", []any{signal.At, a.Locker, a.N}
	if a.DownSince != nil {
		signal = models.LockerSignal{Locker: a.Locker, News: models.NewsBack, At: t.now, Since: a.DownSince.UTC()}
		ended, err := gorm.G[outage](t.db).Where("locker = ? AND began = ?", a.Locker, signal.Since).Limit(1).Find(t.ctx)
		if err != nil {
			return err
		}
		if len(ended) > 0 {
			signal.At = ended[0].Ended.UTC()
		}
		statement, args = "UPDATE locker_connections SET down_since = NULL WHERE locker = ? AND down_since = ?", []any{a.Locker, signal.Since}
	}
	if n, err := t.exec(statement, args...); err != nil || n == 0 {
		return err
	}
	there, err := gorm.G[models.Shipment](t.db).Where("locker = ? AND state IN ? AND NOT frozen", a.Locker,
		[]models.ShipmentState{models.StateReady, models.StatePartlyPickedUp}).Order("id").Find(t.ctx)
	if err != nil {
		return err
	}
	var news []models.OutboxRow
	for _, s := range there {
		news = append(news, signalLocker(s.ID, signal))
	}
	return t.post(news...)
}
