package store_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// rival is a second carrier, and how it announces.
func (f *fixture) rival(t *testing.T) (models.Organization, func(l models.LockerID, number string) models.NewShipment) {
	t.Helper()
	o, err := f.CreateOrganization(t.Context(), models.Request{}, models.Organization{Name: "rival", Kind: models.KindCarrier})
	require.NoError(t, err)
	return o, func(l models.LockerID, number string) models.NewShipment {
		n := f.announcement(l, number)
		n.Carrier, n.Actor = o.ID, f.actor(o)
		return n
	}
}

// fill announces until there is no room, and returns how many were taken.
func (f *fixture) fill(t *testing.T, announce func(number string) models.NewShipment) int {
	t.Helper()
	for i := range 100 {
		_, _, err := f.CreateShipment(t.Context(), announce("fill-"+strconv.Itoa(i)))
		if err != nil {
			require.Equal(t, models.CodeNoCapacity, code(err), "%v", err)
			return i
		}
	}
	t.Fatal("it is never full")
	return 0
}

func TestAMinimumIsKept(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		rival, announced := f.rival(t)
		limits := []models.Limit{{Locker: l.ID, Carrier: f.carrier.ID, Regime: models.Ambient, Size: models.SizeL, Minimum: 2}}
		_, err := f.PutLimits(t.Context(), models.Request{ID: "req_1"}, l.ID, limits)
		require.NoError(t, err)
		require.Len(t, rows[models.AuditEntry](t, f, "action = ? AND object = ?", "locker.limits", l.ID), 1)
		kept, err := f.Limits(t.Context(), l.ID)
		require.NoError(t, err)
		require.Equal(t, limits, kept)

		// Of 10 cells 2 are kept, and one of the 2 is used.
		large := f.announcement(l.ID, "N1")
		large.Parcels[0].Size = models.SizeL
		v := f.create(t, large)
		j := &journal{at: f.clock()}
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactInventory, 0, models.FactData{}), j.fact(models.FactDeposited, 10, deposited(v, 0, 10))})
		require.NoError(t, err)
		for _, room := range []struct {
			of   models.OrganizationID
			want []int
		}{{rival.ID, []int{8, 4, 0}}, {f.carrier.ID, []int{9, 5, 1}}, {f.shop.ID, []int{8, 4, 0}}} {
			lines, err := f.Availability(t.Context(), l.ID, room.of, f.clock())
			require.NoError(t, err)
			require.Equal(t, room.want, []int{lines[0].Room, lines[1].Room, lines[2].Room})
		}
		require.Equal(t, 8, f.fill(t, func(number string) models.NewShipment { return announced(l.ID, number) }))
		large.Number, large.IdempotencyKey = "N2", "key-N2"
		f.create(t, large)
		large.Number, large.IdempotencyKey = "N3", "key-N3"
		_, _, err = f.CreateShipment(t.Context(), large)
		require.Equal(t, models.CodeNoCapacity, code(err), "now it is full for its own carrier too")
	})
}

func TestAMaximumIsNotExceeded(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		_, announced := f.rival(t)
		most := 2
		_, err := f.PutLimits(t.Context(), models.Request{}, l.ID, []models.Limit{
			{Locker: l.ID, Carrier: f.carrier.ID, Regime: models.Ambient, Size: models.SizeS, Maximum: &most},
		})
		require.NoError(t, err)
		v := f.create(t, f.announcement(l.ID, "N1"))
		j := &journal{at: f.clock()}
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactInventory, 0, models.FactData{}), j.fact(models.FactDeposited, 1, deposited(v, 0, 1))})
		require.NoError(t, err)
		require.Equal(t, 1, f.fill(t, func(number string) models.NewShipment { return f.announcement(l.ID, number) }), "one lies in a cell")
		medium := f.announcement(l.ID, "N2")
		medium.Parcels[0].Size = models.SizeM
		f.create(t, medium)
		f.create(t, announced(l.ID, "R1"))

		_, err = f.PutLimits(t.Context(), models.Request{}, l.ID, nil)
		require.NoError(t, err)
		f.create(t, f.announcement(l.ID, "N3"))
	})
}

func TestLimitsAreChecked(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		limit := models.Limit{Locker: l.ID, Carrier: f.carrier.ID, Regime: models.Ambient, Size: models.SizeL, Minimum: 2}
		_, err := f.PutLimits(t.Context(), models.Request{}, l.ID, []models.Limit{limit})
		require.NoError(t, err)
		for _, change := range []func(*models.Limit){
			func(l *models.Limit) { l.Minimum = 3 },
			func(l *models.Limit) { l.Size = models.SizeXL },
			func(l *models.Limit) { l.Carrier = f.shop.ID },
			func(l *models.Limit) { l.Carrier = "org_none" },
		} {
			wrong := limit
			change(&wrong)
			_, err := f.PutLimits(t.Context(), models.Request{}, l.ID, []models.Limit{wrong})
			require.Equal(t, models.CodeInvalid, code(err), "%+v", wrong)
		}
		require.Equal(t, []models.Limit{limit}, rows[models.Limit](t, f), "nothing half done")
		_, err = f.PutLimits(t.Context(), models.Request{}, "lkr_none", nil)
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.Limits(t.Context(), "lkr_none")
		require.Equal(t, models.CodeNotFound, code(err))
	})
}
