package post

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTheAddressIsCheckedWhenItIsDialled: whatever the URL said, and whatever its name resolves to
// by then.
func TestTheAddressIsCheckedWhenItIsDialled(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	t.Cleanup(server.Close)
	trusted := server.Client().Transport.(*http.Transport).TLSClientConfig
	get := func(private, plain bool, url string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		require.NoError(t, err)
		o := Options{Private: private, TLS: &tls.Config{RootCAs: trusted.RootCAs, MinVersion: tls.VersionTLS12}, Now: time.Now}
		response, err := o.client(plain).Do(r)
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		return err
	}
	require.ErrorIs(t, get(false, false, server.URL), errAddress)
	require.NoError(t, get(true, false, server.URL))
	require.ErrorIs(t, get(true, true, "http://192.0.2.1/"), errAddress)
	require.ErrorIs(t, get(true, false, "http://[::ffff:169.254.169.254]/"), errAddress)
}
