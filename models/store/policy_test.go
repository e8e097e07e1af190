package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestPolicies(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		for i := 1; i <= 2; i++ {
			p, err := f.PutPolicy(ctx, models.Request{}, models.Policy{Name: "brief", Storage: models.Seconds(i)})
			require.NoError(t, err)
			require.Equal(t, i, p.Version)
		}
		list, err := f.Policies(ctx, models.Page{Limit: 2})
		require.NoError(t, err)
		require.Equal(t, models.Policy{Name: "brief", Version: 2, Storage: 2}, list[0], "the newest version")
		require.Equal(t, models.PolicyExpress, list[1].Name)
		list, err = f.Policies(ctx, models.Page{Limit: 2, Cursor: models.PolicyExpress})
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, models.PolicyStandard, list[0].Name)
		list, err = f.Policies(ctx, models.Page{Limit: 2, Search: "RIE"})
		require.NoError(t, err)
		require.Len(t, list, 1)
	})
}

// TestSizeByPolicy: a parcel that was announced without a size has that of the policy, also where room is counted.
func TestSizeByPolicy(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		large := models.ReadyMadePolicies()[0]
		large.Name, large.DefaultSize = "large", models.SizeL
		_, err := f.PutPolicy(t.Context(), models.Request{}, large)
		require.NoError(t, err)
		n := f.announcement(l.ID, "N1")
		n.Parcels = []models.NewParcel{{}, {Size: models.SizeS}}
		sizes := func(v models.ShipmentView) []models.Size { return []models.Size{v.Parcels[0].Size, v.Parcels[1].Size} }
		require.Equal(t, []models.Size{models.SizeM, models.SizeS}, sizes(f.create(t, n)), "the standard policy names none")
		for i := 2; i <= 3; i++ { // two large cells
			next := n
			next.Number, next.IdempotencyKey, next.Policy = "N"+string(rune('0'+i)), "key"+string(rune('0'+i)), "large"
			require.Equal(t, []models.Size{models.SizeL, models.SizeS}, sizes(f.create(t, next)))
		}
		n.Number, n.IdempotencyKey, n.Policy = "N4", "key4", "large"
		_, _, err = f.CreateShipment(t.Context(), n)
		require.Equal(t, models.CodeNoCapacity, code(err))
	})
}
