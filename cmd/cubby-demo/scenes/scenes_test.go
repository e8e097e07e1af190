package scenes

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	every, err := choose("")
	require.NoError(t, err)
	require.Len(t, every, len(all()))
	names := map[string]bool{}
	for _, s := range every {
		require.NotEmpty(t, s.breakage)
		require.False(t, names[s.name], "two scenes are called %s", s.name)
		names[s.name] = true
		one, err := choose(s.name)
		require.NoError(t, err)
		require.Len(t, one, 1)
	}
	_, err = choose("dance")
	require.ErrorContains(t, err, "\"dance\": there is no such scene; there are one-parcel, ")
}

func TestCodesThatAreWrong(t *testing.T) {
	t.Parallel()
	code := anotherCode("57240005")
	require.True(t, models.ValidCode(code))
	for digit := range code {
		require.False(t, models.ValidCode(typo(code, digit)), "digit %d", digit)
	}
	wrong := anotherCode(code)
	require.True(t, models.ValidCode(wrong))
	require.NotEqual(t, code, wrong)
}
