package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestResendCode: the code goes to the client of what waits at this cabinet, by its label or
// number, three times a day; nothing else is told to anybody.
func TestResendCode(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		v := f.waiting(t)
		exec(t, f, "DELETE FROM outbox")
		l, other := v.Shipment.Locker, f.locker(t, "L-2")
		told := func() []models.Notification {
			return rows[models.Notification](t, f, "kind = ? ORDER BY n", models.NoticeCodeAgain)
		}
		for name, c := range map[string]struct {
			locker models.LockerID
			label  string
		}{
			"another cabinet": {other.ID, v.Shipment.Number},
			"another number":  {l, "N2"},
			"nothing":         {l, ""},
			"a pattern":       {l, "%"},
		} {
			require.NoError(t, f.ResendCode(t.Context(), c.locker, c.label), name)
			require.Empty(t, told(), name)
		}
		require.NoError(t, f.ResendCode(t.Context(), l, v.Parcels[0].Barcode))
		require.NoError(t, f.ResendCode(t.Context(), l, v.Shipment.Number))
		require.Len(t, told(), 2)
		outbox := rows[models.OutboxRow](t, f)
		require.Len(t, outbox, 2)
		require.Equal(t, models.WorkflowMessage, outbox[0].Workflow)
		require.NoError(t, f.ResendCode(t.Context(), l, v.Shipment.Number))
		require.NoError(t, f.ResendCode(t.Context(), l, v.Shipment.Number))
		require.Len(t, told(), 3, "enough for a day")
		f.advance(25 * time.Hour)
		require.NoError(t, f.ResendCode(t.Context(), l, v.Shipment.Number))
		require.Len(t, told(), 4)
		notice, err := f.Notice(t.Context(), told()[3].ID)
		require.NoError(t, err)
		require.Equal(t, v.Shipment.ID, notice.Shipment.ID)

		f.advance(25 * time.Hour)
		for _, c := range []string{
			"UPDATE shipments SET frozen = true", "UPDATE shipments SET frozen = false, notify_by = 'carrier'",
			"UPDATE shipments SET notify_by = 'contact', state = 'withdrawing'", "UPDATE shipments SET state = 'expired'; DELETE FROM contacts",
		} {
			exec(t, f, c)
			require.NoError(t, f.ResendCode(t.Context(), l, v.Shipment.Number))
			require.Len(t, told(), 4, c)
		}
	})
}
