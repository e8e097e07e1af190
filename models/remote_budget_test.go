package models_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestRemoteBudget: whoever asks under however many names, the network gets no more than its
// minute's worth in a quarter of an hour once it was asked for more; a person gets no more than an
// hour's worth; and a signer that was started again remembers.
func TestRemoteBudget(t *testing.T) {
	t.Parallel()
	limits := models.RemoteLimits{PerMinute: 5, PerOperator: 7}
	var b models.RemoteBudget
	now := time.UnixMilli(1_900_000_000_000)
	again := func() {
		raw, err := json.Marshal(b)
		require.NoError(t, err)
		b = models.RemoteBudget{}
		require.NoError(t, json.Unmarshal(raw, &b))
	}
	take := func(by, refused string, alarm bool) {
		t.Helper()
		again()
		r, a := b.Take(limits, by, now)
		require.Equal(t, refused, r)
		require.Equal(t, alarm, a)
	}
	for i := range 5 {
		take(fmt.Sprint("stf_", i), "", false)
	}
	take("stf_9", models.RemoteStopped, true)
	take("stf_9", models.RemoteStopped, false)
	now = now.Add(models.RemoteStopsFor - time.Millisecond)
	take("stf_9", models.RemoteStopped, false)
	now = now.Add(time.Millisecond)
	for range 5 {
		take("stf_9", "", false)
	}
	now = now.Add(2 * time.Minute)
	take("stf_9", "", false)
	take("stf_9", "", false)
	take("stf_9", models.RemoteOperatorLimit, true)
	take("stf_8", "", false)
	now = now.Add(time.Hour - 2*time.Minute)
	take("stf_9", "", false)
	require.Len(t, b.Signed, 4, "what is over an hour old is forgotten")
}

// TestRemoteBudgetWithAClockThatJumps: put back, it neither forgets what was signed nor stops for
// longer than it may.
func TestRemoteBudgetWithAClockThatJumps(t *testing.T) {
	t.Parallel()
	limits := models.RemoteLimits{PerMinute: 2, PerOperator: 100}
	now := time.UnixMilli(1_900_000_000_000)
	var b models.RemoteBudget
	for range 2 {
		refused, _ := b.Take(limits, "stf_1", now)
		require.Empty(t, refused)
	}
	back := now.Add(-24 * time.Hour)
	refused, alarm := b.Take(limits, "stf_1", back)
	require.Equal(t, models.RemoteStopped, refused)
	require.True(t, alarm)
	refused, _ = b.Take(limits, "stf_1", back.Add(-48*time.Hour))
	require.Equal(t, models.RemoteStopped, refused)
	refused, _ = b.Take(limits, "stf_1", back.Add(-48*time.Hour).Add(models.RemoteStopsFor))
	require.Empty(t, refused)
}

func TestNewRemoteIsChecked(t *testing.T) {
	t.Parallel()
	good := models.NewRemote{Locker: "lkr_1", Cells: []int{3, 1}, Purpose: models.PurposeHelp, Reason: "a phone is broken"}
	require.NoError(t, good.Check())
	for name, change := range map[string]func(*models.NewRemote){
		"/cells":   func(n *models.NewRemote) { n.Cells = nil },
		"/cells/1": func(n *models.NewRemote) { n.Cells = []int{1, 1} },
		"/cells/0": func(n *models.NewRemote) { n.Cells = []int{0} },
		"/purpose": func(n *models.NewRemote) { n.Purpose = "fun" },
		"/reason":  func(n *models.NewRemote) { n.Reason = "" },
	} {
		n := good
		change(&n)
		var e *models.Error
		require.ErrorAs(t, n.Check(), &e, name)
		require.Equal(t, name, e.Fields[0].Pointer)
	}
	many := good
	many.Cells = nil
	for i := range models.RemoteDoorsMost + 1 {
		many.Cells = append(many.Cells, i+1)
	}
	require.Equal(t, models.CodeInvalid, models.ErrorCode(many.Check()))
}
