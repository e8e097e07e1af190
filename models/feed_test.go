package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestScarce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ all, few, enough int }{
		{3, 1, 3}, {4, 1, 3}, {20, 1, 4}, {30, 2, 6}, {100, 9, 20},
	} {
		require.True(t, models.Scarce(false, c.few, c.all), c)
		require.False(t, models.Scarce(false, c.few+1, c.all), c)
		require.True(t, models.Scarce(true, c.enough-1, c.all), c)
		require.False(t, models.Scarce(true, c.enough, c.all), c)
	}
	require.False(t, models.Scarce(false, 0, 2))
}
