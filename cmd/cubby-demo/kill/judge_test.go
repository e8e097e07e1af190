package kill

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
)

func at(second float64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(second * float64(time.Second)))
}

// good is the evidence of a leg with two lives in which nothing went wrong. The first life's message came twice: kill 1
// explains it.
func good() evidence {
	e := evidence{
		Outcomes: map[string]outcome{}, Cells: 2, Parts: []string{"worker", "temporal"}, Quota: quota{each: 3, total: 6},
		Rooms: map[string][]people.Room{"lkr_1": {{Size: "S", Free: 2, Room: 2}}},
	}
	for n := 1; n <= 2; n++ {
		l := life{
			N: n, Number: fmt.Sprintf("S-%d", n), Address: fmt.Sprintf("c%d@example.org", n), Locker: "lkr_1",
			Carrier: "org_1", Shipment: fmt.Sprintf("shp_%d", n),
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
	for i := range 6 {
		s := shot{At: at(10.2 + 20*float64(i)), Part: e.Parts[i%2], Sends: i%2 == 0, Phases: map[phase]bool{}}
		for _, p := range required() {
			s.Phases[p] = true
		}
		e.Shots = append(e.Shots, s)
	}
	return e
}

func TestJudgePasses(t *testing.T) {
	t.Parallel()
	wrong, uncertain := judge(good())
	require.Empty(t, wrong)
	require.Equal(t, []repeat{{Life: 1, MessageID: "m1", At: at(10), Again: at(25), Kill: 1}}, uncertain)
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
		{"a missing message", func(e *evidence) { e.Mails = append(e.Mails[:1:1], e.Mails[2]) }, "no message came to c2@example.org"},
		{"a repeat without any kill", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(15), To: []string{"c2@example.org"}, MessageID: "m2"})
		}, "life 2: message m2 came at 12:00:11.000 and again at 12:00:15.000, and no sender was killed"},
		{"a repeat while another part was killed", func(e *evidence) { e.Shots[0].Sends = false }, "life 1: message m1 came at"},
		{"a repeat with the kill before DATA", func(e *evidence) { e.Shots[0].At = at(9.9) }, "life 1: message m1 came at"},
		{"a repeat with the kill long after the answer", func(e *evidence) { e.Shots[0].At = at(14) }, "life 1: message m1 came at"},
		{"a repeat with the kill after it", func(e *evidence) { e.Mails[2].At = at(10.1) }, "life 1: message m1 came at"},
		{"a third copy with one kill", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(26), To: []string{"c1@example.org"}, MessageID: "m1"})
		}, "came at 12:00:25.000 and again at 12:00:26.000"},
		{"two messages", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(26), To: []string{"c2@example.org"}, MessageID: "m9"})
		}, "life 2: two messages, m2 and m9"},
		{"one Message-ID for two lives", func(e *evidence) { e.Mails[1].MessageID = "m1" }, "share the Message-ID"},
		{"no Message-ID", func(e *evidence) { e.Mails[1].MessageID = "" }, "share the Message-ID"},
		{"a message to a stranger", func(e *evidence) { e.Mails = append(e.Mails, people.Mail{To: []string{"x@example.org"}}) }, "1 messages to x@example.org"},
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
	}
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			e := good()
			p.plant(&e)
			wrong, _ := judge(e)
			require.NotEmpty(t, wrong)
			require.Contains(t, fmt.Sprint(wrong), p.want)
		})
	}
}

// TestJudgeForgives what is no fault: a further run of a life that had ended, which a signal delivered twice starts.
func TestJudgeForgives(t *testing.T) {
	t.Parallel()
	e := good()
	e.Workflows = append(e.Workflows, e.Workflows[0])
	wrong, _ := judge(e)
	require.Empty(t, wrong)
}
