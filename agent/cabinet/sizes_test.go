package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestSizesAreLearned: where nobody told how large a parcel is, its courier is asked once, what is usual stands out, and
// the server is told what was found.
func TestSizesAreLearned(t *testing.T) {
	t.Parallel()
	const small, medium, large = cabinet.Button("size_s"), cabinet.Button("size_m"), cabinet.Button("size_l")
	for name, c := range map[string]struct {
		size  models.Size
		from  models.SizeFrom
		press []cabinet.Button // a door that opened is shut before each but the first
		cell  int
		found models.Size
	}{
		"told":                         {size: models.SizeM, cell: 2},
		"told, and too small":          {models.SizeM, models.SizeTold, []cabinet.Button{"", cabinet.ButtonNotFit, cabinet.ButtonEmpty}, 3, models.SizeL},
		"told, and too large":          {models.SizeM, models.SizeTold, []cabinet.Button{"", cabinet.ButtonSmaller, cabinet.ButtonEmpty}, 1, models.SizeS},
		"nothing known":                {models.SizeM, models.SizeGuessed, []cabinet.Button{large}, 3, models.SizeL},
		"as guessed":                   {models.SizeM, models.SizeGuessed, []cabinet.Button{medium}, 2, models.SizeM},
		"as usual":                     {models.SizeS, models.SizeUsual, []cabinet.Button{small}, 1, models.SizeS},
		"not as usual":                 {models.SizeS, models.SizeUsual, []cabinet.Button{medium}, 2, models.SizeM},
		"asked, and it was a misjudge": {models.SizeS, models.SizeUsual, []cabinet.Button{small, cabinet.ButtonNotFit, cabinet.ButtonEmpty}, 2, models.SizeM},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeM, models.SizeL)
			s := shipment("shp_1", policy(), c.size)
			s.Parcels[0].SizeFrom = c.from
			r.entry(models.EntryShipment, "shp_1", s)
			r.login()
			r.scan("shp_1-1")
			if c.from != models.SizeTold {
				require.Equal(t, cabinet.TextSize, r.screen().Text)
				labels := map[cabinet.Button]string{small: "S: 1 free", medium: "M: 1 free", large: "L: 1 free"}
				if c.from == models.SizeUsual {
					labels[small] = "S, as usual: 1 free"
				}
				for b, label := range labels {
					require.Equal(t, label, r.screen().Labels[b])
				}
			}
			for i, b := range c.press {
				if i == 1 {
					r.open(r.pulses[len(r.pulses)-1].Cell)
				}
				if i == 2 {
					r.wait(300)
					r.close(r.pulses[len(r.pulses)-1].Cell)
				}
				if b != "" {
					r.press(b)
				}
			}
			require.Equal(t, c.cell, r.pulses[len(r.pulses)-1].Cell)
			r.open(c.cell)
			r.wait(300)
			r.close(c.cell)
			f, data := r.lastFact(models.FactDeposited)
			require.Equal(t, c.cell, f.Cell)
			require.Equal(t, c.found, data.Size)
		})
	}
}

// TestNoCellForAnySize: where nothing is free the question would have no answer.
func TestNoCellForAnySize(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_2", policy(), models.SizeS)
	r.load("shp_2-1")
	s := shipment("shp_1", policy(), models.SizeM)
	s.Parcels[0].SizeFrom = models.SizeGuessed
	r.entry(models.EntryShipment, "shp_1", s)
	r.scan("shp_1-1")
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen)
	_, data := r.lastFact(models.FactLoadFailed)
	require.Equal(t, models.ParcelID("par_shp_1-1"), data.Parcel)
	require.Equal(t, models.LoadFull, data.Reason, "nobody knows that it is too big")
}
