package sms

import (
	"slices"
	"time"
)

// Mode is a way to misbehave.
type Mode string

// The modes. ModeDrop is the ambiguous one: the message is here, and its sender never hears so.
const (
	ModeNone      Mode = ""
	ModeRefuse    Mode = "refuse"     // 400 with Code
	ModeBusy      Mode = "busy"       // 429 with Retry-After
	ModeBroken    Mode = "broken"     // 503 with a page of HTML; the message is not taken
	ModeSlow      Mode = "slow"       // the message is taken, and the answer comes after Delay; callbacks come after that
	ModeDrop      Mode = "drop"       // the message is taken, and the connection ends
	ModeUnheard   Mode = "unheard"    // the connection ends, and the message is not taken
	ModeUndeliver Mode = "undeliver"  // taken, and not delivered, for Code
	ModeRepeat    Mode = "repeat"     // callbacks come twice and in the wrong order
	ModeSilent    Mode = "silent"     // no callbacks
	ModeLoseLater Mode = "lose_later" // the list of messages answers 503
)

// Faults say how the provider misbehaves.
type Faults struct {
	Mode Mode
	// Count is how many more times; 0: until it is changed.
	Count int
	// Code is that of a refusal, or why a message is not delivered.
	Code int
	// Delay is how late a slow answer comes.
	Delay time.Duration
}

// SetFaults says how the provider misbehaves from now on.
func (p *Provider) SetFaults(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

// Silence has no callback tell of messages to a phone, as those of some networks.
func (p *Provider) Silence(phone string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent[phone] = true
}

// fault uses up one time of the present fault, if it is one of the modes.
func (p *Provider) fault(modes ...Mode) Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	present := p.faults
	if !slices.Contains(modes, present.Mode) {
		return Faults{}
	}
	if p.faults.Count > 0 {
		if p.faults.Count--; p.faults.Count == 0 {
			p.faults = Faults{}
		}
	}
	return present
}
