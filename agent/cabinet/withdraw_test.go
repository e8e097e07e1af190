package cabinet_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// withdraw gives the cabinet the signed grant that a shipment's parcels are to be taken out.
func (r *rig) withdraw(id models.ShipmentID, collectable bool) {
	r.t.Helper()
	r.entry(models.EntryWithdrawal, string(id), models.DirectoryWithdrawal{
		Shipment: id, Locker: locker, Reason: models.LeaveCancelled, Collectable: collectable,
	})
}

// toWithdraw is a cabinet without a line, with a cancelled shipment in cell 1 and a courier
// of its carrier.
func toWithdraw(t *testing.T) *rig {
	t.Helper()
	r := stored(t, policy(), 1)
	r.withdraw("shp_1", false)
	r.login()
	return r
}

func TestAWithdrawal(t *testing.T) {
	t.Parallel()
	label := func(r *rig) { r.scan("shp_1-1") }
	shut := func(r *rig) { r.close(1) }
	press := func(b cabinet.Button) func(r *rig) { return func(r *rig) { r.press(b) } }
	doubtful := models.Occupancy{State: models.CellOccupied, Doubtful: true}
	for name, c := range map[string]struct {
		acts []func(r *rig)
		fact models.FactType
		cell models.Occupancy
	}{
		"scanned, then shut":     {[]func(r *rig){label, shut}, models.FactWithdrawn, models.Occupancy{State: models.CellFree}},
		"shut, then scanned":     {[]func(r *rig){shut, label}, models.FactWithdrawn, models.Occupancy{State: models.CellFree}},
		"a wrong label first":    {[]func(r *rig){func(r *rig) { r.scan("shp_9-1") }, shut, label}, models.FactWithdrawn, models.Occupancy{State: models.CellFree}},
		"the cell is empty":      {[]func(r *rig){shut, press(cabinet.ButtonMissing)}, models.FactMissing, models.Occupancy{State: models.CellFree}},
		"it was put back":        {[]func(r *rig){shut, press(cabinet.ButtonNotEmpty)}, models.FactCellDoubtful, doubtful},
		"he left with no answer": {[]func(r *rig){shut, func(r *rig) { r.wait(60_000) }}, models.FactCellDoubtful, doubtful},
		"its end is typed":       {[]func(r *rig){shut, func(r *rig) { r.keyIn("_1-1") }}, models.FactWithdrawn, models.Occupancy{State: models.CellFree}},
		"too little is typed":    {[]func(r *rig){shut, func(r *rig) { r.keyIn("1-1"); r.wait(60_000) }}, models.FactCellDoubtful, doubtful},
		"an end is scanned":      {[]func(r *rig){shut, func(r *rig) { r.scan("_1-1"); r.wait(60_000) }}, models.FactCellDoubtful, doubtful},
		"unreadable, confirmed":  {[]func(r *rig){press(cabinet.ButtonUnreadable), press(cabinet.ButtonConfirm), shut}, models.FactWithdrawn, models.Occupancy{State: models.CellFree}},
		"shut, then confirmed":   {[]func(r *rig){shut, press(cabinet.ButtonUnreadable), press(cabinet.ButtonConfirm)}, models.FactWithdrawn, models.Occupancy{State: models.CellFree}},
		"unreadable, no answer":  {[]func(r *rig){shut, press(cabinet.ButtonUnreadable), func(r *rig) { r.wait(60_000) }}, models.FactCellDoubtful, doubtful},
		"confirmed unasked":      {[]func(r *rig){shut, press(cabinet.ButtonConfirm), func(r *rig) { r.wait(60_000) }}, models.FactCellDoubtful, doubtful},
		"only a wrong label":     {[]func(r *rig){shut, func(r *rig) { r.scan("shp_9-1"); r.wait(60_000) }}, models.FactCellDoubtful, doubtful},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := toWithdraw(t)
			r.press(cabinet.ButtonCollect)
			require.Equal(t, "To take out: 1.", r.screen().Sentence)
			r.press(cabinet.ButtonOpenNext)
			require.Len(t, r.pulses, 1)
			r.open(1)
			require.Equal(t, cabinet.ScreenTakeOut, r.screen().Screen)
			for _, act := range c.acts {
				act(r)
			}
			_, data := r.lastFact(c.fact)
			if c.fact != models.FactCellDoubtful {
				require.Equal(t, models.FactData{
					Shipment: "shp_1", Parcel: "par_shp_1-1", Courier: courier, Reason: models.LeaveCancelled,
					After: &models.CellReport{Cell: 1, State: models.CellFree, Generation: 1},
				}, data)
			}
			require.Equal(t, c.cell, r.cell(1).Occupancy)
			require.Equal(t, cabinet.StateDone, r.operation().State)
		})
	}
}

func TestWhoMayWithdraw(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.staff("cou_2", "org_2", "BADGE-2", nil)
	r.staff("cou_3", "org_0", "BADGE-3", func(c *models.DirectoryCourier) { c.Operator = true })
	r.as(badge)
	r.press(cabinet.ButtonOpenNext)
	require.Empty(t, r.pulses, "nothing is granted")
	grant := models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_2", Reason: models.LeaveCancelled}
	r.entry(models.EntryWithdrawal, "shp_1", grant)
	r.press(cabinet.ButtonOpenNext)
	require.Empty(t, r.pulses, "it is another locker's")
	grant.Locker = locker
	r.entry(models.EntryWithdrawal, "shp_1", grant)
	r.as("BADGE-2")
	r.press(cabinet.ButtonOpenNext)
	require.Empty(t, r.pulses, "it is another carrier's")
	grant.Over = true
	r.entry(models.EntryWithdrawal, "shp_1", grant)
	r.as("BADGE-3")
	r.press(cabinet.ButtonOpenNext)
	require.Empty(t, r.pulses, "the grant was taken back")
	grant.Over = false
	r.entry(models.EntryWithdrawal, "shp_1", grant)
	r.press(cabinet.ButtonOpenNext)
	require.Len(t, r.pulses, 1, "the operator's people may")
}

// TestCancelledWhileLoadedOffline: the server hears of the parcel only after it cancelled
// the shipment.
func TestCancelledWhileLoadedOffline(t *testing.T) {
	t.Parallel()
	for name, entryIsDeleted := range map[string]bool{"the entry stays": false, "the entry is deleted first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.online()
			if entryIsDeleted {
				r.give(deletion("shp_1"))
				r.keyIn(r.code("shp_1"))
				require.Equal(t, cabinet.TextWithdrawn, r.screen().Text)
			}
			r.withdraw("shp_1", false)
			require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy, "the parcel is where it is")
			r.keyIn(r.code("shp_1"))
			require.Equal(t, "This parcel is not to be collected here any more. Please call us.", r.screen().Sentence)
			require.Empty(t, r.pulses)
			r.login()
			r.press(cabinet.ButtonCollect)
			require.Equal(t, "To take out: 1.", r.screen().Sentence)
			r.press(cabinet.ButtonOpenNext)
			require.Equal(t, models.Withdrawal, r.lastAsk().Kind)
			r.lead()
			r.open(1)
			r.scan("shp_1-1")
			r.close(1)
			_, data := r.lastFact(models.FactWithdrawn)
			require.Equal(t, models.ShipmentID("shp_1"), data.Shipment)
		})
	}
}

// TestExpiredStaysCollectable until a courier's first door opens for it.
func TestExpiredStaysCollectable(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.withdraw("shp_1", true)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1)
	r.press(cabinet.ButtonProblem)
	r.open(1)
	r.wait(300)
	r.open(2)
	r.close(1)
	r.close(2)
	r.press(cabinet.ButtonProblem)
	r.wait(60_000)
	r.login()
	r.press(cabinet.ButtonOpenNext)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonNotEmpty)
	r.finish()
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextWithdrawn, r.screen().Text)
}

func TestAWithdrawalIsInterrupted(t *testing.T) {
	t.Parallel()
	r := toWithdraw(t)
	r.press(cabinet.ButtonOpenNext)
	r.open(1)
	r.scan("shp_1-1")
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy, "nobody saw the door shut behind it")
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextWithdrawn, r.screen().Text)
	r.login()
	r.wait(300)
	r.press(cabinet.ButtonOpenNext)
	require.Len(t, r.pulses, 2, "it is to be taken out still")
}

// TestHeldBack: neither the client nor a courier gets a frozen shipment, until it is frozen no
// more.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.withdraw("shp_1", true)
	body := r.state.Directory.Shipments["shp_1"].DirectoryShipment
	body.Frozen = true
	r.entry(models.EntryShipment, "shp_1", body)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextHeldBack, r.screen().Text)
	r.login()
	r.press(cabinet.ButtonCollect)
	require.Equal(t, cabinet.TextNothingThere, r.screen().Text)
	require.Empty(t, r.pulses)
	r.press(cabinet.ButtonFinish)

	body.Frozen = false
	r.entry(models.EntryShipment, "shp_1", body)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1)
}

// TestHeldBackWhileTheServerIsAsked: what was asked for is not done any more.
func TestHeldBackWhileTheServerIsAsked(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).online()
	r.keyIn(r.code("shp_1"))
	require.Equal(t, models.Pickup, r.lastAsk().Kind)
	body := r.state.Directory.Shipments["shp_1"].DirectoryShipment
	body.Frozen = true
	r.entry(models.EntryShipment, "shp_1", body)
	require.Equal(t, cabinet.TextHeldBack, r.screen().Text)
	r.wait(10_000) // longer than the server is waited for
	require.Empty(t, r.pulses)
}

// TestTheLabelCannotBeRead: the screen says which one it should be.
func TestTheLabelCannotBeRead(t *testing.T) {
	t.Parallel()
	r := toWithdraw(t)
	r.press(cabinet.ButtonOpenNext)
	r.press(cabinet.ButtonUnreadable)
	require.NotEqual(t, cabinet.TextConfirmLabel, r.screen().Text, "no door is open yet")
	r.open(1)
	require.Contains(t, r.screen().Buttons, cabinet.ButtonUnreadable)
	r.press(cabinet.ButtonUnreadable)
	v := r.screen()
	require.Equal(t, "Type the end of its label, or confirm that the parcel of cell 1 ends in shp_1-1.", v.Sentence)
	require.Equal(t, []cabinet.Button{cabinet.ButtonConfirm, cabinet.ButtonPutBack}, v.Buttons)
	r.press(cabinet.ButtonPutBack)
	require.Equal(t, cabinet.TextTakeAndScan, r.screen().Text)
}

// TestTheLabelOfAHeldParcelCannotBeRead is as any other's.
func TestTheLabelOfAHeldParcelCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Unannounced = true })
	r.login()
	r.scan("UNKNOWN")
	r.press("leave_s")
	r.open(1)
	r.close(1)
	r.wait(300)
	r.press(cabinet.ButtonOpenNext)
	r.open(1)
	r.press(cabinet.ButtonUnreadable)
	require.Equal(t, "UNKNOWN", r.screen().Params["label"])
	r.press(cabinet.ButtonConfirm)
	r.close(1)
	_, data := r.lastFact(models.FactWithdrawn)
	require.Equal(t, "UNKNOWN", data.Label)
}

// twoToWithdraw has the courier before the open door of cell 1, with the label of what should be
// in cell 2 scanned.
func twoToWithdraw(t *testing.T) *rig {
	t.Helper()
	r := stored(t, policy(), 2)
	r.withdraw("shp_1", false)
	r.expect("shp_2", policy(), models.SizeS)
	r.login()
	require.Equal(t, 3, r.load("shp_2-1"))
	r.wait(300)
	r.pulses = nil
	r.press(cabinet.ButtonOpenNext)
	r.open(1)
	r.scan("shp_2-1")
	v := r.screen()
	require.Equal(t, cabinet.TextNotThis, v.Text)
	require.Equal(t, []cabinet.Button{cabinet.ButtonPutBack, cabinet.ButtonTakeAnyway}, v.Buttons)
	return r
}

func TestThisIsNotIt(t *testing.T) {
	t.Parallel()
	doubtful := models.Occupancy{State: models.CellOccupied, Doubtful: true}
	t.Run("put back behind an open door", func(t *testing.T) {
		t.Parallel()
		r := twoToWithdraw(t)
		r.press(cabinet.ButtonPutBack)
		require.Equal(t, cabinet.TextTakeAndScan, r.screen().Text)
		r.scan("shp_1-1")
		r.close(1)
		r.lastFact(models.FactWithdrawn)
		require.False(t, r.cell(3).Doubtful)
	})
	t.Run("put back behind a shut door", func(t *testing.T) {
		t.Parallel()
		r := twoToWithdraw(t)
		r.close(1)
		r.wait(300)
		first := r.operation().ID
		r.press(cabinet.ButtonPutBack)
		require.Equal(t, doubtful, r.cell(1).Occupancy)
		require.Len(t, r.pulses, 2, "the same cell opens once more")
		require.Equal(t, 1, r.pulses[1].Cell)
		require.NotEqual(t, first, r.operation().ID, "by an operation of its own")
		r.open(1)
		r.scan("shp_1-1")
		r.close(1)
		require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
	})
	for name, shutFirst := range map[string]bool{"taken anyway, then shut": false, "shut, then taken anyway": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := twoToWithdraw(t)
			if shutFirst {
				r.close(1)
			}
			r.press(cabinet.ButtonTakeAnyway)
			if !shutFirst {
				require.Equal(t, cabinet.TextPleaseClose, r.screen().Text)
				r.scan("shp_2-1")
				require.Equal(t, cabinet.TextPleaseClose, r.screen().Text)
				r.close(1)
			}
			f, data := r.lastFact(models.FactCellDoubtful)
			require.Equal(t, 1, f.Cell)
			require.Equal(t, models.FactData{Reason: "took_another", Label: "shp_2-1", Courier: courier,
				After: &models.CellReport{Cell: 1, State: models.CellOccupied, Doubtful: true, Generation: 1, Shipment: "shp_1"}}, data)
			require.Equal(t, doubtful, r.cell(1).Occupancy)
			require.Equal(t, doubtful, r.cell(3).Occupancy, "what it was thought to hold was in cell 1")
			require.False(t, r.cell(2).Doubtful)
			require.Equal(t, cabinet.StateDone, r.operation().State)
			require.NotContains(t, r.types(0), models.FactWithdrawn)
			require.Equal(t, "Thank you, we have been told about cell 1.", r.screen().Sentence)
		})
	}
	t.Run("a client's QR and code are no labels, and are kept nowhere", func(t *testing.T) {
		t.Parallel()
		r := toWithdraw(t)
		r.press(cabinet.ButtonOpenNext)
		r.open(1)
		for _, secret := range []string{r.qr("shp_1", 1), r.qr("shp_gone", 1), r.code("shp_1")} {
			r.scan(secret)
			require.Equal(t, cabinet.TextTakeAndScan, r.screen().Text)
			state, err := json.Marshal(r.state)
			require.NoError(t, err)
			require.NotContains(t, string(state), secret)
		}
	})
	t.Run("taken anyway, of nothing wrong", func(t *testing.T) {
		t.Parallel()
		r := toWithdraw(t)
		r.press(cabinet.ButtonOpenNext)
		r.open(1)
		r.press(cabinet.ButtonTakeAnyway)
		require.Equal(t, cabinet.TextTakeAndScan, r.screen().Text)
	})
}

// TestWhatIsToBeTakenOutIsListedByAge: the longest in its cell first, with the reason; one may be
// chosen.
func TestWhatIsToBeTakenOutIsListedByAge(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeL, models.SizeM, models.SizeS, models.SizeXL)
	r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Unannounced = true })
	for id, size := range map[models.ShipmentID]models.Size{"shp_1": models.SizeS, "shp_2": models.SizeM, "shp_3": models.SizeL} {
		r.expect(id, policy(), size)
	}
	for _, label := range []string{"shp_1-1", "shp_2-1", "shp_3-1"} { // cells 3, 2 and 1
		r.load(label)
		r.wait(1000)
	}
	r.scan("UNKNOWN")
	r.press("leave_xl")
	r.open(4)
	r.close(4)
	grant := func(id models.ShipmentID, reason string) {
		r.entry(models.EntryWithdrawal, string(id), models.DirectoryWithdrawal{Shipment: id, Locker: locker, Reason: reason})
	}
	grant("shp_1", models.LeaveExpired)
	grant("shp_2", models.LeaveRefused)
	grant("shp_3", models.LeaveRerouted)
	r.press(cabinet.ButtonCollect)
	require.Equal(t, []cabinet.Item{
		{Key: "3", Label: "3: storage is over"}, {Key: "2", Label: "2: refused"}, {Key: "1", Label: "1: goes to another locker"},
		{Key: "4", Label: "4: not announced"},
	}, r.screen().Items)
	grant("shp_3", models.LeaveCancelled)
	require.Equal(t, "1: cancelled", r.screen().Items[2].Label)
	r.wait(300)
	r.pulses = nil
	r.do(cabinet.Chose{Key: "9", ID: r.id()})
	require.Empty(t, r.pulses)
	require.Equal(t, cabinet.ScreenCollect, r.screen().Screen)
	r.do(cabinet.Chose{Key: "2", ID: r.id()})
	require.Equal(t, 2, r.pulses[0].Cell)
	require.Empty(t, r.screen().Items)
	r.open(2)
	r.scan("shp_2-1")
	r.close(2)
	r.wait(300)
	r.press(cabinet.ButtonOpenNext)
	require.Equal(t, 3, r.pulses[1].Cell, "the oldest")
}

// TestACellsSticker names what is to be taken out: no other cell opens by it, and it is no parcel's label.
func TestACellsSticker(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 3)
	r.expect("shp_2", policy(), models.SizeS)
	r.load("shp_2-1")
	r.finish()
	r.wait(60_000)
	r.scan(models.CellLabel(2))
	require.Equal(t, cabinet.TextBadgeFirst, r.screen().Text)
	r.withdraw("shp_1", false)
	r.login()
	r.press(cabinet.ButtonCollect)
	require.Equal(t, []int{1, 2, 3}, r.screen().Marks)
	n := len(r.pulses)
	for _, cell := range []int{4, 40} {
		r.scan(models.CellLabel(cell))
		require.Equal(t, fmt.Sprintf("Nothing is to be taken out of cell %d.", cell), r.screen().Sentence)
		r.wait(300)
	}
	require.Len(t, r.pulses, n)
	r.press(cabinet.ButtonCollect)
	r.scan(strings.ToLower(models.CellLabel(2)))
	require.Len(t, r.pulses, n+1)
	require.Equal(t, 2, r.pulses[n].Cell)
	r.open(2)
	r.scan(models.CellLabel(2)) // once more
	require.Equal(t, cabinet.TextTakeAndScan, r.screen().Text)
	r.scan("shp_1-2")
	r.wait(300)
	r.close(2)
	require.Equal(t, models.CellFree, r.cell(2).State)
	require.Equal(t, []int{1, 3}, r.screen().Marks)
}

// TestALabelOnTheList: a label of what is to be taken out opens its cell while the list is shown, and at no other time.
func TestALabelOnTheList(t *testing.T) {
	t.Parallel()
	listed := func(t *testing.T) *rig {
		t.Helper()
		r := stored(t, policy(), 2)
		r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Unannounced = true })
		r.expect("shp_2", policy(), models.SizeS)
		r.load("shp_2-1")
		r.wait(300)
		r.withdraw("shp_1", false)
		r.pulses = nil
		return r
	}
	t.Run("the cell of that label", func(t *testing.T) {
		t.Parallel()
		r := listed(t)
		r.scan("shp_1-2")
		require.Equal(t, cabinet.ScreenNotHere, r.screen().Screen, "it is put in, as far as the courier says")
		r.press(cabinet.ButtonCollect)
		r.scan("shp_1-2")
		require.Len(t, r.pulses, 1)
		require.Equal(t, 2, r.pulses[0].Cell)
		r.open(2)
		require.Equal(t, cabinet.TextTakeAndScan, r.screen().Text)
		r.scan("shp_1-2")
		r.wait(300)
		r.close(2)
		require.Equal(t, models.CellFree, r.cell(2).State)
	})
	t.Run("what nobody announced", func(t *testing.T) {
		t.Parallel()
		r := newRig(t).furnish(models.SizeS, models.SizeS)
		r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Unannounced = true })
		r.login()
		r.scan("UNKNOWN")
		r.press("leave_s")
		r.open(1)
		r.close(1)
		r.wait(300)
		r.pulses = nil
		r.press(cabinet.ButtonCollect)
		r.scan("UNKNOWN")
		require.Len(t, r.pulses, 1)
		require.Equal(t, 1, r.pulses[0].Cell)
	})
	t.Run("what stays", func(t *testing.T) {
		t.Parallel()
		r := listed(t)
		r.press(cabinet.ButtonCollect)
		r.scan("shp_2-1")
		require.Equal(t, "This parcel is already in cell 3.", r.screen().Sentence)
		require.Empty(t, r.pulses)
	})
	t.Run("of two carriers", func(t *testing.T) {
		t.Parallel()
		r := listed(t)
		r.entry(models.EntryShipment, "shp_2", models.DirectoryShipment{
			Shipment: "shp_2", Carrier: "org_other", Number: "N-shp_2", Issue: 1, Policy: policy(),
			Parcels: []models.DirectoryParcel{{Parcel: r.cell(3).Parcels[0], Barcode: "shp_1-2", Size: models.SizeS}},
		})
		r.withdraw("shp_2", false)
		r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Operator = true })
		r.press(cabinet.ButtonCollect)
		require.Equal(t, []int{1, 2, 3}, r.screen().Marks)
		r.scan("shp_1-2")
		require.Empty(t, r.pulses, "which of them is not known")
	})
}

// TestACellsStickerIsNoLabel: neither of a next parcel nor of one that a cell is checked for.
func TestACellsStickerIsNoLabel(t *testing.T) {
	t.Parallel()
	t.Run("during a deposit", func(t *testing.T) {
		t.Parallel()
		r := newRig(t).furnish(models.SizeS, models.SizeS)
		r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Unannounced = true })
		r.expect("shp_1", policy(), models.SizeS)
		r.login()
		r.scan("shp_1-1")
		r.open(1)
		r.scan(models.CellLabel(1))
		r.close(1)
		r.wait(300)
		require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
		require.Equal(t, cabinet.TextLoaded, r.screen().Text)
	})
	t.Run("with a PIN to come", func(t *testing.T) {
		t.Parallel()
		r := toWithdraw(t)
		r.finish()
		r.wait(60_000)
		r.scan(badge)
		r.scan(models.CellLabel(1))
		require.Equal(t, cabinet.TextBadgeFirst, r.screen().Text)
		require.Empty(t, r.state.Session.Badge)
	})
}
