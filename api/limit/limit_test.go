package limit_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api/limit"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestEach(t *testing.T) {
	t.Parallel()
	e := limit.NewEach(limit.Rate{Burst: 5, PerSecond: 0.5})
	require.True(t, e.Take("a", 4, noon))
	require.False(t, e.Take("a", 2, noon), "one is left")
	require.True(t, e.Take("a", 1, noon), "and what was refused cost nothing")
	require.True(t, e.Take("b", 5, noon), "others have their own")
	require.False(t, e.Take("a", 1, noon.Add(time.Second)))
	require.True(t, e.Take("a", 1, noon.Add(2*time.Second)))
	e.Refund("a", 1)
	require.True(t, e.Take("a", 1, noon.Add(2*time.Second)))
	e.Refund("b", 100)
	require.False(t, e.Take("b", 6, noon), "never more than at once")
	require.True(t, e.Take("b", 5, noon.Add(-time.Hour)), "a clock that goes back takes nothing")
}

// TestMemory: what is remembered is bounded, and who is busy is not forgotten for those who are not.
func TestMemory(t *testing.T) {
	t.Parallel()
	e := limit.NewEach(limit.Rate{Burst: 1, PerSecond: 1})
	later := noon.Add(time.Minute)
	for i := range 19_999 {
		require.True(t, e.Take(fmt.Sprint(i), 1, noon))
	}
	require.True(t, e.Take("busy", 1, later))
	require.True(t, e.Take("one more", 1, later))
	require.False(t, e.Take("busy", 1, later))
	for i := range 19_998 {
		require.True(t, e.Take(fmt.Sprint(i), 1, later))
	}
	require.True(t, e.Take("too many", 1, later), "all are busy")
	require.True(t, e.Take("busy", 1, later), "so all begin anew")
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:1234": "192.0.2.1", "[::ffff:192.0.2.1]:1234": "192.0.2.1",
		"[2001:db8:1:2:3::4]:1234": "2001:db8:1:2::/64", "[2001:db8:1:2:ffff::1]:9": "2001:db8:1:2::/64", "[fe80::1%eth0]:9": "fe80::/64",
		"pipe": "pipe", "name:1": "name",
	} {
		require.Equal(t, want, limit.Address(&http.Request{RemoteAddr: remote}), remote)
	}
}
