package kill

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cubby/cmd/cubby-demo/hooks"
)

// parties: the feed of each carrier has every event of its shipments, once, in order; its receiver got the whole feed in
// order; and the log of posts says so.
func (j *judgement) parties() {
	known := map[string]bool{}
	for _, p := range j.Parties {
		known[p.ID] = true
		j.feed(p)
		j.posts(p)
		j.log(p)
	}
	for _, l := range j.Lives {
		if l.Shipment != "" && !known[l.Carrier] {
			j.say("life %d: nothing is known of its carrier %s", l.N, l.Carrier)
		}
	}
}

// feed compares a feed with what REST tells of the shipments and messages.
func (j *judgement) feed(p party) {
	ids := map[string]bool{}
	byShipment := map[string][]feedEvent{}
	last := int64(0)
	for _, e := range p.Feed {
		if ids[e.ID] || e.Position <= last {
			j.say("carrier %d: event %s at position %d of the feed comes after position %d, or is there twice", p.N, e.ID, e.Position, last)
		}
		ids[e.ID], last = true, e.Position
		byShipment[e.Shipment] = append(byShipment[e.Shipment], e)
	}
	for _, l := range j.Lives {
		if l.Carrier != p.ID || l.Shipment == "" {
			continue
		}
		var types []string
		told := map[string]int{} // by what and message
		for _, e := range byShipment[l.Shipment] {
			if strings.HasPrefix(e.Type, "notification.") {
				told[e.Type+" of "+e.Notification]++
			} else {
				types = append(types, e.Type)
			}
		}
		delete(byShipment, l.Shipment)
		if !slices.Equal(types, expectedEvents()) {
			j.say("life %d: the events of %s in the feed are %v", l.N, l.Shipment, types)
		}
		expected := map[string]int{}
		for _, r := range j.Rows[l.Shipment] {
			expected["notification.sent of "+r.ID] = 1
			if r.State == "delivered" {
				expected["notification.delivered of "+r.ID] = 1
			}
		}
		if !maps.Equal(told, expected) {
			j.say("life %d: the feed tells of messages %v, expected %v", l.N, told, expected)
		}
	}
	for _, shipment := range slices.Sorted(maps.Keys(byShipment)) {
		j.say("carrier %d: the feed has events of %q, which is no shipment of its lives", p.N, shipment)
	}
}

// posts: the receiver verified all that came; each event of the feed was taken, after those before it. A repeat comes
// before the next event, under the same id, after it was not taken or after a kill of the process that posts.
func (j *judgement) posts(p party) {
	next := 0              // in the feed
	var last hooks.Message // that came
	for _, m := range p.Posts {
		switch {
		case !m.Verified:
			j.say("carrier %d: post %q is not verified: %s", p.N, m.ID, m.Problem)
			continue
		case m.ID == last.ID:
			j.again(p, last, m)
		case next == len(p.Feed) || m.ID != p.Feed[next].ID:
			j.say("carrier %d: event %s was posted out of order at %s, where %s was expected", p.N, m.ID, clock(m.At), p.nth(next))
			// The rest is judged from there on: one that is missing makes one complaint.
			if i := slices.IndexFunc(p.Feed, func(e feedEvent) bool { return e.ID == m.ID }); i >= next {
				next = i + 1
			}
		default:
			if last.ID != "" && !taken(last) {
				j.say("carrier %d: event %s was posted before %s was taken", p.N, m.ID, last.ID)
			}
			next++
		}
		last = m
	}
	if next < len(p.Feed) {
		j.say("carrier %d: %d events of the feed were never posted, the first is %s", p.N, len(p.Feed)-next, p.nth(next))
	}
	if last.ID != "" && !taken(last) {
		j.say("carrier %d: event %s was never taken", p.N, last.ID)
	}
}

func (p party) nth(i int) string {
	if i >= len(p.Feed) {
		return "nothing"
	}
	return p.Feed[i].ID + " (" + p.Feed[i].Type + ")"
}

func taken(m hooks.Message) bool { return m.Answered/100 == 2 }

// again looks for what explains that an event was posted again.
func (j *judgement) again(p party, before, m hooks.Message) {
	if !taken(before) {
		j.retried++
		return
	}
	kill := j.killBetween(before.At, m.At, slowTaking)
	if kill == 0 {
		j.say("carrier %d: event %s was taken at %s and posted again at %s, and no sender was killed in between",
			p.N, m.ID, clock(before.At), clock(m.At))
		return
	}
	j.reposted = append(j.reposted, repeat{fmt.Sprintf("carrier %d", p.N), "event " + m.ID, before.At, m.At, kill})
}

// log: of each event the log has one post that was taken, and no post that did not come.
func (j *judgement) log(p party) {
	answers := map[string][]int{} // by event, what the receiver answered
	for _, m := range p.Posts {
		answers[m.ID] = append(answers[m.ID], m.Answered)
	}
	delivered := map[string]int{}
	for _, d := range p.Log {
		if d.Delivered {
			delivered[d.Event]++
		}
		i := slices.Index(answers[d.Event], d.Status)
		if i < 0 || d.Delivered != (d.Status/100 == 2) {
			j.say("carrier %d: the log has a post of %s that was answered with %d, delivered %t, which did not come",
				p.N, d.Event, d.Status, d.Delivered)
			continue
		}
		answers[d.Event] = slices.Delete(answers[d.Event], i, i+1)
	}
	for _, e := range p.Feed {
		if delivered[e.ID] > 1 {
			j.say("carrier %d: the log calls event %s delivered %d times", p.N, e.ID, delivered[e.ID])
		}
	}
	if i := slices.IndexFunc(p.Feed, func(e feedEvent) bool { return delivered[e.ID] == 0 }); i >= 0 {
		j.say("carrier %d: the log calls %d of %d events delivered, and not %s", p.N, len(delivered), len(p.Feed), p.nth(i))
	}
}
