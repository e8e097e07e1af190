package store_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestCreateShipmentWritesAllOfIt(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		expected := f.clock().In(time.FixedZone("east", 7200)).Add(time.Hour)
		n.ExpectedAt = &expected
		n.Parcels = []models.NewParcel{{Barcode: "B2", Size: models.SizeL}, {}}
		v := f.create(t, n)

		require.Equal(t, models.StateCreated, v.Shipment.State)
		require.Equal(t, "B2", v.Parcels[0].Barcode, "parcels keep the order of the announcement")
		require.Regexp(t, `^CB[A-Z2-7]{12}$`, v.Parcels[1].Barcode)
		require.Equal(t, models.SizeM, v.Parcels[1].Size)
		require.Equal(t, models.Ambient, v.Parcels[1].Regime)
		read, err := f.Shipment(t.Context(), f.actor(f.carrier), v.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, v.Parcels, read.Parcels)
		require.Equal(t, v.Shipment.Number, read.Shipment.Number)
		require.True(t, expected.Equal(*read.Shipment.ExpectedAt))

		require.Len(t, rows[models.Promise](t, f), 2)
		require.Equal(t, "client@example.org", rows[models.Contact](t, f)[0].Email)
		events, err := f.ShipmentEvents(t.Context(), f.actor(f.carrier), v.Shipment.ID, -1, 10)
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, models.EventCreated, events[0].Type)
		require.True(t, models.ValidID(models.PrefixEvent, string(events[0].ID)))
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "shipment.create"), 1)

		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 1)
		require.Equal(t, models.ShipmentWorkflowID(v.Shipment.ID), batch[0].WorkflowID)
		require.JSONEq(t, `{"shipment":"`+string(v.Shipment.ID)+`"}`, string(batch[0].Input))
		require.Empty(t, batch[0].Payload)
		select {
		case <-f.OutboxWritten():
		default:
			t.Fatal("the forwarder was not told")
		}
		require.NoError(t, f.OutboxDone(t.Context(), []int64{batch[0].ID}))
		size, err := f.OutboxSize(t.Context())
		require.NoError(t, err)
		require.Zero(t, size)

		entries, cursor, more, err := f.Directory(t.Context(), l.ID, nil, 100)
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, int64(2), cursor[models.ScopeOfLocker(l.ID)])
		require.Equal(t, models.EntryLayout, entries[0].Kind)
		require.Equal(t, models.EntryShipment, entries[1].Kind)
	})
}

func TestCreateShipmentRefuses(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		first := f.announcement(l.ID, "N1")
		first.Parcels[0].Barcode = "B1"
		f.create(t, first)
		before := counts(t, f)
		for name, c := range map[string]struct {
			change func(n *models.NewShipment)
			code   models.Code
		}{
			"number":  {func(n *models.NewShipment) { n.Number = "N1" }, models.CodeNumberUsed},
			"barcode": {func(n *models.NewShipment) { n.Parcels[0].Barcode = "B1" }, models.CodeBarcodeUsed},
			"twice the same barcode": {func(n *models.NewShipment) {
				n.Parcels = []models.NewParcel{{Barcode: "X"}, {Barcode: "X"}}
			}, models.CodeBarcodeUsed},
			"locker":   {func(n *models.NewShipment) { n.Locker = "lkr_none" }, models.CodeUnknownLocker},
			"policy":   {func(n *models.NewShipment) { n.Policy = "none" }, models.CodeInvalid},
			"carrier":  {func(n *models.NewShipment) { n.Carrier = "org_none" }, models.CodeInvalid},
			"shop":     {func(n *models.NewShipment) { n.Shop = "org_none" }, models.CodeInvalid},
			"capacity": {func(n *models.NewShipment) { n.Parcels[0].Size = models.SizeXL }, models.CodeNoCapacity},
			"regime":   {func(n *models.NewShipment) { n.Parcels[0].Regime = models.Frozen }, models.CodeNoCapacity},
		} {
			n := f.announcement(l.ID, "N2")
			c.change(&n)
			_, _, err := f.CreateShipment(t.Context(), n)
			require.Equal(t, c.code, code(err), "%s: %v", name, err)
			require.Equal(t, before, counts(t, f), name)
		}
		exec(t, f, "UPDATE lockers SET state = ?", models.LockerNoDeposits)
		_, _, err := f.CreateShipment(t.Context(), f.announcement(l.ID, "N2"))
		require.Equal(t, models.CodeLockerClosed, code(err))
	})
}

func TestNoCapacityNamesNearbyLockers(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		home := f.place
		var numbers []string
		for i := range 5 {
			place, err := f.CreateLocation(t.Context(), models.Request{}, models.Location{Name: "p", Latitude: home.Latitude, Longitude: home.Longitude + float64(5-i)/100})
			require.NoError(t, err)
			f.place = place
			numbers = append(numbers, f.locker(t, "N-"+strconv.Itoa(i)).Number)
		}
		exec(t, f, "UPDATE lockers SET state = ? WHERE number = ?", models.LockerNoDeposits, numbers[4])
		n := f.announcement(l.ID, "N1")
		n.Parcels = make([]models.NewParcel, 11)
		_, _, err := f.CreateShipment(t.Context(), n)
		var e *models.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, models.CodeNoCapacity, e.Code)
		require.Empty(t, e.Details["nearby"], "none has room for 11")

		exec(t, f, "UPDATE cells SET state = ? WHERE locker = ?", models.CellOccupied, l.ID)
		n.Parcels = make([]models.NewParcel, 2)
		_, _, err = f.CreateShipment(t.Context(), n)
		require.ErrorAs(t, err, &e)
		nearby := e.Details["nearby"].([]models.NearbyLocker)
		require.Len(t, nearby, 3)
		require.Equal(t, []string{"N-3", "N-2", "N-1"}, []string{nearby[0].Number, nearby[1].Number, nearby[2].Number})
		require.InDelta(t, 1482, nearby[0].DistanceM, 5)
		require.Equal(t, 6, nearby[0].Room)
	})
}

func TestConcurrentCreationsShareTheRoom(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		errs := make([]error, 50)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { _, _, errs[i] = f.CreateShipment(t.Context(), f.announcement(l.ID, strconv.Itoa(i))) })
		}
		group.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			require.Equal(t, models.CodeNoCapacity, code(err), "%v", err)
		}
		require.Equal(t, 10, made)
		require.Len(t, rows[models.Promise](t, f), 10)
		require.Len(t, rows[models.Shipment](t, f), 10)
		lines, err := f.Availability(t.Context(), l.ID, f.carrier.ID)
		require.NoError(t, err)
		require.Equal(t, []models.Availability{
			{Regime: models.Ambient, Size: models.SizeS, Free: 4, Room: 0},
			{Regime: models.Ambient, Size: models.SizeM, Free: 4, Room: 0},
			{Regime: models.Ambient, Size: models.SizeL, Free: 2, Room: 0},
		}, lines)
	})
}

func TestAThousandRequestsAtOnce(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		errs := make([]error, 1000)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { _, _, errs[i] = f.CreateShipment(t.Context(), f.announcement(l.ID, strconv.Itoa(i))) })
		}
		group.Wait()
		for _, err := range errs {
			require.Contains(t, []models.Code{"", models.CodeNoCapacity}, code(err), "%v", err)
		}
		require.Len(t, rows[models.Shipment](t, f), 10)
	})
}

func TestCreateShipmentIsAtomic(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		before := counts(t, f)
		crash := errors.New("crash")
		f.setFault(func(point string) error {
			if point == "create.before_commit" {
				return crash
			}
			return nil
		})
		_, _, err := f.CreateShipment(t.Context(), f.announcement(l.ID, "N1"))
		require.ErrorIs(t, err, crash)
		require.Equal(t, before, counts(t, f), "nothing half done")

		f.setFault(func(point string) error {
			if point == "create.after_commit" {
				return crash
			}
			return nil
		})
		_, _, err = f.CreateShipment(t.Context(), f.announcement(l.ID, "N1"))
		require.ErrorIs(t, err, crash)
		f.setFault(nil)
		v, replayed, err := f.CreateShipment(t.Context(), f.announcement(l.ID, "N1"))
		require.NoError(t, err)
		require.True(t, replayed, "the answer that was lost")
		require.Equal(t, rows[models.Shipment](t, f)[0].ID, v.Shipment.ID)
		size, err := f.OutboxSize(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(1), size)
	})
}

func TestIdempotency(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		views := make([]models.ShipmentView, 20)
		errs := make([]error, len(views))
		fresh := make([]bool, len(views))
		var group sync.WaitGroup
		for i := range views {
			group.Go(func() {
				var replayed bool
				views[i], replayed, errs[i] = f.CreateShipment(t.Context(), n)
				fresh[i] = !replayed
			})
		}
		group.Wait()
		made := 0
		for i := range views {
			require.NoError(t, errs[i])
			require.Equal(t, views[0], views[i])
			if fresh[i] {
				made++
			}
		}
		require.Equal(t, 1, made)

		n.Fingerprint = "another"
		_, _, err := f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeKeyReused, code(err))
		n.Actor = f.actor(f.shop)
		_, _, err = f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeNumberUsed, code(err), "a key is an organization's own")
	})
}

func TestAnotherOrganizationSeesNothing(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		n := f.announcement(f.locker(t, "L-1").ID, "N1")
		n.Shop = f.shop.ID
		id := f.create(t, n).Shipment.ID
		other, err := f.CreateOrganization(t.Context(), models.Request{}, models.Organization{Name: "other", Kind: models.KindCarrier})
		require.NoError(t, err)
		for _, a := range []models.Actor{f.actor(f.carrier), f.actor(f.shop), {Organization: f.operator.ID, Scopes: []models.Scope{models.ScopeOperator}}} {
			_, err := f.Shipment(t.Context(), a, id)
			require.NoError(t, err)
		}
		for _, a := range []models.Actor{f.actor(other), {}} {
			_, err := f.Shipment(t.Context(), a, id)
			require.Equal(t, models.CodeNotFound, code(err))
			_, err = f.ShipmentEvents(t.Context(), a, id, -1, 10)
			require.Equal(t, models.CodeNotFound, code(err))
		}
	})
}
