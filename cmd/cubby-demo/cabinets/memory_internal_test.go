package cabinets

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const locker = models.LockerID("lkr_00000000000000000000000001")

func config(gatewayURL string) Config {
	return Config{
		GatewayURL: gatewayURL, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: time.Now, Random: rand.Reader, Client: http.DefaultClient,
	}
}

// boot opens the cabinet of a folder and gives it its first input. Its loop does not run:
// what a lock was told reaches no door, as if the program were killed at that moment.
func boot(t *testing.T, dir string) *Cabinet {
	t.Helper()
	cfg := config("http://127.0.0.1:1")
	c, err := open(cfg, models.NewIDs(cfg.Now, cfg.Random), locker, dir)
	require.NoError(t, err)
	t.Cleanup(func() { close(c.stopped) })
	c.step(cabinet.Started{Boot: c.boot, Open: c.body.openDoors()})
	return c
}

// ready is a cabinet with a courier before it who holds a parcel.
func ready(t *testing.T, dir string) *Cabinet {
	t.Helper()
	c := boot(t, dir)
	pin, err := models.HashPIN("4711", rand.Reader)
	require.NoError(t, err)
	entry := func(kind models.DirectoryKind, key string, body any) protocol.Entry {
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		return protocol.Entry{Kind: kind, Key: key, Body: raw}
	}
	c.step(cabinet.DirectoryEntries{DirectoryReply: protocol.DirectoryReply{Entries: []protocol.Entry{
		entry(models.EntryLayout, string(locker), models.DirectoryLayout{
			Locker: locker, Number: "L-001", State: models.LockerActive,
			Cells: []models.LayoutCell{{Number: 1, Module: 1, Row: 1, Size: models.SizeS, Regime: models.Ambient}},
		}),
		entry(models.EntryCourier, "cou_1", models.DirectoryCourier{
			Courier: "cou_1", Organization: "org_1", Badge: "BADGE-1", PINHash: pin,
		}),
		entry(models.EntryShipment, "shp_1", models.DirectoryShipment{
			Shipment: "shp_1", Carrier: "org_1", Issue: 1,
			Policy:  models.Policy{Objection: 1, Reopen: 1, Proof: models.ProofClosed},
			Parcels: []models.DirectoryParcel{{Parcel: "par_1", Barcode: "LABEL-1", Size: models.SizeS, Regime: models.Ambient}},
		}),
	}}})
	c.step(cabinet.Scanned{Text: "BADGE-1", ID: c.operationID()})
	c.step(cabinet.Keyed{Text: "4711", ID: c.operationID()})
	require.Equal(t, cabinet.ScreenCourier, c.state.View(c.now()).Screen)
	return c
}

func onDisk(t *testing.T, dir string) *cabinet.State {
	t.Helper()
	s := new(cabinet.State)
	known, err := read(filepath.Join(dir, stateFile), s)
	require.NoError(t, err)
	require.True(t, known)
	return s
}

func TestKilledBetweenIntentAndPulse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := ready(t, dir)
	c.step(cabinet.Scanned{Text: "LABEL-1", ID: c.operationID()})

	kept := onDisk(t, dir)
	require.Len(t, kept.Operations, 1)
	require.Equal(t, cabinet.StateLocal, kept.Operations[0].Authority)
	require.Equal(t, []int{1}, kept.Operations[0].Cells(cabinet.DoorPulsed), "the intent is on the disk")
	require.Equal(t, 1, kept.Operations[0].Doors[0].Attempt)

	again := boot(t, dir)
	for range 3 {
		again.step(cabinet.Tick{})
	}
	op := onDisk(t, dir).Operations[0]
	require.Equal(t, cabinet.StateDone, op.State)
	require.Equal(t, "interrupted", op.Reason)
	require.Equal(t, 1, op.Doors[0].Attempt, "no second pulse")
	require.Equal(t, models.Occupancy{State: models.CellReserved, Doubtful: true}, again.state.Cells[0].Occupancy)
}

func TestNothingIsDoneThatCannotBeKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := ready(t, dir)
	c.line = &line{out: make(chan []byte, outgoing), cut: func() {}}
	before, err := os.ReadFile(filepath.Join(dir, stateFile))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, stateFile+".new"), 0o700)) // the disk refuses
	c.step(cabinet.LinkUp{Nonce: "n", Agent: agentVersion})
	require.Error(t, c.failed)
	c.step(cabinet.Scanned{Text: "LABEL-1", ID: c.operationID()})
	require.Empty(t, c.line.out, "not even a hello")
	after, err := os.ReadFile(filepath.Join(dir, stateFile))
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestADamagedMemoryIsRefused(t *testing.T) {
	t.Parallel()
	half := func(t *testing.T, path string) {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, raw[:len(raw)/2], 0o600))
	}
	become := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	}
	gone := func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }
	for _, d := range []struct {
		name, file string
		damage     func(*testing.T, string)
	}{
		{"half a state", stateFile, half},
		{"an empty state", stateFile, become("")},
		{"a state of nothing", stateFile, become("null")},
		{"another cabinet's state", stateFile, become(`{"locker":"lkr_2"}`)},
		{"a journal that lost facts", stateFile, become(`{"locker":"` + string(locker) + `","journal":{"epoch":1,"seq":9}}`)},
		{"no state", stateFile, gone},
		{"half a body", bodyFile, half},
		{"half a key", deviceFile, half},
	} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := ready(t, dir)
			c.moveDoor(1, true)
			require.NoError(t, c.failed)
			path := filepath.Join(dir, d.file)
			d.damage(t, path)
			damaged, _ := os.ReadFile(path) // it may be gone
			cfg := config("")
			_, err := open(cfg, models.NewIDs(cfg.Now, cfg.Random), locker, dir)
			require.Error(t, err)
			left, _ := os.ReadFile(path)
			require.Equal(t, damaged, left, "what is left of it is kept for whoever repairs it")
		})
	}
	t.Run("a write that was cut short", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		ready(t, dir)
		require.NoError(t, os.WriteFile(filepath.Join(dir, stateFile+".new"), []byte(`{"locker":`), 0o600))
		require.Len(t, boot(t, dir).state.Cells, 1, "the old state counts")
	})
}
