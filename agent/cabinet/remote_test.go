package cabinet_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// serverMS is the server's clock when a session of these tests begins: it is not the
// cabinet's.
const serverMS = 1_900_000_000_000

// session brings up a stream with a nonce of its own.
func (r *rig) session(nonce string) {
	r.t.Helper()
	r.do(cabinet.LinkUp{Nonce: nonce, Agent: "test"})
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{
		Epoch: r.state.Journal.Epoch, Seq: r.state.Journal.Acked, NowMS: serverMS,
	}})
	r.ack()
}

// granted is a grant for a cell that holds as things are, for 30 s from the session's start.
func (r *rig) granted(op models.OperationID, cell int) models.RemoteGrant {
	return models.RemoteGrant{
		Locker: locker, Epoch: r.state.Journal.Epoch, Nonce: r.state.Link.Nonce, Cell: cell, Generation: r.cell(cell).Generation,
		Purpose: models.PurposeHelp, Operation: op, NotAfterMS: serverMS + 30_000 + r.now.UptimeMS - r.state.Link.ServerAt,
	}
}

// remote is a command that carries a grant, signed.
func remote(t *testing.T, id string, g models.RemoteGrant, by models.Signer) cabinet.Command {
	t.Helper()
	raw, signature, err := by.SignRemote(g)
	require.NoError(t, err)
	return cabinet.Command{Command: protocol.Command{
		ID: id,
		Open: models.OpenInput{
			Locker: g.Locker, Operation: g.Operation, Kind: models.RemoteOpen,
			Cells: []models.OpenCell{{Cell: g.Cell, Generation: g.Generation}},
		},
		Remote: &protocol.RemoteOpening{Grant: raw, Signer: by.ID, Signature: signature},
	}}
}

func (r *rig) openRemotely(g models.RemoteGrant) {
	r.t.Helper()
	r.do(remote(r.t, "cmd-"+string(g.Operation), g, signer()))
}

// occupied is a cabinet online with a parcel in cell 1 and cell 2 free.
func occupied(t *testing.T) *rig {
	t.Helper()
	r := stored(t, policy(), 1)
	r.session("nonce-1")
	return r
}

func TestRemoteOpening(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	n, before := len(r.facts), r.screen()
	r.openRemotely(r.granted("op_far", 1))
	require.Equal(t, []cabinet.Pulse{{Operation: "op_far", Cell: 1, Attempt: 1}}, r.pulses)
	require.Empty(t, r.results(), "a pulse is not an open door")
	require.Equal(t, before, r.screen(), "the screen has no part in it")
	r.open(1)
	require.Equal(t, models.OpenResult{Outcome: models.Opened, Cells: []models.CellOutcome{{Cell: 1, Outcome: models.Opened}}}, r.lastResult().Result)
	opened, data := r.lastFact(models.FactDoorOpened)
	require.Equal(t, models.PurposeHelp, data.Reason)
	require.Equal(t, opened.Seq, r.lastResult().Seq)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	r.close(1)
	require.Equal(t, []models.FactType{
		models.FactDoorOpened, models.FactCellDoubtful, models.FactDoorClosed, models.FactOperationDone,
	}, r.types(n))
	done, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, models.OperationID("op_far"), done.Operation)
	require.Equal(t, "remote_open", data.Reason)
	require.Empty(t, data.Shipment, "no life leads it")
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, models.Pickup, r.operation().Kind, "the code still opens the cell")
}

func TestRemoteOpeningOfAFreeCell(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	r.openRemotely(r.granted("op_far", 2))
	r.expect("shp_2", policy(), models.SizeS)
	r.login()
	r.scan("shp_2-1")
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen, "it is not offered while it is opened")
	r.open(2)
	r.close(2)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(2).Occupancy)
}

func TestRemoteOpeningOfAnOpenDoorIsReadOnly(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	r.open(1)
	r.openRemotely(r.granted("op_far", 1))
	require.Empty(t, r.pulses)
	require.Equal(t, models.Opened, r.lastResult().Result.Outcome)
}

func TestARemoteOpeningInTheWindowOfAPickup(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	r.do(cabinet.LinkDown{})
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(8000)
	r.session("nonce-2")
	r.openRemotely(r.granted("op_far", 1))
	r.open(1)
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextBusy, r.screen().Text)
	require.Zero(t, r.state.Windows[0].Reopened, "it costs the client no reopening")
	r.close(1)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 3)
	r.open(1)
	r.close(1)
	r.wait(600_000)
	require.Equal(t, models.Occupancy{State: models.CellReserved, Doubtful: true}, r.cell(1).Occupancy)
}

func TestRemoteOpeningThatJams(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	r.openRemotely(r.granted("op_far", 1))
	r.wait(7000)
	r.lastFact(models.FactDoorJammed)
	require.Equal(t, models.NotOpened, r.lastResult().Result.Outcome)
	require.True(t, r.cell(1).Doubtful)
	require.Equal(t, cabinet.StateDone, r.operation().State)
	for _, b := range cabinet.Buttons() {
		r.press(b)
	}
	r.wait(60_000)
	require.Len(t, r.pulses, 1, "no second try by itself, nor by whoever stands there")
	r.session("nonce-2")
	r.openRemotely(r.granted("op_far_2", 1))
	require.Len(t, r.pulses, 2, "a new grant may")
}

func TestNobodyAtTheScreenMovesARemoteOpening(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	r.openRemotely(r.granted("op_far", 1))
	r.open(1)
	for _, b := range cabinet.Buttons() {
		r.press(b)
	}
	r.scan("shp_1-1")
	require.Equal(t, models.OperationID("op_far"), r.cell(1).Operation)
	require.Empty(t, r.screen().Operation)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextBusy, r.screen().Text)
	r.wait(120_000)
	_, data := r.lastFact(models.FactCellDoubtful)
	require.Equal(t, "left_open", data.Reason)
	require.Len(t, r.pulses, 1)
}

func TestRemoteOpeningsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(r *rig)
		grant   func(g *models.RemoteGrant)
		command func(c *protocol.Command)
		reason  string
	}{
		"another cabinet's":    {grant: func(g *models.RemoteGrant) { g.Locker = "lkr_2" }, reason: "locker"},
		"another epoch":        {grant: func(g *models.RemoteGrant) { g.Epoch++ }, reason: "epoch"},
		"another session":      {grant: func(g *models.RemoteGrant) { g.Nonce = "nonce-0" }, reason: "session"},
		"no purpose":           {grant: func(g *models.RemoteGrant) { g.Purpose = "curiosity" }, reason: "purpose"},
		"no such cell":         {grant: func(g *models.RemoteGrant) { g.Cell = 99 }, reason: "cell"},
		"older generation":     {grant: func(g *models.RemoteGrant) { g.Generation-- }, reason: "generation"},
		"newer generation":     {grant: func(g *models.RemoteGrant) { g.Generation++ }, reason: "generation"},
		"no operation":         {grant: func(g *models.RemoteGrant) { g.Operation = "" }, reason: "not_as_signed"},
		"operation of another": {grant: func(g *models.RemoteGrant) { g.Operation = "op_3" }, reason: "operation"},
		"over":                 {grant: func(g *models.RemoteGrant) { g.NotAfterMS = serverMS }, reason: "expired"},
		"for too long":         {grant: func(g *models.RemoteGrant) { g.NotAfterMS = serverMS + 60_001 }, reason: "too_long"},
		"another operation named": {
			command: func(c *protocol.Command) { c.Open.Operation = "op_far_2" }, reason: "not_as_signed"},
		"another kind named": {
			command: func(c *protocol.Command) { c.Open.Kind = models.Pickup }, reason: "not_as_signed"},
		"another cell named": {
			command: func(c *protocol.Command) { c.Open.Cells[0].Cell = 2 }, reason: "not_as_signed"},
		"one cell more named": {
			command: func(c *protocol.Command) { c.Open.Cells = append(c.Open.Cells, models.OpenCell{Cell: 2}) }, reason: "not_as_signed"},
		"another shipment named": {
			command: func(c *protocol.Command) { c.Open.Shipment = "shp_1" }, reason: "not_as_signed"},
		"unknown signer": {
			command: func(c *protocol.Command) { c.Remote.Signer = "signer-2" }, reason: "signature"},
		"signature altered": {
			command: func(c *protocol.Command) { c.Remote.Signature[9] ^= 1 }, reason: "signature"},
		"no signature": {
			command: func(c *protocol.Command) { c.Remote.Signature = nil }, reason: "signature"},
		"nobody is trusted": {
			prepare: func(r *rig) { r.do(cabinet.TrustInstalled{}) }, reason: "signature"},
		"the line is gone": {
			prepare: func(r *rig) { r.do(cabinet.LinkDown{}) }, reason: "session"},
		"not greeted yet": {
			prepare: func(r *rig) { r.do(cabinet.LinkUp{Nonce: "nonce-1"}) }, reason: "session"},
		"someone collects it": {
			prepare: func(r *rig) { r.keyIn(r.code("shp_1")) }, reason: "busy"},
		"its board is dead": {
			prepare: func(r *rig) { r.do(cabinet.BoardChanged{Board: "A", Cells: []int{1}}) }, reason: "board_dead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := occupied(t)
			g := r.granted("op_far", 1)
			if c.prepare != nil {
				c.prepare(r)
			}
			if c.grant != nil {
				c.grant(&g)
			}
			command := remote(t, "cmd-1", g, signer())
			if c.command != nil {
				c.command(&command.Command)
			}
			entered, pulses := len(r.state.Operations), len(r.pulses)
			r.do(command)
			require.Equal(t, models.OpenResult{Outcome: models.Refused, Reason: c.reason}, r.lastResult().Result)
			require.Equal(t, "cmd-1", r.lastResult().ID)
			require.Len(t, r.pulses, pulses)
			require.Len(t, r.state.Operations, entered, "nothing was entered")
			require.Empty(t, r.state.RemoteAt)
		})
	}
}

// TestEachByteOfAGrantCounts alters every byte of a grant, and signs for one who is not
// trusted.
func TestEachByteOfAGrantCounts(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	g := r.granted("op_far", 1)
	whole := remote(t, "cmd-1", g, signer())
	for i := range whole.Remote.Grant {
		altered := remote(t, fmt.Sprint(i), g, signer())
		altered.Remote.Grant[i] ^= 1
		r.do(altered)
		require.Equal(t, "signature", r.lastResult().Result.Reason, "byte %d", i)
	}
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = 1
	r.do(remote(t, "cmd-2", g, models.Signer{ID: signer().ID, Key: ed25519.NewKeyFromSeed(seed)}))
	require.Equal(t, "signature", r.lastResult().Result.Reason)
	require.Empty(t, r.pulses)
	r.do(whole)
	require.Len(t, r.pulses, 1)
}

func TestARemoteOpeningIsUsedOnce(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	g := r.granted("op_far", 1)
	once := func(r *rig, id string, want models.OpenOutcome, reason string) {
		t.Helper()
		r.do(remote(t, id, g, signer()))
		require.Len(t, r.pulses, 1, id)
		require.Equal(t, id, r.lastResult().ID)
		require.Equal(t, want, r.lastResult().Result.Outcome)
		require.Equal(t, reason, r.lastResult().Result.Reason)
	}
	r.openRemotely(g)
	r.do(remote(t, "while it moves", g, signer()))
	r.open(1)
	require.Len(t, r.results(), 2, "both commands are answered, once each")
	r.close(1)
	once(r, "in the same session", models.Opened, "")
	r.session("nonce-2")
	once(r, "in the next session", models.Opened, "")
	r.now.UptimeMS = 100
	r.restartTrusting("boot-2")
	r.session("nonce-1")
	once(r, "after a restart", models.Opened, "")
	require.Len(t, r.state.RemoteAt, 1)
}

// restartTrusting starts the program anew, with what it is given at each start.
func (r *rig) restartTrusting(boot string) {
	r.t.Helper()
	r.do(cabinet.Started{Boot: boot})
	r.do(cabinet.KeyInstalled{Key: r.key})
	r.do(cabinet.TrustInstalled{Signers: []models.SignerKey{signer().Public()}})
}

// TestAGrantThatWasHeldBack never reached the cabinet in its session.
func TestAGrantThatWasHeldBack(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	g := r.granted("op_far", 1)
	r.session("nonce-2")
	r.openRemotely(g)
	require.Equal(t, "session", r.lastResult().Result.Reason)
	r.restartTrusting("boot-2")
	r.session("nonce-3")
	r.openRemotely(g)
	require.Equal(t, "session", r.lastResult().Result.Reason)
	require.Empty(t, r.pulses)
}

func TestARemoteOpeningIsInterrupted(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	g := r.granted("op_far", 1)
	r.openRemotely(g)
	r.restartTrusting("boot-2")
	require.True(t, r.cell(1).Doubtful)
	require.Empty(t, r.cell(1).Operation)
	r.session("nonce-2")
	r.openRemotely(g)
	require.Equal(t, models.NotOpened, r.lastResult().Result.Outcome)
	require.Equal(t, "interrupted", r.lastResult().Result.Reason)
	require.Len(t, r.pulses, 1)
}

// TestAGrantExpiresByTheUptime: neither clock of this world moves a grant's end, only the
// time since the server said what time it is.
func TestAGrantExpiresByTheUptime(t *testing.T) {
	t.Parallel()
	for _, jump := range []int64{0, -1_700_000_000_000, 365 * 24 * 3600_000} {
		r := occupied(t)
		g := r.granted("op_far", 1)
		late := r.granted("op_late", 1)
		r.wait(29_999)
		r.now.WallMS += jump
		r.openRemotely(g)
		require.Len(t, r.pulses, 1, "a millisecond is left")
		r.open(1)
		r.close(1)
		r.wait(1)
		r.openRemotely(late)
		require.Equal(t, "expired", r.lastResult().Result.Reason)
		require.Len(t, r.pulses, 1)
	}
}

// TestOnlyTheFirstAnswerTellsTheTime: a server cannot lengthen a grant by greeting again.
func TestOnlyTheFirstAnswerTellsTheTime(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	g := r.granted("op_far", 1)
	r.wait(30_000)
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: 1, Seq: r.state.Journal.Acked, NowMS: serverMS}})
	r.openRemotely(g)
	require.Equal(t, "expired", r.lastResult().Result.Reason)
}

// TestARemoteDoorDoesNotWaitForEver: doors that came first keep it from its turn.
func TestARemoteDoorDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 4)
	r.session("nonce-1")
	r.keyIn(r.code("shp_1"))
	r.lead()
	r.open(1)
	r.openRemotely(r.granted("op_far", 5)) // three more doors wait before it
	for cell := 2; cell <= 4; cell++ {
		r.wait(300)
		r.open(cell)
	}
	r.wait(30_000)
	require.Len(t, r.pulses, 4)
	_, data := r.lastFact(models.FactOperationDone)
	require.Equal(t, "expired", data.Reason)
	require.Equal(t, models.OperationID("op_far"), r.lastResult().Operation)
	require.Equal(t, models.Unknown, r.lastResult().Result.Outcome, "it was answered before its time was over")
	r.close(1)
	r.wait(1000)
	require.Len(t, r.pulses, 4)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(5).Occupancy)
}

func TestTheFifthDoorIsNotOpenedRemotely(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 5)
	r.session("nonce-1")
	for cell := 1; cell <= 4; cell++ {
		r.openRemotely(r.granted(models.OperationID(fmt.Sprint("op_far_", cell)), cell))
		r.open(cell)
		r.wait(300)
	}
	r.openRemotely(r.granted("op_far_5", 5))
	require.Equal(t, "doors", r.lastResult().Result.Reason)
	r.close(1)
	r.openRemotely(r.granted("op_far_5", 5))
	require.Len(t, r.pulses, 5)
}

func TestTwelveRemoteOpeningsAnHour(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	n := 0
	try := func() bool {
		r.t.Helper()
		pulses := len(r.pulses)
		n++
		r.openRemotely(r.granted(models.OperationID(fmt.Sprint("op_far_", n)), 2))
		if len(r.pulses) == pulses {
			require.Equal(t, "limit", r.lastResult().Result.Reason)
			return false
		}
		r.open(2)
		r.close(2)
		return true
	}
	for i := range 12 {
		require.True(t, try(), i)
		r.wait(60_000)
	}
	require.False(t, try(), "the thirteenth")
	r.restartTrusting("boot-1")
	r.session("nonce-2")
	require.False(t, try(), "after a restart")
	r.now.UptimeMS = 100
	r.restartTrusting("boot-2")
	r.session("nonce-3")
	require.False(t, try(), "after the computer started anew")
	r.wait(3600_000 - 1)
	require.True(t, try(), "an hour after the first at the latest")
}

// TestARemoteOpeningEndsWithItsSession: a door that waits for its turn does not open once the
// session that it was signed for is over, and on battery one door takes the only turn.
func TestARemoteOpeningEndsWithItsSession(t *testing.T) {
	t.Parallel()
	r := occupied(t)
	before := len(r.pulses)
	r.openRemotely(r.granted("op_a", 1))
	r.openRemotely(r.granted("op_b", 2)) // some apart from the first
	require.Len(t, r.pulses, before+1)
	r.do(cabinet.LinkDown{})
	r.session("nonce-next")
	r.wait(5000)
	require.Len(t, r.pulses, before+1)

	r = occupied(t)
	before = len(r.pulses)
	r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true}})
	r.openRemotely(r.granted("op_a", 1))
	r.open(1)
	r.openRemotely(r.granted("op_b", 2))
	r.close(1)
	r.wait(5000)
	require.Len(t, r.pulses, before+1, "it was refused, and does not wait")
}
