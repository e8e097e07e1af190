package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// outages are the signals of outages that wait in the outbox, in order, by shipment; they are taken away.
func (f *fixture) outages(t *testing.T) (told []string) {
	t.Helper()
	for _, row := range rows[models.OutboxRow](t, f) {
		if row.Signal != models.SignalLocker {
			continue
		}
		var s models.LockerSignal
		require.NoError(t, json.Unmarshal(row.Payload, &s))
		told = append(told, fmt.Sprint(row.WorkflowID, " ", s.News))
	}
	exec(t, f, "DELETE FROM outbox")
	return told
}

// round tells of what came and went, and of outages of half an hour.
func (f *fixture) outageRound(t *testing.T) []string {
	t.Helper()
	_, err := f.TellLinks(t.Context())
	require.NoError(t, err)
	_, err = f.TellOutages(t.Context(), 30*time.Minute)
	require.NoError(t, err)
	return f.outages(t)
}

// TestOutagesAreToldToLives: of what waits for a client, once when the outage has lasted for half an hour and once when
// the cabinet is back with its journal. A blink wakes nobody.
func TestOutagesAreToldToLives(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "L-1")
		waits, expected := f.create(t, f.announcement(l.ID, "N1")), f.create(t, f.announcement(l.ID, "N2"))
		exec(t, f, "UPDATE shipments SET state = ? WHERE id = ?", models.StateReady, waits.Shipment.ID)
		down, back := models.ShipmentWorkflowID(waits.Shipment.ID)+" down", models.ShipmentWorkflowID(waits.Shipment.ID)+" back"
		f.beat(t, "one", "r1", true)
		connect := func(current bool) (n int64) {
			t.Helper()
			n, err := f.Connect(ctx, l.ID, "one", "r1", "boot")
			require.NoError(t, err)
			require.NoError(t, f.JournalCurrent(ctx, l.ID, n, current))
			return n
		}
		n := connect(true)
		require.Empty(t, f.outageRound(t))
		for range 3 { // it blinks
			require.NoError(t, f.Disconnect(ctx, l.ID, n, f.clock()))
			f.advance(29 * time.Minute)
			require.Empty(t, f.outageRound(t))
			n = connect(true)
			require.Empty(t, f.outageRound(t))
		}

		began := f.clock()
		require.NoError(t, f.Disconnect(ctx, l.ID, n, began))
		f.advance(30 * time.Minute)
		_, err := f.TellLinks(ctx)
		require.NoError(t, err)
		f.setFault(func(point string) error {
			if point == "outage.before_commit" {
				return models.Errorf(models.CodeUnavailable, "the process dies")
			}
			return nil
		})
		_, err = f.TellOutages(ctx, 30*time.Minute)
		require.Error(t, err)
		f.setFault(nil)
		require.Equal(t, []string{down}, f.outageRound(t), "not what is still expected: "+string(expected.Shipment.ID))
		require.Empty(t, f.outageRound(t), "once")
		f.advance(time.Hour)
		require.Empty(t, f.outageRound(t), "however long it lasts")

		n = connect(false)
		require.Empty(t, f.outageRound(t), "its journal may tell that the client has come")
		require.NoError(t, f.JournalCurrent(ctx, l.ID, n, true))
		_, err = f.TellOutages(ctx, 30*time.Minute)
		require.NoError(t, err)
		var s models.LockerSignal
		told := rows[models.OutboxRow](t, f)
		require.NoError(t, json.Unmarshal(told[len(told)-1].Payload, &s))
		require.True(t, began.Equal(s.Since), "%s %s", began, s.Since)
		require.True(t, f.clock().Equal(s.At))
		require.Equal(t, []string{back}, f.outages(t))
		require.Empty(t, f.outageRound(t))
	})
}

// TestOutagesCountInOpeningHours: at night nobody misses a locker that nobody could come to.
func TestOutagesCountInOpeningHours(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "L-1")
		week := map[string][]models.OpenTime{}
		for _, day := range models.Weekdays() {
			week[day] = []models.OpenTime{{From: "08:00", To: "20:00"}}
		}
		_, err := f.SetHours(ctx, models.Request{}, l.Location, &models.Hours{Week: week}, nil)
		require.NoError(t, err)
		v := f.create(t, f.announcement(l.ID, "N1"))
		exec(t, f, "UPDATE shipments SET state = ? WHERE id = ?", models.StatePartlyPickedUp, v.Shipment.ID)
		f.outages(t)
		f.beat(t, "one", "r1", true)
		f.advance(7*time.Hour + 50*time.Minute) // 19:50
		n, err := f.Connect(ctx, l.ID, "one", "r1", "boot")
		require.NoError(t, err)
		require.NoError(t, f.Disconnect(ctx, l.ID, n, f.clock()))
		f.advance(12 * time.Hour) // 7:50, ten minutes of which it was open
		require.Empty(t, f.outageRound(t))
		f.advance(29 * time.Minute)
		require.Empty(t, f.outageRound(t))
		f.advance(time.Minute)
		require.Len(t, f.outageRound(t), 1)
	})
}

// TestOutagesOfANetwork are told in rounds: so many cabinets at a time, and none while others wait in the outbox.
func TestOutagesOfANetwork(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.beat(t, "one", "r1", true)
		const cabinets = 25
		for i := range cabinets {
			l := f.locker(t, fmt.Sprintf("L-%d", i))
			v := f.create(t, f.announcement(l.ID, fmt.Sprintf("N%d", i)))
			exec(t, f, "UPDATE shipments SET state = ? WHERE id = ?", models.StateReady, v.Shipment.ID)
			_, err := f.Connect(ctx, l.ID, "one", "r1", "boot")
			require.NoError(t, err)
		}
		f.outageRound(t)
		// Their gateway dies, and no other is there to see it.
		exec(t, f, "UPDATE gateway_instances SET expires_ms = expires_ms - ?", (31 * time.Minute).Milliseconds())
		_, err := f.TellLinks(ctx)
		require.NoError(t, err)
		for _, want := range []int{20, 5, 0} {
			n, err := f.TellOutages(ctx, 30*time.Minute)
			require.NoError(t, err)
			require.Equal(t, want, n)
			require.Len(t, f.outages(t), want)
		}
		exec(t, f, "UPDATE locker_connections SET down_since = NULL")
		for i := range 500 {
			exec(t, f, "INSERT INTO outbox (workflow_id, workflow, kind, input, signal, payload, created_at) VALUES (?, 'w', 'start', '', '', '', ?)", fmt.Sprint(i), f.clock())
		}
		n, err := f.TellOutages(ctx, 30*time.Minute)
		require.NoError(t, err)
		require.Zero(t, n, "facts and starts go first")
	})
}

// TestMessagesOfAnOutageThatIsOver are dropped: that the locker is away when it is back, and that it is back to whom
// nobody told that it was away.
func TestMessagesOfAnOutageThatIsOver(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, v := t.Context(), f.waiting(t)
		l := v.Shipment.Locker
		f.beat(t, "one", "r1", true)
		n, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		require.NoError(t, f.Disconnect(ctx, l, n, f.clock()))
		made := func(kind models.NoticeKind) models.NotificationID {
			t.Helper()
			res, err := f.Project(ctx, models.Projection{
				Shipment: v.Shipment.ID, Rev: 100 + int64(len(rows[models.Notification](t, f))), State: models.StateReady, Notify: []models.NoticeKind{kind},
				Numbers: map[models.NoticeKind]int{kind: 1},
			}, nil)
			require.NoError(t, err)
			return res.Notifications[len(res.Notifications)-1]
		}
		over := func(id models.NotificationID) bool {
			t.Helper()
			notice, err := f.Notice(ctx, id)
			require.NoError(t, err)
			return notice.Over
		}
		down, back := made(models.NoticeLockerDown), made(models.NoticeLockerBack)
		require.False(t, over(down))
		require.True(t, over(back), "the client does not know that it was away")
		_, err = f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		require.True(t, over(down), "it waited until it was back")
		require.NoError(t, f.Drop(ctx, down))
		require.True(t, over(back))
		exec(t, f, "UPDATE notifications SET state = ? WHERE id = ?", models.NotificationSent, down)
		require.False(t, over(back))
	})
}
