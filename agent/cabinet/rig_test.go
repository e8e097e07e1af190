package cabinet_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	locker  = models.LockerID("lkr_1")
	courier = models.CourierID("cou_1")
	carrier = models.OrganizationID("org_1")
	badge   = "BADGE-1"
	pin     = "4711"
)

// rig runs one core in virtual time. It keeps the state as JSON between steps, as a real
// host does, so that nothing survives outside of it.
type rig struct {
	t     *testing.T
	state *cabinet.State
	now   cabinet.Instant
	ids   int
	steps int
	// keepEvery is how many steps lie between two round trips through JSON; 0 is 1.
	keepEvery int
	entries   int64
	revs      int64
	key       models.CabinetKey

	pulses  []cabinet.Pulse
	drives  []cabinet.Drive
	sent    []cabinet.Send
	asked   []protocol.Request
	uploads int
	fetches int
	facts   []models.Fact // every fact ever, by the order of writing
	head    models.Head
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, now: cabinet.Instant{WallMS: 1_700_000_000_000, UptimeMS: 1000, Clock: models.ClockSynced}, key: models.CabinetKey{1, 2, 3}}
	r.state = cabinet.New(locker)
	r.do(cabinet.Started{Boot: "boot-1"})
	r.do(cabinet.KeyInstalled{Key: r.key})
	r.do(cabinet.TrustInstalled{Signers: []models.SignerKey{signer().Public()}})
	return r
}

// signer is the worker that signs grants.
func signer() models.Signer {
	return models.Signer{ID: "signer-1", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
}

// do gives one input and checks everything that must always hold.
func (r *rig) do(in cabinet.Input) []cabinet.Effect {
	r.t.Helper()
	before := r.state.Journal.Seq
	epoch := r.state.Journal.Epoch
	effects := cabinet.Step(r.state, r.now, in)
	if r.steps++; r.steps%max(r.keepEvery, 1) == 0 {
		raw, err := json.Marshal(r.state)
		require.NoError(r.t, err)
		r.state = new(cabinet.State)
		require.NoError(r.t, json.Unmarshal(raw, r.state))
	}
	require.NoError(r.t, r.state.Check(), "after %#v", in)
	if r.state.Journal.Epoch != epoch {
		before = 0
	}
	for _, f := range r.state.Journal.Facts {
		if f.Seq > before {
			r.facts = append(r.facts, f)
			fresh, err := r.head.CheckChain([]models.Fact{f})
			require.NoError(r.t, err)
			require.Len(r.t, fresh, 1)
			r.head.Epoch, r.head.Seq, r.head.Hash = f.Epoch, f.Seq, f.Hash
		}
	}
	for _, e := range effects {
		switch e := e.(type) {
		case cabinet.Pulse:
			require.NotContains(r.t, r.pulses, e, "one pulse per operation, cell and attempt")
			r.pulses = append(r.pulses, e)
		case cabinet.Drive:
			r.drives = append(r.drives, e)
		case cabinet.Send:
			r.sent = append(r.sent, e)
		case cabinet.AskServer:
			r.asked = append(r.asked, e.Request)
		case cabinet.UploadJournal:
			r.uploads++
		case cabinet.FetchDirectory:
			r.fetches++
		}
	}
	return effects
}

// wait lets time pass, with a tick at each deadline on the way.
func (r *rig) wait(ms int64) {
	r.t.Helper()
	end := r.now.UptimeMS + ms
	for range 10_000 {
		at, ok := cabinet.NextDeadline(r.state)
		if !ok || at > end {
			r.advance(end)
			return
		}
		r.advance(max(at, r.now.UptimeMS))
		r.do(cabinet.Tick{})
		next, ok := cabinet.NextDeadline(r.state)
		require.False(r.t, ok && next <= at && next <= r.now.UptimeMS, "a deadline at %d did not pass", next)
	}
	r.t.Fatal("the deadlines never end")
}

func (r *rig) advance(uptime int64) {
	r.now.WallMS += uptime - r.now.UptimeMS
	r.now.UptimeMS = uptime
}

func (r *rig) id() models.OperationID {
	r.ids++
	return models.OperationID(fmt.Sprintf("op_%d", r.ids))
}

func (r *rig) scan(text string)  { r.t.Helper(); r.do(cabinet.Scanned{Text: text, ID: r.id()}) }
func (r *rig) keyIn(text string) { r.t.Helper(); r.do(cabinet.Keyed{Text: text, ID: r.id()}) }
func (r *rig) press(b cabinet.Button) {
	r.t.Helper()
	r.do(cabinet.Pressed{Button: b, ID: r.id()})
}
func (r *rig) open(cell int)  { r.t.Helper(); r.do(cabinet.DoorChanged{Cell: cell, Open: true}) }
func (r *rig) close(cell int) { r.t.Helper(); r.do(cabinet.DoorChanged{Cell: cell}) }

func (r *rig) entry(kind models.DirectoryKind, key string, body any) {
	r.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(r.t, err)
	e := protocol.Entry{Kind: kind, Key: key, Body: raw, Seen: protocol.Seen{Epoch: r.head.Epoch, Seq: r.head.Seq}}
	if kind.Granting() {
		r.revs++
		e.Rev, e.Signer = r.revs, signer().ID
		e.Signature = signer().SignGrant(models.Grant{Kind: kind, Key: key, Rev: e.Rev, Body: raw})
	}
	r.give(e)
}

func (r *rig) give(e protocol.Entry) {
	r.t.Helper()
	r.entries++
	r.do(cabinet.DirectoryEntries{DirectoryReply: protocol.DirectoryReply{
		Entries: []protocol.Entry{e}, Cursor: protocol.Cursor{models.ScopeOfLocker(locker): r.entries},
	}})
}

// deletion is the entry of a shipment that the directory has no more.
func deletion(id models.ShipmentID) protocol.Entry {
	return protocol.Entry{Kind: models.EntryShipment, Key: string(id), Deleted: true}
}

// furnish gives the cabinet cells of the sizes, and a courier.
func (r *rig) furnish(sizes ...models.Size) *rig {
	r.t.Helper()
	layout := models.DirectoryLayout{Locker: locker, Number: "L-001", State: models.LockerActive}
	for i, s := range sizes {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: i + 1, Module: 1, Row: i + 1, Size: s, Regime: models.Ambient})
	}
	r.entry(models.EntryLayout, string(locker), layout)
	r.entry(models.EntryCourier, string(courier), models.DirectoryCourier{
		Courier: courier, Organization: carrier, Role: models.RoleCourier, Badge: badge, PINHash: hashOf(pin),
	})
	return r
}

func policy() models.Policy {
	return models.Policy{Name: "test", Version: 1, Objection: 8, Reopen: 180, Proof: models.ProofClosed}
}

// expect gives the cabinet a shipment with parcels labelled "<id>-1" and so on.
func (r *rig) expect(id models.ShipmentID, p models.Policy, sizes ...models.Size) {
	r.t.Helper()
	r.entry(models.EntryShipment, string(id), shipment(id, p, sizes...))
}

func shipment(id models.ShipmentID, p models.Policy, sizes ...models.Size) models.DirectoryShipment {
	s := models.DirectoryShipment{Shipment: id, Carrier: carrier, Number: "N-" + string(id), Issue: 1, Policy: p}
	for i, size := range sizes {
		label := fmt.Sprintf("%s-%d", id, i+1)
		s.Parcels = append(s.Parcels, models.DirectoryParcel{
			Parcel: models.ParcelID("par_" + label), Barcode: label, Size: size, Regime: models.Ambient,
		})
	}
	return s
}

func (r *rig) code(id models.ShipmentID) string { return models.PickupCode(r.key, id, 1) }

func (r *rig) login() {
	r.t.Helper()
	r.scan(badge)
	require.Equal(r.t, cabinet.ScreenLogin, r.screen().Screen)
	r.keyIn(pin)
	require.Equal(r.t, cabinet.ScreenCourier, r.screen().Screen)
}

func (r *rig) screen() cabinet.View { return r.state.View(r.now, models.SideFront) }

// online brings the line up and the journal to the server.
func (r *rig) online() *rig {
	r.t.Helper()
	r.do(cabinet.LinkUp{Nonce: fmt.Sprintf("nonce-%d", r.now.UptimeMS), Agent: "test"})
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: r.state.Journal.Epoch, Seq: r.state.Journal.Acked}})
	r.ack()
	return r
}

func (r *rig) ack() {
	r.t.Helper()
	r.do(cabinet.JournalAcked{Epoch: r.state.Journal.Epoch, Seq: r.state.Journal.Seq})
}

func (r *rig) lastAsk() protocol.Ask {
	r.t.Helper()
	for _, s := range slices.Backward(r.sent) {
		if ask, ok := s.Body.(protocol.Ask); ok {
			return ask
		}
	}
	r.t.Fatal("nothing was asked")
	return protocol.Ask{}
}

func (r *rig) results() []protocol.Result {
	var results []protocol.Result
	for _, s := range r.sent {
		if res, ok := s.Body.(protocol.Result); ok {
			results = append(results, res)
		}
	}
	return results
}

func (r *rig) lastResult() protocol.Result {
	r.t.Helper()
	results := r.results()
	require.NotEmpty(r.t, results)
	return results[len(results)-1]
}

func (r *rig) answer(v protocol.Verdict, reason string) {
	r.t.Helper()
	r.do(cabinet.Answer{Answer: protocol.Answer{Operation: r.lastAsk().Operation, Verdict: v, Reason: reason}})
}

func (r *rig) command(id string) protocol.Command {
	r.t.Helper()
	ask := r.lastAsk()
	return protocol.Command{ID: id, Open: models.OpenInput{
		Locker: locker, Operation: ask.Operation, Kind: ask.Kind, Shipment: ask.Shipment, Cells: ask.Cells,
	}}
}

// lead plays the server: accepted, then the command.
func (r *rig) lead() {
	r.t.Helper()
	r.answer(protocol.Accepted, "")
	r.do(cabinet.Command{Command: r.command("cmd-" + string(r.lastAsk().Operation))})
}

func (r *rig) cell(n int) *cabinet.Cell { return r.state.Cells[n-1] }

func (r *rig) operation() *cabinet.Operation {
	return r.state.Operations[len(r.state.Operations)-1]
}

// types lists the types of the facts after the n first ones.
func (r *rig) types(n int) []models.FactType {
	var types []models.FactType
	for _, f := range r.facts[n:] {
		types = append(types, f.Type)
	}
	return types
}

func (r *rig) lastFact(kind models.FactType) (models.Fact, models.FactData) {
	r.t.Helper()
	for _, f := range slices.Backward(r.facts) {
		if f.Type == kind {
			d, err := f.Payload()
			require.NoError(r.t, err)
			return f, d
		}
	}
	r.t.Fatalf("there is no fact %s in %v", kind, r.types(0))
	return models.Fact{}, models.FactData{}
}

// load puts a parcel into a cell with no line, and returns the cell.
func (r *rig) load(label string) int {
	r.t.Helper()
	if r.screen().Courier == "" {
		r.login()
	}
	r.wait(300) // since the last pulse
	n := len(r.pulses)
	r.scan(label)
	require.Len(r.t, r.pulses, n+1, "screen: %s", r.screen().Sentence)
	cell := r.pulses[n].Cell
	r.open(cell)
	r.close(cell)
	return cell
}

func (r *rig) finish() { r.t.Helper(); r.press(cabinet.ButtonFinish) }
