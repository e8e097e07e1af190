package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// readied has the shipment's client told of the code.
func readied(t *testing.T, f *fixture, v models.ShipmentView) *models.Life {
	t.Helper()
	life, err := f.LoadLife(t.Context(), v.Shipment.ID)
	require.NoError(t, err)
	_, err = f.Project(t.Context(), projected(&life, models.FactSignal{Locker: v.Shipment.Locker, Epoch: 1, Seq: 1, At: f.clock(),
		Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3}), signed)
	require.NoError(t, err)
	_, err = f.Project(t.Context(), life.Projection(life.Due(f.clock().Add(time.Hour))), signed)
	require.NoError(t, err)
	return &life
}

func (f *fixture) edit(v models.ShipmentView) models.ShipmentEdit {
	return models.ShipmentEdit{Request: models.Request{Actor: f.actor(f.carrier), ID: "req"}, Shipment: v.Shipment.ID}
}

// contactSignals are those that lives have not heard yet.
func contactSignals(t *testing.T, f *fixture) []models.ContactSignal {
	t.Helper()
	found := []models.ContactSignal{}
	for _, row := range rows[models.OutboxRow](t, f, "signal = ?", models.SignalContact) {
		var s models.ContactSignal
		require.NoError(t, json.Unmarshal(row.Payload, &s))
		require.NotContains(t, string(row.Payload), "example")
		found = append(found, s)
	}
	return found
}

func TestEditBeforeAnythingCame(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		e := f.edit(v)
		at := f.clock().Add(48 * time.Hour)
		e.Contact, e.Language, e.ExpectedAt = &models.Contact{Phone: "+4930123456"}, "ru", &at
		e.Parcels = []models.ParcelEdit{{ID: v.Parcels[0].ID, Size: models.SizeL, WeightG: 7, Dimensions: models.Dimensions{WidthMM: 1, HeightMM: 2, DepthMM: 3}}}
		f.advance(time.Minute)
		require.NoError(t, f.EditShipment(t.Context(), e))

		is, err := f.Shipment(t.Context(), f.actor(f.carrier), v.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, "ru", is.Shipment.Language)
		require.True(t, at.Equal(*is.Shipment.ExpectedAt))
		require.True(t, is.Shipment.UpdatedAt.After(v.Shipment.UpdatedAt))
		require.Equal(t, models.SizeL, is.Parcels[0].Size)
		require.Equal(t, 7, is.Parcels[0].WeightG)
		require.Equal(t, 3, is.Parcels[0].Dimensions.DepthMM)
		contact := rows[models.Contact](t, f)[0]
		require.Equal(t, "+4930123456", contact.Phone)
		require.Empty(t, contact.Email, "it is replaced as a whole")
		require.Empty(t, rows[models.FormerContact](t, f), "nobody knew the code")
		require.Equal(t, []models.ContactSignal{{NotifyBy: models.NotifyContact}}, contactSignals(t, f))
		promise := rows[models.Promise](t, f)[0]
		require.Equal(t, models.SizeL, promise.Size)
		require.True(t, at.Equal(*promise.From))
		require.Equal(t, "contact, language, expected_at, parcels", rows[models.AuditEntry](t, f, "action = ?", "shipment.edit")[0].Detail)

		require.NoError(t, f.EditShipment(t.Context(), e))
		require.Len(t, contactSignals(t, f), 1, "the same again changes nothing")
	})
}

func TestEditRefuses(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		other := f.create(t, f.announcement(l.ID, "N0"))
		v := f.create(t, f.announcement(l.ID, "N1"))
		for range 2 { // both large cells are promised
			n := f.announcement(l.ID, "L"+time.Duration(len(rows[models.Shipment](t, f))).String())
			n.Parcels[0].Size = models.SizeL
			f.create(t, n)
		}
		before := counts(t, f)
		soon := f.clock()
		for name, c := range map[string]struct {
			state  models.ShipmentState
			parcel models.ParcelState
			change func(e *models.ShipmentEdit)
			code   models.Code
		}{
			"foreign": {change: func(e *models.ShipmentEdit) { e.Language, e.Actor = "ru", f.actor(f.shop) }, code: models.CodeNotFound},
			"no room": {change: func(e *models.ShipmentEdit) {
				e.Parcels = []models.ParcelEdit{{ID: v.Parcels[0].ID, Size: models.SizeL}}
			}, code: models.CodeNoCapacity},
			"another's parcel": {change: func(e *models.ShipmentEdit) { e.Parcels = []models.ParcelEdit{{ID: other.Parcels[0].ID, WeightG: 1}} }, code: models.CodeInvalid},
			"in its cell": {parcel: models.ParcelInCell, state: models.StateLoading,
				change: func(e *models.ShipmentEdit) { e.Parcels = []models.ParcelEdit{{ID: v.Parcels[0].ID, WeightG: 1}} }, code: models.CodeInvalidState},
			"no address": {change: func(e *models.ShipmentEdit) { e.Contact = &models.Contact{Name: "n"} }, code: models.CodeInvalid},
			"too late":   {state: models.StateReady, change: func(e *models.ShipmentEdit) { e.ExpectedAt = &soon }, code: models.CodeInvalidState},
			"over":       {state: models.StatePickedUp, change: func(e *models.ShipmentEdit) { e.Language = "ru" }, code: models.CodeInvalidState},
			"one of two": {state: models.StateReady, change: func(e *models.ShipmentEdit) { e.Language, e.ExpectedAt = "ru", &soon }, code: models.CodeInvalidState},
		} {
			exec(t, f, "UPDATE shipments SET state = ? WHERE id = ?", map[bool]models.ShipmentState{true: models.StateCreated, false: c.state}[c.state == ""], v.Shipment.ID)
			exec(t, f, "UPDATE parcels SET state = ? WHERE id = ?", map[bool]models.ParcelState{true: models.ParcelExpected, false: c.parcel}[c.parcel == ""], v.Parcels[0].ID)
			e := f.edit(v)
			c.change(&e)
			err := f.EditShipment(t.Context(), e)
			require.Equal(t, c.code, code(err), "%s: %v", name, err)
			require.Equal(t, before, counts(t, f), name)
			require.Equal(t, "en", rows[models.Shipment](t, f, "id = ?", v.Shipment.ID)[0].Language, name)
		}
	})
}

// TestEditContactAfterReady: the contact before is told without a code, and both are erased
// alike.
func TestEditContactAfterReady(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		v := f.create(t, n)
		life := readied(t, f, v)
		e := f.edit(v)
		e.Contact, e.Language = &models.Contact{Email: "new@example.org"}, "ru"
		require.NoError(t, f.EditShipment(t.Context(), e))
		require.NoError(t, f.EditShipment(t.Context(), e), "the same again changes nothing")
		require.Equal(t, []models.ContactSignal{{Change: 1, NotifyBy: models.NotifyContact}}, contactSignals(t, f))

		// A life that is lost now knows that the code is still to die.
		lost, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		require.True(t, lost.NewContact())

		life.HearContact(contactSignals(t, f)[0])
		require.True(t, life.NewContact())
		exec(t, f, "UPDATE shipments SET issue = 9")
		res, err := f.Project(t.Context(), life.Projection(life.TakeContact(1, 9, f.clock())), signed)
		require.NoError(t, err)
		require.False(t, life.NewContact())
		require.Len(t, res.Notifications, 2)
		told := map[models.NoticeKind]models.Notice{}
		for _, id := range res.Notifications {
			notice, err := f.Notice(t.Context(), id)
			require.NoError(t, err)
			told[notice.Notification.Kind] = notice
		}
		require.Equal(t, "client@example.org", told[models.NoticeContactChanged].To)
		require.Equal(t, "en", told[models.NoticeContactChanged].Language)
		require.Equal(t, "new@example.org", told[models.NoticeCodeReissued].To)
		require.Equal(t, "ru", told[models.NoticeCodeReissued].Language)
		require.False(t, models.NoticeContactChanged.CarriesCode())
		known, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		require.False(t, known.NewContact())

		// The database was put back: what the life has done is not done again.
		exec(t, f, "UPDATE shipments SET contact_changes = 0, contact_told = 0")
		again := life.ShowAgain(nil)
		_, err = f.Project(t.Context(), again, signed)
		require.NoError(t, err)
		row := rows[models.Shipment](t, f)[0]
		require.Equal(t, []int{1, 1}, []int{row.ContactChanges, row.ContactTold})

		exec(t, f, "UPDATE shipments SET ended_at = ?", f.clock())
		f.advance(29 * 24 * time.Hour)
		_, err = f.Prune(t.Context(), 100)
		require.NoError(t, err)
		require.Len(t, rows[models.FormerContact](t, f), 1)
		f.advance(2 * 24 * time.Hour)
		_, err = f.Prune(t.Context(), 100)
		require.NoError(t, err)
		require.Empty(t, rows[models.FormerContact](t, f))
		require.Empty(t, rows[models.Contact](t, f))
	})
}

// TestEditContactWhileLoading: the page of the contact before has shown the code since the first
// parcel came, so that code dies too.
func TestEditContactWhileLoading(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		n := 0
		changes := func() int {
			n++
			e := f.edit(v)
			e.Contact = &models.Contact{Email: fmt.Sprintf("client%d@example.org", n)}
			require.NoError(t, f.EditShipment(t.Context(), e))
			return rows[models.Shipment](t, f)[0].ContactChanges
		}
		require.Zero(t, changes(), "nobody has a page")
		require.NoError(t, f.OpenPage(t.Context(), v.Shipment.ID, token))
		require.Zero(t, changes(), "it shows no code yet")
		life, err := f.LoadLife(t.Context(), v.Shipment.ID)
		require.NoError(t, err)
		_, err = f.Project(t.Context(), projected(&life, models.FactSignal{Locker: l.ID, Epoch: 1, Seq: 1, At: f.clock(),
			Type: models.FactDeposited, Parcel: v.Parcels[0].ID, Cell: 3}), signed)
		require.NoError(t, err)
		require.Nil(t, rows[models.Shipment](t, f)[0].ReadyAt)
		require.Equal(t, 1, changes())
		require.Equal(t, "client2@example.org", rows[models.FormerContact](t, f)[0].Email)
	})
}

// TestEditNotifyBy: who was not told of a code before is not told that it is dead.
func TestEditNotifyBy(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		n.NotifyBy = models.NotifyCarrier
		v := f.create(t, n)
		readied(t, f, v)
		e := f.edit(v)
		e.NotifyBy = models.NotifyContact
		require.NoError(t, f.EditShipment(t.Context(), e))
		require.Equal(t, []models.ContactSignal{{Change: 1, NotifyBy: models.NotifyContact}}, contactSignals(t, f))
		require.Empty(t, rows[models.FormerContact](t, f))
		e.NotifyBy = models.NotifyCarrier
		require.NoError(t, f.EditShipment(t.Context(), e))
		require.Equal(t, 2, rows[models.FormerContact](t, f)[0].N)
	})
}

func TestEraseContact(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		life := readied(t, f, v)
		e := f.edit(v)
		e.Contact = &models.Contact{Email: "new@example.org"}
		require.NoError(t, f.EditShipment(t.Context(), e))
		require.Equal(t, models.CodeNotFound, code(f.EraseContact(t.Context(), models.Request{Actor: f.actor(f.shop)}, v.Shipment.ID)))
		require.Len(t, rows[models.Contact](t, f), 1)

		require.NoError(t, f.ReportProblem(t.Context(), models.ClientReport{Shipment: v.Shipment.ID, Problem: models.ProblemOther, Text: "call me"}))
		by := models.Request{Actor: f.actor(f.carrier), ID: "req"}
		require.NoError(t, f.EraseContact(t.Context(), by, v.Shipment.ID))
		require.NoError(t, f.EraseContact(t.Context(), by, v.Shipment.ID), "a second time")
		require.Empty(t, rows[models.Contact](t, f))
		require.Empty(t, rows[models.FormerContact](t, f))
		require.Empty(t, rows[models.ClientReport](t, f), "in the client's own words")
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "shipment.erase_contact"), 2)
		require.Equal(t, models.NotificationDropped, rows[models.Notification](t, f)[0].State, "what was still to be sent")

		// What is to be told later is on record, and goes nowhere; so it is with the contact before.
		life.HearContact(contactSignals(t, f)[0])
		res, err := f.Project(t.Context(), life.Projection(life.TakeContact(1, life.Issue+1, f.clock())), signed)
		require.NoError(t, err)
		require.Empty(t, res.Notifications)
		for _, n := range rows[models.Notification](t, f) {
			require.Equal(t, models.NotificationDropped, n.State, n.Kind)
		}
		require.Len(t, rows[models.Notification](t, f, "kind = ?", models.NoticeCodeReissued), 1)

		// The client may be reached again.
		e.Contact = &models.Contact{Email: "again@example.org"}
		require.NoError(t, f.EditShipment(t.Context(), e))
		require.Equal(t, "again@example.org", rows[models.Contact](t, f)[0].Email)
	})
}

// TestTheFormerContactIsReached by its own e-mail where its SMS cannot be delivered, not by the new
// contact's, and it is the former one that staff see and send to again.
func TestTheFormerContactIsReached(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		by := models.Request{Actor: f.actor(f.carrier), ID: "req"}
		l := f.locker(t, "L-1")
		for number, c := range map[string]struct{ was, is models.Contact }{
			"N1": {models.Contact{Phone: "+4915112345621", Email: "was@example.org"}, models.Contact{Phone: "+4915112345699"}},
			"N2": {models.Contact{Phone: "+4915112345621"}, models.Contact{Email: "is@example.org"}},
		} {
			n := f.announcement(l.ID, number)
			n.Contact = c.was
			v := f.create(t, n)
			life := readied(t, f, v)
			e := f.edit(v)
			e.Contact = &c.is
			require.NoError(t, f.EditShipment(t.Context(), e))
			life.HearContact(models.ContactSignal{Change: 1, NotifyBy: models.NotifyContact})
			_, err := f.Project(t.Context(), life.Projection(life.TakeContact(1, life.Issue+1, f.clock())), signed)
			require.NoError(t, err)
			told := rows[models.Notification](t, f, "subject = ? AND kind = ?", v.Shipment.ID, models.NoticeContactChanged)[0]
			require.Equal(t, models.ChannelSMS, told.Channel)
			listed, err := f.Notifications(t.Context(), models.NotificationQuery{
				Page: models.Page{Limit: 10}, Actor: by.Actor, Kind: models.NoticeContactChanged, Shipment: v.Shipment.ID,
			})
			require.NoError(t, err)
			require.Equal(t, models.Masked(c.was.Phone), listed[0].Recipient)
			_, instead, err := f.NotSent(t.Context(), told.ID, models.Refusal{By: "SMS provider", Code: 21211, Final: true})
			require.NoError(t, err)
			incidents := rows[models.Incident](t, f, "kind = ? AND shipment = ?", models.IncidentUnsent, v.Shipment.ID)
			if c.was.Email == "" {
				require.Empty(t, instead)
				require.Len(t, incidents, 1, "nobody has told it")
			} else {
				notice, err := f.Notice(t.Context(), instead)
				require.NoError(t, err)
				require.Equal(t, c.was.Email, notice.To)
				require.Empty(t, incidents)
			}
			again, err := f.Resend(t.Context(), by, told.ID)
			require.NoError(t, err)
			require.Equal(t, models.Masked(c.was.Phone), again.Recipient)
		}
	})
}
