package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

func TestADoorThatBounces(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	for range 3 {
		r.open(1)
		r.close(1)
		r.wait(7000)
	}
	r.wait(1000)
	require.Equal(t, models.Occupancy{State: models.CellReserved}, r.cell(1).Occupancy)
	picked := 0
	for _, kind := range r.types(0) {
		if kind == models.FactPickedUp {
			picked++
		}
	}
	require.Equal(t, 1, picked)
}

func TestADoorThatOpensBeforeItMay(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.online()
	r.keyIn(r.code("shp_1"))
	r.open(1)
	f, data := r.lastFact(models.FactDoorOpened)
	require.Equal(t, "opened_by_itself", data.Reason)
	require.Empty(t, f.Operation, "the server has not said yes")
	require.True(t, r.cell(1).Doubtful)
	r.lead()
	require.Empty(t, r.pulses, "it is open: the door is read first")
	require.Equal(t, models.Opened, r.lastResult().Result.Outcome)
}

func TestOpenedDirectly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in     cabinet.OpenedDirectly
		pulses int
		cell   models.Occupancy
	}{
		"a cell with a parcel": {cabinet.OpenedDirectly{Cell: 1}, 1, models.Occupancy{State: models.CellOccupied, Doubtful: true}},
		"a free cell":          {cabinet.OpenedDirectly{Cell: 2}, 1, models.Occupancy{State: models.CellFree}},
		"while nothing ran":    {cabinet.OpenedDirectly{Cell: 1, Spooled: true}, 0, models.Occupancy{State: models.CellOccupied, Doubtful: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.do(c.in)
			require.Len(t, r.pulses, c.pulses)
			f, data := r.lastFact(models.FactOperationDone)
			require.Equal(t, "local_open", data.Reason)
			require.Equal(t, c.in.Cell, f.Cell)
			require.Equal(t, c.cell, r.cell(c.in.Cell).Occupancy)
		})
	}
	r := stored(t, policy(), 1)
	n := len(r.facts)
	r.do(cabinet.OpenedDirectly{Cell: 99})
	require.Len(t, r.facts, n, "there is no such cell")
}
