package cabinet

import (
	"slices"
	"strconv"

	"cubby/agent/mutant"
	"cubby/models"
)

// shareMS is how long "in the same cell?" waits; then the parcel gets a cell of its own.
const shareMS = 10_000

// share is the question whether a parcel goes into a cell in which another of its shipment lies.
// ID is of the input that asked, and began nothing: by it the new cell opens if nobody answers.
type share struct {
	Parcel models.ParcelID    `json:"parcel,omitempty"`
	Size   models.Size        `json:"size,omitempty"`
	Cell   int                `json:"cell,omitempty"`
	ID     models.OperationID `json:"id,omitempty"`
}

// shareable finds a cell in which another parcel of the shipment lies and this one has room too;
// nil: there is none, or the policy keeps parcels apart. Nobody may be at the cell, and nothing
// about it may be in doubt.
func (s *State) shareable(e *Expected, p models.DirectoryParcel) *Cell {
	if !e.Policy.ShareCells {
		return nil
	}
	for _, c := range s.holding(e.Shipment) {
		if c.serves() && (!c.Doubtful || mutant.On(mutant.ShareDoubtful)) && !c.anyOpen() && c.Operation == "" && c.Refusal == "" && c.Layout.Regime == p.Regime &&
			(c.Layout.EasyReach || !p.EasyReach) && p.Dimensions.Fits(c.Layout.Inner) && s.weights(e, c, p) && s.volumes(e, c, p) <= c.Layout.Inner.Volume() {
			return c
		}
	}
	return nil
}

// weights reports whether a cell bears a parcel and those that are in it.
func (s *State) weights(e *Expected, c *Cell, p models.DirectoryParcel) bool {
	for _, id := range c.Parcels {
		other, _ := s.Directory.parcel(e.Shipment, id)
		p.WeightG += other.WeightG
	}
	return c.bears(p)
}

// volumes is what a parcel and those in a cell take up together, in cubic millimetres.
func (s *State) volumes(e *Expected, c *Cell, p models.DirectoryParcel) int64 {
	all := s.volume(p)
	for _, id := range c.Parcels {
		other, _ := s.Directory.parcel(e.Shipment, id)
		all += s.volume(other)
	}
	return all
}

// volume is that of a parcel. One whose measures nobody told takes up all of the smallest cell here
// of its size, and one of which not even that is known more than there is.
func (s *State) volume(p models.DirectoryParcel) int64 {
	if v := p.Dimensions.Volume(); v > 0 {
		return v
	}
	least := int64(1) << 40
	for _, c := range s.Cells {
		if v := c.Layout.Inner.Volume(); c.Layout.Size == p.Size && v > 0 {
			least = min(least, v)
		}
	}
	return least
}

// askShare asks whether a parcel goes into a cell of its shipment; false: it does not fit into one.
func (t *turn) askShare(e *Expected, p models.DirectoryParcel) bool {
	c := t.shareable(e, p)
	if c == nil {
		return false
	}
	t.Session.show(ScreenSame, TextSame, t.longer(shareMS), "cell", strconv.Itoa(c.Number()), "label", end(p.Barcode, labelEnd))
	t.Session.Share = share{p.Parcel, p.Size, c.Number(), t.fresh}
	return true
}

// sameCell opens the cell in which the other parcel lies. It is the same occupancy: one code, one
// door and one generation for both.
func (t *turn) sameCell() {
	asked := t.Session.Share
	e, p, ok := t.shared(asked)
	if !ok {
		return
	}
	c := t.shareable(e, p)
	if c == nil || c.Number() != asked.Cell {
		t.depositAbove(e, p, 0) // somebody was at it meanwhile
		return
	}
	op := t.begin(models.Deposit, e.Shipment, e.Policy)
	if op == nil {
		return
	}
	op.Courier, op.Size, op.Shares = t.Directory.Couriers[t.Session.Courier].Courier, p.Size, c.Number()
	op.add(c, []models.ParcelID{p.Parcel})
	t.ask(op)
}

// newCell gives the parcel a cell of its own.
func (t *turn) newCell() {
	if e, p, ok := t.shared(t.Session.Share); ok {
		t.depositAbove(e, p, 0)
	}
}

// newCellUnasked does so when nobody answered.
func (t *turn) newCellUnasked() {
	asked := t.Session.Share
	if t.operation(asked.ID) == nil {
		t.fresh = asked.ID
	}
	t.Session.Until = 0
	t.newCell()
	t.fresh = ""
}

// shared finds what a question was about. What was true when it was asked is checked anew.
func (t *turn) shared(asked share) (*Expected, models.DirectoryParcel, bool) {
	e, p, ok := t.mayDeposit(asked.Parcel)
	p.Size = asked.Size
	return e, p, ok && t.Session.Screen == ScreenSame
}

// isShared reports whether a door of a deposit is that of a cell in which another parcel lies.
func (op *Operation) isShared(d *Door) bool { return op.Shares != 0 && op.Shares == d.Cell }

// sharing reports whether the deposit is at such a door now.
func (op *Operation) sharing() bool {
	return slices.ContainsFunc(op.Doors, func(d Door) bool { return d.State != DoorFinished && op.isShared(&d) })
}
