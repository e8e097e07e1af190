package api_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNextPageIsLinked: a list names the page after it, with the filters of this one, where one may follow.
func TestNextPageIsLinked(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	link := func(path string) string {
		return scenario{role: "carrier", method: http.MethodGet, url: path, status: 200}.run(t, h).Header().Get("Link")
	}
	require.Empty(t, link("/api/v1/lockers?limit=2"), "the page is not full")
	require.Empty(t, link("/api/v1/shipments/"+string(shipID)), "no list")
	require.Equal(t, `</api/v1/lockers?cursor=`+string(lockerID)+`&limit=1&search=a%26b>; rel="next"`, link("/api/v1/lockers?limit=1&search=a%26b"))
	require.Equal(t, `</api/v1/shipments/`+string(shipID)+`/events?after=8&limit=1>; rel="next"`, link("/api/v1/shipments/"+string(shipID)+"/events?after=7&limit=1"))

	first := link("/api/v1/lockers?limit=1")
	address, err := url.Parse(first[1 : len(first)-len(`>; rel="next"`)])
	require.NoError(t, err)
	require.Equal(t, first, link(address.String()), "it is an address to follow, and the fake's pages are all alike")
}
