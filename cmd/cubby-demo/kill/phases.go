package kill

import (
	"maps"
	"sync"
	"time"
)

// phase is where a life is, as far as can be seen from outside.
type phase string

// The phases of a life, and eventLeft of a receiver of webhooks. Announcing, mailLeft and smsLeft are parts of others that
// are worth aiming at.
const (
	announcing     phase = "announcing"      // the announcement is under way: no answer yet
	announced      phase = "announced"       // it is answered; in_transit is not yet
	inTransit      phase = "in_transit"      // until the courier's label is scanned
	asking         phase = "asking"          // the label is scanned and the screen says "one moment"
	led            phase = "led"             // the screen says that the door is opening
	doorOpen       phase = "door_open"       // a door is open
	shut           phase = "closed"          // the parcel is in; the shipment is not ready yet
	messageSending phase = "message_sending" // it is ready; not every message is there yet
	mailLeft       phase = "mail_left"       // a mail is there, and its sender does not know so yet
	smsLeft        phase = "sms_left"        // the same of an SMS of which the provider tells nothing by itself
	ready          phase = "ready"           // the client has the message
	pickupAsking   phase = "pickup_asking"   // the code is typed and the screen says "one moment"
	pickedUp       phase = "picked_up"       // the parcel is taken; REST does not say so yet
	eventLeft      phase = "event_left"      // an event is with its receiver, and its sender does not know so yet
)

// inFlight are those in which what was sent may come twice: a process that sends must be killed in each.
func inFlight() []phase { return []phase{mailLeft, smsLeft, eventLeft} }

// required are the phases that kills must hit, in the order of a life.
func required() []phase {
	return []phase{announced, inTransit, asking, led, doorOpen, shut, ready, messageSending, pickupAsking, pickedUp}
}

// shown are those of the report.
func shown() []phase {
	return []phase{announcing, announced, inTransit, asking, led, doorOpen, shut, messageSending, mailLeft, smsLeft, ready, pickupAsking, pickedUp,
		eventLeft}
}

// brief phases last for milliseconds: they are hit at the moment at which they are seen, or not at all.
func (p phase) brief() bool {
	switch p {
	case announcing, asking, led, mailLeft, smsLeft, pickupAsking, eventLeft:
		return true
	}
	return false
}

// staleAfter is how long what was seen of a brief phase may be believed.
const staleAfter = 40 * time.Millisecond

// sight is the phase in which a life was seen last.
type sight struct {
	phase phase
	at    time.Time
}

// tracker knows the phase of every life, and fires when one enters the phase that is aimed at.
type tracker struct {
	mu    sync.Mutex
	lives map[int]sight
	aim   *aim
}

// aim is a shot that waits for its phase.
type aim struct {
	phase phase
	fire  func(life int)
}

func newTracker() *tracker { return &tracker{lives: map[int]sight{}} }

// enter says that a life was just seen in a phase. It fires what is aimed at it, in the life's own goroutine, so that the
// life cannot move on meanwhile.
func (t *tracker) enter(life int, p phase) {
	t.mu.Lock()
	t.lives[life] = sight{p, time.Now()}
	var shot *aim
	if t.aim != nil && t.aim.phase == p {
		shot, t.aim = t.aim, nil
	}
	t.mu.Unlock()
	if shot != nil {
		shot.fire(life)
	}
}

func (t *tracker) leave(life int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.lives, life)
}

// aimAt replaces the aim; nil takes it back. It reports whether the one before was still waiting.
func (t *tracker) aimAt(a *aim) (waiting bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting, t.aim = t.aim != nil, a
	return waiting
}

// phases are those in which some life is now. Mail_left and sms_left are parts of message_sending.
func (t *tracker) phases(now time.Time) map[phase]bool {
	t.mu.Lock()
	lives := maps.Clone(t.lives)
	t.mu.Unlock()
	found := map[phase]bool{}
	for _, s := range lives {
		if s.phase.brief() && now.Sub(s.at) > staleAfter && s.phase != announcing {
			continue
		}
		found[s.phase] = true
		if s.phase == mailLeft || s.phase == smsLeft {
			found[messageSending] = true
		}
	}
	return found
}
