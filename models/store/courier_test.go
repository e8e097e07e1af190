package store_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestACourierIsToldWhereHeMayNotComeAnyMore: the older entry would let him in there.
func TestACourierIsToldWhereHeMayNotComeAnyMore(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, a, b := t.Context(), f.locker(t, "L-1"), f.locker(t, "L-2")
		mine := models.Request{Actor: models.Actor{Organization: f.carrier.ID, Kind: models.KindCarrier}}
		made, err := f.CreateCourier(ctx, models.NewCourier{Courier: models.Courier{
			Organization: f.carrier.ID, Role: models.RoleCourier, Badge: "C", Lockers: []models.LockerID{a.ID, b.ID},
		}})
		require.NoError(t, err)
		// told are the lockers that the newest entry which each cabinet has allows.
		told := func() map[models.LockerID][]models.LockerID {
			require.NoError(t, f.PublishCourier(ctx, made.ID, sign))
			allowed := map[models.LockerID][]models.LockerID{}
			for _, l := range []models.LockerID{a.ID, b.ID} {
				entries, _, _, err := f.Directory(ctx, l, nil, 100)
				require.NoError(t, err)
				rev := int64(0)
				for _, e := range entries {
					var c models.DirectoryCourier
					if e.Kind == models.EntryCourier && e.Rev > rev {
						require.NoError(t, json.Unmarshal(e.Body, &c))
						rev, allowed[l] = e.Rev, c.Lockers
					}
				}
			}
			return allowed
		}
		both := slices.Sorted(slices.Values([]models.LockerID{a.ID, b.ID}))
		require.Equal(t, map[models.LockerID][]models.LockerID{a.ID: both, b.ID: both}, told())
		change := func(u models.CourierUpdate) models.Courier {
			f.advance(time.Second)
			c, err := f.UpdateCourier(ctx, mine, made.ID, u)
			require.NoError(t, err)
			return c
		}
		change(models.CourierUpdate{Lockers: []models.LockerID{b.ID, b.ID}})
		only := []models.LockerID{b.ID}
		require.Equal(t, map[models.LockerID][]models.LockerID{a.ID: only, b.ID: only}, told())
		change(models.CourierUpdate{Lockers: []models.LockerID{}})
		require.Equal(t, map[models.LockerID][]models.LockerID{a.ID: nil, b.ID: nil}, told(), "everywhere")
		change(models.CourierUpdate{Lockers: only})
		require.Equal(t, map[models.LockerID][]models.LockerID{a.ID: only, b.ID: only}, told())
	})
}

func TestCouriersOfOneOrganization(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		rival, _ := f.rival(t)
		make := func(o models.OrganizationID, badge string) models.Courier {
			f.advance(time.Millisecond) // ids are in the order of their time
			c, err := f.CreateCourier(ctx, models.NewCourier{Courier: models.Courier{Organization: o, Role: models.RoleCourier, Badge: badge}})
			require.NoError(t, err)
			return c
		}
		own, other := make(f.carrier.ID, "CUB-A"), make(rival.ID, "CUB-B")
		mine := models.Actor{Organization: f.carrier.ID, Kind: models.KindCarrier}
		operator := models.Actor{Organization: f.operator.ID, Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}}
		badges := func(a models.Actor, q models.CourierQuery) (found []string) {
			q.Limit = 10
			list, err := f.Couriers(ctx, a, q)
			require.NoError(t, err)
			for _, c := range list {
				found = append(found, c.Badge)
			}
			return found
		}
		require.Equal(t, []string{"CUB-A"}, badges(mine, models.CourierQuery{}))
		require.Equal(t, []string{"CUB-A"}, badges(mine, models.CourierQuery{Organization: rival.ID}), "nobody asks for another's")
		require.Equal(t, []string{"CUB-A", "CUB-B"}, badges(operator, models.CourierQuery{}))
		require.Equal(t, []string{"CUB-B"}, badges(operator, models.CourierQuery{Organization: rival.ID}))
		require.Equal(t, []string{"CUB-B"}, badges(operator, models.CourierQuery{Page: models.Page{Search: "ub-b"}}))
		require.Equal(t, []string{"CUB-B"}, badges(operator, models.CourierQuery{Page: models.Page{Cursor: string(own.ID)}}))

		_, err := f.Courier(ctx, mine, other.ID)
		require.Equal(t, models.CodeNotFound, code(err))
		found, err := f.Courier(ctx, operator, other.ID)
		require.NoError(t, err)
		require.Equal(t, "CUB-B", found.Badge)
		by := models.Request{Actor: mine}
		_, err = f.UpdateCourier(ctx, by, other.ID, models.CourierUpdate{})
		require.Equal(t, models.CodeNotFound, code(err))
		taken := "CUB-B"
		_, err = f.UpdateCourier(ctx, by, own.ID, models.CourierUpdate{Badge: &taken})
		require.Equal(t, models.CodeConflict, code(err))
		_, err = f.UpdateCourier(ctx, by, own.ID, models.CourierUpdate{Lockers: []models.LockerID{"lkr_none"}})
		require.Equal(t, models.CodeNotFound, code(err))
		until := f.clock().Add(time.Hour)
		changed, err := f.UpdateCourier(ctx, by, own.ID, models.CourierUpdate{ValidUntil: &until})
		require.NoError(t, err)
		require.Greater(t, changed.Rev, own.Rev)
		stored, err := f.Courier(ctx, mine, own.ID)
		require.NoError(t, err)
		require.True(t, stored.ValidUntil.Equal(until))
		require.Equal(t, "CUB-A", stored.Badge)
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "courier.update"), 1)
	})
}

func TestFactsNewestFirst(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		j := &journal{at: f.clock()}
		facts := []models.Fact{opened(j), j.fact(models.FactDoorOpened, 1, models.FactData{}), j.fact(models.FactDoorClosed, 1, models.FactData{})}
		_, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		second := &journal{epoch: 2, at: f.clock()}
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{opened(second)})
		require.NoError(t, err)
		_, err = f.TakeIn(t.Context(), other.ID, []models.Fact{opened(&journal{at: f.clock()})})
		require.NoError(t, err)
		var seen [][2]int64
		for q := (models.FactQuery{Limit: 1}); ; {
			page, err := f.Facts(t.Context(), l.ID, q)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			q.BeforeEpoch, q.BeforeSeq = page[0].Epoch, page[0].Seq
			seen = append(seen, [2]int64{q.BeforeEpoch, q.BeforeSeq})
		}
		require.Equal(t, [][2]int64{{2, 1}, {1, 3}, {1, 2}, {1, 1}}, seen)
		_, err = f.Facts(t.Context(), "lkr_none", models.FactQuery{Limit: 1})
		require.Equal(t, models.CodeNotFound, code(err))
	})
}
