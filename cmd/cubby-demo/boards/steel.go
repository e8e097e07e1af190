package boards

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// behind is added to a cell's number to name the door at its back: both open on the same things.
const behind = 1000

// Door names the door of a cell in front, or at its back.
func Door(cell int, back bool) int {
	if back {
		return behind + cell
	}
	return cell
}

// openDelay is how long a lock takes from its pulse to the door standing open.
const openDelay = 40 * time.Millisecond

// Steel is the doors and what is behind them. It is kept in a file: real doors survive the
// death of a program and of this one.
type Steel struct {
	path string

	mu        sync.Mutex
	cells     map[int]*compartment
	autoClose time.Duration
	locks     map[int][]int // by channel's cell: the doors that its lock opens, where not its own
	contacts  map[int]int   // by channel's cell: the door that its contact reads, where not its own; 0: none
	watchers  []func(contact int)
	failed    error // of the file
	closed    bool
}

type compartment struct {
	Open   bool     `json:"open,omitempty"`
	Jammed bool     `json:"jammed,omitempty"` // the lock does not open
	Things []string `json:"things,omitempty"`
	Pulses int      `json:"pulses,omitempty"`

	opening int // counts openings, so that a late timer shuts no later one
	slow    time.Duration
	bounces int
}

// CellTruth is what is really there.
type CellTruth struct {
	Open, Jammed bool
	Things       []string
	Pulses       int // that its lock channel got, ever
}

// OpenSteel reads the file, or begins with every door shut and every cell empty.
func OpenSteel(path string, autoClose time.Duration) (*Steel, error) {
	s := &Steel{
		path: path, cells: map[int]*compartment{}, autoClose: autoClose, locks: map[int][]int{}, contacts: map[int]int{},
	}
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, &s.cells)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("boards: %s: %w", path, err)
	}
	for n, c := range s.cells {
		if c.Open {
			s.closeLater(n)
		}
	}
	return s, nil
}

func (s *Steel) cell(n int) *compartment {
	if s.cells[n] == nil {
		s.cells[n] = &compartment{}
	}
	return s.cells[n]
}

// inside is where the things behind a door lie. The mutex is held.
func (s *Steel) inside(n int) *compartment {
	if n > behind {
		return s.cell(n - behind)
	}
	return s.cell(n)
}

// keep writes the file. The mutex is held.
func (s *Steel) keep() {
	raw, err := json.Marshal(s.cells)
	if err == nil {
		next := s.path + ".next"
		if err = os.WriteFile(next, raw, 0o600); err == nil {
			err = os.Rename(next, s.path)
		}
	}
	if err != nil && s.failed == nil && !s.closed {
		s.failed = err
	}
}

// Truth is a cell as it stands.
func (s *Steel) Truth(n int) CellTruth {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cell(n)
	return CellTruth{c.Open, c.Jammed, append([]string{}, s.inside(n).Things...), c.Pulses}
}

// WireLock connects a lock channel, named by the cell that it should serve, to the locks of
// other doors: one, several, or none.
func (s *Steel) WireLock(channel int, doors ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locks[channel] = doors
}

// WireContact connects a contact channel, named by the cell that it should serve, to the
// contact of another door; 0: to none.
func (s *Steel) WireContact(channel, door int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contacts[channel] = door
}

// contact is the door that a contact channel reads. The mutex is held.
func (s *Steel) contact(channel int) int {
	if door, wired := s.contacts[channel]; wired {
		return door
	}
	return channel
}

// watch has f called with each contact channel whose door moved.
func (s *Steel) watch(f func(contact int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, f)
}

// move opens or shuts a door. The mutex is held.
func (s *Steel) move(n int, open bool) {
	s.cell(n).Open = open
	s.keep()
	channels := []int{}
	for channel, door := range s.contacts {
		if door == n {
			channels = append(channels, channel)
		}
	}
	if _, elsewhere := s.contacts[n]; !elsewhere {
		channels = append(channels, n)
	}
	for _, watch := range s.watchers {
		for _, channel := range channels {
			go watch(channel) // it asks the steel how the door stands
		}
	}
}

// shut is a contact as its board reads it: it bounces a few times after a move. One that is
// not connected is never closed.
func (s *Steel) shut(channel int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	door := s.contact(channel)
	if door == 0 {
		return false
	}
	c := s.cell(door)
	if c.bounces > 0 {
		c.bounces--
		return c.Open == (c.bounces%2 == 0)
	}
	return !c.Open
}

// occupied is what a sensor in a cell sees.
func (s *Steel) occupied(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inside(n).Things) > 0
}

// pulse drives what hangs on a lock channel. The door springs open a moment later, unless
// its lock is jammed.
func (s *Steel) pulse(channel int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cell(channel).Pulses++
	s.keep()
	doors, wired := s.locks[channel]
	if !wired {
		doors = []int{channel}
	}
	for _, n := range doors {
		c := s.cell(n)
		time.AfterFunc(openDelay+c.slow, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.closed || c.Jammed || c.Open {
				return
			}
			c.opening++
			s.move(n, true)
			s.closeLater(n)
		})
	}
}

// closeLater has a door shut itself, as a person would shut it. The mutex is held, or
// nobody else knows the steel yet.
func (s *Steel) closeLater(n int) {
	if s.autoClose <= 0 {
		return
	}
	c := s.cell(n)
	opening := c.opening
	time.AfterFunc(s.autoClose, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.Open && c.opening == opening && !s.closed {
			s.move(n, false)
		}
	})
}

// ErrHand says why a hand cannot do what it wants.
type ErrHand string

func (e ErrHand) Error() string { return string(e) }

// Close shuts a door by hand.
func (s *Steel) Close(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cell(n)
	if !c.Open {
		return ErrHand(fmt.Sprintf("door %d is shut already", n))
	}
	s.move(n, false)
	return nil
}

// Spring opens a door by force or by its emergency key: nothing drove its lock.
func (s *Steel) Spring(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.move(n, true)
}

// Put puts a thing into a cell whose door is open.
func (s *Steel) Put(n int, thing string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cell(n)
	switch {
	case strings.TrimSpace(thing) == "":
		return ErrHand(`say what to put in: {"thing": "…"}`)
	case !c.Open:
		return ErrHand(fmt.Sprintf("door %d is shut", n))
	}
	s.inside(n).Things = append(s.inside(n).Things, thing)
	s.keep()
	return nil
}

// Fill puts a thing into a cell whose door is shut: it lies there from a time before.
func (s *Steel) Fill(n int, thing string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inside(n).Things = append(s.inside(n).Things, thing)
	s.keep()
}

// Take takes a thing out of a cell whose door is open, or everything if none is named.
func (s *Steel) Take(n int, thing string) (taken []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cell(n).Open {
		return nil, ErrHand(fmt.Sprintf("door %d is shut", n))
	}
	c := s.inside(n)
	if thing == "" {
		taken, c.Things = c.Things, nil
	} else {
		i := slices.Index(c.Things, thing)
		if i < 0 {
			return nil, ErrHand(fmt.Sprintf("%q is not in cell %d", thing, n))
		}
		taken, c.Things = []string{thing}, slices.Delete(c.Things, i, i+1)
	}
	s.keep()
	return taken, nil
}

// Jam has a lock not open from now on, or open again.
func (s *Steel) Jam(n int, jammed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cell(n).Jammed = jammed
	s.keep()
}

// Slow has a lock take longer to open.
func (s *Steel) Slow(n int, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cell(n).slow = d
}

// Bounce has a cell's contact chatter for so many looks.
func (s *Steel) Bounce(n, looks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cell(n).bounces = looks
}

// SetAutoClose has doors shut themselves after a while; 0: by hand only. Doors that are
// open now begin to wait anew.
func (s *Steel) SetAutoClose(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.autoClose = after
	for n, c := range s.cells {
		if c.Open {
			c.opening++ // the timers that run now shut nothing
			s.closeLater(n)
		}
	}
}

// AutoClose is what SetAutoClose set.
func (s *Steel) AutoClose() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.autoClose
}

// Stop ends the doors' timers. It returns what went wrong with the file.
func (s *Steel) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.failed
}
