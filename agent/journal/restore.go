package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// restore rebuilds a state from its rows. It fails with ErrDamaged when they make none.
func restore(rows []Row, l models.LockerID) (*cabinet.State, int64, error) {
	s := cabinet.New(l)
	found := false
	var floor int64
	for _, r := range rows {
		if r.Table == TableHead {
			var h cabinet.State
			if err := json.Unmarshal(r.Value, &h); err != nil {
				return nil, 0, damaged(r, err)
			}
			fresh := *s
			*s, found = h, true
			s.Session, s.BackSession = fresh.Session, fresh.BackSession
		}
	}
	into := reader{s}
	for _, r := range rows {
		var err error
		switch r.Table {
		case TableHead:
		case TableClock:
			err = json.Unmarshal(r.Value, &floor)
		default:
			err = into.row(r)
		}
		if err != nil {
			return nil, 0, damaged(r, err)
		}
	}
	if !found && len(rows) > 0 {
		return nil, 0, fmt.Errorf("%w: %d rows and no head", ErrDamaged, len(rows))
	}
	if s.Locker != l {
		return nil, 0, fmt.Errorf("%w: it is of cabinet %q, not of %s", ErrDamaged, s.Locker, l)
	}
	into.sort()
	if err := errors.Join(unbroken(s.Journal.Facts), s.Check()); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return s, floor, nil
}

func damaged(r Row, err error) error {
	return fmt.Errorf("%w: row %s %q: %w", ErrDamaged, r.Table, r.Key, err)
}

// unbroken tells where facts do not follow each other: one that is missing could never be
// sent.
func unbroken(facts []models.Fact) error {
	for i := 1; i < len(facts); i++ {
		before, f := facts[i-1], facts[i]
		if f.Epoch != before.Epoch || f.Seq != before.Seq+1 || f.PrevHash != before.Hash {
			return fmt.Errorf("fact %d/%d does not follow %d/%d", f.Epoch, f.Seq, before.Epoch, before.Seq)
		}
	}
	return nil
}

// reader puts rows into a state.
type reader struct{ *cabinet.State }

func (s reader) row(r Row) error {
	switch r.Table {
	case TableCell:
		return read(r, func(c *cabinet.Cell) { s.Cells = append(s.Cells, c) })
	case TableOperation:
		return read(r, func(op *cabinet.Operation) { s.Operations = append(s.Operations, op) })
	case TableWindow:
		return read(r, func(w *cabinet.Window) { s.Windows = append(s.Windows, w) })
	case TableFact:
		return read(r, func(f *models.Fact) { s.Journal.Facts = append(s.Journal.Facts, *f) })
	case TableLayout:
		return read(r, func(l *models.DirectoryLayout) { s.Directory.Layout = *l })
	case TableBadge:
		return read(r, func(b *cabinet.Badge) { set(&s.Badges, models.CourierID(r.Key), b) })
	case TablePast:
		return read(r, func(p *cabinet.Past) { set(&s.Past, models.ShipmentID(r.Key), *p) })
	case TableShipment:
		return read(r, func(e *cabinet.Expected) { set(&s.Directory.Shipments, models.ShipmentID(r.Key), e) })
	case TableCourier:
		return read(r, func(c *models.DirectoryCourier) { set(&s.Directory.Couriers, models.CourierID(r.Key), *c) })
	case TableWithdrawal:
		return read(r, func(w *models.DirectoryWithdrawal) { set(&s.Directory.Withdrawals, models.ShipmentID(r.Key), *w) })
	case TableCellOrder:
		return read(r, func(o *models.DirectoryCell) { set(&s.Directory.Cells, r.Key, *o) })
	case TableRev:
		return read(r, func(n *int64) { set(&s.Directory.Revs, r.Key, *n) })
	}
	return fmt.Errorf("there is no table %q", r.Table)
}

func read[T any](r Row, put func(*T)) error {
	v := new(T)
	if err := json.Unmarshal(r.Value, v); err != nil {
		return err
	}
	put(v)
	return nil
}

func set[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

// sort restores the orders that rows do not have.
func (s reader) sort() {
	slices.SortFunc(s.Cells, func(a, b *cabinet.Cell) int { return a.Number() - b.Number() })
	slices.SortFunc(s.Operations, func(a, b *cabinet.Operation) int { return cmp.Compare(a.Order, b.Order) })
	slices.SortFunc(s.Windows, func(a, b *cabinet.Window) int { return cmp.Compare(a.Shipment, b.Shipment) })
	slices.SortFunc(s.Journal.Facts, func(a, b models.Fact) int { return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Seq, b.Seq)) })
	if s.Directory.Cursor == nil {
		s.Directory.Cursor = protocol.Cursor{}
	}
}
