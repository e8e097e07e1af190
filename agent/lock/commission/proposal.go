package commission

import (
	"fmt"
	"slices"
	"strings"

	"cubby/agent/lock"
)

// Doubt is why somebody has to look at a channel.
type Doubt string

// The doubts.
const (
	NoDoubt      Doubt = ""
	DeadBoard    Doubt = "dead_board"    // its board does not answer
	NotDriven    Doubt = "not_driven"    // its board did not drive the lock
	NothingMoved Doubt = "nothing_moved" // no lock, no switch, or a door that does not open
	AlreadyOpen  Doubt = "already_open"  // its door stood open before, and nothing else moved
	ManyMoved    Doubt = "many_moved"    // more than one door opened
	OtherMoved   Doubt = "other_moved"   // the switch of another channel moved
	OtherBoard   Doubt = "other_board"   // a switch on another board moved
	SwitchTurned Doubt = "switch_turned" // its switch says shut when the door opens
	Shared       Doubt = "shared"        // another channel opens the same door
	LeftOut      Doubt = "left_out"      // too many doors stood open to try it
)

// Finding is what came of driving the lock of one channel.
type Finding struct {
	Board   string `json:"board"`
	Channel int    `json:"channel"` // of the lock, counted from 1
	Cell    int    `json:"cell"`    // of the channel of that number, as configured
	Pulsed  bool   `json:"pulsed,omitempty"`
	Opened  []int  `json:"opened,omitempty"` // cells whose switch saw a door open
	Shut    []int  `json:"shut,omitempty"`   // cells whose switch saw a door shut, though nobody opened it
	Doubt   Doubt  `json:"doubt,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// sure tells whether it need not be tried again. That a switch is turned is as true as what is
// configured of it, which may have been changed since.
func (f Finding) sure() bool { return f.Pulsed && (f.Doubt == NoDoubt || f.Doubt == OtherMoved) }

// strays tells whether another door than the cell's moved.
func (f Finding) strays(cell int) bool {
	return slices.ContainsFunc(f.Opened, func(door int) bool { return door != cell })
}

// Opens tells whether the channel was seen to open the door of a cell, and no other.
func (f Finding) Opens(cell int) bool {
	return len(f.Opened) == 1 && f.Opened[0] == cell || f.Doubt == SwitchTurned && f.Cell == cell
}

// judge names the doubt about what one pulse did. stood: the channel's own door was open.
func (c channel) judge(f Finding, stood bool) Doubt {
	switch {
	case len(f.Opened) > 1:
		return ManyMoved
	case len(f.Opened) == 1 && f.Opened[0] == c.cell:
		return NoDoubt
	case len(f.Opened) == 1 && c.onBoard(f.Opened[0]):
		return OtherMoved
	case len(f.Opened) == 1:
		return OtherBoard
	case slices.Contains(f.Shut, c.cell):
		return SwitchTurned
	case stood:
		return AlreadyOpen
	}
	return NothingMoved
}

func (c channel) onBoard(cell int) bool { return slices.Contains(c.board.Cells(), cell) }

// Say tells a finding in plain words.
func (f Finding) Say() string {
	switch f.Doubt {
	case DeadBoard:
		return "its board does not answer"
	case NotDriven:
		return "its lock was not driven: " + f.Detail
	case NothingMoved:
		if len(f.Shut) > 0 {
			return fmt.Sprintf("no door opened, but the switches of cells %s were seen to shut", list(f.Shut))
		}
		return "no door moved: no lock or no switch is connected, or the door does not open"
	case AlreadyOpen:
		return fmt.Sprintf("door %d stood open before, and nothing else moved: shut it and try again", f.Cell)
	case ManyMoved:
		return fmt.Sprintf("doors %s opened together", list(f.Opened))
	case OtherMoved:
		return fmt.Sprintf("the switch of cell %d moved: see whether that door opened", f.Opened[0])
	case OtherBoard:
		return fmt.Sprintf("the switch of cell %d moved, which is on another board: connect lock and switch to one board", f.Opened[0])
	case SwitchTurned:
		return fmt.Sprintf("the switch of cell %d says shut when its door opens: it is wired the other way", f.Cell)
	case Shared:
		return fmt.Sprintf("door %d is opened by another channel too", f.Opened[0])
	case LeftOut:
		return "not tried: too many doors stand open"
	}
	return fmt.Sprintf("door %d opened", f.Cell)
}

func list(cells []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(cells), " ", ", "), "[]")
}

// Proposal is the boards as they seem to be wired.
type Proposal struct {
	Boards   []lock.Board
	Findings []Finding // of each channel that was looked at, in the order of the boards
	// Without lists cells that no channel is known to open, and whose own one opens another door or
	// drives another cell: they are left out of the proposed boards.
	Without []int
}

// Doubtful lists the findings that somebody has to look at.
func (p Proposal) Doubtful() []Finding {
	return slices.DeleteFunc(slices.Clone(p.Findings), func(f Finding) bool { return f.Doubt == NoDoubt })
}

// Propose makes a proposal of boards and what was found of them. What is in doubt stays as it is
// configured, save for a channel that another cell needs, or that was seen to open another door:
// nobody is to be let into a cell that is not theirs. The boards pass lock.CheckBoards if they did so
// before.
func Propose(boards []lock.Board, findings []Finding) Proposal {
	p := Proposal{Boards: Bare(boards), Findings: slices.Clone(findings)}
	openers := map[int]int{} // by cell: channels that open its door and no other
	for _, f := range p.Findings {
		if len(f.Opened) == 1 {
			openers[f.Opened[0]]++
		}
	}
	for i, f := range p.Findings {
		if len(f.Opened) == 1 && openers[f.Opened[0]] > 1 {
			p.Findings[i].Doubt = Shared
		}
	}
	place := func(f Finding) int {
		return slices.IndexFunc(boards, func(b lock.Board) bool { return b.Name == f.Board })*1000 + f.Channel
	}
	slices.SortStableFunc(p.Findings, func(a, b Finding) int { return place(a) - place(b) })
	for i := range p.Boards {
		p.Without = append(p.Without, wire(&p.Boards[i], boards[i].Locks, p.Findings)...)
	}
	return p
}

// wire puts what was found into one board, and returns the cells that are left out. configured is
// what drives the cells of which nothing was found.
func wire(b *lock.Board, configured map[int]int, findings []Finding) (without []int) {
	drives := map[int]int{} // by cell: the channel, where it is known
	taken := map[int]bool{}
	found := map[int]Finding{} // by channel
	for _, f := range findings {
		if f.Board != b.Name {
			continue
		}
		found[f.Channel] = f
		switch f.Doubt {
		case NoDoubt, OtherMoved:
			drives[f.Opened[0]], taken[f.Channel] = f.Channel, true
		case SwitchTurned:
			drives[f.Cell], taken[f.Channel] = f.Channel, true
			b.Inverted = toggled(b.Inverted, f.Cell)
		}
	}
	cells := b.Cells()
	for _, cell := range cells {
		ch, set := configured[cell]
		if _, known := drives[cell]; set && !known && !taken[ch] && !found[ch].strays(cell) {
			drives[cell], taken[ch] = ch, true
		}
	}
	for _, cell := range cells {
		own := cell - b.FirstCell + 1
		ch, known := drives[cell]
		_, set := configured[cell]
		switch {
		case known && ch != own:
			if b.Locks == nil {
				b.Locks = map[int]int{}
			}
			b.Locks[cell] = ch
		case !known && (set || taken[own] || found[own].strays(cell)):
			without = append(without, cell)
		}
	}
	if len(without) > 0 {
		b.Unfitted = append(slices.Clone(b.Unfitted), without...)
	}
	return without
}

func toggled(cells []int, cell int) []int {
	if i := slices.Index(cells, cell); i >= 0 {
		return slices.Delete(slices.Clone(cells), i, i+1)
	}
	cells = append(slices.Clone(cells), cell)
	slices.Sort(cells)
	return cells
}
