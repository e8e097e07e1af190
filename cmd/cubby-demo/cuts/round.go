package cuts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"cubby/cmd/cubby-demo/lossy"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

const (
	roundLimit = time.Minute
	actLimit   = 20 * time.Second
	// outLimit is how long the screen may take to say that the disk fails, or to serve again.
	outLimit = 8 * time.Second
	// typical is how long an operation takes.
	typical = 1200 * time.Millisecond
	// strikes is how many writes and syncs of an operation are aimed at.
	strikes = 25

	outOfService = "out_of_service"
)

// what of an operation a round plays.
type operation string

const (
	depositing operation = "deposit"
	collecting operation = "pickup"
	looking    operation = "look"
)

// record is what a round was.
type record struct {
	kind      kind
	operation operation
	phase     phase // in which the cut or the fault came
	offline   bool
	cut       bool
	struck    bool // in the middle of a commit
	loss      lossy.Loss
	refused   int  // by the failing disk
	out       bool // the screen said that the locker is out of service
	asked     bool // the client was asked about the interrupted pickup
	doubted   int  // cells that came to be in doubt
	down      time.Duration
}

// play plays rounds until there are none left or something is wrong, and then clears up.
func (p *place) play(ctx context.Context, plan *plan) {
	if err := p.fill(ctx); err != nil {
		p.say("before the first round: %v", err)
		plan.stop()
	}
	for !p.isWrong() {
		n, k, more := plan.next()
		if !more {
			break
		}
		r := &round{place: p, record: record{kind: k}}
		if err := r.run(ctx); err != nil {
			p.say("round %d (%s, %s at %s, offline %t): %v", n, k, r.operation, r.phase, r.offline, err)
		} else if p.isWrong() {
			p.say("that was in round %d (%s, %s at %s, offline %t)", n, k, r.operation, r.phase, r.offline)
		}
		p.records = append(p.records, r.record)
		if p.isWrong() {
			plan.stop()
		}
	}
	if plan.stopped() {
		return
	}
	if err := p.finish(ctx); err != nil {
		p.say("in the end: %v", err)
	}
}

// fill brings some parcels whose clients get their codes, so that the first rounds are not deposits alone.
func (p *place) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	if err := p.announce(ctx); err != nil {
		return err
	}
	if err := p.at.AwaitReady(ctx); err != nil {
		return err
	}
	first := slices.Clone(p.parcels)
	for _, d := range first {
		p.let(&act{parcel: d, deposit: true})
		if err := p.quietly().deposit(ctx, d); err != nil {
			return err
		}
	}
	p.let(nil)
	if err := p.logOut(ctx); err != nil {
		return err
	}
	for _, d := range first {
		var err error
		if d.code, err = (people.Client{Mail: p.mailbox(d.address), At: p.at}).Code(ctx); err != nil {
			return err
		}
	}
	return nil
}

// round is one of them.
type round struct {
	*place
	record
	act    *act
	before sites.Snapshot
	seq    int64 // the last fact that the cabinet has told of
	pid    int

	mu    sync.Mutex
	now   phase
	aim   phase         // to hit in; empty: by the clock or at a write
	after time.Duration // into the phase
	done  bool
	fired chan struct{}
}

func (r *round) spoils() bool { return r.kind == fullDisk || r.kind == badDisk }

func (r *round) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	if err := r.prepare(ctx); err != nil {
		return fmt.Errorf("before it: %w", err)
	}
	err := r.play(ctx)
	r.offline = r.site.LineCut()
	switch {
	case r.isWrong():
		return nil
	case r.spoils():
		err = r.failing(ctx, err)
	case err == nil:
		err = r.cutPower(ctx, lossy.Mode(r.kind))
	}
	if err != nil {
		return err
	}
	after, err := r.look(ctx)
	if err != nil {
		return fmt.Errorf("it does not serve again: %w", err)
	}
	r.doubted = doubtful(after) - doubtful(r.before)
	if r.judge(after); r.isWrong() {
		return nil
	}
	if err := r.resolve(ctx, after); err != nil {
		return fmt.Errorf("afterwards: %w", err)
	}
	r.let(nil)
	r.site.RestoreLine()
	return nil
}

// prepare chooses who comes, and whether there is a network.
func (r *round) prepare(ctx context.Context) error {
	if err := r.announce(ctx); err != nil {
		return err
	}
	if r.offline = r.random.IntN(5) < 2; r.offline {
		r.site.CutLine()
	}
	if _, err := r.at.AwaitScreen(ctx, fmt.Sprintf("the screen to be offline: %t", r.offline), func(s people.Screen) bool {
		return s.Offline == r.offline
	}); err != nil {
		return err
	}
	if err := r.readMail(ctx); err != nil {
		return err
	}
	var err error
	if r.before, err = r.look(ctx); err != nil {
		return err
	}
	r.seq = r.before.Seq
	r.choose()
	return nil
}

// choose takes what is possible: a cabinet that has much is emptied, and one that has nothing is filled.
func (r *round) choose() {
	var bring, fetch []*parcel
	for _, d := range r.parcels {
		switch {
		case !d.stored && !d.gone:
			bring = append(bring, d)
		case d.stored && d.code != "":
			fetch = append(fetch, d)
		}
	}
	r.act = &act{pulsed: func() { r.enter(pulsed) }}
	switch draw := r.random.IntN(10); {
	case doubtful(r.before) > 2 && draw < 3:
		r.operation = looking
	case len(fetch) > 0 && (draw < 8 || len(fetch) > 4):
		r.operation, r.act.parcel = collecting, fetch[r.random.IntN(len(fetch))]
	default:
		r.operation, r.act.parcel, r.act.deposit = depositing, bring[0], true
	}
}

// takeAim says when the operation is hit: by the clock, at a step that is seen, or at a write or sync of the disk.
func (r *round) takeAim() {
	switch draw := r.random.IntN(10); {
	case draw < 3:
		time.AfterFunc(below(r.random, typical), func() { r.hit() })
	case draw < 7 || r.spoils():
		all := phases()
		if r.operation == collecting {
			all = slices.DeleteFunc(all, func(p phase) bool { return p == badge })
		}
		r.aim = all[r.random.IntN(len(all))]
		if r.random.IntN(2) == 0 {
			r.after = below(r.random, 60*time.Millisecond)
		}
	default:
		r.disk.Strike(1+r.random.IntN(strikes), func() { r.struck = r.hit() })
	}
}

// enter notes a phase, and hits in the one that is aimed at.
func (r *round) enter(p phase) {
	seq := int64(0)
	if p == told {
		if s, err := r.site.Snapshot(context.Background()); err == nil {
			seq = s.Seq
		}
	}
	r.mu.Lock()
	r.now, r.seq = p, max(r.seq, seq)
	now := !r.done && r.aim == p
	r.mu.Unlock()
	switch {
	case now && r.after > 0:
		time.AfterFunc(r.after, func() { r.hit() })
	case now:
		r.hit()
	}
}

// hit cuts the power, or has the disk begin to fail, once. It reports whether this was the one time.
func (r *round) hit() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return false
	}
	r.done, r.phase = true, r.now
	switch r.kind {
	case fullDisk:
		r.disk.Fill(int64(r.random.IntN(3)) * int64(r.random.IntN(20_000)))
	case badDisk:
		r.disk.Trouble([]float64{.3, .6, 1}[r.random.IntN(3)], rand.New(rand.NewPCG(r.random.Uint64(), 0)))
	default:
		_ = syscall.Kill(r.pid, syscall.SIGKILL) // CutPower sees to it that it is gone
	}
	close(r.fired)
	return true
}

// play plays the operation until it is hit. An error says that it went wrong by itself, or how it went with a disk that
// fails.
func (r *round) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, actLimit)
	defer cancel()
	r.let(r.act)
	r.pid, r.fired = r.site.Agent().Pid(), make(chan struct{})
	r.takeAim()
	ended := make(chan error, 1)
	go func() { ended <- r.operate(ctx) }()
	select {
	case err := <-ended:
		if r.hit() || r.spoils() { // not before
			return err
		}
		return nil
	case <-r.fired:
	}
	if !r.spoils() {
		cancel()
		<-ended
		return nil
	}
	out := make(chan bool)
	watching, stop := context.WithTimeout(ctx, outLimit)
	defer stop()
	go func() {
		seen := r.awaitText(watching, func(text string) bool { return text == outOfService })
		cancel() // nobody goes on before such a screen
		out <- seen
	}()
	err := <-ended
	if err == nil {
		stop()
	}
	r.out = <-out
	return err
}

func (r *round) operate(ctx context.Context) error {
	d := doing{r.place, r.enter}
	switch r.operation {
	case depositing:
		if err := d.deposit(ctx, r.act.parcel); err != nil {
			return err
		}
		return r.logOut(ctx)
	case collecting:
		return d.pickup(ctx, r.act.parcel)
	default:
		_, err := d.inspect(ctx)
		return err
	}
}

// failing ends a round whose disk failed: half of them by a cut.
func (r *round) failing(ctx context.Context, played error) error {
	c := r.disk.Count()
	r.refused = c.Full + c.Failed
	if played != nil && !r.out {
		return fmt.Errorf("the disk has refused %d requests, and the screen did not say out of service: %w", r.refused, played)
	}
	if r.random.IntN(2) == 0 {
		modes := lossy.Modes()
		return r.cutPower(ctx, modes[r.random.IntN(len(modes))])
	}
	if err := r.dark(ctx); err != nil {
		return err
	}
	r.let(nil)
	r.disk.Heal()
	healed := time.Now()
	serving, cancel := context.WithTimeout(ctx, outLimit)
	defer cancel()
	if !r.awaitText(serving, func(text string) bool { return text != "" && text != outOfService }) {
		return errors.New("the disk is well again, and the cabinet does not serve")
	}
	r.down = time.Since(healed)
	return r.clear(ctx)
}

// clear ends the session of a courier who was in the middle of something, as far as the cabinet still knows of it.
func (p *place) clear(ctx context.Context) error {
	p.clerk = false
	s, err := p.at.Screen(ctx)
	for _, button := range []string{"finish", "cancel"} {
		if err == nil && slices.Contains(s.Buttons, button) {
			_, err = p.at.Press(ctx, button)
			break
		}
	}
	return err
}

// cutPower cuts the power of the cabinet and its disk, and gives it back.
func (r *round) cutPower(ctx context.Context, mode lossy.Mode) (err error) {
	r.cut, r.clerk = true, false
	if err := r.site.CutPower(); err != nil {
		return err
	}
	if err := r.dark(ctx); err != nil {
		return err
	}
	r.let(nil)
	if r.loss, err = r.disk.Cut(mode, r.random); err != nil {
		return err
	}
	r.disk = nil
	if err := r.mount(); err != nil {
		return err
	}
	began := time.Now()
	if err := r.site.RestorePower(ctx); err != nil {
		return fmt.Errorf("the cabinet does not start again: %w", err)
	}
	r.down = time.Since(began)
	return nil
}

// dark is what people do at the doors while nothing works: nothing, what they came for, or shutting the door alone.
func (r *round) dark(ctx context.Context) error {
	pause(ctx, springs)
	for _, cell := range unique(r.doors(r.act)) {
		if !r.site.Truth(cell).Open {
			continue
		}
		draw := r.random.IntN(3)
		if draw == 0 {
			continue
		}
		if draw == 1 {
			if err := r.handle(cell); err != nil {
				return err
			}
		}
		if err := r.site.CloseDoor(cell); err != nil {
			return err
		}
	}
	return nil
}

// handle puts in or takes out what this is about, if that is not done yet.
func (r *round) handle(cell int) error {
	switch d := r.act.parcel; {
	case d == nil:
	case r.act.deposit && !d.stored:
		return r.put(cell, d)
	case !r.act.deposit && r.behind(cell) == d:
		return r.take(cell, d)
	}
	return nil
}

func unique(cells []int) []int {
	slices.Sort(cells)
	return slices.Compact(cells)
}

// awaitText looks at the screen until its text fits, whatever does not answer in between.
func (p *place) awaitText(ctx context.Context, fits func(text string) bool) bool {
	for {
		v, err := p.site.View(ctx, models.SideFront)
		if err == nil && fits(v.Text) {
			return true
		}
		if !pause(ctx, lookEvery) {
			return false
		}
	}
}
