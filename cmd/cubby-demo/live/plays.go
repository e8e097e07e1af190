package live

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/models"
)

// reach brings the current parcel as far as wanted, with whatever has to come before. A finished one makes way for a new
// one, as does any when a new one is asked for.
func (a *acts) reach(ctx context.Context, want stage) error {
	p := a.current()
	if p == nil || p.stage >= want || p.jammed {
		var err error
		if p, err = a.announce(ctx); err != nil {
			return err
		}
	}
	for p.stage < want {
		next := map[stage]func(context.Context, *parcel) error{
			stageAnnounced: a.deposit, stageDeposited: a.message, stageTold: a.pickup,
		}[p.stage]
		if err := next(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (a *acts) announcement() people.Announcement {
	number := "DEMO-" + rand.Text()[:6]
	return people.Announcement{
		Number: number, Locker: a.cfg.Locker, Policy: a.cfg.Policy, Language: "en",
		Contact: people.Contact{Phone: phone(), Email: strings.ToLower(number) + "@example.com"},
		Parcels: []people.NewParcel{{Size: "M"}},
	}
}

// phone is a number of those that are kept for stories: +1 202 555 0100 to 0199.
func phone() string {
	n, err := rand.Int(rand.Reader, big.NewInt(100))
	if err != nil {
		panic(err) // it never fails on the systems that this runs on
	}
	return fmt.Sprintf("+120255501%02d", n)
}

// announce announces a new parcel by REST, and waits until the cabinet has heard of it.
func (a *acts) announce(ctx context.Context) (*parcel, error) {
	before, err := a.at.Status(ctx)
	if err != nil {
		return nil, err
	}
	wanted := a.announcement()
	a.say("Announce %s over REST, as the carrier", wanted.Number)
	s, err := a.carrier.Announce(ctx, wanted.Number, wanted)
	if err != nil {
		return nil, err
	}
	p := &parcel{shipment: s, email: wanted.Contact.Email, phone: wanted.Contact.Phone, announced: time.Now(), stage: stageAnnounced}
	a.set(p, func() { a.parcels = append([]*parcel{p}, a.parcels[:min(len(a.parcels), remembered-1)]...) })
	a.say("Its workflow runs, and the news goes down to cabinet %s", a.cfg.LockerNumber)
	return p, a.heard(ctx, before.Directory)
}

// heard waits until the cabinet's directory has grown. At the same moment an ended shipment may leave it, which hides
// the new one: after hearLimit the news is there all the same, on one machine.
func (a *acts) heard(ctx context.Context, before int) error {
	limited, cancel := context.WithTimeout(ctx, hearLimit)
	defer cancel()
	err := people.Await(limited, "the cabinet to hear of it", lookEvery, func() (bool, string, error) {
		now, err := a.at.Status(limited)
		return now.Directory > before, fmt.Sprintf("%d entries in its directory", now.Directory), err
	})
	if limited.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// deposit is the courier's visit.
func (a *acts) deposit(ctx context.Context, p *parcel) error {
	who := a.cfg.Badges[0]
	courier := people.Courier{Badge: who.Badge, PIN: who.PIN, At: a.at}
	label := p.shipment.Parcels[0].Barcode
	a.say("Courier %s holds the badge to the scanner and types the PIN", who.Name)
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	a.say("Scan the label %s: the cabinet chooses a cell", label)
	if _, err := courier.Scan(ctx, label); err != nil {
		return err
	}
	cell, err := courier.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	a.say("Put the parcel into cell %d and shut the door", cell)
	if err := courier.Put(ctx, cell, label); err != nil {
		return err
	}
	if err := courier.Close(ctx, cell); err != nil {
		return err
	}
	if err := courier.Leave(ctx); err != nil {
		return err
	}
	a.set(p, func() { p.stage, p.cell = stageDeposited, cell })
	return nil
}

// message waits for the client's message, which comes by itself.
func (a *acts) message(ctx context.Context, p *parcel) error {
	a.say("The workflow waits a moment, as the courier may correct something, then sends the code")
	code, err := a.awaitCode(ctx, p)
	if err != nil {
		return err
	}
	a.say("The message with the code is here")
	if _, err := a.carrier.AwaitState(ctx, p.shipment.ID, "ready_for_pickup"); err != nil {
		return err
	}
	a.set(p, func() { p.stage, p.code = stageTold, code })
	return nil
}

var errNoMessage = errors.New("no message came")

// awaitCode waits until the client has been told the code, whatever brings it.
func (a *acts) awaitCode(ctx context.Context, p *parcel) (code string, err error) {
	err = people.Await(ctx, "a message with the code to "+p.phone, lookEvery, func() (bool, string, error) {
		for _, source := range a.cfg.Sources {
			list, err := source.Messages(ctx, newest)
			if err != nil {
				return false, "", err
			}
			for _, m := range list {
				if found, has := people.CodeIn(m.Text); has && p.told(m) {
					code = found
					return true, "", nil
				}
			}
		}
		return false, "none", nil
	})
	if err != nil {
		err = fmt.Errorf("%w: %w", errNoMessage, err)
	}
	return code, err
}

// told reports whether a message went to the parcel's client: a phone of stories may have had another parcel before.
func (p *parcel) told(m Message) bool {
	return m.To == p.email || m.To == p.phone && !m.At.Before(p.announced)
}

// pickup is the client's visit.
func (a *acts) pickup(ctx context.Context, p *parcel) error {
	if err := a.collect(ctx, p); err != nil {
		return err
	}
	a.say("The server hears of it: picked up")
	_, err := a.carrier.AwaitState(ctx, p.shipment.ID, "picked_up")
	return err
}

func (a *acts) collect(ctx context.Context, p *parcel) error {
	client := people.Client{At: a.at}
	a.say("The client types %s: the cabinet checks it by itself", models.SpacedCode(p.code))
	if _, err := client.Type(ctx, p.code); err != nil {
		return err
	}
	cell, done, err := client.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	if done {
		return fmt.Errorf("no door opens for %s", p.shipment.Number)
	}
	a.say("Take the parcel out of cell %d and shut the door", cell)
	things, err := client.TakeFrom(ctx, cell)
	if err != nil {
		return err
	}
	if err := people.SameThings(things, []string{p.shipment.Parcels[0].Barcode}); err != nil {
		return err
	}
	a.set(p, func() { p.stage, p.jammed = stageTaken, false })
	return nil
}

// cable has the cabinet serve without its network: one parcel is brought and another one collected.
func (a *acts) cable(ctx context.Context) error {
	p := a.current()
	if p == nil || p.stage != stageTold || p.jammed {
		if err := a.reach(ctx, stageTold); err != nil {
			return err
		}
		p = a.current()
	}
	coming, err := a.announce(ctx)
	if err != nil {
		return err
	}
	a.say("Pull the cable")
	if err := a.at.Line(ctx, true); err != nil {
		return err
	}
	err = a.offline(ctx, p, coming)
	a.say("Plug the cable in: the facts go up, once and in order")
	if err := errors.Join(err, a.at.Line(ctx, false)); err != nil {
		return err
	}
	if _, err := a.carrier.AwaitState(ctx, p.shipment.ID, "picked_up"); err != nil {
		return err
	}
	return a.message(ctx, coming)
}

func (a *acts) offline(ctx context.Context, waiting, coming *parcel) error {
	if _, err := a.at.AwaitScreen(ctx, "the screen to say that it works without network", func(s people.Screen) bool { return s.Offline }); err != nil {
		return err
	}
	if err := a.deposit(ctx, coming); err != nil {
		return err
	}
	if err := a.collect(ctx, waiting); err != nil {
		return err
	}
	status, err := a.at.Status(ctx)
	if err != nil {
		return err
	}
	s, err := a.carrier.Shipment(ctx, coming.shipment.ID)
	if err != nil {
		return err
	}
	a.say("The server knows nothing of it: %s is still “%s” there, %d facts wait on the cabinet’s disk", s.Number, s.State, status.Unsent)
	if !people.Pause(ctx, 4*a.cfg.Pace) {
		return ctx.Err()
	}
	return nil
}

// jam has the door of a parcel not open.
func (a *acts) jam(ctx context.Context) error {
	p := a.current()
	if p == nil || p.stage != stageTold || p.jammed {
		if err := a.reach(ctx, stageTold); err != nil {
			return err
		}
		p = a.current()
	}
	a.say("Jam the lock of cell %d, then type the code", p.cell)
	if err := a.at.Jam(ctx, p.cell); err != nil {
		return err
	}
	a.set(p, func() { p.jammed = true })
	if _, err := (people.Client{At: a.at}).Type(ctx, p.code); err != nil {
		return err
	}
	a.say("The door does not open; the client tries again, as the screen offers")
	if err := a.tryInVain(ctx); err != nil {
		return err
	}
	if err := a.at.AwaitCell(ctx, p.cell, "in doubt", func(c people.Cell) bool { return c.Doubtful }); err != nil {
		return err
	}
	a.say("Cell %d is doubtful: it is not free until somebody has looked. The incident arrives", p.cell)
	return a.cfg.Operator.AwaitIncident(ctx, a.cfg.Locker, "door_jammed", false)
}

func (a *acts) tryInVain(ctx context.Context) error {
	for {
		s, err := a.at.AwaitScreen(ctx, "the screen to tell of the jammed door", func(s people.Screen) bool {
			return s.Text == "jammed" || s.Text == "stuck"
		})
		if err != nil || s.Text == "stuck" {
			return err
		}
		if _, err := a.at.Press(ctx, "try_again"); err != nil {
			return err
		}
	}
}

// resolve is what people do about the jammed door: the lock is mended and the client comes again. What is left, a cell in
// doubt and an open incident, is for a person at the desk.
func (a *acts) resolve(ctx context.Context) error {
	p := a.current()
	if p == nil || !p.jammed {
		if err := a.jam(ctx); err != nil {
			return err
		}
		p = a.current()
		if err := a.awaitIdle(ctx); err != nil {
			return err
		}
	}
	a.say("A technician mends the lock of cell %d", p.cell)
	if err := a.at.Unjam(ctx, p.cell); err != nil {
		return err
	}
	if err := a.collect(ctx, p); err != nil {
		return err
	}
	if _, err := a.carrier.AwaitState(ctx, p.shipment.ID, "picked_up"); err != nil {
		return err
	}
	a.say("Now the desk: the link at the incident in the timeline opens it. Mark cell %d checked and empty: its incident goes with it. Or resolve the incident with a reason", p.cell)
	return nil
}

func (a *acts) awaitIdle(ctx context.Context) error {
	_, err := a.at.AwaitScreen(ctx, "an idle screen", func(s people.Screen) bool { return s.Operation == "" })
	return err
}
