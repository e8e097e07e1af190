package cabinet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// within has the operator call cells easy to reach.
func (r *rig) within(cells ...int) *rig {
	r.t.Helper()
	layout := r.state.Directory.Layout
	layout.Cells = slices.Clone(layout.Cells)
	for i := range layout.Cells {
		layout.Cells[i].EasyReach = slices.Contains(cells, layout.Cells[i].Number)
	}
	r.entry(models.EntryLayout, string(locker), layout)
	return r
}

// reach expects a shipment that asks for easy reach.
func (r *rig) reach(id models.ShipmentID, promised bool, sizes ...models.Size) {
	r.t.Helper()
	s := shipment(id, policy(), sizes...)
	for i := range s.Parcels {
		s.Parcels[i].EasyReach, s.Parcels[i].Promised = true, promised
	}
	r.entry(models.EntryShipment, string(id), s)
}

// TestEasyReachIsHonoured: such a parcel goes into a cell that everybody reaches, of its size or a
// larger one, and into no other, also where its first one does not open or it does not fit.
func TestEasyReachIsHonoured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		within []int
		then   func(r *rig)
		cells  []int
	}{
		"the smallest that is within reach": {[]int{2, 4}, func(*rig) {}, []int{2}},
		"a larger one":                      {[]int{4}, func(*rig) {}, []int{4}},
		"its first one does not open":       {[]int{2, 4}, func(r *rig) { r.wait(7000) }, []int{2, 4}},
		"it does not fit": {[]int{1, 4}, func(r *rig) {
			r.open(1)
			r.press(cabinet.ButtonNotFit)
			r.close(1)
			r.press(cabinet.ButtonEmpty)
		}, []int{1, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeM, models.SizeL).within(c.within...)
			r.reach("shp_1", true, models.SizeS)
			r.login()
			r.scan("shp_1-1")
			c.then(r)
			r.wait(300)
			var cells []int
			for _, p := range r.pulses {
				cells = append(cells, p.Cell)
			}
			require.Equal(t, c.cells, cells)
		})
	}
}

// TestNoneWithinReach: the courier is told why, and so is the carrier.
func TestNoneWithinReach(t *testing.T) {
	t.Parallel()
	for name, within := range map[string][]int{"they are taken": {1}, "the locker has none": nil, "too small": {1, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeM).within(within...)
			size := models.SizeS
			if name == "too small" {
				size = models.SizeM
			}
			r.reach("shp_1", true, models.SizeS)
			r.reach("shp_2", true, size)
			if name == "they are taken" {
				require.Equal(t, 1, r.load("shp_1-1"))
			} else {
				r.login()
			}
			n := len(r.pulses)
			r.scan("shp_2-1")
			v := r.screen()
			require.Equal(t, cabinet.ScreenFull, v.Screen)
			require.Equal(t, cabinet.TextNoEasyReach, v.Text)
			require.Len(t, r.pulses, n)
			_, data := r.lastFact(models.FactLoadFailed)
			require.Equal(t, models.LoadNoEasyReach, data.Reason)
			r.finish()
			require.Equal(t, []string{"shp_2-1: no cell within easy reach"}, r.screen().Lines)
		})
	}
}

// TestTheOthersLeaveEasyReachForLast of a size, and have it all the same.
func TestTheOthersLeaveEasyReachForLast(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS, models.SizeM).within(1, 2)
	r.labels("shp_1", carrier, "AA-1", "AA-2", "AA-3", "AA-4")
	var cells []int
	for i := range 4 {
		cells = append(cells, r.load("AA-"+strconv.Itoa(i+1)))
	}
	require.Equal(t, []int{3, 1, 2, 4}, cells)
}

// TestWhoNeedsEasyReachIsNotOutdone: a cell that was promised to somebody who needs it goes to
// nobody else while a larger one is free, and never to a parcel that nothing was promised.
func TestWhoNeedsEasyReachIsNotOutdone(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeM).within(1)
	r.reach("shp_1", true, models.SizeS)
	r.promise("shp_2", carrier, models.SizeS)
	require.Equal(t, 2, r.load("shp_2-1"))
	r.expect("shp_3", policy(), models.SizeS)
	r.scan("shp_3-1")
	require.Equal(t, cabinet.TextFull, r.screen().Text)
	require.Equal(t, 1, r.load("shp_1-1"))
}

// TestPromisesOfEasyReachAreKept: in whatever order parcels come, every one that was promised a
// cell finds one, and one that asks for easy reach finds one within it.
func TestPromisesOfEasyReachAreKept(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		var sizes []models.Size
		var within []int
		cells := models.Demand{}
		for i := range 3 + rnd.IntN(6) {
			c := models.CellClass{Regime: models.Ambient, Size: models.Sizes()[rnd.IntN(4)], EasyReach: rnd.IntN(2) == 0}
			sizes = append(sizes, c.Size)
			cells.Add(c, 1)
			if c.EasyReach {
				within = append(within, i+1)
			}
		}
		r := newRig(t).furnish(sizes...).within(within...)
		promised := models.Demand{}
		var waiting []string
		asks := map[string]bool{}
		for i := range 12 {
			c := models.CellClass{Regime: models.Ambient, Size: models.Sizes()[rnd.IntN(4)], EasyReach: rnd.IntN(2) == 0}
			id := models.ShipmentID(fmt.Sprintf("shp_%d", i))
			more := models.Demand{c: 1}
			if !models.Fits(promised, more, cells) {
				continue
			}
			promised = promised.Plus(more)
			if c.EasyReach {
				r.reach(id, true, c.Size)
			} else {
				r.promise(id, carrier, c.Size)
			}
			waiting = append(waiting, string(id)+"-1")
			asks[string(id)+"-1"] = c.EasyReach
		}
		r.login()
		rnd.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		for i, label := range waiting {
			if rnd.IntN(3) == 0 {
				id := models.ShipmentID(fmt.Sprintf("best_%d", i))
				r.expect(id, policy(), models.Sizes()[rnd.IntN(4)])
				r.wait(300)
				n := len(r.pulses)
				r.scan(string(id) + "-1")
				if len(r.pulses) > n {
					r.open(r.pulses[n].Cell)
					r.close(r.pulses[n].Cell)
				}
			}
			cell := r.load(label)
			require.True(t, !asks[label] || slices.Contains(within, cell), "seed %d: %s in %d", seed, label, cell)
		}
	}
}
