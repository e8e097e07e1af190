package guide_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/boards"
	"cubby/cmd/cubby-demo/guide"
	"cubby/cmd/cubby-demo/inbox"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rig"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/run"
)

const docs = "../../../docs/"

func TestScript(t *testing.T) {
	page := "a\n```sh\none\n```\n```console\n$ two\n```\ntext\n```sh\nthree \\\n  four\n```\n"
	require.Equal(t, "set -euo pipefail\none\nthree \\\n  four\n", guide.Script(page))
}

// TestFollowTellsOfWhatFails: a page whose commands fail is no page that works.
func TestFollowTellsOfWhatFails(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "page.md")
	require.NoError(t, os.WriteFile(page, []byte("```sh\necho before\nfalse\necho after\n```\n"), 0o600))
	out, err := guide.Follow(t.Context(), page, dir, nil, nil)
	require.ErrorContains(t, err, "the page's commands ended")
	require.Equal(t, "before\n", out)
}

// TestPilot follows docs/pilot.md, and then loads and empties the cabinet that is there.
func TestPilot(t *testing.T) {
	t.Parallel()
	programs, dir := rigtest.Programs(t), t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	db, err := rig.StartPostgres(ctx, rig.PostgresOptions{NoSync: true, Log: filepath.Join(dir, "postgres.log")})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Stop()) }()
	temporal, err := rig.StartTemporal(ctx, rig.TemporalOptions{
		Binary: filepath.Join(programs, "cubby-temporal"), DataDir: filepath.Join(dir, "temporal"), Log: filepath.Join(dir, "temporal.log"),
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, temporal.Stop()) }()

	ports, err := rig.FreePorts(5)
	require.NoError(t, err)
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	mail, err := inbox.Start(ctx, inbox.Options{Address: at(4), Dir: filepath.Join(dir, "inbox")})
	require.NoError(t, err)
	defer func() { require.NoError(t, mail.Close()) }()
	steel, err := boards.OpenSteel(filepath.Join(dir, "steel.json"), 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, steel.Stop()) }()
	bus, err := boards.NewBus(filepath.Join(dir, "bus"), steel, []boards.Board{{Address: 0, First: 1, Locks: 16}})
	require.NoError(t, err)
	defer func() { require.NoError(t, bus.Unplug()) }()
	scanner, err := boards.NewScanner(filepath.Join(dir, "scanner"))
	require.NoError(t, err)
	defer func() { require.NoError(t, scanner.Close()) }()

	// A socket's path is short.
	work, err := os.MkdirTemp("", "pilot-")
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(work)) }()
	out, err := guide.Follow(ctx, docs+"pilot.md", work, []string{
		"PATH=" + absolute(t, programs) + ":" + os.Getenv("PATH"), "MAIL=client@example.org",
		"CUBBY_DATABASE_URL=" + db.DSN, "CUBBY_TEMPORAL_ADDRESS=" + temporal.Address, "CUBBY_LISTEN=" + at(0),
		"CUBBY_OPS_LISTEN=" + at(1), "CUBBY_GATEWAY_LISTEN=" + at(2), "GATEWAY=" + at(2), "SCREEN=" + at(3),
		"CUBBY_SMTP_ADDRESS=" + at(4), "CUBBY_SMTP_TLS=none",
		"BOARDS=" + filepath.Join(dir, "bus"), "SCANNER=" + filepath.Join(dir, "scanner"),
	}, func(ctx context.Context) error {
		shows := func(what, text string, act func() error) error {
			return people.Await(ctx, what, 300*time.Millisecond, func() (bool, string, error) {
				seen, err := view(ctx, at(3))
				if err != nil || seen == text {
					return seen == text, seen, err
				}
				return false, seen, act()
			})
		}
		idle := func() error { return nil }
		if err := shows("the courier to be known", "pin", func() error {
			people.Pause(ctx, people.ScanAgain)
			return scanner.Scan("PILOT-1")
		}); err != nil {
			return err
		}
		if err := keys(ctx, at(3), "1234"); err != nil {
			return err
		}
		if err := shows("the courier's page", "courier", idle); err != nil {
			return err
		}
		if err := scanner.Scan("PILOT-PARCEL-1"); err != nil {
			return err
		}
		return shows("an open door", "put_in", idle)
	})
	if err != nil {
		for _, name := range []string{"server.log", "agent.log"} {
			raw, _ := os.ReadFile(filepath.Join(work, name))
			t.Logf("%s:\n%s", name, raw)
		}
	}
	require.NoError(t, err, out)
}

// TestIntegrate follows docs/integrate.md in the sandbox.
func TestIntegrate(t *testing.T) {
	t.Parallel()
	programs := rigtest.Programs(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	system, err := run.Start(ctx, run.Options{Bin: programs, Var: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, system.Stop()) }()
	out, err := guide.Follow(ctx, docs+"integrate.md", t.TempDir(), []string{"CUBBY=" + system.APIURL, "KEY=" + system.Sandbox.Key}, nil)
	require.NoError(t, err, out)
	require.Contains(t, out, "shipment.picked_up")
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	require.NoError(t, err)
	return full
}

// view is the name of what a cabinet's screen says.
func view(ctx context.Context, screen string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+screen+"/view", http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var v struct{ Text string }
	err = json.NewDecoder(res.Body).Decode(&v)
	return v.Text, err
}

func keys(ctx context.Context, screen, text string) error {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+screen+"/keys", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(raw)))
	}
	return err
}
