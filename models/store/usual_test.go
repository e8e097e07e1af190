package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestFoundSizes: what couriers find parcels to be is what they are, and after some the sender's next ones are taken to be so.
func TestFoundSizes(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		announce := func(number string) models.ShipmentView {
			n := f.announcement(l.ID, number)
			n.IdempotencyKey, n.Parcels = number, []models.NewParcel{{}}
			return f.create(t, n)
		}
		parcel := func(id models.ShipmentID) models.Parcel { return rows[models.Parcel](t, f, "shipment = ?", id)[0] }
		j := &journal{at: f.clock()}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j)})
		require.NoError(t, err)
		find := func(number string, size models.Size) models.ShipmentID {
			v := announce(number)
			data := deposited(v, 0, 1)
			data.Size = size
			facts := []models.Fact{j.fact(models.FactDeposited, 1, data)}
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
			return v.Shipment.ID
		}
		for i := range 3 {
			p := parcel(announce(fmt.Sprintf("new %d", i)).Shipment.ID)
			require.Equal(t, []any{models.SizeM, models.SizeGuessed}, []any{p.Size, p.SizeFrom}, "%d were found", i)
			p = parcel(find(fmt.Sprint("found ", i), models.SizeS))
			require.Equal(t, []any{models.SizeS, models.SizeTold}, []any{p.Size, p.SizeFrom})
		}
		p := parcel(find("no size of ours", "XXL"))
		require.Equal(t, []any{models.SizeS, models.SizeUsual}, []any{p.Size, p.SizeFrom})

		for i := range 200 { // a cabinet's word is never without bound, and other parcels are learned
			find(fmt.Sprint("larger ", i), models.SizeL)
		}
		p = parcel(announce("at last").Shipment.ID)
		require.Equal(t, []any{models.SizeL, models.SizeUsual}, []any{p.Size, p.SizeFrom})
		var found struct{ S, M, L, XL int }
		require.NoError(t, f.DB().Raw("SELECT s, m, l, xl FROM found_sizes").Scan(&found).Error)
		require.Less(t, found.S+found.L, 102)
	})
}
