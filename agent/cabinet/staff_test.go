package cabinet_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

const (
	technician = models.CourierID("cou_tech")
	staffBadge = "STAFF-1"
	operator   = models.OrganizationID("org_0")
)

// technicians gives the cabinet one.
func (r *rig) technicians(change func(*models.DirectoryCourier)) *rig {
	r.t.Helper()
	r.staff(technician, operator, staffBadge, func(c *models.DirectoryCourier) {
		c.Role, c.Operator = models.RoleTechnician, true
		if change != nil {
			change(c)
		}
	})
	return r
}

// serve begins a technician's visit.
func (r *rig) serve() *rig {
	r.t.Helper()
	r.scan(staffBadge)
	r.keyIn(pin)
	r.press("service_repair")
	require.Equal(r.t, cabinet.ScreenOverview, r.screen().Screen)
	return r
}

// door has a technician choose a cell.
func (r *rig) door(n string) {
	r.t.Helper()
	r.press(cabinet.ButtonDoors)
	r.keyIn(n)
	require.Equal(r.t, cabinet.TextStaffCell, r.screen().Text)
}

// report is what the screen tells after a name.
func (r *rig) report(name cabinet.TextKey) cabinet.ReportLine {
	r.t.Helper()
	said := cabinet.CatalogueOf(cabinet.English).Texts[name]
	lines := r.screen().Report
	i := slices.IndexFunc(lines, func(l cabinet.ReportLine) bool { return l.Name == said })
	require.GreaterOrEqual(r.t, i, 0, "%s is not in %+v", said, lines)
	return lines[i]
}

// serviced is a cabinet with a parcel in cell 1 and a technician at work; cell 2 is free.
func serviced(t *testing.T) *rig {
	r := stored(t, policy(), 1)
	r.wait(20_000)
	return r.technicians(nil).serve()
}

// TestNobodyElseIsATechnician: neither a courier, nor the operator's own courier, nor a technician
// of a carrier, nor one of another locker, nor one whose time is over.
func TestNobodyElseIsATechnician(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*models.DirectoryCourier){
		"courier":               func(c *models.DirectoryCourier) { c.Role, c.Operator = models.RoleCourier, false },
		"the operator's":        func(c *models.DirectoryCourier) { c.Role = models.RoleCourier },
		"technician of another": func(c *models.DirectoryCourier) { c.Operator = false },
		"of another locker":     func(c *models.DirectoryCourier) { c.Lockers = []models.LockerID{"lkr_2"} },
		"suspended":             func(c *models.DirectoryCourier) { c.Suspended = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.finish()
			r.wait(20_000)
			r.technicians(change)
			n := len(r.pulses)
			r.press(cabinet.ButtonHelp)
			r.press(cabinet.ButtonStaff)
			require.Equal(t, cabinet.TextStaffBadge, r.screen().Text)
			r.scan(staffBadge)
			r.keyIn(pin)
			for _, b := range append(cabinet.Buttons(), cabinet.Buttons()...) {
				r.press(b)
				require.NotContains(t, []cabinet.ScreenID{cabinet.ScreenOverview, cabinet.ScreenDoors, cabinet.ScreenDevices, cabinet.ScreenLeave},
					r.screen().Screen, "by %s", b)
				r.do(cabinet.Chose{Key: "1", ID: r.id()})
				r.do(cabinet.Chose{Key: "2", ID: r.id()})
			}
			require.Len(t, r.pulses, n)
			for _, f := range r.facts {
				require.False(t, strings.HasPrefix(string(f.Type), "staff_"), "%s", f.Type)
			}
		})
	}
}

// TestATechnicianIsNoCourier: what a technician scans, types or presses loads, collects and hands
// out nothing.
func TestATechnicianIsNoCourier(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.expect("shp_2", policy(), models.SizeS)
	r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{Shipment: "shp_1", Locker: locker, Reason: models.LeaveExpired, Collectable: true})
	n := len(r.pulses)
	for _, text := range []string{"shp_2-1", "shp_1-1", r.code("shp_1"), models.PickupQR(r.key, "shp_1", 1), "NOBODY", badge} {
		r.scan(text)
		r.keyIn(text)
		r.wait(300)
	}
	for _, b := range cabinet.Buttons() {
		if b != cabinet.ButtonLeave && b != cabinet.ButtonFinish {
			r.press(b)
		}
		r.wait(300)
	}
	require.Len(t, r.pulses, n)
	require.Empty(t, r.screen().Courier)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(2).Occupancy)
}

// TestStaffLogin: badge, PIN and reason, also with no network; each is waited for a minute.
func TestStaffLogin(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).technicians(nil)
	r.press(cabinet.ButtonStaff)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "not but from help")
	r.press(cabinet.ButtonHelp)
	r.press(cabinet.ButtonStaff)
	require.Equal(t, cabinet.ScreenStaff, r.screen().Screen)
	r.wait(59_999)
	require.Equal(t, cabinet.ScreenStaff, r.screen().Screen)
	r.wait(1)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)

	r.scan(staffBadge)
	require.Equal(t, cabinet.PadPIN, r.screen().Pad)
	r.keyIn("0000")
	require.Equal(t, cabinet.TextWrongPIN, r.screen().Text)
	r.keyIn(pin)
	require.Equal(t, cabinet.TextStaffWhy, r.screen().Text)
	require.Empty(t, r.screen().Pad)
	require.NotContains(t, r.types(0), models.FactStaffIn)
	r.wait(60_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.NotContains(t, r.types(0), models.FactStaffIn)
	r.press("service_repair")
	r.press(cabinet.ButtonDoors)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "the badge counts no more")

	r.serve()
	_, data := r.lastFact(models.FactStaffIn)
	require.Equal(t, models.FactData{Courier: technician, Reason: models.ServiceRepair}, data)
	r.press(cabinet.ButtonLeave)
	r.press(cabinet.ButtonFinish)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	_, data = r.lastFact(models.FactStaffOut)
	require.Equal(t, models.FactData{Courier: technician, Reason: models.StaffFinished}, data)
	r.press(cabinet.ButtonDoors)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
}

// TestFiveWrongPINsPauseAStaffBadge, over a restart too.
func TestFiveWrongPINsPauseAStaffBadge(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).technicians(nil)
	r.scan(staffBadge)
	for range 5 {
		r.keyIn("0000")
	}
	require.Equal(t, cabinet.TextBadgePaused, r.screen().Text)
	r.do(cabinet.Started{Boot: "boot-2"})
	r.scan(staffBadge)
	require.Equal(t, cabinet.TextBadgePaused, r.screen().Text)
	r.press("service_repair")
	require.NotEqual(t, cabinet.ScreenOverview, r.screen().Screen)
	r.wait(15 * 60_000)
	r.serve()
}

// TestAFreeCellIsOpenedByStaff: it is not offered until somebody said that it is empty.
func TestAFreeCellIsOpenedByStaff(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.door("2")
	require.Equal(t, "free", r.report(cabinet.TextNameContent).Value)
	n := len(r.facts)
	r.press(cabinet.ButtonOpen)
	require.Equal(t, cabinet.Pulse{Operation: r.operation().ID, Cell: 2, Attempt: 1}, r.pulses[len(r.pulses)-1])
	require.Equal(t, []models.FactType{models.FactStaffOpen}, r.types(n), "before the door moves")
	r.open(2)
	require.Equal(t, cabinet.TextStaffWork, r.screen().Text)
	_, data := r.lastFact(models.FactDoorOpened)
	require.Equal(t, technician, data.Courier)
	r.close(2)
	require.Equal(t, cabinet.TextStaffInside, r.screen().Text)
	require.Equal(t, []cabinet.Button{cabinet.ButtonEmpty, cabinet.ButtonSomethingElse, cabinet.ButtonNotEmpty}, r.screen().Buttons)
	require.NotEmpty(t, r.cell(2).Operation, "it is not offered")
	r.press(cabinet.ButtonEmpty)
	_, data = r.lastFact(models.FactCellChecked)
	require.Equal(t, "empty", data.Reason)
	require.Equal(t, technician, data.Courier)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(2).Occupancy)
	require.Equal(t, cabinet.TextStaffCell, r.screen().Text)
}

// TestNoAnswerAboutACell: silence, and a door that does not open, leave it in doubt.
func TestNoAnswerAboutACell(t *testing.T) {
	t.Parallel()
	doubtful := models.Occupancy{State: models.CellFree, Doubtful: true}
	for name, act := range map[string]func(*rig){
		"silence":        func(r *rig) { r.open(2); r.close(2); r.wait(60_000) },
		"not empty":      func(r *rig) { r.open(2); r.close(2); r.press(cabinet.ButtonNotEmpty) },
		"something else": func(r *rig) { r.open(2); r.close(2); r.press(cabinet.ButtonSomethingElse) },
		"left open":      func(r *rig) { r.open(2); r.wait(120_000) },
		"does not open":  func(r *rig) { r.wait(7000); r.press(cabinet.ButtonFinish) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := serviced(t)
			r.door("2")
			r.press(cabinet.ButtonOpen)
			act(r)
			require.Equal(t, doubtful, r.cell(2).Occupancy)
		})
	}
}

// TestAnOccupiedCellIsNeverOpenedUnnoticed: a reason is asked for, a fact names the shipment and
// the technician before the lock is driven, and the content is in doubt until they have said.
func TestAnOccupiedCellIsNeverOpenedUnnoticed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer cabinet.Button
		after  models.Occupancy
		facts  []models.FactType
	}{
		"inside":  {cabinet.ButtonFound, models.Occupancy{State: models.CellOccupied}, []models.FactType{models.FactCellChecked}},
		"gone":    {cabinet.ButtonEmpty, models.Occupancy{State: models.CellFree}, []models.FactType{models.FactMissing, models.FactCellChecked}},
		"foreign": {cabinet.ButtonSomethingElse, models.Occupancy{State: models.CellOccupied, Doubtful: true}, []models.FactType{models.FactCellChecked}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := serviced(t)
			pulses := len(r.pulses)
			r.door("1")
			r.press(cabinet.ButtonOpen)
			require.Equal(t, cabinet.TextStaffEntry, r.screen().Text)
			r.press(cabinet.ButtonOpen)
			r.press("entry_free")
			require.Len(t, r.pulses, pulses, "not without a reason")
			r.press("entry_leak")
			require.Len(t, r.pulses, pulses+1)
			f, data := r.lastFact(models.FactStaffOpen)
			require.Equal(t, 1, f.Cell)
			require.Equal(t, r.operation().ID, f.Operation)
			require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
			require.Equal(t, technician, data.Courier)
			require.Equal(t, models.EntryLeak, data.Reason)
			r.open(1)
			require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
			r.close(1)
			n := len(r.facts)
			r.press(c.answer)
			require.Equal(t, c.facts, r.types(n))
			require.Equal(t, c.after, r.cell(1).Occupancy)
			_, data = r.lastFact(models.FactCellChecked)
			require.Equal(t, technician, data.Courier)
		})
	}
}

// TestACrashWhileStaffOpensACell: at whatever moment, no cell is believed free.
func TestACrashWhileStaffOpensACell(t *testing.T) {
	t.Parallel()
	for cell, state := range map[string]models.CellState{"1": models.CellOccupied, "2": models.CellFree} {
		for name, act := range map[string]func(r *rig, n int){
			"driven": func(*rig, int) {},
			"open":   func(r *rig, n int) { r.open(n) },
			"shut":   func(r *rig, n int) { r.open(n); r.close(n) },
			"jammed": func(r *rig, _ int) { r.wait(7000) },
		} {
			t.Run(cell+" "+name, func(t *testing.T) {
				t.Parallel()
				r := serviced(t)
				r.door(cell)
				r.press(cabinet.ButtonOpen)
				r.press("entry_lock")
				n := int(cell[0] - '0')
				act(r, n)
				r.do(cabinet.Started{Boot: "boot-2"})
				require.Equal(t, cabinet.ScreenHome, r.screen().Screen, "a restart ends the visit")
				r.wait(120_000)
				require.Equal(t, models.Occupancy{State: state, Doubtful: true}, r.cell(n).Occupancy)
				require.Empty(t, r.cell(n).Operation)
				r.lastFact(models.FactStaffOpen)
				r.press(cabinet.ButtonEmpty)
				require.True(t, r.cell(n).Doubtful)
			})
		}
	}
	t.Run("open over the start", func(t *testing.T) {
		t.Parallel()
		r := serviced(t)
		r.door("2")
		r.press(cabinet.ButtonOpen)
		r.do(cabinet.Started{Boot: "boot-2", Open: []int{2}})
		r.close(2)
		r.press(cabinet.ButtonEmpty)
		r.wait(60_000)
		require.Equal(t, models.Occupancy{State: models.CellFree, Doubtful: true}, r.cell(2).Occupancy, "who shut it is not known")
	})
}

// TestIsolation: nothing more is put into the cell, and what is inside is given out.
func TestIsolation(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	for _, n := range []string{"1", "2"} {
		r.door(n)
		r.press(cabinet.ButtonOutOfService)
		f, data := r.lastFact(models.FactCellOutOfService)
		require.Equal(t, n, string(rune('0'+f.Cell)))
		require.Equal(t, technician, data.Courier)
		require.Equal(t, models.CellOutOfService, data.After.State)
		require.Contains(t, r.screen().Buttons, cabinet.ButtonInService)
		r.press(cabinet.ButtonBack)
		r.press(cabinet.ButtonBack)
	}
	require.Equal(t, "1, 2", r.report(cabinet.TextNameOut).Value)
	r.press(cabinet.ButtonLeave)
	require.Equal(t, "1, 2", r.report(cabinet.TextNameOut).Value)
	require.Equal(t, "cell 1 taken out of service", r.report(cabinet.TextNameVisit).Value)
	r.press(cabinet.ButtonFinish)
	r.do(cabinet.Started{Boot: "boot-2"})
	r.expect("shp_2", policy(), models.SizeS)
	r.login()
	r.scan("shp_2-1")
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen)
	r.finish()
	r.wait(20_000)
	n := len(r.pulses)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, n+1)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.wait(200_000)
	r.serve()
	r.door("2")
	r.press(cabinet.ButtonInService)
	_, data := r.lastFact(models.FactCellInService)
	require.Equal(t, models.CellFree, data.After.State)
	r.press(cabinet.ButtonLeave)
	r.press(cabinet.ButtonFinish)
	require.Equal(t, 2, r.load("shp_2-1"))
}

// TestTheOperatorsOrderStays whatever a technician does; and the operator undoes a technician's.
func TestTheOperatorsOrderStays(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	order := func(out bool) {
		r.entry(models.EntryCell, "2", models.DirectoryCell{Locker: locker, Cell: 2, OutOfService: out})
	}
	order(true)
	r.door("2")
	require.Equal(t, "out of service by order of the operator", r.report(cabinet.TextNameState).Value)
	r.press(cabinet.ButtonInService)
	require.True(t, r.cell(2).Withheld)
	r.press(cabinet.ButtonOutOfService)
	require.True(t, r.cell(2).Isolated)
	r.press(cabinet.ButtonInService)
	_, data := r.lastFact(models.FactCellInService)
	require.Equal(t, models.CellOutOfService, data.After.State, "by order")
	r.press(cabinet.ButtonOutOfService)
	order(false)
	require.False(t, r.cell(2).Isolated)
}

// TestTheOperatorPutsBackWhatATechnicianTookOut from afar, once, as far as the operator knew of it.
func TestTheOperatorPutsBackWhatATechnicianTookOut(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.door("2")
	known := func() *models.PutBack { return &models.PutBack{Epoch: r.head.Epoch, Seq: r.head.Seq} }
	order := func(p *models.PutBack) {
		r.entry(models.EntryCell, "2", models.DirectoryCell{Locker: locker, Cell: 2, PutBack: p})
	}
	before := known()
	r.press(cabinet.ButtonOutOfService)
	order(before)
	require.True(t, r.cell(2).Isolated, "the operator did not know yet")
	order(&models.PutBack{Epoch: r.head.Epoch + 1, Seq: r.head.Seq})
	require.True(t, r.cell(2).Isolated, "of another journal")
	order(nil)
	require.True(t, r.cell(2).Isolated, "an order about something else")
	seen := known()
	order(seen)
	require.False(t, r.cell(2).Isolated)
	_, data := r.lastFact(models.FactCellInService)
	require.Equal(t, models.CellFree, data.After.State)
	require.Empty(t, data.Courier)
	r.press(cabinet.ButtonOutOfService)
	require.True(t, r.cell(2).Isolated)
	n := len(r.facts)
	order(seen)
	r.do(cabinet.Started{Boot: "boot-2"})
	require.True(t, r.cell(2).Isolated, "told again, after the next one")
	require.Equal(t, []models.FactType{models.FactStaffOut}, r.types(n))
}

// TestMarkedByLooking: a cell in doubt that its technician opened by a key. That its parcel is gone
// is believed of an opened cell alone.
func TestMarkedByLooking(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.door("2")
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonEmpty, "nothing is in doubt")
	for _, n := range []int{1, 2} {
		r.open(n)
		r.wait(120_000)
		r.close(n)
		require.True(t, r.cell(n).Doubtful)
	}
	r.press(cabinet.ButtonFound)
	require.True(t, r.cell(2).Doubtful, "nothing is recorded there")
	r.press(cabinet.ButtonEmpty)
	_, data := r.lastFact(models.FactCellChecked)
	require.Equal(t, technician, data.Courier)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(2).Occupancy)
	r.press(cabinet.ButtonBack)
	r.keyIn("1")
	r.press(cabinet.ButtonEmpty)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	r.press(cabinet.ButtonFound)
	_, data = r.lastFact(models.FactCellChecked)
	require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
}

// TestACellThatMayBeReopenedIsLeftAlone: its client may come back for it.
func TestACellThatMayBeReopenedIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).technicians(nil)
	r.finish()
	r.wait(20_000)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.serve()
	r.door("1")
	n := len(r.pulses)
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonOpen)
	r.press(cabinet.ButtonOpen)
	r.press("entry_lock")
	require.Len(t, r.pulses, n)
	r.wait(180_000)
	r.press(cabinet.ButtonOpen)
	require.Len(t, r.pulses, n+1)
}

// TestServiceAtTheOtherSide: nothing opens for the public meanwhile; who has a door open goes on.
func TestServiceAtTheOtherSide(t *testing.T) {
	t.Parallel()
	r := twoWay(t).technicians(nil)
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_1-1"})
	r.loadDoor(1, true)
	r.scan(staffBadge)
	r.keyIn(pin)
	r.press("service_cleaning")
	require.Equal(t, cabinet.ScreenDoor, r.back().Screen, "a courier has a door open")
	r.loadDoor(1, false)
	require.Equal(t, models.CellOccupied, r.cell(1).State)
	r.at(models.SideBack, cabinet.Pressed{Button: cabinet.ButtonFinish})
	r.wait(15_000)
	require.Equal(t, cabinet.ScreenOut, r.back().Screen)
	require.Equal(t, cabinet.TextService, r.back().Text)
	n := len(r.pulses)
	r.expect("shp_2", policy(), models.SizeS)
	r.at(models.SideBack, cabinet.Scanned{Text: badge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_2-1"})
	require.Len(t, r.pulses, n)
	require.Equal(t, cabinet.TextService, r.back().Text)

	r.door("2")
	r.press(cabinet.ButtonOpen)
	require.Empty(t, r.pulses[n].Side, "the door before the technician")
	r.open(2)
	r.close(2)
	r.press(cabinet.ButtonEmpty)
	r.press(cabinet.ButtonLeave)
	r.press(cabinet.ButtonFinish)
	r.wait(300)
	r.at(models.SideBack, cabinet.Scanned{Text: "shp_2-1"})
	require.Len(t, r.pulses, n+2)

	other := twoWay(t).technicians(nil)
	other.at(models.SideBack, cabinet.Scanned{Text: staffBadge})
	other.at(models.SideBack, cabinet.Keyed{Text: pin})
	other.at(models.SideBack, cabinet.Pressed{Button: "service_repair"})
	require.Equal(t, cabinet.TextService, other.screen().Text)
	other.at(models.SideBack, cabinet.Pressed{Button: cabinet.ButtonDoors})
	other.at(models.SideBack, cabinet.Keyed{Text: "1"})
	other.at(models.SideBack, cabinet.Pressed{Button: cabinet.ButtonOpen})
	require.Equal(t, models.SideBack, other.pulses[0].Side)
	other.loadDoor(1, true)
	other.loadDoor(1, false)
	require.Equal(t, cabinet.TextStaffInside, other.back().Text)
}

// TestAVisitEndsByItself: what is left behind is shown first; an open door keeps it.
func TestAVisitEndsByItself(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.wait(299_000)
	r.press(cabinet.ButtonDevices)
	r.wait(299_999)
	require.Equal(t, cabinet.ScreenDevices, r.screen().Screen)
	r.wait(1)
	require.Equal(t, cabinet.ScreenLeave, r.screen().Screen)
	require.Equal(t, 60, r.screen().Seconds)
	r.press(cabinet.ButtonBack)
	require.Equal(t, cabinet.ScreenOverview, r.screen().Screen)
	r.door("2")
	r.press(cabinet.ButtonOpen)
	r.open(2)
	r.wait(119_999)
	require.Equal(t, cabinet.TextStaffWork, r.screen().Text)
	r.wait(1)
	require.Equal(t, cabinet.ScreenOverview, r.screen().Screen, "its door may be one that nobody can shut")
	r.wait(60_000)
	r.close(2)
	require.Equal(t, cabinet.TextStaffInside, r.screen().Text, "who is still there is asked")
	r.press(cabinet.ButtonEmpty)
	r.wait(300_000)
	require.Equal(t, cabinet.ScreenLeave, r.screen().Screen)
	require.NotContains(t, r.types(0), models.FactStaffOut)
	r.wait(60_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	_, data := r.lastFact(models.FactStaffOut)
	require.Equal(t, models.StaffAway, data.Reason)
	r.press(cabinet.ButtonDoors)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
}

// TestASuspendedTechnicianIsOut at once, or once the door that is open is shut and answered for.
func TestASuspendedTechnicianIsOut(t *testing.T) {
	t.Parallel()
	suspend := func(r *rig) { r.technicians(func(c *models.DirectoryCourier) { c.Suspended = true }) }
	r := serviced(t)
	suspend(r)
	require.Equal(t, cabinet.TextDismissed, r.screen().Text)
	_, data := r.lastFact(models.FactStaffOut)
	require.Equal(t, models.StaffDismissed, data.Reason)

	r = serviced(t)
	r.door("2")
	r.press(cabinet.ButtonOpen)
	r.open(2)
	suspend(r)
	require.Equal(t, cabinet.TextStaffWork, r.screen().Text)
	r.close(2)
	r.press(cabinet.ButtonEmpty)
	require.NotContains(t, r.types(0), models.FactCellChecked, "their word counts no more")
	r.wait(60_000)
	require.Equal(t, models.Occupancy{State: models.CellFree, Doubtful: true}, r.cell(2).Occupancy)
	require.Equal(t, cabinet.TextDismissed, r.screen().Text)
	require.Equal(t, 1, strings.Count(strings.Join(strs2(r.types(0)), " "), "staff_out"))
}

func strs2(types []models.FactType) []string {
	var all []string
	for _, t := range types {
		all = append(all, string(t))
	}
	return all
}

// TestAnotherBadgeEndsAVisit: another technician's goes on to a visit of theirs, a courier's does nothing.
func TestAnotherBadgeEndsAVisit(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.scan(badge)
	require.Equal(t, cabinet.ScreenOverview, r.screen().Screen)
	r.staff("cou_tech2", operator, "STAFF-2", func(c *models.DirectoryCourier) { c.Role, c.Operator = models.RoleTechnician, true })
	r.scan("STAFF-2")
	require.Equal(t, cabinet.TextPIN, r.screen().Text)
	_, data := r.lastFact(models.FactStaffOut)
	require.Equal(t, models.FactData{Courier: technician, Reason: models.StaffReplaced}, data)
	r.keyIn(pin)
	r.press("service_repair")
	_, data = r.lastFact(models.FactStaffIn)
	require.Equal(t, models.CourierID("cou_tech2"), data.Courier)
}

// TestARestartEndsAVisit, once.
func TestARestartEndsAVisit(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.do(cabinet.Started{Boot: "boot-2"})
	_, data := r.lastFact(models.FactStaffOut)
	require.Equal(t, models.FactData{Courier: technician, Reason: models.StaffRestarted}, data)
	n := len(r.types(0))
	r.do(cabinet.Started{Boot: "boot-3"})
	require.Empty(t, r.types(n))

	r = serviced(t)
	r.wait(360_000)
	_, data = r.lastFact(models.FactStaffOut)
	require.Equal(t, models.StaffAway, data.Reason)
	n = len(r.types(0))
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Empty(t, r.types(n), "it was over")
}

// TestOverview: what is wrong stands there, in words and not by colour alone.
func TestOverview(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	require.True(t, r.report(cabinet.TextNameLine).Wrong, "there is no line")
	require.Equal(t, cabinet.TextStaffOverview, r.screen().Text)
	r.online()
	require.Equal(t, cabinet.TextStaffAllRight, r.screen().Text)
	require.Equal(t, "0", r.report(cabinet.TextNameUnsent).Value)
	r.do(cabinet.DevicesTold{Devices: []cabinet.Device{
		{Kind: cabinet.DeviceBoard, Name: "A", Up: true, Value: "12 ms"}, {Kind: cabinet.DeviceScanner, Name: "/dev/ttyS1", Error: "no such file"},
		{Kind: cabinet.DeviceScanner, Name: "back", Up: true, Unset: true, Error: "setting codes stay in force"},
	}})
	require.Contains(t, r.screen().Report, cabinet.ReportLine{Name: "Lock board A", Value: "12 ms"})
	require.Contains(t, r.screen().Report, cabinet.ReportLine{Name: "Scanner /dev/ttyS1", Value: "no answer", Wrong: true})
	require.Contains(t, r.screen().Report, cabinet.ReportLine{Name: "Scanner back", Value: "works, but could not be set up", Wrong: true})
	require.Equal(t, cabinet.TextStaffOverview, r.screen().Text)
	r.do(cabinet.BoardChanged{Board: "A", Cells: []int{1, 2}})
	require.Equal(t, cabinet.ReportLine{Name: "Out of service", Value: "1, 2", Wrong: true}, r.report(cabinet.TextNameOut))
	r.open(1)
	require.Equal(t, "1", r.report(cabinet.TextNameOpen).Value)
	require.Equal(t, "1", r.report(cabinet.TextNameDoubt).Value, "its parcel")
}

// TestDevices: each of their tests, of which a fact tells.
func TestDevices(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.do(cabinet.DevicesTold{Devices: []cabinet.Device{
		{Kind: cabinet.DeviceBoard, Name: "A", Up: true, Value: "12 ms", Error: "late", Line: "ttyS1, 9600 baud", SetIsOpen: true, Inverted: "3, 7"}, {Kind: cabinet.DeviceScanner, Name: "front", Up: true},
		{Kind: cabinet.DeviceScreen, Up: true}, {Kind: cabinet.DeviceProgram, Name: "1.2", Up: true, Restarts: true},
	}})
	r.do(cabinet.OutputChanged{Output: models.OutputLight, Up: true})
	r.do(cabinet.OutputChanged{Output: models.OutputModem, Up: true})
	r.do(cabinet.OutputChanged{Output: models.OutputGate, Up: true})
	device := func(key string, buttons ...cabinet.Button) {
		t.Helper()
		for r.screen().Screen != cabinet.ScreenOverview {
			r.press(cabinet.ButtonBack)
		}
		r.press(cabinet.ButtonDevices)
		r.do(cabinet.Chose{Key: key})
		require.Equal(t, append(buttons, cabinet.ButtonBack), r.screen().Buttons)
	}
	acted := func(reason, device string) {
		t.Helper()
		_, data := r.lastFact(models.FactStaffAct)
		require.Equal(t, models.FactData{Courier: technician, Reason: reason, Device: device}, data)
	}
	device("board A")
	require.Equal(t, "Lock board A", r.screen().Sentence)
	require.Equal(t, "12 ms", r.report(cabinet.TextNameValue).Value)
	require.Equal(t, "ttyS1, 9600 baud", r.report(cabinet.TextNamePort).Value)
	require.Equal(t, cabinet.ReportLine{Name: "A set bit means", Value: "open"}, r.report(cabinet.TextNameFeedback))
	require.Equal(t, "3, 7", r.report(cabinet.TextNameInverted).Value)
	require.Equal(t, cabinet.ReportLine{Name: "Last error", Value: "late", Wrong: true}, r.report(cabinet.TextNameError))
	device("output gate") // a signed order alone opens it

	device("scanner front", cabinet.ButtonTestScanner)
	r.press(cabinet.ButtonTestScanner)
	acted(models.StaffTestScanner, "scanner front")
	n, pulses := len(r.facts), len(r.pulses)
	for text, said := range map[string]string{
		r.code("shp_1"): "8 characters, digits alone", "shp_1-1": "7 characters, other characters too", "AB-12": "5 characters, letters and digits",
		badge: "7 characters, letters and digits", "شحنة": "4 characters, other characters too",
	} {
		r.scan(text)
		require.Contains(t, r.screen().Sentence, said)
		raw, err := json.Marshal(r.state.Session.Staff)
		require.NoError(t, err)
		require.NotContains(t, string(raw), text, "what it says is kept nowhere")
	}
	require.Len(t, r.facts, n)
	require.Len(t, r.pulses, pulses)

	device("screen", cabinet.ButtonTestTouch, cabinet.ButtonTestSound)
	r.press(cabinet.ButtonTestTouch)
	acted(models.StaffTestTouch, "screen")
	for _, item := range r.screen().Items {
		require.Equal(t, cabinet.TextStaffTouch, r.screen().Text)
		r.do(cabinet.Chose{Key: item.Key})
	}
	require.Equal(t, cabinet.TextStaffTouched, r.screen().Text)
	r.press(cabinet.ButtonBack)
	r.press(cabinet.ButtonTestSound)
	r.press(cabinet.ButtonUnheard)
	acted(models.StaffUnheard, "screen")

	device("program 1.2", cabinet.ButtonRestart)
	require.Contains(t, r.do(cabinet.Pressed{Button: cabinet.ButtonRestart, ID: r.id()}), cabinet.Restart{Device: "program 1.2"})
	acted(models.StaffRestart, "program 1.2")

	device("output light", cabinet.ButtonTry)
	require.Contains(t, r.do(cabinet.Pressed{Button: cabinet.ButtonTry, ID: r.id()}), cabinet.Drive{Output: models.OutputLight, ForMS: 3000})
	acted(models.StaffTry, "output light")
	device("output modem", cabinet.ButtonCycle)
	require.Contains(t, r.do(cabinet.Pressed{Button: cabinet.ButtonCycle, ID: r.id()}), cabinet.Drive{Output: models.OutputModem, ForMS: 10_000})
	r.press(cabinet.ButtonLeave)
	require.Equal(t, "Program 1.2: started anew", r.report(cabinet.TextNameVisit).Value)
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Empty(t, r.state.Devices, "they are told anew")
}

// TestManyCells: a page at a time, and each by its number.
func TestManyCells(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(slices.Repeat([]models.Size{models.SizeS}, 30)...).technicians(nil).serve()
	r.press(cabinet.ButtonDoors)
	require.Equal(t, cabinet.PadCell, r.screen().Pad)
	seen := map[string]bool{}
	for range 3 {
		for _, item := range r.screen().Items {
			seen[item.Key] = true
		}
		r.press(cabinet.ButtonMore)
	}
	require.Len(t, seen, 30)
	require.Equal(t, "1", r.screen().Items[0].Key, "after the last comes the first")
	r.keyIn("0")
	require.Equal(t, cabinet.ScreenOverview, r.screen().Screen)
	r.press(cabinet.ButtonDoors)
	r.keyIn("31")
	require.Equal(t, cabinet.TextStaffNoCell, r.screen().Text)
	r.keyIn("30")
	require.Equal(t, "Cell 30", r.screen().Sentence)
	r.press(cabinet.ButtonBack)
	r.do(cabinet.Chose{Key: "1"})
	require.Equal(t, "Cell 1", r.screen().Sentence)
}

// TestNothingOpensOnAFailingBattery, for technicians neither.
func TestNothingOpensOnAFailingBattery(t *testing.T) {
	t.Parallel()
	r := serviced(t)
	r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true, Low: true}})
	r.door("2")
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonOpen)
	n := len(r.pulses)
	r.press(cabinet.ButtonOpen)
	require.Len(t, r.pulses, n)
}
