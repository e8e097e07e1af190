package cabinet_test

import (
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// farSide is the server's side of a line on which everything can be late, doubled, out of
// order or lost: batches on their way up, acknowledgements and messages on their way down.
type farSide struct {
	head     models.Head
	taken    []models.Fact
	batches  [][]models.Fact
	acks     []cabinet.JournalAcked
	greeting cabinet.Input // not delivered yet
	messages []cabinet.Input
}

// network does one thing that a line does.
func (c *chaos) network() {
	c.t.Helper()
	f := &c.far
	switch n := c.rnd.IntN(100); {
	case n < 35:
		if f.greeting == nil && (!c.state.Link.Live || c.rnd.IntN(10) == 0) {
			c.dial()
		}
		if f.greeting != nil && c.rnd.IntN(3) > 0 {
			c.do(f.greeting)
			f.greeting = nil
		}
	case n < 40:
		f.greeting = nil
		c.do(cabinet.LinkDown{})
	case n < 60:
		if c.state.Link.Live {
			f.batches = append(f.batches, c.state.Unsent(1+c.rnd.IntN(30)))
		}
	case n < 80:
		c.land()
	case n < 95:
		if len(f.acks) > 0 {
			i := c.rnd.IntN(len(f.acks))
			c.do(f.acks[i])
			if c.rnd.IntN(2) == 0 { // else it comes once more
				f.acks = slices.Delete(f.acks, i, i+1)
			}
		}
	case n < 96:
		c.restoreServer()
		c.answerSnapshot()
	case n < 97 && c.epochs:
		// Someone else spoke for the cabinet.
		f.head = models.Head{Epoch: max(f.head.Epoch, c.state.Journal.Epoch) + 1, Seq: 1, Hash: "other"}
		c.dial()
	default:
		if len(f.messages) > 0 {
			c.do(f.messages[c.rnd.IntN(len(f.messages))]) // of any time, once more
		}
	}
}

// dial begins a stream. The greeting is on its way.
func (c *chaos) dial() {
	c.t.Helper()
	c.do(cabinet.LinkUp{Nonce: fmt.Sprintf("nonce-%d", c.steps), Agent: "test"})
	c.far.greeting = c.far.greet(c.sent[len(c.sent)-1].Body.(protocol.Hello))
}

func (f *farSide) greet(h protocol.Hello) cabinet.Input {
	switch {
	case h.Epoch > f.head.Epoch:
		return cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: h.Epoch}}
	case h.Epoch < f.head.Epoch, h.Seq < f.head.Seq, h.Seq == f.head.Seq && h.Hash != f.head.Hash:
		return cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: f.head.Epoch + 1}}
	}
	return cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: f.head.Epoch, Seq: f.head.Seq}}
}

// land has a batch arrive, perhaps not for the last time.
func (c *chaos) land() {
	c.t.Helper()
	f := &c.far
	if len(f.batches) == 0 {
		return
	}
	i := c.rnd.IntN(len(f.batches))
	batch := f.batches[i]
	if c.rnd.IntN(4) > 0 {
		f.batches = slices.Delete(f.batches, i, i+1)
	}
	if err := f.take(batch); models.ErrorCode(err) == models.CodeFork && c.rnd.IntN(2) == 0 {
		c.do(cabinet.JournalForked{Epoch: batch[0].Epoch})
	} else if err == nil && c.rnd.IntN(5) > 0 {
		f.acks = append(f.acks, cabinet.JournalAcked{Epoch: f.head.Epoch, Seq: f.head.Seq})
	}
}

func (f *farSide) take(batch []models.Fact) error {
	fresh, err := f.head.CheckChain(batch)
	if n := len(fresh); err == nil && n > 0 {
		f.taken = append(f.taken, fresh...)
		f.head.Epoch, f.head.Seq, f.head.Hash = fresh[n-1].Epoch, fresh[n-1].Seq, fresh[n-1].Hash
	}
	return err
}

// restoreServer puts the server's database back by some facts of the same epoch.
func (c *chaos) restoreServer() {
	f := &c.far
	back := c.rnd.IntN(40)
	if back >= len(f.taken) || c.epochs {
		return
	}
	last := f.taken[len(f.taken)-1-back]
	if last.Epoch != c.state.Journal.Epoch || f.head.Epoch != last.Epoch {
		return
	}
	f.taken = f.taken[:len(f.taken)-back]
	f.head.Seq, f.head.Hash = last.Seq, last.Hash
}

// heal gives the cabinet a good line until the server has everything; then each fact about
// a shipment must be there, in order, and once.
func (c *chaos) heal() {
	c.t.Helper()
	f := &c.far
	for range 5 {
		c.dial()
		c.do(f.greeting)
		c.answerSnapshot()
		for facts := c.state.Unsent(50); len(facts) > 0; facts = c.state.Unsent(50) {
			if err := f.take(facts); err != nil {
				if models.ErrorCode(err) == models.CodeFork {
					c.do(cabinet.JournalForked{Epoch: facts[0].Epoch})
					c.answerSnapshot()
				}
				break
			}
			c.do(cabinet.JournalAcked{Epoch: f.head.Epoch, Seq: f.head.Seq})
		}
	}
	require.Equal(c.t, c.state.Journal.Seq, c.state.Journal.Acked, "the journal did not get through")
	require.Equal(c.t, f.head.Hash, c.state.Journal.Hash)
	told, known := c.stories(c.facts), c.stories(f.taken)
	if !c.epochs {
		require.Equal(c.t, told, known)
		return
	}
	// What was acknowledged to the one who spoke for the cabinet, or is told again in a new
	// epoch because the answer was lost, is no fault of the order.
	for _, story := range told {
		require.Contains(c.t, known, story, "a fact never reached the server")
	}
}

// answerSnapshot gives the server's view of the cells, if the cabinet waits for it.
func (c *chaos) answerSnapshot() {
	c.t.Helper()
	if c.state.Unsure {
		c.do(cabinet.SnapshotTaken{})
	}
}

// stories are the facts about shipments, without where in the journal they stand.
func (c *chaos) stories(facts []models.Fact) []string {
	c.t.Helper()
	var all []string
	for _, f := range facts {
		d, err := f.Payload()
		require.NoError(c.t, err)
		if d.Shipment != "" {
			all = append(all, fmt.Sprint(f.UptimeMS, f.Boot, f.Type, f.Operation, f.Cell, f.Generation, d.Shipment, d.Parcel, d.Attempt, d.Reason))
		}
	}
	return all
}
