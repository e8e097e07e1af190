package simulation

import (
	"slices"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// gatesAnHour is how often a gate may open from afar within an hour (docs/protocol.md).
const gatesAnHour = 12

// gateOrder is an order for the gate of a cabinet's site that was signed, and what is true of it.
type gateOrder struct {
	grant   models.RemoteGrant
	expires int64
	used    bool
}

// openGate has the gate of a cabinet's site opened for somebody who stands before it. Whoever owns
// the gateway tries the same with a grant that was signed for a door.
func (s *server) openGate(n *node) {
	l := s.at(n)
	if n.link.conn == 0 || l.hello.Nonce == "" {
		return
	}
	s.gates++
	op := models.OperationID(id(models.PrefixOperation, 95_000_000+s.gates))
	life := s.w.between(2*second, 50*second)
	g := models.RemoteGrant{
		Locker: n.id, Epoch: l.head.Epoch, Nonce: l.hello.Nonce, Purpose: models.PurposeOpenGate, Operation: op,
		NotAfterMS: s.w.time().Add(time.Duration(life) * time.Millisecond).UnixMilli(),
	}
	if s.w.chance(30) {
		g.Purpose, g.Cell = models.PurposeHelp, int(s.w.between(1, cellsPerNode))
		g.Generation = l.cells[g.Cell].Generation
	} else {
		s.gateOrders[op] = &gateOrder{grant: g, expires: s.w.now + life}
	}
	raw, sig, err := s.signer.SignRemote(g)
	if err != nil {
		panic(err) // plain structs: cannot happen
	}
	command := protocol.Command{
		ID: "cmd-" + string(op), Open: models.OpenInput{Locker: n.id, Operation: op, Kind: models.RemoteOpen},
		Remote: &protocol.RemoteOpening{Grant: raw, Signer: s.signer.ID, Signature: sig},
	}
	deliver := func() {
		if n.link.conn != 0 {
			s.down(n, n.link.conn, cabinet.Command{Command: command})
		}
	}
	deliver()
	if s.w.chance(40) { // again, in another moment or session
		s.w.in(s.w.between(second, 2*minute), deliver)
	}
}

// drive carries an order for a relay out, as its board does: it may take it and say nothing.
func (n *node) drive(d cabinet.Drive) {
	if d.Output == models.OutputGate {
		n.checkGate(d)
	} else {
		n.checkAlarm(d)
	}
	took, silent := !n.w.chance(10), n.w.chance(5)
	life := n.life
	n.w.in(n.w.between(10, 300), func() {
		if n.running && n.life == life {
			n.give(cabinet.OutputDriven{Drive: d, Done: took && !silent, Unsure: silent})
		}
	})
}

// checkGate: no gate is pulsed without an order that was signed for it, and each opens it once.
func (n *node) checkGate(d cabinet.Drive) {
	o := n.w.server.gateOrders[d.Operation]
	n.watch.gates = slices.DeleteFunc(n.watch.gates, func(at int64) bool { return at <= n.poweredMS()-hour })
	n.watch.gates = append(n.watch.gates, n.poweredMS())
	switch {
	case o == nil || o.grant.Locker != n.id:
		n.w.fail(n, "the gate is pulsed by %s, and nobody signed an order for it", d.Operation)
	case o.used:
		n.w.fail(n, "the order %s pulses the gate twice", d.Operation)
	case o.grant.Nonce != n.link.nonce:
		n.w.fail(n, "the gate is pulsed by %s, which was for session %s, and this is %s", d.Operation, o.grant.Nonce, n.link.nonce)
	case n.w.now > o.expires+10*second: // messages take their time
		n.w.fail(n, "the gate is pulsed by %s, which expired %d s ago", d.Operation, (n.w.now-o.expires)/second)
	case len(n.watch.gates) > gatesAnHour:
		n.w.fail(n, "the gate was opened %d times within an hour", len(n.watch.gates))
	default:
		o.used = true
	}
}
