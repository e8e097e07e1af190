package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/boards"
)

// piece is the configuration's piece that commission printed, in place of what was there.
func (p *place) piece(out string) []bus {
	p.t.Helper()
	var c config
	require.NoError(p.t, json.Unmarshal([]byte(out[strings.Index(out, "\n{")+1:]), &c), out)
	require.NoError(p.t, os.WriteFile(p.in("piece.json"), []byte(out[strings.Index(out, "\n{")+1:]), 0o600))
	return c.Buses
}

// TestCommission: two locks are crossed and a board is dead. What is printed is a configuration,
// with which the right doors open; and what was in doubt is tried again, alone.
func TestCommission(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4, 2)
	p.steel.WireLock(1, 2)
	p.steel.WireLock(2, 1)
	p.steel.SetAutoClose(200 * time.Millisecond)
	p.bus.Misbehave(1, boards.FaultSilence)
	out, err := p.call("commission", "--watch", "5s")
	require.ErrorContains(t, err, "4 of 6 channels need a look")
	require.Contains(t, out, "1 of 6: board A, channel 1: the switch of cell 2 moved")
	require.Contains(t, out, "4 of 6: board A, channel 4: door 4 opened\n")
	require.Contains(t, strings.Join(row(t, out, "B", "1"), " "), "its board does not answer")
	buses := p.piece(out)
	require.Equal(t, map[int]int{1: 2, 2: 1}, buses[0].Boards[0].Locks)
	require.Nil(t, buses[0].Boards[1].Locks)
	require.NoFileExists(t, p.in("data/spool.jsonl"), "a cabinet that never ran has nothing to journal")

	p.bus.Misbehave(1, boards.FaultNone)
	p.configure(map[string]any{"buses": buses})
	out, err = p.call("commission", "--watch", "5s")
	require.ErrorContains(t, err, "2 of 6 channels need a look", "the crossed ones")
	require.Equal(t, buses, p.piece(out), "a proposal that is taken is proposed again")
	for cell := 1; cell <= 6; cell++ {
		require.Equal(t, 1, p.steel.Truth(cell).Pulses, "cell %d", cell)
	}

	p.steel.SetAutoClose(0)
	p.enroll()
	_, err = p.call("open", "--cell", "1")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.steel.Truth(1).Open }, soon, often)
	require.False(t, p.steel.Truth(2).Open)
}

// TestCommissionOfAUsedCabinet: each opening is journalled, and the program must not run.
func TestCommissionOfAUsedCabinet(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 2).enroll()
	r := p.run()
	_, err := r.call("commission")
	require.ErrorContains(t, err, "another program runs this cabinet")
	require.NoError(t, r.stop())
	p.steel.SetAutoClose(200 * time.Millisecond)
	out, err := p.call("commission", "--watch", "5s")
	require.NoError(t, err, out)
	p.run()
	require.Eventually(t, func() bool {
		opened := p.opened()
		slices.Sort(opened)
		return slices.Equal(opened, []int{1, 2})
	}, soon, often, "the server knows")
}

func TestCommissionWithOddFindings(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 2)
	require.NoError(t, os.MkdirAll(p.in("data"), 0o700))
	require.NoError(t, os.WriteFile(p.in("data/commission.json"), []byte("{"), 0o600))
	_, err := p.call("commission")
	require.ErrorContains(t, err, "--again begins anew")
}
