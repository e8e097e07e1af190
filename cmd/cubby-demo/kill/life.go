package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sms"
)

const (
	lifeLimit = 3 * time.Minute
	// slowReply is how late the mail server and the SMS provider say that they have a message: room for kills between its
	// leaving and the answer.
	slowReply = 400 * time.Millisecond
	lookEvery = 40 * time.Millisecond
	restEvery = 150 * time.Millisecond
	// secondCopy is how long a client whose message was cut off waits to see whether it comes again.
	secondCopy = 30 * time.Second

	policy = "express"
)

// place is a cabinet with the queue before it: one person at a time.
type place struct {
	people.Cabinet
	queue sync.Mutex
}

// life is one shipment of one parcel, from its announcement to its pickup. Its client has an address, a phone or both.
type life struct {
	N        int
	Number   string
	Address  string
	Phone    string
	Silent   bool // the provider never says what became of a message to the phone: the sender has to ask
	Locker   string
	Shipment string // empty: it was never announced
	Carrier  string
	Failed   error // why it came to no end
	Took     time.Duration
}

// player is what all lives share.
type player struct {
	carriers []*carrier
	places   []*place
	mailbox  func(address string) people.Mailbox
	sms      *sms.Provider
	tracker  *tracker
}

// newLife is a life as its number has it: its client has an address, a phone, both, or a silent phone.
func (p *player) newLife(n int) life {
	l := life{N: n, Number: fmt.Sprintf("S-%04d", n), Locker: p.places[n%len(p.places)].Locker}
	if n%4 == 0 || n%4 == 2 {
		l.Address = fmt.Sprintf("client-%04d@example.org", n)
	}
	if n%4 != 0 {
		l.Phone = fmt.Sprintf("+4915100%05d", n)
	}
	if l.Silent = n%4 >= 2; l.Silent {
		p.sms.Silence(l.Phone)
	}
	return l
}

// carrierOf is the carrier of a life.
func (p *player) carrierOf(n int) *carrier { return p.carriers[n%len(p.carriers)] }

// play plays a life to its end. Its random is its own, so that a seed gives the same lives whatever the others do.
func (p *player) play(ctx context.Context, n int, random *rand.Rand) life {
	l := p.newLife(n)
	ctx, cancel := context.WithTimeout(ctx, lifeLimit)
	defer cancel()
	began := time.Now()
	s := &stepper{player: p, life: &l, carrier: p.carrierOf(n), at: p.places[n%len(p.places)], random: random}
	for _, step := range []struct {
		name string
		play func(context.Context) error
	}{{"announcing", s.announce}, {"depositing", s.deposit}, {"waiting for the messages", s.await}, {"collecting", s.collect}} {
		if err := step.play(ctx); err != nil {
			l.Failed = fmt.Errorf("%s: %w", step.name, err)
			break
		}
	}
	p.tracker.leave(n)
	l.Took = time.Since(began)
	return l
}

// stepper is a life being played.
type stepper struct {
	*player
	*life
	carrier *carrier
	at      *place
	random  *rand.Rand
	label   string
	code    string
}

func (s *stepper) enter(p phase) { s.tracker.enter(s.N, p) }

// linger lets a phase last for a while.
func (s *stepper) linger(ctx context.Context, limit time.Duration) {
	pause(ctx, below(s.random, limit))
}

func (s *stepper) announce(ctx context.Context) error {
	s.enter(announcing)
	made, err := s.carrier.Announce(ctx, "key of "+s.Number, people.Announcement{
		Number: s.Number, Locker: s.Locker, Policy: policy, Contact: people.Contact{Email: s.Address, Phone: s.Phone},
		Parcels: []people.NewParcel{{Size: "S"}},
	})
	if err != nil {
		return err
	}
	s.Shipment, s.Carrier, s.label = made.ID, made.Carrier, made.Parcels[0].Barcode
	s.enter(announced)
	s.linger(ctx, 500*time.Millisecond)
	state, err := s.carrier.Tell(ctx, s.Shipment, "in_transit", time.Now())
	if err == nil && state != "in_transit" {
		err = fmt.Errorf("after in_transit the shipment is %s", state)
	}
	return err
}

func (s *stepper) deposit(ctx context.Context) error {
	s.enter(inTransit)
	s.at.queue.Lock()
	defer s.at.queue.Unlock()
	courier := people.Courier{Badge: s.carrier.badge, PIN: s.carrier.pin, At: s.at.Cabinet}
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	screen, err := courier.Scan(ctx, s.label)
	if err != nil {
		return err
	}
	cell, err := s.door(ctx, screen, asking)
	if err != nil {
		return err
	}
	if err := courier.Put(ctx, cell, s.label); err != nil {
		return err
	}
	s.linger(ctx, 300*time.Millisecond)
	if err := courier.Close(ctx, cell); err != nil {
		return err
	}
	s.enter(shut)
	return courier.Leave(ctx)
}

// door watches the screen from the first answer until the door is open, and returns its cell.
func (s *stepper) door(ctx context.Context, screen people.Screen, waiting phase) (int, error) {
	cell := 0
	look := func(screen people.Screen) bool {
		switch {
		case screen.Text == "wait":
			s.enter(waiting)
		case screen.Text == "opening":
			s.enter(led)
		case len(screen.Doors) == 1 && len(screen.OpenDoors) > 0 && (screen.Text == "put_in" || screen.Text == "take"):
			cell = screen.Doors[0]
			s.enter(doorOpen)
		}
		return cell > 0
	}
	if look(screen) {
		return cell, nil
	}
	_, err := s.at.AwaitScreen(ctx, "the door to open", look)
	return cell, err
}

func (s *stepper) collect(ctx context.Context) error {
	s.linger(ctx, 500*time.Millisecond)
	client := people.Client{At: s.at.Cabinet}
	if err := s.take(ctx, client); err != nil {
		return err
	}
	_, err := s.carrier.AwaitState(ctx, s.Shipment, "picked_up")
	return err
}

func (s *stepper) take(ctx context.Context, client people.Client) error {
	s.at.queue.Lock()
	defer s.at.queue.Unlock()
	screen, err := client.Type(ctx, s.code)
	if err != nil {
		return err
	}
	cell, err := s.door(ctx, screen, pickupAsking)
	if err != nil {
		return err
	}
	s.linger(ctx, 200*time.Millisecond)
	things, err := client.TakeFrom(ctx, cell)
	if err != nil {
		return err
	}
	s.enter(pickedUp)
	if err := people.SameThings(things, []string{s.label}); err != nil {
		return err
	}
	if s.random.IntN(2) == 0 {
		_, err = s.at.Press(ctx, "yes_taken")
	}
	return err
}
