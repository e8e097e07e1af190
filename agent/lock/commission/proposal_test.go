package commission_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
	"cubby/agent/lock/commission"
)

// TestWhateverIsFoundCanBeTaken: however odd a wiring is, the proposal is a configuration, and
// says something of each channel.
func TestWhateverIsFoundCanBeTaken(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewSource(1))
	doubts := []commission.Doubt{
		commission.NoDoubt, commission.OtherMoved, commission.SwitchTurned, commission.NothingMoved, commission.ManyMoved, commission.OtherBoard,
		commission.DeadBoard, commission.NotDriven, commission.AlreadyOpen, commission.LeftOut,
	}
	for range 5000 {
		all := []lock.Board{
			{Name: "A", Dialect: lock.DialectKerongCU48, FirstCell: 1, Channels: 4, Feedback: lock.ClosedWhenLocked, Inverted: []int{2}},
			{Name: "B", Dialect: lock.DialectKerongCU48, Address: 1, FirstCell: 5, Channels: 3, Feedback: lock.OpenWhenLocked, Unfitted: []int{6}},
		}
		if r.Intn(2) == 0 {
			all[0].Locks = map[int]int{1: 3, 3: 4, 4: 1}
			all[1].Locks = map[int]int{7: 2} // the channel of a cell without a lock
		}
		var findings []commission.Finding
		for _, b := range all {
			for _, cell := range b.Cells() {
				f := commission.Finding{Board: b.Name, Channel: cell - b.FirstCell + 1, Cell: cell, Doubt: doubts[r.Intn(len(doubts))]}
				cells := b.Cells()
				switch f.Doubt {
				case commission.NoDoubt:
					f.Opened = []int{cell}
				case commission.OtherMoved:
					f.Opened = []int{cells[r.Intn(len(cells))]}
				case commission.SwitchTurned:
					f.Shut = []int{cell}
				case commission.ManyMoved:
					f.Opened = []int{1, 2}
				case commission.OtherBoard:
					f.Opened = []int{1 + r.Intn(7)}
				}
				findings = append(findings, f)
			}
		}
		r.Shuffle(len(findings), func(i, j int) { findings[i], findings[j] = findings[j], findings[i] })
		p := commission.Propose(all, findings)
		require.NoError(t, lock.CheckBoards(p.Boards), "%+v", findings)
		for _, f := range findings {
			for _, b := range p.Boards {
				if b.Name == f.Board {
					opensItsOwn(t, b, f)
				}
			}
		}
		require.Len(t, p.Findings, len(findings))
		for i, f := range p.Findings {
			require.NotEmpty(t, f.Say())
			require.True(t, i == 0 || p.Findings[i-1].Cell < f.Cell, "in the order of the boards")
		}
		require.Equal(t, []int{2}, all[0].Inverted, "what was given is not written to")
	}
}

// opensItsOwn demands that no cell is driven by a channel that was seen to open another door.
func opensItsOwn(t *testing.T, b lock.Board, f commission.Finding) {
	t.Helper()
	for _, cell := range b.Cells() {
		channel, set := b.Locks[cell]
		if !set {
			channel = cell - b.FirstCell + 1
		}
		for _, door := range f.Opened {
			require.True(t, channel != f.Channel || door == cell, "cell %d would open door %d: %+v", cell, door, b)
		}
	}
}
