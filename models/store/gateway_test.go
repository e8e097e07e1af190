package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// beat renews the lease of a gateway's run.
func (f *fixture) beat(t *testing.T, instance, run string, first bool) (lost bool) {
	t.Helper()
	lost, err := f.Beat(t.Context(), instance, run, first)
	require.NoError(t, err)
	return lost
}

// lapse lets the lease of an instance run out: its clock is the database's own.
func (f *fixture) lapse(t *testing.T, instance string) {
	t.Helper()
	require.NoError(t, f.DB().Exec("UPDATE gateway_instances SET expires_ms = expires_ms - 3600000 WHERE instance = ?", instance).Error)
}

func (f *fixture) link(t *testing.T, l models.LockerID) models.LockerLink {
	t.Helper()
	v, err := f.Locker(t.Context(), l)
	require.NoError(t, err)
	return v.Link
}

func TestConnections(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "1").ID
		require.Equal(t, models.LockerLink{}, f.link(t, l), "never connected")
		_, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.Equal(t, models.CodeUnavailable, code(err), "no lease, no connection")
		require.False(t, f.beat(t, "one", "r1", true))
		n, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		require.Equal(t, int64(1), n)
		link := f.link(t, l)
		require.True(t, link.Online)
		require.NotNil(t, link.LastSeen)
		_, err = f.Connect(ctx, "lkr_none", "one", "r1", "boot")
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.Connect(ctx, l, "one", "r0", "boot")
		require.Equal(t, models.CodeUnavailable, code(err), "an earlier run")

		// A newer connection elsewhere; the end of the older one tells nothing.
		require.False(t, f.beat(t, "two", "r2", true))
		n, err = f.Connect(ctx, l, "two", "r2", "boot")
		require.NoError(t, err)
		require.Equal(t, int64(2), n)
		require.NoError(t, f.Disconnect(ctx, l, 1, f.clock()))
		require.True(t, f.link(t, l).Online)
		seen := f.clock().Add(-time.Minute)
		require.NoError(t, f.Disconnect(ctx, l, 2, seen))
		link = f.link(t, l)
		require.False(t, link.Online)
		require.Equal(t, seen, *link.LastSeen)

		list, err := f.Lockers(ctx, models.Actor{}, models.LockerQuery{Page: models.Page{Limit: 10}})
		require.NoError(t, err)
		require.Equal(t, link, list[0].Link)
	})
}

func TestADeadLeaseEndsItsConnections(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "1").ID
		f.beat(t, "one", "r1", true)
		f.beat(t, "two", "r2", true)
		_, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		f.lapse(t, "one")
		link := f.link(t, l)
		require.False(t, link.Online, "before anyone has swept")
		beat := *link.LastSeen
		require.Less(t, beat, time.Now().Add(-time.Minute).UTC(), "at the last beat")
		_, err = f.Connect(ctx, l, "one", "r1", "boot")
		require.Equal(t, models.CodeUnavailable, code(err))

		f.lapse(t, "two")
		require.False(t, f.beat(t, "two", "r2", false))
		require.False(t, f.beat(t, "one", "r1", false), "a late beat buries nobody: the database may have been away")
		require.True(t, f.link(t, l).Online)

		f.lapse(t, "one")
		beat = *f.link(t, l).LastSeen
		f.beat(t, "two", "r2", false)
		link = f.link(t, l)
		require.False(t, link.Online)
		require.Equal(t, beat, *link.LastSeen)
		require.True(t, f.beat(t, "one", "r1", false), "it is told that its cabinets must connect anew")
		require.False(t, f.link(t, l).Online)
		require.False(t, f.beat(t, "one", "r1", false))
		n, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		require.Equal(t, int64(2), n)
		require.True(t, f.link(t, l).Online)
	})
}

func TestARestartedInstanceTakesOver(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "1").ID
		f.beat(t, "one", "r1", true)
		_, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		f.beat(t, "one", "r2", true)
		require.False(t, f.link(t, l).Online, "the connections of the run before are over, though its lease was not")
		_, err = f.Beat(ctx, "one", "r1", false)
		require.Equal(t, models.CodeConflict, code(err), "the process before, should it live, is told")

		_, err = f.Connect(ctx, l, "one", "r2", "boot")
		require.NoError(t, err)
		require.NoError(t, f.Leave(ctx, "one", "r1"), "has nothing to leave")
		require.True(t, f.link(t, l).Online)
		require.NoError(t, f.Leave(ctx, "one", "r2"))
		require.False(t, f.link(t, l).Online)
		_, err = f.Connect(ctx, l, "one", "r2", "boot")
		require.Equal(t, models.CodeUnavailable, code(err))
	})
}

func TestCertificateOfALink(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, s := f.locker(t, "1").ID, &signer{f: f}
		one, err := s.enroll(t, f.claim(t, l), "k1")
		require.NoError(t, err)
		require.Equal(t, one.NotAfter, *f.link(t, l).CertificateUntil)
		f.advance(20 * 24 * time.Hour)
		two, err := s.renew(t, one, "k2")
		require.NoError(t, err)
		require.Equal(t, two.NotAfter, *f.link(t, l).CertificateUntil)
		_, err = f.RevokeCertificates(t.Context(), models.Request{}, l, "stolen")
		require.NoError(t, err)
		require.Nil(t, f.link(t, l).CertificateUntil)
	})
}

func TestSnapshot(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "1").ID
		_, _, _, err := f.Snapshot(ctx, "lkr_none")
		require.Equal(t, models.CodeNotFound, code(err))
		head, cells, parcels, err := f.Snapshot(ctx, l)
		require.NoError(t, err)
		require.Equal(t, []int64{0, 0}, []int64{head.Epoch, head.Seq})
		require.Len(t, cells, 10)
		require.Empty(t, parcels)

		v := f.create(t, f.announcement(l, "N1"))
		db := f.DB().WithContext(ctx)
		require.NoError(t, db.Exec("UPDATE cells SET state = 'occupied', generation = 3, shipment = ? WHERE locker = ? AND number = 2", v.Shipment.ID, l).Error)
		require.NoError(t, db.Exec("UPDATE parcels SET state = 'in_cell', cell = 2 WHERE shipment = ?", v.Shipment.ID).Error)
		_, cells, parcels, err = f.Snapshot(ctx, l)
		require.NoError(t, err)
		require.Equal(t, models.CellReport{Cell: 2, State: models.CellOccupied, Generation: 3, Shipment: v.Shipment.ID}, cells[1].Report())
		require.Len(t, parcels, 1)
		require.Equal(t, v.Parcels[0].ID, parcels[0].ID)
		require.Equal(t, 2, parcels[0].Cell)
		require.NoError(t, db.Exec("UPDATE parcels SET state = 'refused' WHERE shipment = ?", v.Shipment.ID).Error)
		_, _, parcels, err = f.Snapshot(ctx, l)
		require.NoError(t, err)
		require.Len(t, parcels, 1, "it lies in its cell")
	})
}

func TestInventoryDiffersOnce(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "1").ID
		for range 2 {
			require.NoError(t, f.InventoryDiffers(t.Context(), l, "at fact 1/2"))
		}
		require.Len(t, rows[models.Incident](t, f, "kind = ?", models.IncidentInventoryDiffers), 1)
	})
}
