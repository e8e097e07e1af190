package store_test

import (
	"fmt"
	"sync"
	"testing"

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
		for _, q := range []models.EventQuery{
			{Actor: f.actor(f.shop), Feed: models.FeedOwn, Organization: f.carrier.ID, Limit: 1},
			{Actor: f.actor(f.shop), Feed: models.FeedOperators, Limit: 1},
		} {
			_, err := f.Events(t.Context(), q)
			require.Equal(t, models.CodeForbidden, code(err))
		}
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
