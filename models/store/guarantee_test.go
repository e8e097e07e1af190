package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestBestEffort(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		n.Guarantee = models.GuaranteeBestEffort
		n.Parcels = make([]models.NewParcel, 6)
		require.True(t, f.create(t, n).Shipment.Guaranteed)
		require.Len(t, rows[models.Promise](t, f), 6)

		n = f.announcement(l.ID, "N2")
		n.Guarantee = models.GuaranteeBestEffort
		n.Parcels = []models.NewParcel{{Size: models.SizeS}, {Size: models.SizeM}}
		v := f.create(t, n)
		require.False(t, v.Shipment.Guaranteed, "room for the small one alone is none")
		require.Len(t, rows[models.Promise](t, f), 6, "all parcels or none")
		repeat, replayed, err := f.CreateShipment(t.Context(), n)
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, v, repeat, "the answer that was given")
		read, err := f.Shipment(t.Context(), f.actor(f.carrier), v.Shipment.ID)
		require.NoError(t, err)
		require.False(t, read.Shipment.Guaranteed)

		promised := map[models.ShipmentID]bool{}
		for _, r := range rows[models.DirectoryRow](t, f, "kind = ?", models.EntryShipment) {
			var body models.DirectoryShipment
			require.NoError(t, json.Unmarshal(r.Body, &body))
			for _, p := range body.Parcels {
				promised[body.Shipment] = p.Promised
			}
		}
		require.False(t, promised[v.Shipment.ID], "its cabinet gives it what nobody else was promised")
		require.Len(t, promised, 2)

		other := f.locker(t, "L-2")
		require.NoError(t, f.KeepRoom(t.Context(), v.Shipment.ID, other.ID))
		_, err = f.MoveShipment(t.Context(), v.Shipment.ID, other.ID, 0, func(models.Shipment, []models.Shipment) (int, error) { return 1, nil })
		require.NoError(t, err)
		read, err = f.Shipment(t.Context(), f.actor(f.carrier), v.Shipment.ID)
		require.NoError(t, err)
		require.True(t, read.Shipment.Guaranteed, "it goes only where there is room")

		n = f.announcement(l.ID, "N3")
		n.Guarantee = models.GuaranteeRequired
		n.Parcels = make([]models.NewParcel, 6)
		_, _, err = f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeNoCapacity, code(err))
		exec(t, f, "UPDATE lockers SET state = ?", models.LockerNoDeposits)
		n.Guarantee = models.GuaranteeBestEffort
		_, _, err = f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeLockerClosed, code(err))
	})
}

// TestBestEffortHasAnEnd: what a carrier announces to a full locker without a promise is bounded, for
// each carrier and locker by itself, and there is room again when one of them has ended.
func TestBestEffortHasAnEnd(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		exec(t, f, "UPDATE cells SET state = ?", models.CellOccupied)
		rival, announce := f.rival(t)
		made := 0
		effort := func(n models.NewShipment) error {
			made++
			n.Number, n.IdempotencyKey, n.Guarantee = fmt.Sprint("E", made), fmt.Sprint("e", made), models.GuaranteeBestEffort
			_, _, err := f.CreateShipment(t.Context(), n)
			return err
		}
		most := models.MostUnguaranteed(10)
		require.Equal(t, 100, most)
		for range most {
			require.NoError(t, effort(f.announcement(l.ID, "")))
		}
		err := effort(f.announcement(l.ID, ""))
		require.Equal(t, models.CodeNoCapacity, code(err))
		require.ErrorContains(t, err, "100 shipments")
		var refusal *models.Error
		require.ErrorAs(t, err, &refusal)
		require.Contains(t, refusal.Details, "nearby")
		require.NoError(t, effort(f.announcement(other.ID, "")), "another locker")
		require.NoError(t, effort(announce(l.ID, "")), string(rival.ID))
		exec(t, f, "UPDATE shipments SET ended_at = ? WHERE number = 'E1'", f.clock())
		require.NoError(t, effort(f.announcement(l.ID, "")))
		require.Equal(t, models.CodeNoCapacity, code(effort(f.announcement(l.ID, ""))))
		exec(t, f, "UPDATE cells SET state = ?", models.CellFree)
		require.NoError(t, effort(f.announcement(l.ID, "")), "one that room is promised for")
	})
}

// TestAPromiseForLater: a locker that is promised away for next month takes parcels today that
// are gone by then, and none that may still be there.
func TestAPromiseForLater(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		announce := func(from time.Duration) func(number string) models.NewShipment {
			return func(number string) models.NewShipment {
				n := f.announcement(l.ID, fmt.Sprint(number, from))
				at := f.clock().Add(from)
				n.ExpectedAt = &at
				return n
			}
		}
		const day = 24 * time.Hour
		require.Equal(t, 10, f.fill(t, announce(30*day)))
		lines, err := f.Availability(t.Context(), l.ID, f.carrier.ID, f.clock())
		require.NoError(t, err)
		require.Equal(t, 10, lines[0].Room)
		require.Zero(t, f.fill(t, announce(17*day)), "with 14 days it may still be there")
		require.Equal(t, 10, f.fill(t, announce(15*day)))
		require.Zero(t, f.fill(t, announce(2*day)))

		j := &journal{at: f.clock()}
		exec(t, f, "DELETE FROM outbox")
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j)})
		require.NoError(t, err)
		require.Empty(t, f.news(t), "twice as many promises as cells, and all of them can be kept")
		f.advance(2 * day)
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{j.fact(models.FactBoardDown, 0, cells(models.CellOutOfService, 1))})
		require.NoError(t, err)
		require.Len(t, f.news(t), 1, "one of the nearer ones has no cell; the others have time")
	})
}
