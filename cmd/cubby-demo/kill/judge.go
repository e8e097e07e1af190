package kill

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sms"
)

const (
	// recordWithin is how long after an answer the sender may take to record it, on a busy machine.
	recordWithin = 2 * time.Second
	// underway is how long what a process has sent may take to be noticed: it comes although its sender was killed meanwhile.
	underway = 200 * time.Millisecond
)

// evidence is what can be known from outside when a leg is over.
type evidence struct {
	Lives     []life
	Outcomes  map[string]outcome               // by shipment, from REST
	Mails     []people.Mail                    // the mail server's log, oldest first
	Texts     []sms.Message                    // the SMS provider's, oldest first
	Questions []sms.Question                   // what it was asked, oldest first
	Rows      map[string][]people.Notification // by shipment, from REST
	Parties   []party
	Workflows []workflow // of shipments, from Temporal
	Troubled  []workflow // of any kind, that failed
	Rooms     map[string][]people.Room
	Cells     int // of each locker
	Incidents []people.Incident
	Shots     []shot
	Parts     []string
	Quota     quota
}

// outcome is a shipment as REST tells of it.
type outcome struct {
	State  string
	Events []people.Event
}

// workflow is one run in Temporal.
type workflow struct {
	ID, Run, Type, Status          string
	Number, Locker, Carrier, State string // search attributes
}

// repeat is something that was sent twice, or begun twice, and the kill that explains it.
type repeat struct {
	Whose     string // "life 3", "carrier 1"
	What      string
	At, Again time.Time
	Kill      int // its number
}

// verdict is what the judge says.
type verdict struct {
	wrong []string
	// uncertain are the messages that came twice, begun those of which a second attempt began: the first may have come.
	uncertain, begun []repeat
	// reposted are the events that came twice after a kill; retried counts the posts after one that was not taken.
	reposted []repeat
	retried  int
}

// expectedEvents are those of a life that ends right.
func expectedEvents() []string {
	return []string{"shipment.created", "shipment.in_transit", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up"}
}

// judge lists what is wrong, and the repeats that a kill explains.
func judge(e evidence) verdict {
	j := &judgement{evidence: e}
	j.lives()
	j.workflows()
	j.mails()
	j.texts()
	j.rows()
	j.parties()
	j.network()
	j.wrong = append(j.wrong, missing(e.Shots, e.Parts, e.Quota)...)
	return j.verdict
}

type judgement struct {
	evidence
	verdict
}

func (j *judgement) say(format string, args ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

// lives: each ends picked up, with the right events in order, none of them twice.
func (j *judgement) lives() {
	if len(j.Lives) == 0 {
		j.say("no life was played")
	}
	byShipment := map[string]int{}
	for _, l := range j.Lives {
		if l.Failed != nil {
			j.say("life %d (%s): %v", l.N, l.Shipment, l.Failed)
		}
		if l.Shipment == "" {
			continue
		}
		if other, twice := byShipment[l.Shipment]; twice {
			j.say("lives %d and %d were given one shipment, %s", other, l.N, l.Shipment)
		}
		byShipment[l.Shipment] = l.N
		o, found := j.Outcomes[l.Shipment]
		if !found {
			j.say("life %d: shipment %s was announced and is not there", l.N, l.Shipment)
			continue
		}
		if o.State != "picked_up" {
			j.say("life %d: shipment %s is %s", l.N, l.Shipment, o.State)
		}
		if got := people.EventTypes(o.Events); !slices.Equal(got, expectedEvents()) {
			j.say("life %d: the events of %s are %v", l.N, l.Shipment, got)
		}
		for i, event := range o.Events {
			if event.Seq != i {
				j.say("life %d: event %d of %s has seq %d", l.N, i, l.Shipment, event.Seq)
			}
		}
	}
}

// workflows: each shipment has just one, which has ended well, and there is none of another shipment.
func (j *judgement) workflows() {
	byID := map[string][]workflow{}
	for _, w := range j.Workflows {
		byID[w.ID] = append(byID[w.ID], w)
	}
	for _, l := range j.Lives {
		if l.Shipment == "" {
			continue
		}
		id := "shipment-" + l.Shipment
		runs := byID[id]
		delete(byID, id)
		if len(runs) == 0 {
			j.say("life %d: shipment %s has no workflow", l.N, l.Shipment)
		}
		// A signal that was delivered, and delivered again after the end, starts a further run that changes nothing.
		for _, w := range runs {
			if w.Status != "Completed" {
				j.say("life %d: run %s of %s is %s", l.N, w.Run, id, w.Status)
			}
			if w.Number != l.Number || w.Locker != l.Locker || w.Carrier != l.Carrier || w.State != "picked_up" {
				j.say("life %d: run %s of %s has the search attributes %+v", l.N, w.Run, id, w)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		j.say("workflow %s is of no shipment that was announced", id)
	}
	for _, w := range j.Troubled {
		j.say("workflow %s (%s) is %s", w.ID, w.Type, w.Status)
	}
}

// network: at the end every cell is free, no room is still promised, and nothing strange was noticed.
func (j *judgement) network() {
	for _, locker := range slices.Sorted(maps.Keys(j.Rooms)) {
		free, room := 0, 0
		for _, r := range j.Rooms[locker] {
			free, room = free+r.Free, room+r.Room
		}
		if free != j.Cells || room != j.Cells {
			j.say("locker %s has %d free cells and room for %d, of %d", locker, free, room, j.Cells)
		}
	}
	for _, i := range j.Incidents {
		j.say("incident %s: %s at locker %s, cell %d, shipment %s: %s", i.ID, i.Kind, i.Locker, i.Cell, i.Shipment, i.Evidence)
	}
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }
