package stage_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/stage"
)

// previous is the commit whose agent must still work: the last one before the whole life of a shipment. Cabinets in the
// field are updated later than their server.
const previous = "a5b6966ab37c1dd55684aa93746dc7dc53948e63"

const playLimit = 2 * time.Minute

// TestPreviousAgent has the agent of an earlier commit, built from the history, serve a cabinet of today's server. Where
// the history does not reach so far, what that agent once said is played against today's gateway instead.
func TestPreviousAgent(t *testing.T) {
	t.Parallel()
	if out, err := exec.CommandContext(t.Context(), "git", "cat-file", "-e", previous+"^{commit}").CombinedOutput(); err != nil {
		t.Logf("REPLAYED: commit %s is not in this checkout's history (%v %s): its captured session is played", previous, err, out)
		out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "-run", "^TestFrozenSession$", "cubby/api/gateway").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: TestFrozenSession", "it ran")
		return
	}
	bin := rigtest.Programs(t)
	began := time.Now()
	agent := buildPrevious(t)
	t.Logf("BUILT: the agent of commit %s, in %s, and it serves a cabinet of this server", previous, time.Since(began).Round(100*time.Millisecond))
	dir := t.TempDir()
	set, err := stage.Start(t.Context(), stage.Options{Dir: dir, Bin: bin, Agent: agent})
	require.NoError(t, err)
	defer func() { require.NoError(t, set.Stop()) }()
	ctx, cancel := context.WithTimeout(t.Context(), playLimit)
	defer cancel()

	locker := set.Lockers[0].ID
	at, err := set.Build(ctx, locker) // it stands already
	require.NoError(t, err)
	require.NoError(t, at.AwaitReady(ctx))
	carrier := people.Carrier{Service: set.REST(set.CarrierKey)}
	const to = "client@example.org"
	s, err := carrier.Announce(ctx, "one", people.Announcement{
		Number: "ONE", Locker: locker, Policy: "express", Contact: people.Contact{Email: to}, Parcels: []people.NewParcel{{Size: "M"}, {Size: "M"}},
	})
	require.NoError(t, err)
	labels := []string{s.Parcels[0].Barcode, s.Parcels[1].Barcode}
	courier := people.Courier{Badge: set.Badge, PIN: set.PIN, At: at}
	require.NoError(t, courier.Deposit(ctx, labels...))
	client := people.Client{Mail: set.Mailbox(to), At: at}
	code, err := client.Code(ctx)
	require.NoError(t, err)
	require.NoError(t, client.Pickup(ctx, code, labels...))
	_, err = carrier.AwaitState(ctx, s.ID, "picked_up")
	require.NoError(t, err)

	log, err := os.ReadFile(filepath.Join(dir, "cabinets", locker, "agent.log"))
	require.NoError(t, err)
	require.Contains(t, string(log), `"version":"`+previous+`"`, "it was that agent")
	require.NotContains(t, string(log), "was not understood", "nothing that the server said was strange to it")
}

// buildPrevious builds the agent of the commit and returns its path.
func buildPrevious(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	archive := filepath.Join(dir, "source.tar")
	path := filepath.Join(dir, "cubby-agent")
	root, err := exec.CommandContext(t.Context(), "git", "rev-parse", "--show-toplevel").Output()
	require.NoError(t, err)
	source := filepath.Join(dir, "source")
	require.NoError(t, os.Mkdir(source, 0o700))
	for _, step := range []struct {
		in   string
		args []string
	}{
		{strings.TrimSpace(string(root)), []string{"git", "archive", "--output", archive, previous}},
		{source, []string{"tar", "-xf", archive}},
		{source, []string{"go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=" + previous, "-o", path, "./cmd/cubby-agent"}},
	} {
		command := exec.CommandContext(t.Context(), step.args[0], step.args[1:]...)
		command.Dir, command.Env = step.in, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%v: %s", step.args, out)
	}
	return path
}
