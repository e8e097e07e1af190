package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// atDoors is a client before the open doors of a shipment's cells.
func atDoors(t *testing.T, p models.Policy, parcels int) *rig {
	t.Helper()
	r := stored(t, p, parcels)
	r.keyIn(r.code("shp_1"))
	for i := range parcels {
		r.wait(300)
		r.open(i + 1)
	}
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	require.Contains(t, r.screen().Buttons, cabinet.ButtonRefuse)
	return r
}

// refuse presses "I do not want it", gives the reason and shuts the door.
func (r *rig) refuse(cell int, why cabinet.Button) {
	r.t.Helper()
	r.press(cabinet.ButtonRefuse)
	require.Equal(r.t, cabinet.ScreenRefuse, r.screen().Screen)
	r.press(why)
	r.close(cell)
}

func TestIDoNotWantIt(t *testing.T) {
	t.Parallel()
	for why, kind := range map[cabinet.Button]models.FactType{
		cabinet.ButtonDamaged: models.FactDamaged, cabinet.ButtonNotOrdered: models.FactRefused, cabinet.ButtonOther: models.FactRefused, "": models.FactRefused,
	} {
		t.Run(string(why), func(t *testing.T) {
			t.Parallel()
			r := atDoors(t, policy(), 1)
			r.press(cabinet.ButtonRefuse)
			v := r.screen()
			require.Equal(t, cabinet.ScreenRefuse, v.Screen)
			require.Equal(t, "Put it back into cell 1 and close the door. Why do you not want it?", v.Sentence)
			require.Equal(t, []cabinet.Button{cabinet.ButtonDamaged, cabinet.ButtonNotOrdered, cabinet.ButtonOther, cabinet.ButtonKeep}, v.Buttons)
			reason := models.RefusedOther // without an answer
			if why != "" {
				r.press(why)
				reason = string(why)
			}
			r.close(1)
			require.Equal(t, "Thank you. It stays in cell 1 and goes back.", r.screen().Sentence)
			f, data := r.lastFact(kind)
			require.Equal(t, models.FactData{Shipment: "shp_1", Parcel: "par_shp_1-1", Reason: reason,
				After: &models.CellReport{Cell: 1, State: models.CellOccupied, Generation: 1, Shipment: "shp_1"}}, data)
			require.Equal(t, r.operation().ID, f.Operation)
			r.wait(3600_000)
			require.NotContains(t, r.types(0), models.FactPickedUp)
			require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy, "it is never offered, and nobody doubts it")
			r.keyIn(r.code("shp_1"))
			require.Equal(t, cabinet.TextGivenBack, r.screen().Text)
			require.Len(t, r.pulses, 1)
		})
	}
}

func TestIWantItAfterAll(t *testing.T) {
	t.Parallel()
	r := atDoors(t, policy(), 1)
	r.press(cabinet.ButtonRefuse)
	r.press(cabinet.ButtonDamaged)
	r.press(cabinet.ButtonKeep)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	r.close(1)
	r.wait(8000)
	r.lastFact(models.FactPickedUp)
	require.Empty(t, r.cell(1).Refusal)
	r.press(cabinet.ButtonDamaged)
	require.NotContains(t, r.types(0), models.FactDamaged, "no door is open")
}

// TestOneOfTwoIsNotWanted: the other one goes on by itself.
func TestOneOfTwoIsNotWanted(t *testing.T) {
	t.Parallel()
	r := atDoors(t, policy(), 2)
	r.press(cabinet.ButtonRefuse)
	v := r.screen()
	require.Equal(t, cabinet.TextWhichCell, v.Text)
	require.Equal(t, []cabinet.Button{cabinet.ButtonKeep}, v.Buttons)
	require.Equal(t, []cabinet.Item{{Key: "1", Label: "1"}, {Key: "2", Label: "2"}}, v.Items)
	r.press(cabinet.ButtonKeep)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	r.press(cabinet.ButtonRefuse)
	r.do(cabinet.Chose{Key: "3"})
	require.Equal(t, cabinet.TextWhichCell, r.screen().Text, "that is none of them")
	r.do(cabinet.Chose{Key: "2"})
	require.Equal(t, "2", r.screen().Params["cells"])
	require.Empty(t, r.screen().Items)
	r.press(cabinet.ButtonNotOrdered)
	r.close(2)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	_, data := r.lastFact(models.FactRefused)
	require.Equal(t, models.ParcelID("par_shp_1-2"), data.Parcel)
	_, data = r.lastFact(models.FactPickedUp)
	require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)
	r.wait(3600_000)
	require.Equal(t, models.CellFree, r.cell(1).State)
	require.Equal(t, models.CellOccupied, r.cell(2).State)
}

// TestTheOthersAreCollectedLater: the code opens what is wanted, and what was refused is taken
// out by a courier, alone.
func TestTheOthersAreCollectedLater(t *testing.T) {
	t.Parallel()
	r := atDoors(t, policy(), 2)
	r.press(cabinet.ButtonRefuse)
	r.do(cabinet.Chose{Key: "2"})
	r.press(cabinet.ButtonDamaged)
	r.close(2)
	r.press(cabinet.ButtonProblem) // cell 1 stays as it is
	r.close(1)
	r.wait(60_000)
	require.Equal(t, models.CellOccupied, r.cell(1).State)
	r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{
		Shipment: "shp_1", Locker: locker, Reason: models.LeaveRefused, Collectable: true, Parcels: []models.ParcelID{"par_shp_1-2"},
	})
	r.login()
	r.press(cabinet.ButtonCollect)
	require.Equal(t, []cabinet.Item{{Key: "2", Label: "2: refused, damaged"}}, r.screen().Items)
	r.pulses = nil
	r.press(cabinet.ButtonOpenNext)
	require.Equal(t, 2, r.pulses[0].Cell)
	r.open(2)
	r.scan("shp_1-1")
	require.Equal(t, cabinet.TextNotThis, r.screen().Text)
	r.scan("shp_1-2")
	r.close(2)
	_, data := r.lastFact(models.FactWithdrawn)
	require.Equal(t, models.ParcelID("par_shp_1-2"), data.Parcel)
	require.Equal(t, models.CellFree, r.cell(2).State)
	require.Empty(t, r.cell(2).Refusal)
	r.press(cabinet.ButtonCollect)
	require.Equal(t, cabinet.TextNothingThere, r.screen().Text)
	r.finish()
	r.wait(300)
	r.pulses = nil
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1, "the courier's first door took nothing from the client")
	require.Equal(t, 1, r.pulses[0].Cell)
}

// TestWhoChangesTheirMind: for a while the code opens what was given back, once. That it was
// taken has to be said.
func TestWhoChangesTheirMind(t *testing.T) {
	t.Parallel()
	given := func(t *testing.T) *rig {
		r := atDoors(t, policy(), 1)
		r.refuse(1, cabinet.ButtonOther)
		r.pulses = nil
		r.wait(179_000)
		r.keyIn(r.code("shp_1"))
		require.Len(t, r.pulses, 1)
		r.open(1)
		return r
	}
	t.Run("and says so", func(t *testing.T) {
		t.Parallel()
		r := given(t)
		r.close(1)
		r.press(cabinet.ButtonYesTaken)
		r.lastFact(models.FactPickedUp)
		r.wait(180_000)
		require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
	})
	t.Run("and says nothing", func(t *testing.T) {
		t.Parallel()
		r := given(t)
		r.close(1)
		r.wait(3600_000)
		require.NotContains(t, r.types(0), models.FactPickedUp)
		require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	})
	t.Run("and back", func(t *testing.T) {
		t.Parallel()
		r := given(t)
		r.refuse(1, cabinet.ButtonDamaged)
		r.lastFact(models.FactDamaged)
		r.keyIn(r.code("shp_1"))
		r.wait(1000)
		require.Len(t, r.pulses, 1, "once")
	})
	t.Run("and back, without another look", func(t *testing.T) {
		t.Parallel()
		r := given(t)
		r.press(cabinet.ButtonProblem)
		r.close(1)
		r.keyIn(r.code("shp_1"))
		r.wait(1000)
		require.Len(t, r.pulses, 1, "once")
	})
	t.Run("and forgets something", func(t *testing.T) {
		t.Parallel()
		r := given(t)
		r.close(1)
		r.press(cabinet.ButtonYesTaken)
		r.wait(1000)
		r.keyIn(r.code("shp_1"))
		r.open(1)
		require.Len(t, r.pulses, 2)
		r.close(1)
		r.wait(3600_000)
		require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy, "what was taken needs no answer any more")
	})
	t.Run("of one, and of what he took", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 2)
		r.close(1)
		r.refuse(2, cabinet.ButtonOther)
		r.press(cabinet.ButtonYesTaken)
		r.pulses = nil
		for _, cell := range []int{2, 1} {
			r.wait(1000)
			r.keyIn(r.code("shp_1"))
			require.Equal(t, cell, r.pulses[len(r.pulses)-1].Cell)
			r.open(cell)
			r.close(cell)
			r.press(cabinet.ButtonProblem)
		}
		require.Len(t, r.pulses, 2)
	})
	t.Run("too late", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 1)
		r.refuse(1, cabinet.ButtonOther)
		r.wait(180_000)
		r.keyIn(r.code("shp_1"))
		require.Len(t, r.pulses, 1)
	})
	t.Run("after the computer started anew", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 1)
		r.refuse(1, cabinet.ButtonOther)
		r.pulses = nil
		r.wait(100_000)
		r.do(cabinet.Tick{})
		r.now.UptimeMS = 50
		r.do(cabinet.Started{Boot: "boot-2"})
		r.wait(79_000)
		r.keyIn(r.code("shp_1"))
		require.Len(t, r.pulses, 1)
		r = atDoors(t, policy(), 1)
		r.refuse(1, cabinet.ButtonOther)
		r.pulses = nil
		r.wait(100_000)
		r.do(cabinet.Tick{})
		r.now.UptimeMS = 50
		r.do(cabinet.Started{Boot: "boot-2"})
		r.wait(81_000)
		r.keyIn(r.code("shp_1"))
		require.Empty(t, r.pulses)
	})
}

// TestPutBackAfterItWasTaken: within the window of a finished pickup the parcel comes back.
func TestPutBackAfterItWasTaken(t *testing.T) {
	t.Parallel()
	t.Run("one of two", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 2)
		r.close(1)
		r.close(2)
		r.press(cabinet.ButtonYesTaken)
		r.give(deletion("shp_1")) // the server heard of it
		r.pulses = nil
		r.keyIn(r.code("shp_1"))
		r.open(1)
		r.wait(300)
		r.open(2)
		r.press(cabinet.ButtonRefuse)
		r.do(cabinet.Chose{Key: "2"})
		r.press(cabinet.ButtonDamaged)
		r.close(2)
		r.close(1)
		_, data := r.lastFact(models.FactDamaged)
		require.Equal(t, models.FactData{Shipment: "shp_1", Parcel: "par_shp_1-2", Reason: models.RefusedDamaged,
			After: &models.CellReport{Cell: 2, State: models.CellOccupied, Generation: 1, Shipment: "shp_1"}}, data)
		r.wait(3600_000)
		require.Equal(t, models.CellFree, r.cell(1).State)
		require.Equal(t, models.CellOccupied, r.cell(2).State, "its window is over, and it is not free")
		require.Empty(t, r.state.Windows)
		r.expect("shp_1", policy(), models.SizeS, models.SizeS) // the shipment goes on
		r.withdraw("shp_1", true)
		r.login()
		r.press(cabinet.ButtonOpenNext)
		r.open(2)
		r.scan("shp_1-2")
		r.close(2)
		_, data = r.lastFact(models.FactWithdrawn)
		require.Equal(t, models.ParcelID("par_shp_1-2"), data.Parcel)
	})
	t.Run("the only one", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 1)
		r.close(1)
		r.press(cabinet.ButtonYesTaken)
		require.Len(t, r.state.Directory.Shipments["shp_1"].Taken, 1)
		r.wait(300)
		r.keyIn(r.code("shp_1"))
		r.open(1)
		r.refuse(1, cabinet.ButtonOther)
		require.Empty(t, r.state.Windows)
		require.Empty(t, r.state.Directory.Shipments["shp_1"].Taken)
		require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
	})
}

// TestPutBackInDoubt: what was in doubt before stays so.
func TestPutBackInDoubt(t *testing.T) {
	t.Parallel()
	t.Run("something is wrong", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 1)
		r.press(cabinet.ButtonProblem)
		r.refuse(1, cabinet.ButtonDamaged)
		r.lastFact(models.FactDamaged)
		require.True(t, r.cell(1).Doubtful)
	})
	t.Run("left open", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 1)
		r.press(cabinet.ButtonRefuse)
		r.wait(130_000)
		r.close(1)
		r.lastFact(models.FactRefused)
		require.True(t, r.cell(1).Doubtful)
	})
	t.Run("a power cut", func(t *testing.T) {
		t.Parallel()
		r := atDoors(t, policy(), 1)
		r.press(cabinet.ButtonRefuse)
		r.do(cabinet.Started{Boot: "boot-2"})
		require.NotContains(t, r.types(0), models.FactRefused)
		require.True(t, r.cell(1).Doubtful)
		r.keyIn(r.code("shp_1"))
		require.Equal(t, cabinet.ScreenStopped, r.screen().Screen)
	})
}

// TestTheServerKnowsWhatWasRefused: a cabinet whose store was lost opens nothing of it either.
func TestTheServerKnowsWhatWasRefused(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{
		Shipment: "shp_1", Locker: locker, Reason: models.LeaveRefused, Collectable: true, Parcels: []models.ParcelID{"par_shp_1-1"},
	})
	r.keyIn(r.code("shp_1"))
	r.wait(1000)
	require.Len(t, r.pulses, 1)
	require.Equal(t, 2, r.pulses[0].Cell)
}

// TestARestStillComes: a grant for some of the parcels keeps none of the others out.
func TestARestStillComes(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS, models.SizeS)
	r.load("shp_1-1")
	w := models.DirectoryWithdrawal{
		Shipment: "shp_1", Locker: locker, Reason: models.LeaveRefused, Collectable: true, Parcels: []models.ParcelID{"par_shp_1-1"},
	}
	r.entry(models.EntryWithdrawal, "shp_1", w)
	require.Equal(t, 2, r.load("shp_1-2"))
}

// TestARefusalOnline: the server leads, and a door of what was refused is led too.
func TestARefusalOnline(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1).online()
	r.keyIn(r.code("shp_1"))
	r.lead()
	r.open(1)
	r.refuse(1, cabinet.ButtonOther)
	require.Equal(t, cabinet.StateDone, r.operation().State)
	require.Equal(t, models.Opened, r.lastResult().Result.Outcome)
	r.keyIn(r.code("shp_1"))
	r.answer(protocol.Refused, "no")
	require.Len(t, r.pulses, 1)
	require.Equal(t, cabinet.TextRefused, r.screen().Text)
}

// TestNothingToPutBack: where the cabinet does not know what was taken, it does not offer to take
// it back.
func TestNothingToPutBack(t *testing.T) {
	t.Parallel()
	r := atDoors(t, policy(), 1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.state.Operations = nil
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonRefuse, "no door is open yet")
	r.open(1)
	require.Equal(t, []cabinet.Button{cabinet.ButtonProblem}, r.screen().Buttons)
	r.press(cabinet.ButtonRefuse)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
}
