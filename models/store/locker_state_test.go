package store_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestPausedLocker(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		layout := func() models.DirectoryLayout {
			var body models.DirectoryLayout
			row := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryLayout, l.ID)[0]
			require.NoError(t, json.Unmarshal(row.Body, &body))
			return body
		}
		before := layout()
		for range 2 { // again changes nothing
			paused, err := f.ChangeLocker(t.Context(), models.Request{ID: "req_1"}, l.ID, models.LockerChange{Action: models.LockerPause, Reason: "rain"})
			require.NoError(t, err)
			require.Equal(t, models.LockerNoDeposits, paused.State)
		}
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "locker.pause"), 1)
		after := layout()
		require.Equal(t, models.LockerNoDeposits, after.State)
		after.State = before.State
		require.Equal(t, before, after, "the cells are as they were")
		n := f.announcement(l.ID, "N1")
		_, _, err := f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeLockerClosed, code(err))
		_, err = f.ChangeLocker(t.Context(), models.Request{}, l.ID, models.LockerChange{Action: models.LockerResume, Reason: "dry"})
		require.NoError(t, err)
		f.create(t, n)
		_, err = f.ChangeLocker(t.Context(), models.Request{}, "lkr_none", models.LockerChange{Action: models.LockerPause, Reason: "x"})
		require.Equal(t, models.CodeNotFound, code(err))
	})
}
