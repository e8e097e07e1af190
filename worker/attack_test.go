package worker_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/activities"
	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
	"cubby/worker"
)

// The attack: somebody owns the gateway, the api and the database of a network, and wants doors
// open. The cabinets are the product's own cores, and what the attacker owns is everything that
// they hear: a gateway's messages are the core's inputs.

const (
	attackCabinets = 100
	attackCells    = 6
	attackBegan    = int64(1_900_000_000_000) // Unix ms, by the server's clock
)

func attackSigner(seed byte, id string) models.Signer {
	return models.Signer{ID: id, Key: ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))}
}

// victim is a cabinet under attack. Nobody stands there, or an accomplice who shuts every door at
// once, so that the next may open.
type victim struct {
	t        *testing.T
	state    *cabinet.State
	now      cabinet.Instant
	sessions int
	driven   []int64 // when its locks were driven, uptime in ms
	gates    []int64 // the same of its gate
	open     map[int]bool
	most     int // doors that were open at once
	told     []models.OpenResult
	holds    bool // doors stay open
}

func newVictim(t *testing.T, n int, signer models.SignerKey) *victim {
	t.Helper()
	v := &victim{t: t, open: map[int]bool{}, now: cabinet.Instant{WallMS: attackBegan, UptimeMS: 1000, Clock: models.ClockSynced}}
	v.state = cabinet.New(models.LockerID(fmt.Sprintf("lkr_%026d", n)))
	v.do(cabinet.Started{Boot: "boot-1"})
	v.do(cabinet.KeyInstalled{Key: models.CabinetKey{byte(n), 2, 3}})
	v.do(cabinet.TrustInstalled{Signers: []models.SignerKey{signer}})
	layout := models.DirectoryLayout{Locker: v.state.Locker, Number: "L-1", State: models.LockerActive}
	for c := range attackCells {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: c + 1, Module: 1, Row: c + 1, Size: models.SizeM, Regime: models.Ambient})
	}
	v.entry(models.EntryLayout, string(v.state.Locker), layout, nil)
	v.session(v.now.WallMS)
	return v
}

// do gives the core one input, carries its effects out, and checks what must always hold.
func (v *victim) do(in cabinet.Input) {
	v.t.Helper()
	effects := cabinet.Step(v.state, v.now, in)
	require.NoError(v.t, v.state.Check(), "after %#v", in)
	for _, e := range effects {
		switch e := e.(type) {
		case cabinet.Pulse:
			v.driven = append(v.driven, v.now.UptimeMS)
			v.open[e.Cell] = true
			v.most = max(v.most, len(v.open))
			v.do(cabinet.DoorChanged{Cell: e.Cell, Open: true})
			if !v.holds {
				delete(v.open, e.Cell)
				v.do(cabinet.DoorChanged{Cell: e.Cell})
			}
		case cabinet.Drive:
			v.gates = append(v.gates, v.now.UptimeMS)
			v.do(cabinet.OutputDriven{Drive: e, Done: true})
		case cabinet.Send:
			if r, ok := e.Body.(protocol.Result); ok {
				v.told = append(v.told, r.Result)
			}
		}
	}
}

// session begins a session; now is what the gateway says that the time is.
func (v *victim) session(now int64) {
	v.t.Helper()
	v.sessions++
	v.do(cabinet.LinkDown{})
	v.do(cabinet.LinkUp{Nonce: fmt.Sprintf("%s-%d", v.state.Locker, v.sessions), Agent: "test"})
	v.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Protocol: 1, Epoch: v.state.Journal.Epoch, Seq: v.state.Journal.Seq, NowMS: now}})
}

// entry is a row of the directory; by signs it, nil: nobody.
func (v *victim) entry(kind models.DirectoryKind, key string, body any, by *models.Signer) protocol.Entry {
	v.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(v.t, err)
	e := protocol.Entry{Kind: kind, Key: key, Body: raw, Rev: 1 << 40}
	if by != nil {
		e.Signer, e.Signature = "signer-1", by.SignGrant(models.Grant{Kind: kind, Key: key, Rev: e.Rev, Body: raw})
	}
	v.row(e)
	return e
}

func (v *victim) row(e protocol.Entry) {
	v.t.Helper()
	v.do(cabinet.DirectoryEntries{DirectoryReply: protocol.DirectoryReply{Entries: []protocol.Entry{e}, Cursor: protocol.Cursor{"network": 1 << 40}}})
}

// pass lets time pass, with a tick at each deadline on the way.
func (v *victim) pass(d time.Duration) {
	v.t.Helper()
	end := v.now.UptimeMS + d.Milliseconds()
	for {
		at, ok := cabinet.NextDeadline(v.state)
		if !ok || at > end {
			at = end
		}
		at = max(at, v.now.UptimeMS)
		v.now.WallMS += at - v.now.UptimeMS
		v.now.UptimeMS = at
		if at == end {
			v.do(cabinet.Tick{})
			return
		}
		v.do(cabinet.Tick{})
	}
}

// wants is the grant that would open a cell now.
func (v *victim) wants(op string, cell int) models.RemoteGrant {
	return models.RemoteGrant{
		Locker: v.state.Locker, Epoch: v.state.Journal.Epoch, Nonce: v.state.Link.Nonce, Cell: cell,
		Generation: v.state.Cells[cell-1].Generation, Purpose: models.PurposeHelp, Operation: models.OperationID(op),
		NotAfterMS: attackBegan + v.now.UptimeMS - 1000 + models.RemoteGrantLives.Milliseconds(),
	}
}

// command is a command as a gateway sends it.
func command(t *testing.T, g models.RemoteGrant, by models.Signer) protocol.Command {
	t.Helper()
	raw, signature, err := by.SignRemote(g)
	require.NoError(t, err)
	return carried(g, raw, by.ID, signature)
}

func carried(g models.RemoteGrant, raw []byte, signer string, signature []byte) protocol.Command {
	return protocol.Command{
		ID: "cmd-" + string(g.Operation),
		Open: models.OpenInput{Locker: g.Locker, Operation: g.Operation, Kind: models.RemoteOpen,
			Cells: []models.OpenCell{{Cell: g.Cell, Generation: g.Generation}}},
		Remote: &protocol.RemoteOpening{Grant: raw, Signer: signer, Signature: signature},
	}
}

// TestAttackWithoutTheKey: whoever owns gateway, api and database opens no door of a hundred
// cabinets: not with what he has recorded, changed, made himself or moved to another cabinet, not
// with rows of the directory, and not with the time.
func TestAttackWithoutTheKey(t *testing.T) {
	t.Parallel()
	signer, evil := attackSigner(1, "signer-1"), attackSigner(2, "signer-1")
	random := rand.New(rand.NewPCG(4, 12))
	victims := make([]*victim, attackCabinets)
	recorded, held := make([]protocol.Command, attackCabinets), make([][]protocol.Command, attackCabinets)
	for i := range victims {
		v := newVictim(t, i, signer.Public())
		// What he has seen before: a help that was honest.
		g := v.wants(fmt.Sprint("op_honest_", i), 1)
		recorded[i] = command(t, g, signer)
		v.do(cabinet.Command{Command: recorded[i]})
		require.Len(t, v.driven, 1)
		// What he has held back: one of a session that is over, and one whose time is over.
		earlier := command(t, v.wants(fmt.Sprint("op_earlier_", i), 2), signer)
		v.session(attackBegan)
		v.do(cabinet.Command{Command: earlier})
		require.Equal(t, "session", v.told[len(v.told)-1].Reason)
		late := command(t, v.wants(fmt.Sprint("op_late_", i), 3), signer)
		v.pass(models.RemoteGrantLives + time.Second)
		v.do(cabinet.Command{Command: late})
		require.Equal(t, "expired", v.told[len(v.told)-1].Reason)
		victims[i], held[i] = v, []protocol.Command{earlier, late}
	}
	for i, v := range victims {
		v.session(v.now.WallMS)
		for _, c := range slices.Concat(held...) {
			v.do(cabinet.Command{Command: c})
		}
		for _, attack := range attacks(t, v, recorded[i], recorded[(i+1)%attackCabinets], evil) {
			attack()
		}
		for n := range 100 { // and anything, in any order
			all := attacks(t, v, recorded[i], recorded[random.IntN(attackCabinets)], evil)
			all[random.IntN(len(all))]()
			if n%50 == 0 {
				v.pass(time.Duration(random.IntN(40)) * time.Second)
			}
		}
		v.pass(2 * time.Hour)
		require.Len(t, v.driven, 1, "only what was signed for it, once")
	}
}

// attacks is what an attacker has who owns all but the worker's keys.
func attacks(t *testing.T, v *victim, own, foreign protocol.Command, evil models.Signer) []func() {
	t.Helper()
	send := func(c protocol.Command) func() { return func() { v.do(cabinet.Command{Command: c}) } }
	changed := func(change func(*models.RemoteGrant)) func() {
		return func() {
			var g models.RemoteGrant
			require.NoError(t, json.Unmarshal(own.Remote.Grant, &g))
			g.Epoch, g.Nonce, g.NotAfterMS = v.state.Journal.Epoch, v.state.Link.Nonce, v.wants("op", 1).NotAfterMS
			change(&g)
			raw, err := json.Marshal(g)
			require.NoError(t, err)
			v.do(cabinet.Command{Command: carried(g, raw, own.Remote.Signer, own.Remote.Signature)})
		}
	}
	moved := foreign
	moved.Open.Locker = v.state.Locker
	unnamed := own
	unnamed.Remote = &protocol.RemoteOpening{Grant: own.Remote.Grant}
	plain := func(kind models.OperationKind) func() {
		return func() {
			v.do(cabinet.Answer{Answer: protocol.Answer{Operation: "op_made_up", Verdict: protocol.Accepted}})
			v.do(cabinet.Command{Command: protocol.Command{ID: "cmd-plain", Open: models.OpenInput{
				Locker: v.state.Locker, Operation: "op_made_up", Kind: kind, Shipment: "shp_1", Cells: []models.OpenCell{{Cell: 2}},
			}}})
		}
	}
	courier := models.DirectoryCourier{Courier: "cou_evil", Organization: "org_1", Operator: true, Role: models.RoleTechnician, Badge: "EVIL", Unannounced: true,
		PINHash: "pbkdf2-sha256$1$00$cb63e7a9e0c9d4fbd5a4a4d6e5a9ddb87fa3f8a8d39dd8b4d9b2e9ab9a8f9c3e"}
	accomplice := func() {
		for i, text := range []string{"EVIL", "4711", "EVIL-PARCEL", "12345670"} {
			id := models.OperationID(fmt.Sprintf("op_accomplice_%d_%d_%d", v.now.UptimeMS, len(v.told), i))
			v.do(cabinet.Scanned{Text: text, ID: id})
			v.do(cabinet.Keyed{Text: text, ID: id + "k"})
		}
	}
	return []func(){
		send(own), send(foreign), send(moved), send(unnamed),
		func() { send(command(t, v.wants("op_evil", 2), evil))() },
		func() {
			g := v.wants("op_evil", 3)
			c := command(t, g, evil)
			c.Remote.Signer = "signer-2"
			send(c)()
		},
		changed(func(*models.RemoteGrant) {}),
		changed(func(g *models.RemoteGrant) { g.Operation, g.Cell = "op_changed", 2 }),
		changed(func(g *models.RemoteGrant) { g.Operation = "op_again" }),
		// A new session, in which the time is whatever he says: what he has recorded is good again by it.
		func() { v.session(attackBegan); send(own)(); send(moved)() },
		func() { v.session(attackBegan - 1<<40); send(own)() },
		func() { v.session(1 << 50); send(own)() },
		func() {
			v.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Protocol: 1, Epoch: v.state.Journal.Epoch + 1, NowMS: attackBegan}})
			v.do(cabinet.SnapshotTaken{Snapshot: protocol.Snapshot{Epoch: 1, Seq: 1}})
			send(own)()
			send(moved)()
		},
		plain(models.Deposit), plain(models.Pickup), plain(models.Withdrawal), plain(models.RemoteOpen), plain(models.Check),
		// Rows of the directory: people, tasks, orders and limits.
		func() { v.entry(models.EntryCourier, "cou_evil", courier, nil); accomplice() },
		func() { v.entry(models.EntryCourier, "cou_evil", courier, &evil); accomplice() },
		func() {
			v.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{Shipment: "shp_1", Locker: v.state.Locker, Reason: "expired"}, &evil)
			v.entry(models.EntryCell, "2", models.DirectoryCell{Locker: v.state.Locker, Cell: 2, OutOfService: true}, nil)
			accomplice()
		},
		func() {
			v.entry(models.EntryPolicy, "limits", map[string]any{"remote_an_hour": 1000, "doors_at_once": 1000}, nil)
			v.row(protocol.Entry{Kind: models.EntryLayout, Key: string(v.state.Locker), Body: []byte(`{}`), Rev: 1 << 41})
			send(own)()
		},
	}
}

// attackAlarms is when the alarm was heard.
type attackAlarms struct {
	now  func() time.Time
	told []time.Time
}

func (a *attackAlarms) RemoteAlarm(context.Context, string) error {
	a.told = append(a.told, a.now())
	return nil
}

// TestAttackWithTheSigner: he also has the worker sign for him, under as many names as he likes,
// for an hour. No more than the signer's budgets open, no more than the cabinets' own, and the
// alarm is there within ten seconds of when more was asked for than may be.
func TestAttackWithTheSigner(t *testing.T) {
	t.Parallel()
	signer := attackSigner(1, "signer-1")
	clock := time.UnixMilli(attackBegan)
	now := func() time.Time { return clock }
	limits := models.DefaultRemoteLimits()
	alarms := &attackAlarms{now: now}
	s := &activities.Signing{
		Signer: signer, Alarms: alarms, Logger: slog.New(slog.DiscardHandler), Now: now,
		Budget: &worker.BudgetFile{Path: filepath.Join(t.TempDir(), "budget.json"), Limits: limits, Now: now},
	}
	victims := make([]*victim, attackCabinets)
	for i := range victims {
		victims[i] = newVictim(t, i, signer.Public())
	}
	var opened []time.Time
	var over time.Time // when more was asked for than may be
	const every = 10 * time.Second
	for round := range int(time.Hour / every) {
		for i, v := range victims {
			g := v.wants(fmt.Sprintf("op_%d_%d", round, i), round%attackCells+1)
			res, err := s.SignRemote(t.Context(), models.SignRemoteInput{
				By: fmt.Sprintf("stf_%d_%d", round, i), Locker: g.Locker, Epoch: g.Epoch, Nonce: g.Nonce, Cell: g.Cell,
				Generation: g.Generation, Purpose: g.Purpose, Operation: g.Operation,
			})
			require.NoError(t, err)
			if res.Refused != "" {
				if over.IsZero() {
					over = clock
				}
				continue
			}
			before := len(v.driven)
			v.do(cabinet.Command{Command: carried(g, res.Grant, res.Signer, res.Signature)})
			for range len(v.driven) - before {
				opened = append(opened, clock)
			}
			most := limits.PerMinute * (1 + int(clock.Sub(time.UnixMilli(attackBegan))/models.RemoteStopsFor))
			require.LessOrEqual(t, len(opened), most, "the signer stops above its budget")
		}
		for _, v := range victims {
			v.pass(every)
		}
		clock = clock.Add(every)
	}
	require.NotEmpty(t, opened, "the attack must be able to succeed up to the budget, or it shows nothing")
	for i, at := range opened {
		if i+limits.PerMinute < len(opened) {
			require.GreaterOrEqual(t, opened[i+limits.PerMinute].Sub(at), time.Minute, "no more than the budget of a minute")
		}
	}
	for _, v := range victims {
		v.withinItsOwn()
	}
	require.NotEmpty(t, alarms.told)
	require.LessOrEqual(t, alarms.told[0].Sub(over), 10*time.Second)
}

// TestAttackWithTheKeyItself: the key was taken out of the worker. Then the cabinets' own limits
// are left: each opens twelve doors an hour at most, and four at once.
func TestAttackWithTheKeyItself(t *testing.T) {
	t.Parallel()
	signer := attackSigner(1, "signer-1")
	for i := range attackCabinets {
		v := newVictim(t, i, signer.Public())
		v.holds = i%2 == 0
		for round := range 480 { // eighty minutes, a grant every ten seconds
			v.do(cabinet.Command{Command: command(t, v.wants(fmt.Sprintf("op_%d", round), round%attackCells+1), signer)})
			v.pass(10 * time.Second)
			if round%160 == 159 { // its program is started again
				v.do(cabinet.Started{Boot: fmt.Sprint("boot-", round), Open: slices.Sorted(maps.Keys(v.open))})
				v.do(cabinet.TrustInstalled{Signers: []models.SignerKey{signer.Public()}})
				v.session(attackBegan + v.now.UptimeMS - 1000)
			}
		}
		require.NotEmpty(t, v.driven)
		v.withinItsOwn()
		if v.holds {
			require.Equal(t, 4, v.most)
		}
	}
}

// withinItsOwn checks the limits that hold in a cabinet whatever anybody says.
func (v *victim) withinItsOwn() {
	v.t.Helper()
	const anHour, atOnce = 12, 4
	for i := range v.driven {
		if i+anHour < len(v.driven) {
			require.GreaterOrEqual(v.t, v.driven[i+anHour]-v.driven[i], time.Hour.Milliseconds())
		}
	}
	require.LessOrEqual(v.t, v.most, atOnce)
}
