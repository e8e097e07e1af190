package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

const (
	actLimit  = 2 * time.Minute
	homeLimit = 20 * time.Second
	hearLimit = 3 * time.Second
	lookEvery = 100 * time.Millisecond
	// remembered parcels are on the timeline.
	remembered = 3
)

// stage is how far the parcel of the buttons is.
type stage int

const (
	stageNone stage = iota
	stageAnnounced
	stageDeposited
	stageTold
	stageTaken
)

// parcel is one that the buttons have announced.
type parcel struct {
	shipment  people.Shipment
	email     string
	phone     string
	announced time.Time
	code      string
	stage     stage
	cell      int // in which it lies
	jammed    bool
}

// Step is one thing that an act does.
type Step struct {
	Text    string  `json:"text"`
	State   string  `json:"state"` // runs, done, failed
	Seconds float64 `json:"seconds"`
	began   time.Time
}

// Act is what a button began last.
type Act struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	Steps   []Step `json:"steps"`
	Failed  string `json:"failed,omitempty"`
	Advice  string `json:"advice,omitempty"`
}

// acts are what the buttons do, one at a time.
type acts struct {
	cfg     Config
	carrier people.Carrier
	at      people.Cabinet // at which people act with their pace
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	last    *Act
	parcels []*parcel // newest first
	changed func()    // tells of progress
}

func newActs(cfg Config) *acts {
	a := &acts{cfg: cfg, carrier: cfg.Carrier, changed: func() {}}
	a.carrier.Persist = true // a careful integrator comes again when told to
	a.at = people.Cabinet{Locker: cfg.Locker, Service: people.Service{
		Base: cfg.Own, Client: &http.Client{Transport: pacing{cfg.Pace, http.DefaultTransport}},
	}}
	a.ctx, a.stop = context.WithCancel(context.Background()) // an act outlives the request that began it
	return a
}

func (a *acts) close() {
	a.stop()
	a.running.Wait()
}

// plays are the acts by name.
func (a *acts) plays() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"announce": func(ctx context.Context) error { return a.reach(ctx, stageAnnounced) },
		"deposit":  func(ctx context.Context) error { return a.reach(ctx, stageDeposited) },
		"message":  func(ctx context.Context) error { return a.reach(ctx, stageTold) },
		"pickup":   func(ctx context.Context) error { return a.reach(ctx, stageTaken) },
		"cable":    a.cable,
		"jam":      a.jam,
		"resolve":  a.resolve,
	}
}

// begin starts an act; conflict: another one runs, or the cabinet is not free.
func (a *acts) begin(name string) error {
	play, known := a.plays()[name]
	if !known {
		return models.Errorf(models.CodeNotFound, "There is no act %q.", name)
	}
	if a.cfg.Filling != nil && !a.cfg.Filling().Free {
		return models.Errorf(models.CodeConflict, "A courier is still at cabinet %s: one moment.", a.cfg.LockerNumber)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last != nil && a.last.Running {
		return models.Errorf(models.CodeConflict, "One act after another: %s is not over.", a.last.Name)
	}
	a.last = &Act{Name: name, Running: true}
	a.running.Go(func() {
		ctx, cancel := context.WithTimeout(a.ctx, actLimit)
		defer cancel()
		a.finish(a.prepared(ctx, name, play))
	})
	return nil
}

// prepared plays an act before a cabinet that is idle, whose doors only people shut meanwhile.
func (a *acts) prepared(ctx context.Context, name string, play func(context.Context) error) error {
	site, err := a.cfg.Set.Find(ctx, a.cfg.Locker)
	if err != nil {
		return err
	}
	snap, err := site.Snapshot(ctx)
	if err != nil {
		return err
	}
	after := time.Duration(snap.AutoClose * float64(time.Second))
	site.SetAutoClose(0)
	defer site.SetAutoClose(after)
	if name != "announce" && name != "message" {
		if err := a.home(ctx, site); err != nil {
			return err
		}
	}
	return play(ctx)
}

// home waits until nobody stands before the cabinet.
func (a *acts) home(ctx context.Context, site *sites.Site) error {
	ctx, cancel := context.WithTimeout(ctx, homeLimit)
	defer cancel()
	if site.LineCut() {
		a.say("The cable was still out: plug it in")
		site.RestoreLine()
	}
	_, err := a.at.AwaitScreen(ctx, "an idle screen", func(s people.Screen) bool { return s.Operation == "" && len(s.OpenDoors) == 0 })
	if err != nil {
		return fmt.Errorf("somebody is at the cabinet: shut its doors, or press Finish on its screen: %w", err)
	}
	return nil
}

// say begins a step and ends the one before.
func (a *acts) say(format string, args ...any) {
	a.mu.Lock()
	a.endStep("done")
	a.last.Steps = append(a.last.Steps, Step{Text: fmt.Sprintf(format, args...), State: "runs", began: time.Now()})
	a.mu.Unlock()
	a.changed()
}

func (a *acts) endStep(state string) {
	if n := len(a.last.Steps); n > 0 && a.last.Steps[n-1].State == "runs" {
		a.last.Steps[n-1].State = state
		a.last.Steps[n-1].Seconds = time.Since(a.last.Steps[n-1].began).Seconds()
	}
}

func (a *acts) finish(err error) {
	a.mu.Lock()
	a.last.Running = false
	if err == nil {
		a.endStep("done")
	} else {
		a.endStep("failed")
		a.last.Failed, a.last.Advice = err.Error(), advice(err)
		a.cfg.Log.Error("an act failed", "act", a.last.Name, "error", err)
	}
	a.mu.Unlock()
	a.changed()
}

// advice says what somebody can do about a failure.
func advice(err error) string {
	var refused *people.Refusal
	switch {
	case errors.As(err, &refused) && refused.Code == "no_capacity":
		return "The cabinet has no room left: press Reset, or take parcels out with the hands."
	case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
		return "Somebody else may have changed something meanwhile: press the button again, or Reset."
	case errors.Is(err, errNoMessage):
		return "Messages wait while a place has its quiet hours. Outside of them, see the parcel's workflow in the Temporal UI."
	case strings.Contains(err.Error(), "power"):
		return "Give the cabinet its power back: the switch is above its cells."
	}
	return "See whether the cabinet has power and its line, and that no door is open; then press the button again, or Reset."
}

// current is the parcel that the buttons are about; nil before the first.
func (a *acts) current() *parcel {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.parcels) == 0 {
		return nil
	}
	return a.parcels[0]
}

func (a *acts) set(p *parcel, change func()) {
	a.mu.Lock()
	change()
	a.mu.Unlock()
	a.changed()
}
