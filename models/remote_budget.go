package models

import (
	"slices"
	"time"
)

// RemoteLimits bound what a signer signs. What is above them in a setting is refused: see
// RemoteLimitsMost. Gates have the same limits as cells, each counted for itself.
type RemoteLimits struct {
	PerMinute   int // grants for the whole network, within a minute
	PerOperator int // grants for one person or key, within an hour
}

// DefaultRemoteLimits are enough for the support of a large network: one cabinet emptied and some
// calls in a minute, a call every two minutes for each person.
func DefaultRemoteLimits() RemoteLimits { return RemoteLimits{PerMinute: 20, PerOperator: 30} }

// RemoteLimitsMost are the most that any setting may allow.
func RemoteLimitsMost() RemoteLimits { return RemoteLimits{PerMinute: 60, PerOperator: 120} }

// RemoteStopsFor is how long a signer signs nothing once more was asked of it than the network
// may have: until then somebody has looked.
const RemoteStopsFor = 15 * time.Minute

// RemoteBudget is what a signer remembers of what it has signed. It is the signer's own: neither
// the database nor Temporal can change it.
type RemoteBudget struct {
	Signed []RemoteSigned `json:"signed"` // in the last hour, in order
	// StoppedUntilMS is Unix milliseconds; nothing is signed before.
	StoppedUntilMS int64 `json:"stopped_until_ms,omitempty"`
}

// RemoteBudgets are what a signer remembers of cells, and by itself of gates: whoever has used one
// up has not used up the other, and has not got it either.
type RemoteBudgets struct {
	RemoteBudget
	Gates RemoteBudget `json:"gates,omitzero"`
}

// Of is the budget that a purpose is counted in.
func (b *RemoteBudgets) Of(purpose string) *RemoteBudget {
	if purpose == PurposeOpenGate {
		return &b.Gates
	}
	return &b.RemoteBudget
}

// RemoteSigned is one grant that was signed.
type RemoteSigned struct {
	AtMS int64  `json:"at_ms"` // Unix milliseconds
	By   string `json:"by"`
}

// Take counts a grant for somebody, or says why there is none: RemoteStopped or
// RemoteOperatorLimit. alarm: people must hear of it. A stop is told of once.
func (b *RemoteBudget) Take(l RemoteLimits, by string, now time.Time) (refused string, alarm bool) {
	ms := now.UnixMilli()
	for i := range b.Signed { // the clock went back: what seems to come counts as of now
		b.Signed[i].AtMS = min(b.Signed[i].AtMS, ms)
	}
	b.StoppedUntilMS = min(b.StoppedUntilMS, ms+RemoteStopsFor.Milliseconds())
	b.Signed = slices.DeleteFunc(b.Signed, func(s RemoteSigned) bool { return s.AtMS <= ms-time.Hour.Milliseconds() })
	if ms < b.StoppedUntilMS {
		return RemoteStopped, false
	}
	minute, own := 0, 0
	for _, s := range b.Signed {
		if s.AtMS > ms-time.Minute.Milliseconds() {
			minute++
		}
		if s.By == by {
			own++
		}
	}
	switch {
	case minute >= l.PerMinute:
		b.StoppedUntilMS = ms + RemoteStopsFor.Milliseconds()
		return RemoteStopped, true
	case own >= l.PerOperator:
		return RemoteOperatorLimit, true
	}
	b.Signed = append(b.Signed, RemoteSigned{AtMS: ms, By: by})
	return "", false
}
