package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

// Leaf is a door as it was last seen.
type Leaf struct {
	Open     bool  `json:"open,omitempty"`
	OpenedAt int64 `json:"opened_at,omitempty"`
	LeftOpen bool  `json:"left_open,omitempty"` // open too long, and told
}

// leaf is the cell's door at a side. A cell with one door has the same at both.
func (c *Cell) leaf(side models.Side) *Leaf {
	if side == models.SideBack && c.Load != nil {
		return c.Load
	}
	return &c.Leaf
}

func (c *Cell) leaves() []*Leaf {
	if c.Load != nil {
		return []*Leaf{&c.Leaf, c.Load}
	}
	return []*Leaf{&c.Leaf}
}

// place puts the cell where the layout has it.
func (c *Cell) place(l models.LayoutCell) {
	c.Layout = l
	switch {
	case l.Side != models.SideBoth:
		c.Load = nil
	case c.Load == nil:
		c.Load = &Leaf{}
	}
}

// anyOpen reports whether a hand can reach into the cell.
func (c *Cell) anyOpen() bool {
	return slices.ContainsFunc(c.leaves(), func(l *Leaf) bool { return l.Open })
}

// reachable reports whether a hand may reach into the cell now. A door that has been left open is told
// of, and counts no more.
func (c *Cell) reachable() bool {
	return slices.ContainsFunc(c.leaves(), func(l *Leaf) bool { return l.Open && !l.LeftOpen })
}

// opensAnew reports whether a door that reads open is driven all the same: it has read so for long, and may be
// shut with a contact that does not say so. Nothing is lost by driving the lock of an open one.
func (c *Cell) opensAnew(leaf *Leaf) bool {
	return leaf.LeftOpen && !slices.ContainsFunc(c.leaves(), func(l *Leaf) bool { return l != leaf && l.Open })
}

// blocked reports whether an open door keeps the cell from being opened.
func (c *Cell) blocked() bool { return c.anyOpen() && !slices.ContainsFunc(c.leaves(), c.opensAnew) }

// side is the face at which an operation opens a cell: couriers work at the back of a
// two-way cell, technicians where they stand.
func (op *Operation) side(c *Cell) models.Side {
	if op.Service != "" && c.Load != nil {
		return op.Face
	}
	couriers := op.Kind == models.Deposit || op.Kind == models.Withdrawal || op.Kind == models.Check
	if couriers && c.Load != nil || op.Kind == models.Pickup && mutant.On(mutant.WrongSide) {
		return models.SideBack
	}
	return ""
}

func (op *Operation) leaf(c *Cell) *Leaf { return c.leaf(op.side(c)) }

// twoWay reports whether couriers have a side of their own.
func (s *State) twoWay() bool {
	return slices.ContainsFunc(s.Cells, func(c *Cell) bool { return c.Load != nil })
}

// towardsPublic reports whether a cell of a two-way cabinet, at whose back couriers work, has its only door at the front.
func (c *Cell) towardsPublic(twoWay bool) bool { return twoWay && c.Load == nil }

// wrongSide sends couriers to the back of a two-way cabinet, and clients to its front.
func (t *turn) wrongSide(courier bool) bool {
	atBack := t.Session == &t.BackSession
	if !t.twoWay() || courier == atBack {
		return false
	}
	screen := ScreenCode
	if courier {
		screen = ScreenLogin
	}
	t.Session.show(screen, TextOtherSide, t.longer(messageMS))
	return true
}
