package models_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// box is a parcel or a cell of a real matching.
type box struct {
	regime models.Regime
	size   models.Size
}

// boxes lists what a demand counts, one by one.
func boxes(d models.Demand) []box {
	var list []box
	for r, sizes := range d {
		for s, n := range sizes {
			for range n {
				list = append(list, box{r, s})
			}
		}
	}
	return list
}

// matched is the size of a largest matching of parcels with cells, by augmenting paths: the
// plain way, which knows nothing of sizes being nested, against which the formula is held.
func matched(parcels, cells []box) int {
	holds := make([]int, len(cells)) // the parcel in a cell, from 1
	var place func(parcel int, tried []bool) bool
	place = func(parcel int, tried []bool) bool {
		p := parcels[parcel-1]
		for i, c := range cells {
			if tried[i] || c.regime != p.regime || c.size.Rank() < p.size.Rank() {
				continue
			}
			tried[i] = true
			if holds[i] == 0 || place(holds[i], tried) {
				holds[i] = parcel
				return true
			}
		}
		return false
	}
	n := 0
	for i := range parcels {
		if place(i+1, make([]bool, len(cells))) {
			n++
		}
	}
	return n
}

func someDemand(r *rand.Rand, most int) models.Demand {
	d := models.Demand{}
	for _, regime := range []models.Regime{models.Ambient, models.Chilled} {
		for _, s := range models.Sizes() {
			if n := r.IntN(most + 1); n > 0 {
				d.Add(regime, s, n)
			}
		}
	}
	return d
}

func TestFeasibleIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		promised, free := someDemand(r, 2), someDemand(r, 3)
		parcels, cells := boxes(promised), boxes(free)
		before := matched(parcels, cells)
		require.Equal(t, len(parcels)-before, models.Unplaced(promised, free), "%v in %v", promised, free)
		require.Equal(t, before == len(parcels), models.Feasible(promised, free))
		more := someDemand(r, 1)
		after := matched(append(parcels, boxes(more)...), cells)
		require.Equal(t, after == before+len(boxes(more)), models.Fits(promised, more, free), "%v beside %v in %v", more, promised, free)
		for _, s := range models.Sizes() {
			room := models.Room(promised, free, models.Ambient, s)
			one := models.Demand{models.Ambient: {s: room}}
			require.True(t, models.Fits(promised, one, free))
			one.Add(models.Ambient, s, 1)
			require.False(t, models.Fits(promised, one, free), "%v: %d more of %s in %v", promised, room+1, s, free)
		}
	}
}

// TestLimitsAreExact holds the rule of minimums and maximums against a matching in which every
// cell that is kept for another carrier is a parcel of its own.
func TestLimitsAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	carriers := []models.OrganizationID{"org_1", "org_2", "org_3"}
	refused := map[bool]int{}
	for range 5_000 {
		c := models.Capacity{Promised: map[models.OrganizationID]models.Demand{}, Occupied: map[models.OrganizationID]models.Demand{}, Free: someDemand(r, 4)}
		var parcels []box
		maximums := map[box]int{}
		for _, o := range carriers {
			c.Promised[o], c.Occupied[o] = someDemand(r, 1), someDemand(r, 1)
			parcels = append(parcels, boxes(c.Promised[o])...)
			for _, s := range models.Sizes() {
				if r.IntN(2) == 0 {
					continue
				}
				l := models.Limit{Carrier: o, Regime: models.Ambient, Size: s, Minimum: r.IntN(3)}
				if r.IntN(2) == 0 {
					most := l.Minimum + r.IntN(3)
					l.Maximum = &most
					if o == carriers[0] {
						maximums[box{models.Ambient, s}] = most
					}
				}
				c.Limits = append(c.Limits, l)
				has := c.Promised[o][models.Ambient][s] + c.Occupied[o][models.Ambient][s]
				for i := has; i < l.Minimum && o != carriers[0]; i++ {
					parcels = append(parcels, box{models.Ambient, s})
				}
			}
		}
		allowed := func(more models.Demand) bool {
			for b, most := range maximums {
				n := more[b.regime][b.size]
				if n > 0 && c.Promised[carriers[0]][b.regime][b.size]+c.Occupied[carriers[0]][b.regime][b.size]+n > most {
					return false
				}
			}
			all, cells := append(parcels[:len(parcels):len(parcels)], boxes(more)...), boxes(c.Free)
			return matched(all, cells) == matched(parcels, cells)+len(boxes(more))
		}
		more := someDemand(r, 1)
		require.Equal(t, allowed(more), c.Fits(carriers[0], more), "%+v: %v", c, more)
		refused[allowed(more)]++
		for _, s := range models.Sizes() {
			room := c.Room(carriers[0], models.Ambient, s)
			more := models.Demand{models.Ambient: {s: room}}
			require.True(t, allowed(more))
			more.Add(models.Ambient, s, 1)
			require.False(t, allowed(more))
		}
	}
	require.Greater(t, refused[true], 100)
	require.Greater(t, refused[false], 100)
}

func TestLimitsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	cells := models.Demand{models.Ambient: {models.SizeS: 2, models.SizeL: 1}}
	one, two := 1, 2
	limit := func(o models.OrganizationID, s models.Size, least int, most *int) models.Limit {
		return models.Limit{Carrier: o, Regime: models.Ambient, Size: s, Minimum: least, Maximum: most}
	}
	for name, c := range map[string]struct {
		limits []models.Limit
		wrong  []string
	}{
		"fine":              {[]models.Limit{limit("a", models.SizeS, 2, &two), limit("b", models.SizeS, 1, nil)}, nil},
		"more than it has":  {[]models.Limit{limit("a", models.SizeS, 2, nil), limit("b", models.SizeS, 2, nil)}, []string{"/items/1/minimum"}},
		"no such cell":      {[]models.Limit{limit("a", models.SizeM, 0, &one)}, []string{"/items/0/size"}},
		"minimum above":     {[]models.Limit{limit("a", models.SizeS, 2, &one)}, []string{"/items/0/maximum"}},
		"said twice":        {[]models.Limit{limit("a", models.SizeS, 0, &one), limit("a", models.SizeS, 1, nil)}, []string{"/items/1"}},
		"nothing is a list": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wrong []string
			var e *models.Error
			if err := models.CheckLimits(c.limits, cells); err != nil {
				require.ErrorAs(t, err, &e)
				require.Equal(t, models.CodeInvalid, e.Code)
				for _, f := range e.Fields {
					wrong = append(wrong, f.Pointer)
				}
			}
			require.Equal(t, c.wrong, wrong)
		})
	}
}

func TestDimensionsFit(t *testing.T) {
	t.Parallel()
	cell := models.Dimensions{WidthMM: 400, HeightMM: 100, DepthMM: 500}
	require.True(t, models.Dimensions{WidthMM: 90, HeightMM: 490, DepthMM: 390}.Fits(cell), "turned")
	require.False(t, models.Dimensions{WidthMM: 110, HeightMM: 110, DepthMM: 110}.Fits(cell))
	require.True(t, models.Dimensions{}.Fits(cell), "unknown: the size class decides")
}

// TestBrokenPromises: as few as there can be are broken, and an older one never for a newer.
func TestBrokenPromises(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 2_000 {
		usable := someDemand(r, 2)
		var promises []models.Promise
		for _, b := range boxes(someDemand(r, 2)) {
			promises = append(promises, models.Promise{Regime: b.regime, Size: b.size, Parcel: models.ParcelID(rune('a' + len(promises)))})
		}
		broken := map[models.ParcelID]bool{}
		for _, p := range models.Broken(promises, usable, time.Time{}) {
			broken[p.Parcel] = true
		}
		var first []box // those made so far
		for i, p := range promises {
			before := matched(first, boxes(usable))
			first = append(first, box{p.Regime, p.Size})
			kept := matched(first, boxes(usable)) > before
			require.Equal(t, kept, !broken[p.Parcel], "%d of %v in %v", i, promises, usable)
		}
	}
}

// TestPromisesOfOtherDays: a promise does not compete with one that begins after its cell is
// given back.
func TestPromisesOfOtherDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	promise := func(id models.ParcelID, from, horizon time.Duration) models.Promise {
		p := models.Promise{Parcel: id, Regime: models.Ambient, Size: models.SizeS, Horizon: models.Seconds(horizon / time.Second)}
		if from > 0 {
			at := now.Add(from)
			p.From = &at
		}
		return p
	}
	const hour, day = time.Hour, 24 * time.Hour
	one := models.Demand{models.Ambient: {models.SizeS: 1}}
	for name, c := range map[string]struct {
		promises []models.Promise
		usable   models.Demand
		broken   []models.ParcelID
	}{
		"both now":                     {[]models.Promise{promise("a", 0, hour), promise("b", 0, hour)}, one, []models.ParcelID{"b"}},
		"the later one was made first": {[]models.Promise{promise("a", 2*hour, 3*hour), promise("b", 0, hour)}, one, nil},
		"they meet":                    {[]models.Promise{promise("a", hour, 3*hour), promise("b", 0, hour)}, one, []models.ParcelID{"b"}},
		"the earlier one may stay":     {[]models.Promise{promise("a", 0, hour), promise("b", 2*hour, 3*hour)}, one, []models.ParcelID{"b"}},
		"far away":                     {[]models.Promise{promise("a", 30*day, day)}, models.Demand{}, nil},
		"soon":                         {[]models.Promise{promise("a", hour, day)}, models.Demand{}, []models.ParcelID{"a"}},
		"overdue":                      {[]models.Promise{promise("a", -day, hour)}, models.Demand{}, []models.ParcelID{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken []models.ParcelID
			for _, p := range models.Broken(c.promises, c.usable, now) {
				broken = append(broken, p.Parcel)
			}
			require.Equal(t, c.broken, broken)
		})
	}
	standard := models.ReadyMadePolicies()[0]
	require.Equal(t, 14*24*models.Seconds(3600), standard.Horizon(), "7 d to come, 3 d and 2 of storage, 2 to be taken out")
}
