package cabinets

import (
	"path/filepath"
	"slices"
	"time"

	"cubby/agent/cabinet"
)

// body is the simulated steel: doors, locks and things. It survives in a file of its own,
// as real doors survive the death of a program.
type body struct {
	Cells map[int]*compartment `json:"cells"`
}

type compartment struct {
	Open    bool     `json:"open,omitempty"`
	Jammed  bool     `json:"jammed,omitempty"` // the lock does not open
	Things  []string `json:"things,omitempty"`
	opening int      // counts openings, so that a late timer shuts no later one
}

func newBody() *body { return &body{Cells: map[int]*compartment{}} }

func (b *body) cell(n int) *compartment {
	if b.Cells[n] == nil {
		b.Cells[n] = &compartment{}
	}
	return b.Cells[n]
}

func (b *body) openDoors() []int {
	var open []int
	for n, c := range b.Cells {
		if c.Open {
			open = append(open, n)
		}
	}
	slices.Sort(open)
	return open
}

// pulse drives a lock. Its door springs open a moment later, unless it is jammed.
func (c *Cabinet) pulse(n int) {
	time.AfterFunc(openDelay, func() {
		c.later(func() {
			if b := c.body.cell(n); !b.Jammed && !b.Open {
				c.moveDoor(n, true)
				c.closeLater(n)
			}
		})
	})
}

// closeLater has a door shut itself, as a person would shut it.
func (c *Cabinet) closeLater(n int) {
	if c.autoClose <= 0 {
		return
	}
	opening := c.body.cell(n).opening
	time.AfterFunc(c.autoClose, func() {
		c.later(func() {
			if b := c.body.cell(n); b.Open && b.opening == opening {
				c.moveDoor(n, false)
			}
		})
	})
}

// later runs f in the cabinet's goroutine, if it still runs.
func (c *Cabinet) later(f func()) {
	select {
	case c.acts <- f:
	case <-c.stopped:
	}
}

// moveDoor moves a door; then the cabinet sees it.
func (c *Cabinet) moveDoor(n int, open bool) {
	b := c.body.cell(n)
	b.Open = open
	if open {
		b.opening++
	}
	c.keepBody()
	c.step(cabinet.DoorChanged{Cell: n, Open: open})
}

func (c *Cabinet) keepBody() {
	if err := write(filepath.Join(c.dir, bodyFile), c.body); err != nil && c.failed == nil {
		c.failed = err
	}
}
