package simulation

import (
	"fmt"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	pongTimeout = 10 * second
	callTimeout = 5 * second
	batchSize   = 25
)

// link is a cabinet's way to the server.
type link struct {
	up     bool // the network works
	conn   int  // the stream; 0: none
	conns  int
	nonce  string
	upAt   int64 // messages of a stream keep their order
	downAt int64
	busy   [3]bool // a journal, directory or snapshot call is under way
	slow   int64   // until then messages take seconds
	goneAt int64   // when the last stream ended
	away   []models.Span
}

// The calls.
const (
	callJournal = iota
	callDirectory
	callSnapshot
)

// latency is how long a message takes now.
func (n *node) latency() int64 {
	if n.link.slow > n.w.now {
		return n.w.between(500, 6*second)
	}
	return n.w.between(5, 120)
}

func (n *node) connected() bool { return n.running && n.link.up && n.w.server.up }

// connectSoon dials after a random pause.
func (n *node) connectSoon() {
	life := n.life
	wait := n.w.between(200, 20*second)
	if n.w.calm {
		wait = n.w.between(200, 2*second)
	}
	n.w.in(wait, func() {
		if n.life != life || !n.running || n.link.conn != 0 {
			return
		}
		if !n.connected() {
			n.connectSoon()
			return
		}
		if gone := (models.Span{From: n.w.at(n.link.goneAt), Until: n.w.time()}); n.w.now-n.link.goneAt >= 30*second {
			n.link.away = append(n.link.away, gone)
		}
		n.link.conns++
		n.link.conn = n.link.conns
		n.link.nonce = fmt.Sprintf("nonce-%d-%d", n.index, n.link.conns)
		n.link.upAt, n.link.downAt = n.w.now, n.w.now
		conn := n.link.conn
		n.w.in(pongTimeout, func() { n.dropDead(conn) })
		n.give(cabinet.LinkUp{Nonce: n.link.nonce, Agent: "simulated"})
	})
}

// dropDead ends a stream on which nothing can come any more.
func (n *node) dropDead(conn int) {
	if n.link.conn != conn || !n.running {
		return
	}
	if n.connected() && n.state().Link.Live {
		n.w.in(pongTimeout, func() { n.dropDead(conn) })
		return
	}
	n.hangUp("no pong")
}

// hangUp ends the stream; another one is dialled.
func (n *node) hangUp(why string) {
	if n.link.conn == 0 || !n.running {
		return
	}
	n.w.log(n, "stream %d ends: %s", n.link.conn, why)
	n.lineEnds()
	n.give(cabinet.LinkDown{})
	n.connectSoon()
}

func (n *node) lineEnds() {
	if n.link.conn != 0 {
		n.link.conn, n.link.goneAt = 0, n.w.now
	}
}

// cutOff ends the stream at once, as a reset does.
func (n *node) cutOff() { n.hangUp("reset") }

// sendUp puts a message on the stream.
func (n *node) sendUp(t protocol.Type, body any) {
	conn := n.link.conn
	if conn == 0 {
		return
	}
	n.link.upAt = max(n.link.upAt, n.w.now+n.latency())
	n.w.in(n.link.upAt-n.w.now, func() {
		if n.link.conn == conn && n.connected() {
			n.w.server.receive(n, conn, t, body)
		}
	})
}

// sendDown puts an input that the server sends on the stream; twice while messages echo.
func (n *node) sendDown(conn int, in cabinet.Input) {
	n.link.downAt = max(n.link.downAt, n.w.now+n.latency())
	deliver := func() {
		if n.link.conn == conn && n.connected() {
			switch in := in.(type) {
			case cabinet.ContinueFrom:
				n.wall.server = in.NowMS - n.uptime()
			case cabinet.NewEpoch:
				n.wall.server = in.NowMS - n.uptime()
			}
			n.give(in)
		}
	}
	n.w.in(n.link.downAt-n.w.now, deliver)
	if n.chatter > n.w.now && repeatable(in) {
		n.w.in(n.link.downAt-n.w.now+n.w.between(1, 9*second), deliver)
	}
}

// repeatable: a command and an answer may come twice; the first answer of a session is
// part of its handshake.
func repeatable(in cabinet.Input) bool {
	switch in.(type) {
	case cabinet.Command, cabinet.Answer, cabinet.DirectoryChanged:
		return true
	}
	return false
}

// call makes an HTTP call. serve runs at the server and returns what the cabinet does with
// the answer. Request or answer may be lost, and a request may arrive twice.
func (n *node) call(kind int, serve func() (answer func()), failed func()) {
	if n.link.busy[kind] {
		return
	}
	n.link.busy[kind] = true
	life := n.life
	end := func(do func()) {
		if n.life != life || !n.running {
			return
		}
		n.link.busy[kind] = false
		do()
	}
	fail := func() { n.w.in(callTimeout, func() { end(failed) }) }
	n.w.in(n.latency(), func() {
		if !n.connected() || n.life != life || n.chatter > n.w.now && n.w.chance(15) {
			fail()
			return
		}
		answer := serve()
		if n.chatter > n.w.now && n.w.chance(30) {
			n.w.in(n.w.between(1, 8*second), func() {
				if n.w.server.up {
					serve() // the answer to the repeat goes nowhere
				}
			})
		}
		n.w.in(n.latency(), func() {
			if !n.connected() || n.chatter > n.w.now && n.w.chance(15) {
				fail()
				return
			}
			end(answer)
		})
	})
}

// again makes a call once more after a pause, if there is a stream.
func (n *node) again(do func()) {
	life := n.life
	n.w.in(n.w.between(200, 5*second), func() {
		if n.life == life && n.running && n.link.conn != 0 {
			do()
		}
	})
}

func (n *node) upload() {
	if n.w.failed != nil {
		return
	}
	facts := n.state().Unsent(batchSize)
	if len(facts) == 0 {
		return
	}
	last := facts[len(facts)-1]
	n.call(callJournal, func() func() {
		reply, err := n.w.server.journal(n, facts)
		return func() {
			switch {
			case err == nil:
				n.checkAck(facts, reply)
				n.give(cabinet.JournalAcked{Epoch: reply.Epoch, Seq: reply.Seq})
				if reply.Epoch == last.Epoch && reply.Seq == last.Seq {
					n.upload()
					return
				}
				n.hangUp("the server has another journal")
			case models.ErrorCode(err) == models.CodeFork:
				n.give(cabinet.JournalForked{Epoch: facts[0].Epoch})
				n.hangUp("the journals differ")
			case models.ErrorCode(err) == models.CodeUnavailable:
				n.again(n.upload)
			default:
				n.hangUp("facts were refused: " + err.Error())
			}
		}
	}, func() { n.again(n.upload) })
}

func (n *node) fetchDirectory() {
	if !n.state().Link.Live {
		return
	}
	since := n.state().Directory.Cursor[models.ScopeOfLocker(n.id)]
	n.call(callDirectory, func() func() {
		page := n.w.server.directory(n, since)
		return func() {
			n.give(cabinet.DirectoryEntries{DirectoryReply: page})
			n.w.in(n.w.between(0, compareWithin), n.compare)
		}
	}, func() { n.again(n.fetchDirectory) })
}

func (n *node) fetchSnapshot() {
	n.call(callSnapshot, func() func() {
		snapshot := n.w.server.snapshot(n)
		return func() { n.give(cabinet.SnapshotTaken{Snapshot: snapshot}) }
	}, func() { n.again(n.fetchSnapshot) })
}
