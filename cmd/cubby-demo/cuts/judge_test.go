package cuts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

// interrupted is a round in which a deposit into cell 1 was cut off after its pulse, beside cell 2 with a parcel, cell 3,
// which is empty, and cell 4, which is kept for its last client.
func interrupted() (r *round, after sites.Snapshot) {
	mine := &parcel{shipment: "shp_1", label: "ONE"}
	other := &parcel{shipment: "shp_2", label: "TWO", cell: 2, stored: true, told: true}
	cells := []sites.CellView{
		{Number: 1, State: models.CellFree},
		{Number: 2, State: models.CellOccupied, Shipment: "shp_2", Generation: 7},
		{Number: 3, State: models.CellFree},
		{Number: 4, State: models.CellReserved, Shipment: "shp_3"},
	}
	r = &round{
		place: &place{name: "cabinet", inside: map[int]*parcel{2: other}}, seq: 12,
		act: &act{parcel: mine, deposit: true, pulses: []int{1}}, before: sites.Snapshot{Epoch: 1, Seq: 10, Cells: cells},
	}
	after = sites.Snapshot{Epoch: 1, Seq: 13, Cells: append([]sites.CellView{}, cells...)}
	after.Cells[0] = sites.CellView{Number: 1, State: models.CellReserved, Doubtful: true, Shipment: "shp_1", Generation: 1}
	after.Cells[3] = sites.CellView{Number: 4, State: models.CellFree}
	return r, after
}

// loaded is the same with the parcel put in, and the screen having said so.
func loaded() (r *round, after sites.Snapshot) {
	r, after = interrupted()
	d := r.act.parcel
	d.cell, d.stored, d.told = 1, true, true
	r.inside[1] = d
	after.Cells[0] = sites.CellView{Number: 1, State: models.CellOccupied, Shipment: "shp_1", Generation: 1}
	return r, after
}

func TestJudgeFindsNothingWrong(t *testing.T) {
	t.Parallel()
	r, after := interrupted()
	r.judge(after)
	require.Empty(t, r.wrong)
	r, after = loaded()
	r.judge(after)
	require.Empty(t, r.wrong)

	r, after = interrupted()
	r.act.pulses = nil
	after.Cells[0] = sites.CellView{Number: 1, State: models.CellFree, Generation: 1}
	r.judge(after)
	require.Empty(t, r.wrong, "a cell may have been chosen and its door not driven")
}

func TestJudgeFinds(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct {
		of    func() (*round, sites.Snapshot)
		spoil func(r *round, after *sites.Snapshot)
	}{
		"another store": {interrupted, func(_ *round, s *sites.Snapshot) { s.Epoch = 2 }},
		"facts are lost: the cabinet had told of 12, and has 11": {interrupted, func(_ *round, s *sites.Snapshot) { s.Seq = 11 }},
		"door 1 was driven, and the cabinet knows nothing of it": {interrupted, func(_ *round, s *sites.Snapshot) {
			s.Cells[0] = sites.CellView{Number: 1, State: models.CellFree}
		}},
		"cell 2 had no part in it": {interrupted, func(_ *round, s *sites.Snapshot) { s.Cells[1].Doubtful = true }},
		"cell 3 had no part in it": {interrupted, func(_ *round, s *sites.Snapshot) { s.Cells[2].Doubtful = true }},
		"parcel TWO of shp_2 is in cell 2": {interrupted, func(_ *round, s *sites.Snapshot) {
			s.Cells[1] = sites.CellView{Number: 2, State: models.CellFree}
		}},
		"nothing is in cell 3":                        {interrupted, func(_ *round, s *sites.Snapshot) { s.Cells[2].State = models.CellOccupied }},
		"the screen had said that shp_1 is in cell 1": {loaded, func(_ *round, s *sites.Snapshot) { s.Cells[0].Doubtful = true }},
		"the screen had said thanks for shp_1": {loaded, func(r *round, _ *sites.Snapshot) {
			r.act.deposit = false
			r.act.parcel.stored, r.act.parcel.gone = false, true
			delete(r.inside, 1)
		}},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			r, after := c.of()
			c.spoil(r, &after)
			r.judge(after)
			require.Contains(t, strings.Join(r.wrong, "\n"), says)
		})
	}
}

// TestPlan: every mode as often as the others, and the failing disks between them.
func TestPlan(t *testing.T) {
	t.Parallel()
	p := newPlan(48)
	counts := map[kind]int{}
	for {
		_, k, more := p.next()
		if !more {
			break
		}
		counts[k]++
	}
	require.Equal(t, map[kind]int{"all": 16, "prefix": 16, "torn": 16, fullDisk: 6, badDisk: 6}, counts)
	require.False(t, p.stopped())
	p = newPlan(48)
	p.stop()
	_, _, more := p.next()
	require.False(t, more)
	require.True(t, p.stopped())
}
