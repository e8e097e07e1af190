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
