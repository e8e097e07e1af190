package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// interrupted is a cabinet that stopped with the door of cell 1 open, and found it shut.
// The cells of the shipment's other parcels were not reached if reached is 1.
func interrupted(t *testing.T, p models.Policy, parcels, reached int) *rig {
	t.Helper()
	r := stored(t, p, parcels)
	r.keyIn(r.code("shp_1"))
	for cell := range reached {
		r.open(cell + 1)
		if cell+1 < reached {
			r.wait(300)
		}
	}
	r.do(cabinet.Started{Boot: "boot-2"})
	r.wait(300) // since the last pulse
	r.pulses = nil
	return r
}

func TestTheCodeAfterAnInterruption(t *testing.T) {
	t.Parallel()
	doubtful := func(s models.CellState) models.Occupancy { return models.Occupancy{State: s, Doubtful: true} }
	for name, c := range map[string]struct {
		press  cabinet.Button
		proof  models.Proof
		cell   models.Occupancy
		later  models.Occupancy // when its window would be over
		text   cabinet.TextKey
		picked bool
		pulses int
	}{
		"taken, proved by the door": {press: cabinet.ButtonTaken, proof: models.ProofClosed, picked: true, text: cabinet.TextThanks,
			cell: doubtful(models.CellReserved), later: doubtful(models.CellReserved)},
		"taken, proved by the answer": {press: cabinet.ButtonTaken, proof: models.ProofAnswered, picked: true, text: cabinet.TextThanks,
			cell: models.Occupancy{State: models.CellReserved}, later: models.Occupancy{State: models.CellFree}},
		"not taken": {press: cabinet.ButtonNotTaken, proof: models.ProofClosed, text: cabinet.TextStillThere,
			cell: doubtful(models.CellOccupied), later: doubtful(models.CellOccupied)},
		"open again": {press: cabinet.ButtonOpenAgain, proof: models.ProofClosed, text: cabinet.TextOpening, pulses: 1,
			cell: doubtful(models.CellOccupied), later: doubtful(models.CellOccupied)},
		"no answer": {proof: models.ProofClosed, text: cabinet.TextInterrupted,
			cell: doubtful(models.CellOccupied), later: doubtful(models.CellOccupied)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			p.Proof = c.proof
			r := interrupted(t, p, 1, 1)
			stopped := r.operation()
			r.keyIn(r.code("shp_1"))
			require.Equal(t, cabinet.ScreenStopped, r.screen().Screen)
			require.Equal(t, "We were interrupted. Did you take everything from cell 1?", r.screen().Sentence)
			require.Equal(t, []cabinet.Button{cabinet.ButtonTaken, cabinet.ButtonNotTaken, cabinet.ButtonOpenAgain}, r.screen().Buttons)
			require.Empty(t, r.pulses)
			if c.press != "" {
				r.press(c.press)
			}
			require.Equal(t, c.text, r.screen().Text)
			require.Equal(t, c.cell, r.cell(1).Occupancy)
			require.Len(t, r.pulses, c.pulses)
			if c.picked {
				f, data := r.lastFact(models.FactPickedUp)
				require.Equal(t, stopped.ID, f.Operation)
				require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)
			} else {
				require.NotContains(t, r.types(0), models.FactPickedUp)
			}
			r.wait(600_000)
			require.Equal(t, c.later, r.cell(1).Occupancy)
		})
	}
}

func TestNotTakenStaysCollectable(t *testing.T) {
	t.Parallel()
	r := interrupted(t, policy(), 1, 1)
	r.keyIn(r.code("shp_1"))
	r.press(cabinet.ButtonNotTaken)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1, "it was answered, and is not asked again")
	r.open(1)
	r.close(1)
	r.wait(8000)
	r.lastFact(models.FactPickedUp)
}

func TestTheAnswerOfWhoeverComesNext(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(r *rig){
		"the question is gone": func(r *rig) { r.wait(45_000) },
		"no code was given":    func(r *rig) { r.do(cabinet.Started{Boot: "boot-3"}) },
		"another code came":    func(r *rig) { r.keyIn(models.PickupCode(r.key, "shp_other", 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := interrupted(t, policy(), 1, 1)
			r.keyIn(r.code("shp_1"))
			happens(r)
			for _, b := range cabinet.Buttons() {
				r.press(b)
			}
			require.Empty(t, r.pulses)
			require.Equal(t, models.CellOccupied, r.cell(1).State)
			r.keyIn(r.code("shp_1"))
			require.Equal(t, cabinet.TextInterrupted, r.screen().Text, "it is asked until it is answered")
		})
	}
}

func TestTakenWithMoreToCome(t *testing.T) {
	t.Parallel()
	r := interrupted(t, policy(), 2, 1)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(2).Occupancy, "its door was not reached")
	r.keyIn(r.code("shp_1"))
	require.Equal(t, "We were interrupted. Did you take everything from cell 1?", r.screen().Sentence)
	r.press(cabinet.ButtonTaken)
	require.Len(t, r.pulses, 1)
	require.Equal(t, 2, r.pulses[0].Cell, "the rest opens")
	r.open(2)
	r.close(2)
	r.wait(8000)
	r.wait(180_000)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(2).Occupancy)
	require.Equal(t, models.Occupancy{State: models.CellReserved, Doubtful: true}, r.cell(1).Occupancy)
}

func TestSomeoneLookedAfterAnInterruption(t *testing.T) {
	t.Parallel()
	r := interrupted(t, policy(), 1, 1)
	r.login()
	r.press(cabinet.ButtonCheck)
	r.open(1)
	r.close(1)
	r.scan("shp_1-1")
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
	r.finish()
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 2, "nothing is left to ask")
}

func TestCancelledAfterAnInterruption(t *testing.T) {
	t.Parallel()
	for b, picked := range map[cabinet.Button]bool{
		cabinet.ButtonTaken: true, cabinet.ButtonNotTaken: false, cabinet.ButtonOpenAgain: false,
	} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			r := interrupted(t, policy(), 1, 1)
			r.keyIn(r.code("shp_1"))
			r.withdraw("shp_1", false)
			r.press(b)
			require.Empty(t, r.pulses)
			if picked {
				r.lastFact(models.FactPickedUp) // before the cancel
				return
			}
			require.Equal(t, cabinet.TextWithdrawn, r.screen().Text)
			require.NotContains(t, r.types(0), models.FactPickedUp)
		})
	}
}

func TestAnOlderDoubtIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.open(1) // by itself
	r.close(1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.do(cabinet.Started{Boot: "boot-2"})
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 2, "it opens, as doubtful cells do for their own code")
}

// TestADoorThatWaitedIsNotOpenedByTheStop: one that stands open after a stop, and was never
// driven, was opened by somebody else.
func TestADoorThatWaitedIsNotOpenedByTheStop(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 2)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.do(cabinet.Started{Boot: "boot-2", Open: []int{1, 2}})
	_, data := r.lastFact(models.FactDoorOpened)
	require.Equal(t, "opened_by_itself", data.Reason)
	require.True(t, r.cell(2).Doubtful)
	require.Empty(t, r.cell(2).Operation)
	r.close(1)
	r.close(2)
	r.wait(8000)
	require.Equal(t, models.CellOccupied, r.cell(2).State)
}
