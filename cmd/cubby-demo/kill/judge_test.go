package kill

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
		Parts: []string{"worker", "temporal"}, Quota: quota{each: 3, total: 6},
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
	for i := range 6 {
		s := shot{At: at(10.2 + 20*float64(i)), Part: e.Parts[i%2], Sends: i%2 == 0, Phases: map[phase]bool{}}
		for _, p := range append(required(), inFlight()...) {
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

// TestJudgeFails plants bad outcomes, one at a time, and wants each found.
func TestJudgeFails(t *testing.T) {
	t.Parallel()
	events := func(e *evidence, change func([]people.Event) []people.Event) {
		o := e.Outcomes["shp_2"]
		o.Events = change(o.Events)
		e.Outcomes["shp_2"] = o
	}
	plants := []struct {
		name  string
		plant func(e *evidence)
		want  string
	}{
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
		{"a missing message", func(e *evidence) { e.Mails = append(e.Mails[:1:1], e.Mails[2]) }, "no mail came to c2@example.org"},
		{"a repeat without any kill", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(15), To: []string{"c2@example.org"}, MessageID: "m2"})
		}, "life 2: mail m2 came at 12:00:11.000 and again at 12:00:15.000, and no sender was killed"},
		{"a repeat while another part was killed", func(e *evidence) { e.Shots[0].Sends = false }, "life 1: mail m1 came at"},
		{"a repeat with the kill before DATA", func(e *evidence) { e.Shots[0].At = at(9.7) }, "life 1: mail m1 came at"},
		{"a repeat with the kill long after the answer", func(e *evidence) { e.Shots[0].At = at(14) }, "life 1: mail m1 came at"},
		{"a repeat with the kill after it", func(e *evidence) { e.Mails[2].At = at(10.1) }, "life 1: mail m1 came at"},
		{"a third copy with one kill", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(26), To: []string{"c1@example.org"}, MessageID: "m1"})
		}, "came at 12:00:25.000 and again at 12:00:26.000"},
		{"two messages", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(26), To: []string{"c2@example.org"}, MessageID: "m9"})
		}, "life 2: two mails, m2 and m9"},
		{"one Message-ID for two lives", func(e *evidence) { e.Mails[1].MessageID = "m1" }, "share the Message-ID"},
		{"no Message-ID", func(e *evidence) { e.Mails[1].MessageID = "" }, "share the Message-ID"},
		{"a message to a stranger", func(e *evidence) { e.Mails = append(e.Mails, people.Mail{To: []string{"x@example.org"}}) }, "1 mails to x@example.org"},
		{"a missing SMS", func(e *evidence) { e.Texts = nil }, "life 2: no SMS came to +2"},
		{"a doubled SMS without any kill", func(e *evidence) {
			smsAgain(e, at(15))
			e.Questions = []sms.Question{{At: at(14), To: "+2"}}
		}, "life 2: SMS t+2 came at 12:00:12.000 and again at 12:00:15.000, and no sender was killed"},
		{"a doubled SMS while another part was killed", func(e *evidence) {
			smsAgain(e, at(35))
			e.Questions = []sms.Question{{At: at(34), To: "+2"}}
			e.Texts[0].At = at(30)
		}, "life 2: SMS t+2 came at 12:00:30.000 and again at 12:00:35.000, and no sender was killed"},
		{"a doubled SMS that nobody asked about", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At = at(50)
		}, "life 2: SMS SM2 was sent in a further attempt, and the provider was not asked before"},
		{"a doubled SMS with a question of another phone", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(52), To: "+1"}}
		}, "the provider was not asked before"},
		{"a doubled SMS with the question before it", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(49), To: "+2"}}
		}, "the provider was not asked before"},
		{"a doubled SMS that the provider was known to have", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(52), To: "+2", Found: []string{"SM1"}}}
		}, "life 2: SMS SM1 was sent again at 12:00:55.000, and the provider had said that it has it"},
		{"a further attempt of an SMS without a question", func(e *evidence) {
			e.Texts[0] = text("+2", "SM1", 2, at(12))
		}, "life 2: SMS SM1 was sent in a further attempt, and the provider was not asked before"},
		{"an SMS twice in one attempt", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Texts[1].Callback = at(50), e.Texts[0].Callback
		}, "life 2: SMS t+2 came again as attempt 1"},
		{"two messages by SMS", func(e *evidence) {
			e.Texts = append(e.Texts, text("+9", "SM2", 1, at(13)))
			e.Texts[1].To = "+2"
		}, "life 2: two SMS, of t+2 and t+9"},
		{"an SMS of no message", func(e *evidence) { e.Texts[0].Callback = "" }, "their SMS are of one message"},
		{"an SMS to a stranger", func(e *evidence) { e.Texts = append(e.Texts, text("+9", "SM2", 1, at(13))) }, "1 SMS to +9"},
		{"a message that is not sent", func(e *evidence) { e.Rows["shp_2"][1].State = "sending" }, "life 2: message t+2 by sms is sending"},
		{"a message that is not there", func(e *evidence) { e.Rows["shp_2"] = e.Rows["shp_2"][:1] }, "life 2: there is no message by sms"},
		{"another message", func(e *evidence) { e.Rows["shp_2"][1].Kind = "reminder" }, "t+2 is reminder by sms, which was not to be sent"},
		{"a message by another way", func(e *evidence) {
			e.Rows["shp_1"] = append(e.Rows["shp_1"], people.Notification{ID: "t1", Kind: "ready", Channel: "sms", State: "sent", Attempts: 1})
		}, "t1 is ready by sms, which was not to be sent"},
		{"a repeat that the product does not know of", func(e *evidence) {
			e.Rows["shp_1"][0].Attempts, e.Rows["shp_1"][0].Uncertain = 1, false
		}, "message m1 by email came 2 times in 1 attempts"},
		{"a repeat that is not called uncertain", func(e *evidence) { e.Rows["shp_1"][0].Uncertain = false }, "had 2 attempts, and it is called uncertain: false"},
		{"a doubt without a repeat", func(e *evidence) { e.Rows["shp_2"][0].Uncertain = true }, "had 1 attempts, and it is called uncertain: true"},
		{"a further attempt without any kill", func(e *evidence) {
			e.Rows["shp_2"][1].Attempts, e.Rows["shp_2"][1].Uncertain, e.Rows["shp_2"][1].CreatedAt = 2, true, at(11)
		}, "message t+2 by sms had 2 attempts, and no sender was killed"},
		{"an event that was not posted", func(e *evidence) {
			p := &e.Parties[1]
			p.Posts = slices.Delete(p.Posts, 3, 4)
		}, "carrier 2: event evt_2_4 was posted out of order at 12:01:30.000, where evt_2_3 (shipment.loading) was expected"},
		{"the last event was not posted", func(e *evidence) {
			p := &e.Parties[1]
			p.Posts = p.Posts[:len(p.Posts)-1]
		}, "carrier 2: 1 events of the feed were never posted, the first is evt_2_9 (shipment.picked_up)"},
		{"no event was posted", func(e *evidence) { e.Parties[1].Posts = nil }, "carrier 2: 10 events of the feed were never posted"},
		{"events posted out of order", func(e *evidence) {
			posts := e.Parties[1].Posts
			posts[2], posts[3] = posts[3], posts[2]
		}, "carrier 2: event evt_2_3 was posted out of order"},
		{"an event of nobody's", func(e *evidence) { e.Parties[1].Posts[0].ID = "evt_9" }, "event evt_9 was posted out of order"},
		{"an old event posted again", func(e *evidence) {
			p := &e.Parties[1]
			p.Posts = append(p.Posts, p.Posts[0])
		}, "event evt_2_0 was posted out of order at 12:00:10.000, where nothing was expected"},
		{"a post that is not signed", func(e *evidence) {
			e.Parties[1].Posts[0].Verified, e.Parties[1].Posts[0].Problem = false, "no"
		}, "carrier 2: post \"evt_2_0\" is not verified: no"},
		{"an event posted again without any kill", func(e *evidence) {
			p := &e.Parties[1]
			again := p.Posts[1] // at 12:00:30
			again.At = again.At.Add(time.Second)
			p.Posts = slices.Insert(p.Posts, 2, again)
		}, "carrier 2: event evt_2_1 was taken at 12:00:30.000 and posted again at 12:00:31.000, and no sender was killed"},
		{"an event posted again with the kill long after it", func(e *evidence) { e.Shots[0].At = at(14) }, "carrier 1: event evt_1_0 was taken"},
		{"an event that was never taken", func(e *evidence) {
			p := &e.Parties[1]
			p.Posts[len(p.Posts)-1].Answered = http.StatusInternalServerError
		}, "carrier 2: event evt_2_9 was never taken"},
		{"an event before the one before was taken", func(e *evidence) {
			e.Parties[1].Posts[1].Answered = http.StatusInternalServerError
		}, "carrier 2: event evt_2_2 was posted before evt_2_1 was taken"},
		{"an event that the feed lacks", func(e *evidence) {
			p := &e.Parties[1]
			p.Feed, p.Posts, p.Log = p.Feed[1:], p.Posts[1:], p.Log[1:]
		}, "life 2: the events of shp_2 in the feed are [shipment.in_transit"},
		{"an event twice in the feed", func(e *evidence) {
			p := &e.Parties[1]
			p.Feed = append(p.Feed, p.Feed[9])
		}, "event evt_2_9 at position 10 of the feed comes after position 10, or is there twice"},
		{"a message that the feed does not tell of", func(e *evidence) { e.Parties[1].Feed[5].Notification = "t9" }, "life 2: the feed tells of messages"},
		{"another's event in the feed", func(e *evidence) { e.Parties[1].Feed[0].Shipment = "shp_9" }, "carrier 2: the feed has events of \"shp_9\""},
		{"a carrier of which nothing is known", func(e *evidence) { e.Parties = e.Parties[:1] }, "life 2: nothing is known of its carrier org_2"},
		{"a post that the log lacks", func(e *evidence) { e.Parties[1].Log = e.Parties[1].Log[1:] }, "carrier 2: the log calls 9 of 10 events delivered, and not evt_2_0 (shipment.created)"},
		{"a post that the log has twice", func(e *evidence) {
			p := &e.Parties[0]
			p.Log = append(p.Log, p.Log[0]) // it came twice
		}, "carrier 1: the log calls event evt_1_0 delivered 2 times"},
		{"a post in the log that did not come", func(e *evidence) {
			p := &e.Parties[1]
			p.Log = append(p.Log, delivery{Event: "evt_2_0", Status: http.StatusInternalServerError})
		}, "carrier 2: the log has a post of evt_2_0 that was answered with 500, delivered false, which did not come"},
		{"a refusal that the log calls delivered", func(e *evidence) { e.Parties[0].Log[2].Delivered = true }, "answered with 500, delivered true"},
		{"a cell that stays taken", func(e *evidence) { e.Rooms["lkr_1"][0].Free = 1 }, "lkr_1 has 1 free cells"},
		{"room that stays promised", func(e *evidence) { e.Rooms["lkr_1"][0].Room = 1 }, "room for 1, of 2"},
		{"an incident", func(e *evidence) { e.Incidents = []people.Incident{{ID: "inc_1", Kind: "journal_fork"}} }, "incident inc_1: journal_fork"},
		{"a part killed too rarely", func(e *evidence) { e.Shots = append(e.Shots[:1:1], e.Shots[1:5]...) }, "temporal was killed 2 times of 3"},
		{"too few kills", func(e *evidence) { e.Quota.total = 7 }, "6 kills of 7"},
		{"a phase hit too rarely", func(e *evidence) {
			for _, s := range e.Shots[2:] {
				delete(s.Phases, led)
			}
		}, "led was hit 2 times of 3"},
		{"a sender killed too rarely with an SMS in flight", func(e *evidence) {
			for _, s := range e.Shots[:4] {
				delete(s.Phases, smsLeft)
			}
		}, "a sender was killed at sms_left 1 times of 2"},
		{"senders were spared with an event in flight", func(e *evidence) {
			for i := range e.Shots {
				e.Shots[i].Phases[eventLeft] = !e.Shots[i].Sends
			}
		}, "a sender was killed at event_left 0 times of 2"},
	}
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

// smsAgain has the SMS of the second life come again, as the second attempt, which its row knows of.
func smsAgain(e *evidence, again time.Time) {
	e.Texts = append(e.Texts, text("+2", "SM2", 2, again))
	r := &e.Rows["shp_2"][1]
	r.Attempts, r.Uncertain, r.SentAt = 2, true, again
}

// TestJudgeForgivesAnSMSAgain: the sender was killed, and the provider, asked before it was sent again, did not have it yet.
func TestJudgeForgivesAnSMSAgain(t *testing.T) {
	t.Parallel()
	e := good()
	smsAgain(&e, at(55))
	e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(52), To: "+2"}}
	v := judge(e)
	require.Empty(t, v.wrong)
	require.Equal(t, repeat{Whose: "life 2", What: "SMS t+2", At: at(50), Again: at(55), Kill: 3}, v.uncertain[1])
}

// TestJudgeForgivesALateNotice: the sender was killed when the message was on its way already.
func TestJudgeForgivesALateNotice(t *testing.T) {
	t.Parallel()
	e := good()
	e.Shots[0].At = at(9.9)
	require.Empty(t, judge(e).wrong)
}

// TestJudgeForgives what is no fault: a further run of a life that had ended, which a signal delivered twice starts.
func TestJudgeForgives(t *testing.T) {
	t.Parallel()
	e := good()
	e.Workflows = append(e.Workflows, e.Workflows[0])
	require.Empty(t, judge(e).wrong)
}
