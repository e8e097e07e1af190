package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// worn is a cabinet whose cell 1 is opened from afar again and again.
type worn struct {
	*rig
	turns int
}

func newWorn(t *testing.T) *worn {
	t.Helper()
	w := &worn{rig: newRig(t).furnish(models.SizeS)}
	w.session("nonce-1")
	w.keepEvery = 20 // the journal grows long
	return w
}

// pulse drives the lock once; the door is seen open so many ms later, 0: not in time. Half an hour
// passes after it, so that no budget ends.
func (w *worn) pulse(ms int64) {
	w.t.Helper()
	w.turns++
	w.session("nonce-" + string(w.id()))
	w.openRemotely(w.granted("op_worn_"+w.id(), 1))
	require.Len(w.t, w.pulses, w.turns)
	if ms == 0 {
		w.wait(7000)
	} else {
		w.wait(ms)
		w.open(1)
		w.wait(2000)
		w.close(1)
	}
	w.ack()
	w.do(cabinet.LinkDown{})
	w.wait(1800_000)
}

// locks lists what facts say of the lock.
func (w *worn) locks() (said []models.FactData) {
	for _, f := range w.facts {
		d, err := f.Payload()
		require.NoError(w.t, err)
		if d.Device == "lock-1" {
			require.Equal(w.t, 1, f.Cell)
			d.After = nil
			said = append(said, d)
		}
	}
	return said
}

func (w *worn) last() models.FactData {
	w.t.Helper()
	said := w.locks()
	require.NotEmpty(w.t, said)
	return said[len(said)-1]
}

// TestALockGetsSlow: it is told before it traps a parcel, by its own past and not by another
// lock's; once, and that it is well again once.
func TestALockGetsSlow(t *testing.T) {
	t.Parallel()
	w := newWorn(t)
	for _, ms := range []int64{400, 420, 380, 3000} {
		w.pulse(ms)
	}
	require.Empty(t, w.locks(), "nothing is known yet")
	w.pulse(410)
	require.Equal(t, models.FactData{Device: "lock-1", State: models.DeviceOK, Lock: &models.LockReport{Pulses: 5, MS: 410, BestMS: 410}}, w.last())
	for range 30 {
		w.pulse(430)
		w.pulse(390)
	}
	require.Len(t, w.locks(), 1, "it works as it did: no fact of each opening")
	best := w.state.Cells[0].Lock.BestMS
	w.pulse(4000)
	w.pulse(4000)
	require.Len(t, w.locks(), 1, "somebody was in no hurry")
	for ms := int64(500); w.last().State != models.DeviceSlow; ms += 100 {
		require.Less(t, ms, int64(2500), "it is told long before it is no more seen to open")
		w.pulse(ms)
	}
	require.Len(t, w.locks(), 3, "on the way it was told once that it takes longer")
	require.Equal(t, best, w.last().Lock.BestMS, "what it does now is not what it is held against")
	for range 10 {
		w.pulse(1500)
	}
	require.Len(t, w.locks(), 3)
	for range 3 {
		w.pulse(450)
	}
	require.Equal(t, models.DeviceOK, w.last().State)
	require.Len(t, w.locks(), 4)
}

// TestALockNeedsSeveralPulses: three of the last eight opened nothing. Once it is repaired, and its
// cell put back into service, it begins anew.
func TestALockNeedsSeveralPulses(t *testing.T) {
	t.Parallel()
	w := newWorn(t)
	for _, ms := range []int64{0, 400, 0, 400, 400} {
		w.pulse(ms)
	}
	require.Empty(t, w.locks())
	w.pulse(0)
	require.Equal(t, models.DeviceSlow, w.last().State)
	require.Equal(t, 3, w.last().Lock.Missed)
	w.pulse(400)
	w.pulse(400)
	require.Equal(t, models.DeviceSlow, w.last().State, "one well opening proves nothing")
	w.entry(models.EntryCell, "1", models.DirectoryCell{Locker: locker, Cell: 1, OutOfService: true})
	w.entry(models.EntryCell, "1", models.DirectoryCell{Locker: locker, Cell: 1})
	require.Equal(t, models.FactData{Device: "lock-1", State: models.DeviceOK, Lock: &models.LockReport{Pulses: 8, Missed: 3}}, w.last())
	w.pulse(0)
	w.pulse(0)
	require.Equal(t, models.DeviceOK, w.last().State)
}

// TestNobodyKnowsHowLongItTook: a door that was open before, or that opened while the program was
// down, says nothing of its lock.
func TestNobodyKnowsHowLongItTook(t *testing.T) {
	t.Parallel()
	w := newWorn(t)
	w.open(1)
	w.openRemotely(w.granted("op_open", 1))
	require.Empty(t, w.pulses)
	require.Nil(t, w.state.Cells[0].Lock)
	w.close(1)
	w.session("nonce-2")
	w.openRemotely(w.granted("op_down", 1))
	require.Len(t, w.pulses, 1)
	w.now.UptimeMS = 3
	w.do(cabinet.Started{Boot: "boot-2", Open: []int{1}})
	require.True(t, w.cell(1).Open)
	require.Nil(t, w.state.Cells[0].Lock)
}
