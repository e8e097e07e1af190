package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// unannounced is a cabinet where the courier may leave what nobody announced.
func unannounced(t *testing.T, sizes ...models.Size) *rig {
	t.Helper()
	r := newRig(t).furnish(sizes...)
	r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.Unannounced = true })
	return r
}

// staff gives the cabinet a courier with the common PIN.
func (r *rig) staff(id models.CourierID, of models.OrganizationID, badge string, change func(*models.DirectoryCourier)) {
	r.t.Helper()
	c := models.DirectoryCourier{Courier: id, Organization: of, Role: models.RoleCourier, Badge: badge, PINHash: hashOf(pin)}
	if change != nil {
		change(&c)
	}
	r.entry(models.EntryCourier, string(id), c)
}

// as logs another courier in.
func (r *rig) as(badge string) {
	r.t.Helper()
	if r.screen().Courier != "" {
		r.finish()
	}
	r.scan(badge)
	r.keyIn(pin)
	require.Equal(r.t, cabinet.ScreenCourier, r.screen().Screen)
}

// hold leaves an unannounced parcel in a cell of the size.
func (r *rig) hold(label string, size cabinet.Button) int {
	r.t.Helper()
	r.wait(300)
	n := len(r.pulses)
	r.scan(label)
	r.press(size)
	require.Len(r.t, r.pulses, n+1, "screen: %s", r.screen().Sentence)
	cell := r.pulses[n].Cell
	r.open(cell)
	r.close(cell)
	return cell
}

func TestAnUnannouncedParcelIsHeld(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS, models.SizeM, models.SizeM)
	r.online()
	r.login()
	r.scan("X-1")
	require.Equal(t, cabinet.ScreenUnknown, r.screen().Screen)
	require.Equal(t, cabinet.TextLeaveHere, r.screen().Text)
	require.Equal(t, []cabinet.Button{"leave_s", "leave_m", cabinet.ButtonAskServer, cabinet.ButtonTakeBack}, r.screen().Buttons, "the sizes that are free")
	n := len(r.facts)
	r.press("leave_m")
	require.Len(t, r.pulses, 1, "no life could lead it")
	require.Equal(t, 2, r.pulses[0].Cell)
	require.Equal(t, cabinet.StateLocal, r.operation().Authority)
	r.open(2)
	r.close(2)
	require.Equal(t, []models.FactType{models.FactDoorOpened, models.FactDoorClosed, models.FactHeld}, r.types(n))
	f, data := r.lastFact(models.FactHeld)
	require.Equal(t, 2, f.Cell)
	require.Equal(t, models.FactData{
		Label: "X-1", Courier: courier, After: &models.CellReport{Cell: 2, State: models.CellOccupied, Generation: 1},
	}, data)
	require.Equal(t, cabinet.TextLoaded, r.screen().Text)
	r.scan("X-1")
	require.Equal(t, "This parcel is already in cell 2.", r.screen().Sentence)
	r.wait(3600_000)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(2).Occupancy)
}

func TestWhoMayLeaveAnUnannouncedParcel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reach func(r *rig)
		text  cabinet.TextKey
	}{
		"not allowed":          {func(r *rig) { r.staff(courier, carrier, badge, nil); r.scan("X-1") }, cabinet.TextUnknownLabel},
		"typed":                {func(r *rig) { r.keyIn("X-1") }, cabinet.TextUnknownLabel},
		"taken back":           {func(r *rig) { r.scan("X-1"); r.press(cabinet.ButtonTakeBack) }, cabinet.TextCourier},
		"not any more allowed": {func(r *rig) { r.scan("X-1"); r.staff(courier, carrier, badge, nil) }, cabinet.TextCourier},
		"no such size is free": {func(r *rig) { r.scan("X-1"); r.press("leave_xl") }, cabinet.TextFull},
		"long ago":             {func(r *rig) { r.scan("X-1"); r.wait(120_000) }, cabinet.TextAway},
		"nothing was scanned":  {func(r *rig) { r.press("leave_s") }, cabinet.TextCourier},
		"nobody deposits": {func(r *rig) {
			r.scan("X-1")
			layout := r.state.Directory.Layout
			layout.State = models.LockerNoDeposits
			r.entry(models.EntryLayout, string(locker), layout)
			r.press("leave_s")
		}, cabinet.TextNoDeposits},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := unannounced(t, models.SizeS, models.SizeM)
			r.login()
			c.reach(r)
			if c.text == cabinet.TextCourier || c.text == cabinet.TextAway || c.text == cabinet.TextUnknownLabel {
				r.press("leave_s")
			}
			require.Equal(t, c.text, r.screen().Text)
			require.Empty(t, r.pulses)
			require.NotContains(t, r.types(0), models.FactHeld)
		})
	}
}

func TestAnUnannouncedParcelThatDoesNotFit(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS, models.SizeM)
	r.login()
	r.scan("X-1")
	r.press("leave_s")
	r.open(1)
	r.press(cabinet.ButtonNotFit)
	r.close(1)
	r.press(cabinet.ButtonEmpty)
	r.wait(300)
	require.Equal(t, 2, r.pulses[1].Cell, "the next larger one, with no second scan")
	r.open(2)
	r.close(2)
	f, _ := r.lastFact(models.FactHeld)
	require.Equal(t, 2, f.Cell)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
}

func TestAnUnannouncedParcelBeforeAJammedDoor(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS, models.SizeS)
	r.login()
	r.scan("X-1")
	r.press("leave_s")
	r.wait(7000)
	require.Equal(t, 2, r.pulses[1].Cell)
	r.open(2)
	r.do(cabinet.Started{Boot: "boot-2", Open: []int{2}})
	r.close(2)
	f, _ := r.lastFact(models.FactHeld)
	require.Equal(t, 2, f.Cell, "a restart forgets nothing of it")
	require.Equal(t, models.Occupancy{State: models.CellFree, Doubtful: true}, r.cell(1).Occupancy)
}

func TestAHeldParcelIsTakenOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scanned bool
		press   cabinet.Button
		fact    models.FactType
		cell    models.Occupancy
	}{
		"scanned":       {scanned: true, fact: models.FactWithdrawn, cell: models.Occupancy{State: models.CellFree}},
		"not there":     {press: cabinet.ButtonMissing, fact: models.FactMissing, cell: models.Occupancy{State: models.CellFree}},
		"left, unasked": {fact: models.FactCellDoubtful, cell: models.Occupancy{State: models.CellOccupied, Doubtful: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := unannounced(t, models.SizeS)
			r.login()
			r.hold("X-1", "leave_s")
			r.press(cabinet.ButtonCollect)
			require.Equal(t, "To take out: 1.", r.screen().Sentence)
			r.wait(300)
			r.press(cabinet.ButtonOpenNext)
			require.Len(t, r.pulses, 2)
			r.open(1)
			r.scan("X-2")
			require.Equal(t, cabinet.TextNotThis, r.screen().Text)
			r.close(1)
			require.Equal(t, models.CellOccupied, r.cell(1).State, "a shut door alone proves nothing")
			if c.scanned {
				r.scan("X-1")
			}
			if c.press != "" {
				r.press(c.press)
			}
			r.wait(60_000)
			_, data := r.lastFact(c.fact)
			if c.fact != models.FactCellDoubtful {
				require.Equal(t, "X-1", data.Label)
				require.Equal(t, courier, data.Courier)
				require.Empty(t, data.Shipment)
			}
			require.Equal(t, c.cell, r.cell(1).Occupancy)
		})
	}
}

func TestWhoSeesAHeldParcel(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS)
	r.staff("cou_2", carrier, "BADGE-2", nil)
	r.staff("cou_3", "org_2", "BADGE-3", func(c *models.DirectoryCourier) { c.Unannounced = true })
	r.staff("cou_4", "org_0", "BADGE-4", func(c *models.DirectoryCourier) { c.Operator = true })
	r.login()
	r.hold("X-1", "leave_s")
	for badge, sees := range map[string]bool{"BADGE-2": true, "BADGE-3": false, "BADGE-4": true} {
		r.as(badge)
		r.press(cabinet.ButtonCollect)
		require.Equal(t, sees, r.screen().Screen == cabinet.ScreenCollect, badge)
		if !sees {
			r.press(cabinet.ButtonOpenNext)
			require.Len(t, r.pulses, 1)
			r.scan("X-1")
			require.Equal(t, cabinet.TextLeaveHere, r.screen().Text, "the same label of another carrier is another parcel")
		}
	}
}

func TestAHeldParcelIsAnnounced(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS, models.SizeS)
	r.login()
	cell := r.hold("shp_1-1", "leave_s")
	r.finish()
	other := shipment("shp_2", policy(), models.SizeS)
	other.Carrier, other.Parcels[0].Barcode = "org_2", "shp_1-1"
	r.entry(models.EntryShipment, "shp_2", other)
	require.NotContains(t, r.types(0), models.FactDeposited, "of another carrier")
	r.expect("shp_1", policy(), models.SizeS)
	f, data := r.lastFact(models.FactDeposited)
	require.Equal(t, cell, f.Cell)
	require.Equal(t, models.FactData{
		Shipment: "shp_1", Parcel: "par_shp_1-1", Label: "shp_1-1",
		After: &models.CellReport{Cell: cell, State: models.CellOccupied, Generation: 1, Shipment: "shp_1"},
	}, data)
	n := len(r.facts)
	r.expect("shp_1", policy(), models.SizeS)
	require.Len(t, r.facts, n, "once")
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	r.open(cell)
	r.close(cell)
	r.wait(8000)
	_, data = r.lastFact(models.FactPickedUp)
	require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)
}

func TestAHeldParcelIsAnnouncedWhileItsDoorIsOpen(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.press("leave_s")
	r.open(1)
	r.expect("shp_1", policy(), models.SizeS)
	n := len(r.facts)
	r.close(1)
	require.Equal(t, []models.FactType{models.FactDoorClosed, models.FactHeld, models.FactDeposited}, r.types(n))
	require.Equal(t, models.ShipmentID("shp_1"), r.cell(1).Shipment)
}

func TestAnAnnouncementComesAfterItsParcelLeft(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS)
	r.login()
	r.hold("shp_1-1", "leave_s")
	r.wait(300)
	r.press(cabinet.ButtonOpenNext) // the list is not needed for it
	r.open(1)
	r.expect("shp_1", policy(), models.SizeS)
	r.scan("shp_1-1")
	r.close(1)
	require.NotContains(t, r.types(0), models.FactDeposited)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
	require.Equal(t, 1, r.load("shp_1-1"), "it may be deposited as any other")
}

func TestADoubtfulHeldParcelIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(r *rig)
		want   models.Occupancy
		label  string
		facts  []models.FactType
	}{
		"it is there": {func(r *rig) { r.scan("X-1") },
			models.Occupancy{State: models.CellOccupied}, "X-1", []models.FactType{models.FactCellChecked}},
		"empty": {func(r *rig) { r.press(cabinet.ButtonEmpty) },
			models.Occupancy{State: models.CellFree}, "", []models.FactType{models.FactMissing, models.FactCellChecked}},
		"another parcel": {func(r *rig) { r.scan("shp_1-1") },
			models.Occupancy{State: models.CellOccupied}, "", []models.FactType{models.FactMissing, models.FactCellChecked}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := unannounced(t, models.SizeS)
			r.expect("shp_1", policy(), models.SizeS)
			r.login()
			r.hold("X-1", "leave_s")
			r.open(1)
			r.close(1)
			require.True(t, r.cell(1).Doubtful)
			r.wait(300)
			r.press(cabinet.ButtonCheck)
			r.open(1)
			r.close(1)
			n := len(r.facts)
			c.answer(r)
			require.Equal(t, c.want, r.cell(1).Occupancy)
			require.Equal(t, c.label, r.cell(1).Label)
			require.Equal(t, c.facts, r.types(n))
		})
	}
}

// TestAHeldParcelOutlivesAnEpoch: a server that never heard of it is told in the new one.
func TestAHeldParcelOutlivesAnEpoch(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS)
	r.login()
	r.hold("X-1", "leave_s")
	r.do(cabinet.LinkUp{Nonce: "n"})
	r.do(cabinet.JournalForked{Epoch: 1})
	r.do(cabinet.SnapshotTaken{})
	f, data := r.lastFact(models.FactHeld)
	require.Equal(t, int64(2), f.Epoch)
	require.Equal(t, "X-1", data.Label)
}

// TestATypedLabelIsLeft as a scanned one: what the scanner cannot read is typed. An end of it is no label.
func TestATypedLabelIsLeft(t *testing.T) {
	t.Parallel()
	for typed, text := range map[string]cabinet.TextKey{
		"AA-00001111": cabinet.TextLeaveHere, "AA-001111": cabinet.TextLeaveHere, "AA-01111": cabinet.TextUnknownLabel,
	} {
		r := unannounced(t, models.SizeS)
		r.login()
		r.keyIn(typed)
		require.Equal(t, cabinet.ScreenUnknown, r.screen().Screen)
		require.Equal(t, text, r.screen().Text, typed)
		r.press("leave_s")
		if text == cabinet.TextUnknownLabel {
			require.Empty(t, r.pulses)
			continue
		}
		r.open(1)
		r.close(1)
		require.Equal(t, typed, r.cell(1).Label)
		require.Equal(t, carrier, r.cell(1).Holder)
	}
}
