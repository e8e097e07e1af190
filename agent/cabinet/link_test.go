package cabinet_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

func encode(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

func TestTheRaceOfPrincipleFour(t *testing.T) {
	t.Parallel()
	ask := func(t *testing.T) *rig {
		r := stored(t, policy(), 1)
		r.online()
		r.keyIn(r.code("shp_1"))
		require.Empty(t, r.pulses)
		return r
	}
	for _, c := range []struct {
		name   string
		do     func(r *rig)
		state  cabinet.OperationState
		pulses int
	}{
		{"no acceptance, not yet", func(r *rig) { r.wait(1999) }, cabinet.StateAsking, 0},
		{"no acceptance", func(r *rig) { r.wait(2000) }, cabinet.StateLocal, 1},
		{"accepted, no command yet", func(r *rig) { r.answer(protocol.Accepted, ""); r.wait(2999) }, cabinet.StateLed, 0},
		{"accepted, no command", func(r *rig) { r.answer(protocol.Accepted, ""); r.wait(3000) }, cabinet.StateLocal, 1},
		{"the server cannot lead", func(r *rig) { r.answer(protocol.DecideLocally, "") }, cabinet.StateLocal, 1},
		{"refused", func(r *rig) { r.answer(protocol.Refused, "no") }, cabinet.StateAbandoned, 0},
		{"the person gives up", func(r *rig) { r.press(cabinet.ButtonCancel) }, cabinet.StateAbandoned, 0},
		{"the line breaks", func(r *rig) { r.do(cabinet.LinkDown{}) }, cabinet.StateLocal, 1},
		{"the line breaks after acceptance", func(r *rig) { r.answer(protocol.Accepted, ""); r.do(cabinet.LinkDown{}) }, cabinet.StateLocal, 1},
		{"the command overtakes the answer", func(r *rig) { r.do(cabinet.Command{Command: r.command("c")}) }, cabinet.StateLed, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := ask(t)
			c.do(r)
			require.Equal(t, c.state, r.operation().State)
			require.Len(t, r.pulses, c.pulses)
			// A late command is answered with what is recorded, and drives nothing.
			if c.state == cabinet.StateLocal || c.state == cabinet.StateAbandoned {
				r.do(cabinet.Command{Command: r.command("late")})
				require.Len(t, r.pulses, c.pulses)
				require.Equal(t, models.OpenResult{Outcome: models.Refused, Reason: string(c.state)}, r.lastResult().Result)
				require.Equal(t, "late", r.lastResult().ID)
			}
		})
	}
}

func TestCommandsThatAreNotAsAsked(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.online()
	r.keyIn(r.code("shp_1"))
	for name, change := range map[string]func(*protocol.Command){
		"older generation": func(c *protocol.Command) { c.Open.Cells[0].Generation-- },
		"another cell":     func(c *protocol.Command) { c.Open.Cells[0].Cell = 2 },
		"one cell more":    func(c *protocol.Command) { c.Open.Cells = append(c.Open.Cells, models.OpenCell{Cell: 2}) },
		"no cell":          func(c *protocol.Command) { c.Open.Cells = nil },
		"another kind":     func(c *protocol.Command) { c.Open.Kind = models.Deposit },
		"another shipment": func(c *protocol.Command) { c.Open.Shipment = "shp_2" },
		"unknown":          func(c *protocol.Command) { c.Open.Operation = "op_unknown" },
	} {
		command := r.command(name)
		command.Open.Cells = append([]models.OpenCell{}, command.Open.Cells...)
		change(&command)
		r.do(cabinet.Command{Command: command})
		require.Equal(t, models.Refused, r.lastResult().Result.Outcome, name)
		require.Equal(t, name, r.lastResult().ID)
		require.Empty(t, r.pulses, name)
	}
	r.lead()
	require.Len(t, r.pulses, 1)
}

func TestRepeatedCommand(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.online()
	r.keyIn(r.code("shp_1"))
	r.answer(protocol.Accepted, "")
	r.do(cabinet.Command{Command: r.command("one")})
	r.do(cabinet.Command{Command: r.command("one")})
	r.do(cabinet.Command{Command: r.command("two")})
	require.Empty(t, r.results())
	r.open(1)
	require.Len(t, r.results(), 2, "both are answered, once each")
	first := r.results()[0]
	require.Equal(t, models.Opened, first.Result.Outcome)
	f, _ := r.lastFact(models.FactDoorOpened)
	require.Equal(t, f.Seq, first.Seq)
	r.close(1)
	r.wait(600_000)
	r.do(cabinet.Command{Command: r.command("three")})
	require.Equal(t, first.Result, r.lastResult().Result)
	require.Equal(t, "three", r.lastResult().ID)
	require.Len(t, r.pulses, 1)
}

func TestEveryCommandIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 6)
	r.online()
	r.keyIn(r.code("shp_1"))
	r.press(cabinet.ButtonOpen)
	r.lead()
	for i := range 4 {
		r.open(i + 1)
		r.wait(300)
	}
	r.wait(7299)
	require.Empty(t, r.results(), "two doors wait for others to close")
	r.wait(1)
	res := r.lastResult().Result
	require.Equal(t, models.Opened, res.Outcome)
	require.Equal(t, models.Unknown, res.Cells[5].Outcome)
}

func TestJournalGoesOn(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	require.Equal(t, models.FactInventory, r.facts[0].Type)
	hello := func() protocol.Hello {
		r.do(cabinet.LinkUp{Nonce: "n", Agent: "test"})
		return r.sent[len(r.sent)-1].Body.(protocol.Hello)
	}
	h := hello()
	require.Equal(t, r.head.Seq, h.Seq)
	require.Equal(t, r.head.Hash, h.Hash)
	r.do(cabinet.TamperRead{Tamper: models.TamperHousing, Alarm: true, Known: true})
	hello()
	r.uploads, r.fetches = 0, 0
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: 1, Seq: 2}})
	require.Equal(t, 1, r.uploads)
	require.Zero(t, r.fetches, "the journal goes up before the directory comes down")
	unsent := r.state.Journal.Unacknowledged(2)
	require.Len(t, unsent, 2)
	require.Equal(t, int64(3), unsent[0].Seq)
	r.ack()
	require.Equal(t, 1, r.fetches)
	r.do(cabinet.JournalAcked{Epoch: 1, Seq: 1}) // late
	require.Equal(t, r.state.Journal.Seq, r.state.Journal.Acked)

	// The server was restored and knows less: what is still here goes up again.
	hello()
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: 0, Seq: 0}})
	require.Equal(t, int64(0), r.state.Journal.Acked)
	require.Equal(t, r.head.Seq, int64(len(r.state.Journal.Unacknowledged(1000))))

	// It cannot go on: a new epoch opens with an inventory; what it never saw is told again.
	hello()
	n := len(r.facts)
	r.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 5}})
	require.Len(t, r.facts, n, "what an old copy of a store believes is not told before the server was asked")
	require.Empty(t, r.state.Unsent(10))
	r.do(cabinet.SnapshotTaken{})
	require.Equal(t, []models.FactType{models.FactInventory, models.FactDeposited, models.FactDevice}, r.types(n))
	require.Equal(t, models.DeviceAlarm, r.device().State)
	require.Equal(t, int64(5), r.facts[n].Epoch)
	_, data := r.lastFact(models.FactInventory)
	require.Len(t, data.Cells, 2)
	require.Equal(t, models.CellOccupied, data.Cells[0].State)
}

func TestAForkBeginsANewEpoch(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.online()
	n := len(r.facts)
	r.do(cabinet.JournalForked{Epoch: 7}) // late, of another epoch
	require.Len(t, r.facts, n)
	r.uploads = 0
	r.do(cabinet.JournalForked{Epoch: 1})
	r.do(cabinet.SnapshotTaken{})
	require.Equal(t, []models.FactType{models.FactInventory}, r.types(n))
	require.Equal(t, int64(2), r.state.Journal.Epoch)
	require.Equal(t, 1, r.uploads)
}

func TestAcknowledgedFactsArePruned(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.keepEvery = 100 // a state with so many facts is large
	r.online()
	for range 1000 {
		r.open(1)
		r.close(1)
		r.ack()
	}
	require.Len(t, r.state.Journal.Facts, int(r.state.Journal.Seq), "a restored server may ask for them")
	r.now.WallMS += 15 * 24 * 3600_000
	r.do(cabinet.LinkDown{})
	r.open(1)
	r.close(1)
	r.online()
	require.Less(t, len(r.state.Journal.Facts), 100)
	r.do(cabinet.LinkUp{Nonce: "again"})
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: 1, Seq: 3}})
	require.Equal(t, int64(2), r.state.Journal.Epoch, "the fact it wants is gone")
}

func TestHeartbeatCarriesTheDigest(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.online()
	r.sent = nil
	r.wait(15_000)
	require.Len(t, r.sent, 1)
	require.Equal(t, protocol.Heartbeat{Epoch: 1, Seq: r.head.Seq, Digest: protocol.InventoryDigest(r.state.Reports())}, r.sent[0].Body)
}

func TestCrashes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		reach  func(r *rig)
		open   []int
		cell   models.Occupancy
		state  cabinet.OperationState
		reason string
	}{
		{"asking", func(*rig) {}, nil, models.Occupancy{State: models.CellOccupied}, cabinet.StateAbandoned, "interrupted"},
		{"accepted", func(r *rig) { r.answer(protocol.Accepted, "") }, nil, models.Occupancy{State: models.CellOccupied}, cabinet.StateAbandoned, "interrupted"},
		{"pulsed, the door is shut", func(r *rig) { r.lead() }, nil, models.Occupancy{State: models.CellOccupied, Doubtful: true}, cabinet.StateDone, "interrupted"},
		{"pulsed, the door is open", func(r *rig) { r.lead() }, []int{1}, models.Occupancy{State: models.CellReserved}, cabinet.StateDone, "picked_up"},
		{"open, and still open", func(r *rig) { r.lead(); r.open(1) }, []int{1}, models.Occupancy{State: models.CellReserved}, cabinet.StateDone, "picked_up"},
		{"open, then shut unseen", func(r *rig) { r.lead(); r.open(1) }, nil, models.Occupancy{State: models.CellOccupied, Doubtful: true}, cabinet.StateDone, "interrupted"},
		{"closed, no objection yet", func(r *rig) { r.lead(); r.open(1); r.close(1) }, nil, models.Occupancy{State: models.CellReserved}, cabinet.StateDone, "picked_up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.online()
			r.keyIn(r.code("shp_1"))
			c.reach(r)
			pulses := len(r.pulses)
			r.now.UptimeMS = 50
			r.do(cabinet.Started{Boot: "boot-2", Open: c.open})
			if len(c.open) > 0 {
				r.close(1)
			}
			r.wait(8000)
			require.Len(t, r.pulses, pulses, "nothing is driven again by itself")
			require.Equal(t, c.cell, r.cell(1).Occupancy)
			require.Equal(t, c.state, r.operation().State)
			require.Equal(t, c.reason, r.operation().Reason)
			r.online()
			r.do(cabinet.Command{Command: r.command("late")})
			require.Len(t, r.pulses, pulses)
			require.NotEmpty(t, r.results())
		})
	}
}

func TestCrashInADeposit(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Equal(t, models.Occupancy{State: models.CellReserved, Doubtful: true}, r.cell(1).Occupancy)
	_, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, "interrupted", data.Reason)
	require.Equal(t, 2, r.load("shp_1-1"), "the courier who still has it may try again")
}

func TestNoSecretsInTheJournal(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	for _, f := range r.facts {
		raw := string(encode(t, f))
		require.NotContains(t, raw, r.code("shp_1"))
		require.NotContains(t, raw, pin)
		require.NotContains(t, raw, badge)
	}
}

func TestALateAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	for name, decide := range map[string]func(r *rig){
		"decided here":     func(r *rig) { r.wait(2000) },
		"led and driven":   func(r *rig) { r.lead() },
		"the person left":  func(r *rig) { r.press(cabinet.ButtonCancel) },
		"it is over again": func(r *rig) { r.lead(); r.open(1); r.close(1); r.wait(8000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.online()
			r.keyIn(r.code("shp_1"))
			decide(r)
			before, facts, pulses := *r.operation(), len(r.facts), len(r.pulses)
			for _, v := range []protocol.Verdict{protocol.Accepted, protocol.Refused, protocol.DecideLocally} {
				r.answer(v, "no")
			}
			require.Equal(t, before, *r.operation())
			require.Len(t, r.facts, facts)
			require.Len(t, r.pulses, pulses)
		})
	}
}

func TestAnOperationIDIsUsedOnce(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	used := r.operation().ID
	for _, id := range []models.OperationID{used, ""} {
		r.do(cabinet.Keyed{Text: r.code("shp_1"), ID: id})
		require.Empty(t, r.pulses)
		require.Equal(t, cabinet.TextTryLater, r.screen().Text)
	}
}
