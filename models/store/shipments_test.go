package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// numbers reads a whole list in pages of two.
func numbers(t *testing.T, f *fixture, a models.Actor, q models.ShipmentQuery) []string {
	t.Helper()
	found := []string{}
	for q.Limit = 2; ; {
		page, next, err := f.Shipments(t.Context(), a, q)
		require.NoError(t, err)
		for _, v := range page {
			found = append(found, v.Shipment.Number)
		}
		if next == "" {
			return found
		}
		require.Len(t, page, 2)
		q.Cursor = next
	}
}

func (f *fixture) run() models.Actor {
	return models.Actor{Organization: f.operator.ID, Kind: f.operator.Kind, Scopes: []models.Scope{models.ScopeOperator}}
}

// listed makes shipments N1 to N5, a second apart: the third of the shop, the fourth of another
// carrier, which has the fifth sold by the first carrier.
func listed(t *testing.T, f *fixture) (other models.Organization, views []models.ShipmentView) {
	t.Helper()
	other, err := f.CreateOrganization(t.Context(), models.Request{}, models.Organization{Name: "other", Kind: models.KindCarrier})
	require.NoError(t, err)
	first, second := f.locker(t, "L-1"), f.locker(t, "L-2")
	for i := 1; i <= 5; i++ {
		f.advance(time.Second)
		n := f.announcement(first.ID, fmt.Sprintf("N-000%d", i))
		n.Parcels = []models.NewParcel{{Barcode: fmt.Sprintf("PARCEL-%d77", i), Size: models.SizeS}, {Size: models.SizeM}}
		if i == 2 {
			n.Locker = second.ID
		}
		if i == 3 {
			n.Shop = f.shop.ID
		}
		if i >= 4 {
			n.Carrier = other.ID
		}
		if i == 5 {
			n.Locker, n.Shop = second.ID, f.carrier.ID
		}
		views = append(views, f.create(t, n))
	}
	return other, views
}

func TestShipmentsOfAnOrganization(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		other, views := listed(t, f)
		all := models.ShipmentQuery{}
		require.Equal(t, []string{"N-0005", "N-0004", "N-0003", "N-0002", "N-0001"}, numbers(t, f, f.run(), all))
		require.Equal(t, []string{"N-0005", "N-0003", "N-0002", "N-0001"}, numbers(t, f, f.actor(f.carrier), all))
		require.Equal(t, []string{"N-0003"}, numbers(t, f, f.actor(f.shop), all))
		require.Equal(t, []string{"N-0005", "N-0004"}, numbers(t, f, f.actor(other), all))
		require.Empty(t, numbers(t, f, models.Actor{Scopes: []models.Scope{models.ScopeShipments}}, all))

		exec(t, f, "UPDATE shipments SET shop = carrier WHERE id = ?", views[1].Shipment.ID)
		require.Equal(t, []string{"N-0005", "N-0003", "N-0002", "N-0001"}, numbers(t, f, f.actor(f.carrier), all), "one that is both comes once")

		page, _, err := f.Shipments(t.Context(), f.actor(f.shop), models.ShipmentQuery{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, views[2].Parcels, page[0].Parcels)
	})
}

func TestShipmentsAreNarrowed(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		_, views := listed(t, f)
		exec(t, f, "UPDATE shipments SET state = ? WHERE number IN ?", models.StateReady, []string{"N-0001", "N-0003", "N-0004"})
		issued := views[0].Parcels[1].Barcode
		for name, c := range map[string]struct {
			q       models.ShipmentQuery
			all     []string
			carrier []string
		}{
			"state": {models.ShipmentQuery{State: models.StateReady}, []string{"N-0004", "N-0003", "N-0001"}, []string{"N-0003", "N-0001"}},
			"locker": {models.ShipmentQuery{Locker: views[1].Shipment.Locker},
				[]string{"N-0005", "N-0002"}, []string{"N-0005", "N-0002"}},
			"number":            {models.ShipmentQuery{Number: "N-0004"}, []string{"N-0004"}, []string{}},
			"part of a number":  {models.ShipmentQuery{Number: "0004"}, []string{}, []string{}},
			"barcode":           {models.ShipmentQuery{Barcode: "PARCEL-577"}, []string{"N-0005"}, []string{"N-0005"}},
			"issued barcode":    {models.ShipmentQuery{Barcode: issued}, []string{"N-0001"}, []string{"N-0001"}},
			"end of a number":   {models.ShipmentQuery{Ends: "0004"}, []string{"N-0004"}, []string{}},
			"longer end":        {models.ShipmentQuery{Ends: "-0002"}, []string{"N-0002"}, []string{"N-0002"}},
			"other longer end":  {models.ShipmentQuery{Ends: "X0002"}, []string{}, []string{}},
			"all and more":      {models.ShipmentQuery{Ends: "XN-0002"}, []string{}, []string{}},
			"end of a barcode":  {models.ShipmentQuery{Ends: "-177"}, []string{"N-0001"}, []string{"N-0001"}},
			"end of an issued":  {models.ShipmentQuery{Ends: issued[len(issued)-6:]}, []string{"N-0001"}, []string{"N-0001"}},
			"state and locker":  {models.ShipmentQuery{State: models.StateReady, Locker: views[1].Shipment.Locker}, []string{}, []string{}},
			"barcode and state": {models.ShipmentQuery{State: models.StateReady, Barcode: "PARCEL-477"}, []string{"N-0004"}, []string{}},
		} {
			require.Equal(t, c.all, numbers(t, f, f.run(), c.q), name)
			require.Equal(t, c.carrier, numbers(t, f, f.actor(f.carrier), c.q), name)
		}
		for name, q := range map[string]models.ShipmentQuery{
			"short end":           {Ends: "004", Limit: 1},
			"no cursor":           {Cursor: "shp_1", Limit: 1},
			"cursor of changes":   {Cursor: "1-" + string(views[0].Shipment.ID), Limit: 1},
			"cursor of the other": {Cursor: string(views[0].Shipment.ID), UpdatedSince: &views[0].Shipment.CreatedAt, Limit: 1},
		} {
			_, _, err := f.Shipments(t.Context(), f.run(), q)
			require.Equal(t, models.CodeInvalid, code(err), name)
		}
	})
}

func TestShipmentsSinceAChange(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		_, views := listed(t, f)
		since := views[1].Shipment.UpdatedAt
		q := models.ShipmentQuery{UpdatedSince: &since}
		require.Equal(t, []string{"N-0002", "N-0003", "N-0004", "N-0005"}, numbers(t, f, f.run(), q))
		require.Equal(t, []string{"N-0002", "N-0003", "N-0005"}, numbers(t, f, f.actor(f.carrier), q))

		// Two of one moment keep an order, and one that changes between two pages comes again.
		exec(t, f, "UPDATE shipments SET updated_at = ? WHERE number = ?", since, "N-0003")
		q.Limit = 1
		first, next, err := f.Shipments(t.Context(), f.run(), q)
		require.NoError(t, err)
		require.Equal(t, "N-0002", first[0].Shipment.Number)
		exec(t, f, "UPDATE shipments SET updated_at = ? WHERE number = ?", f.clock().Add(1500*time.Microsecond), "N-0002")
		q.Cursor = next
		require.Equal(t, []string{"N-0003", "N-0004", "N-0005", "N-0002"}, numbers(t, f, f.run(), q))
	})
}

// TestShipmentsAreNotAllRead: each list reads along an index, and sorts nothing that it has not
// narrowed down first.
func TestShipmentsAreNotAllRead(t *testing.T) {
	t.Parallel()
	f := open(t, "sqlite:"+t.TempDir()+"/cubby.db")
	_, views := listed(t, f)
	since, locker := views[0].Shipment.UpdatedAt, views[0].Shipment.Locker
	for name, q := range map[string]models.ShipmentQuery{
		"all": {}, "state": {State: models.StateReady}, "locker": {Locker: locker}, "changes": {UpdatedSince: &since},
		"later page": {Cursor: string(views[4].Shipment.ID)}, "later changes": {UpdatedSince: &since, Cursor: "1772366400000000-" + string(views[0].Shipment.ID)},
		"number": {Number: "N"}, "barcode": {Barcode: "B"}, "ends": {Ends: "1234"},
	} {
		q.Limit = 50
		for _, a := range []models.Actor{f.run(), f.actor(f.carrier), f.actor(f.shop)} {
			plan := strings.Join(f.Plan(t.Context(), a, q), "\n")
			require.NotRegexp(t, `SCAN (shipments|parcels)($|\n| USING COVERING)`, plan, "%s: %s", name, a.Kind)
			if q.Ends == "" && q.Barcode == "" {
				require.NotRegexp(t, `(SEARCH|SCAN) shipments[^\n]*\nUSE TEMP B-TREE`, plan, "%s: %s", name, a.Kind)
			}
		}
	}
}

// TestAKeyOfSeveralRequests: its parts are announced once, also when the answer to one was lost.
func TestAKeyOfSeveralRequests(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		require.NoError(t, f.ClaimKey(t.Context(), f.carrier.ID, "k", "one"))
		require.NoError(t, f.ClaimKey(t.Context(), f.carrier.ID, "k", "one"))
		require.Equal(t, models.CodeKeyReused, code(f.ClaimKey(t.Context(), f.carrier.ID, "k", "two")))
		require.NoError(t, f.ClaimKey(t.Context(), f.shop.ID, "k", "two"), "another's key")
		single := f.announcement(l.ID, "N0")
		single.IdempotencyKey = "k"
		_, _, err := f.CreateShipment(t.Context(), single)
		require.Equal(t, models.CodeKeyReused, code(err), "of another request")

		part := f.announcement(l.ID, "N1")
		part.IdempotencyKey = "batch\nk\n0"
		f.setFault(func(point string) error {
			if point == "create.after_commit" {
				return errors.New("the process died")
			}
			return nil
		})
		_, _, err = f.CreateShipment(t.Context(), part)
		require.Error(t, err)
		f.setFault(nil)
		v, replayed, err := f.CreateShipment(t.Context(), part)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Len(t, rows[models.Shipment](t, f), 1)
		require.Equal(t, v.Shipment.ID, rows[models.Shipment](t, f)[0].ID)
	})
}
