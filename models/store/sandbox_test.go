package store_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// testKey is the fixture's carrier with a test key.
func (f *fixture) testKey() models.Request {
	return models.Request{ID: "req_test", Actor: models.Actor{Key: "key_test", Organization: f.carrier.ID, Kind: models.KindCarrier,
		Scopes: []models.Scope{models.ScopeShipments, models.ScopeCouriers}, Test: true}}
}

// TestTestLockersAreApart: a test key sees test lockers and what is there alone, and other keys do not.
func TestTestLockersAreApart(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		live := f.locker(t, "L-1")
		trial, err := f.CreateLocker(t.Context(), models.Request{}, models.Locker{Number: "T-1", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)
		other, err := f.CreateLocker(t.Context(), models.Request{}, models.Locker{Number: "T-2", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)

		n := f.announcement(live.ID, "N1")
		real := f.create(t, n)
		n = f.announcement(live.ID, "N2")
		n.Request = f.testKey()
		_, _, err = f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeUnknownLocker, models.ErrorCode(err))
		_, _, err = f.CreateShipment(t.Context(), f.announcement(trial.ID, "N3"))
		require.Equal(t, models.CodeUnknownLocker, models.ErrorCode(err), "a live key does not see it")
		n = f.announcement(trial.ID, "N4")
		n.Request = f.testKey()
		made, _, err := f.CreateShipment(t.Context(), n)
		require.NoError(t, err)
		require.True(t, made.Shipment.Test)

		for _, of := range []struct {
			actor models.Actor
			id    models.ShipmentID
			seen  bool
		}{
			{f.testKey().Actor, made.Shipment.ID, true}, {f.testKey().Actor, real.Shipment.ID, false},
			{n.Request.Actor, made.Shipment.ID, true}, {f.announcement(live.ID, "").Actor, made.Shipment.ID, false},
			{models.Actor{Scopes: []models.Scope{models.ScopeOperator}}, made.Shipment.ID, true},
		} {
			_, err := f.Shipment(t.Context(), of.actor, of.id)
			if of.seen {
				require.NoError(t, err)
			} else {
				require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
			}
		}
		require.Equal(t, models.CodeUnknownLocker, models.ErrorCode(f.KeepRoom(t.Context(), real.Shipment.ID, trial.ID)), "re-routed to a test locker")
		require.NoError(t, f.KeepRoom(t.Context(), made.Shipment.ID, other.ID))

		require.Equal(t, []string{"N4"}, numbers(t, f, f.testKey().Actor, models.ShipmentQuery{}))
		require.Equal(t, []string{"N1"}, numbers(t, f, f.actor(f.carrier), models.ShipmentQuery{}))

		feed := func(a models.Actor) (numbers []string) {
			events, err := f.Events(t.Context(), models.EventQuery{Actor: a, Feed: models.FeedOwn, Limit: 10})
			require.NoError(t, err)
			for _, e := range events {
				numbers = append(numbers, e.Data.Number)
			}
			return numbers
		}
		require.Equal(t, []string{"N4"}, feed(f.testKey().Actor))
		require.Equal(t, []string{"N1"}, feed(f.actor(f.carrier)))
		_, err = f.Events(t.Context(), models.EventQuery{Actor: f.testKey().Actor, Feed: models.FeedOperators, Limit: 10})
		require.Equal(t, models.CodeForbidden, models.ErrorCode(err))

		// A test key lets nobody in at other lockers.
		courier := func(lockers ...models.LockerID) error {
			_, err := f.CreateCourier(t.Context(), models.NewCourier{Request: f.testKey(), Courier: models.Courier{
				Organization: f.carrier.ID, Role: models.RoleCourier, Badge: "B-" + time.Duration(len(lockers)).String(), Lockers: lockers,
			}})
			return err
		}
		require.Equal(t, models.CodeInvalid, models.ErrorCode(courier()), "it would be let in everywhere")
		require.Equal(t, models.CodeNotFound, models.ErrorCode(courier(trial.ID, live.ID)))
		require.NoError(t, courier(trial.ID))
		elsewhere, err := f.CreateCourier(t.Context(), models.NewCourier{Courier: models.Courier{Organization: f.carrier.ID, Role: models.RoleCourier, Badge: "B-live"}})
		require.NoError(t, err)
		_, err = f.SuspendCourier(t.Context(), f.testKey(), elsewhere.ID, true)
		require.Equal(t, models.CodeNotFound, models.ErrorCode(err))

		operator, _, err := f.BootstrapOperator(t.Context(), "Operator", "")
		require.NoError(t, err)
		_, _, err = f.CreateKey(t.Context(), models.NewKey{Organization: operator.ID, Name: "all", Scopes: []models.Scope{models.ScopeOperator}, Test: true})
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err), "it would see everything")
	})
}

// TestAdvanceClock: the lives at the locker are told, each time at a later moment.
func TestAdvanceClock(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		live := f.locker(t, "L-1")
		trial, err := f.CreateLocker(t.Context(), models.Request{}, models.Locker{Number: "T-1", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)
		n := f.announcement(trial.ID, "N1")
		n.Request = f.testKey()
		made, _, err := f.CreateShipment(t.Context(), n)
		require.NoError(t, err)
		f.create(t, f.announcement(live.ID, "N2"))

		_, err = f.AdvanceClock(t.Context(), f.testKey(), live.ID, 60)
		require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
		exec(t, f, "DELETE FROM outbox")
		ahead, err := f.AdvanceClock(t.Context(), f.testKey(), trial.ID, 60)
		require.NoError(t, err)
		require.Equal(t, models.Seconds(60), ahead)
		ahead, err = f.AdvanceClock(t.Context(), f.testKey(), trial.ID, 30)
		require.NoError(t, err)
		require.Equal(t, models.Seconds(90), ahead)

		var told []models.LockerSignal
		for _, r := range rows[models.OutboxRow](t, f, "signal = ?", models.SignalLocker) {
			require.Equal(t, models.ShipmentWorkflowID(made.Shipment.ID), r.WorkflowID)
			var s models.LockerSignal
			require.NoError(t, json.Unmarshal(r.Payload, &s))
			told = append(told, s)
		}
		require.Len(t, told, 2)
		require.Equal(t, []models.Seconds{60, 30}, []models.Seconds{told[0].By, told[1].By})
		require.True(t, told[1].At.After(told[0].At), "the life tells them apart")
	})
}

// TestMessagesOfTestShipmentsAreApart: what became of them is in the feed of tests, a test key lists
// and sends these alone, and other keys do not; so it is with a parcel that nobody announced.
func TestMessagesOfTestShipmentsAreApart(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, live := t.Context(), f.locker(t, "L-1")
		trial, err := f.CreateLocker(ctx, models.Request{}, models.Locker{Number: "T-1", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)
		failed := func(v models.ShipmentView) models.NotificationID {
			t.Helper()
			res, err := f.Project(ctx, models.Projection{
				Shipment: v.Shipment.ID, Rev: 1, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeReady},
			}, signed)
			require.NoError(t, err)
			_, _, err = f.NotSent(ctx, res.Notifications[0], models.Refusal{By: "mail server", Code: 550, Final: true})
			require.NoError(t, err)
			return res.Notifications[0]
		}
		real := failed(f.create(t, f.announcement(live.ID, "N1")))
		n := f.announcement(trial.ID, "N2")
		n.Request = f.testKey()
		tried := failed(f.create(t, n))

		courier, err := f.CreateCourier(ctx, models.NewCourier{Courier: models.Courier{Organization: f.carrier.ID, Role: models.RoleCourier, Badge: "B-1"}})
		require.NoError(t, err)
		j := &journal{at: f.clock()}
		_, err = f.TakeIn(ctx, trial.ID, []models.Fact{opened(j), j.fact(models.FactHeld, 2, models.FactData{Label: "STRANGE", Courier: courier.ID})})
		require.NoError(t, err)

		for _, of := range []struct {
			actor        models.Actor
			mine, others models.NotificationID
			told         []models.EventType
		}{
			{f.actor(f.carrier), real, tried, []models.EventType{models.EventCreated, models.EventNotificationFailed}},
			{f.testKey().Actor, tried, real, []models.EventType{models.EventCreated, models.EventNotificationFailed, models.EventUnannounced}},
		} {
			events, err := f.Events(ctx, models.EventQuery{Actor: of.actor, Feed: models.FeedOwn, Limit: 10})
			require.NoError(t, err)
			require.Equal(t, of.told, typesOf(events))
			require.Equal(t, of.mine, events[1].Data.Notification)
			listed, err := f.Notifications(ctx, models.NotificationQuery{Page: models.Page{Limit: 10}, Actor: of.actor})
			require.NoError(t, err)
			require.Len(t, listed, 1)
			require.Equal(t, of.mine, listed[0].ID)
			_, err = f.Resend(ctx, models.Request{Actor: of.actor, ID: "r1"}, of.others)
			require.Equal(t, models.CodeNotFound, code(err))
			_, err = f.Resend(ctx, models.Request{Actor: of.actor, ID: "r1"}, of.mine)
			require.NoError(t, err)
		}
	})
}

// TestATestKeySeesNoRealLife: its messages, routes, texts, ways in and strangers' parcels are those of
// test lockers, and other keys see none of them.
func TestATestKeySeesNoRealLife(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, live := t.Context(), f.locker(t, "L-1")
		trial, err := f.CreateLocker(ctx, models.Request{}, models.Locker{Number: "T-1", Location: live.Location, Model: live.Model, Test: true})
		require.NoError(t, err)
		key, tester := models.Request{ID: "req", Actor: f.actor(f.carrier)}, f.testKey()
		operator := models.Request{Actor: models.Actor{Organization: f.operator.ID, Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}}}
		announce := func(r models.Request, l models.LockerID, number string) models.ShipmentID {
			n := f.announcement(l, number)
			n.Request = r
			return f.create(t, n).Shipment.ID
		}
		require.NoError(t, f.PutAccess(ctx, operator, models.SealedAccess{Location: live.Location, Sealed: []byte("sealed")}))
		enters := func(r models.Request) models.Code {
			_, err := f.Access(ctx, r, live.Location)
			return code(err)
		}
		real := announce(key, live.ID, "N1")
		require.Empty(t, enters(key))
		require.Equal(t, models.CodeNotFound, enters(tester))
		made := announce(tester, trial.ID, "N2")
		require.Empty(t, enters(tester))
		exec(t, f, "DELETE FROM promises WHERE shipment = ?", real)
		require.Equal(t, models.CodeNotFound, enters(key), "a parcel for a test locker lets nobody else in")
		exec(t, f, "UPDATE cells SET shipment = ? WHERE locker = ? AND number = 1", made, trial.ID)
		require.Equal(t, models.CodeNotFound, enters(key), "nor one in it")
		exec(t, f, "UPDATE cells SET shipment = '' WHERE locker = ?", trial.ID)
		for id, s := range map[models.NotificationID]models.ShipmentID{"ntf_real": real, "ntf_test": made} {
			exec(t, f, "INSERT INTO notifications (id, subject, kind, n, channel, template, state, uncertain, attempts, problem, created_at) VALUES (?, ?, 'ready', 0, 'email', '', 'failed', false, 0, '', ?)", id, s, f.clock())
		}
		messages := func(r models.Request) (ids []models.NotificationID) {
			found, err := f.Notifications(ctx, models.NotificationQuery{Page: models.Page{Limit: 10}, Actor: r.Actor})
			require.NoError(t, err)
			for _, n := range found {
				ids = append(ids, n.ID)
			}
			return ids
		}
		require.Equal(t, []models.NotificationID{"ntf_real"}, messages(key))
		require.Equal(t, []models.NotificationID{"ntf_test"}, messages(tester))
		require.Len(t, messages(operator), 2)
		_, err = f.Resend(ctx, tester, "ntf_real")
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.Resend(ctx, key, "ntf_test")
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.Resend(ctx, tester, "ntf_test")
		require.NoError(t, err)

		text := models.Template{Organization: f.carrier.ID, Kind: models.NoticeReady, Channel: models.ChannelSMS, Language: "en", Body: "{code}"}
		_, err = f.PutTemplate(ctx, tester, text)
		require.Equal(t, models.CodeForbidden, code(err), "real clients would read it")
		_, err = f.PutTemplate(ctx, key, text)
		require.NoError(t, err)
		require.Equal(t, models.CodeForbidden, code(f.DeleteTemplate(ctx, tester, text)))

		courier := func(r models.Request, badge string, lockers ...models.LockerID) models.CourierID {
			c, err := f.CreateCourier(ctx, models.NewCourier{Request: r, Courier: models.Courier{
				Organization: f.carrier.ID, Role: models.RoleCourier, Badge: badge, Lockers: lockers}})
			require.NoError(t, err)
			return c.ID
		}
		walks, tries := courier(key, "B-1"), courier(tester, "B-2", trial.ID)
		route := func(r models.Request, c models.CourierID, l models.LockerID, s models.ShipmentID) (models.RouteID, models.Code) {
			v, err := f.CreateRoute(ctx, models.NewRoute{Request: r, Route: models.Route{
				Courier: c, Date: "2026-03-01", Stops: []models.RouteStop{{Locker: l, Bring: []models.ShipmentID{s}}}}})
			return v.ID, code(err)
		}
		_, refused := route(key, walks, trial.ID, real)
		require.Equal(t, models.CodeInvalid, refused, "a locker that it does not see")
		_, refused = route(key, walks, live.ID, made)
		require.Equal(t, models.CodeInvalid, refused, "a shipment that it does not see")
		_, refused = route(tester, tries, trial.ID, real)
		require.Equal(t, models.CodeInvalid, refused)
		_, refused = route(tester, walks, trial.ID, made)
		require.Equal(t, models.CodeNotFound, refused)
		one, refused := route(key, walks, live.ID, real)
		require.Empty(t, refused)
		other, refused := route(tester, tries, trial.ID, made)
		require.Empty(t, refused)
		for _, c := range []struct {
			by   models.Request
			sees []models.RouteID
		}{{key, []models.RouteID{one}}, {tester, []models.RouteID{other}}, {operator, []models.RouteID{one, other}}} {
			routes, err := f.Routes(ctx, c.by.Actor, models.RouteQuery{Page: models.Page{Limit: 10}})
			require.NoError(t, err)
			require.Len(t, routes, len(c.sees))
			for _, id := range []models.RouteID{one, other} {
				_, err := f.Route(ctx, c.by.Actor, id)
				require.Equal(t, slices.Contains(c.sees, id), err == nil)
			}
		}

		j := &journal{at: f.clock()}
		_, err = f.TakeIn(ctx, trial.ID, []models.Fact{opened(j), j.fact(models.FactHeld, 5, models.FactData{Label: "X", Courier: tries})})
		require.NoError(t, err)
		for r, told := range map[*models.Request]int{&key: 0, &tester: 1} {
			events, err := f.Events(ctx, models.EventQuery{Actor: r.Actor, Feed: models.FeedOwn, Limit: 100})
			require.NoError(t, err)
			n := 0
			for _, e := range events {
				if e.Type == models.EventUnannounced {
					n++
				}
			}
			require.Equal(t, told, n)
		}
	})
}
