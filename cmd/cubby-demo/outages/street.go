package outages

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
)

const (
	policy = "express"
	// aheadOf is how many parcels are announced before a cabinet and not brought yet, openAtOnce how many lives are open.
	aheadOf, openAtOnce = 2, 5
	// settled is how long after its announcement a cabinet knows of a parcel, while nothing is wrong.
	settled = 1500 * time.Millisecond
	// doorWithin is the longest from a scan or a code to an open door: 2 s for the server's word, 3 s for its command, and
	// the lock.
	doorWithin = 7 * time.Second
	actLimit   = 15 * time.Second
	// codeTries stays below the wrong codes in a row that pause the pad.
	codeTries = 3
	typeAgain = 1500 * time.Millisecond
	// betweenActs is the longest that nobody stands before a cabinet.
	betweenActs = 400 * time.Millisecond
)

// street is a cabinet and the people who come to it, one at a time.
type street struct {
	*world
	at     people.Cabinet
	site   *sites.Site
	n      int
	random *rand.Rand

	mu    sync.Mutex
	open  []*life
	count int // lives that were begun, ever
}

// life is one shipment of one parcel.
type life struct {
	street                         *street
	number, address, shipment, bar string
	answered, notBefore            time.Time
	deposited                      bool
	outage                         int // in which it was brought; 0: in none
	code                           string
	typed                          int // times that the code was not known yet
}

// crowd is everybody who comes to the cabinets in a play.
type crowd struct {
	*world
	announcing, all sync.WaitGroup
	stop            chan struct{} // nothing new is announced
	end             context.CancelFunc
}

// gather has people come to every cabinet.
func (w *world) gather(ctx context.Context) *crowd {
	ctx, end := context.WithCancel(ctx)
	c := &crowd{world: w, stop: make(chan struct{}), end: end}
	for _, s := range w.streets {
		s.open = nil
		c.announcing.Go(func() { s.announce(ctx, c.stop) })
		c.all.Go(func() { s.act(ctx) })
	}
	return c
}

// busy waits until each cabinet expects a parcel and has one whose code is known, so that both can be done in an outage.
func (w *world) busy(ctx context.Context) error {
	return people.Await(ctx, "life at every cabinet", lookEvery, func() (bool, string, error) {
		for _, s := range w.streets {
			s.mu.Lock()
			expected := slices.ContainsFunc(s.open, func(l *life) bool { return !l.deposited && time.Since(l.answered) > settled })
			waits := slices.ContainsFunc(s.open, func(l *life) bool { return l.code != "" })
			s.mu.Unlock()
			if !expected || !waits {
				return false, fmt.Sprintf("cabinet %d: one can be brought: %t, one can be collected: %t", s.n+1, expected, waits), nil
			}
		}
		return true, "", nil
	})
}

// finish announces nothing more and waits until all that was announced has been collected.
func (c *crowd) finish(ctx context.Context) error {
	close(c.stop)
	c.announcing.Wait()
	return people.Await(ctx, "everything to be collected", lookEvery, func() (bool, string, error) {
		for _, s := range c.streets {
			s.mu.Lock()
			left := len(s.open)
			var first life
			if left > 0 {
				first = *s.open[0]
			}
			s.mu.Unlock()
			if left > 0 {
				return false, fmt.Sprintf("cabinet %d (%s) has %d to go; %s: deposited %t, code known %t",
					s.n+1, s.at.Locker, left, first.shipment, first.deposited, first.code != ""), nil
			}
		}
		return true, "", nil
	})
}

// leave sends everybody home.
func (c *crowd) leave() {
	c.end()
	c.announcing.Wait()
	c.all.Wait()
}

// announce announces parcels for the cabinet, a few ahead of those who bring them.
func (s *street) announce(ctx context.Context, stop chan struct{}) {
	for pause(ctx, lookEvery) {
		select {
		case <-stop:
			return
		default:
		}
		if ahead, open := s.load(); ahead >= aheadOf || open >= openAtOnce {
			continue
		}
		s.announceOne(ctx)
	}
}

func (s *street) load() (ahead, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.open {
		if !l.deposited {
			ahead++
		}
	}
	return ahead, len(s.open)
}

// announceOne announces a shipment as a careful carrier's system does: again, as the same one, when it is told to come
// back or hears nothing. Anything else is a complaint.
func (s *street) announceOne(ctx context.Context) {
	s.mu.Lock()
	s.count++
	number := fmt.Sprintf("P%02d-%d-%03d", s.world.number, s.n+1, s.count)
	s.mu.Unlock()
	l := &life{street: s, number: number, address: number + "@example.org"}
	announcement := people.Announcement{
		Number: l.number, Locker: s.at.Locker, Policy: policy, Contact: people.Contact{Email: l.address},
		Parcels: []people.NewParcel{{Size: "S"}},
	}
	for {
		made, err := s.hasty.Announce(ctx, "key of "+l.number, announcement)
		if err == nil {
			l.shipment, l.bar, l.answered = made.ID, made.Parcels[0].Barcode, time.Now()
			break
		}
		if ctx.Err() != nil {
			return
		}
		var refused *people.Refusal
		switch {
		case !errors.As(err, &refused):
			s.note(func(r *row) { r.broken++ })
		case refused.Status == http.StatusServiceUnavailable && refused.RetryAfter != "":
			s.note(func(r *row) { r.refused++ })
		case refused.Code == "request_in_progress":
		default:
			s.complain("announcing %s: %v (Retry-After %q)", l.number, err, refused.RetryAfter)
			return
		}
		if !pause(ctx, 200*time.Millisecond) {
			return
		}
	}
	s.mu.Lock()
	s.open = append(s.open, l)
	s.mu.Unlock()
	s.tally.mu.Lock()
	s.tally.lives = append(s.tally.lives, l)
	s.tally.mu.Unlock()
}

// act has one person after another do what can be done: bring a parcel, or collect one.
func (s *street) act(ctx context.Context) {
	for pause(ctx, lookEvery+time.Duration(s.random.Int64N(int64(betweenActs)))) {
		s.readMail(ctx)
		l := s.next()
		if l == nil {
			continue
		}
		within, cancel := context.WithTimeout(ctx, actLimit)
		var err error
		if l.deposited {
			err = s.collect(within, l)
		} else {
			err = s.bring(within, l)
		}
		cancel()
		if err != nil && ctx.Err() == nil {
			s.complain("cabinet %d (%s), shipment %s: %v", s.n+1, s.at.Locker, l.shipment, err)
			s.close(l)
		}
	}
}

// next is a life with which something can be done, at random. Until there is an outage, one of each kind is left for it.
func (s *street) next() *life {
	saving := s.saving.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	var bring, collect []*life
	for _, l := range s.open {
		switch {
		case time.Now().Before(l.notBefore):
		case l.code != "":
			collect = append(collect, l)
		case !l.deposited && time.Since(l.answered) > settled:
			bring = append(bring, l)
		}
	}
	if saving {
		bring, collect = bring[min(1, len(bring)):], collect[min(1, len(collect)):]
	}
	ready := slices.Concat(bring, collect)
	if len(ready) == 0 {
		return nil
	}
	return ready[s.random.IntN(len(ready))]
}

func (s *street) close(l *life) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = slices.DeleteFunc(s.open, func(o *life) bool { return o == l })
}

// readMail reads the messages of those who wait for one.
func (s *street) readMail(ctx context.Context) {
	s.mu.Lock()
	open := slices.Clone(s.open)
	s.mu.Unlock()
	for _, l := range open {
		if !l.deposited || l.code != "" {
			continue
		}
		mails, err := s.stage.Mailbox(l.address).Mails(ctx)
		if err != nil || len(mails) == 0 {
			continue
		}
		code, err := people.Code(mails[0])
		if err != nil {
			s.complain("%s: %v", l.address, err)
			s.close(l)
			continue
		}
		s.mu.Lock()
		l.code = code
		s.mu.Unlock()
	}
}

// bring is a courier's errand.
func (s *street) bring(ctx context.Context, l *life) error {
	courier := people.Courier{Badge: s.stage.Badge, PIN: s.stage.PIN, At: s.at}
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	began, outage := time.Now(), s.inTrouble()
	screen, err := s.at.Scan(ctx, l.bar)
	if err == nil && screen.Text == "courier" { // on a busy machine the scanner's line takes its time
		screen, err = s.at.AwaitScreen(ctx, "the screen to answer a scan", func(s people.Screen) bool { return s.Text != "courier" })
	}
	switch {
	case err != nil:
		return err
	case screen.Text == "unknown_label" && !s.shouldKnow(l):
		s.mu.Lock()
		l.notBefore = time.Now().Add(people.ScanAgain)
		s.mu.Unlock()
		return courier.Leave(ctx)
	case screen.Text != "wait" && screen.Text != "opening" && screen.Text != "put_in":
		return fmt.Errorf("the label was refused: %s", screen)
	}
	cell, err := courier.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	s.door(began, "deposit", l)
	if err := courier.Put(ctx, cell, l.bar); err != nil {
		return err
	}
	if err := courier.Close(ctx, cell); err != nil {
		return err
	}
	if outage > 0 {
		s.note(func(r *row) { r.deposited++ })
	}
	s.mu.Lock()
	l.deposited, l.outage = true, outage
	s.mu.Unlock()
	return courier.Leave(ctx)
}

// shouldKnow reports whether a cabinet must know of a parcel: it was announced in time before the outage.
func (s *street) shouldKnow(l *life) bool {
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	return !s.tally.trouble.IsZero() && l.answered.Add(2*settled).Before(s.tally.trouble)
}

// door notes how long a person has waited for a door.
func (s *street) door(began time.Time, act string, l *life) {
	took := time.Since(began)
	s.note(func(r *row) { r.slowest = max(r.slowest, took) })
	if took > doorWithin {
		s.complain("cabinet %d, shipment %s: the door of the %s opened after %.1f s", s.n+1, l.shipment, act, took.Seconds())
	}
}

// collect is a client's errand.
func (s *street) collect(ctx context.Context, l *life) error {
	client := people.Client{At: s.at}
	began, outage := time.Now(), s.inTrouble()
	screen, err := s.at.Keys(ctx, l.code)
	if err != nil {
		return err
	}
	if screen.Text == "wrong_code" && l.typed < codeTries {
		// A fast reader may be there before the cabinet has heard of the code, and tries again as people do.
		s.note(func(r *row) { r.again++ })
		s.mu.Lock()
		l.typed, l.notBefore = l.typed+1, time.Now().Add(typeAgain)
		s.mu.Unlock()
		return nil
	}
	if screen.Text != "wait" && screen.Text != "opening" && screen.Text != "take" {
		return fmt.Errorf("the code was not taken: %s", screen)
	}
	cell, done, err := client.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	if done {
		return errors.New("no door opened for the code")
	}
	s.door(began, "pickup", l)
	things, err := client.TakeFrom(ctx, cell)
	if err != nil {
		return err
	}
	if err := people.SameThings(things, []string{l.bar}); err != nil {
		return err
	}
	if outage > 0 {
		s.note(func(r *row) {
			r.fetched++
			if l.outage == outage {
				r.whole++
			}
		})
	}
	s.close(l)
	_, err = s.at.Press(ctx, "yes_taken")
	return err
}
