package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestWhoSeesHowToGetThere(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "L-1")
		rival, _ := f.rival(t)
		elsewhere := f.lockerAt(t, "L-2", 1, 1)
		operator := models.Request{Actor: models.Actor{Organization: f.operator.ID, Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}}}
		carrier := models.Request{Actor: f.actor(f.carrier)}
		see := func(r models.Request) models.Code {
			before := len(rows[models.AuditEntry](t, f, "action = ?", "location.access.view"))
			a, err := f.Access(ctx, r, l.Location)
			seen := len(rows[models.AuditEntry](t, f, "action = ?", "location.access.view")) - before
			if err == nil {
				require.Equal(t, "sealed", string(a.Sealed))
				require.Equal(t, 1, seen, "who looked is kept")
			} else {
				require.Empty(t, a)
				require.Zero(t, seen)
			}
			return code(err)
		}
		require.Equal(t, models.CodeNotFound, see(operator), "there are none")
		sealed := models.SealedAccess{Location: l.Location, Sealed: []byte("sealed")}
		require.NoError(t, f.PutAccess(ctx, operator, sealed))
		require.Equal(t, models.CodeNotFound, code(f.PutAccess(ctx, operator, models.SealedAccess{Location: "loc_none", Sealed: []byte("x")})))
		require.Empty(t, see(operator))
		require.Equal(t, models.CodeNotFound, see(carrier), "nothing of theirs is there")
		f.create(t, f.announcement(elsewhere.ID, "N0"))
		require.Equal(t, models.CodeNotFound, see(carrier), "it is for another place")

		n, tomorrow := f.announcement(l.ID, "N1"), f.clock().Add(24*time.Hour)
		n.ExpectedAt = &tomorrow
		v := f.create(t, n)
		require.Equal(t, models.CodeNotFound, see(carrier), "not today")
		f.advance(24 * time.Hour)
		require.Empty(t, see(carrier))
		require.Equal(t, models.CodeNotFound, see(models.Request{Actor: f.actor(rival)}))
		require.Equal(t, models.CodeNotFound, see(models.Request{Actor: f.actor(f.shop)}))

		j := &journal{at: f.clock()}
		_, err := f.TakeIn(ctx, l.ID, []models.Fact{opened(j), j.fact(models.FactDeposited, 5, deposited(v, 0, 5))})
		require.NoError(t, err)
		require.Empty(t, rows[models.Promise](t, f, "locker = ?", l.ID))
		require.Empty(t, see(carrier), "it lies there")
		until := f.clock().Add(time.Hour)
		sealed.ValidUntil = &until
		require.NoError(t, f.PutAccess(ctx, operator, sealed))
		require.Empty(t, see(carrier))
		f.advance(time.Hour)
		require.Equal(t, models.CodeNotFound, see(carrier), "it is not valid any more")
		require.Empty(t, see(operator))
		sealed.ValidUntil = nil
		require.NoError(t, f.PutAccess(ctx, operator, sealed))
		_, err = f.TakeIn(ctx, l.ID, []models.Fact{j.fact(models.FactCellFreed, 5, models.FactData{After: &models.CellReport{Cell: 5, State: models.CellFree, Generation: 1}})})
		require.NoError(t, err)
		require.Equal(t, models.CodeNotFound, see(carrier), "it is gone")

		// Best effort, at a full locker: nothing is promised, and the courier comes all the same.
		exec(t, f, "UPDATE cells SET state = ? WHERE locker = ?", models.CellOccupied, l.ID)
		n, tomorrow = f.announcement(l.ID, "N2"), f.clock().Add(24*time.Hour)
		n.Guarantee, n.ExpectedAt = models.GuaranteeBestEffort, &tomorrow
		v = f.create(t, n)
		require.False(t, v.Shipment.Guaranteed)
		require.Equal(t, models.CodeNotFound, see(carrier), "not today")
		f.advance(24 * time.Hour)
		require.Empty(t, see(carrier))
		require.Equal(t, models.CodeNotFound, see(models.Request{Actor: f.actor(rival)}))
		exec(t, f, "UPDATE parcels SET state = ? WHERE shipment = ?", models.ParcelPickedUp, v.Shipment.ID)
		require.Equal(t, models.CodeNotFound, see(carrier), "nothing of it is to come")
		exec(t, f, "UPDATE parcels SET state = ? WHERE shipment = ?", models.ParcelExpected, v.Shipment.ID)
		exec(t, f, "UPDATE shipments SET ended_at = ? WHERE id = ?", f.clock(), v.Shipment.ID)
		require.Equal(t, models.CodeNotFound, see(carrier), "it has ended")
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "location.access.put"), 3)
	})
}

func TestRoutesAndWhatCameOfThem(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, other := t.Context(), f.locker(t, "L-1"), f.locker(t, "L-2")
		rival, announce := f.rival(t)
		mine := models.Request{Actor: f.actor(f.carrier)}
		c, err := f.CreateCourier(ctx, models.NewCourier{Courier: models.Courier{Organization: f.carrier.ID, Role: models.RoleCourier, Badge: "C", Lockers: []models.LockerID{l.ID}}})
		require.NoError(t, err)
		v, theirs := f.create(t, f.announcement(l.ID, "N1")), f.create(t, announce(l.ID, "R1"))
		route := func(locker models.LockerID, bring models.ShipmentID) models.Route {
			return models.Route{Courier: c.ID, Date: "2026-03-01", Stops: []models.RouteStop{{Locker: locker, Bring: []models.ShipmentID{bring}}}}
		}
		for name, bad := range map[string]models.Route{
			"no locker":                      route("lkr_none", v.Shipment.ID),
			"a locker where he may not come": route(other.ID, v.Shipment.ID),
			"another carrier's shipment":     route(l.ID, theirs.Shipment.ID),
			"no shipment":                    route(l.ID, "shp_none"),
		} {
			_, err := f.CreateRoute(ctx, models.NewRoute{Request: mine, IdempotencyKey: "refused", Fingerprint: name, Route: bad})
			require.Equal(t, models.CodeInvalid, code(err), name)
		}
		_, err = f.CreateRoute(ctx, models.NewRoute{Request: models.Request{Actor: f.actor(rival)}, Route: route(l.ID, theirs.Shipment.ID)})
		require.Equal(t, models.CodeNotFound, code(err), "another's courier")
		wanted := models.NewRoute{Request: mine, IdempotencyKey: "key", Fingerprint: "one", Route: route(l.ID, v.Shipment.ID)}
		made, err := f.CreateRoute(ctx, wanted)
		require.NoError(t, err)
		again, err := f.CreateRoute(ctx, wanted)
		require.NoError(t, err)
		require.Equal(t, made, again, "a repeat")
		wanted.Fingerprint = "another"
		_, err = f.CreateRoute(ctx, wanted)
		require.Equal(t, models.CodeKeyReused, code(err))
		require.Len(t, rows[models.Route](t, f), 1)
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "route.create"), 1)
		require.Equal(t, f.carrier.ID, made.Carrier)
		require.Equal(t, models.ItemLeft, made.Bring[0][0].State)
		exec(t, f, `INSERT INTO events (shipment, seq, id, type, at, parcel, locker, cell, operation, reason, created_at)
			VALUES (?, 7, 'evt_7', 'parcel.deposited', ?, ?, ?, 5, 'op_1', '', ?)`, v.Shipment.ID, f.clock(), v.Parcels[0].ID, l.ID, f.clock())
		now, err := f.Route(ctx, mine.Actor, made.ID)
		require.NoError(t, err)
		require.Equal(t, models.ItemDone, now.Bring[0][0].State)
		_, err = f.Route(ctx, f.actor(rival), made.ID)
		require.Equal(t, models.CodeNotFound, code(err))
		list := func(a models.Actor, q models.RouteQuery) int {
			q.Limit = 10
			routes, err := f.Routes(ctx, a, q)
			require.NoError(t, err)
			return len(routes)
		}
		require.Equal(t, 1, list(mine.Actor, models.RouteQuery{Date: "2026-03-01", Courier: c.ID}))
		require.Equal(t, 0, list(mine.Actor, models.RouteQuery{Date: "2026-03-02"}))
		require.Equal(t, 0, list(mine.Actor, models.RouteQuery{Courier: "cou_none"}))
		require.Equal(t, 0, list(mine.Actor, models.RouteQuery{Page: models.Page{Cursor: string(made.ID)}}))
		require.Equal(t, 0, list(f.actor(rival), models.RouteQuery{}))
		require.Equal(t, 1, list(models.Actor{Scopes: []models.Scope{models.ScopeOperator}}, models.RouteQuery{}))
		f.advance(91 * 24 * time.Hour)
		_, err = f.Prune(ctx, 100)
		require.NoError(t, err)
		require.Equal(t, 0, list(mine.Actor, models.RouteQuery{}))
	})
}

func TestAHostListsItsLockers(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		host, err := f.CreateOrganization(ctx, models.Request{}, models.Organization{Name: "site", Kind: models.KindHost})
		require.NoError(t, err)
		l := f.lockerAt(t, "A", 1, 1)
		f.lockerAt(t, "B", 1, 1)
		list := func() int {
			views, err := f.Lockers(ctx, models.Actor{Organization: host.ID, Kind: models.KindHost}, models.LockerQuery{Page: models.Page{Limit: 10}})
			require.NoError(t, err)
			return len(views)
		}
		require.Zero(t, list())
		_, err = f.ChangeLocation(ctx, models.Request{}, l.Location, models.LocationChange{Host: &host.ID})
		require.NoError(t, err)
		require.Equal(t, 1, list())
		_, err = f.ChangeLocation(ctx, models.Request{}, l.Location, models.LocationChange{Host: &f.shop.ID})
		require.Equal(t, models.CodeNotFound, code(err))
	})
}
