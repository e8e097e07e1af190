package cabinet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

func TestAnUndecidedDoorIsNotCalledNotOpened(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.online()
	r.login()
	r.scan("shp_1-1")
	r.lead()
	r.wait(7000)
	require.Len(t, r.pulses, 2, "another cell in place of the jammed one")
	r.wait(1500)
	res := r.lastResult().Result
	require.Equal(t, models.Unknown, res.Outcome, "the second door may still open")
	require.Equal(t, []models.CellOutcome{
		{Cell: 1, Outcome: models.NotOpened, Reason: "jammed"}, {Cell: 2, Outcome: models.Unknown, Reason: "waiting"},
	}, res.Cells)
}

// TestTheServerKnowsMore: a cabinet whose store was lost or put back cannot know what lies
// in the cells that it believes to be empty.
func TestTheServerKnowsMore(t *testing.T) {
	t.Parallel()
	doubtful := models.Occupancy{State: models.CellFree, Doubtful: true}
	greeting := cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 2}}
	for name, tell := range map[string]cabinet.Input{"new epoch": greeting, "fork": cabinet.JournalForked{Epoch: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.do(cabinet.LinkUp{Nonce: "n"})
			r.do(tell)
			r.do(cabinet.SnapshotTaken{})
			require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
			require.Equal(t, doubtful, r.cell(2).Occupancy)
			_, data := r.lastFact(models.FactInventory)
			require.True(t, data.Cells[1].Doubtful, "the server is told")
			r.expect("shp_2", policy(), models.SizeS)
			r.login()
			r.scan("shp_2-1")
			require.Equal(t, cabinet.ScreenFull, r.screen().Screen, "a doubtful cell is never offered")
		})
	}
	t.Run("store lost", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.do(cabinet.LinkUp{Nonce: "n"})
		r.do(greeting)
		r.furnish(models.SizeS)
		require.Equal(t, doubtful, r.cell(1).Occupancy)
		r.do(cabinet.SnapshotTaken{})
		layout := r.state.Directory.Layout
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: 2, Size: models.SizeS, Regime: models.Ambient})
		r.entry(models.EntryLayout, string(locker), layout)
		require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(2).Occupancy, "a module added later is new")
	})
}

func TestAStaleEntryAfterANewEpoch(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(8000)
	r.do(cabinet.LinkUp{Nonce: "n"})
	r.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 5}})
	r.do(cabinet.SnapshotTaken{})
	f, _ := r.lastFact(models.FactPickedUp)
	require.Equal(t, int64(5), f.Epoch)
	stale := shipment("shp_1", policy(), models.SizeS)
	r.give(protocol.Entry{Kind: models.EntryShipment, Key: "shp_1", Body: encode(t, stale), Seen: protocol.Seen{Epoch: 5, Seq: f.Seq - 1}})
	r.login()
	r.scan("shp_1-1")
	require.Equal(t, cabinet.TextGone, r.screen().Text, "the entry does not know of the pickup yet")
}

// TestARestoredServerIsToldAllThatIsKept: its head lies before the facts that are kept, yet
// it gets those.
func TestARestoredServerIsToldAllThatIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.keepEvery = 100
	r.online()
	for range 400 {
		r.open(2)
		r.close(2)
		r.ack()
	}
	r.now.WallMS += 15 * 24 * 3600_000
	r.open(2)
	r.close(2)
	r.ack()
	r.do(cabinet.LinkDown{})
	r.expect("shp_1", policy(), models.SizeS)
	r.load("shp_1-1")
	r.online()
	n := len(r.facts)
	r.do(cabinet.LinkUp{Nonce: "n"})
	r.do(cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Epoch: 1, Seq: 3}})
	require.Equal(t, []models.FactType{models.FactInventory, models.FactDeposited}, r.types(n))
}

func TestADoorDoesNotOpenForWhoeverComesNext(t *testing.T) {
	t.Parallel()
	t.Run("the person walked off from open doors", func(t *testing.T) {
		t.Parallel()
		r := stored(t, policy(), 5)
		r.keyIn(r.code("shp_1"))
		r.press(cabinet.ButtonOpen)
		for i := range 4 {
			r.open(i + 1)
			r.wait(300)
		}
		r.wait(120_000)
		r.close(1)
		r.wait(1000)
		require.Len(t, r.pulses, 4, "a passer-by shut the door")
		require.Equal(t, models.CellOccupied, r.cell(5).State)
	})
	t.Run("the person had no door", func(t *testing.T) {
		t.Parallel()
		r := stored(t, policy(), 4)
		r.expect("shp_2", policy(), models.SizeS)
		for n := range 4 {
			r.open(n + 1) // by a technician's key
		}
		r.login()
		r.scan("shp_2-1")
		require.Equal(t, "Cell 5 is opening.", r.screen().Sentence)
		r.wait(45_000)
		require.Equal(t, cabinet.StateDone, r.operation().State)
		require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(5).Occupancy)
		r.close(1)
		r.wait(1000)
		require.Empty(t, r.pulses)
	})
}

func TestADeletionStopsWhatWaitsForAuthority(t *testing.T) {
	t.Parallel()
	for _, kind := range []models.OperationKind{models.Pickup, models.Deposit} {
		for _, accepted := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, accepted), func(t *testing.T) {
				t.Parallel()
				r := stored(t, policy(), 1)
				r.expect("shp_2", policy(), models.SizeS)
				r.online()
				id, text := models.ShipmentID("shp_1"), cabinet.TextWithdrawn
				if kind == models.Deposit {
					id, text = "shp_2", cabinet.TextCancelled
					r.login()
					r.scan("shp_2-1")
				} else {
					r.keyIn(r.code("shp_1"))
				}
				if accepted {
					r.answer(protocol.Accepted, "")
				}
				r.give(protocol.Entry{Kind: models.EntryShipment, Key: string(id), Deleted: true})
				r.do(cabinet.Command{Command: r.command("late")})
				r.do(cabinet.LinkDown{})
				r.wait(5000)
				require.Empty(t, r.pulses)
				require.Equal(t, cabinet.StateAbandoned, r.operation().State)
				require.Equal(t, text, r.screen().Text)
				_, data := r.lastFact(models.FactOperationDone)
				require.Equal(t, id, data.Shipment)
			})
		}
	}
}
