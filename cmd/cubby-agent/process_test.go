package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// maxResident is what a cabinet's computer with 512 MB can easily spare.
const maxResident = 64 << 20

// start runs the true program and waits until it serves, online.
func (p *place) start() *exec.Cmd {
	p.t.Helper()
	out := &log{}
	cmd := exec.Command(binary(p.t), "run", "--config", p.in("agent.json"))
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		if p.t.Failed() {
			p.t.Log(out)
		}
	})
	p.eventually(func(st state) bool { return len(st.Cells) > 0 && st.Online && st.Unsent == 0 }, "it serves, online")
	return cmd
}

// TestSignal: to be asked to stop is no failure, which systemd would answer with a restart.
func TestSignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		cmd := newPlace(t, 4).enroll().start()
		require.NoError(t, cmd.Process.Signal(sig))
		require.NoError(t, cmd.Wait(), "%s", sig)
	}
}

// TestKilled: with a door open, and the store and the socket as they happen to be.
func TestKilled(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4).enroll()
	for range 3 {
		cmd := p.start()
		_, err := p.call("open", "--cell", "2")
		require.NoError(t, err)
		require.Eventually(t, func() bool { return p.steel.Truth(2).Open }, soon, often)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		require.NoError(t, p.steel.Close(2))
	}
	p.start()
	p.eventually(func(st state) bool { return !st.Cells[1].Open && st.Unsent == 0 }, "it sees the door")
	require.Equal(t, []int{2, 2, 2}, p.opened(), "what was done is told, and once")
	require.Equal(t, 3, p.steel.Truth(2).Pulses)
	for i, f := range p.cabinet().Facts() {
		require.EqualValues(t, 1, f.Epoch)
		require.EqualValues(t, i+1, f.Seq)
	}
}

// TestMemory runs a cabinet of 60 cells with a full directory.
func TestMemory(t *testing.T) {
	t.Parallel()
	const cells = 60
	p := newPlace(t, 48, 12).enroll()
	for n := range cells {
		id := "shp_" + strconv.Itoa(n)
		p.cabinet().Tell(models.EntryShipment, id, models.DirectoryShipment{
			Shipment: models.ShipmentID(id), Carrier: "org_1", Number: id, Issue: 1,
			Parcels: []models.DirectoryParcel{{Parcel: models.ParcelID("par_" + strconv.Itoa(n)), Barcode: "LABEL-" + strconv.Itoa(n), Size: models.SizeM, Regime: models.Ambient}},
		})
	}
	cmd := p.start()
	p.eventually(func(st state) bool {
		return len(st.Cells) == cells && st.Directory == cells+1 && st.Unsent == 0
	}, "all of it is there")
	size := memory(t, cmd.Process.Pid, "VmRSS")
	t.Logf("a cabinet of %d cells: %d KiB resident, of which %d KiB are its own", cells, size>>10, memory(t, cmd.Process.Pid, "RssAnon")>>10)
	require.Less(t, size, maxResident)
}

// memory is a line of a process's status, in bytes.
func memory(t *testing.T, pid int, name string) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); f[0] == name+":" {
			kib, err := strconv.Atoi(f[1])
			require.NoError(t, err)
			return kib << 10
		}
	}
	t.Fatalf("no %s", name)
	return 0
}
