package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestLostRoomIsToldOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	life := func() *models.Life {
		return models.NewLife(models.Shipment{ID: "shp_1", Locker: "lkr_1", CreatedAt: now}, []models.Parcel{{ID: "a"}}, models.ReadyMadePolicies()[0])
	}
	lost := models.LockerSignal{Locker: "lkr_1", News: models.NewsCapacityLost, At: now.Add(time.Minute)}
	l := life()
	events := l.ApplyLocker(lost)
	require.Len(t, events, 1)
	require.Equal(t, models.EventCapacityLost, events[0].Type)
	require.Equal(t, models.LockerID("lkr_1"), events[0].Locker)
	require.Equal(t, models.StateCreated, l.State, "it is told, and nothing moves")
	require.Empty(t, l.ApplyLocker(lost), "a repeat")
	again := models.RecoverLife(models.Shipment{ID: "shp_1", Locker: "lkr_1", State: models.StateCreated}, []models.Parcel{{ID: "a", State: models.ParcelExpected}}, l.Policy, events)
	require.Empty(t, again.ApplyLocker(lost), "a repeat after a loss of the engine's database")
	lost.At = lost.At.Add(time.Hour)
	require.Len(t, l.ApplyLocker(lost), 1, "lost anew")

	for name, change := range map[string]func(l *models.Life){
		"it is for another locker": func(l *models.Life) { l.Locker = "lkr_2" },
		"its parcel came":          func(l *models.Life) { l.Parcels[0].State = models.ParcelInCell },
		"it has ended":             func(l *models.Life) { l.State = models.StateCancelled },
	} {
		l := life()
		change(l)
		require.Empty(t, l.ApplyLocker(lost), name)
	}
	l = life()
	l.Locker, l.To, l.Parcels[0].State = "lkr_2", "lkr_1", models.ParcelInCell
	require.Len(t, l.ApplyLocker(lost), 1, "the locker to which it goes")
}

func TestAClosedLockerIsEmptied(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	closed := models.LockerSignal{Locker: "lkr_1", News: models.NewsClosed, At: now.Add(time.Hour)}
	stored := func(s models.ShipmentState) *models.Life {
		l := models.NewLife(models.Shipment{ID: "shp_1", Locker: "lkr_1", CreatedAt: now}, []models.Parcel{{ID: "a"}}, models.ReadyMadePolicies()[0])
		l.State, l.Parcels[0].State, l.Parcels[0].Locker = s, models.ParcelInCell, "lkr_1"
		return l
	}
	for _, s := range []models.ShipmentState{models.StateLoading, models.StateReady, models.StatePartlyPickedUp, models.StateExpired} {
		l := stored(s)
		events := l.ApplyLocker(closed)
		require.Len(t, events, 1, s)
		require.Equal(t, models.EventWithdrawing, events[0].Type)
		require.Equal(t, models.LeaveClosed, events[0].Reason)
		require.Empty(t, l.ApplyLocker(closed), "a repeat")
		w := l.Projection(events).Withdrawal
		require.Equal(t, &models.DirectoryWithdrawal{Shipment: "shp_1", Locker: "lkr_1", Reason: models.LeaveClosed}, w)
		again := models.RecoverLife(models.Shipment{ID: "shp_1", Locker: "lkr_1", State: l.State},
			[]models.Parcel{{ID: "a", State: models.ParcelInCell}}, l.Policy, events)
		require.Equal(t, models.LeaveClosed, again.Leave)

		l.ApplyFact(models.FactSignal{Locker: "lkr_1", Epoch: 1, Seq: 9, At: now.Add(2 * time.Hour), Type: models.FactWithdrawn, Parcel: "a"})
		require.Equal(t, models.StateReturning, l.State)
	}
	for name, change := range map[string]func(l *models.Life){
		"it is held back":                func(l *models.Life) { l.Freeze(now) },
		"nothing of it lies there":       func(l *models.Life) { l.Parcels[0].State = models.ParcelPickedUp },
		"it leaves for another reason":   func(l *models.Life) { l.Cancel(now) },
		"it lies there for another lock": func(l *models.Life) { l.Locker = "lkr_2" },
		"it goes to the closed one":      func(l *models.Life) { l.Locker, l.To = "lkr_2", "lkr_1" },
		"it has ended":                   func(l *models.Life) { l.State = models.StateCancelled },
	} {
		l := stored(models.StateReady)
		change(l)
		leave := l.Leave
		require.Empty(t, l.ApplyLocker(closed), name)
		require.Equal(t, leave, l.Leave, name)
	}
}
