package outages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/stage"
)

// apart is how far the clocks of servers differ.
const apart = 30 * time.Second

// clocksApart: of each role one process's clock is ahead of the other's, of the database's and of Temporal's, and then
// behind; every cabinet is at that one's gateway. Nobody's lease runs out for it, and life goes on.
func clocksApart(ctx context.Context, w *world) (string, error) {
	whole := 0
	for _, ahead := range []time.Duration{apart, -apart} {
		if err := w.sabotage(func() error { ahead = 0; return nil }); err != nil {
			return "", err
		}
		if err := w.setClocks(ctx, ahead); err != nil {
			return "", err
		}
		if err := w.allAt(ctx, w.stage.Part("gateway-1"), w.stage.Part("gateway-2")); err != nil {
			return "", err
		}
		w.troubled(true)
		at, err := w.places(ctx)
		if err != nil {
			return "", err
		}
		err = people.Holds(ctx, "nobody's place is taken", 3*time.Second, func() (bool, string, error) {
			now, err := w.places(ctx)
			for locker, p := range at {
				if got := now[locker]; got != p {
					return false, fmt.Sprintf("%s was at %+v and is at %+v", locker, p, got), err
				}
			}
			return true, "", err
		})
		if err != nil {
			return "", err
		}
		if err := w.livesGoOn(ctx); err != nil {
			return "", err
		}
		whole += w.wholeLives()
	}
	return fmt.Sprintf("api, gateway and worker %.0f s ahead, then behind; %d whole lives", apart.Seconds(), whole), w.setClocks(ctx, 0)
}

// livesGoOn waits until as many lives as there are cabinets were brought and collected since the clocks were set: none
// waits for what the clocks differ by.
func (w *world) livesGoOn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apart/2)
	defer cancel()
	return people.Await(ctx, "lives to go on", lookEvery, func() (bool, string, error) {
		n := w.wholeLives()
		return n >= len(w.streets), fmt.Sprintf("%d whole lives", n), nil
	})
}

// setClocks restarts one process of each role with another clock, and looks whether it has it.
func (w *world) setClocks(ctx context.Context, ahead time.Duration) error {
	for _, name := range []string{"api-1", "gateway-1", "worker-1"} {
		part := w.stage.Part(name)
		if err := part.Kill(); err != nil {
			return err
		}
		part.SetClockAhead(ahead)
		if err := restart(ctx, part); err != nil {
			return err
		}
		shown, err := clockOf(ctx, part)
		if err != nil {
			return err
		}
		want := ahead
		if w.breaking {
			want = apart
		}
		if off := shown - want; off.Abs() > 5*time.Second {
			return fmt.Errorf("the clock of %s is %.0f s ahead, not %.0f s", name, shown.Seconds(), want.Seconds())
		}
	}
	return nil
}

// clockOf is how far a process's clock is ahead, as its answers tell.
func clockOf(ctx context.Context, p *stage.Part) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.OpsURL+"/healthz", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	shown, err := http.ParseTime(response.Header.Get("Date"))
	return time.Until(shown), errors.Join(err, response.Body.Close())
}

// allAt brings every cabinet to one gateway: the other is killed, and started again.
func (w *world) allAt(ctx context.Context, gateway, other *stage.Part) error {
	before, err := w.places(ctx)
	if err != nil {
		return err
	}
	since := time.Now()
	if err := other.Kill(); err != nil {
		return err
	}
	if _, err := w.back(ctx, of(other, before), before, since, backWithin); err != nil {
		return fmt.Errorf("to %s: %w", gateway.Name, err)
	}
	return restart(ctx, other)
}
