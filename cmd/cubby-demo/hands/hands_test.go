package hands_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/cmd/cubby-demo/boards"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

func TestOneParcelGoesInAndOut(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	server := s.gateway.Cabinet(locker)
	s.login()
	s.must("/scan", `{"text":"LABEL-1"}`)
	s.doorIsSeenOpen(1, 1)
	s.must("/cells/1/put", `{"thing":"LABEL-1"}`)
	s.must("/cells/1/close", ``)
	s.eventually("the server knows the deposit", func(snap sites.Snapshot) bool {
		return server.Has(models.FactDeposited) && snap.Cells[0].State == models.CellOccupied
	})
	s.must("/press", `{"button":"finish"}`)

	// The cabinet's memory survives, and so do its doors and things: what follows is done by
	// another run of everything, which needs no claim.
	s.stop()
	s.start()
	s.eventually("the line stands again", func(snap sites.Snapshot) bool { return snap.Online })
	require.Equal(t, []string{"LABEL-1"}, s.snapshot().Cells[0].Content)

	s.must("/keys", `{"text":"`+models.PickupCode(server.Key(), "shp_1", 1)+`"}`)
	s.doorIsSeenOpen(1, 2)
	require.Equal(t, []any{"LABEL-1"}, s.must("/cells/1/take", ``)["taken"])
	s.must("/cells/1/close", `{}`)
	s.eventually("the pickup is told and the cell is free", func(snap sites.Snapshot) bool {
		return server.Has(models.FactPickedUp) && server.Has(models.FactCellFreed) && snap.Cells[0].State == models.CellFree
	})
	require.Equal(t, []models.OpenOutcome{models.Opened, models.Opened}, server.Outcomes())
}

// TestEveryFamilyOfBoards: a cabinet may have lock boards of any family. One after
// another: the others need the processor to see doors that shut by themselves.
func TestEveryFamilyOfBoards(t *testing.T) {
	for _, family := range boards.Families() {
		if family == boards.FamilyInputs {
			continue // no lock board
		}
		t.Run(family, func(t *testing.T) {
			s := newStandWith(t, sites.Build{Family: family})
			for _, b := range s.snapshot().Boards {
				require.True(t, b.Up, b.Name)
			}
			require.NoError(t, s.site().OpenPast(t.Context(), 2))
			s.doorIsSeenOpen(2, 1)
			s.must("/cells/2/close", ``)
			s.eventually("the door is seen shut", func(snap sites.Snapshot) bool { return !snap.Cells[1].DoorOpen })
			require.Equal(t, []int{0, 1}, []int{s.site().Truth(1).Pulses, s.site().Truth(2).Pulses})
		})
	}
}

// TestCutLine: the cabinet goes on without it, and tells everything when it is back.
func TestCutLine(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.must("/auto-close", `{"seconds":0.1}`)
	s.must("/line/cut", ``)
	s.eventually("the line is gone", func(snap sites.Snapshot) bool { return !snap.Online && snap.LineCut })
	s.login()
	s.must("/scan", `{"text":"LABEL-1"}`)
	s.eventually("the parcel is in", func(snap sites.Snapshot) bool { return snap.Cells[0].State == models.CellOccupied })
	require.Positive(t, s.snapshot().Unsent)
	require.True(t, s.snapshot().Screen.Offline)
	require.False(t, s.gateway.Cabinet(locker).Has(models.FactDeposited))

	s.must("/line/restore", ``)
	s.eventually("the server knows", func(snap sites.Snapshot) bool {
		return snap.Online && !snap.LineCut && snap.Unsent == 0 && s.gateway.Cabinet(locker).Has(models.FactDeposited)
	})
}

// TestCutPower: with a door open. Whoever asks meanwhile is told, and finds the cabinet in
// the list.
func TestCutPower(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.login()
	s.must("/scan", `{"text":"LABEL-1"}`)
	s.doorOpens(1)
	s.must("/power/cut", ``)
	for method, path := range map[string]string{"GET": "/screen", "POST": "/power/cut"} {
		status, out := s.do(method, "/hands/lockers/"+string(locker)+path, "")
		require.Contains(t, []int{http.StatusServiceUnavailable, http.StatusConflict}, status)
		require.Contains(t, out["detail"], "power")
	}
	status, out := s.do("GET", "/hands/lockers", "")
	require.Equal(t, http.StatusOK, status)
	listed := out["lockers"].([]any)[0].(map[string]any)
	require.Equal(t, string(locker), listed["locker"])
	require.Equal(t, false, listed["power"])
	require.Equal(t, "L-001", listed["number"], "a dark cabinet is still known by its number")
	status, _ = s.do("POST", "/hands/lockers/"+string(locker)+"/keys", `{"text":"1"}`)
	require.Equal(t, http.StatusServiceUnavailable, status)

	s.must("/cells/1/put", `{"thing":"LABEL-1"}`) // steel needs no power
	s.must("/cells/1/close", ``)
	status, out = s.do("POST", "/hands/lockers/L-001/power/restore", "")
	require.Equal(t, http.StatusOK, status, "%v", out)
	s.eventually("the cell is in doubt", func(snap sites.Snapshot) bool { return snap.Cells[0].Doubtful && snap.Power })
	require.Equal(t, []string{"LABEL-1"}, s.snapshot().Cells[0].Content)
	require.Equal(t, 1, s.snapshot().Cells[0].Pulses, "no lock is driven again by itself")
	status, _ = s.do("POST", "/hands/lockers/"+string(locker)+"/power/restore", "")
	require.Equal(t, http.StatusConflict, status)
}

// TestSwitchesAreListed: with power and without, so that a page can always draw them.
func TestSwitchesAreListed(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	listed := func() map[string]any {
		status, out := s.do("GET", "/hands/lockers", "")
		require.Equal(t, http.StatusOK, status)
		return out["lockers"].([]any)[0].(map[string]any)
	}
	boards := func(l map[string]any) (names []string, unplugged []bool) {
		for _, b := range l["boards"].([]any) {
			names = append(names, b.(map[string]any)["name"].(string))
			unplugged = append(unplugged, b.(map[string]any)["unplugged"].(bool))
		}
		return names, unplugged
	}
	for _, power := range []bool{true, false} {
		if !power {
			s.must("/power/cut", ``)
		}
		require.Equal(t, power, listed()["power"])
		require.Equal(t, false, listed()["line_cut"])
		s.must("/line/cut", ``)
		s.must("/boards/1/unplug", ``)
		l := listed()
		require.Equal(t, true, l["line_cut"])
		names, unplugged := boards(l)
		require.Equal(t, []string{"A", "B"}, names)
		require.Equal(t, []bool{false, true}, unplugged)
		s.must("/line/restore", ``)
		s.must("/boards/1/plug", ``)
		_, unplugged = boards(listed())
		require.Equal(t, []bool{false, false}, unplugged)
	}
}

// TestAgentThatDied: power can be cut from a computer whose program has ended by itself.
func TestAgentThatDied(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	require.NoError(t, s.site().Agent().Kill9())
	s.must("/power/cut", ``)
	s.must("/power/restore", ``)
	s.eventually("it serves", func(snap sites.Snapshot) bool { return snap.Online })
}

func TestUnplugBoard(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.must("/boards/0/unplug", ``)
	s.eventually("its cells are out of service", func(snap sites.Snapshot) bool {
		return !snap.Boards[0].Up && snap.Boards[0].Unplugged && snap.Boards[1].Up && snap.Cells[0].State == models.CellOutOfService
	})
	s.must("/boards/0/plug", ``)
	s.eventually("they serve again", func(snap sites.Snapshot) bool {
		return snap.Boards[0].Up && snap.Cells[0].State == models.CellFree
	})
	require.Eventually(t, func() bool { return s.gateway.Cabinet(locker).Has(models.FactBoardUp) }, soon, often)
}

func TestHandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		detail                   string
	}{
		{"put into a shut cell", "POST", "/hands/lockers/L-001/cells/1/put", `{"thing":"x"}`, 409, "door 1 is shut"},
		{"take from a shut cell", "POST", "/hands/lockers/L-001/cells/1/take", ``, 409, "door 1 is shut"},
		{"close a shut door", "POST", "/hands/lockers/L-001/cells/1/close", ``, 409, "shut already"},
		{"no such cell", "POST", "/hands/lockers/L-001/cells/65/jam", ``, 404, "no cell 65"},
		{"no number", "POST", "/hands/lockers/L-001/cells/x/jam", ``, 404, "not a cell"},
		{"no such cabinet", "GET", "/hands/lockers/L-999/cells", ``, 404, "L-999"},
		{"no such button", "POST", "/hands/lockers/L-001/press", `{"button":"x"}`, 400, "no such button"},
		{"an unknown field", "POST", "/hands/lockers/L-001/scan", `{"txt":"x"}`, 400, "JSON object"},
		{"not JSON", "POST", "/hands/lockers/L-001/keys", `]`, 400, "JSON object"},
		{"a huge body", "POST", "/hands/lockers/L-001/keys", `{"text":"` + strings.Repeat("1", 20_000) + `"}`, 413, "bytes"},
		{"auto-close says nothing", "POST", "/hands/lockers/L-001/auto-close", `{}`, 400, "seconds"},
		{"auto-close for a day", "POST", "/hands/lockers/L-001/auto-close", `{"seconds":86400}`, 400, "seconds"},
		{"power that is there", "POST", "/hands/lockers/L-001/power/restore", ``, 409, "there is power"},
		{"no such act on the power", "POST", "/hands/lockers/L-001/power/halve", ``, 404, "cut and restored"},
		{"no such act on the line", "POST", "/hands/lockers/L-001/line/halve", ``, 404, "cut and restored"},
		{"no such board", "POST", "/hands/lockers/L-001/boards/2/unplug", ``, 404, "no board 2"},
		{"no board's number", "POST", "/hands/lockers/L-001/boards/A/unplug", ``, 404, "not a board"},
		{"no such act on a board", "POST", "/hands/lockers/L-001/boards/1/saw", ``, 404, "unplugged and plugged"},
		{"no such hand", "POST", "/hands/lockers/L-001/kick", ``, 404, "no POST"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out := s.do(c.method, c.path, c.body)
			require.Equal(t, c.status, status, "%v", out)
			require.Contains(t, out["detail"], c.detail)
			require.NotEmpty(t, out["code"])
		})
	}
	status, out := s.do("GET", "/hands/lockers/L-001/screen", "")
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
	s := newStand(t)
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
