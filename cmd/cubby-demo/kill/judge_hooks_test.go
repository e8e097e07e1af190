package kill

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestJudgeFailsWebhooks(t *testing.T) {
	t.Parallel()
	found(t, []plant{
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
	})
}
