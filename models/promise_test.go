package models_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// fits places the parcels one by one, largest first, each into the smallest free cell: the
// plain way, against which the formula is held.
func fits(promised, free models.Demand) bool {
	sizes := models.Sizes()
	left := map[models.Size]int{}
	for s, n := range free[models.Ambient] {
		left[s] = n
	}
	for i := len(sizes) - 1; i >= 0; i-- {
		for range promised[models.Ambient][sizes[i]] {
			placed := false
			for _, s := range sizes[i:] {
				if left[s] > 0 {
					left[s]--
					placed = true
					break
				}
			}
			if !placed {
				return false
			}
		}
	}
	return true
}

func TestFeasibleIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		promised, free := models.Demand{}, models.Demand{}
		for _, s := range models.Sizes() {
			promised.Add(models.Ambient, s, r.IntN(4))
			free.Add(models.Ambient, s, r.IntN(4))
		}
		require.Equal(t, fits(promised, free), models.Feasible(promised, free), "%v in %v", promised, free)
		if !models.Feasible(promised, free) {
			continue
		}
		for _, s := range models.Sizes() {
			room := models.Room(promised, free, models.Ambient, s)
			promised.Add(models.Ambient, s, room)
			require.True(t, models.Feasible(promised, free))
			promised.Add(models.Ambient, s, 1)
			require.False(t, models.Feasible(promised, free))
			promised.Add(models.Ambient, s, -room-1)
		}
	}
}

func TestRegimesDoNotMix(t *testing.T) {
	t.Parallel()
	promised, free := models.Demand{}, models.Demand{}
	promised.Add(models.Chilled, models.SizeS, 1)
	free.Add(models.Ambient, models.SizeXL, 5)
	require.False(t, models.Feasible(promised, free))
}

func TestDimensionsFit(t *testing.T) {
	t.Parallel()
	cell := models.Dimensions{WidthMM: 400, HeightMM: 100, DepthMM: 500}
	require.True(t, models.Dimensions{WidthMM: 90, HeightMM: 490, DepthMM: 390}.Fits(cell), "turned")
	require.False(t, models.Dimensions{WidthMM: 110, HeightMM: 110, DepthMM: 110}.Fits(cell))
	require.True(t, models.Dimensions{}.Fits(cell), "unknown: the size class decides")
}
