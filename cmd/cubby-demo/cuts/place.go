package cuts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/lossy"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

const (
	lookEvery = 15 * time.Millisecond
	restEvery = 100 * time.Millisecond
	// springs is how long it may take until what was sent to the boards last is off the line, and its door has sprung open.
	springs     = 120 * time.Millisecond
	answerLimit = 10 * time.Second
	// stock is how many parcels are announced and not brought yet: so long ago that the cabinet knows them.
	stock  = 4
	policy = "express"
)

// place is a cabinet, those who come to it, and what is known of it from outside.
type place struct {
	name     string
	at       people.Cabinet
	site     *sites.Site
	carrier  people.Carrier
	operator people.Operator
	courier  people.Courier
	mailbox  func(address string) people.Mailbox
	backing  string
	disk     *lossy.Disk
	random   *rand.Rand

	parcels []*parcel // in the order in which they were announced
	records []record
	clerk   bool // the courier is logged in

	mu     sync.Mutex
	inside map[int]*parcel // what is behind each door
	acting *act            // whoever may have doors driven; nil: nobody
	wrong  []string
}

// parcel is one shipment of one parcel.
type parcel struct {
	shipment, label, address, code string
	cell                           int  // where it is, if it is in one; where it was, if it is gone
	stored, gone                   bool // it is in a cell, the client has it
	told                           bool // a screen said so of the last of these
}

// act is someone at the cabinet.
type act struct {
	parcel  *parcel // nil: a courier who looks into cells in doubt
	deposit bool
	pulses  []int // the doors that were driven
	pulsed  func()
}

func (p *place) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = append(p.wrong, p.name+": "+fmt.Sprintf(format, args...))
}

func (p *place) isWrong() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.wrong) > 0
}

// moveIn moves the agent's data to a disk that loses writes, and starts it there.
func (p *place) moveIn(ctx context.Context) error {
	if err := p.at.AwaitReady(ctx); err != nil {
		return err
	}
	if err := p.site.CutPower(); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(p.site.Data(), p.backing), os.Mkdir(p.site.Data(), 0o700)); err != nil {
		return err
	}
	p.site.OnUnlock(p.driven)
	if err := p.mount(); err != nil {
		return err
	}
	return p.site.RestorePower(ctx)
}

func (p *place) mount() (err error) {
	p.disk, err = lossy.Mount(p.backing, p.site.Data())
	return err
}

// unmount ends the disk if there is one.
func (p *place) unmount() error {
	if p.disk == nil {
		return nil
	}
	err := p.disk.Unmount()
	p.disk = nil
	return err
}

// driven judges a pulse on the boards' line by what the steel has behind the door.
func (p *place) driven(cell int) {
	things := p.site.Truth(cell).Things
	p.mu.Lock()
	a := p.acting
	switch {
	case a == nil:
		p.wrong = append(p.wrong, fmt.Sprintf("%s: door %d was driven for nobody", p.name, cell))
	case a.parcel == nil: // someone looks into cells in doubt
	case a.deposit && len(things) > 0 && !slices.Equal(things, []string{a.parcel.label}):
		p.wrong = append(p.wrong, fmt.Sprintf("%s: cell %d was given to %s, and %v is in it", p.name, cell, a.parcel.label, things))
	case !a.deposit && len(things) > 0 && !slices.Equal(things, []string{a.parcel.label}):
		p.wrong = append(p.wrong, fmt.Sprintf("%s: door %d was opened to whoever collects %s, and %v is in it", p.name, cell, a.parcel.label, things))
	}
	var pulsed func()
	if a != nil {
		a.pulses, pulsed = append(a.pulses, cell), a.pulsed
	}
	p.mu.Unlock()
	if pulsed != nil {
		pulsed()
	}
}

// let says who may have doors driven from now on.
func (p *place) let(a *act) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acting = a
}

// doors are those that an act had driven.
func (p *place) doors(a *act) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(a.pulses)
}

// put puts a parcel into a cell; take takes out what is there.
func (p *place) put(cell int, d *parcel) error {
	if err := p.site.Put(cell, d.label); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside[cell] = d
	d.cell, d.stored, d.told = cell, true, false
	return nil
}

func (p *place) take(cell int, d *parcel) error {
	things, err := p.site.Take(cell, "")
	if err != nil {
		return err
	}
	if err := people.SameThings(things, []string{d.label}); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.inside, cell)
	d.stored, d.gone, d.told = false, true, false
	return nil
}

func (p *place) behind(cell int) *parcel {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inside[cell]
}

// look reads what the cabinet knows.
func (p *place) look(ctx context.Context) (s sites.Snapshot, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	err = people.Await(ctx, p.name+" to answer", lookEvery, func() (bool, string, error) {
		var asking error
		s, asking = p.site.Snapshot(ctx)
		if models.ErrorCode(asking) == models.CodeUnavailable {
			return false, asking.Error(), nil
		}
		return len(s.Cells) > 0, "no cells", asking
	})
	return s, err
}

func cellOf(s sites.Snapshot, number int) sites.CellView {
	for _, c := range s.Cells {
		if c.Number == number {
			return c
		}
	}
	return sites.CellView{}
}

func doubtful(s sites.Snapshot) (n int) {
	for _, c := range s.Cells {
		if c.Doubtful {
			n++
		}
	}
	return n
}

// announce keeps the stock up.
func (p *place) announce(ctx context.Context) error {
	waiting := 0
	for _, d := range p.parcels {
		if !d.stored && !d.gone {
			waiting++
		}
	}
	for ; waiting < stock; waiting++ {
		number := fmt.Sprintf("%s-%04d", p.site.Locker(), len(p.parcels)+1)
		d := &parcel{address: fmt.Sprintf("client-%s@example.org", number)}
		made, err := p.carrier.Announce(ctx, "key of "+number, people.Announcement{
			Number: number, Locker: p.at.Locker, Policy: policy, Contact: people.Contact{Email: d.address},
			Parcels: []people.NewParcel{{Size: "M"}},
		})
		if err != nil {
			return err
		}
		d.shipment, d.label = made.ID, made.Parcels[0].Barcode
		p.parcels = append(p.parcels, d)
	}
	return nil
}

// readMail gives clients their codes, as far as they have come.
func (p *place) readMail(ctx context.Context) error {
	for _, d := range p.parcels {
		if !d.stored || d.code != "" {
			continue
		}
		mails, err := p.mailbox(d.address).Mails(ctx)
		if err != nil {
			return err
		}
		if len(mails) > 0 {
			if d.code, err = people.Code(mails[0]); err != nil {
				return err
			}
		}
	}
	return nil
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

// below draws a duration.
func below(random *rand.Rand, limit time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(limit)))
}
