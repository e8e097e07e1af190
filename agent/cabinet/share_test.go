package cabinet_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// sharing is a cabinet with two small cells and a large one, a shipment of three small parcels
// that may share, the first of which lies in cell 1, and its courier.
func sharing(t *testing.T, change func(s *models.DirectoryShipment)) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeL)
	layout := r.state.Directory.Layout
	for i := range layout.Cells {
		layout.Cells[i].Inner = models.Dimensions{WidthMM: 400, HeightMM: 100 * (i + 1), DepthMM: 500}
	}
	r.entry(models.EntryLayout, string(locker), layout)
	p := policy()
	p.ShareCells = true
	s := shipment("shp_1", p, models.SizeS, models.SizeS, models.SizeS)
	for i := range s.Parcels {
		s.Parcels[i].Dimensions = models.Dimensions{WidthMM: 300, HeightMM: 50, DepthMM: 400}
	}
	if change != nil {
		change(&s)
	}
	r.entry(models.EntryShipment, "shp_1", s)
	require.Equal(t, 1, r.load("shp_1-1"))
	r.wait(300)
	r.pulses = nil
	return r
}

// both puts the second parcel beside the first.
func both(t *testing.T) *rig {
	t.Helper()
	r := sharing(t, nil)
	r.scan("shp_1-2")
	v := r.screen()
	require.Equal(t, cabinet.ScreenSame, v.Screen)
	require.Equal(t, []cabinet.Button{cabinet.ButtonSameCell, cabinet.ButtonNewCell, cabinet.ButtonCancel}, v.Buttons)
	require.Contains(t, v.Sentence, "cell 1")
	require.Equal(t, 10, v.Seconds)
	r.press(cabinet.ButtonSameCell)
	require.Len(t, r.pulses, 1)
	require.Equal(t, 1, r.pulses[0].Cell)
	r.open(1)
	require.Equal(t, cabinet.ScreenDoor, r.screen().Screen)
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonSmaller)
	r.close(1)
	return r
}

// TestTwoParcelsInOneCell: one door for both, and every fact of its own parcel.
func TestTwoParcelsInOneCell(t *testing.T) {
	t.Parallel()
	r := both(t)
	require.Equal(t, []models.ParcelID{"par_shp_1-1", "par_shp_1-2"}, r.cell(1).Parcels)
	generation := r.cell(1).Generation
	require.EqualValues(t, 1, generation, "it is one occupancy")
	f, d := r.lastFact(models.FactDeposited)
	require.Equal(t, models.ParcelID("par_shp_1-2"), d.Parcel)
	require.Equal(t, generation, f.Generation)
	require.Equal(t, "2", r.screen().Params["loaded"])
	require.NotContains(t, r.screen().Buttons, cabinet.ButtonNotPlaced, "what lies beside it is not to be taken out")

	r.finish()
	r.wait(20_000)
	before := len(r.facts)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 2)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	taken := map[models.ParcelID]bool{}
	for _, f := range r.facts[before:] {
		if f.Type == models.FactPickedUp {
			d, err := f.Payload()
			require.NoError(t, err)
			taken[d.Parcel] = true
		}
	}
	require.Equal(t, map[models.ParcelID]bool{"par_shp_1-1": true, "par_shp_1-2": true}, taken)
	r.wait(300_000)
	require.Equal(t, models.CellFree, r.cell(1).State)
}

// TestASharedCellIsAskedForAndLed: as every other deposit, for the second parcel alone.
func TestASharedCellIsAskedForAndLed(t *testing.T) {
	t.Parallel()
	r := sharing(t, nil).online()
	r.scan("shp_1-2")
	r.press(cabinet.ButtonSameCell)
	require.Equal(t, []models.OpenCell{{Cell: 1, Generation: 1, Parcel: "par_shp_1-2"}}, r.lastAsk().Cells)
	require.Empty(t, r.pulses)
	r.lead()
	require.Len(t, r.pulses, 1)

	r = sharing(t, nil).online()
	r.scan("shp_1-2")
	r.press(cabinet.ButtonSameCell)
	r.answer(protocol.Refused, "no")
	require.Equal(t, []models.ParcelID{"par_shp_1-1"}, r.cell(1).Parcels)
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
}

// TestANewCell is what comes when it is wanted, when nobody answers, and where the cell in question
// is not as it was.
func TestANewCell(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(r *rig){
		"wanted": func(r *rig) { r.press(cabinet.ButtonNewCell) },
		"nobody answers": func(r *rig) {
			r.wait(9_999)
			require.Equal(t, cabinet.ScreenSame, r.screen().Screen)
			r.wait(1)
		},
		"somebody was at the cell": func(r *rig) {
			r.open(1)
			r.close(1)
			r.wait(300)
			r.press(cabinet.ButtonSameCell)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sharing(t, nil)
			r.scan("shp_1-2")
			act(r)
			require.Len(t, r.pulses, 1)
			require.Equal(t, 2, r.pulses[0].Cell)
			r.open(2)
			r.close(2)
			require.Equal(t, []models.ParcelID{"par_shp_1-2"}, r.cell(2).Parcels)
		})
	}
	r := sharing(t, nil)
	r.scan("shp_1-2")
	r.press(cabinet.ButtonCancel)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
	require.Empty(t, r.pulses)
	r.scan("shp_1-2")
	r.give(deletion("shp_1"))
	r.press(cabinet.ButtonSameCell)
	require.Empty(t, r.pulses, "it was cancelled meanwhile")
	require.Equal(t, cabinet.ScreenNotHere, r.screen().Screen)
}

// TestWhenNotToAsk: the policy keeps them apart, or they do not fit, or nobody can tell.
func TestWhenNotToAsk(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *models.DirectoryShipment){
		"the policy": func(s *models.DirectoryShipment) { s.Policy.ShareCells = false },
		"too much together": func(s *models.DirectoryShipment) {
			s.Parcels[1].Dimensions.HeightMM = 99
			s.Parcels[1].Dimensions.WidthMM = 399
		},
		"too long": func(s *models.DirectoryShipment) {
			s.Parcels[1].Dimensions = models.Dimensions{WidthMM: 1, HeightMM: 1, DepthMM: 501}
		},
		"no measures":         func(s *models.DirectoryShipment) { s.Parcels[1].Dimensions = models.Dimensions{} },
		"none of the first":   func(s *models.DirectoryShipment) { s.Parcels[0].Dimensions = models.Dimensions{} },
		"it is to be chilled": func(s *models.DirectoryShipment) { s.Parcels[1].Regime = models.Chilled },
		"easy reach":          func(s *models.DirectoryShipment) { s.Parcels[1].EasyReach = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sharing(t, change)
			r.scan("shp_1-2")
			require.NotEqual(t, cabinet.ScreenSame, r.screen().Screen)
		})
	}
	r := sharing(t, nil)
	r.open(1) // by itself
	r.close(1)
	r.scan("shp_1-2")
	require.NotEqual(t, cabinet.ScreenSame, r.screen().Screen, "it is in doubt")

	r = newRig(t).furnish(models.SizeL, models.SizeS)
	layout := r.state.Directory.Layout
	layout.Cells[0].Inner = models.Dimensions{WidthMM: 400, HeightMM: 300, DepthMM: 500}
	layout.Cells[1].Inner = models.Dimensions{WidthMM: 400, HeightMM: 100, DepthMM: 500}
	r.entry(models.EntryLayout, string(locker), layout)
	p := policy()
	p.ShareCells = true
	s := shipment("shp_1", p, models.SizeL, models.SizeS)
	s.Parcels[0].Dimensions = models.Dimensions{WidthMM: 400, HeightMM: 200, DepthMM: 500}
	r.entry(models.EntryShipment, "shp_1", s)
	r.load("shp_1-1")
	r.wait(300)
	r.scan("shp_1-2")
	require.Equal(t, cabinet.ScreenSame, r.screen().Screen, "one of its size takes no more than the smallest cell of it")
}

// TestTakenOutOfASharedCell: the other parcel stays as it is, unless the courier does not say.
func TestTakenOutOfASharedCell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		press, answer cabinet.Button
		doubtful      bool
		cell          int // the next that opens
	}{
		"cancelled":    {cabinet.ButtonCancel, cabinet.ButtonTaken, false, 0},
		"not taken":    {cabinet.ButtonCancel, cabinet.ButtonNotTaken, true, 0},
		"no answer":    {cabinet.ButtonCancel, "", true, 0},
		"does not fit": {cabinet.ButtonNotFit, cabinet.ButtonTaken, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sharing(t, nil)
			r.scan("shp_1-2")
			r.press(cabinet.ButtonSameCell)
			r.open(1)
			r.press(c.press)
			r.close(1)
			require.Equal(t, cabinet.TextTookOut, r.screen().Text)
			require.Equal(t, []cabinet.Button{cabinet.ButtonTaken, cabinet.ButtonNotTaken}, r.screen().Buttons)
			r.press(cabinet.ButtonEmpty) // of an older page
			require.Equal(t, models.CellOccupied, r.cell(1).State)
			if c.answer == "" {
				r.wait(60_000)
			} else {
				r.press(c.answer)
			}
			r.wait(300)
			require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: c.doubtful}, r.cell(1).Occupancy)
			require.Equal(t, []models.ParcelID{"par_shp_1-1"}, r.cell(1).Parcels)
			if c.cell > 0 {
				require.Equal(t, c.cell, r.pulses[1].Cell)
				r.open(c.cell)
				r.close(c.cell)
				require.Equal(t, []models.ParcelID{"par_shp_1-2"}, r.cell(c.cell).Parcels)
				return
			}
			require.Len(t, r.pulses, 1)
		})
	}
}

// TestASharedDoorThatDoesNotOpen: the parcel gets a cell of its own, and the first stays.
func TestASharedDoorThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	r := sharing(t, nil)
	r.scan("shp_1-2")
	r.press(cabinet.ButtonSameCell)
	r.wait(7_300)
	require.Equal(t, 2, r.pulses[1].Cell)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	require.Equal(t, []models.ParcelID{"par_shp_1-1"}, r.cell(1).Parcels)
}

// TestAPowerCutAtASharedCell: the first parcel is never forgotten.
func TestAPowerCutAtASharedCell(t *testing.T) {
	t.Parallel()
	r := sharing(t, nil)
	r.scan("shp_1-2")
	r.press(cabinet.ButtonSameCell)
	r.do(cabinet.Started{Boot: "boot-2"})
	r.do(cabinet.KeyInstalled{Key: r.key})
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	require.Equal(t, []models.ParcelID{"par_shp_1-1"}, r.cell(1).Parcels)
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, 1, r.pulses[len(r.pulses)-1].Cell)
}

// TestOneOfTwoInACellIsGivenBack: the client keeps the other one.
func TestOneOfTwoInACellIsGivenBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		chosen string
		left   []models.ParcelID
		facts  []models.FactType
	}{
		"one":  {"par_shp_1-2", []models.ParcelID{"par_shp_1-2"}, []models.FactType{models.FactPickedUp, models.FactRefused}},
		"both": {"1", []models.ParcelID{"par_shp_1-1", "par_shp_1-2"}, []models.FactType{models.FactRefused, models.FactRefused}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := both(t)
			r.finish()
			r.wait(20_000)
			r.keyIn(r.code("shp_1"))
			r.open(1)
			n := len(r.facts)
			r.press(cabinet.ButtonRefuse)
			v := r.screen()
			require.Equal(t, cabinet.TextWhichCell, v.Text)
			require.Equal(t, []string{"1", "1 shp_1-1", "1 shp_1-2"}, labelsOf(v.Items))
			r.do(cabinet.Chose{Key: c.chosen, ID: r.id()})
			r.press(cabinet.ButtonOther)
			r.close(1)
			r.wait(200_000)
			require.Equal(t, models.CellOccupied, r.cell(1).State)
			require.Equal(t, c.left, r.cell(1).Parcels)
			require.Subset(t, r.types(n), c.facts)
			require.False(t, r.cell(1).Doubtful)
		})
	}
}

func labelsOf(items []cabinet.Item) []string {
	var labels []string
	for _, i := range items {
		labels = append(labels, i.Label)
	}
	return labels
}

// TestASharedCellInDoubt: one parcel is recorded, and one more was on its way into the cell when the power failed.
func TestASharedCellInDoubt(t *testing.T) {
	t.Parallel()
	checked := func(t *testing.T) *rig {
		r := sharing(t, nil)
		r.scan("shp_1-2")
		r.press(cabinet.ButtonSameCell)
		r.open(1)
		r.do(cabinet.Started{Boot: "boot-2"})
		require.True(t, r.cell(1).Doubtful)
		r.wait(300)
		r.login()
		r.press(cabinet.ButtonCheck)
		r.open(1)
		r.close(1)
		r.scan("shp_1-2")
		v := r.screen()
		require.Equal(t, cabinet.TextWhatElse, v.Text)
		require.Equal(t, []cabinet.Button{cabinet.ButtonNothingElse, cabinet.ButtonSomethingElse}, v.Buttons)
		require.True(t, r.cell(1).Doubtful, "nobody has seen the other one")
		return r
	}
	found := func(r *rig, n int) (parcels []models.ParcelID) {
		for _, f := range r.facts[n:] {
			if d, err := f.Payload(); err == nil && f.Type == models.FactCellChecked {
				parcels = append(parcels, d.Parcel)
			}
		}
		return parcels
	}
	for name, c := range map[string]struct {
		answer func(r *rig)
		inside []models.ParcelID
	}{
		"both are inside":    {func(r *rig) { r.scan("shp_1-1") }, []models.ParcelID{"par_shp_1-2", "par_shp_1-1"}},
		"only one is inside": {func(r *rig) { r.press(cabinet.ButtonNothingElse) }, []models.ParcelID{"par_shp_1-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := checked(t)
			n := len(r.facts)
			c.answer(r)
			require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
			require.ElementsMatch(t, c.inside, r.cell(1).Parcels)
			require.ElementsMatch(t, c.inside, found(r, n))
			missing := slices.Contains(r.types(n), models.FactMissing)
			require.Equal(t, len(c.inside) == 1, missing)
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		t.Parallel()
		r := checked(t)
		r.press(cabinet.ButtonEmpty) // not offered any more
		r.wait(60_000)
		require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
		require.NotContains(t, r.types(0), models.FactMissing)
	})
}
