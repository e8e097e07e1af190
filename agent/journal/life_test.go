package journal_test

import (
	"crypto/ed25519"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/journal"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	locker  = models.LockerID("lkr_1")
	carrier = models.OrganizationID("org_1")
	pin     = "4711"
	day     = 24 * 60 * 60 * 1000 // ms
)

// life drives a keeper through random days of one cabinet, from one seed: all kinds of
// people, a line that comes and goes, a server that was restored, power cuts. What the
// cabinet decides is tested elsewhere; here it only has to change everything it keeps.
type life struct {
	t      *testing.T
	rnd    *rand.Rand
	keeper *journal.Keeper
	now    cabinet.Instant
	after  func() // each step; nil: nothing

	steps, boots int
	revs         int64
	cursor       int64
	shipments    []models.ShipmentID
	asked        []protocol.Ask
}

var (
	signer = models.Signer{ID: "signer-1", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	secret = models.CabinetKey{1, 2, 3}
)

func newLife(t *testing.T, seed uint64, disk journal.Disk) *life {
	t.Helper()
	l := &life{
		t: t, rnd: rand.New(rand.NewPCG(seed, 2)),
		now: cabinet.Instant{WallMS: 1_700_000_000_000, UptimeMS: 1000, Clock: models.ClockSynced, FloorMS: 1_700_000_000_000},
	}
	l.open(disk)
	l.start()
	l.furnish()
	return l
}

func (l *life) open(disk journal.Disk) {
	l.t.Helper()
	k, err := journal.Open(disk, locker)
	require.NoError(l.t, err)
	l.keeper = k
}

// start is a start of the program: in half of the cases the computer started too.
func (l *life) start() {
	l.t.Helper()
	if l.boots == 0 || l.rnd.IntN(2) == 0 {
		l.boots++
		l.now.UptimeMS = int64(l.rnd.IntN(5000))
	}
	var open []int
	for _, c := range l.keeper.State().Cells {
		if c.Open && l.rnd.IntN(3) > 0 {
			open = append(open, c.Number())
		}
	}
	l.do(cabinet.Started{Boot: fmt.Sprintf("boot-%d", l.boots), Open: open})
	l.do(cabinet.KeyInstalled{Key: secret})
	l.do(cabinet.TrustInstalled{Signers: []models.SignerKey{signer.Public()}})
}

func (l *life) do(in cabinet.Input) []cabinet.Effect {
	l.t.Helper()
	l.steps++
	effects, err := l.keeper.Step(l.now, in)
	require.NoError(l.t, err)
	require.NoError(l.t, l.keeper.State().Check())
	if l.after != nil {
		l.after()
	}
	for _, e := range effects {
		if s, ok := e.(cabinet.Send); ok && s.Type == protocol.TypeAsk {
			l.asked = append(l.asked, s.Body.(protocol.Ask))
		}
	}
	return effects
}

func (l *life) wait(ms int64) {
	l.now.WallMS += ms
	l.now.FloorMS += ms
	l.now.UptimeMS += ms
	l.do(cabinet.Tick{})
}

// entry is an entry of the directory; a body of nil deletes it.
func (l *life) entry(kind models.DirectoryKind, key string, body any) protocol.Entry {
	l.t.Helper()
	j := l.keeper.State().Journal
	e := protocol.Entry{Kind: kind, Key: key, Seen: protocol.Seen{Epoch: j.Epoch, Seq: j.Seq}, Deleted: body == nil}
	if body == nil {
		return e
	}
	var err error
	e.Body, err = json.Marshal(body)
	require.NoError(l.t, err)
	if kind.Granting() {
		l.revs++
		e.Rev, e.Signer = l.revs, signer.ID
		e.Signature = signer.SignGrant(models.Grant{Kind: kind, Key: key, Rev: e.Rev, Body: e.Body})
	}
	return e
}

func (l *life) page(entries ...protocol.Entry) {
	l.t.Helper()
	l.cursor++
	l.do(cabinet.DirectoryEntries{DirectoryReply: protocol.DirectoryReply{
		Entries: entries, Cursor: protocol.Cursor{models.ScopeOfLocker(locker): l.cursor},
	}})
}

func (l *life) furnish() {
	l.t.Helper()
	layout := models.DirectoryLayout{Locker: locker, Number: "L-001", State: models.LockerActive}
	for n := range 12 {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: n + 1, Module: 1, Row: n + 1, Size: models.SizeL, Regime: models.Ambient})
	}
	l.page(l.entry(models.EntryLayout, string(locker), layout), l.courier(0), l.courier(1))
}

func (l *life) courier(n int) protocol.Entry {
	l.t.Helper()
	sum, err := pbkdf2.Key(sha256.New, pin, []byte{0}, 1, 32)
	require.NoError(l.t, err)
	id := models.CourierID(fmt.Sprintf("cou_%d", n))
	return l.entry(models.EntryCourier, string(id), models.DirectoryCourier{
		Courier: id, Organization: carrier, Role: models.RoleCourier, Badge: fmt.Sprintf("BADGE-%d", n),
		PINHash: "pbkdf2-sha256$1$00$" + hex.EncodeToString(sum),
	})
}

func (l *life) shipment(id models.ShipmentID) protocol.Entry {
	l.t.Helper()
	return l.labelled(id, id)
}

// labelled is a shipment with the labels of another one, or its own.
func (l *life) labelled(id, labels models.ShipmentID) protocol.Entry {
	l.t.Helper()
	body := models.DirectoryShipment{Shipment: id, Carrier: carrier, Number: "N-" + string(id), Issue: 1, Policy: models.Policy{
		Name: "test", Version: 1, Objection: 8, Reopen: 180, Proof: []models.Proof{models.ProofClosed, models.ProofAnswered}[l.rnd.IntN(2)],
	}}
	for i := range 1 + l.rnd.IntN(2) {
		body.Parcels = append(body.Parcels, models.DirectoryParcel{
			Parcel: models.ParcelID(fmt.Sprintf("par_%s-%d", id, i+1)), Barcode: fmt.Sprintf("%s-%d", labels, i+1), Size: models.SizeM, Regime: models.Ambient,
		})
	}
	return l.entry(models.EntryShipment, string(id), body)
}

// one does one random thing.
func (l *life) one() {
	l.t.Helper()
	id := models.OperationID(fmt.Sprintf("op_%d", l.steps))
	switch n := l.rnd.IntN(100); {
	case n < 12 || len(l.shipments) == 0:
		l.directory()
	case n < 18:
		l.do(cabinet.Scanned{Text: fmt.Sprintf("BADGE-%d", l.rnd.IntN(2)), ID: id})
		l.do(cabinet.Keyed{Text: []string{pin, pin, "0000"}[l.rnd.IntN(3)], ID: id})
	case n < 32:
		l.do(cabinet.Scanned{Text: fmt.Sprintf("%s-%d", l.some(), 1+l.rnd.IntN(2)), ID: id})
	case n < 42:
		l.do(cabinet.Keyed{Text: models.PickupCode(secret, l.some(), 1+l.rnd.IntN(12)/11), ID: id})
	case n < 43:
		l.do(cabinet.Keyed{Text: "0000000", ID: id})
	case n < 50:
		buttons := cabinet.Buttons()
		l.do(cabinet.Pressed{Button: buttons[l.rnd.IntN(len(buttons))], ID: id})
	case n < 62:
		l.line()
	case n < 64:
		up := l.rnd.IntN(2) == 0
		l.do(cabinet.BoardChanged{Board: "A", Cells: []int{1, 2, 3}, Up: up})
	case n < 65 && l.rnd.IntN(3) == 0:
		row := cabinet.TakeoverRow{Cell: 1 + l.rnd.IntN(14), Barcode: fmt.Sprint("X-", l.rnd.IntN(20)), Carrier: "org_1"}
		l.do(cabinet.Takeover{Rows: []cabinet.TakeoverRow{row}, RestEmpty: true, Partial: true})
	case n < 65:
		l.do(cabinet.OpenedDirectly{Cell: 1 + l.rnd.IntN(14), AtMS: l.now.WallMS, Spooled: l.rnd.IntN(2) == 0})
	case n < 80:
		l.doors()
	case n < 81:
		l.wait([]int64{200_000, 5 * day}[l.rnd.IntN(2)])
	default:
		l.wait([]int64{300, 2500, 8500}[l.rnd.IntN(3)])
	}
	if l.rnd.IntN(4) > 0 {
		l.doors()
	}
}

func (l *life) some() models.ShipmentID {
	for _, c := range l.keeper.State().Cells {
		if c.Shipment != "" && l.rnd.IntN(3) == 0 {
			return c.Shipment
		}
	}
	n := len(l.shipments)
	return l.shipments[max(0, n-1-l.rnd.IntN(4))]
}

// directory is a page with several things in it, so that one may come as another goes.
func (l *life) directory() {
	l.t.Helper()
	id := models.ShipmentID(fmt.Sprintf("shp_%d", len(l.shipments)))
	l.shipments = append(l.shipments, id)
	entries := []protocol.Entry{l.shipment(id)}
	switch old := l.some(); l.rnd.IntN(8) {
	case 0:
		entries = append(entries, l.entry(models.EntryShipment, string(old), nil))
	case 1:
		entries = append(entries, l.entry(models.EntryWithdrawal, string(old), models.DirectoryWithdrawal{
			Shipment: old, Locker: locker, Reason: "cancelled", Collectable: l.rnd.IntN(2) == 0, Over: l.rnd.IntN(3) == 0,
		}))
	case 2:
		entries = append(entries, l.entry(models.EntryWithdrawal, string(old), nil))
	case 3:
		entries = append(entries, l.entry(models.EntryCourier, "cou_1", nil))
	case 4:
		entries = append(entries, l.courier(1), l.shipment(old))
	case 5:
		entries = append(entries, l.order(1+l.rnd.IntN(2)))
	case 6:
		entries = append(entries, l.entry(models.EntryLost, string(old), struct{}{}))
	case 7: // announced again, before or after the server says that it lost it
		lost := l.entry(models.EntryLost, string(old), struct{}{})
		entries = append([]protocol.Entry{lost, l.labelled(id, old)}, entries[1:]...)
		if l.rnd.IntN(2) == 0 {
			slices.Reverse(entries)
		}
	}
	l.page(entries...)
}

// order is what the operator wants of a cell.
func (l *life) order(cell int) protocol.Entry {
	o := models.DirectoryCell{Locker: locker, Cell: cell, OutOfService: l.rnd.IntN(4) == 0}
	j := l.keeper.State().Journal
	if !o.OutOfService && l.rnd.IntN(2) == 0 {
		o.PutBack = &models.PutBack{Epoch: j.Epoch, Seq: j.Seq}
	}
	if l.rnd.IntN(2) == 0 {
		o.Check = &models.CellCheck{
			Generation: l.rnd.Int64N(9), Found: []string{models.FoundEmpty, models.FoundParcel}[l.rnd.IntN(2)], Epoch: j.Epoch, Seq: j.Seq,
		}
	}
	return l.entry(models.EntryCell, strconv.Itoa(cell), o)
}

// line is the server: streams, acknowledgements, answers, and a database that was put back.
func (l *life) line() {
	l.t.Helper()
	j := l.keeper.State().Journal
	switch n := l.rnd.IntN(100); {
	case n < 30:
		l.do(cabinet.LinkUp{Nonce: fmt.Sprintf("nonce-%d", l.steps), Agent: "test"})
		l.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: j.Epoch, Seq: max(0, j.Acked-int64(l.rnd.IntN(3)/2))}})
	case n < 40:
		l.do(cabinet.LinkDown{})
	case n < 70:
		l.do(cabinet.JournalAcked{Epoch: j.Epoch, Seq: j.Seq - int64(l.rnd.IntN(3))})
	case n < 71 && l.rnd.IntN(8) == 0:
		l.do(cabinet.LinkUp{Nonce: fmt.Sprintf("nonce-%d", l.steps), Agent: "test"})
		l.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: j.Epoch + 1}})
	case n < 72 && l.rnd.IntN(8) == 0:
		l.do(cabinet.JournalForked{Epoch: j.Epoch})
	case n < 75:
		l.do(cabinet.SnapshotTaken{})
	case len(l.asked) > 0:
		ask := l.asked[len(l.asked)-1]
		verdict := []protocol.Verdict{protocol.Accepted, protocol.Accepted, protocol.Refused, protocol.DecideLocally}[l.rnd.IntN(4)]
		l.do(cabinet.Answer{Answer: protocol.Answer{Operation: ask.Operation, Verdict: verdict, Reason: "no"}})
		l.do(cabinet.Command{Command: protocol.Command{ID: "cmd-" + string(ask.Operation), Open: models.OpenInput{
			Locker: locker, Operation: ask.Operation, Kind: ask.Kind, Shipment: ask.Shipment, Cells: ask.Cells,
		}}})
	}
}

// doors moves a door that was just driven, or one that stands open.
func (l *life) doors() {
	l.t.Helper()
	for _, op := range l.keeper.State().Operations {
		if cells := op.Cells(cabinet.DoorPulsed); len(cells) > 0 && l.rnd.IntN(8) > 0 {
			l.do(cabinet.DoorChanged{Cell: cells[0], Open: true})
			return
		}
	}
	for _, c := range l.keeper.State().Cells {
		if c.Open && l.rnd.IntN(2) == 0 {
			l.do(cabinet.DoorChanged{Cell: c.Number()})
			return
		}
	}
}
