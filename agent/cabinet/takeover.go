package cabinet

import (
	"fmt"

	"cubby/models"
)

// TakeoverRow is what a list of contents says of one cell. Line is where in the list.
type TakeoverRow struct {
	Line    int                   `json:"line"`
	Cell    int                   `json:"cell"`
	Barcode string                `json:"barcode"`
	Carrier models.OrganizationID `json:"carrier"`
	Sure    bool                  `json:"sure"`
}

// TakeoverVerdict is what becomes of a row.
type TakeoverVerdict string

// The verdicts.
const (
	TakeoverDeposited TakeoverVerdict = "deposited" // its shipment is announced, and has it now
	TakeoverHeld      TakeoverVerdict = "held"      // nobody announced it yet
	TakeoverAlready   TakeoverVerdict = "already"   // done before: nothing changes
	TakeoverRefused   TakeoverVerdict = "refused"   // nothing is recorded
)

// TakeoverResult is a row with its verdict. Reason is a sentence for the technician.
type TakeoverResult struct {
	TakeoverRow
	Verdict  TakeoverVerdict   `json:"verdict"`
	Reason   string            `json:"reason,omitempty"`
	Shipment models.ShipmentID `json:"shipment,omitempty"`
	parcel   models.ParcelID
}

// TakeoverReport is what becomes of a whole list. When it is not Applied, nothing changes.
type TakeoverReport struct {
	Applied bool             `json:"applied"`
	Reason  string           `json:"reason,omitempty"` // why nothing is applied, beside refused rows
	Rows    []TakeoverResult `json:"rows"`
	Rest    []int            `json:"rest"` // cells that are not named and of which this is the first word
}

// What a takeover said of a cell that no row of it fills.
const takenOverRest = "rest"

const reasonTakenOver = "taken_over"

// key is how a cell remembers the row that filled it.
func (r TakeoverRow) key() string { return string(r.Carrier) + "/" + r.Barcode }

// PlanTakeover says what a takeover would do; it changes nothing.
func (s *State) PlanTakeover(in Takeover) TakeoverReport {
	report := TakeoverReport{Rows: []TakeoverResult{}, Rest: []int{}}
	cells, barcodes := map[int]int{}, map[string]int{}
	for _, r := range in.Rows {
		cells[r.Cell]++
		barcodes[r.key()]++
	}
	refused := 0
	for _, r := range in.Rows {
		result := s.planRow(r)
		switch {
		case cells[r.Cell] > 1:
			result = r.refused("the list names cell %d more than once", r.Cell)
		case barcodes[r.key()] > 1:
			result = r.refused("the list names this parcel more than once")
		}
		if result.Verdict == TakeoverRefused {
			refused++
		}
		report.Rows = append(report.Rows, result)
	}
	for _, c := range s.Cells {
		if cells[c.Number()] == 0 && c.Generation == 0 && c.untold() {
			report.Rest = append(report.Rest, c.Number())
		}
	}
	switch {
	case len(s.Cells) == 0:
		report.Reason = "the cabinet has not heard of its cells yet: it must have been online once"
	case s.Unsure || s.NextEpoch > 0:
		report.Reason = "the cabinet waits for the server's view of its cells: it must be online first"
	default:
		report.Applied = refused == 0 || in.Partial
	}
	return report
}

// untold reports whether a cell is free and no takeover has said anything of it.
func (c *Cell) untold() bool {
	return c.State == models.CellFree && c.Operation == "" && c.TakenOver == ""
}

func (r TakeoverRow) refused(format string, args ...any) TakeoverResult {
	return TakeoverResult{TakeoverRow: r, Verdict: TakeoverRefused, Reason: fmt.Sprintf(format, args...)}
}

// planRow judges a row by itself.
func (s *State) planRow(r TakeoverRow) TakeoverResult {
	c := s.cell(r.Cell)
	switch {
	case c == nil:
		return r.refused("the cabinet has no cell %d", r.Cell)
	case r.Barcode == "" || clean(r.Barcode) != r.Barcode || len(r.Barcode) > maxText:
		return r.refused("no scanner could read this barcode")
	case r.Carrier == "":
		return r.refused("the carrier is missing")
	case c.TakenOver == r.key() || s.holds(c, r):
		return TakeoverResult{TakeoverRow: r, Verdict: TakeoverAlready, Shipment: c.Shipment}
	case c.Operation != "":
		return r.refused("somebody is at cell %d", r.Cell)
	case c.State != models.CellFree:
		return r.refused("cell %d is not free", r.Cell)
	case c.anyOpen():
		return r.refused("door %d is open", r.Cell)
	case c.Broken:
		return r.refused("cell %d was found unusable: a courier's check has to clear it first", r.Cell)
	}
	if cell, there := s.heldIn(r.Barcode, r.Carrier); there {
		return r.refused("this parcel is in cell %d", cell)
	}
	e, p, known := s.labelled(r.Barcode, r.Carrier)
	if known && e.Carrier == r.Carrier {
		return s.planDeposit(r, e, p.Parcel)
	}
	return TakeoverResult{TakeoverRow: r, Verdict: TakeoverHeld}
}

func (s *State) planDeposit(r TakeoverRow, e *Expected, parcel models.ParcelID) TakeoverResult {
	switch {
	case e.gone(parcel):
		return r.refused("this parcel was collected here")
	case e.Withdrawn:
		return r.refused("the shipment of this parcel is over here")
	}
	for _, c := range s.Cells {
		if containsParcel(c.Parcels, parcel) {
			return r.refused("this parcel is in cell %d", c.Number())
		}
	}
	if s.knownHere(parcel) {
		return r.refused("a courier is putting this parcel in")
	}
	return TakeoverResult{TakeoverRow: r, Verdict: TakeoverDeposited, Shipment: e.Shipment, parcel: parcel}
}

// holds reports whether a cell has the row's parcel in it.
func (s *State) holds(c *Cell, r TakeoverRow) bool {
	if c.State != models.CellOccupied || c.Label != "" {
		return c.State == models.CellOccupied && c.Label == r.Barcode && c.Holder == r.Carrier
	}
	e, p, known := s.labelled(r.Barcode, r.Carrier)
	return known && e.Carrier == r.Carrier && containsParcel(c.Parcels, p.Parcel)
}

// takeOver records what a technician says of the cells of a cabinet that was in use before it
// got this program. That is somebody on site who looked: it is evidence, but for what the
// list calls unsure.
func (t *turn) takeOver(in Takeover) {
	plan := t.PlanTakeover(in)
	if !plan.Applied {
		return
	}
	for _, r := range plan.Rows {
		switch r.Verdict {
		case TakeoverDeposited, TakeoverHeld:
			t.takeRow(r)
		case TakeoverRefused:
			// Something lies there, and it is not known what.
			if c := t.cell(r.Cell); c != nil && c.untold() {
				c.TakenOver = takenOverRest
				t.doubt(nil, c, reasonTakenOver)
			}
		}
	}
	for _, n := range plan.Rest {
		t.takeRest(t.cell(n), in.RestEmpty)
	}
}

// takeRow puts a row's parcel on record: a new occupancy, so a new generation.
func (t *turn) takeRow(r TakeoverResult) {
	c := t.cell(r.Cell)
	wasDoubtful := c.Doubtful
	c.Occupancy = models.Occupancy{State: models.CellOccupied}
	c.Generation++
	c.TakenOver = r.key()
	data := models.FactData{Label: r.Barcode, Reason: reasonTakenOver}
	kind := models.FactHeld
	if r.Verdict == TakeoverDeposited {
		c.Shipment, c.Parcels = r.Shipment, []models.ParcelID{r.parcel}
		data.Shipment, data.Parcel, kind = r.Shipment, r.parcel, models.FactDeposited
	} else {
		c.Label, c.Holder = r.Barcode, r.Carrier
	}
	t.write(kind, "", c, data)
	switch {
	case !r.Sure:
		t.doubt(nil, c, reasonTakenOver)
	case wasDoubtful:
		t.write(models.FactCellChecked, "", c, models.FactData{Reason: reasonTakenOver})
	}
}

// takeRest notes a cell that the list does not name. Of so many cells no incident is opened
// for each: the couriers who work here are asked to look into them.
func (t *turn) takeRest(c *Cell, empty bool) {
	c.TakenOver = takenOverRest
	if c.Doubtful != empty {
		return
	}
	if empty {
		c.apply(models.CellCheckEmpty)
	} else {
		c.apply(models.CellDoubt)
	}
	t.write(models.FactCellChecked, "", c, models.FactData{Reason: reasonTakenOver})
}
