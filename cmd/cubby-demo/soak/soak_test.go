package soak

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

// played runs rows and returns the table's lines, split, and what Main returned.
func played(ctx context.Context, t *testing.T, rows string) (map[string][]string, string, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "rows")
	require.NoError(t, os.WriteFile(file, []byte(rows), 0o600))
	var out bytes.Buffer
	err := Main(ctx, []string{"--rows", file, "--logs", filepath.Join(dir, "logs")}, &out, &out)
	_, printed, _ := strings.Cut(out.String(), "ROW ")
	lines := map[string][]string{}
	for line := range strings.Lines(printed) {
		fields := strings.Fields(line)
		lines[fields[0]] = fields
	}
	return lines, out.String(), err
}

func TestRowsAfterAFailureAreRun(t *testing.T) {
	t.Parallel()
	lines, out, err := played(t.Context(), t, "# a remark\n\nfirst N=7 M=x -- test $N$M = 7x\nsecond -- echo it broke; false | true\nthird -- true\n")
	require.Equal(t, rig.ExitStatus(1), err)
	require.Equal(t, []string{"first", "N=7", "M=x", "passed", "0s"}, lines["first"])
	require.Equal(t, []string{"second", "-", "FAILED", "0s"}, lines["second"])
	require.Equal(t, []string{"third", "-", "passed", "0s"}, lines["third"])
	require.Contains(t, out, "it broke", "the end of what it printed")
	require.Equal(t, []string{"soak:", "failed"}, lines["soak:"])

	lines, _, err = played(t.Context(), t, "only -- true")
	require.NoError(t, err)
	require.Equal(t, []string{"soak:", "passed"}, lines["soak:"])
}

// TestInterrupted: the row under way ends with all that it has started, and the table is printed all the same.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() {
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for ctx.Err() == nil {
			<-look.C
			if raw, err := os.ReadFile(pid); err == nil && len(raw) > 0 {
				cancel()
			}
		}
	}()
	lines, _, err := played(ctx, t, "long -- sleep 600 & echo $! >"+pid+"; wait\nnext -- true\n")
	require.Equal(t, rig.ExitStatus(1), err)
	require.Equal(t, "INTERRUPTED", lines["long"][2])
	require.Equal(t, []string{"next", "-", "NOT", "RUN", "0s"}, lines["next"])
	raw, err := os.ReadFile(pid)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		state, err := os.ReadFile("/proc/" + strings.TrimSpace(string(raw)) + "/stat")
		return err != nil || strings.Contains(string(state), ") Z ")
	}, 5*time.Second, 10*time.Millisecond, "the sleeper goes on")
}

func TestRowsThatAreNone(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	for text, want := range map[string]string{
		"":                     "there is no row",
		"a\n":                  "line 1 is not",
		"\n-- true":            "line 2 is not",
		"a -- ":                "line 1 is not",
		"a b -- true":          `"b" is no PARAMETER=value`,
		"a -- true\na -- true": `line 2: the name "a"`,
		"../a -- true":         "the name",
		"A=1 -- true":          "the name",
	} {
		_, err := parse(text, none)
		require.ErrorContains(t, err, want, text)
	}
	rows, err := parse("a N=1 M=2 -- x -- y", func(name string) (string, bool) { return "9", name == "N" })
	require.NoError(t, err)
	require.Equal(t, []row{{"a", []string{"N=9", "M=2"}, "x -- y"}}, rows, "what the environment says counts")
}

// TestTheRows: those that make soak runs can be read.
func TestTheRows(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("rows")
	require.NoError(t, err)
	rows, err := parse(string(raw), os.LookupEnv)
	require.NoError(t, err)
	require.NotEmpty(t, rows)
}
