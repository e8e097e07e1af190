package run_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/run"
)

// TestPast: of a past that was cut off when two days were left, both are lived through the product, each by its own clock,
// and a page of each day can be had afterwards. A second start lives nothing again.
func TestPast(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("SKIPPED: a program's clock can be set on amd64 alone")
	}
	bin, dir := rigtest.Programs(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "past.json"), []byte(`{"left":2}`), 0o600))
	count := func() (ended int, days map[string]int) {
		var progress bytes.Buffer
		system, err := run.Start(t.Context(), run.Options{Bin: bin, Var: dir, Progress: &progress, Full: true, AutoClose: time.Minute})
		require.NoError(t, err, progress.String())
		defer func() { require.NoError(t, system.Stop()) }()
		operator, err := client.NewClientWithResponses(system.APIURL, client.WithKey(system.OperatorKey))
		require.NoError(t, err)
		days = map[string]int{}
		for cursor := (*string)(nil); ; {
			res, err := operator.ListShipmentsWithResponse(t.Context(), &client.ListShipmentsParams{Cursor: cursor})
			require.NoError(t, err)
			require.NotNil(t, res.JSON200, string(res.Body))
			for _, s := range res.JSON200.Items {
				if !strings.HasPrefix(s.Number, "D0") {
					continue // of today
				}
				require.Contains(t, []string{"picked_up", "cancelled"}, string(s.State), s.Number)
				ended++
				days[s.Number[:3]+s.CreatedAt.Format(" 2006-01-02 15h")]++
				require.WithinDuration(t, s.CreatedAt, s.UpdatedAt, 10*time.Minute, "nothing of it happened today")
			}
			if cursor = res.JSON200.NextCursor; cursor == nil {
				return ended, days
			}
		}
	}
	ended, days := count()
	require.Equal(t, 29, ended)
	require.Len(t, days, 2, "%v", days)
	now := time.Now().UTC()
	for day, behind := range map[string]time.Duration{"D02": 47 * time.Hour, "D01": 21 * time.Hour} {
		at := now.Add(-behind)
		require.True(t, days[day+at.Format(" 2006-01-02 15h")] > 0 || days[day+at.Add(-time.Hour).Format(" 2006-01-02 15h")] > 0, "%s: %v", day, days)
	}
	again, _ := count()
	require.Equal(t, ended, again)
}
