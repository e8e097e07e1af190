package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func (f *fixture) events(t *testing.T, o models.Organization, feed models.Feed) []models.FeedEvent {
	t.Helper()
	found, err := f.Events(t.Context(), models.EventQuery{Actor: f.actor(o), Feed: feed, Limit: 1000})
	require.NoError(t, err)
	return found
}

func typesOf(events []models.FeedEvent) []models.EventType {
	found := []models.EventType{}
	for _, e := range events {
		found = append(found, e.Type)
	}
	return found
}

// TestAShipmentIsToldToItsParties: the carrier and the shop read the same events under the same
// ids, and nobody else does.
func TestAShipmentIsToldToItsParties(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		sold := f.announcement(l.ID, "N1")
		sold.Shop = f.shop.ID
		v := f.create(t, sold)
		f.create(t, f.announcement(l.ID, "N2"))
		project := func(rev int64, events ...models.Event) {
			t.Helper()
			_, err := f.Project(t.Context(), models.Projection{Shipment: v.Shipment.ID, Rev: rev, State: models.StateLoading, Events: events}, signed)
			require.NoError(t, err)
		}
		in := models.Event{Shipment: v.Shipment.ID, Seq: 1, Type: models.EventParcelIn, At: f.clock(), Parcel: v.Parcels[0].ID, Locker: l.ID, Cell: 3}
		project(1, in)
		project(2, in, models.Event{Shipment: v.Shipment.ID, Seq: 2, Type: models.EventLoading, At: f.clock()})

		shop, carrier := f.events(t, f.shop, models.FeedOwn), f.events(t, f.carrier, models.FeedOwn)
		require.Equal(t, []models.EventType{models.EventCreated, models.EventParcelIn, models.EventLoading}, typesOf(shop),
			"one that is written already is not told again")
		require.Equal(t, []models.EventType{models.EventCreated, models.EventCreated, models.EventParcelIn, models.EventLoading}, typesOf(carrier))
		require.Equal(t, shop[1].ID, carrier[2].ID)
		require.Equal(t, []int64{1, 2, 3}, []int64{shop[0].Position, shop[1].Position, shop[2].Position})
		seq := 1
		require.Equal(t, models.EventData{
			Shipment: v.Shipment.ID, Number: "N1", Seq: &seq, Parcel: v.Parcels[0].ID, Locker: l.ID, Cell: 3,
		}, shop[1].Data)
		require.Empty(t, f.events(t, f.operator, models.FeedOwn))

		page, err := f.Events(t.Context(), models.EventQuery{Actor: f.actor(f.shop), Feed: models.FeedOwn, After: 1, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, shop[1:2], page)
		_, err = f.Events(t.Context(), models.EventQuery{Actor: f.actor(f.shop), Feed: models.FeedOwn, Organization: f.carrier.ID, Limit: 1})
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.Events(t.Context(), models.EventQuery{Actor: f.actor(f.shop), Feed: models.FeedOperators, Limit: 1})
		require.Equal(t, models.CodeForbidden, code(err))
		operator := f.actor(f.operator)
		operator.Scopes = []models.Scope{models.ScopeOperator}
		named, err := f.Events(t.Context(), models.EventQuery{Actor: operator, Feed: models.FeedOwn, Organization: f.shop.ID, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, shop, named)
	})
}

// TestAFeedSkipsNoRow: many announce at once, those of one shop for two carriers; whoever reads
// meanwhile, from where it was, sees every event once and in the order of positions.
func TestAFeedSkipsNoRow(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		second, err := f.CreateOrganization(t.Context(), models.Request{}, models.Organization{Name: "second", Kind: models.KindCarrier})
		require.NoError(t, err)
		const writers, each = 6, 4
		var group sync.WaitGroup
		errs := make(chan error, writers*each)
		for w := range writers {
			l := f.locker(t, fmt.Sprintf("L-%d", w))
			group.Go(func() {
				for i := range each {
					n := f.announcement(l.ID, fmt.Sprintf("N%d-%d", w, i))
					n.Shop = f.shop.ID
					if w%2 == 1 {
						n.Carrier, n.Actor = second.ID, f.actor(second)
					}
					_, _, err := f.CreateShipment(t.Context(), n)
					errs <- err
				}
			})
		}
		written := make(chan struct{})
		go func() { group.Wait(); close(written) }()
		var seen []int64
		for finished := false; ; {
			after := int64(len(seen))
			page, err := f.Events(t.Context(), models.EventQuery{Actor: f.actor(f.shop), Feed: models.FeedOwn, After: after, Limit: 3})
			require.NoError(t, err)
			for _, e := range page {
				seen = append(seen, e.Position)
				require.Equal(t, int64(len(seen)), e.Position)
			}
			if finished && len(page) == 0 {
				break
			}
			select {
			case <-written:
				finished = true
			default:
			}
		}
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		require.Len(t, seen, writers*each)
	})
}

// TestOthersAreTold: of lockers every organization, of incidents and failed messages operators,
// of messages the shipment's parties.
func TestOthersAreTold(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, operator := t.Context(), f.actor(f.operator)
		operator.Scopes = []models.Scope{models.ScopeOperator}
		told := func(feed models.Feed) []models.FeedEvent {
			t.Helper()
			found, err := f.Events(ctx, models.EventQuery{Actor: operator, Feed: feed, Organization: f.shop.ID, Limit: 100})
			require.NoError(t, err)
			return found
		}
		l := f.locker(t, "L-1")
		_, err := f.ChangeLocker(ctx, models.Request{}, l.ID, models.LockerChange{Action: models.LockerPause, Reason: "paint"})
		require.NoError(t, err)
		_, err = f.ChangeLocker(ctx, models.Request{}, l.ID, models.LockerChange{Action: models.LockerResume, Reason: "dry"})
		require.NoError(t, err)
		_, err = f.SetHours(ctx, models.Request{}, f.place.ID, nil, nil)
		require.NoError(t, err)
		network := told(models.FeedNetwork)
		require.Equal(t, []models.EventType{
			models.EventLockerUpdated, models.EventLockerUpdated, models.EventLockerUpdated, models.EventLockerUpdated,
		}, typesOf(network))
		require.Equal(t, models.EventData{Locker: l.ID, Number: "L-1", State: models.LockerNoDeposits}, network[1].Data)
		require.Equal(t, network, f.events(t, f.carrier, models.FeedNetwork))

		sold := f.announcement(l.ID, "N1")
		sold.Shop = f.shop.ID
		v := f.create(t, sold)
		res, err := f.Project(ctx, models.Projection{
			Shipment: v.Shipment.ID, Rev: 1, State: models.StateReady, Notify: []models.NoticeKind{models.NoticeReady, models.NoticeReminder},
		}, signed)
		require.NoError(t, err)
		require.Len(t, res.Notifications, 2)
		for range 2 {
			require.NoError(t, f.Sent(ctx, res.Notifications[0], ""))
			_, _, err = f.NotSent(ctx, res.Notifications[1], models.Refusal{By: "mail server", Code: 451})
			require.NoError(t, err)
		}
		for range 2 {
			_, _, err = f.NotSent(ctx, res.Notifications[1], models.Refusal{By: "mail server", Code: 550, Final: true})
			require.NoError(t, err)
		}
		own := told(models.FeedOwn)[1:]
		require.Equal(t, []models.EventType{models.EventNotificationSent, models.EventNotificationFailed}, typesOf(own), "each once")
		require.Equal(t, "mail server answered 550", own[1].Data.Reason)
		require.Equal(t, v.Shipment.ID, own[1].Data.Shipment)
		require.Equal(t, typesOf(own), typesOf(f.events(t, f.carrier, models.FeedOwn)[1:]))

		courier, err := f.CreateCourier(ctx, models.NewCourier{Courier: models.Courier{
			Organization: f.carrier.ID, Role: models.RoleCourier, Badge: "B-1",
		}})
		require.NoError(t, err)
		j := &journal{at: f.clock()}
		_, err = f.TakeIn(ctx, l.ID, []models.Fact{opened(j), j.fact(models.FactHeld, 2, models.FactData{Label: "STRANGE", Courier: courier.ID})})
		require.NoError(t, err)
		incidents := rows[models.Incident](t, f, "kind = ?", models.IncidentUnannounced)
		_, err = f.ResolveIncident(ctx, models.Request{}, incidents[0].ID, "taken home")
		require.NoError(t, err)
		operators := told(models.FeedOperators)
		require.Equal(t, []models.EventType{models.EventNotificationFailed, models.EventIncidentOpened, models.EventUnannounced,
			models.EventIncidentOpened, models.EventIncidentResolved}, typesOf(operators))
		require.Equal(t, "STRANGE", operators[2].Data.Label)
		require.Equal(t, incidents[0].ID, operators[4].Data.Incident)
		own = f.events(t, f.carrier, models.FeedOwn)
		require.Equal(t, operators[2].ID, own[len(own)-1].ID, "its courier brought it")
		require.Len(t, told(models.FeedOwn), 3, "and the shop has nothing to do with it")

		notices, err := f.IncidentNotices(ctx, incidents[0].ID)
		require.NoError(t, err)
		_, _, err = f.NotSent(ctx, notices[0], models.Refusal{By: "mail server", Code: 550, Final: true})
		require.NoError(t, err)
		operators = told(models.FeedOperators)
		last := operators[len(operators)-1]
		require.Equal(t, models.EventNotificationFailed, last.Type)
		require.Equal(t, models.EventData{
			Notification: notices[0], Incident: incidents[0].ID, Kind: string(models.NoticeIncident), Channel: "email", Reason: "mail server answered 550",
		}, last.Data)
		require.Len(t, told(models.FeedOwn), 3)
	})
}

// TestFewFreeCellsAreToldOnce: one parcel that comes and goes does not tell it every time.
func TestFewFreeCellsAreToldOnce(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1") // 4 small, 4 medium, 2 large
		j := &journal{at: f.clock()}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j)})
		require.NoError(t, err)
		low := func() []models.FeedEvent { return f.events(t, f.shop, models.FeedNetwork)[1:] }
		cell := func(n int, s models.CellState) {
			t.Helper()
			_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactDoorClosed, n, models.FactData{
				After: &models.CellReport{Cell: n, State: s, Generation: 1},
			})})
			require.NoError(t, err)
		}
		cell(1, models.CellOccupied)
		cell(2, models.CellOccupied)
		cell(9, models.CellOccupied)
		cell(10, models.CellOccupied)
		require.Empty(t, low(), "two large cells are too few to tell of")
		cell(3, models.CellOccupied)
		require.Len(t, low(), 1)
		free := 1
		require.Equal(t, models.EventData{Locker: l.ID, Regime: models.Ambient, Size: models.SizeS, Free: &free}, low()[0].Data)
		cell(3, models.CellFree)
		cell(3, models.CellOccupied)
		require.Len(t, low(), 1)
		cell(3, models.CellFree)
		cell(2, models.CellFree)
		cell(3, models.CellOccupied)
		cell(2, models.CellOccupied)
		require.Len(t, low(), 2)
	})
}

// TestLinksAreTold: once each, and not of a cabinet that changes its gateway.
func TestLinksAreTold(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		f.locker(t, "never seen")
		f.beat(t, "one", "r1", true)
		tell := func(want ...models.EventType) {
			t.Helper()
			before := len(f.events(t, f.shop, models.FeedNetwork))
			n, err := f.TellLinks(t.Context())
			require.NoError(t, err)
			require.Equal(t, len(want), n)
			require.Equal(t, append([]models.EventType{}, want...), typesOf(f.events(t, f.shop, models.FeedNetwork)[before:]))
		}
		tell()
		n, err := f.Connect(t.Context(), l.ID, "one", "r1", "boot")
		require.NoError(t, err)
		tell(models.EventLockerOnline)
		tell()
		require.NoError(t, f.Disconnect(t.Context(), l.ID, n, f.clock()))
		f.advance(29 * time.Second)
		tell()
		f.advance(time.Second)
		tell(models.EventLockerOffline)
		tell()
		_, err = f.Connect(t.Context(), l.ID, "one", "r1", "boot")
		require.NoError(t, err)
		tell(models.EventLockerOnline)
		require.Equal(t, l.ID, f.events(t, f.shop, models.FeedNetwork)[3].Data.Locker)

		// Its gateway dies and no other is there to see it.
		exec(t, f, "UPDATE gateway_instances SET expires_ms = expires_ms - 20000")
		tell()
		exec(t, f, "UPDATE gateway_instances SET expires_ms = expires_ms - 20000")
		tell(models.EventLockerOffline)
	})
}
