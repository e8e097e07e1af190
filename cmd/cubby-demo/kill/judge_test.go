package kill

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/hooks"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sms"
)

func at(second float64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(second * float64(time.Second)))
}

// good is the evidence of a leg with two lives in which nothing went wrong. The first life's mail came twice: kill 1
// explains it. So it does that the first event of carrier 1 was posted twice; its third was not taken at first. The second
// life has a phone too.
func good() evidence {
	e := evidence{
		Outcomes: map[string]outcome{}, Rows: map[string][]people.Notification{}, Cells: 2,
		Parts: []string{"worker", "temporal"}, Quota: quota{each: 6, total: 12},
		Rooms: map[string][]people.Room{"lkr_1": {{Size: "S", Free: 2, Room: 2}}},
	}
	for n := 1; n <= 2; n++ {
		l := life{
			N: n, Number: fmt.Sprintf("S-%d", n), Address: fmt.Sprintf("c%d@example.org", n), Locker: "lkr_1",
			Carrier: fmt.Sprintf("org_%d", n), Shipment: fmt.Sprintf("shp_%d", n),
		}
		if n == 2 {
			l.Phone = "+2"
		}
		e.Lives = append(e.Lives, l)
		o := outcome{State: "picked_up"}
		for i, name := range expectedEvents() {
			o.Events = append(o.Events, people.Event{Seq: i, Type: name})
		}
		e.Outcomes[l.Shipment] = o
		e.Workflows = append(e.Workflows, workflow{
			ID: "shipment-" + l.Shipment, Run: "run", Type: "shipment", Status: "Completed",
			Number: l.Number, Locker: l.Locker, Carrier: l.Carrier, State: "picked_up",
		})
	}
	e.Mails = []people.Mail{
		{At: at(10), To: []string{"c1@example.org"}, MessageID: "m1"},
		{At: at(11), To: []string{"c2@example.org"}, MessageID: "m2", DeliveredReply: true},
		{At: at(25), To: []string{"c1@example.org"}, MessageID: "m1", DeliveredReply: true},
	}
	e.Texts = []sms.Message{text("+2", "SM1", 1, at(12))}
	e.Rows["shp_1"] = []people.Notification{{ID: "m1", Kind: "ready", Channel: "email", State: "sent", Attempts: 2, Uncertain: true, CreatedAt: at(9), SentAt: at(25)}}
	e.Rows["shp_2"] = []people.Notification{
		{ID: "m2", Kind: "ready", Channel: "email", State: "sent", Attempts: 1, CreatedAt: at(9), SentAt: at(11)},
		{ID: "t+2", Kind: "ready", Channel: "sms", State: "delivered", Attempts: 1, CreatedAt: at(9), SentAt: at(12)},
	}
	e.Parties = []party{
		goodParty(1, []feedEvent{{Type: "notification.sent", Notification: "m1", Channel: "email"}}, func(i int, m hooks.Message) []hooks.Message {
			again := m
			again.At = m.At.Add(5 * time.Second)
			switch i {
			case 0:
				return []hooks.Message{m, again} // kill 1 is in between
			case 2:
				m.Answered = http.StatusInternalServerError
				return []hooks.Message{m, again}
			}
			return []hooks.Message{m}
		}),
		goodParty(2, []feedEvent{
			{Type: "notification.sent", Notification: "t+2", Channel: "sms"}, {Type: "notification.delivered", Notification: "t+2", Channel: "sms"},
			{Type: "notification.sent", Notification: "m2", Channel: "email"},
		}, func(_ int, m hooks.Message) []hooks.Message { return []hooks.Message{m} }),
	}
	e.Questions = []sms.Question{{At: at(14), To: "+3"}}
	for i := range 12 {
		s := shot{At: at(10.2 + 20*float64(i)), Part: e.Parts[i%2], Sends: i%2 == 0, Phases: map[phase]bool{}, Aim: led}
		if s.Sends {
			s.Aim = inFlight()[i/2%3]
		}
		for _, p := range required() {
			s.Phases[p] = true
		}
		e.Shots = append(e.Shots, s)
	}
	return e
}

// text is an SMS of the message t and the phone.
func text(phone, sid string, attempt int, at time.Time) sms.Message {
	return sms.Message{SID: sid, To: phone, At: at, Callback: fmt.Sprintf("https://cubby.example/hooks/twilio?a=%d&n=t%s", attempt, url.QueryEscape(phone))}
}

// goodParty is the carrier of the life of its number, whose feed has the events of the shipment and those of messages.
// come makes the posts of an event.
func goodParty(n int, messages []feedEvent, come func(i int, m hooks.Message) []hooks.Message) party {
	p := party{N: n, ID: fmt.Sprintf("org_%d", n)}
	var feed []feedEvent
	for _, name := range expectedEvents() {
		feed = append(feed, feedEvent{Type: name})
		if name == "shipment.ready_for_pickup" {
			feed = append(feed, messages...)
		}
	}
	for i, e := range feed {
		e.ID, e.Position, e.Shipment = fmt.Sprintf("evt_%d_%d", n, i), int64(i+1), fmt.Sprintf("shp_%d", n)
		p.Feed = append(p.Feed, e)
		came := come(i, hooks.Message{ID: e.ID, Type: e.Type, At: at(10 + 20*float64(i)), Verified: true, Answered: http.StatusNoContent})
		p.Posts = append(p.Posts, came...)
		for _, m := range came {
			if m.Answered == http.StatusInternalServerError {
				p.Log = append(p.Log, delivery{Event: e.ID, Status: m.Answered})
			}
		}
		p.Log = append(p.Log, delivery{Event: e.ID, Status: http.StatusNoContent, Delivered: true})
	}
	return p
}

func TestJudgePasses(t *testing.T) {
	t.Parallel()
	v := judge(good())
	require.Empty(t, v.wrong)
	require.Equal(t, []repeat{{Whose: "life 1", What: "mail m1", At: at(10), Again: at(25), Kill: 1}}, v.uncertain)
	require.Equal(t, []repeat{{Whose: "life 1", What: "email m1", At: at(9), Again: at(25), Kill: 1}}, v.begun)
	require.Equal(t, []repeat{{Whose: "carrier 1", What: "event evt_1_0", At: at(10), Again: at(15), Kill: 1}}, v.reposted)
	require.Equal(t, 1, v.retried)
}

// plant is a bad outcome, and what the judge has to say of it.
type plant struct {
	name  string
	plant func(e *evidence)
	want  string
}

// found plants bad outcomes, one at a time, and wants each found.
func found(t *testing.T, plants []plant) {
	t.Helper()
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			e := good()
			p.plant(&e)
			wrong := judge(e).wrong
			require.NotEmpty(t, wrong)
			require.Contains(t, fmt.Sprint(wrong), p.want)
		})
	}
}

func TestJudgeFails(t *testing.T) {
	t.Parallel()
	events := func(e *evidence, change func([]people.Event) []people.Event) {
		o := e.Outcomes["shp_2"]
		o.Events = change(o.Events)
		e.Outcomes["shp_2"] = o
	}
	found(t, []plant{
		{"no lives at all", func(e *evidence) { *e = evidence{} }, "no life was played"},
		{"a life that came to no end", func(e *evidence) { e.Lives[1].Failed = errors.New("stuck") }, "life 2 (shp_2): stuck"},
		{"a shipment that was announced and lost", func(e *evidence) { delete(e.Outcomes, "shp_2") }, "shp_2 was announced and is not there"},
		{"one shipment for two lives", func(e *evidence) { e.Lives[1].Shipment = "shp_1" }, "lives 1 and 2 were given one shipment"},
		{"a wrong end", func(e *evidence) { e.Outcomes["shp_2"] = outcome{"expired", e.Outcomes["shp_2"].Events} }, "shipment shp_2 is expired"},
		{"an event that is missing", func(e *evidence) {
			events(e, func(all []people.Event) []people.Event { return all[:6] })
		}, "the events of shp_2 are"},
		{"an event twice", func(e *evidence) {
			events(e, func(all []people.Event) []people.Event {
				return append(all, people.Event{Seq: 7, Type: "parcel.picked_up"})
			})
		}, "the events of shp_2 are"},
		{"events out of order", func(e *evidence) {
			events(e, func(all []people.Event) []people.Event {
				all[2].Type, all[3].Type = all[3].Type, all[2].Type
				return all
			})
		}, "the events of shp_2 are"},
		{"a gap in the events", func(e *evidence) {
			events(e, func(all []people.Event) []people.Event { all[6].Seq = 7; return all })
		}, "event 6 of shp_2 has seq 7"},
		{"a shipment without a workflow", func(e *evidence) { e.Workflows = e.Workflows[:1] }, "shp_2 has no workflow"},
		{"a workflow without a shipment", func(e *evidence) {
			e.Workflows = append(e.Workflows, workflow{ID: "shipment-shp_3", Status: "Completed"})
		}, "shipment-shp_3 is of no shipment"},
		{"a workflow that still runs", func(e *evidence) { e.Workflows[1].Status = "Running" }, "of shipment-shp_2 is Running"},
		{"a further run that failed", func(e *evidence) {
			again := e.Workflows[1]
			again.Status = "Failed"
			e.Workflows = append(e.Workflows, again)
		}, "of shipment-shp_2 is Failed"},
		{"search attributes of another state", func(e *evidence) { e.Workflows[1].State = "created" }, "has the search attributes"},
		{"another workflow that failed", func(e *evidence) {
			e.Troubled = []workflow{{ID: "incident-1", Type: "incident", Status: "Failed"}}
		}, "incident-1 (incident) is Failed"},
		{"a cell that stays taken", func(e *evidence) { e.Rooms["lkr_1"][0].Free = 1 }, "lkr_1 has 1 free cells"},
		{"room that stays promised", func(e *evidence) { e.Rooms["lkr_1"][0].Room = 1 }, "room for 1, of 2"},
		{"an incident", func(e *evidence) { e.Incidents = []people.Incident{{ID: "inc_1", Kind: "journal_fork"}} }, "incident inc_1: journal_fork"},
		{"a part killed too rarely", func(e *evidence) { e.Shots = e.Shots[:11] }, "temporal was killed 5 times of 6"},
		{"too few kills", func(e *evidence) { e.Quota.total = 13 }, "12 kills of 13"},
		{"a phase hit too rarely", func(e *evidence) {
			for _, s := range e.Shots[2:] {
				delete(s.Phases, led)
			}
		}, "led was hit 2 times of 3"},
		{"a sender killed too rarely with an SMS in flight", func(e *evidence) { e.Shots[2].Aim = led }, "a sender was killed at sms_left 1 times of 2"},
		{"senders were spared with an event in flight", func(e *evidence) {
			for i := range e.Shots {
				if e.Shots[i].Aim == eventLeft {
					e.Shots[i].Sends = false
				}
			}
		}, "a sender was killed at event_left 0 times of 2"},
	})
}

// TestJudgeForgives what is no fault: a further run of a life that had ended, which a signal delivered twice starts.
func TestJudgeForgives(t *testing.T) {
	t.Parallel()
	e := good()
	e.Workflows = append(e.Workflows, e.Workflows[0])
	require.Empty(t, judge(e).wrong)
}
