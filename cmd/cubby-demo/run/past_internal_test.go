package run

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestDaysOfThePast(t *testing.T) {
	t.Parallel()
	total, before := 0, -(pastDays+1)*24*time.Hour
	for day := pastDays; day > 0; day-- {
		for _, n := range sharesOf(day, 3) {
			require.Positive(t, n)
			total += n
		}
		require.Greater(t, clockOn(day)-before, 12*time.Hour, "the clocks only go on, with a night between two days")
		before = clockOn(day)
	}
	require.Equal(t, pastShipments, total)
	require.Less(t, before, -12*time.Hour, "the last day is over before today")
}

// TestPastIsOfANewNetwork: one that is there is left as it is, unless somebody asks for it to begin anew.
func TestPastIsOfANewNetwork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := openFolder(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.close()) }()
	s := &System{folder: f, pasts: make(chan struct{}, 1)}
	require.NoError(t, f.save(networkFile, Network{Operator: "org_1"}))
	require.NoError(t, s.beginPast())
	require.NoFileExists(t, f.in(pastFile))

	write(t, "kept", dir, keptFolder, "cubby.db")
	write(t, "old", dir, "cubby.db")
	write(t, "what happened", dir, "log", "server.log")
	require.NoError(t, f.clear())
	require.NoFileExists(t, f.in("cubby.db"))
	require.False(t, f.hasKept(), "it is of the network that was")
	require.Equal(t, "what happened", text(t, dir, "log", "server.log"), "logs stay")

	err = s.beginPast()
	if runtime.GOARCH != "amd64" {
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
		return
	}
	require.NoError(t, err)
	var past Past
	_, err = f.load(pastFile, &past)
	require.NoError(t, err)
	require.Equal(t, Past{pastDays}, past)
	require.NoError(t, s.LivePast())
	require.NoError(t, s.LivePast(), "asked twice it is one")
	require.Len(t, s.pasts, 1)
}
