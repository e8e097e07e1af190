package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/stage"
)

const (
	phaseHits = 3
	// flightHits is how often a process that sends is to be killed at the moment at which something is seen in flight, of
	// each kind.
	flightHits = 2
	aimLimit   = 12 * time.Second
	startWait  = time.Minute
	// calmFor is how long everything has to run before "led" is aimed at: with a part just back, a cabinet that opens a
	// door may have decided by itself.
	calmFor = 1500 * time.Millisecond
	// relaxed paces the kills once all that is required is done.
	relaxed = 4 * time.Second
)

// shot is one kill.
type shot struct {
	At     time.Time
	Part   string
	Sends  bool // the part sends messages and posts events
	Aim    phase
	Phases map[phase]bool
	Down   time.Duration // until it was ready again
}

// quota is how many kills are required.
type quota struct{ each, total int }

// killer kills parts, one after another, and starts each again at once.
type killer struct {
	parts   []*stage.Part
	quota   quota
	tracker *tracker
	random  *rand.Rand
	log     func(format string, args ...any)

	shots []shot
	calm  time.Time // since when everything runs
}

// run kills until stop is closed and no earlier than the quota is met, or the context ends.
func (k *killer) run(ctx context.Context, stop <-chan struct{}, met func()) error {
	k.calm = time.Now()
	done := false
	for {
		if !done && k.missing() == nil {
			done = true
			met()
		}
		wait := 300*time.Millisecond + below(k.random, time.Second)
		if done {
			wait += relaxed
		}
		select {
		case <-ctx.Done():
			if missing := k.missing(); missing != nil {
				return fmt.Errorf("time is over and kills are missing: %v", missing)
			}
			return nil
		case <-time.After(wait):
		}
		select {
		case <-stop:
			return nil
		default:
		}
		if err := k.kill(ctx); err != nil {
			return err
		}
	}
}

// missing says what the quota still wants; nil: nothing.
func (k *killer) missing() []string { return missing(k.shots, k.names(), k.quota) }

func missing(shots []shot, parts []string, q quota) []string {
	var wants []string
	for _, p := range parts {
		if n := countPart(shots, p); n < q.each {
			wants = append(wants, fmt.Sprintf("%s was killed %d times of %d", p, n, q.each))
		}
	}
	if len(shots) < q.total {
		wants = append(wants, fmt.Sprintf("%d kills of %d", len(shots), q.total))
	}
	for _, p := range required() {
		if n := countPhase(shots, p); n < phaseHits {
			wants = append(wants, fmt.Sprintf("%s was hit %d times of %d", p, n, phaseHits))
		}
	}
	for _, p := range inFlight() {
		if n := countFlight(shots, p); n < flightHits {
			wants = append(wants, fmt.Sprintf("a sender was killed at %s %d times of %d", p, n, flightHits))
		}
	}
	return wants
}

func (k *killer) names() []string {
	names := make([]string, len(k.parts))
	for i, p := range k.parts {
		names[i] = p.Name
	}
	return names
}

// kill kills one part, in the phase that needs it most.
func (k *killer) kill(ctx context.Context) error {
	part, target := k.part(), k.phase()
	if part.Sends && k.random.IntN(3) > 0 {
		target = least(k.random, inFlight(), func(p phase) int { return countFlight(k.shots, p) })
	}
	s := shot{Part: part.Name, Sends: part.Sends, Aim: target}
	killed := make(chan error, 1)
	fire := func(life int) {
		s.At = time.Now()
		s.Phases = k.tracker.phases(s.At)
		if time.Since(k.calm) < calmFor {
			delete(s.Phases, led)
		}
		killed <- part.Kill()
	}
	if !k.shoot(ctx, target, fire) {
		return nil // no life came there in time: something else next
	}
	if err := <-killed; err != nil {
		return fmt.Errorf("%s ended by itself, or could not be killed: %w", part.Name, err)
	}
	starting, cancel := context.WithTimeout(context.WithoutCancel(ctx), startWait)
	defer cancel()
	if err := part.Start(starting); err != nil {
		return fmt.Errorf("after a kill: %w", err)
	}
	k.calm = time.Now()
	s.Down = k.calm.Sub(s.At)
	k.shots = append(k.shots, s)
	k.log("kill %2d at %s: %-8s aimed at %-15s down %.1f s", len(k.shots), clock(s.At), s.Part, s.Aim, s.Down.Seconds())
	return nil
}

// shoot fires once, when a life is in the phase: at the moment at which it gets there, or some time into it.
func (k *killer) shoot(ctx context.Context, target phase, fire func(life int)) bool {
	ctx, cancel := context.WithTimeout(ctx, aimLimit)
	defer cancel()
	if target == led {
		pause(ctx, calmFor-time.Since(k.calm))
	}
	if target.brief() || k.random.IntN(4) == 0 {
		fired := make(chan struct{})
		k.tracker.aimAt(&aim{target, func(life int) { fire(life); close(fired) }})
		select {
		case <-fired:
			return true
		case <-ctx.Done():
			if k.tracker.aimAt(nil) {
				return false
			}
			<-fired // it came at the last moment
			return true
		}
	}
	delay := below(k.random, 400*time.Millisecond)
	for {
		if k.tracker.phases(time.Now())[target] {
			pause(ctx, delay)
			if k.tracker.phases(time.Now())[target] {
				fire(0)
				return true
			}
			delay /= 2 // it is over sooner than that
		}
		if !pause(ctx, 20*time.Millisecond) {
			return false
		}
	}
}

// part is one of those that were killed least.
func (k *killer) part() *stage.Part {
	return least(k.random, k.parts, func(p *stage.Part) int { return countPart(k.shots, p.Name) })
}

// phase is one of those that were hit least.
func (k *killer) phase() phase {
	return least(k.random, append(required(), announcing), func(p phase) int { return countAim(k.shots, p) + countPhase(k.shots, p) })
}

// least returns a random one of those with the lowest count.
func least[T any](random *rand.Rand, all []T, count func(T) int) T {
	lowest := slices.Min(mapped(all, count))
	var found []T
	for _, v := range all {
		if count(v) == lowest {
			found = append(found, v)
		}
	}
	return found[random.IntN(len(found))]
}

func mapped[T, U any](all []T, f func(T) U) []U {
	made := make([]U, len(all))
	for i, v := range all {
		made[i] = f(v)
	}
	return made
}

func countPart(shots []shot, part string) (n int) {
	for _, s := range shots {
		if s.Part == part {
			n++
		}
	}
	return n
}

func countPhase(shots []shot, p phase) (n int) {
	for _, s := range shots {
		if s.Phases[p] {
			n++
		}
	}
	return n
}

// countFlight counts the kills of a sender that were aimed at a phase.
func countFlight(shots []shot, p phase) (n int) {
	for _, s := range shots {
		if s.Sends && s.Aim == p {
			n++
		}
	}
	return n
}

func countAim(shots []shot, p phase) (n int) {
	for _, s := range shots {
		if s.Aim == p {
			n++
		}
	}
	return n
}

// below draws a duration.
func below(random *rand.Rand, limit time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(limit)))
}

// pause waits; false means that the context ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
