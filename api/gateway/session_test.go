package gateway_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
	"cubby/models"
)

var update = flag.Bool("update", false, "write docs/session.md anew")

// captured is the session beside docs/protocol.md.
const captured = "../../docs/session.md"

// The session's cast.
const (
	sessionLocker   = models.LockerID("lkr_01jw7v2m4qf3e8n6t5r9x0k2ab")
	sessionShipment = models.ShipmentID("shp_01jw7v3c8y2d6g4h9k1m5n7p0q")
	sessionParcel   = models.ParcelID("par_01jw7v3c8z5b7f9j2q4s6u8w0x")
	sessionAsk      = models.OperationID("op_01jw7v5e1a3c5e7g9j1m3p5r7t")
	sessionBoot     = "7d0f5b9c2e4a4c1d"
	sessionNonce    = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	sessionBegan    = 1_750_000_000_000 // ms
)

// writer keeps what was said as a page.
type writer struct {
	t    *testing.T
	page strings.Builder
	at   int64 // ms since the session began, as the cabinet has it
}

func (w *writer) chapter(title, text string) {
	fmt.Fprintf(&w.page, "\n## %s\n\n%s\n", title, text)
}

func (w *writer) said(who string, raw []byte) {
	fmt.Fprintf(&w.page, "\n%s\n\n    %s\n", who, bytes.TrimSpace(raw))
}

// up sends a message of the cabinet.
func (w *writer) up(d *device, kind protocol.Type, body any) {
	frame, err := protocol.Encode(kind, body)
	require.NoError(w.t, err)
	w.said("Cabinet", frame)
	d.raw(frame)
}

// down takes a message of the server.
func (w *writer) down(d *device, kind protocol.Type, body any) {
	m := d.next()
	require.Equal(w.t, kind, m.Type, "%s", m.Body)
	frame, err := protocol.Encode(m.Type, m.Body)
	require.NoError(w.t, err)
	w.said("Server", frame)
	if body != nil {
		require.NoError(w.t, m.Into(body))
	}
}

// call makes a call of the cabinet and keeps both sides.
func (w *writer) call(g *world, method, path string, body []byte) {
	if body == nil {
		fmt.Fprintf(&w.page, "\nCabinet: `%s %s`\n", method, path)
	} else {
		w.said(fmt.Sprintf("Cabinet: `%s %s`", method, path), body)
	}
	status, _, answer := g.call(w.t, method, path, map[bool]string{true: "application/json"}[body != nil], body)
	w.said(fmt.Sprintf("Server: %d", status), answer)
}

// keeper is the server's copy of a journal: it checks the chain as the store does.
type keeper struct{ head models.Head }

func (k *keeper) takeIn(facts []models.Fact) (models.Head, error) {
	fresh, err := k.head.CheckChain(facts)
	if err != nil {
		return k.head, err
	}
	if n := len(fresh); n > 0 {
		last := fresh[n-1]
		k.head = models.Head{Epoch: last.Epoch, Seq: last.Seq, Hash: last.Hash}
	}
	return k.head, nil
}

// chain makes the cabinet's facts.
type chain struct{ head models.Head }

func (c *chain) add(w *writer, f models.Fact, d models.FactData) models.Fact {
	w.at += 400
	f.Epoch, f.Seq, f.PrevHash = c.head.Epoch, c.head.Seq+1, c.head.Hash
	f.AtMS, f.Boot, f.UptimeMS, f.Clock, f.Data = sessionBegan+w.at, sessionBoot, 81_000+w.at, models.ClockSynced, d.Encode()
	f.Hash = f.ComputeHash()
	c.head = models.Head{Epoch: f.Epoch, Seq: f.Seq, Hash: f.Hash}
	return f
}

// newSession is the session's server: a gateway with a clock that stands, a shipment in the directory, and a journal.
func newSession(t *testing.T) (*world, *keeper) {
	t.Helper()
	now := time.UnixMilli(sessionBegan)
	server := &keeper{}
	g := newWorld(t, func(cfg *gateway.Config) {
		cfg.Now = func() time.Time { return now }
		cfg.Rand = rand.New(rand.NewSource(1))
	})
	g.locker = sessionLocker
	g.cabinets.takeIn = server.takeIn
	g.cabinets.directory = func(map[string]int64, int) ([]models.DirectoryRow, map[string]int64, bool, error) {
		shipment := fmt.Sprintf(`{"shipment":%q,"carrier":"org_01jw7v1d5c7e9g1j3m5p7r9t1v","number":"N-1","issue":0,"policy":"standard",`+
			`"parcels":[{"parcel":%q,"barcode":"CB-7ZK3-9QMX","size":"M","regime":"ambient"}]}`, sessionShipment, sessionParcel)
		return []models.DirectoryRow{{Kind: models.EntryShipment, Key: string(sessionShipment), SeenEpoch: 1, SeenSeq: 1, Body: []byte(shipment)}},
			map[string]int64{"network": 3, "locker:" + string(sessionLocker): 1}, false, nil
	}
	g.engine.ask = func(context.Context, models.ShipmentID, models.AskInput) error { return nil }
	return g, server
}

// believe has the server have the session's parcel in its cell.
func (w *world) believe() {
	w.cabinets.mu.Lock()
	defer w.cabinets.mu.Unlock()
	w.cabinets.cells = []models.StoredCell{{Number: 1, State: models.CellOccupied, Generation: 1, Shipment: sessionShipment}}
	w.cabinets.parcels = []models.Parcel{{ID: sessionParcel, Shipment: sessionShipment, Cell: 1}}
}

// TestSession plays a cabinet's first hour with the real gateway and holds what was said to the page that a stranger
// reads beside docs/protocol.md. go test ./api/gateway -run TestSession -update writes the page anew.
func TestSession(t *testing.T) {
	g, server := newSession(t)
	w := &writer{t: t}
	w.page.WriteString("# A session of the locker protocol, version 1\n\n" +
		"What a cabinet and the server's gateway said to each other, captured by a test (`TestSession` in `api/gateway`)\n" +
		"that fails when it is not so any more. docs/protocol.md explains it. Enrolment came before. Each message stands\non one line, byte for byte, so the hashes can be computed from it.\n")

	w.chapter("A cabinet that has just been put up", "Its journal holds one fact, the inventory of its only cell, which nobody has yet.")
	journal := &chain{models.Head{Epoch: 1}}
	free := models.CellReport{Cell: 1, State: models.CellFree}
	inventory := journal.add(w, models.Fact{Type: models.FactInventory}, models.FactData{Cells: []models.CellReport{free}})
	d := g.dial(t, sessionLocker)
	hello := func() protocol.Hello {
		return protocol.Hello{Agent: "stranger 1.0", Min: 1, Max: 1, Epoch: journal.head.Epoch, Seq: journal.head.Seq, Hash: journal.head.Hash,
			Boot: sessionBoot, Nonce: sessionNonce, Clock: models.ClockSynced, NowMS: sessionBegan + w.at}
	}
	w.up(d, protocol.TypeHello, hello())
	w.down(d, protocol.TypeContinueFrom, nil)
	require.Eventually(t, func() bool { return g.gateway.Connections() > 0 }, 5*time.Second, time.Millisecond)
	w.call(g, "POST", protocol.PathJournal, journalBody(t, inventory))
	w.call(g, "GET", protocol.PathDirectory+"?since=", nil)
	w.up(d, protocol.TypeHeartbeat, protocol.Heartbeat{Epoch: 1, Seq: 1, Digest: protocol.InventoryDigest([]models.CellReport{free})})

	w.chapter("A courier scans the parcel", "The cabinet has entered the operation into its ledger as `asking`, and chosen the cell. The server leads.")
	cells := []models.OpenCell{{Cell: 1, Generation: 1, Parcel: sessionParcel}}
	w.up(d, protocol.TypeAsk, protocol.Ask{Operation: sessionAsk, Kind: models.Deposit, Shipment: sessionShipment, Cells: cells, ValidForMS: 60_000})
	w.down(d, protocol.TypeAnswer, nil)
	opened := make(chan models.OpenResult, 1)
	go func() {
		result, err := g.gateway.Open(context.WithoutCancel(t.Context()),
			models.OpenInput{Locker: sessionLocker, Operation: sessionAsk, Kind: models.Deposit, Shipment: sessionShipment, Cells: cells})
		if err == nil {
			opened <- result
		}
	}()
	var command protocol.Command
	w.down(d, protocol.TypeCommand, &command)
	reserved := models.CellReport{Cell: 1, State: models.CellReserved, Generation: 1, Shipment: sessionShipment}
	at := models.Fact{Type: models.FactDoorOpened, Operation: sessionAsk, Cell: 1, Generation: 1}
	first := journal.add(w, at, models.FactData{Attempt: 1, After: &reserved})
	result := models.OpenResult{Outcome: models.Opened, Cells: []models.CellOutcome{{Cell: 1, Outcome: models.Opened}}}
	w.up(d, protocol.TypeResult, protocol.Result{ID: command.ID, Operation: sessionAsk, Result: result, Epoch: first.Epoch, Seq: first.Seq})
	require.Equal(t, result, <-opened)

	w.chapter("The door is shut on the parcel", "Then the network is gone for a while; what happened waits in the journal.")
	occupied := reserved
	occupied.State = models.CellOccupied
	at.Type = models.FactDoorClosed
	second := journal.add(w, at, models.FactData{After: &reserved})
	at.Type = models.FactDeposited
	third := journal.add(w, at, models.FactData{Shipment: sessionShipment, Parcel: sessionParcel, Courier: "cou_01jw7v0a2b4d6f8h0k2m4p6r8t", After: &occupied})
	require.NoError(t, d.conn.CloseNow())
	g.cabinets.head = server.head
	d = g.dial(t, sessionLocker)
	w.up(d, protocol.TypeHello, hello())
	w.down(d, protocol.TypeContinueFrom, nil)
	w.call(g, "POST", protocol.PathJournal, journalBody(t, first, second, third))

	w.chapter("Repeats, gaps and messages that are not known", "A repeat is skipped. A gap is refused as a whole. A message of a later version does no harm.")
	w.call(g, "POST", protocol.PathJournal, journalBody(t, third))
	skipped := *journal
	_ = skipped.add(w, at, models.FactData{})
	w.call(g, "POST", protocol.PathJournal, journalBody(t, skipped.add(w, at, models.FactData{})))
	w.up(d, "weather", map[string]int{"degrees": 21})
	w.down(d, protocol.TypeError, nil)

	w.chapter("The directory moves", "The server says where it stands; the cabinet fetches from its cursor on.")
	g.cabinets.move("network", 4)
	w.down(d, protocol.TypeDirectoryChanged, nil)

	w.chapter("An old disk comes back", "The cabinet's store is that of yesterday: it stands behind what the server has. The server begins a new epoch, and the\ncabinet asks what should be in its cells before it sends a fact.")
	g.cabinets.head = server.head
	g.believe()
	require.NoError(t, d.conn.CloseNow())
	journal.head = models.Head{Epoch: inventory.Epoch, Seq: inventory.Seq, Hash: inventory.Hash}
	d = g.dial(t, sessionLocker)
	w.up(d, protocol.TypeHello, hello())
	w.down(d, protocol.TypeNewEpoch, nil)
	w.call(g, "GET", protocol.PathSnapshot, nil)

	if *update {
		require.NoError(t, os.WriteFile(captured, []byte(w.page.String()), 0o644))
	}
	have, err := os.ReadFile(captured)
	require.NoError(t, err)
	require.True(t, string(have) == w.page.String(), "docs/session.md: go test ./api/gateway -run TestSession -update")
	for _, kind := range []protocol.Type{
		protocol.TypeHello, protocol.TypeContinueFrom, protocol.TypeNewEpoch, protocol.TypeCommand, protocol.TypeResult,
		protocol.TypeHeartbeat, protocol.TypeDirectoryChanged, protocol.TypeAsk, protocol.TypeAnswer, protocol.TypeError,
	} {
		require.True(t, strings.Contains(string(have), fmt.Sprintf("%q:%q", "type", kind)), kind)
	}
}
