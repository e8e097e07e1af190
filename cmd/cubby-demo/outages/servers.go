package outages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rig"
	"cubby/cmd/cubby-demo/stage"
	"cubby/models"
)

const (
	// backWithin is how soon a cabinet of a gateway that is gone is connected again.
	backWithin = 10 * time.Second
	// gatewayFor is longer than a gateway's lease and a cabinet's patience with a silent line, workerFor than Temporal's
	// with a worker.
	gatewayFor, workerFor = 20 * time.Second, 12 * time.Second
	frozenLong            = 90 * time.Second
	restartLimit          = 30 * time.Second
)

// place is where a cabinet is connected, as the table of gateways says.
type place struct {
	instance string
	n        int64
	live     bool
}

func (w *world) places(ctx context.Context) (map[string]place, error) {
	rows, err := w.db.QueryContext(ctx, `SELECT c.locker, c.instance, c.n, c.ended_at IS NULL AND g.expires_ms IS NOT NULL
			AND g.expires_ms > extract(epoch FROM clock_timestamp()) * 1000
		FROM locker_connections c LEFT JOIN gateway_instances g ON g.instance = c.instance AND g.run = c.run`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]place{}
	for rows.Next() {
		var locker string
		var p place
		if err := rows.Scan(&locker, &p.instance, &p.n, &p.live); err != nil {
			return nil, err
		}
		found[locker] = p
	}
	return found, rows.Err()
}

// busiest is the gateway with the most cabinets, and the other one.
func (w *world) busiest(ctx context.Context) (most, other *stage.Part, before map[string]place, err error) {
	if before, err = w.places(ctx); err != nil {
		return nil, nil, nil, err
	}
	count := map[string]int{}
	for _, p := range before {
		if p.live {
			count[p.instance]++
		}
	}
	most, other = w.stage.Part("gateway-1"), w.stage.Part("gateway-2")
	if count[other.Instance] > count[most.Instance] {
		most, other = other, most
	}
	if count[most.Instance] == 0 {
		return nil, nil, nil, errors.New("no cabinet is connected")
	}
	return most, other, before, nil
}

// of lists the cabinets that are at a gateway.
func of(gateway *stage.Part, at map[string]place) []string {
	var lockers []string
	for locker, p := range at {
		if p.instance == gateway.Instance {
			lockers = append(lockers, locker)
		}
	}
	return lockers
}

// back waits until each of the cabinets has a new connection, and returns when the last of them had one, from a moment on.
func (w *world) back(ctx context.Context, lockers []string, before map[string]place, since time.Time, within time.Duration) (time.Duration, error) {
	var last time.Duration
	err := people.Await(ctx, fmt.Sprintf("%d cabinets to be back", len(lockers)), lookEvery, func() (bool, string, error) {
		now, err := w.places(ctx)
		if err != nil {
			return false, err.Error(), nil
		}
		last = time.Since(since)
		for _, locker := range lockers {
			got := now[locker]
			if got.live && got.n > before[locker].n {
				continue
			}
			if last > within {
				return false, "", fmt.Errorf("after %.1f s cabinet %s is at %+v, before at %+v", last.Seconds(), locker, got, before[locker])
			}
			return false, fmt.Sprintf("%s: %+v", locker, got), nil
		}
		return true, "", nil
	})
	return last, err
}

func restart(ctx context.Context, p *stage.Part) error {
	ctx, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	return p.Start(ctx)
}

// gatewayKilled: its cabinets connect to the other one.
func gatewayKilled(ctx context.Context, w *world) (string, error) {
	victim, other, before, err := w.busiest(ctx)
	if err != nil {
		return "", err
	}
	since := time.Now()
	if err := victim.Kill(); err != nil {
		return "", err
	}
	if err := w.sabotage(other.Kill); err != nil {
		return "", err
	}
	gone := of(victim, before)
	took, err := w.back(ctx, gone, before, since, backWithin)
	if err != nil {
		return "", err
	}
	pause(ctx, time.Second) // life goes on without it
	return fmt.Sprintf("%d cabinets back after %.1f s", len(gone), took.Seconds()), restart(ctx, victim)
}

func (w *world) freezeFor(short time.Duration) time.Duration {
	if w.long {
		return frozenLong
	}
	return short
}

// gatewayFrozen: its cabinets notice and go to the other one. Thawed, it commands nobody and takes nobody's place.
func gatewayFrozen(ctx context.Context, w *world) (string, error) {
	victim, _, before, err := w.busiest(ctx)
	if err != nil {
		return "", err
	}
	since := time.Now()
	if err := victim.Freeze(); err != nil {
		return "", err
	}
	gone := of(victim, before)
	took, err := w.back(ctx, gone, before, since, backWithin)
	if err != nil {
		return "", errors.Join(err, victim.Thaw())
	}
	pause(ctx, w.freezeFor(gatewayFor)-time.Since(since))
	moved, err := w.places(ctx)
	if err := errors.Join(err, victim.Thaw()); err != nil {
		return "", err
	}
	if err := w.sabotage(func() error { return w.streets[0].site.OpenPast(ctx, cellsEach) }); err != nil {
		return "", err
	}
	err = people.Holds(ctx, "the thawed gateway takes nobody's place", 3*time.Second, func() (bool, string, error) {
		now, err := w.places(ctx)
		for locker, p := range moved {
			if got := now[locker]; got != p {
				return false, fmt.Sprintf("%s was at %+v and is at %+v", locker, p, got), err
			}
		}
		return true, "", err
	})
	return fmt.Sprintf("%d cabinets back after %.1f s; thawed after %.0f s", len(gone), took.Seconds(), w.freezeFor(gatewayFor).Seconds()), err
}

// workerFrozen: what it had in hand is done by the other one; thawed, it does nothing twice.
func workerFrozen(ctx context.Context, w *world) (string, error) {
	victim, other := w.stage.Part("worker-1"), w.stage.Part("worker-2")
	if err := w.stage.Mailbox("").Misbehave(ctx, "slow", 0, 400*time.Millisecond); err != nil {
		return "", err
	}
	var held int
	var since time.Time
	err := people.Await(ctx, "a moment at which a worker has activities in hand", lookEvery, func() (bool, string, error) {
		since = time.Now()
		if err := victim.Freeze(); err != nil {
			return false, "", err
		}
		var err error
		if held, err = w.inHand(ctx, victim.Pid()); held > 0 && err == nil {
			return true, "", nil
		}
		return false, fmt.Sprintf("%d in hand", held), errors.Join(err, victim.Thaw())
	})
	if err != nil {
		return "", err
	}
	if err := w.sabotage(other.Freeze); err != nil {
		return "", err
	}
	pause(ctx, w.freezeFor(workerFor)-time.Since(since))
	whole := w.wholeLives()
	if whole == 0 {
		return "", errors.New("nobody who brought a parcel while the worker was frozen had it collected: the other does not do its work")
	}
	err = errors.Join(victim.Thaw(), w.stage.Mailbox("").Misbehave(ctx, "none", 0, 0))
	return fmt.Sprintf("%d activities in hand; %d whole lives meanwhile; thawed after %.0f s", held, whole, w.freezeFor(workerFor).Seconds()), err
}

// wholeLives counts those brought and collected during the outage.
func (w *world) wholeLives() int {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	return w.tally.row.whole
}

// inHand counts the activities of the lives under way that a process has begun, as Temporal says. Unlike a poll that is
// under way, they were handed out.
func (w *world) inHand(ctx context.Context, pid int) (int, error) {
	n := 0
	for _, s := range w.streets {
		s.mu.Lock()
		open := slices.Clone(s.open)
		s.mu.Unlock()
		for _, l := range open {
			described, err := w.temporal.DescribeWorkflowExecution(ctx, models.ShipmentWorkflowID(models.ShipmentID(l.shipment)), "")
			var missing *serviceerror.NotFound
			if errors.As(err, &missing) {
				continue // not begun yet
			}
			if err != nil {
				return 0, err
			}
			for _, a := range described.GetPendingActivities() {
				if a.GetState() == enums.PENDING_ACTIVITY_STATE_STARTED && strings.HasPrefix(a.GetLastWorkerIdentity(), fmt.Sprintf("%d@", pid)) {
					n++
				}
			}
		}
	}
	return n, nil
}

// apiKilled: calls go on by the other one.
func apiKilled(ctx context.Context, w *world) (string, error) {
	victim, other := w.stage.Part("api-1"), w.stage.Part("api-2")
	calls, broken, last := 0, 0, time.Duration(0)
	since := time.Now()
	if err := victim.Kill(); err != nil {
		return "", err
	}
	if err := w.sabotage(other.Kill); err != nil {
		return "", err
	}
	for time.Since(since) < 3*time.Second {
		_, err := w.hasty.Shipment(ctx, w.someShipment())
		calls++
		if err != nil {
			broken, last = broken+1, time.Since(since)
		}
		if !pause(ctx, 10*time.Millisecond) {
			return "", ctx.Err()
		}
	}
	if last > time.Second {
		return "", fmt.Errorf("%.1f s after the kill a call still failed; %d of %d did", last.Seconds(), broken, calls)
	}
	return fmt.Sprintf("%d of %d calls failed, the last %.1f s after the kill", broken, calls, last.Seconds()), restart(ctx, victim)
}

// someShipment is one that was announced in this play.
func (w *world) someShipment() string {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	return w.tally.lives[len(w.tally.lives)-1].shipment
}

func postgresFast(ctx context.Context, w *world) (string, error) {
	figure, err := w.restartPostgres(ctx, rig.Fast)
	if err != nil {
		return "", err
	}
	return figure, w.sabotage(func() error {
		_, err := w.db.ExecContext(ctx, "DELETE FROM facts WHERE locker = $1 AND seq = 1", w.streets[0].at.Locker)
		return err
	})
}

func postgresImmediate(ctx context.Context, w *world) (string, error) {
	if err := w.sabotage(w.streets[0].site.CutPower); err != nil {
		return "", err
	}
	return w.restartPostgres(ctx, rig.Immediate)
}

// postgresAway is how long the database stays down at least: long enough for people to come to every cabinet.
const postgresAway = 4 * time.Second

// restartPostgres: nobody at a screen meets an error; announcements are taken or told when to come again.
func (w *world) restartPostgres(ctx context.Context, mode rig.ShutdownMode) (string, error) {
	since := time.Now()
	if err := w.stage.Database.Shutdown(mode); err != nil {
		return "", err
	}
	pause(ctx, postgresAway-time.Since(since))
	starting, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	if err := w.stage.Database.Start(starting); err != nil {
		return "", err
	}
	down := time.Since(since)
	err := people.Await(ctx, "the API to serve again", lookEvery, func() (bool, string, error) {
		_, err := w.hasty.Shipment(ctx, w.someShipment())
		return err == nil, fmt.Sprint(err), nil
	})
	if err != nil {
		return "", err
	}
	served := time.Since(since)
	err = people.Await(ctx, "every cabinet to be connected", lookEvery, func() (bool, string, error) {
		now, err := w.places(ctx)
		if err != nil {
			return false, err.Error(), nil
		}
		for _, s := range w.streets {
			if !now[s.at.Locker].live {
				return false, fmt.Sprintf("%s: %+v", s.at.Locker, now[s.at.Locker]), nil
			}
		}
		return true, "", nil
	})
	return fmt.Sprintf("down %.1f s, served again %.1f s later, every cabinet connected %.1f s later", down.Seconds(),
		(served - down).Seconds(), (time.Since(since) - down).Seconds()), err
}
