package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/agent/cabinet"
	"cubby/agent/host"
	"cubby/agent/kiosk"
	"cubby/agent/lock"
	"cubby/agent/lock/commission"
	"cubby/agent/screen"
	"cubby/models"
)

const (
	// wiringLeftMS is how long what was found waits for a technician's word; then it is left as it is.
	wiringLeftMS = 5 * 60_000
	// wiringReadEvery is how often the time is looked at meanwhile.
	wiringReadEvery = 200 * time.Millisecond
	// wiringGoesOn is how long after it was interrupted a look goes on where it was.
	wiringGoesOn = 24 * time.Hour
	// What moves within these is seen, and who stands there has time to shut a door.
	wiringWatch = 4 * time.Second
	wiringShut  = 60 * time.Second
)

// commissionWanted ends the program's parts because a technician has the wiring of the locks found.
type commissionWanted struct {
	cabinet.Commission
	site cabinet.Site
}

func (*commissionWanted) Error() string { return "a technician has the wiring of the locks found" }

// findWiring has the wiring found in place of the cabinet's service, until the technician has done
// with it. Nothing else drives a lock meanwhile: the cabinet's own lines are closed, and the program
// holds its lock.
func findWiring(ctx context.Context, p program, c config, log *slog.Logger, wanted *commissionWanted) error {
	log.Warn("the wiring of the locks is looked for: the cabinet does not serve meanwhile", "technician", wanted.Technician)
	ctx, end := context.WithCancel(ctx)
	defer end()
	group, ctx := errgroup.WithContext(ctx)
	w := newWiringScreen(wanted, p.time, ctx.Done())
	browser := kiosk.New(c.Browser, log)
	group.Go(func() error { return browser.Run(ctx) })
	group.Go(func() error { return listen(ctx, "tcp", c.Screen, screen.New(w, c.Panel, browser.Alive, log)) })
	group.Go(func() error { return watchdog(ctx, func(context.Context) error { return nil }, log) })
	group.Go(func() error {
		defer end()
		w.run(ctx, commissioning{config: c, watch: wiringWatch, shut: wiringShut}, log)
		return nil
	})
	return group.Wait()
}

// wiringScreen is what the screen shows and moves while the wiring is found.
type wiringScreen struct {
	*commissionWanted
	time    host.ClockSources
	presses chan cabinet.Button // the technician's
	ended   <-chan struct{}

	mu       sync.Mutex
	page     cabinet.WiringPage
	rev      int64
	until    int64 // uptime, of a page that leaves by itself
	watchers map[chan struct{}]bool
}

func newWiringScreen(wanted *commissionWanted, clock host.ClockSources, ended <-chan struct{}) *wiringScreen {
	return &wiringScreen{
		commissionWanted: wanted, time: clock, presses: make(chan cabinet.Button), ended: ended,
		page: cabinet.WiringPage{Commission: wanted.Commission}, watchers: map[chan struct{}]bool{},
	}
}

// run looks for the wiring, until what was found is accepted or left.
func (w *wiringScreen) run(ctx context.Context, in commissioning, log *slog.Logger) {
	in.again = !in.interrupted(w.time.Wall())
	for ctx.Err() == nil {
		w.change(func(p *cabinet.WiringPage) { *p = cabinet.WiringPage{Commission: p.Commission} })
		findings, err := w.look(ctx, in, log)
		if ctx.Err() != nil || !w.decided(ctx, in, findings, err, log) {
			return
		}
		in.again = false
	}
}

// interrupted reports whether an earlier look did not come to its end, and not long ago: it goes on
// from there. Any other begins anew.
func (in commissioning) interrupted(now time.Time) bool {
	past, err := in.past()
	if err != nil || len(past) == 0 || len(past) >= in.channels() {
		return false
	}
	file, err := os.Stat(in.file())
	return err == nil && now.Sub(file.ModTime()).Abs() < wiringGoesOn
}

// look runs one session, until it ends or is stopped.
func (w *wiringScreen) look(ctx context.Context, in commissioning, log *slog.Logger) ([]commission.Finding, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type came struct {
		findings []commission.Finding
		err      error
	}
	done := make(chan came, 1)
	go func() {
		findings, err := in.session(ctx, func(now commission.Progress, kept error) {
			if kept != nil {
				log.Error("what was found of the wiring cannot be kept", "error", kept)
			}
			w.change(func(p *cabinet.WiringPage) {
				p.Done, p.Total, p.Shut = now.Done, now.Total, cellsOfDoors(now.Shut)
				if now.Found != nil {
					p.Findings = found(now.All)
				}
			})
		})
		done <- came{findings, err}
	}()
	for {
		select {
		case c := <-done:
			if ctx.Err() != nil && errors.Is(c.err, ctx.Err()) {
				c.err = nil // it was stopped
			}
			return c.findings, c.err
		case b := <-w.presses:
			if b == cabinet.ButtonStop {
				stop()
			}
		}
	}
}

// decided shows what was found and carries out what the technician says about it. true: they want
// what is doubtful tried again.
func (w *wiringScreen) decided(ctx context.Context, in commissioning, findings []commission.Finding, err error, log *slog.Logger) bool {
	var all []commission.Finding
	var stickers []cabinet.Sticker
	for _, p := range in.proposals(findings) {
		all, stickers = append(all, p.Findings...), append(stickers, stickersOf(p)...)
	}
	w.more()
	left := w.left()
	w.change(func(p *cabinet.WiringPage) {
		*p = cabinet.WiringPage{
			Commission: p.Commission, Ended: true, Done: len(all), Total: in.channels(), Findings: found(all), Seconds: left,
			Acceptable: err == nil && len(all) >= in.channels(),
		}
		if p.Acceptable {
			p.Stickers = stickers
		}
		if err != nil {
			p.Error = err.Error()
		}
	})
	tick := time.NewTicker(wiringReadEvery)
	defer tick.Stop()
	for {
		var pressed cabinet.Button
		select {
		case <-ctx.Done():
			return false
		case pressed = <-w.presses:
		case <-tick.C:
		}
		switch {
		case pressed == cabinet.ButtonTryDoubtful:
			sure := slices.DeleteFunc(all, func(f commission.Finding) bool { return f.Doubt != commission.NoDoubt })
			if err := in.keep(sure); err != nil {
				log.Error("what was found of the wiring cannot be kept", "error", err)
			}
			return true
		case pressed == cabinet.ButtonLeaveWiring, w.left() == 0:
			log.Info("the wiring that was found is left: the locks are driven as before")
			return false
		case pressed == cabinet.ButtonAccept:
			err := in.accept(findings, w.Technician, w.time.Wall())
			if err == nil {
				log.Warn("the wiring that was found is accepted", "file", in.wiringFile())
				return false
			}
			log.Error("the wiring that was found cannot be accepted", "error", err)
			w.change(func(p *cabinet.WiringPage) { p.Error, p.Page = err.Error(), 0 })
		}
		if left = w.left(); left != w.View(w.Side).Seconds {
			w.change(func(p *cabinet.WiringPage) { p.Seconds = left })
		}
	}
}

// found is what the page shows of findings.
func found(all []commission.Finding) []cabinet.WiringFound {
	var lines []cabinet.WiringFound
	for _, f := range all {
		lines = append(lines, cabinet.WiringFound{Board: f.Board, Channel: f.Channel, Doubt: string(f.Doubt), Cells: cellsOfDoors(f.Opened)})
	}
	return lines
}

func cellsOfDoors(doors []int) []int {
	var cells []int
	for _, door := range doors {
		cell, _ := lock.CellOf(door)
		cells = append(cells, cell)
	}
	slices.Sort(cells)
	return slices.Compact(cells)
}

// stickersOf are those of a line's doors.
func stickersOf(p commission.Proposal) (all []cabinet.Sticker) {
	for _, b := range p.Boards {
		for door := b.FirstCell; door < b.FirstCell+b.Channels; door++ {
			cell, side := lock.CellOf(door)
			s := cabinet.Sticker{Cell: cell, Side: side, Board: b.Name, Channel: door - b.FirstCell + 1}
			if ch, set := b.Locks[door]; set {
				s.Channel = ch
			}
			switch {
			case slices.Contains(p.Without, door):
				s.Channel = 0
			case slices.Contains(b.Unfitted, door):
				continue
			}
			all = append(all, s)
		}
	}
	return all
}

// change changes the page, and tells who watches.
func (w *wiringScreen) change(f func(*cabinet.WiringPage)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.page)
	w.rev++
	for watcher := range w.watchers {
		select {
		case watcher <- struct{}{}:
		default: // it is told already
		}
	}
}

// more gives the technician more time.
func (w *wiringScreen) more() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = w.time.Uptime() + wiringLeftMS
}

// left is how many seconds are left to the technician, counted up.
func (w *wiringScreen) left() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(max(0, (w.until-w.time.Uptime()+999)/1000))
}

// View is what the screen of a side shows.
func (w *wiringScreen) View(side models.Side) cabinet.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.page.View(side)
	v.Rev = w.rev
	return v
}

// Site is the cabinet as it was when it ended to serve.
func (w *wiringScreen) Site() cabinet.Site { return w.site }

// Watch gives a value after changes of the page, until the context ends.
func (w *wiringScreen) Watch(ctx context.Context) <-chan struct{} {
	watcher := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers[watcher] = true
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers, watcher)
	})
	return watcher
}

// Stopped is closed when it has ended.
func (w *wiringScreen) Stopped() <-chan struct{} { return w.ended }

// Tell takes what the technician does; whatever others do is nothing.
func (w *wiringScreen) Tell(ctx context.Context, in cabinet.Input) error {
	switch in := in.(type) {
	case cabinet.Touched:
		if in.Side == w.Side {
			w.more()
		}
	case cabinet.Pressed:
		if in.Side != w.Side || !slices.Contains(w.View(in.Side).Buttons, in.Button) {
			return nil
		}
		w.more()
		if in.Button == cabinet.ButtonMore {
			w.change(func(p *cabinet.WiringPage) { *p = p.Turned() })
			return nil
		}
		select {
		case w.presses <- in.Button:
		case <-w.ended:
		case <-ctx.Done():
		}
	}
	return nil
}

// Operation is none: nothing of the cabinet begins.
func (*wiringScreen) Operation() models.OperationID { return "" }
