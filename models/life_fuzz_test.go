package models_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// lifeRun drives one life by bytes and holds it to what must always be true.
type lifeRun struct {
	t    *testing.T
	life *models.Life
	now  time.Time
	next int // seq of the next event
	rev  int64
}

// took checks the events of one step.
func (r *lifeRun) took(events []models.Event) {
	for _, e := range events {
		require.Equal(r.t, r.next, e.Seq, "events are numbered without a gap")
		require.Equal(r.t, r.life.Shipment, e.Shipment)
		r.next++
	}
	require.Equal(r.t, r.next, r.life.NextEvent)
	require.Contains(r.t, models.ShipmentStates(), r.life.State)
	if r.life.State.Final() {
		for _, p := range r.life.Parcels {
			require.NotEqual(r.t, models.ParcelInCell, p.State, "%s with a parcel in a cell", r.life.State)
		}
	}
	p := r.life.Projection(events)
	require.Greater(r.t, p.Rev, r.rev)
	r.rev = p.Rev
}

func (r *lifeRun) encoded() string {
	raw, err := json.Marshal(r.life)
	require.NoError(r.t, err)
	return string(raw)
}

// unmoved runs something that must change nothing.
func (r *lifeRun) unmoved(why string, step func() []models.Event) {
	before := r.encoded()
	require.Empty(r.t, step(), why)
	require.Equal(r.t, before, r.encoded(), why)
}

// step takes one act of four bytes.
func (r *lifeRun) step(b []byte) {
	parcel := models.ParcelID("abcz"[b[1]&3 : b[1]&3+1]) // z is nobody's
	op := models.OperationID("op_" + string('a'+rune(b[2]&7)))
	switch b[0] % 8 {
	case 0, 1:
		kinds := []models.FactType{models.FactDeposited, models.FactPickedUp, models.FactWithdrawn, models.FactMissing,
			models.FactDoorJammed, models.FactOperationDone, models.FactDoorClosed, "unheard_of"}
		if b[0]%8 == 1 {
			kinds = []models.FactType{models.FactDeposited, models.FactPickedUp, models.FactWithdrawn, models.FactMissing,
				models.FactRefused, models.FactDamaged, models.FactLoadFailed, models.FactCellChecked}
		}
		f := models.FactSignal{
			Locker: models.LockerID("lkr_" + string('1'+rune(b[1]>>7))), Epoch: int64(b[2] >> 6), Seq: int64(b[3]),
			At: r.now.Add(-time.Duration(b[1]>>2) * time.Minute), Type: kinds[b[2]>>3&7], Operation: op, Cell: int(b[3] & 3), Parcel: parcel,
		}
		if f.Type == models.FactCellChecked {
			f.Reason = models.CheckFound
		}
		r.took(r.life.ApplyFact(f))
		r.unmoved("a fact again", func() []models.Event { return r.life.ApplyFact(f) })
	case 2:
		said := []models.EventType{models.EventAccepted, models.EventInTransit, models.EventOutForLocker, "shipment.nonsense",
			models.EventDelayed, models.EventLost, models.EventReturned, "shipment.nonsense"}[b[1]&7]
		r.took(r.life.CarrierSays(said, r.now))
		r.unmoved("the carrier again", func() []models.Event { return r.life.CarrierSays(said, r.now) })
	case 3:
		r.now = r.now.Add(time.Duration(b[1]) * time.Duration(b[2]) * time.Second)
		for range 4 { // more would be a life that never comes to rest
			events := r.life.Due(r.now)
			if len(events) == 0 {
				break
			}
			r.took(events)
		}
		r.unmoved("the same moment again", func() []models.Event { return r.life.Due(r.now) })
	case 4:
		ask := models.AskInput{Operation: op, Kind: []models.OperationKind{models.Deposit, models.Pickup, models.Withdrawal, ""}[b[1]>>2&3],
			Locker: models.LockerID("lkr_" + string('1'+rune(b[1]>>7))), Cells: []models.OpenCell{{Cell: 1, Parcel: parcel}}[:b[2]>>3&1], NotAfter: r.now.Add(time.Second)}
		var err error
		r.unmoved("a check", func() []models.Event { err = r.life.CheckAsk(ask, r.now); return nil })
		if _, known := r.life.Outcome(op); err == nil && !known {
			r.life.Begin(ask)
		}
	case 6:
		acts := []struct {
			check func() error
			do    func(time.Time) []models.Event
		}{{r.life.CheckExtend, r.life.Extend}, {r.life.CheckFreeze, r.life.Freeze}, {r.life.CheckUnfreeze, r.life.Unfreeze}, {r.life.CheckCancel, r.life.Cancel}}
		if act := acts[b[1]&3]; act.check() == nil {
			r.took(act.do(r.now))
		}
	case 7:
		if r.life.CheckReroute() == nil {
			r.took(r.life.Reroute(models.LockerID("lkr_"+string('1'+rune(b[1]&3))), r.now))
		}
		if _, moves := r.life.Moves(); moves {
			r.took(r.life.Moved(r.life.Issue+1, r.now))
		}
	default:
		before, known := r.life.Outcome(op)
		r.life.Finish(op, []models.OpenOutcome{models.Opened, models.NotOpened, models.Refused, models.Unknown}[b[1]&3])
		after, still := r.life.Outcome(op)
		require.Equal(r.t, known, still)
		if before != "" {
			require.Equal(r.t, before, after, "the first outcome counts")
		}
	}
}

// FuzzLife: whatever comes in whatever order, a life does not panic, numbers its events
// without a gap, is moved by a repeat not at all, never ends with a parcel in a cell, and
// a copy through JSON is the same life.
func FuzzLife(f *testing.F) {
	f.Add(uint8(2), []byte("\x00\x00\x00\x01\x00\x01\x00\x02\x03\xff\xff\x00\x00\x00\x08\x03\x03\xff\xff\x00\x03\xff\xff\x00\x03\xff\xff\x00\x03\xff\xff\x00\x03\xff\xff\x00"))
	f.Add(uint8(1), []byte("\x02\x00\x00\x00\x02\x00\x00\x00\x04\x00\x08\x00\x00\x00\x08\x05\x00\x00\x00\x04\x03\xff\xff\x00"))
	f.Add(uint8(1), []byte("\x01\x00\x00\x01\x01\x00\x21\x02\x01\x01\x02\x03\x01\x01\x0b\x04\x01\x00\x14\x05"))
	f.Add(uint8(1), []byte("\x01\x00\x30\x01\x01\x01\x31\x02\x01\x00\x02\x03\x01\x00\x1b\x04\x01\x01\x34\x05"))
	f.Add(uint8(3), []byte("\x00\x00\x00\x01\x00\x00\x08\x02\x00\x01\x00\x03\x03\xff\xff\x00"))
	f.Fuzz(func(t *testing.T, parcels uint8, acts []byte) {
		ids := []models.ParcelID{"a", "b", "c"}[:1+parcels%3]
		r := &lifeRun{t: t, life: newLife(ids...), now: born, next: 1}
		for range min(len(acts)/4, 64) {
			r.step(acts[:4])
			acts = acts[4:]
		}
		var back models.Life
		require.NoError(t, json.Unmarshal([]byte(r.encoded()), &back))
		r.unmoved("a copy", func() []models.Event { r.life = &back; return nil })
		// Left alone, a life without a parcel in a cell comes to its end.
		for range 8 {
			at, _, ok := r.life.Deadline()
			if !ok {
				break
			}
			if at.After(r.now) {
				r.now = at
			}
			r.took(r.life.Due(r.now))
		}
		inCell := false
		for _, p := range r.life.Parcels {
			inCell = inCell || p.State == models.ParcelInCell
		}
		require.True(t, inCell || r.life.State.Final(), "%s for ever, with nothing in a cell", r.life.State)
	})
}
