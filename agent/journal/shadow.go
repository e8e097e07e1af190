package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"cubby/agent/cabinet"
	"cubby/models"
)

// shadow is what the disk holds, so that only what changed is written. Things that the
// core changes in place are compared field by field; what only a page of the directory
// changes is compared only after one; an operation that has ended does not change.
type shadow struct {
	head       cabinet.State
	cells      map[int]cabinet.Cell
	operations map[models.OperationID]operationShadow
	settled    int64 // every operation up to this order has ended, and is kept so
	windows    map[models.ShipmentID]cabinet.Window
	badges     map[models.CourierID]cabinet.Badge
	past       map[models.ShipmentID]cabinet.Past
	shipments  map[models.ShipmentID]shipmentShadow
	directory  map[Table]map[string][]byte // couriers, withdrawals, revs, layout
	facts      factRange
}

type operationShadow struct {
	value []byte
	ended bool
}

type shipmentShadow struct {
	entry     *cabinet.Expected
	issue     int
	withdrawn bool
	taken     []cabinet.Taken
	lost      bool
	formerly  int // entries
	parcels   int
}

// same reports whether nothing of an entry has changed that the core changes. Of what was lost and announced again
// it adds to the former ones and takes parcels away.
func (s shipmentShadow) same(e *cabinet.Expected) bool {
	return s.entry == e && s.issue == e.Issue && s.withdrawn == e.Withdrawn && s.lost == e.Lost &&
		s.formerly == len(e.Formerly) && s.parcels == len(e.Parcels) && slices.Equal(s.taken, e.Taken)
}

func newShadow() *shadow {
	return &shadow{
		cells: map[int]cabinet.Cell{}, operations: map[models.OperationID]operationShadow{},
		windows: map[models.ShipmentID]cabinet.Window{}, badges: map[models.CourierID]cabinet.Badge{}, past: map[models.ShipmentID]cabinet.Past{},
		shipments: map[models.ShipmentID]shipmentShadow{}, directory: map[Table]map[string][]byte{},
	}
}

// diff collects the rows by which the state differs from the shadow, and takes them over.
type diff struct {
	*shadow
	state *cabinet.State
	rows  []Row
}

func (d *diff) put(t Table, key string, v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("journal: a part of the state has no JSON form: " + err.Error()) // plain structs: cannot happen
	}
	d.rows = append(d.rows, Row{t, key, raw})
	return raw
}

func (d *diff) remove(t Table, key string) { d.rows = append(d.rows, Row{Table: t, Key: key}) }

// changes returns the rows to write. paged says that a page of the directory came in.
func (s *shadow) changes(state *cabinet.State, paged bool) []Row {
	d := diff{shadow: s, state: state}
	d.diffCells()
	d.diffOperations()
	d.diffWindows()
	d.diffBadges()
	d.diffPast()
	d.diffShipments()
	d.diffFacts()
	// Unlike the rest of the directory, orders end by themselves.
	diffMap(&d, TableCellOrder, state.Directory.Cells)
	if paged {
		d.diffDirectory()
	}
	d.diffHead()
	return d.rows
}

// diffHead leaves the uptime out of the comparison: alone it is not worth a write.
func (d *diff) diffHead() {
	h := head(d.state)
	h.Uptime = 0
	if len(d.rows) == 0 && reflect.DeepEqual(h, d.head) {
		return
	}
	d.head = h
	// These the core changes in place.
	d.head.Directory.Cursor, d.head.RemoteAt = maps.Clone(h.Directory.Cursor), slices.Clone(h.RemoteAt)
	d.head.Climates = slices.Clone(h.Climates)
	d.head.ResentAt, d.head.Outputs = slices.Clone(h.ResentAt), slices.Clone(h.Outputs)
	d.head.Tampers, d.head.Gates = slices.Clone(h.Tampers), slices.Clone(h.Gates)
	h.Uptime = d.state.Uptime
	d.put(TableHead, "", h)
}

func (d *diff) diffCells() {
	for _, c := range d.state.Cells {
		old, known := d.cells[c.Number()]
		if known && sameCell(&old, c) {
			continue
		}
		kept := *c
		kept.Parcels = slices.Clone(c.Parcels)
		if c.Load != nil {
			load := *c.Load
			kept.Load = &load
		}
		d.cells[c.Number()] = kept
		d.put(TableCell, strconv.Itoa(c.Number()), c)
	}
}

// diffOperations compares those under way by their JSON: they are few. Most have ended; those
// up to the first that has not are passed over.
func (d *diff) diffOperations() {
	settling := true
	for _, op := range d.state.Operations {
		if op.Order <= d.settled {
			continue
		}
		old, known := d.operations[op.ID]
		if known && old.ended {
			if settling {
				d.settled = op.Order
			}
			continue
		}
		settling = false
		raw, err := json.Marshal(op)
		if err != nil {
			panic("journal: an operation has no JSON form: " + err.Error()) // plain structs: cannot happen
		}
		ended := op.State == cabinet.StateDone || op.State == cabinet.StateAbandoned
		if known && bytes.Equal(raw, old.value) {
			continue
		}
		d.rows = append(d.rows, Row{TableOperation, string(op.ID), raw})
		if ended {
			raw = nil
		}
		d.operations[op.ID] = operationShadow{raw, ended}
	}
	if len(d.operations) == len(d.state.Operations) {
		return
	}
	live := make(map[models.OperationID]bool, len(d.state.Operations))
	for _, op := range d.state.Operations {
		live[op.ID] = true
	}
	for id := range d.operations {
		if !live[id] {
			delete(d.operations, id)
			d.remove(TableOperation, string(id))
		}
	}
}

func (d *diff) diffWindows() {
	for _, w := range d.state.Windows {
		if old, known := d.windows[w.Shipment]; known && sameWindow(&old, w) {
			continue
		}
		kept := *w
		kept.Cells = slices.Clone(w.Cells)
		d.windows[w.Shipment] = kept
		d.put(TableWindow, string(w.Shipment), w)
	}
	if len(d.windows) == len(d.state.Windows) {
		return
	}
	for id := range d.windows {
		if !slices.ContainsFunc(d.state.Windows, func(w *cabinet.Window) bool { return w.Shipment == id }) {
			delete(d.windows, id)
			d.remove(TableWindow, string(id))
		}
	}
}

func (d *diff) diffBadges() {
	for id, b := range d.state.Badges {
		if old, known := d.badges[id]; known && old == *b {
			continue
		}
		d.badges[id] = *b
		d.put(TableBadge, string(id), b)
	}
	if len(d.badges) == len(d.state.Badges) {
		return
	}
	for id := range d.badges {
		if d.state.Badges[id] == nil {
			delete(d.badges, id)
			d.remove(TableBadge, string(id))
		}
	}
}

func (d *diff) diffPast() {
	for id, p := range d.state.Past {
		if old, known := d.past[id]; known && old == p {
			continue
		}
		d.past[id] = p
		d.put(TablePast, string(id), p)
	}
	if len(d.past) == len(d.state.Past) {
		return
	}
	for id := range d.past {
		if _, kept := d.state.Past[id]; !kept {
			delete(d.past, id)
			d.remove(TablePast, string(id))
		}
	}
}

// diffShipments relies on takeShipment replacing an entry whole: beside that the core
// changes only what is compared here.
func (d *diff) diffShipments() {
	for id, e := range d.state.Directory.Shipments {
		old, known := d.shipments[id]
		if known && old.same(e) {
			continue
		}
		d.shipments[id] = shipmentShadow{e, e.Issue, e.Withdrawn, slices.Clone(e.Taken), e.Lost, len(e.Formerly), len(e.Parcels)}
		d.put(TableShipment, string(id), e)
	}
	if len(d.shipments) == len(d.state.Directory.Shipments) {
		return
	}
	for id := range d.shipments {
		if d.state.Directory.Shipments[id] == nil {
			delete(d.shipments, id)
			d.remove(TableShipment, string(id))
		}
	}
}

// diffFacts appends what was written and removes what was pruned: facts do not change. In
// another epoch the journal begins anew.
func (d *diff) diffFacts() {
	facts := d.state.Journal.Facts
	old, now := d.facts, rangeOf(facts)
	d.facts = now
	if old.epoch != now.epoch {
		d.removeFacts(old, old.end)
		d.putFacts(facts)
		return
	}
	d.removeFacts(old, min(now.first, old.end))
	d.putFacts(facts[max(0, old.end-now.first):])
}

func (d *diff) removeFacts(r factRange, end int64) {
	for seq := r.first; seq < end; seq++ {
		d.remove(TableFact, factKey(r.epoch, seq))
	}
}

func (d *diff) putFacts(facts []models.Fact) {
	for _, f := range facts {
		d.put(TableFact, factKey(f.Epoch, f.Seq), f)
	}
}

// factRange is the facts that are kept: of one epoch, from first to before end.
type factRange struct{ epoch, first, end int64 }

func rangeOf(facts []models.Fact) factRange {
	if len(facts) == 0 {
		return factRange{}
	}
	return factRange{facts[0].Epoch, facts[0].Seq, facts[len(facts)-1].Seq + 1}
}

// factKey sorts as the numbers do.
func factKey(epoch, seq int64) string { return fmt.Sprintf("%016x/%016x", epoch, seq) }

// diffDirectory compares what a page of the directory may have changed.
func (d *diff) diffDirectory() {
	dir := &d.state.Directory
	diffMap(d, TableCourier, dir.Couriers)
	diffMap(d, TableWithdrawal, dir.Withdrawals)
	diffMap(d, TableRev, dir.Revs)
	diffMap(d, TableLayout, map[string]models.DirectoryLayout{"": dir.Layout})
}

func diffMap[K ~string, V any](d *diff, t Table, have map[K]V) {
	kept := d.directory[t]
	if kept == nil {
		kept = map[string][]byte{}
		d.directory[t] = kept
	}
	for k, v := range have {
		raw, err := json.Marshal(v)
		if err != nil {
			panic("journal: the directory has no JSON form: " + err.Error()) // plain structs: cannot happen
		}
		if !bytes.Equal(kept[string(k)], raw) {
			kept[string(k)] = raw
			d.rows = append(d.rows, Row{t, string(k), raw})
		}
	}
	for k := range kept {
		if _, ok := have[K(k)]; !ok {
			delete(kept, k)
			d.remove(t, k)
		}
	}
}

func sameCell(a, b *cabinet.Cell) bool {
	x, y := *a, *b
	if !slices.Equal(x.Parcels, y.Parcels) {
		return false
	}
	x.Parcels, y.Parcels = nil, nil
	return sameFixed(&x, &y)
}

func sameWindow(a, b *cabinet.Window) bool {
	return a.Shipment == b.Shipment && a.Policy.Equal(b.Policy) && a.Operation == b.Operation && slices.Equal(a.Cells, b.Cells) &&
		a.Until == b.Until && a.Reopened == b.Reopened && a.Reopening == b.Reopening
}

// sameFixed compares all of a cell but its parcels.
func sameFixed(a, b *cabinet.Cell) bool {
	return a.Layout == b.Layout && a.Occupancy == b.Occupancy && a.Generation == b.Generation && a.Shipment == b.Shipment &&
		a.Operation == b.Operation && a.Unfit == b.Unfit && a.Sensed == b.Sensed && a.Leaf == b.Leaf && sameLeaf(a.Load, b.Load) &&
		a.Dead == b.Dead && a.Broken == b.Broken && a.Withheld == b.Withheld && a.Isolated == b.Isolated && a.Label == b.Label && a.Holder == b.Holder &&
		a.Interrupted == b.Interrupted && a.TakenOver == b.TakenOver &&
		a.Refusal == b.Refusal && a.RefusedUntil == b.RefusedUntil && a.SinceMS == b.SinceMS &&
		a.Lock == b.Lock && a.LoadLock == b.LoadLock // the core replaces them whole
}

func sameLeaf(a, b *cabinet.Leaf) bool {
	return a == b || a != nil && b != nil && *a == *b
}
