package inbox

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mode is a way to misbehave.
type Mode string

// The modes. DropAfterData is the ambiguous one: the message is here, and its sender never hears so.
const (
	ModeNone          Mode = "none"
	ModeReject4xx     Mode = "reject_4xx"      // 450 at RCPT
	ModeReject5xx     Mode = "reject_5xx"      // 550 at RCPT
	ModeDropAfterData Mode = "drop_after_data" // the connection ends after the final dot, before the 250
	ModeSlow          Mode = "slow"            // the 250 comes late
)

func modes() []Mode {
	return []Mode{ModeNone, ModeReject4xx, ModeReject5xx, ModeDropAfterData, ModeSlow}
}

const maxDelay = 10 * time.Minute

// Faults say how the server misbehaves.
type Faults struct {
	Mode Mode `json:"mode"`
	// Count is how many more times; 0: until it is changed.
	Count int `json:"count,omitempty"`
	// DelayMS is how late a slow 250 comes.
	DelayMS int `json:"delay_ms,omitempty"`
}

func (f Faults) check() error {
	delay := time.Duration(f.DelayMS) * time.Millisecond
	switch {
	case !slices.Contains(modes(), f.Mode):
		names := make([]string, 0, len(modes()))
		for _, mode := range modes() {
			names = append(names, string(mode))
		}
		return errors.New("mode must be one of " + strings.Join(names, ", "))
	case f.Count < 0:
		return errors.New("count must not be negative")
	case delay < 0 || delay > maxDelay:
		return errors.New("delay_ms must be between 0 and 600000")
	case f.Mode == ModeSlow && delay == 0:
		return errors.New("slow needs delay_ms")
	}
	return nil
}

// faults are the present ones.
type faults struct {
	mu  sync.Mutex
	now Faults
}

func (f *faults) get() Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now.Mode == "" {
		return Faults{Mode: ModeNone}
	}
	return f.now
}

func (f *faults) set(to Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = to
}

// take uses up one time of the present fault if it is one of the modes.
func (f *faults) take(modes ...Mode) (Faults, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	present := f.now
	if !slices.Contains(modes, present.Mode) {
		return Faults{}, false
	}
	if f.now.Count > 0 {
		f.now.Count--
		if f.now.Count == 0 {
			f.now = Faults{Mode: ModeNone}
		}
	}
	return present, true
}
