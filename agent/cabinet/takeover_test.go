package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// row is a sure row of the common carrier.
func row(cell int, barcode string) cabinet.TakeoverRow {
	return cabinet.TakeoverRow{Line: cell + 1, Cell: cell, Barcode: barcode, Carrier: carrier, Sure: true}
}

func unsure(r cabinet.TakeoverRow) cabinet.TakeoverRow { r.Sure = false; return r }

// found is a cabinet that was in use before: nothing is known of its cells.
func found(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeM, models.SizeM)
	r.expect("shp_1", policy(), models.SizeS)
	r.expect("shp_2", policy(), models.SizeM)
	return r
}

// takeOver gives the list and returns the report made before.
func (r *rig) takeOver(in cabinet.Takeover) cabinet.TakeoverReport {
	r.t.Helper()
	report := r.state.PlanTakeover(in)
	r.do(in)
	return report
}

func verdicts(report cabinet.TakeoverReport) []cabinet.TakeoverVerdict {
	var all []cabinet.TakeoverVerdict
	for _, row := range report.Rows {
		all = append(all, row.Verdict)
	}
	return all
}

// TestATakeover: an announced parcel, one that is unsure, one that nobody announced, and a
// cell that the list does not name; then a courier's round clears every doubt.
func TestATakeover(t *testing.T) {
	t.Parallel()
	r := found(t)
	r.online()
	n, uploads := len(r.facts), r.uploads
	report := r.takeOver(cabinet.Takeover{Rows: []cabinet.TakeoverRow{row(1, "shp_1-1"), unsure(row(3, "shp_2-1")), row(2, "X-1")}})
	require.True(t, report.Applied)
	require.Equal(t, []cabinet.TakeoverVerdict{cabinet.TakeoverDeposited, cabinet.TakeoverDeposited, cabinet.TakeoverHeld}, verdicts(report))
	require.Equal(t, models.ShipmentID("shp_1"), report.Rows[0].Shipment)
	require.Equal(t, []int{4}, report.Rest)
	require.Equal(t, []models.FactType{
		models.FactDeposited, models.FactDeposited, models.FactCellDoubtful, models.FactHeld, models.FactCellChecked,
	}, r.types(n))
	require.Equal(t, uploads+1, r.uploads, "the server is told at once")
	require.Empty(t, r.pulses, "no door opens by it")
	_, data := r.lastFact(models.FactDeposited)
	require.Equal(t, models.FactData{
		Shipment: "shp_2", Parcel: "par_shp_2-1", Label: "shp_2-1", Reason: "taken_over",
		After: &models.CellReport{Cell: 3, State: models.CellOccupied, Generation: 1, Shipment: "shp_2"},
	}, data)
	_, data = r.lastFact(models.FactHeld)
	require.Equal(t, models.FactData{
		Label: "X-1", Reason: "taken_over", After: &models.CellReport{Cell: 2, State: models.CellOccupied, Generation: 1},
	}, data)
	for cell, want := range map[int]models.Occupancy{
		1: {State: models.CellOccupied}, 2: {State: models.CellOccupied},
		3: {State: models.CellOccupied, Doubtful: true}, 4: {State: models.CellFree, Doubtful: true},
	} {
		require.Equal(t, want, r.cell(cell).Occupancy, "cell %d", cell)
	}

	r.do(cabinet.LinkDown{})
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(8000)
	_, data = r.lastFact(models.FactPickedUp)
	require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)

	r.login()
	for _, check := range []struct {
		cell   int
		answer func()
	}{{3, func() { r.scan("shp_2-1") }}, {4, func() { r.press(cabinet.ButtonEmpty) }}} {
		r.wait(300)
		r.press(cabinet.ButtonCheck)
		require.Equal(t, check.cell, r.pulses[len(r.pulses)-1].Cell)
		r.open(check.cell)
		r.close(check.cell)
		check.answer()
		require.False(t, r.cell(check.cell).Doubtful)
	}
	r.press(cabinet.ButtonCheck)
	require.Equal(t, cabinet.TextNothingDoubt, r.screen().Text)
	require.Equal(t, 4, r.bring("shp_3", models.SizeM), "a cell that was found empty is offered")

	r.expect("X", policy(), models.SizeS)
	_, data = r.lastFact(models.FactDeposited)
	require.Equal(t, models.ParcelID("par_X-1"), data.Parcel, "announced where it lies")
}

// bring announces a shipment of one parcel and deposits it.
func (r *rig) bring(id models.ShipmentID, size models.Size) int {
	r.t.Helper()
	r.expect(id, policy(), size)
	return r.load(string(id) + "-1")
}

// TestATakeoverTwice: once more, after anything, changes nothing.
func TestATakeoverTwice(t *testing.T) {
	t.Parallel()
	list := []cabinet.TakeoverRow{row(1, "shp_1-1"), unsure(row(2, "X-1"))}
	for _, empty := range []bool{true, false} {
		r := found(t)
		in := cabinet.Takeover{Rows: list, RestEmpty: empty}
		require.True(t, r.takeOver(in).Applied)
		require.Equal(t, !empty, r.cell(4).Doubtful)
		again := func(what string) {
			n := len(r.facts)
			report := r.takeOver(in)
			require.Equal(t, []cabinet.TakeoverVerdict{cabinet.TakeoverAlready, cabinet.TakeoverAlready}, verdicts(report), what)
			require.Empty(t, report.Rest, what)
			require.Len(t, r.facts, n, what)
		}
		again("at once")
		r.do(cabinet.Started{Boot: "boot-2"})
		again("after a restart")
		r.keyIn(r.code("shp_1"))
		r.open(1)
		r.close(1)
		r.wait(600_000)
		require.Equal(t, models.CellFree, r.cell(1).State)
		r.give(deletion("shp_1"))
		again("after the parcel was collected and forgotten")
		r.login()
		for range 3 {
			r.wait(300)
			r.press(cabinet.ButtonCheck)
			for _, c := range r.state.Cells {
				if c.Operation != "" {
					r.open(c.Number())
					r.close(c.Number())
					r.press(cabinet.ButtonEmpty)
				}
			}
		}
		require.False(t, r.cell(2).Doubtful)
		again("after a courier's round")
		r.open(4)
		r.wait(120_000)
		r.close(4)
		require.True(t, r.cell(4).Doubtful)
		again("with a new doubt, that it must not clear")
		require.True(t, r.cell(4).Doubtful)
	}
}

func TestATakeoverRefuses(t *testing.T) {
	t.Parallel()
	good := row(3, "X-9")
	for name, c := range map[string]struct {
		reach  func(r *rig)
		rows   []cabinet.TakeoverRow
		reason string
	}{
		"an unknown cell":         {nil, []cabinet.TakeoverRow{row(9, "X-1")}, "no cell 9"},
		"cell 0":                  {nil, []cabinet.TakeoverRow{row(0, "X-1")}, "no cell 0"},
		"no barcode":              {nil, []cabinet.TakeoverRow{row(1, "")}, "no scanner could read"},
		"a control character":     {nil, []cabinet.TakeoverRow{row(1, "X\x001")}, "no scanner could read"},
		"no carrier":              {nil, []cabinet.TakeoverRow{{Cell: 1, Barcode: "X-1"}}, "carrier is missing"},
		"a cell twice":            {nil, []cabinet.TakeoverRow{row(1, "X-1"), row(1, "X-2")}, "cell 1 more than once"},
		"a parcel twice":          {nil, []cabinet.TakeoverRow{row(1, "X-1"), row(2, "X-1")}, "parcel more than once"},
		"a full cell":             {func(r *rig) { r.load("shp_1-1") }, []cabinet.TakeoverRow{row(1, "X-1")}, "not free"},
		"a parcel elsewhere":      {func(r *rig) { r.load("shp_1-1") }, []cabinet.TakeoverRow{row(2, "shp_1-1")}, "is in cell 1"},
		"a held parcel elsewhere": {func(r *rig) { r.takeOver(cabinet.Takeover{Rows: []cabinet.TakeoverRow{row(1, "X-1")}}) }, []cabinet.TakeoverRow{row(2, "X-1")}, "is in cell 1"},
		"an open door":            {func(r *rig) { r.open(1) }, []cabinet.TakeoverRow{row(1, "X-1")}, "door 1 is open"},
		"somebody is at it":       {func(r *rig) { r.login(); r.scan("shp_1-1") }, []cabinet.TakeoverRow{row(1, "X-1")}, "somebody is at cell 1"},
		"on its way in":           {func(r *rig) { r.login(); r.scan("shp_1-1") }, []cabinet.TakeoverRow{row(2, "shp_1-1")}, "a courier is putting"},
		"collected": {func(r *rig) {
			r.load("shp_1-1")
			r.finish()
			r.wait(300)
			r.keyIn(r.code("shp_1"))
			r.open(1)
			r.close(1)
			r.wait(8000)
		}, []cabinet.TakeoverRow{row(2, "shp_1-1")}, "collected here"},
		"over here": {func(r *rig) { r.load("shp_1-1"); r.give(deletion("shp_1")) }, []cabinet.TakeoverRow{row(2, "shp_1-1")}, "over here"},
		"found unusable": {func(r *rig) {
			r.open(1)
			r.wait(120_000)
			r.close(1)
			r.login()
			r.press(cabinet.ButtonCheck)
			r.open(1)
			r.close(1)
			r.press(cabinet.ButtonSomethingElse)
		}, []cabinet.TakeoverRow{row(1, "X-1")}, "found unusable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := found(t)
			if c.reach != nil {
				c.reach(r)
			}
			in := cabinet.Takeover{Rows: append(c.rows, good)}
			n := len(r.facts)
			report := r.takeOver(in)
			require.False(t, report.Applied)
			require.Len(t, r.facts, n, "nothing is done")
			require.Empty(t, r.cell(3).Label)
			for i := range c.rows {
				require.Equal(t, cabinet.TakeoverRefused, report.Rows[i].Verdict)
				require.Contains(t, report.Rows[i].Reason, c.reason)
			}
			in.Partial = true
			require.True(t, r.takeOver(in).Applied)
			require.Equal(t, "X-9", r.cell(3).Label, "what can be done is done")
			if cell := c.rows[0].Cell; cell > 0 && cell <= 4 && r.cell(cell).State == models.CellFree {
				require.True(t, r.cell(cell).Doubtful, "something lies there, and it is not known what")
			}
			n = len(r.facts)
			r.takeOver(in)
			require.Len(t, r.facts, n, "once")
		})
	}
}

// TestATakeoverOfACabinetInUse: what this program knows to be empty stays so.
func TestATakeoverOfACabinetInUse(t *testing.T) {
	t.Parallel()
	r := found(t)
	require.Equal(t, 1, r.load("shp_1-1"))
	r.finish()
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(600_000)
	require.Equal(t, []int{3, 4}, r.takeOver(cabinet.Takeover{Rows: []cabinet.TakeoverRow{row(2, "X-1")}}).Rest)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
}

// TestACorrectedTakeover: a row that was refused is taken once it is right.
func TestACorrectedTakeover(t *testing.T) {
	t.Parallel()
	r := found(t)
	r.takeOver(cabinet.Takeover{Rows: []cabinet.TakeoverRow{row(1, "X-1"), row(2, "X-1")}, Partial: true})
	require.True(t, r.cell(1).Doubtful)
	report := r.takeOver(cabinet.Takeover{Rows: []cabinet.TakeoverRow{row(1, "X-1"), unsure(row(2, "shp_1-1"))}})
	require.True(t, report.Applied)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy, "the technician looked")
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(2).Occupancy)
	f, data := r.lastFact(models.FactCellChecked)
	require.Equal(t, 1, f.Cell, "which resolves what is open about the cell")
	require.False(t, data.After.Doubtful)
}

// TestNoTakeoverBeforeTheServerSpoke: of a cabinet whose store was lost the server knows more.
func TestNoTakeoverBeforeTheServerSpoke(t *testing.T) {
	t.Parallel()
	in := cabinet.Takeover{Rows: []cabinet.TakeoverRow{row(1, "X-1")}, Partial: true}
	r := newRig(t)
	require.Contains(t, r.takeOver(in).Reason, "not heard of its cells")
	r.do(cabinet.Started{Boot: "boot-2", Lost: true})
	r.furnish(models.SizeS)
	report := r.takeOver(in)
	require.False(t, report.Applied)
	require.Contains(t, report.Reason, "waits for the server's view")
	require.Empty(t, r.cell(1).Label)
	r.online()
	r.do(cabinet.SnapshotTaken{})
	require.True(t, r.takeOver(in).Applied)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
}
