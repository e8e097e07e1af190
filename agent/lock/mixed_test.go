package lock_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
	"cubby/cmd/cubby-demo/boards"
)

// mixed is a line with boards of four families of one speed, and one input module that two
// of them read.
func mixed(t *testing.T) *rig {
	t.Helper()
	const unit = 50
	at := func(name, dialect string, address, first, channels int) lock.Board {
		return lock.Board{Name: name, Dialect: dialect, Address: address, FirstCell: first, Channels: channels, Feedback: lock.ClosedWhenLocked}
	}
	all := []lock.Board{
		at("A", lock.DialectShuoming8A, 1, 1, 24), at("B", lock.DialectWKLY, 1, 25, 12), at("C", lock.DialectWinnsen, 1, 37, 4),
		at("D", lock.DialectR413Relay, 3, 41, 8), at("E", lock.DialectR413Relay, 4, 49, 8),
	}
	all[3].Inputs, all[4].Inputs = &lock.Inputs{Address: unit}, &lock.Inputs{Address: unit, First: 9}
	r := &rig{line: filepath.Join(t.TempDir(), "bus")}
	var err error
	r.steel, err = boards.OpenSteel(filepath.Join(t.TempDir(), "steel"), 0)
	require.NoError(t, err)
	far := []boards.Board{{Family: boards.FamilyInputs, Address: unit, First: 41, Locks: 16, Contacts: 1}}
	for i, family := range []string{boards.FamilyShuoming8A, boards.FamilyWKLY, boards.FamilyWinnsen, boards.FamilyR413Relay, boards.FamilyR413Relay} {
		b := all[i]
		far = append(far, boards.Board{Family: family, Address: b.Address, First: b.FirstCell, Locks: b.Channels, Pushes: true})
		r.sockets = append(r.sockets, []int{i + 1})
	}
	r.sim, err = boards.NewBus(r.line, r.steel, far)
	require.NoError(t, err)
	r.drive(t, "serial:"+r.line+"?baud=9600", all)
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, r.sim.Unplug())
		require.NoError(t, r.steel.Stop())
	})
	return r
}

func TestFamiliesShareALine(t *testing.T) {
	r := mixed(t)
	var opened []int
	for i, cell := range []int{24, 25, 40, 41, 56} {
		r.await(t, i, true)
		r.opens(t, cell, opened...)
		opened = append(opened, cell)
	}
	for i, name := range []string{"A", "B", "C", "D", "E"} {
		require.Empty(t, r.toldBoard(name), "it never went down")
		r.misbehave(i, boards.FaultSilence)
		r.await(t, i, false)
	}
	for i := range r.sockets {
		r.misbehave(i, boards.FaultNone)
		r.await(t, i, true)
	}
	r.onlyPulsed(t, opened...)
}

// TestALateModuleIsOfBothItsBoards: an answer that comes while the other board of the module is
// asked says of no door what is true of another.
func TestALateModuleIsOfBothItsBoards(t *testing.T) {
	r := mixed(t)
	r.await(t, 3, true)
	r.await(t, 4, true)
	r.opens(t, 41)
	r.sim.Misbehave(0, boards.FaultLate)
	r.looked(t, 60)
	r.sim.Misbehave(0, boards.FaultNone)
	r.await(t, 3, true)
	r.await(t, 4, true)
	for _, e := range r.heard() {
		require.False(t, e.Open && e.Cell != 41, "door %d was told open", e.Cell)
	}
	require.True(t, r.open(41))
}
