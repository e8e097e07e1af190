package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// projected runs a life forward by one fact.
func projected(life *models.Life, f models.FactSignal) models.Projection {
	return life.Projection(life.ApplyFact(f))
}

func signed(g models.Grant) models.SignedGrant {
	return models.SignedGrant{Grant: g, Signer: "s", Signature: []byte{7}}
}

func TestProjectIsGuardedByRev(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		id := v.Shipment.ID
		life, err := f.LoadLife(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, 1, life.NextEvent)
		first := projected(&life, models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 1, At: f.clock(), Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3})
		ready := life.Projection(life.Due(f.clock().Add(time.Hour)))
		require.Equal(t, []models.NoticeKind{models.NoticeReady}, ready.Notify)

		crash := errors.New("crash")
		f.setFault(func(point string) error {
			if point == "project.before_commit" {
				return crash
			}
			return nil
		})
		before := counts(t, f)
		_, err = f.Project(t.Context(), first, signed)
		require.ErrorIs(t, err, crash)
		require.Equal(t, before, counts(t, f))
		f.setFault(nil)

		_, err = f.Project(t.Context(), first, signed)
		require.NoError(t, err)
		res, err := f.Project(t.Context(), ready, signed)
		require.NoError(t, err)
		require.Len(t, res.Notifications, 1)
		before = counts(t, f)
		again, err := f.Project(t.Context(), ready, signed)
		require.NoError(t, err)
		require.Equal(t, res, again, "the messages are named also when nothing changed")
		_, err = f.Project(t.Context(), first, signed)
		require.NoError(t, err)
		require.Equal(t, before, counts(t, f))

		read, err := f.Shipment(t.Context(), f.actor(f.carrier), id)
		require.NoError(t, err)
		require.Equal(t, models.StateReady, read.Shipment.State)
		require.Equal(t, int64(2), read.Shipment.Rev)
		require.NotNil(t, read.Shipment.ReadyAt)
		require.Equal(t, 3, read.Parcels[0].Cell)
		events, err := f.ShipmentEvents(t.Context(), f.actor(f.carrier), id, 0, 10)
		require.NoError(t, err)
		require.Equal(t, models.EventReady, events[len(events)-1].Type)
		for i, e := range events {
			require.Equal(t, i+1, e.Seq)
			require.NotEmpty(t, e.ID)
		}
		_, err = f.Project(t.Context(), models.Projection{Shipment: "shp_none", Rev: 1}, signed)
		require.Equal(t, models.CodeNotFound, code(err))

		fresh, err := f.LoadLife(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, int64(2), fresh.Rev, "a life that was lost goes on above what is written")
		require.Equal(t, len(events)+1, fresh.NextEvent)
	})
}

func TestAnEndGivesBackAndALateFactResumes(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		n.Parcels[0].Barcode = "B1"
		v := f.create(t, n)
		id := v.Shipment.ID
		life, err := f.LoadLife(t.Context(), id)
		require.NoError(t, err)
		end := life.Projection(life.Due(f.clock().Add(365 * 24 * time.Hour)))
		require.Equal(t, models.StateCancelled, end.State)
		final := life
		end.Final = &final
		_, err = f.Project(t.Context(), end, signed)
		require.NoError(t, err)

		require.Empty(t, rows[models.Promise](t, f))
		require.False(t, rows[models.Parcel](t, f)[0].Open)
		entry := func() models.DirectoryRow {
			return rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryShipment, id)[0]
		}
		require.True(t, entry().Deleted)
		require.Empty(t, entry().Body)
		row := rows[models.Shipment](t, f)[0]
		require.NotNil(t, row.EndedAt)
		stored, err := f.LoadLife(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, life.NextEvent, stored.NextEvent)
		require.Equal(t, models.StateCancelled, stored.State)

		late := models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 1, At: f.clock(), Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 1}
		reused := f.announcement(l.ID, "N2")
		reused.Parcels[0].Barcode = "B1"
		f.create(t, reused)
		_, err = f.Project(t.Context(), projected(&stored, late), signed)
		require.NoError(t, err)
		row = rows[models.Shipment](t, f, "id = ?", id)[0]
		require.Equal(t, models.StateWithdrawing, row.State)
		require.Nil(t, row.EndedAt)
		require.Nil(t, row.Life)
		require.False(t, entry().Deleted)
		require.NotEmpty(t, entry().Body)
		require.False(t, rows[models.Parcel](t, f, "shipment = ?", id)[0].Open, "another parcel has the barcode now")
	})
}

func TestIssueIsChosenOnce(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		views := []models.ShipmentView{f.create(t, f.announcement(l.ID, "N1")), f.create(t, f.announcement(l.ID, "N2"))}
		var mu sync.Mutex
		seen := map[models.ShipmentID][]int{}
		errs := make([]error, 8)
		var group sync.WaitGroup
		for i := range errs {
			id := views[i%2].Shipment.ID
			group.Go(func() {
				_, errs[i] = f.NextIssue(t.Context(), id, 0, func(of models.Shipment, open []models.Shipment) (int, error) {
					mu.Lock()
					defer mu.Unlock()
					seen[id] = append(seen[id], len(open))
					return len(open) + 1, nil
				})
			})
		}
		group.Wait()
		issues := map[int]bool{}
		for _, err := range errs {
			require.NoError(t, err)
		}
		for _, row := range rows[models.Shipment](t, f) {
			issues[row.Issue] = true
			require.Len(t, seen[row.ID], 1, "chosen once")
		}
		require.Equal(t, map[int]bool{1: true, 2: true}, issues, "the second saw the first")
		refused := errors.New("no key")
		_, err := f.NextIssue(t.Context(), f.create(t, f.announcement(l.ID, "N3")).Shipment.ID, 0,
			func(models.Shipment, []models.Shipment) (int, error) { return 0, refused })
		require.ErrorIs(t, err, refused)
		_, err = f.NextIssue(t.Context(), "shp_none", 0, nil)
		require.Equal(t, models.CodeNotFound, code(err))
	})
}

func TestReissueIsOnePerStep(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		v := f.create(t, f.announcement(f.locker(t, "L-1").ID, "N1"))
		next := func(after int) int {
			issue, err := f.NextIssue(t.Context(), v.Shipment.ID, after, func(models.Shipment, []models.Shipment) (int, error) { return after + 1, nil })
			require.NoError(t, err)
			return issue
		}
		require.Equal(t, 1, next(0))
		require.Equal(t, 2, next(1))
		require.Equal(t, 2, next(1), "a repeat of the activity finds what was set")
		entry := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryShipment, v.Shipment.ID)[0]
		require.Contains(t, string(entry.Body), `"issue":2`)
	})
}

// TestWithdrawalIsTold: the signed grant goes to the cabinet with the state, or not at all.
func TestWithdrawalIsTold(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		p := models.Projection{Shipment: v.Shipment.ID, Rev: 2, State: models.StateWithdrawing,
			Withdrawal: &models.DirectoryWithdrawal{Shipment: v.Shipment.ID, Locker: l.ID}}
		_, err := f.Project(t.Context(), p, signed)
		require.NoError(t, err)
		told := func() []models.DirectoryRow {
			return rows[models.DirectoryRow](t, f, "kind = ?", models.EntryWithdrawal)
		}
		require.Len(t, told(), 1)
		require.Equal(t, models.ScopeOfLocker(l.ID), told()[0].Scope)
		require.EqualValues(t, f.clock().UnixMilli(), told()[0].Rev)
		require.JSONEq(t, `{"shipment":"`+string(v.Shipment.ID)+`","locker":"`+string(l.ID)+`","reason":""}`, string(told()[0].Body))
		require.Equal(t, []byte{7}, told()[0].Signature)
		at := told()[0].Position
		_, err = f.Project(t.Context(), p, signed)
		require.NoError(t, err)
		require.Equal(t, at, told()[0].Position, "an old projection tells nothing")

		rev := told()[0].Rev
		p.Rev, p.Withdrawal.Over = 3, true
		_, err = f.Project(t.Context(), p, signed)
		require.NoError(t, err)
		require.Equal(t, rev+1, told()[0].Rev, "within one millisecond the later is higher all the same")
	})
}

func TestNotificationStates(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		res, err := f.Project(t.Context(), models.Projection{Shipment: v.Shipment.ID, Rev: 1, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeReady}}, signed)
		require.NoError(t, err)
		require.Len(t, res.Notifications, 1)
		id := res.Notifications[0]
		notice, err := f.Notice(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "client@example.org", notice.To)
		require.Equal(t, "L-1", notice.Locker.Number)
		require.Equal(t, "Road 1", notice.Location.Address)
		require.Equal(t, "ready/1", notice.Notification.Template)
		row := func() models.Notification { return rows[models.Notification](t, f, "id = ?", id)[0] }

		require.NoError(t, f.Sending(t.Context(), id, 0, ""))
		require.False(t, row().Uncertain)
		again, _, err := f.NotSent(t.Context(), id, models.Refusal{By: "mail server", Code: 451})
		require.NoError(t, err)
		require.True(t, again)
		require.Equal(t, models.NotificationQueued, row().State)
		require.NoError(t, f.Sending(t.Context(), id, 1, ""))
		require.False(t, row().Uncertain, "it was refused: it did not leave")
		require.Equal(t, models.CodeConflict, code(f.Sending(t.Context(), id, 1, "")), "another attempt is at it")
		require.NoError(t, f.Sending(t.Context(), id, 2, ""))
		require.True(t, row().Uncertain, "an attempt died while it was leaving")
		require.Equal(t, 3, row().Attempts)
		require.NoError(t, f.Sent(t.Context(), id, ""))
		require.NotNil(t, row().SentAt)
		require.Equal(t, models.CodeConflict, code(f.Sending(t.Context(), id, 3, "")))
		again, _, err = f.NotSent(t.Context(), id, models.Refusal{Final: true})
		require.NoError(t, err)
		require.False(t, again)
		require.Equal(t, models.NotificationSent, row().State)

		exec(t, f, "DELETE FROM contacts")
		_, err = f.Notice(t.Context(), id)
		require.Equal(t, models.CodeNotFound, code(err))
		require.Equal(t, models.CodeNotFound, code(f.Sending(t.Context(), "ntf_none", 0, "")))
		res, err = f.Project(t.Context(), models.Projection{Shipment: v.Shipment.ID, Rev: 2, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeReady}}, signed)
		require.NoError(t, err)
		require.Empty(t, res.Notifications)
	})
}

func TestAFailedMessageAndItsIncident(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		res, err := f.Project(t.Context(), models.Projection{Shipment: v.Shipment.ID, Rev: 1, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeReady}}, signed)
		require.NoError(t, err)
		require.NoError(t, f.Sending(t.Context(), res.Notifications[0], 0, ""))
		again0, _, err := f.NotSent(t.Context(), res.Notifications[0], models.Refusal{By: "mail server", Code: 550, Final: true})
		require.NoError(t, err)
		require.False(t, again0)
		incident := rows[models.Incident](t, f)[0]
		require.Equal(t, models.IncidentUnsent, incident.Kind)

		_, err = f.CreateOrganization(t.Context(), models.Request{}, models.Organization{Name: "silent", Kind: models.KindOperator})
		require.NoError(t, err)
		told, err := f.IncidentNotices(t.Context(), incident.ID)
		require.NoError(t, err)
		require.Len(t, told, 1)
		again, err := f.IncidentNotices(t.Context(), incident.ID)
		require.NoError(t, err)
		require.Equal(t, told, again)
		notice, err := f.Notice(t.Context(), told[0])
		require.NoError(t, err)
		require.Equal(t, "ops@example.org", notice.To)
		require.Equal(t, incident.ID, notice.Incident.ID)
		require.Equal(t, "L-1", notice.Locker.Number)
		require.Equal(t, "en", notice.Language)
		russian := "ru"
		_, err = f.ChangeOrganization(t.Context(), models.Request{}, f.operator.ID, models.OrganizationChange{Language: &russian})
		require.NoError(t, err)
		notice, err = f.Notice(t.Context(), told[0])
		require.NoError(t, err)
		require.Equal(t, "ru", notice.Language, "as it is to be written to")
		_, err = f.IncidentNotices(t.Context(), "inc_none")
		require.Equal(t, models.CodeNotFound, code(err))
	})
}

// TestALostLifeIsRecovered: with the engine's database gone, a life goes on from what was
// shown of it, the message that had not left is sent, and old facts change nothing.
func TestALostLifeIsRecovered(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		id := v.Shipment.ID
		life, err := f.LoadLife(t.Context(), id)
		require.NoError(t, err)
		in := models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 2, At: f.clock(), Type: models.FactDeposited, Operation: "op_1", Parcel: v.Parcels[0].ID, Cell: 3}
		_, err = f.Project(t.Context(), projected(&life, in), signed)
		require.NoError(t, err)
		_, err = f.Project(t.Context(), life.Projection(life.Due(f.clock().Add(time.Hour))), signed)
		require.NoError(t, err)

		// Long after "never deposited" was due for a shipment without its facts.
		f.advance(8 * 24 * time.Hour)
		back, err := f.LoadLife(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, models.StateReady, back.State)
		require.Equal(t, models.ParcelInCell, back.Parcels[0].State)
		require.True(t, life.ReadyAt.Equal(back.ReadyAt), "storage goes on, it does not begin anew")
		require.True(t, life.LastClose.Equal(back.LastClose))
		require.Len(t, back.Unsent, 1)
		require.Empty(t, back.ApplyFact(in), "its event is written")
		require.Equal(t, models.StateReady, back.State)
		out := models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 5, At: f.clock(), Type: models.FactPickedUp, Operation: "op_2", Parcel: v.Parcels[0].ID, Cell: 3}
		require.Len(t, back.ApplyFact(out), 2, "its event was not written yet")
		require.Equal(t, models.StatePickedUp, back.State)
	})
}

// TestEachReminderIsAMessage of its own, and once.
func TestEachReminderIsAMessage(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		life, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		p := projected(&life, models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 1, At: f.clock(), Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3})
		reminders := 0
		for range 4 { // in, ready, reminded twice
			_, err = f.Project(t.Context(), p, signed)
			require.NoError(t, err)
			at, _, ok := life.Deadline()
			require.True(t, ok)
			events := life.Due(at)
			if p = life.Projection(events); events[0].Type == models.EventReminderSent {
				reminders++
			}
		}
		require.Equal(t, 2, reminders)
		require.Len(t, rows[models.Notification](t, f, "kind = ?", models.NoticeReminder), reminders)
	})
}
