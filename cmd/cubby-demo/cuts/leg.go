package cuts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/lossy"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/stage"
)

const (
	cabinets = 4
	cells    = 24
	// faultsPer is how many cuts there are for each round with a failing disk.
	faultsPer  = 4
	setUpLimit = 2 * time.Minute
)

type options struct {
	cuts                     int
	seed                     uint64
	bin, agent, dir, planted string
	limit                    time.Duration
	out                      io.Writer
}

// run plays all rounds and returns what is wrong.
func (o options) run(ctx context.Context) (wrong []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	began := time.Now()
	set, err := stage.Start(ctx, stage.Options{Dir: o.dir, Bin: o.bin, Agent: o.agent})
	if err != nil {
		return nil, err
	}
	var places []*place
	defer func() {
		err = errors.Join(err, set.Stop())
		for _, p := range places {
			err = errors.Join(err, p.unmount())
		}
	}()
	if places, err = o.setUp(ctx, set); err != nil {
		return nil, fmt.Errorf("setting up: %w", err)
	}
	fmt.Fprintf(o.out, "cuts: %d cabinets of %d cells, each on a disk of its own (%.1f s)\n", cabinets, cells, time.Since(began).Seconds())
	began = time.Now()
	var playing sync.WaitGroup
	plan := newPlan(o.cuts)
	for _, p := range places {
		playing.Go(func() { p.play(ctx, plan) })
	}
	playing.Wait()
	var all []record
	for _, p := range places {
		wrong = append(wrong, p.wrong...)
		all = append(all, p.records...)
	}
	incidents, err := people.Operator{Service: set.REST(set.OperatorKey)}.Incidents(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	if len(wrong) == 0 {
		wrong = append(wrong, unresolved(incidents)...)
	}
	report(o.out, all, len(wrong))
	fmt.Fprintf(o.out, "cuts: %d rounds took %.1f s\n", len(all), time.Since(began).Seconds())
	return wrong, nil
}

func unresolved(incidents []people.Incident) (wrong []string) {
	for _, i := range incidents {
		wrong = append(wrong, fmt.Sprintf("an incident is left: %s at locker %s, cell %d, shipment %s: %s", i.Kind, i.Locker, i.Cell, i.Shipment, i.Evidence))
	}
	return wrong
}

// setUp makes the lockers over REST, builds their cabinets, and moves the agents' data to disks that lose writes.
func (o options) setUp(ctx context.Context, set *stage.Stage) (places []*place, err error) {
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	operator := people.Operator{Service: set.REST(set.OperatorKey)}
	model, err := operator.Model(ctx, "Tower", people.Row{Size: "M", Cells: cells})
	if err != nil {
		return nil, err
	}
	patient := set.REST(set.CarrierKey)
	patient.Persist = true
	for n := range cabinets {
		location, err := operator.Location(ctx, n+1)
		if err != nil {
			return places, err
		}
		id, err := operator.Locker(ctx, fmt.Sprintf("CUT-%03d", n+1), location, model)
		if err != nil {
			return places, err
		}
		at, err := set.Build(ctx, id)
		if err != nil {
			return places, err
		}
		site, err := set.Cabinets.Find(ctx, id)
		if err != nil {
			return places, err
		}
		p := &place{
			name: fmt.Sprintf("cabinet %d", n+1), at: at, site: site, carrier: people.Carrier{Service: patient},
			operator: operator, courier: people.Courier{Badge: set.Badge, PIN: set.PIN, At: at}, mailbox: set.Mailbox,
			backing: filepath.Join(o.dir, fmt.Sprintf("disk-%d", n+1)), random: rand.New(rand.NewPCG(o.seed, uint64(n))),
			inside: map[int]*parcel{},
		}
		if err := p.moveIn(ctx); err != nil {
			return places, err
		}
		places = append(places, p)
	}
	return places, nil
}

// plan deals out the rounds, so that every mode is played equally often, and the failing disks.
type plan struct {
	mu   sync.Mutex
	left []kind
	all  int
	off  bool
}

// kind is what happens in a round.
type kind string

// The kinds that are no cut. A cut's kind is its mode.
const (
	fullDisk kind = "disk full"
	badDisk  kind = "I/O errors"
)

func kinds() []kind {
	var all []kind
	for _, m := range lossy.Modes() {
		all = append(all, kind(m))
	}
	return append(all, fullDisk, badDisk)
}

func newPlan(cuts int) *plan {
	p := &plan{}
	for n := range cuts {
		p.left = append(p.left, kind(lossy.Modes()[n%len(lossy.Modes())]))
		if n%(2*faultsPer) == faultsPer-1 {
			p.left = append(p.left, fullDisk)
		}
		if n%(2*faultsPer) == 2*faultsPer-1 {
			p.left = append(p.left, badDisk)
		}
	}
	p.all = len(p.left)
	return p
}

// stop deals out no more: something is wrong.
func (p *plan) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.off = nil, true
}

func (p *plan) stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.off
}

// next is the number of the round, from 1, and its kind; false: all were dealt out.
func (p *plan) next() (n int, k kind, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.left) == 0 {
		return 0, "", false
	}
	k, p.left = p.left[0], p.left[1:]
	return p.all - len(p.left), k, true
}
