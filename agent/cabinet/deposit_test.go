package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

func TestAllocation(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeXL, models.SizeM, models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS, models.SizeS, models.SizeS, models.SizeXL, models.SizeXL)
	require.Equal(t, 3, r.load("shp_1-1"))
	require.Equal(t, 4, r.load("shp_1-2"))
	require.Equal(t, 2, r.load("shp_1-3"), "a larger one when the own size is full")
	require.Equal(t, 1, r.load("shp_1-4"))
	r.scan("shp_1-5")
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen)
	require.Len(t, r.pulses, 4)
}

func TestDoubtfulAndOpenCellsAreNotOffered(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS, models.SizeS)
	r.open(1) // a free cell that opened by itself stays free, but is not given while open
	require.Equal(t, models.CellFree, r.cell(1).State)
	require.Equal(t, 2, r.load("shp_1-1"))
	r.finish()
	r.open(2)
	_, data := r.lastFact(models.FactCellDoubtful)
	require.Equal(t, "opened_by_itself", data.Reason)
	require.True(t, r.cell(2).Doubtful)
	require.Equal(t, 3, r.load("shp_1-2"))
}

func TestLabelsThatAreNotForHere(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	other := shipment("shp_2", policy(), models.SizeS)
	other.Carrier = "org_2"
	r.entry(models.EntryShipment, "shp_2", other)
	r.scan("shp_1-1")
	require.Equal(t, cabinet.TextBadgeFirst, r.screen().Text)
	r.keyIn("shp_1-1")
	require.Equal(t, cabinet.TextMistyped, r.screen().Text, "the pad is for codes, and tells nobody what is expected")
	r.load("shp_1-1")
	for label, want := range map[string]cabinet.TextKey{
		"shp_1-1": cabinet.TextAlreadyIn, "shp_2-1": cabinet.TextOtherCarrier, "never-seen": cabinet.TextUnknownLabel,
	} {
		r.scan(label)
		require.Equal(t, want, r.screen().Text, label)
	}
	require.Len(t, r.pulses, 1)
	r.wait(120_000)
	require.Equal(t, cabinet.ScreenAway, r.screen().Screen, "120 s idle lock the session")
	require.Empty(t, r.screen().Courier)
	r.scan(badge)
	require.Equal(t, courier, r.screen().Courier, "the badge alone resumes it")
	r.wait(120_000)
	r.wait(600_000)
	require.Equal(t, cabinet.ScreenFinish, r.screen().Screen, "what came of the visit")
	r.wait(15_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.scan(badge)
	require.Equal(t, cabinet.ScreenLogin, r.screen().Screen, "after ten minutes the PIN is wanted again")
}

func TestScanWhileADoorIsOpenIsHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS, models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.scan("shp_1-2")
	require.Len(t, r.pulses, 1)
	require.Equal(t, "Put the parcel into cell 1 and close the door.", r.screen().Sentence)
	r.close(1)
	r.scan("shp_1-2")
	require.Len(t, r.pulses, 1, "300 ms apart")
	r.wait(300)
	require.Len(t, r.pulses, 2)
}

func TestJammedDepositTakesTheNextCell(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.online()
	r.login()
	r.scan("shp_1-1")
	r.lead()
	n := len(r.facts)
	r.wait(6999)
	require.Len(t, r.pulses, 1)
	r.wait(1)
	op := r.operation().ID
	require.Equal(t, []cabinet.Pulse{{Operation: op, Cell: 1, Attempt: 1}, {Operation: op, Cell: 2, Attempt: 1}}, r.pulses)
	require.Equal(t, models.Occupancy{State: models.CellFree, Doubtful: true}, r.cell(1).Occupancy)
	r.open(2)
	require.Equal(t, models.OpenResult{Outcome: models.Opened, Cells: []models.CellOutcome{
		{Cell: 1, Outcome: models.NotOpened, Reason: "jammed"}, {Cell: 2, Outcome: models.Opened},
	}}, r.lastResult().Result)
	r.close(2)
	require.Equal(t, []models.FactType{models.FactDoorJammed, models.FactDoorOpened, models.FactDoorClosed, models.FactDeposited}, r.types(n))
}

func TestJammedDepositWithNoOtherCell(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.online()
	r.login()
	r.scan("shp_1-1")
	r.lead()
	r.wait(7000)
	require.Equal(t, models.NotOpened, r.lastResult().Result.Outcome)
	f, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
	require.Equal(t, r.operation().ID, f.Operation)
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen)
}

func TestADeadBoardLeavesMostCellsAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS, models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.wait(60_000)
	require.Len(t, r.pulses, 3)
	require.Equal(t, models.CellFree, r.cell(4).State)
	require.False(t, r.cell(4).Doubtful)
	require.Equal(t, cabinet.StateDone, r.operation().State)
}

func TestCancelledDeposits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		button cabinet.Button
		answer cabinet.Button // none: nobody answers
		want   models.Occupancy
	}{
		{"empty", cabinet.ButtonCancel, cabinet.ButtonEmpty, models.Occupancy{State: models.CellFree}},
		{"not placed, empty", cabinet.ButtonNotPlaced, cabinet.ButtonEmpty, models.Occupancy{State: models.CellFree}},
		{"not empty", cabinet.ButtonCancel, cabinet.ButtonNotEmpty, models.Occupancy{State: models.CellReserved, Doubtful: true}},
		{"no answer", cabinet.ButtonCancel, "", models.Occupancy{State: models.CellReserved, Doubtful: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS)
			r.expect("shp_1", policy(), models.SizeS)
			r.login()
			r.scan("shp_1-1")
			r.open(1)
			r.press(c.button)
			require.Equal(t, cabinet.TextTakeOut, r.screen().Text)
			r.close(1)
			require.Equal(t, cabinet.ScreenCancel, r.screen().Screen)
			if c.answer != "" {
				r.press(c.answer)
			} else {
				r.wait(60_000)
			}
			require.Equal(t, c.want, r.cell(1).Occupancy)
			require.Empty(t, r.cell(1).Parcels)
			_, data := r.lastFact(models.FactOperationDone)
			require.Equal(t, "not_placed", data.Reason)
			require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
			require.NotContains(t, r.types(0), models.FactDeposited)
		})
	}
}

func TestTooSmallTakesALargerCellWithoutASecondScan(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeM)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.press(cabinet.ButtonNotFit)
	r.close(1)
	require.Equal(t, cabinet.ScreenBigger, r.screen().Screen)
	r.press(cabinet.ButtonEmpty)
	r.wait(300)
	require.Equal(t, 3, r.pulses[len(r.pulses)-1].Cell)
	r.open(3)
	r.close(3)
	require.Equal(t, models.CellOccupied, r.cell(3).State)
	require.Equal(t, models.CellFree, r.cell(1).State)
	require.Len(t, r.state.Operations, 1)
}

func TestDoorLeftOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.wait(119_999)
	require.False(t, r.cell(1).Doubtful)
	r.wait(1)
	_, data := r.lastFact(models.FactCellDoubtful)
	require.Equal(t, "left_open", data.Reason)
	require.Contains(t, r.screen().Strips, "Cell 1 is open, please close it.")
	require.Equal(t, cabinet.TextAway, r.screen().Text, "whoever comes next may begin")
	r.scan(badge)
	require.Equal(t, courier, r.screen().Courier, "the badge alone resumes the visit")
	r.close(1)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy, "it is in, but who knows")
}

func TestServerRefusesADeposit(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.online()
	r.login()
	r.scan("shp_1-1")
	r.answer(protocol.Refused, "this shipment goes to another locker")
	require.Equal(t, cabinet.ScreenNotHere, r.screen().Screen)
	require.Contains(t, r.screen().Sentence, "another locker")
	require.Equal(t, cabinet.StateAbandoned, r.operation().State)
	require.Equal(t, models.CellFree, r.cell(1).State)
	_, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, "refused", data.Reason)
	require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
	require.Empty(t, r.pulses)
}

func TestPINs(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.scan(badge)
	for range 4 {
		r.keyIn("0000")
		require.Equal(t, cabinet.TextWrongPIN, r.screen().Text)
	}
	r.keyIn("0000")
	require.Equal(t, cabinet.TextBadgePaused, r.screen().Text)
	r.scan(badge)
	require.Equal(t, cabinet.TextBadgePaused, r.screen().Text)
	r.do(cabinet.Started{Boot: "boot-2"})
	r.scan(badge)
	require.Equal(t, cabinet.TextBadgePaused, r.screen().Text, "a restart forgives nothing")
	r.wait(15 * 60_000)
	r.login()
}

func TestAParcelUnderWayIsNotDepositedTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.do(cabinet.Started{Boot: "boot-2", Open: []int{1}}) // the screen forgot it, the door is open
	r.login()
	r.wait(300)
	r.scan("shp_1-1")
	require.Len(t, r.pulses, 1, "no second cell for what may be in the first")
	require.Equal(t, "Please close door 1.", r.screen().Sentence)
	r.close(1)
	r.scan("shp_1-1")
	require.Equal(t, cabinet.TextAlreadyIn, r.screen().Text)
}

func TestCellsThatDoNotSuitAParcel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	layout := models.DirectoryLayout{Locker: locker, State: models.LockerActive, Cells: []models.LayoutCell{
		{Number: 1, Size: models.SizeS, Regime: models.Chilled},
		{Number: 2, Size: models.SizeS, Regime: models.Ambient, Inner: models.Dimensions{WidthMM: 100, HeightMM: 100, DepthMM: 100}},
		{Number: 3, Size: models.SizeS, Regime: models.Ambient, Inner: models.Dimensions{WidthMM: 300, HeightMM: 100, DepthMM: 100}},
	}}
	r.entry(models.EntryLayout, string(locker), layout)
	r.staff(courier, carrier, badge, nil)
	long := shipment("shp_1", policy(), models.SizeS)
	long.Parcels[0].Dimensions = models.Dimensions{WidthMM: 90, HeightMM: 250, DepthMM: 90}
	r.entry(models.EntryShipment, "shp_1", long)
	require.Equal(t, 3, r.load("shp_1-1"), "turned, it fits")
}

func TestALockerThatTakesNoParcels(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.expect("shp_2", policy(), models.SizeS)
	layout := r.state.Directory.Layout
	layout.State = models.LockerNoDeposits
	r.entry(models.EntryLayout, string(locker), layout)
	r.login()
	r.scan("shp_2-1")
	require.Equal(t, cabinet.TextNoDeposits, r.screen().Text)
	require.Empty(t, r.pulses)
	r.finish()
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1, "clients collect all the same")
}

func TestTheRestOfACancelledShipmentIsCarriedBack(t *testing.T) {
	t.Parallel()
	for name, cancel := range map[string]func(r *rig){
		"its entry is gone":         func(r *rig) { r.give(deletion("shp_1")) },
		"its parcels are to go":     func(r *rig) { r.withdraw("shp_1", false) },
		"its storage time was over": func(r *rig) { r.withdraw("shp_1", true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeS)
			r.expect("shp_1", policy(), models.SizeS, models.SizeS)
			r.load("shp_1-1")
			cancel(r)
			r.wait(300)
			r.scan("shp_1-2")
			require.Equal(t, cabinet.TextCancelled, r.screen().Text)
			require.Len(t, r.pulses, 1)
			r.keyIn("p_1-2")
			require.Len(t, r.pulses, 1)
		})
	}
}
