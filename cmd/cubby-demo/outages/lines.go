package outages

import (
	"context"
	"fmt"
	"time"

	"cubby/cmd/cubby-demo/line"
	"cubby/cmd/cubby-demo/people"
)

// lineLimit is the longest until a cabinet is connected again, has told all and does not wait any more, after its line is
// sound: it dials again after 30 s at the latest.
const lineLimit = 30 * time.Second

// lineSlow: pieces come late, each by another time.
func lineSlow(ctx context.Context, w *world) (string, error) {
	return w.disturbed(ctx, 4*time.Second, func(seed uint64) line.Fault {
		return line.Fault{Delay: 150 * time.Millisecond, Jitter: 250 * time.Millisecond, Seed: seed}
	}, nil)
}

// lineCuts: connections end in the middle, up to 20 kB after their begin, in one direction and then in the other.
func lineCuts(ctx context.Context, w *world) (string, error) {
	const bytes = 20 << 10
	if _, err := w.disturbed(ctx, 3*time.Second, func(seed uint64) line.Fault {
		return line.Fault{CutUp: bytes, Seed: seed}
	}, nil); err != nil {
		return "", err
	}
	return w.disturbed(ctx, 3*time.Second, func(seed uint64) line.Fault {
		return line.Fault{CutDown: bytes, Seed: seed}
	}, nil)
}

// lineBlackHole: connections are taken, and nothing comes of it.
func lineBlackHole(ctx context.Context, w *world) (string, error) {
	return w.disturbed(ctx, 7*time.Second, func(seed uint64) line.Fault { return line.Fault{Swallow: true, Seed: seed} }, nil)
}

// lineHalfOpen: the cabinet's end of its connections closes, and the server is not told; then the server's end, and the
// cabinet is not told.
func lineHalfOpen(ctx context.Context, w *world) (string, error) {
	var took [2]time.Duration
	for i, side := range []line.Side{line.Cabinet, line.Server} {
		before, err := w.places(ctx)
		if err != nil {
			return "", err
		}
		since := time.Now()
		var lockers []string
		for _, s := range w.streets {
			s.site.Line().HalfOpen(side)
			lockers = append(lockers, s.at.Locker)
		}
		if took[i], err = w.back(ctx, lockers, before, since, backWithin); err != nil {
			return "", err
		}
	}
	figure, err := w.mended(ctx)
	return fmt.Sprintf("back after %.1f s, the cabinet not told after %.1f s; %s", took[0].Seconds(), took[1].Seconds(), figure), err
}

// lineResets: a box in the middle forgets its connections again and again.
func lineResets(ctx context.Context, w *world) (string, error) {
	return w.disturbed(ctx, 4*time.Second, func(uint64) line.Fault { return line.Fault{} }, func(s *street) { s.site.Line().Reset() })
}

// disturbed has every line be at fault for a while, and does something to it every second.
func (w *world) disturbed(ctx context.Context, long time.Duration, fault func(seed uint64) line.Fault, also func(*street)) (string, error) {
	for _, s := range w.streets {
		s.site.Line().Disturb(fault(w.random.Uint64()))
	}
	for until := time.Now().Add(long); time.Now().Before(until); {
		if also != nil {
			for _, s := range w.streets {
				also(s)
			}
		}
		if !pause(ctx, min(time.Second, time.Until(until))) {
			return "", ctx.Err()
		}
	}
	for _, s := range w.streets {
		s.site.Line().Disturb(line.Fault{})
	}
	return w.mended(ctx)
}

// mended waits until every cabinet is connected and the facts of the outage are with the server.
func (w *world) mended(ctx context.Context) (string, error) {
	since := time.Now()
	for _, s := range w.streets {
		if err := w.sabotage(func() error { s.site.CutLine(); return nil }); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, lineLimit)
	defer cancel()
	for _, s := range w.streets {
		before, err := s.site.Snapshot(ctx)
		if err != nil {
			return "", err
		}
		err = people.Await(ctx, fmt.Sprintf("cabinet %d to be connected and its facts to arrive", s.n+1), lookEvery, func() (bool, string, error) {
			now, err := s.site.Snapshot(ctx)
			arrived := now.Epoch == before.Epoch && now.Seq-now.Unsent >= before.Seq
			return now.Online && arrived, fmt.Sprintf("online %t, unsent %d", now.Online, now.Unsent), err
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("all facts told %.1f s after the end", time.Since(since).Seconds()), nil
}
