package main

import (
	"net/http"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/agent/uplink"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

// TestEnrollWaits until somebody has accepted the computer, and shows what they compare.
func TestEnrollWaits(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 1)
	var asked atomic.Int64
	p.gateway.Intercept(func(w http.ResponseWriter, r *http.Request, serve http.Handler) {
		if r.URL.Path == protocol.PathEnroll && asked.Add(1) < 3 {
			gatewaytest.Refuse(w, http.StatusForbidden, models.Errorf(models.CodeEnrolmentPending, "Somebody has to accept it."))
			return
		}
		serve.ServeHTTP(w, r)
	})
	out, err := p.call("enroll", "--claim", p.gateway.Claim(locker))
	require.NoError(t, err, out)
	require.Len(t, regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\n`).FindAllString(out, -1), 1, "said once: %s", out)
	require.Contains(t, out, "enrolled as "+string(locker))
	_, err = uplink.LoadIdentity(p.in("data"))
	require.NoError(t, err)

	p.gateway.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		gatewaytest.Refuse(w, http.StatusForbidden, models.Errorf(models.CodeEnrolmentRefused, "This computer was refused."))
	})
	_, err = p.call("enroll", "--claim", p.gateway.Claim(locker))
	require.ErrorContains(t, err, "refused")
}

// TestCheckNamesAScannerThatIsNotSetUp: it is read, and somebody should know.
func TestCheckNamesAScannerThatIsNotSetUp(t *testing.T) {
	t.Parallel()
	var told []string
	var fine []bool
	addScanners([]scannerStatus{{Port: "a"}, {Port: "b", Error: "gone"}, {Port: "c", SetUp: "no answer"}}, func(ok bool, d device) {
		fine, told = append(fine, ok), append(told, d.name+" "+d.state+": "+d.detail)
	})
	require.Equal(t, []bool{true, false, false}, fine)
	require.Equal(t, []string{"a up: open", "b down: gone", "c not set up: it is read, but: no answer"}, told)
}
