package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestLockerActions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from models.LockerState
		do   models.LockerAction
		to   models.LockerState // empty: refused
	}{
		{models.LockerActive, models.LockerPause, models.LockerNoDeposits},
		{models.LockerNoDeposits, models.LockerPause, models.LockerNoDeposits},
		{models.LockerNoDeposits, models.LockerResume, models.LockerActive},
		{models.LockerPlanned, models.LockerResume, models.LockerActive},
		{models.LockerPlanned, models.LockerPause, ""},
		{models.LockerActive, models.LockerClose, models.LockerOutOfService},
		{models.LockerOutOfService, models.LockerResume, models.LockerActive},
		{models.LockerOutOfService, models.LockerPause, ""},
		{models.LockerDecommissioned, models.LockerResume, ""},
	} {
		to, err := c.from.Next(c.do)
		if c.to == "" {
			require.Equal(t, models.CodeInvalidState, models.ErrorCode(err), "%s %s", c.do, c.from)
			to = ""
		}
		require.Equal(t, c.to, to, "%s %s", c.do, c.from)
	}
}
