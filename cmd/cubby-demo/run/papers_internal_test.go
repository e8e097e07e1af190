package run

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/live"
)

// TestPapers: what the API says of labels and of the way in is shown, and so is why it says nothing.
func TestPapers(t *testing.T) {
	t.Parallel()
	there := true
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/lockers/lkr_3", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"location":{"id":"loc_3"}}`)) })
	mux.HandleFunc("GET /api/v1/locations/loc_3/access", func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "Bearer carrier", r.Header.Get("Authorization"))
		if !there {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":"not_found","detail":"There are none for you."}`))
			return
		}
		_, _ = w.Write([]byte(`{"gate_codes":"<2580>"}`))
	})
	mux.HandleFunc("GET /api/v1/labels.pdf", func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "Bearer operator", r.Header.Get("Authorization"))
		require.Equal(t, "shp_1,shp_2", r.URL.Query().Get("shipments"))
		if !there {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("%PDF-1.4"))
	})
	api := httptest.NewServer(mux)
	defer api.Close()
	expected := []live.Label{{Shipment: "shp_1", Number: "EXPECTED-01", Barcode: "CB1"}, {Shipment: "shp_2", Number: "EXPECTED-02", Barcode: "CB2"}}
	papers := newPapers(api.URL, "operator", "carrier", Locker{ID: "lkr_3", Number: "L-003"}, func() []live.Label { return expected })
	look := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		papers.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		return w
	}
	page := look("/papers").Body.String()
	require.Contains(t, page, "&lt;2580&gt;")
	require.Equal(t, 2, strings.Count(page, `data-testid="expected"`))
	require.Equal(t, "%PDF-1.4", look("/papers/labels.pdf").Body.String())
	there = false
	require.Contains(t, look("/papers").Body.String(), "There are none for you (not_found).")
	require.Equal(t, http.StatusBadGateway, look("/papers/labels.pdf").Code)
	expected = nil
	require.Contains(t, look("/papers").Body.String(), "Nothing is expected yet")
	require.Equal(t, http.StatusNotFound, look("/papers/labels.pdf").Code, "there is nothing to print")
}
