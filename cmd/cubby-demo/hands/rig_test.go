package hands_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/uplink/gatewaytest"
	"cubby/cmd/cubby-demo/hands"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

const (
	locker = models.LockerID("lkr_00000000000000000000000001")
	soon   = 20 * time.Second
	often  = 10 * time.Millisecond
)

// agent is the true program, built once.
var agent string

func TestMain(m *testing.M) {
	code := 1
	if dir, err := os.MkdirTemp("", "cubby-hands-"); err == nil {
		agent = filepath.Join(dir, "cubby-agent")
		out, err := exec.Command("go", "build", "-o", agent, "cubby/cmd/cubby-agent").CombinedOutput()
		if err == nil {
			code = m.Run()
		} else {
			fmt.Fprintf(os.Stderr, "go build: %v: %s", err, out)
		}
		_ = os.RemoveAll(dir) // it is a temporary folder
	}
	os.Exit(code)
}

// stand is a cabinet with its hands before a gateway.
type stand struct {
	t       *testing.T
	dir     string
	gateway *gatewaytest.Gateway
	build   sites.Build
	set     *sites.Set
	srv     *httptest.Server
}

// newStand runs a cabinet of two cells.
func newStand(t *testing.T) *stand {
	t.Helper()
	return newStandWith(t, sites.Build{})
}

func newStandWith(t *testing.T, build sites.Build) *stand {
	t.Helper()
	s := &stand{t: t, dir: t.TempDir(), gateway: gatewaytest.New(t), build: build}
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "ca.pem"), s.gateway.CA(), 0o600))
	s.furnish()
	s.start()
	t.Cleanup(s.stop)
	s.eventually("the cabinet is ready", func(snap sites.Snapshot) bool {
		return snap.Online && snap.Keyed && snap.Directory == 3 && snap.Unsent == 0
	})
	return s
}

func (s *stand) start() {
	s.t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	s.set = sites.New(sites.Config{
		Dir: s.dir, Agent: agent, Gateway: s.gateway.Address(), ServerCA: filepath.Join(s.dir, "ca.pem"), Logger: log,
		Build: func(models.LockerID) sites.Build { return s.build },
		Claim: func(_ context.Context, l models.LockerID) (string, error) { return s.gateway.Claim(l), nil },
	})
	_, err := s.set.Add(s.t.Context(), locker)
	require.NoError(s.t, err)
	s.srv = httptest.NewServer(hands.New(s.set, log))
}

func (s *stand) stop() {
	s.srv.Close()
	require.NoError(s.t, s.set.Stop())
}

func (s *stand) furnish() {
	s.t.Helper()
	pin, err := models.HashPIN("4711", rand.Reader)
	require.NoError(s.t, err)
	c := s.gateway.Cabinet(locker)
	side, regime := models.SideFront, models.Ambient
	if s.build.TwoWay {
		side = models.SideBoth
	}
	if s.build.Cold == 1 {
		regime = models.Chilled
	}
	c.Tell(models.EntryLayout, string(locker), models.DirectoryLayout{
		Locker: locker, Number: "L-001", State: models.LockerActive, Cells: []models.LayoutCell{
			{Number: 1, Module: 1, Row: 1, Size: models.SizeS, Regime: regime, Side: side},
			{Number: 2, Module: 1, Row: 2, Size: models.SizeM, Regime: regime, Side: side},
		},
	})
	c.Tell(models.EntryCourier, "cou_1", models.DirectoryCourier{
		Courier: "cou_1", Organization: "org_1", Role: models.RoleCourier, Badge: "BADGE-1", PINHash: pin,
	})
	c.Tell(models.EntryShipment, "shp_1", models.DirectoryShipment{
		Shipment: "shp_1", Carrier: "org_1", Issue: 1,
		Policy:  models.Policy{Objection: 1, Reopen: 1, Proof: models.ProofClosed},
		Parcels: []models.DirectoryParcel{{Parcel: "par_1", Barcode: "LABEL-1", Size: models.SizeS, Regime: regime}},
	})
}

// do makes a call and returns its status and its body as an object.
func (s *stand) do(method, path, body string) (int, map[string]any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.srv.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	var out map[string]any
	require.NoError(s.t, json.NewDecoder(res.Body).Decode(&out), path)
	return res.StatusCode, out
}

// must makes a call to the cabinet that has to succeed.
func (s *stand) must(path, body string) map[string]any {
	s.t.Helper()
	status, out := s.do(http.MethodPost, "/hands/lockers/"+string(locker)+path, body)
	require.Equal(s.t, http.StatusOK, status, "%s: %v", path, out)
	return out
}

func (s *stand) site() *sites.Site {
	s.t.Helper()
	c, err := s.set.Find(s.t.Context(), string(locker))
	require.NoError(s.t, err)
	return c
}

func (s *stand) snapshot() sites.Snapshot {
	s.t.Helper()
	snap, err := s.site().Snapshot(s.t.Context())
	require.NoError(s.t, err)
	return snap
}

func (s *stand) eventually(what string, is func(sites.Snapshot) bool) {
	s.t.Helper()
	site := s.site()
	require.Eventually(s.t, func() bool {
		snap, err := site.Snapshot(s.t.Context())
		return err == nil && is(snap)
	}, soon, often, what)
}

func (s *stand) doorOpens(n int) {
	s.t.Helper()
	s.eventually("the door opens", func(snap sites.Snapshot) bool { return snap.Cells[n-1].DoorOpen })
}

// doorIsSeenOpen waits until the boards told of the door too: one that is shut before is
// taken for a jam. It was seen to open so many times.
func (s *stand) doorIsSeenOpen(n, times int) {
	s.t.Helper()
	s.doorOpens(n)
	require.Eventually(s.t, func() bool {
		seen := 0
		for _, f := range s.gateway.Cabinet(locker).Facts() {
			if f.Type == models.FactDoorOpened && f.Cell == n {
				seen++
			}
		}
		return seen == times
	}, soon, often)
}

// login is the courier's.
func (s *stand) login() {
	s.t.Helper()
	require.Equal(s.t, "L1", s.must("/scan", `{"text":"BADGE-1"}`)["screen"])
	require.Equal(s.t, "L2", s.must("/keys", `{"text":"4711"}`)["screen"])
}
