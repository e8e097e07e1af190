package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func occupancies() []models.Occupancy {
	var all []models.Occupancy
	for _, s := range models.CellStates() {
		all = append(all, models.Occupancy{State: s}, models.Occupancy{State: s, Doubtful: true})
	}
	return all
}

// TestCellTable names, for every occupancy, the events that it takes and what they make
// of it; every other pair must be refused without a change.
func TestCellTable(t *testing.T) {
	t.Parallel()
	free := models.Occupancy{State: models.CellFree}
	freeD := models.Occupancy{State: models.CellFree, Doubtful: true}
	res := models.Occupancy{State: models.CellReserved}
	resD := models.Occupancy{State: models.CellReserved, Doubtful: true}
	occ := models.Occupancy{State: models.CellOccupied}
	occD := models.Occupancy{State: models.CellOccupied, Doubtful: true}
	out := models.Occupancy{State: models.CellOutOfService}
	outD := models.Occupancy{State: models.CellOutOfService, Doubtful: true}
	type moves map[models.CellEvent]models.Occupancy
	table := map[models.Occupancy]moves{
		free:  {models.CellReserve: res, models.CellDoubt: freeD, models.CellBreak: out, models.CellCheckEmpty: free, models.CellFoundFull: occ},
		freeD: {models.CellDoubt: freeD, models.CellBreak: outD, models.CellCheckEmpty: free, models.CellFoundFull: occD},
		res: {models.CellRelease: free, models.CellDeposited: occ, models.CellProved: free, models.CellDoubt: resD,
			models.CellBreak: outD, models.CellCheckEmpty: free, models.CellFoundFull: occ},
		resD: {models.CellRelease: freeD, models.CellDeposited: occ, models.CellDoubt: resD, models.CellBreak: outD,
			models.CellCheckEmpty: free, models.CellFoundFull: occD},
		occ: {models.CellDeposited: occ, models.CellTaken: res, models.CellDoubt: occD, models.CellBreak: outD,
			models.CellCheckEmpty: free, models.CellFoundFull: occ},
		occD: {models.CellDeposited: occD, models.CellTaken: resD, models.CellDoubt: occD, models.CellBreak: outD,
			models.CellCheckEmpty: free, models.CellFoundFull: occD},
		out:  {models.CellRepair: free, models.CellDoubt: outD, models.CellBreak: out, models.CellCheckEmpty: out, models.CellFoundFull: outD},
		outD: {models.CellRepair: occD, models.CellDoubt: outD, models.CellBreak: outD, models.CellCheckEmpty: out, models.CellFoundFull: outD},
	}
	require.Len(t, table, len(occupancies()))
	for _, o := range occupancies() {
		for _, e := range models.CellEvents() {
			want, taken := table[o][e]
			got, ok := o.Next(e)
			if !taken {
				want = o
			}
			require.Equal(t, taken, ok, "%v on %s", o, e)
			require.Equal(t, want, got, "%v on %s", o, e)
		}
	}
}

// TestCellIsFreeOnlyByEvidence: nothing but a check, a proof, a release or the repair of a
// cell known to be empty makes a cell offerable.
func TestCellIsFreeOnlyByEvidence(t *testing.T) {
	t.Parallel()
	evidence := map[models.CellEvent]bool{models.CellProved: true, models.CellCheckEmpty: true, models.CellRelease: true, models.CellRepair: true}
	for _, o := range occupancies() {
		for _, e := range models.CellEvents() {
			next, _ := o.Next(e)
			if next.Offerable() && !o.Offerable() {
				require.True(t, evidence[e], "%v became offerable by %s", o, e)
			}
		}
	}
}
