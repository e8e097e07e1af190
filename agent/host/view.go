package host

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"cubby/agent/cabinet"
	"cubby/agent/lock"
	"cubby/models"
)

// draw tells the watchers when the screen has changed.
func (h *Host) draw() {
	now := h.Clock.Now()
	site, view := h.Keeper.State().Site(), map[models.Side]cabinet.View{}
	for _, side := range []models.Side{models.SideFront, models.SideBack} {
		view[side] = h.Keeper.State().View(now, side)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	changed := !reflect.DeepEqual(site, h.site)
	for side, v := range view {
		v.Rev = h.view[side].Rev
		if !reflect.DeepEqual(v, h.view[side]) {
			v.Rev++
			changed = true
		}
		view[side] = v
	}
	if !changed {
		return
	}
	h.view, h.site = view, site
	for w := range h.watchers {
		select {
		case w <- struct{}{}:
		default: // it is told already
		}
	}
}

// View is what the screen of a side shows.
func (h *Host) View(side models.Side) cabinet.View {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view[side]
}

// Site is the cabinet as its screens draw it.
func (h *Host) Site() cabinet.Site {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.site
}

// Watch returns a channel that gets a value after changes of the screen, until the context
// ends.
func (h *Host) Watch(ctx context.Context) <-chan struct{} {
	w := make(chan struct{}, 1)
	h.mu.Lock()
	h.watchers[w] = true
	h.mu.Unlock()
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, w)
	})
	return w
}

// Stopped is closed when the cabinet does not run any more.
func (h *Host) Stopped() <-chan struct{} { return h.stopped }

// Status is a cabinet as it stands, for people on site and for tests.
type Status struct {
	Locker    models.LockerID    `json:"locker"`
	Number    string             `json:"number"`
	Address   string             `json:"address"`
	Online    bool               `json:"online"`
	Keyed     bool               `json:"keyed"` // it can check codes
	Epoch     int64              `json:"epoch"`
	Seq       int64              `json:"last_seq"`
	Unsent    int64              `json:"unsent_facts"`
	Directory int                `json:"directory_entries"`
	Clock     cabinet.Instant    `json:"clock"`
	Boards    []lock.BoardStatus `json:"boards"`
	Cells     []CellStatus       `json:"cells"`
	Outputs   []cabinet.Output   `json:"outputs"`
	Tampers   []cabinet.Tamper   `json:"tampers"`
	View      cabinet.View       `json:"view"`
}

// CellStatus is one cell.
type CellStatus struct {
	Number     int                `json:"number"`
	Size       models.Size        `json:"size"`
	Module     int                `json:"module"`
	Row        int                `json:"row"`
	Open       bool               `json:"open"`
	State      models.CellState   `json:"state"`
	Doubtful   bool               `json:"doubtful"`
	Generation int64              `json:"generation"`
	Shipment   models.ShipmentID  `json:"shipment,omitempty"`
	Operation  models.OperationID `json:"operation,omitempty"`
	// Lock is how the lock has worked, and LoadLock that at the back of a two-way cell; nil: it was
	// never driven.
	Lock     *cabinet.LockRecord `json:"lock,omitempty"`
	LoadLock *cabinet.LockRecord `json:"load_lock,omitempty"`
}

// Status tells how the cabinet stands.
func (h *Host) Status(ctx context.Context) (Status, error) {
	var st Status
	now := h.Clock.Now()
	err := h.Read(ctx, func(s *cabinet.State) {
		st = Status{
			Locker: s.Locker, Number: s.Directory.Layout.Number, Address: s.Directory.Layout.Address,
			Online: s.Link.Live, Keyed: s.Key != nil, Epoch: s.Journal.Epoch, Seq: s.Journal.Seq,
			Unsent: s.Journal.Seq - s.Journal.Acked, Directory: s.Directory.Entries(), Clock: now,
			Boards: []lock.BoardStatus{}, Cells: []CellStatus{},
			Outputs: slices.Concat([]cabinet.Output{}, s.Outputs), Tampers: slices.Concat([]cabinet.Tamper{}, s.Tampers), View: s.View(now, models.SideFront),
		}
		for _, c := range s.Cells {
			r := c.Report()
			st.Cells = append(st.Cells, CellStatus{
				Number: c.Number(), Size: c.Layout.Size, Module: c.Layout.Module, Row: c.Layout.Row, Open: c.Open,
				State: r.State, Doubtful: r.Doubtful, Generation: r.Generation, Shipment: r.Shipment, Operation: c.Operation,
				Lock: c.Lock, LoadLock: c.LoadLock,
			})
		}
	})
	for _, b := range h.Buses {
		st.Boards = append(st.Boards, b.Boards()...)
	}
	return st, err
}

// TakeOver takes a list of contents in, and returns what came of it once that is durable.
func (h *Host) TakeOver(ctx context.Context, in cabinet.Takeover) (cabinet.TakeoverReport, error) {
	var report cabinet.TakeoverReport
	var failed error
	err := h.act(ctx, func() {
		report = h.Keeper.State().PlanTakeover(in)
		h.step(in)
		failed = h.failed
	})
	return report, errors.Join(err, failed)
}

// Open drives a cell's lock for a technician on site, past the screen. It is journalled
// first. An error says that the lock was not driven.
func (h *Host) Open(ctx context.Context, cell int) error {
	found := false
	var pulses []<-chan error
	var failed error
	err := h.act(ctx, func() {
		found = slices.ContainsFunc(h.Keeper.State().Cells, func(c *cabinet.Cell) bool { return c.Number() == cell })
		if found {
			pulses = h.step(cabinet.OpenedDirectly{Cell: cell, AtMS: h.Clock.Now().WallMS})
			failed = h.failed
		}
	})
	switch {
	case err != nil || failed != nil:
		return errors.Join(err, failed)
	case !found:
		return models.Errorf(models.CodeNotFound, "this cabinet has no cell %d", cell)
	case len(pulses) == 0:
		return models.Errorf(models.CodeConflict, "door %d stands open, or too many others do", cell)
	}
	return <-pulses[0]
}

// Try has an output tried for a technician on site, past the screen. No error: its board is told;
// what comes of it is in the status.
func (h *Host) Try(ctx context.Context, o models.Output) error {
	can := false
	var failed error
	err := h.act(ctx, func() {
		if can = slices.Contains(h.Keeper.State().Tries(), o); can {
			h.step(cabinet.OutputTried{Output: o})
			failed = h.failed
		}
	})
	if err == nil && failed == nil && !can {
		return models.Errorf(models.CodeConflict, "%s cannot be tried now: no relay has it, its board does not answer, or it calls for help", o)
	}
	return errors.Join(err, failed)
}
