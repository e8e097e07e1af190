package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestAnOrderKeepsWhatItIsNotAbout(t *testing.T) {
	t.Parallel()
	cell := models.StoredCell{Locker: "lkr_1", Number: 3, State: models.CellFree, Doubtful: true, Generation: 5}
	head := models.Head{Epoch: 2, Seq: 9}
	o, err := cell.Order(models.CellOrder{}, models.CellChange{Action: models.CellTakeOut, Reason: "hinge"}, head)
	require.NoError(t, err)
	require.Equal(t, models.DirectoryCell{Locker: "lkr_1", Cell: 3, OutOfService: true}, o.Entry())
	o, err = cell.Order(o, models.CellChange{Action: models.CellMarkSeen, Reason: "looked", Generation: 5, Found: models.FoundEmpty}, head)
	require.NoError(t, err)
	check := &models.CellCheck{Generation: 5, Found: models.FoundEmpty, Epoch: 2, Seq: 9}
	require.Equal(t, models.DirectoryCell{Locker: "lkr_1", Cell: 3, OutOfService: true, Check: check}, o.Entry())
	require.Equal(t, "hinge", o.Reason)
	o, err = cell.Order(o, models.CellChange{Action: models.CellPutBack, Reason: "mended"}, models.Head{Epoch: 2, Seq: 12})
	require.NoError(t, err)
	back := &models.PutBack{Epoch: 2, Seq: 12}
	require.Equal(t, models.DirectoryCell{Locker: "lkr_1", Cell: 3, PutBack: back, Check: check}, o.Entry(), "a check is of what was known then")
	o, err = cell.Order(o, models.CellChange{Action: models.CellMarkSeen, Reason: "looked", Generation: 5, Found: models.FoundEmpty}, models.Head{Epoch: 2, Seq: 13})
	require.NoError(t, err)
	require.Equal(t, back, o.Entry().PutBack)
	o, err = cell.Order(o, models.CellChange{Action: models.CellTakeOut, Reason: "hinge"}, head)
	require.NoError(t, err)
	require.Nil(t, o.Entry().PutBack)
}

func TestChecksThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state    models.CellState
		certain  bool
		older    bool
		found    string
		expected models.Code
	}{
		"empty and free":                      {state: models.CellFree, found: models.FoundEmpty},
		"empty and reserved":                  {state: models.CellReserved, found: models.FoundEmpty},
		"empty, out of service":               {state: models.CellOutOfService, found: models.FoundEmpty},
		"a parcel, out of service":            {state: models.CellOutOfService, found: models.FoundParcel},
		"the parcel is there":                 {state: models.CellOccupied, found: models.FoundParcel},
		"the parcel is not there":             {state: models.CellOccupied, found: models.FoundEmpty, expected: models.CodeInvalidState},
		"a parcel that nobody knows":          {state: models.CellFree, found: models.FoundParcel, expected: models.CodeInvalidState},
		"a parcel, where one was taken":       {state: models.CellReserved, found: models.FoundParcel, expected: models.CodeInvalidState},
		"nothing was in doubt":                {state: models.CellFree, certain: true, found: models.FoundEmpty, expected: models.CodeInvalidState},
		"what was looked at is long gone":     {state: models.CellFree, older: true, found: models.FoundEmpty, expected: models.CodeConflict},
		"the older parcel is not this parcel": {state: models.CellOccupied, older: true, found: models.FoundParcel, expected: models.CodeConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cell := models.StoredCell{Locker: "lkr_1", Number: 3, State: c.state, Doubtful: !c.certain, Generation: 5}
			change := models.CellChange{Action: models.CellMarkSeen, Generation: 5, Found: c.found}
			if c.older {
				change.Generation--
			}
			_, err := cell.Order(models.CellOrder{}, change, models.Head{})
			require.Equal(t, c.expected, models.ErrorCode(err))
		})
	}
	_, err := models.StoredCell{}.Order(models.CellOrder{}, models.CellChange{Action: "paint"}, models.Head{})
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
}
