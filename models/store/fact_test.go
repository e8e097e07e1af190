package store_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
	"cubby/models/store"
)

// opened is the first fact of a journal: all cells free.
func opened(j *journal) models.Fact { return j.fact(models.FactInventory, 0, models.FactData{}) }

func TestTakeInAppliesFacts(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		n := f.announcement(l.ID, "N1")
		n.Parcels = make([]models.NewParcel, 2)
		v := f.create(t, n)
		exec(t, f, "DELETE FROM outbox")
		j := &journal{at: f.clock()}
		facts := []models.Fact{opened(j), j.fact(models.FactDeposited, 5, deposited(v, 0, 5))}
		f.advance(time.Second)
		head, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		require.Equal(t, int64(2), head.Seq)
		require.Equal(t, facts[1].Hash, head.Hash)
		stored, err := f.Head(t.Context(), l.ID)
		require.NoError(t, err)
		require.Equal(t, head.Hash, stored.Hash)

		cell := rows[models.StoredCell](t, f, "locker = ? AND number = 5", l.ID)[0]
		require.Equal(t, models.CellOccupied, cell.State)
		require.Equal(t, v.Shipment.ID, cell.Shipment)
		require.Equal(t, models.SizeM, cell.Size, "the layout stays")
		require.Equal(t, 5, cell.Layout.Number)
		promises := rows[models.Promise](t, f)
		require.Len(t, promises, 1)
		require.Equal(t, v.Parcels[1].ID, promises[0].Parcel)

		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 1)
		require.Equal(t, models.OutboxSignal, batch[0].Kind)
		require.Equal(t, models.SignalFact, batch[0].Signal)
		require.Equal(t, models.WorkflowShipment, batch[0].Workflow)
		var signal models.FactSignal
		require.NoError(t, json.Unmarshal(batch[0].Payload, &signal))
		require.Equal(t, models.FactSignal{
			Locker: l.ID, Epoch: 1, Seq: 2, At: facts[1].At(), Type: models.FactDeposited, Operation: facts[1].Operation,
			Cell: 5, Generation: 1, Parcel: v.Parcels[0].ID,
		}, signal)

		before := counts(t, f)
		head, err = f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		require.Equal(t, int64(2), head.Seq)
		require.Equal(t, before, counts(t, f), "a repeat changes nothing")

		f.create(t, f.announcement(l.ID, "N2"))
		entries, _, _, err := f.Directory(t.Context(), l.ID, nil, 100)
		require.NoError(t, err)
		require.Equal(t, int64(0), entries[1].SeenSeq)
		require.Equal(t, []int64{1, 2}, []int64{entries[2].SeenEpoch, entries[2].SeenSeq})
	})
}

func TestTakeInRefuses(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		j := &journal{at: f.clock()}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j)})
		require.NoError(t, err)
		fork := *j
		first := j.fact(models.FactDoorOpened, 1, models.FactData{})
		second := j.fact(models.FactDoorClosed, 1, models.FactData{})
		before := counts(t, f)

		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{second})
		require.Equal(t, models.CodeSequence, code(err))
		bad := first
		bad.Cell = 2
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{bad})
		require.Equal(t, models.CodeMalformedFrame, code(err))
		_, err = f.TakeIn(t.Context(), "lkr_none", []models.Fact{first})
		require.Equal(t, models.CodeNotFound, code(err))
		require.Equal(t, before, counts(t, f))

		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{first, second})
		require.NoError(t, err)
		fork.hash = "of another journal"
		fork.seq = 3
		for range 2 {
			_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{fork.fact(models.FactDoorOpened, 1, models.FactData{})})
			require.Equal(t, models.CodeFork, code(err))
			fork.seq = 3
			fork.hash = "of another journal"
		}
		incidents := rows[models.Incident](t, f)
		require.Len(t, incidents, 1, "one is open per key")
		require.Equal(t, models.IncidentFork, incidents[0].Kind)
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 1)
		require.Equal(t, models.IncidentWorkflowID(incidents[0].ID), batch[0].WorkflowID)
	})
}

// TestTakeInOfAHostileCabinet: what a cabinet makes up fits no index and would fill the list of incidents. Its journal
// goes on, and what is open about it has an end.
func TestTakeInOfAHostileCabinet(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		made := make([]byte, 12<<10)
		_, err := rand.NewChaCha8([32]byte{1}).Read(made)
		require.NoError(t, err)
		long := base64.StdEncoding.EncodeToString(made) // more than a row of an index takes, and nothing compresses it
		j := &journal{at: f.clock()}
		facts := []models.Fact{
			opened(j),
			j.fact(models.FactDeposited, 2, models.FactData{Shipment: models.ShipmentID(long), Parcel: "par_none"}),
			j.fact(models.FactDevice, 0, models.FactData{Device: long, State: models.DeviceAlarm}),
		}
		for i := range store.MaxOpen + 20 {
			facts = append(facts, j.fact(models.FactPickedUp, 0, models.FactData{
				Shipment: models.ShipmentID("shp_" + strconv.Itoa(i)), Parcel: "par_none",
			}))
		}
		facts = append(facts, j.fact(models.FactDoorJammed, 3, models.FactData{}))
		for batch := range slices.Chunk(facts, 300) {
			head, err := f.TakeIn(t.Context(), l.ID, batch)
			require.NoError(t, err)
			require.Equal(t, batch[len(batch)-1].Seq, head.Seq)
		}
		open := rows[models.Incident](t, f, "resolved IS NULL AND locker = ?", l.ID)
		require.Len(t, open, store.MaxOpen+2, "and one more for each kind")
		kinds := []models.IncidentKind{open[len(open)-2].Kind, open[len(open)-1].Kind}
		require.ElementsMatch(t, []models.IncidentKind{models.IncidentQuarantine, models.IncidentJam}, kinds)
	})
}

func TestTakeInQuarantines(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		other := f.create(t, f.announcement(l.ID, "N2"))
		exec(t, f, "DELETE FROM outbox")
		j := &journal{at: f.clock()}
		unreadable := func() models.Fact {
			j.seq++
			fact := models.Fact{Epoch: 1, Seq: j.seq, PrevHash: j.hash, Type: models.FactDoorOpened, Data: json.RawMessage(`[1]`)}
			fact.Hash = fact.ComputeHash()
			j.hash = fact.Hash
			return fact
		}
		mixed := deposited(v, 0, 1)
		mixed.Parcel = other.Parcels[0].ID
		state := deposited(v, 0, 1)
		state.After.State = "vanished"
		facts := []models.Fact{
			opened(j),
			j.fact("teleported", 1, models.FactData{}),
			j.fact(models.FactDeposited, 99, deposited(v, 0, 99)),
			j.fact(models.FactDeposited, 2, models.FactData{Shipment: "shp_none", Parcel: "par_none"}),
			j.fact(models.FactPickedUp, 3, models.FactData{}),
			j.fact(models.FactDeposited, 4, mixed),
			j.fact(models.FactDeposited, 5, state),
			unreadable(),
			j.fact(models.FactDeposited, 6, deposited(v, 0, 6)),
		}
		head, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		require.Equal(t, int64(len(facts)), head.Seq, "all are acknowledged")
		require.Len(t, rows[models.StoredFact](t, f, "quarantined <> ''"), 7)
		require.Len(t, rows[models.Incident](t, f, "kind = ?", models.IncidentQuarantine), 7)
		require.Len(t, rows[models.StoredCell](t, f, "state <> ?", models.CellFree), 1)
		require.Len(t, rows[models.Promise](t, f), 1)
		require.Len(t, rows[models.OutboxRow](t, f, "kind = ?", models.OutboxSignal), 1)
		for _, fact := range rows[models.StoredFact](t, f) {
			require.Equal(t, fact.Body.Hash, fact.Body.ComputeHash(), "kept so that its hash can be proved")
		}
	})
}

func TestTwoTakeInsOfTheSameBatchApplyOnce(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		exec(t, f, "DELETE FROM outbox")
		j := &journal{at: f.clock()}
		facts := []models.Fact{opened(j), j.fact(models.FactDeposited, 1, deposited(v, 0, 1))}
		errs := make([]error, 8)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { _, errs[i] = f.TakeIn(t.Context(), l.ID, facts) })
		}
		group.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Len(t, rows[models.StoredFact](t, f), 2)
		require.Len(t, rows[models.OutboxRow](t, f), 1)
	})
}

func TestTakeInIsAtomic(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		j := &journal{at: f.clock()}
		facts := []models.Fact{opened(j), j.fact(models.FactDeposited, 1, deposited(v, 0, 1)), j.fact(models.FactDoorJammed, 2, models.FactData{})}
		before := counts(t, f)
		crash := errors.New("crash")
		for _, point := range []string{"takein.before_commit", "takein.after_commit"} {
			f.setFault(func(at string) error {
				if at == point {
					return crash
				}
				return nil
			})
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.ErrorIs(t, err, crash)
			if point == "takein.before_commit" {
				require.Equal(t, before, counts(t, f))
			}
		}
		f.setFault(nil)
		head, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		require.Equal(t, int64(3), head.Seq)
		require.Len(t, rows[models.OutboxRow](t, f), 3, "start, signal, incident")
	})
}

func TestIncidentsOfACell(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		j := &journal{at: f.clock()}
		take := func(facts ...models.Fact) {
			t.Helper()
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
		}
		take(opened(j), j.fact(models.FactDoorJammed, 1, models.FactData{}), j.fact(models.FactDoorJammed, 1, models.FactData{}),
			j.fact(models.FactCellDoubtful, 1, models.FactData{}), j.fact(models.FactPadPaused, 0, models.FactData{}))
		list := func(open bool) []models.Incident {
			found, err := f.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 10}, Open: open, Locker: l.ID})
			require.NoError(t, err)
			return found
		}
		require.Len(t, list(true), 3)
		take(j.fact(models.FactCellChecked, 1, models.FactData{}))
		require.Len(t, list(true), 1)
		require.Len(t, list(false), 3)
		take(j.fact(models.FactDoorJammed, 1, models.FactData{}))
		require.Len(t, list(true), 2, "a new one, after the check")

		by := models.Request{Actor: models.Actor{Key: "key_1"}}
		resolved, err := f.ResolveIncident(t.Context(), by, list(true)[0].ID, "mended")
		require.NoError(t, err)
		require.Equal(t, "mended", resolved.Reason)
		_, err = f.ResolveIncident(t.Context(), by, resolved.ID, "again")
		require.Equal(t, models.CodeInvalidState, code(err))
		_, err = f.ResolveIncident(t.Context(), by, "inc_none", "x")
		require.Equal(t, models.CodeNotFound, code(err))
		audit := rows[models.AuditEntry](t, f, "action = ?", "incident.resolve")
		require.Len(t, audit, 1)
		require.Equal(t, "key_1", audit[0].Actor)
	})
}

// TestIncidentsOfTroubleAtAScreen: what somebody says there reaches a person, and a person who is
// locked in is told apart.
func TestIncidentsOfTroubleAtAScreen(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		j := &journal{at: f.clock()}
		said := func(cell int, d models.FactData) models.Fact { return j.fact(models.FactTrouble, cell, d) }
		facts := []models.Fact{opened(j),
			said(1, models.FactData{Shipment: v.Shipment.ID, Reason: models.TroubleEmpty}),
			said(1, models.FactData{Shipment: v.Shipment.ID, Reason: models.TroubleOther}),
			said(0, models.FactData{Reason: models.TroubleLocked}),
			said(2, models.FactData{Reason: "a word of tomorrow", Screen: "no screen"}),
			said(3, models.FactData{Reason: models.TroubleDoor, Screen: "P7"}),
		}
		_, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		found, err := f.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 10}, Open: true, Locker: l.ID})
		require.NoError(t, err)
		require.Len(t, found, 4)
		slices.SortFunc(found, func(a, b models.Incident) int { return strings.Compare(a.Evidence, b.Evidence) })
		require.Equal(t, models.IncidentTrouble, found[0].Kind)
		require.Equal(t, 1, found[0].Cell)
		require.Equal(t, v.Shipment.ID, found[0].Shipment)
		require.Equal(t, facts[1].Key(l.ID)+": empty", found[0].Evidence, "the number that the person was shown is in it")
		require.Equal(t, models.IncidentLockedIn, found[1].Kind)
		require.Equal(t, facts[4].Key(l.ID)+": other", found[2].Evidence)
		require.Equal(t, facts[5].Key(l.ID)+": door at P7", found[3].Evidence)
		require.Empty(t, rows[models.StoredFact](t, f, "quarantined <> ''"))
	})
}

// TestTheNumberOnAScreenFindsItsIncident: that of every fact, also of one whose incident was open.
func TestTheNumberOnAScreenFindsItsIncident(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		search := func(text string, at models.LockerID) []models.IncidentID {
			t.Helper()
			found, err := f.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 10, Search: text}, Locker: at})
			require.NoError(t, err)
			var ids []models.IncidentID
			for _, i := range found {
				ids = append(ids, i.ID)
			}
			return ids
		}
		j, elsewhere := &journal{at: f.clock()}, &journal{at: f.clock()}
		facts := []models.Fact{opened(j),
			j.fact(models.FactDoorJammed, 1, models.FactData{}),
			j.fact(models.FactTrouble, 1, models.FactData{Reason: models.TroubleEmpty}),
			j.fact(models.FactTrouble, 1, models.FactData{Reason: models.TroubleDamaged}),
			j.fact(models.FactDoorOpened, 1, models.FactData{}),
		}
		_, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		later := j.fact(models.FactTrouble, 1, models.FactData{Reason: models.TroubleOther})
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{later})
		require.NoError(t, err)

		jam := rows[models.Incident](t, f, "kind = ?", models.IncidentJam)
		trouble := rows[models.Incident](t, f, "kind = ?", models.IncidentTrouble)
		require.Len(t, trouble, 1)
		require.Equal(t, []models.IncidentID{jam[0].ID}, search(facts[1].Number(), ""))
		for _, f := range []models.Fact{facts[2], facts[3], later} {
			require.Equal(t, []models.IncidentID{trouble[0].ID}, search(" "+f.Number()+" ", l.ID), f.Number())
		}
		require.Empty(t, search(facts[4].Number(), ""), "it told of nothing")
		require.Empty(t, search("9-57", ""))

		_, err = f.TakeIn(t.Context(), other.ID, []models.Fact{opened(elsewhere), elsewhere.fact(models.FactPadPaused, 0, models.FactData{})})
		require.NoError(t, err)
		require.Len(t, search(facts[1].Number(), ""), 2, "lockers count for themselves")
		require.Equal(t, []models.IncidentID{jam[0].ID}, search(facts[1].Number(), l.ID))
	})
}

func TestReconcile(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		f.create(t, f.announcement(l.ID, "old"))
		f.advance(time.Hour)
		since := f.clock()
		v := f.create(t, f.announcement(l.ID, "N1"))
		j := &journal{at: f.clock()}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{
			opened(j), j.fact(models.FactDoorOpened, 1, models.FactData{Shipment: v.Shipment.ID}),
			j.fact(models.FactDeposited, 1, deposited(v, 0, 1)), j.fact(models.FactPickedUp, 1, models.FactData{Shipment: v.Shipment.ID}),
		})
		require.NoError(t, err)
		exec(t, f, "DELETE FROM outbox")
		starts, signals, err := f.Reconcile(t.Context(), since)
		require.NoError(t, err)
		require.Equal(t, []int{2, 2}, []int{starts, signals}, "every life that has not ended is started, however old")
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 4)
		require.Equal(t, []models.OutboxKind{models.OutboxShow, models.OutboxShow}, []models.OutboxKind{batch[0].Kind, batch[1].Kind})
		var types []models.FactType
		for _, row := range batch[2:] {
			var s models.FactSignal
			require.NoError(t, json.Unmarshal(row.Payload, &s))
			types = append(types, s.Type)
		}
		require.Equal(t, []models.FactType{models.FactDoorOpened, models.FactDeposited}, types)
	})
}

// TestACabinetsClockIsOff: one that runs ahead puts nothing off, and no time that it could
// send stops its journal.
func TestACabinetsClockIsOff(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		exec(t, f, "DELETE FROM outbox")
		for _, at := range []int64{f.clock().Add(72 * time.Hour).UnixMilli(), math.MaxInt64, math.MinInt64} {
			j := &journal{at: f.clock()}
			head, err := f.Head(t.Context(), l.ID)
			require.NoError(t, err)
			open := opened(j)
			open.Epoch = head.Epoch + 1
			open.Hash = open.ComputeHash()
			odd := j.fact(models.FactDeposited, 1, deposited(v, 0, 1))
			odd.Epoch, odd.PrevHash, odd.AtMS = open.Epoch, open.Hash, at
			odd.Hash = odd.ComputeHash()
			_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{open, odd})
			require.NoError(t, err)
		}
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		signals := 0
		for _, row := range batch {
			if row.Kind != models.OutboxSignal {
				continue
			}
			var s models.FactSignal
			require.NoError(t, json.Unmarshal(row.Payload, &s))
			require.False(t, s.At.After(f.clock()), "%s", s.At)
			signals++
		}
		require.Equal(t, 2, signals, "the one before 1970 is quarantined")
	})
}

func TestAnUnannouncedParcelOpensAnIncident(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		j := &journal{at: f.clock()}
		take := func(facts ...models.Fact) {
			t.Helper()
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
		}
		open := func() []models.Incident {
			return rows[models.Incident](t, f, "kind = ? AND resolved IS NULL", models.IncidentUnannounced)
		}
		held := func(cell int) models.Fact {
			return j.fact(models.FactHeld, cell, models.FactData{
				Label: "X-1", After: &models.CellReport{Cell: cell, State: models.CellOccupied, Generation: 1},
			})
		}
		take(opened(j), held(1), held(2), held(3))
		var keys []string
		for _, i := range open() {
			keys = append(keys, i.Key)
		}
		want := []string{models.UnannouncedKey(l.ID, 1, 1), models.UnannouncedKey(l.ID, 2, 1), models.UnannouncedKey(l.ID, 3, 1)}
		require.ElementsMatch(t, want, keys, "one for each cell")
		require.Contains(t, open()[0].Evidence, "X-1")
		require.Equal(t, models.CellOccupied, rows[models.StoredCell](t, f, "locker = ? AND number = 1", l.ID)[0].State)

		announced := deposited(v, 0, 1)
		announced.Label = "X-1"
		take(
			j.fact(models.FactDeposited, 1, announced),
			j.fact(models.FactWithdrawn, 2, models.FactData{Label: "X-1"}),
			j.fact(models.FactMissing, 3, models.FactData{Label: "X-1"}),
		)
		require.Empty(t, open())
		require.Len(t, rows[models.Incident](t, f, "kind = ?", models.IncidentMissing), 1)
		require.Empty(t, rows[models.StoredFact](t, f, "quarantined <> ''"))
		take(j.fact(models.FactHeld, 0, models.FactData{Label: "X-1"}), j.fact(models.FactHeld, 4, models.FactData{}),
			j.fact(models.FactPickedUp, 4, models.FactData{Label: "X-1"}))
		require.Len(t, rows[models.StoredFact](t, f, "quarantined <> ''"), 3)
		require.Empty(t, open())
	})
}

// TestFactsOfParcelsOnTheirOwn: what names its parcel is signalled, a label alone is kept, and
// anything less is kept aside.
func TestFactsOfParcelsOnTheirOwn(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		exec(t, f, "DELETE FROM outbox")
		j := &journal{at: f.clock()}
		of := func(reason string) models.FactData {
			return models.FactData{Shipment: v.Shipment.ID, Parcel: v.Parcels[0].ID, Reason: reason}
		}
		head, err := f.TakeIn(t.Context(), l.ID, []models.Fact{
			opened(j),
			j.fact(models.FactRefused, 1, of(models.RefusedOther)),
			j.fact(models.FactDamaged, 1, of(models.RefusedDamaged)),
			j.fact(models.FactLoadFailed, 0, of(models.LoadFull)),
			j.fact(models.FactLoadFailed, 0, models.FactData{Label: "ABC", Reason: models.LoadLabelUnreadable}),
			j.fact(models.FactRefused, 0, of("")), // in no cell
			j.fact(models.FactDamaged, 0, of("")),
			j.fact(models.FactRefused, 1, models.FactData{Shipment: v.Shipment.ID}),
			j.fact(models.FactLoadFailed, 0, models.FactData{Reason: models.LoadFull}),
			j.fact(models.FactLoadFailed, 0, models.FactData{Shipment: v.Shipment.ID, Label: "ABC"}),
		})
		require.NoError(t, err)
		require.Equal(t, int64(10), head.Seq)
		require.Len(t, rows[models.StoredFact](t, f, "quarantined <> ''"), 5)
		require.Len(t, rows[models.OutboxRow](t, f, "kind = ?", models.OutboxSignal), 3)
	})
}

// TestADeviceOpensAnIncident: one for each device, until it works again.
func TestADeviceOpensAnIncident(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		j := &journal{at: f.clock()}
		warm := 95
		told := func(device string, state models.DeviceState) models.Fact {
			d := models.FactData{Device: device, State: state, Measured: &warm}
			if state == models.DeviceTooWarm {
				d.Cells = []models.CellReport{{Cell: 1, State: models.CellOutOfService}}
			}
			return j.fact(models.FactDevice, 0, d)
		}
		open := func() (n int) {
			return len(rows[models.Incident](t, f, "kind = ? AND resolved IS NULL", models.IncidentDevice))
		}
		take := func(facts ...models.Fact) {
			t.Helper()
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
		}
		take(opened(j), told("climate-1", models.DeviceTooWarm), told("climate-1", models.DeviceDown), told(models.DevicePower, models.DeviceBattery))
		require.Equal(t, 2, open())
		require.Contains(t, rows[models.Incident](t, f, "kind = ?", models.IncidentDevice)[0].Evidence, "climate-1 too_warm 9.5 °C")
		require.Equal(t, models.CellOutOfService, rows[models.StoredCell](t, f, "locker = ? AND number = 1", l.ID)[0].State)
		take(told("climate-1", models.DeviceOK))
		require.Equal(t, 1, open())
		take(told("", models.DeviceDown))
		require.Equal(t, 1, open(), "a device has a name")
		require.Len(t, rows[models.StoredFact](t, f, "quarantined <> ''"), 1)
	})
}

// TestTamperAndSlowLocks: a broken wire and a broken housing are two things, and one does not hide
// the other; a slow lock names its cell.
func TestTamperAndSlowLocks(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		j := &journal{at: f.clock()}
		housing := models.DeviceTamper(models.TamperHousing)
		told := func(device string, state models.DeviceState) models.Fact {
			return j.fact(models.FactDevice, 0, models.FactData{Device: device, State: state})
		}
		open := func() (kinds []models.IncidentKind) {
			for _, i := range rows[models.Incident](t, f, "resolved IS NULL") {
				kinds = append(kinds, i.Kind)
			}
			return kinds
		}
		take := func(facts ...models.Fact) {
			t.Helper()
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
		}
		take(opened(j), told(housing, models.DeviceDown), told(housing, models.DeviceAlarm), told(housing, models.DeviceAlarm))
		require.ElementsMatch(t, []models.IncidentKind{models.IncidentDevice, models.IncidentTamper}, open())
		take(told(housing, models.DeviceOK))
		require.Empty(t, open())

		lock := models.DeviceLock(1, "")
		take(j.fact(models.FactDevice, 1, models.FactData{Device: lock, State: models.DeviceSlow, Lock: &models.LockReport{Pulses: 90, Missed: 3, MS: 3200, BestMS: 400}}))
		slow := rows[models.Incident](t, f, "kind = ?", models.IncidentLockSlow)
		require.Len(t, slow, 1)
		require.Equal(t, 1, slow[0].Cell)
		require.Contains(t, slow[0].Evidence, "lock-1 slow: 3200 ms, at its best 400 ms; 3 of 90 pulses opened nothing")
		take(told(lock, models.DeviceOK), j.fact(models.FactOutput, 0, models.FactData{Device: "relay-siren", Reason: models.TroubleLocked}))
		require.Empty(t, open())
		require.Empty(t, rows[models.StoredFact](t, f, "quarantined <> ''"))
	})
}
