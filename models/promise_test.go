package models_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// box is a parcel or a cell of a real matching.
type box = models.CellClass

// boxes lists what a demand counts, one by one.
func boxes(d models.Demand) []box {
	var list []box
	for c, n := range d {
		for range n {
			list = append(list, c)
		}
	}
	return list
}

// matched is the size of a largest matching of parcels with cells, by augmenting paths: the
// plain way, which knows nothing of classes being nested, against which the formula is held.
func matched(parcels, cells []box) int {
	holds := make([]int, len(cells)) // the parcel in a cell, from 1
	var place func(parcel int, tried []bool) bool
	place = func(parcel int, tried []bool) bool {
		p := parcels[parcel-1]
		for i, c := range cells {
			if tried[i] || c.Regime != p.Regime || c.Size.Rank() < p.Size.Rank() || p.EasyReach && !c.EasyReach {
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

// ambient lists the classes of that regime.
func ambient() []box {
	var all []box
	for _, s := range models.Sizes() {
		all = append(all, box{Regime: models.Ambient, Size: s}, box{Regime: models.Ambient, Size: s, EasyReach: true})
	}
	return all
}

func someDemand(r *rand.Rand, most int) models.Demand {
	d := models.Demand{}
	for _, regime := range []models.Regime{models.Ambient, models.Chilled} {
		for _, s := range models.Sizes() {
			for _, easy := range []bool{false, true} {
				if n := r.IntN(most + 1); n > 0 {
					d.Add(models.CellClass{Regime: regime, Size: s, EasyReach: easy}, n)
				}
			}
		}
	}
	return d
}

func TestFeasibleIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 1_500 {
		promised, free := someDemand(r, 2), someDemand(r, 3)
		parcels, cells := boxes(promised), boxes(free)
		before := matched(parcels, cells)
		require.Equal(t, len(parcels)-before, models.Unplaced(promised, free), "%v in %v", promised, free)
		require.Equal(t, before == len(parcels), models.Feasible(promised, free))
		more := someDemand(r, 1)
		after := matched(append(parcels, boxes(more)...), cells)
		require.Equal(t, after == before+len(boxes(more)), models.Fits(promised, more, free), "%v beside %v in %v", more, promised, free)
		for _, class := range ambient() {
			room := models.Room(promised, free, class)
			one := models.Demand{class: room}
			require.True(t, models.Fits(promised, one, free))
			one.Add(class, 1)
			require.False(t, models.Fits(promised, one, free), "%v: %d more of %v in %v", promised, room+1, class, free)
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
	for range 1_500 {
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
						maximums[box{Regime: models.Ambient, Size: s}] = most
					}
				}
				c.Limits = append(c.Limits, l)
				has := c.Promised[o].OfSize(models.Ambient, s) + c.Occupied[o].OfSize(models.Ambient, s)
				for i := has; i < l.Minimum && o != carriers[0]; i++ {
					parcels = append(parcels, box{Regime: models.Ambient, Size: s})
				}
			}
		}
		allowed := func(more models.Demand) bool {
			for b, most := range maximums {
				n := more.OfSize(b.Regime, b.Size)
				if n > 0 && c.Promised[carriers[0]].OfSize(b.Regime, b.Size)+c.Occupied[carriers[0]].OfSize(b.Regime, b.Size)+n > most {
					return false
				}
			}
			all, cells := append(parcels[:len(parcels):len(parcels)], boxes(more)...), boxes(c.Free)
			return matched(all, cells) == matched(parcels, cells)+len(boxes(more))
		}
		more := someDemand(r, 1)
		require.Equal(t, allowed(more), c.Fits(carriers[0], more), "%+v: %v", c, more)
		refused[allowed(more)]++
		for _, class := range ambient() {
			room := c.Room(carriers[0], class)
			more := models.Demand{class: room}
			require.True(t, allowed(more))
			more.Add(class, 1)
			require.False(t, allowed(more))
		}
	}
	require.Greater(t, refused[true], 100)
	require.Greater(t, refused[false], 100)
}

// TestARefusalNamesEasyReach where nothing else is wanting.
func TestARefusalNamesEasyReach(t *testing.T) {
	t.Parallel()
	small := models.CellClass{Regime: models.Ambient, Size: models.SizeS}
	easy := small
	easy.EasyReach = true
	most := 1
	c := models.Capacity{Free: models.Demand{small: 2, easy: 1}}
	for name, x := range map[string]struct {
		more models.Demand
		code models.Code
	}{
		"fits":                 {models.Demand{easy: 1, small: 2}, ""},
		"others may have it":   {models.Demand{small: 3}, ""},
		"it is one too many":   {models.Demand{easy: 2}, models.CodeNoEasyReach},
		"there is no room":     {models.Demand{small: 4}, models.CodeNoCapacity},
		"nor if nobody asked":  {models.Demand{easy: 4}, models.CodeNoCapacity},
		"of no size as large":  {models.Demand{{Regime: models.Ambient, Size: models.SizeM, EasyReach: true}: 1}, models.CodeNoCapacity},
		"of a regime it lacks": {models.Demand{{Regime: models.Chilled, Size: models.SizeS, EasyReach: true}: 1}, models.CodeNoCapacity},
	} {
		require.Equal(t, x.code, models.ErrorCode(c.Refusal("org_1", x.more)), name)
	}
	c.Limits = []models.Limit{{Carrier: "org_1", Regime: models.Ambient, Size: models.SizeS, Maximum: &most}}
	require.Equal(t, models.CodeNoCapacity, models.ErrorCode(c.Refusal("org_1", models.Demand{easy: 2})), "the carrier's own limit")
}

func TestLimitsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	cells := models.Demand{{Regime: models.Ambient, Size: models.SizeS}: 2, {Regime: models.Ambient, Size: models.SizeL, EasyReach: true}: 1}
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
	for range 1_000 {
		usable := someDemand(r, 2)
		var promises []models.Promise
		for _, b := range boxes(someDemand(r, 2)) {
			promises = append(promises, models.Promise{Regime: b.Regime, Size: b.Size, EasyReach: b.EasyReach, Parcel: models.ParcelID(rune('a' + len(promises)))})
		}
		broken := map[models.ParcelID]bool{}
		for _, p := range models.Broken(promises, usable, time.Time{}) {
			broken[p.Parcel] = true
		}
		var first []box // those made so far
		for i, p := range promises {
			before := matched(first, boxes(usable))
			first = append(first, p.Class())
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
	one := models.Demand{{Regime: models.Ambient, Size: models.SizeS}: 1}
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
