package run_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/run"
)

// TestSystem needs the real programs side by side: "make build" makes them.
func TestSystem(t *testing.T) {
	t.Parallel()
	bin := rigtest.Programs(t)
	dir := t.TempDir()
	var networks []run.Network
	var shipment people.Shipment
	for range 2 {
		var progress bytes.Buffer
		system, err := run.Start(t.Context(), run.Options{Bin: bin, Var: dir, Progress: &progress})
		require.NoError(t, err, progress.String())
		networks = append(networks, system.Network)
		for _, url := range []string{system.StartURL, system.HandsURL, system.InboxURL, system.APIURL + "/readyz", system.OpsURL + "/metrics"} {
			response, err := http.Get(url)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode, url)
		}
		carrier := people.Carrier{Service: people.Service{Base: system.APIURL, Key: system.CarrierKey}}
		if shipment.ID == "" {
			shipment, err = carrier.Announce(t.Context(), "one", people.Announcement{
				Number: "ONE", Locker: system.Lockers[0].ID, NotifyBy: "carrier", Parcels: []people.NewParcel{{Size: "S"}},
			})
			require.NoError(t, err)
		}
		kept, err := carrier.Shipment(t.Context(), shipment.ID)
		require.NoError(t, err)
		require.Equal(t, shipment.Number, kept.Number)
		require.NoError(t, system.Stop())
	}
	require.Equal(t, networks[0], networks[1], "the second start keeps what the first has made")
	require.Len(t, networks[0].Lockers, 3)
}

func TestMissingProgram(t *testing.T) {
	t.Parallel()
	_, err := run.Start(t.Context(), run.Options{Bin: t.TempDir(), Var: t.TempDir()})
	require.ErrorContains(t, err, "make build")
}
