package simulation

import (
	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// askServer brings what a page asks to the server, and its answer back: late, twice, or never.
func (n *node) askServer(r protocol.Request) {
	life := n.life
	n.w.in(n.latency()+n.w.server.think(), func() {
		if !n.connected() || n.w.chance(10) {
			return
		}
		reply := n.w.server.answer(n, r)
		for range 1 + n.w.rng.IntN(2) {
			n.w.in(n.w.between(0, 20*second), func() {
				if n.running && n.life == life {
					n.give(cabinet.Replied{ID: r.ID, Reply: reply})
				}
			})
		}
	})
}

// checkAnswered: what the server says is for the page alone that asked.
func (n *node) checkAnswered(in cabinet.Input) {
	reply, ok := in.(cabinet.Replied)
	if !ok {
		return
	}
	for i, before := range n.watch.sessions {
		now := n.session(i)
		asked := before.Asked.ID == reply.ID || before.Call.ID == reply.ID
		if !asked && (now.Screen != before.Screen || now.Text != before.Text || now.Operation != before.Operation || now.Asked != before.Asked) {
			n.w.fail(n, "an answer to %s has the screen go from %s to %s, and that had not asked", reply.ID, before.Text, now.Text)
		}
	}
}

// answer is the server's: nil, where it does not know.
func (s *server) answer(n *node, r protocol.Request) *protocol.RequestReply {
	if !s.database || s.w.chance(20) {
		return nil
	}
	switch r.Kind {
	case protocol.Lookup:
		sh := s.owner(r.Label)
		switch {
		case sh == nil:
			return &protocol.RequestReply{Verdict: protocol.RequestUnknown}
		case sh.node == n && !sh.life.State.Final():
			return &protocol.RequestReply{Verdict: protocol.RequestHere}
		}
		return &protocol.RequestReply{Verdict: protocol.RequestElsewhere, Place: "L-999, High Street 5"}
	case protocol.Nearby:
		return &protocol.RequestReply{Lockers: []models.NearbyLocker{{Locker: "lkr_near", Number: "L-900", DistanceM: 300, Room: 2}}}
	case protocol.SendThere:
		return &protocol.RequestReply{Verdict: protocol.RequestRefused}
	}
	return &protocol.RequestReply{Verdict: []string{protocol.RequestDone, protocol.RequestRefused}[s.w.rng.IntN(2)]}
}
