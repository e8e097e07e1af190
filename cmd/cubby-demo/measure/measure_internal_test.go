package measure

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

func TestQuantile(t *testing.T) {
	require.Equal(t, 3, quantile([]int{5, 1, 3, 2, 4}, .5))
	require.Equal(t, 5, quantile([]int{5, 1, 3, 2, 4}, .99))
	require.Equal(t, 1, quantile([]int{5, 1, 3}, 0))
	require.Zero(t, quantile([]int{}, .5))
}

func TestDoorsFigures(t *testing.T) {
	const ms = time.Millisecond
	r := doorsFigures(3, []time.Duration{40 * ms, 20 * ms, 90 * ms}, []time.Duration{8 * ms, 6 * ms, 30 * ms}, []time.Duration{2 * ms, ms, 4 * ms})
	require.Equal(t, &doorsReport{
		Pickups: 3, CommitMS: 2, OfflineP50MS: 8, OfflineP99MS: 30, OfflineRatio: 4, OnlineP50MS: 40, OnlineP99MS: 90,
	}, r)
}

func TestPerAgent(t *testing.T) {
	require.InDelta(t, 50, perAgent(100<<20, 100<<20+1900*50*1024, 100, 2000), 1e-9)
}

func TestReportLeavesOutWhatWasNotMeasured(t *testing.T) {
	raw, err := json.Marshal(report{memoryReport: &memoryReport{Agents: 7}})
	require.NoError(t, err)
	require.JSONEq(t, `{"agents": 7, "kib_per_agent": 0, "kib_rounds": null}`, string(raw))
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"--pickups", "65"}, {"--few", "10", "--many", "10"}, {"--only", "smell"}} {
		require.ErrorContains(t, Main(t.Context(), args, io.Discard, io.Discard), "measure:")
	}
	var usage bytes.Buffer
	require.ErrorIs(t, Main(t.Context(), []string{"--smell"}, io.Discard, &usage), rig.ExitStatus(2))
}
