package hands_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/cmd/cubby-demo/cabinets"
	"cubby/cmd/cubby-demo/hands"
	"cubby/models"
)

const locker = models.LockerID("lkr_00000000000000000000000001")

// stand is a cabinet with its hands before a gateway.
type stand struct {
	t   *testing.T
	set *cabinets.Set
	srv *httptest.Server
}

func start(t *testing.T, dir, gatewayURL string) *stand {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	set := cabinets.New(cabinets.Config{
		Dir: dir, GatewayURL: gatewayURL, Lockers: []models.LockerID{locker},
		Logger: log, Now: time.Now, Random: rand.Reader, Client: http.DefaultClient,
	})
	require.NoError(t, set.Start(t.Context()))
	srv := httptest.NewServer(hands.New(set, log))
	t.Cleanup(func() {
		srv.Close()
		set.Stop()
	})
	return &stand{t: t, set: set, srv: srv}
}

func (s *stand) stop() {
	s.srv.Close()
	s.set.Stop()
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

func (s *stand) must(path, body string) map[string]any {
	s.t.Helper()
	status, out := s.do(http.MethodPost, "/hands/lockers/L-001"+path, body)
	require.Equal(s.t, http.StatusOK, status, "%s: %v", path, out)
	return out
}

func (s *stand) snapshot() cabinets.Snapshot {
	s.t.Helper()
	c, err := s.set.Find(s.t.Context(), string(locker))
	require.NoError(s.t, err)
	snap, err := c.Snapshot(s.t.Context())
	require.NoError(s.t, err)
	return snap
}

func (s *stand) eventually(what string, is func(cabinets.Snapshot) bool) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return is(s.snapshot()) }, 10*time.Second, 5*time.Millisecond, what)
}

func (s *stand) doorOpens(n int) {
	s.t.Helper()
	s.eventually("the door opens", func(snap cabinets.Snapshot) bool { return snap.Cells[n-1].DoorOpen })
}

// furnish tells the directory of a small cabinet, a courier and a shipment.
func furnish(t *testing.T, g *gateway) {
	t.Helper()
	pin, err := models.HashPIN("4711", rand.Reader)
	require.NoError(t, err)
	g.tellDirectory(t, models.EntryLayout, string(locker), models.DirectoryLayout{
		Locker: locker, Number: "L-001", State: models.LockerActive, Cells: []models.LayoutCell{
			{Number: 1, Module: 1, Row: 1, Size: models.SizeS, Regime: models.Ambient},
			{Number: 2, Module: 1, Row: 2, Size: models.SizeM, Regime: models.Ambient},
		},
	})
	g.tellDirectory(t, models.EntryCourier, "cou_1", models.DirectoryCourier{
		Courier: "cou_1", Organization: "org_1", Badge: "BADGE-1", PINHash: pin,
	})
	g.tellDirectory(t, models.EntryShipment, "shp_1", models.DirectoryShipment{
		Shipment: "shp_1", Carrier: "org_1", Issue: 1,
		Policy:  models.Policy{Objection: 1, Reopen: 1, Proof: models.ProofClosed},
		Parcels: []models.DirectoryParcel{{Parcel: "par_1", Barcode: "LABEL-1", Size: models.SizeS, Regime: models.Ambient}},
	})
}

func TestOneParcelGoesInAndOut(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	furnish(t, g)
	dir := t.TempDir()
	s := start(t, dir, g.URL)
	s.eventually("the cabinet is ready", func(snap cabinets.Snapshot) bool {
		return snap.Online && snap.Keyed && snap.Directory == 3 && snap.Unsent == 0
	})

	require.Equal(t, "L1", s.must("/scan", `{"text":"BADGE-1"}`)["screen"])
	require.Equal(t, "L2", s.must("/keys", `{"text":"4711"}`)["screen"])
	s.must("/scan", `{"text":"LABEL-1"}`)
	s.doorOpens(1)
	s.must("/cells/1/put", `{"thing":"LABEL-1"}`)
	s.must("/cells/1/close", ``)
	s.eventually("the server knows the deposit", func(snap cabinets.Snapshot) bool {
		return g.has(models.FactDeposited) && snap.Cells[0].State == models.CellOccupied
	})
	s.must("/press", `{"button":"finish"}`)

	// The cabinet's memory survives: what follows is done by another run of it.
	s.stop()
	s = start(t, dir, g.URL)
	s.eventually("the line stands again", func(snap cabinets.Snapshot) bool { return snap.Online })
	require.Equal(t, []string{"LABEL-1"}, s.snapshot().Cells[0].Content)

	s.must("/keys", `{"text":"`+models.PickupCode(g.key, "shp_1", 1)+`"}`)
	s.doorOpens(1)
	require.Equal(t, []any{"LABEL-1"}, s.must("/cells/1/take", ``)["taken"])
	s.must("/cells/1/close", `{}`)
	s.eventually("the pickup is told and the cell is free", func(snap cabinets.Snapshot) bool {
		return g.has(models.FactPickedUp) && g.has(models.FactCellFreed) && snap.Cells[0].State == models.CellFree
	})
	require.Equal(t, []models.OpenOutcome{models.Opened, models.Opened}, g.outcomes())
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Len(t, g.hellos, 2)
	require.NotEqual(t, g.hellos[0].Nonce, g.hellos[1].Nonce)
	require.NotEmpty(t, g.strange, "a message of an unknown type is answered")
}

func TestWithoutNetworkItGoesOn(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	furnish(t, g)
	s := start(t, t.TempDir(), g.URL)
	s.eventually("the cabinet is ready", func(snap cabinets.Snapshot) bool {
		return snap.Online && snap.Keyed && snap.Directory == 3
	})
	s.must("/auto-close", `{"seconds":0.1}`)
	g.Close()
	g.CloseClientConnections()
	g.mu.Lock()
	_ = g.conn.CloseNow()
	g.mu.Unlock()
	s.eventually("the line is gone", func(snap cabinets.Snapshot) bool { return !snap.Online })

	s.must("/scan", `{"text":"BADGE-1"}`)
	s.must("/keys", `{"text":"4711"}`)
	s.must("/scan", `{"text":"LABEL-1"}`)
	s.eventually("the parcel is in", func(snap cabinets.Snapshot) bool { return snap.Cells[0].State == models.CellOccupied })
	require.Positive(t, s.snapshot().Unsent)
	require.True(t, s.snapshot().Screen.Offline)
}

func TestHandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	furnish(t, g)
	s := start(t, t.TempDir(), g.URL)
	s.eventually("the cabinet is ready", func(snap cabinets.Snapshot) bool { return len(snap.Cells) == 2 })

	for _, c := range []struct {
		name, method, path, body string
		status                   int
		detail                   string
	}{
		{"put into a shut cell", "POST", "/hands/lockers/L-001/cells/1/put", `{"thing":"x"}`, 409, "door 1 is shut"},
		{"take from a shut cell", "POST", "/hands/lockers/L-001/cells/1/take", ``, 409, "door 1 is shut"},
		{"close a shut door", "POST", "/hands/lockers/L-001/cells/1/close", ``, 409, "shut already"},
		{"no such cell", "POST", "/hands/lockers/L-001/cells/9/jam", ``, 404, "no cell 9"},
		{"no number", "POST", "/hands/lockers/L-001/cells/x/jam", ``, 404, "not a cell"},
		{"no such cabinet", "GET", "/hands/lockers/L-999/cells", ``, 404, "L-999"},
		{"no such button", "POST", "/hands/lockers/L-001/press", `{"button":"x"}`, 400, "no button"},
		{"an unknown field", "POST", "/hands/lockers/L-001/scan", `{"txt":"x"}`, 400, "JSON object"},
		{"not JSON", "POST", "/hands/lockers/L-001/keys", `]`, 400, "JSON object"},
		{"a huge body", "POST", "/hands/lockers/L-001/keys", `{"text":"` + strings.Repeat("1", 20_000) + `"}`, 413, "bytes"},
		{"auto-close says nothing", "POST", "/hands/lockers/L-001/auto-close", `{}`, 400, "seconds"},
		{"auto-close for a day", "POST", "/hands/lockers/L-001/auto-close", `{"seconds":86400}`, 400, "seconds"},
		{"no such hand", "POST", "/hands/lockers/L-001/kick", ``, 404, "no POST"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out := s.do(c.method, c.path, c.body)
			require.Equal(t, c.status, status)
			require.Contains(t, out["detail"], c.detail)
			require.NotEmpty(t, out["code"])
		})
	}
	status, out := s.do("GET", "/hands/lockers/"+string(locker)+"/screen", "")
	require.Equal(t, 200, status)
	require.Equal(t, string(cabinet.ScreenHome), out["screen"])
	s.must("/auto-close", `{"off":true}`)
	s.must("/cells/1/jam", ``)
	require.True(t, s.snapshot().Cells[0].Jammed)
	s.must("/cells/1/unjam", ``)
	require.False(t, s.snapshot().Cells[0].Jammed)
}

func TestPageIsServedFromTheProgram(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	s := start(t, t.TempDir(), g.URL)
	for path, want := range map[string]string{
		"/hands": string(locker), "/hands/": string(locker), "/hands/hands.js": "refresh", "/hands/hands.css": "#screen",
	} {
		res, err := http.Get(s.srv.URL + path)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, 200, res.StatusCode)
		require.Contains(t, string(body), want)
		require.NotContains(t, string(body), "https://", "nothing comes from another host")
	}
}
