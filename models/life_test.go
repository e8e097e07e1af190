package models_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

var born = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func newLife(parcels ...models.ParcelID) *models.Life {
	var ps []models.Parcel
	for _, id := range parcels {
		ps = append(ps, models.Parcel{ID: id})
	}
	return models.NewLife(models.Shipment{ID: "shp_1", Carrier: "org_1", Locker: "lkr_1", NotifyBy: models.NotifyContact, CreatedAt: born},
		ps, withoutReminders())
}

func withoutReminders() models.Policy {
	p := models.ReadyMadePolicies()[0]
	p.Reminders = nil
	return p
}

func fact(seq int64, t models.FactType, p models.ParcelID, at time.Time) models.FactSignal {
	return models.FactSignal{Locker: "lkr_1", Epoch: 1, Seq: seq, At: at, Type: t, Parcel: p, Cell: 4, Generation: 1, Operation: "op_1"}
}

func types(events []models.Event) []models.EventType {
	var out []models.EventType
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}

func TestLifeOfTwoParcels(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	at := born.Add(time.Hour)
	require.Equal(t, []models.EventType{models.EventAccepted}, types(l.CarrierSays(models.EventAccepted, at)))
	require.Equal(t, []models.EventType{models.EventInTransit}, types(l.CarrierSays(models.EventInTransit, at)))
	require.Empty(t, l.CarrierSays(models.EventInTransit, at), "twice")
	require.Empty(t, l.CarrierSays(models.EventAccepted, at), "backwards")

	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventLoading}, types(l.ApplyFact(fact(1, models.FactDeposited, "a", at))))
	require.Empty(t, l.ApplyFact(fact(1, models.FactDeposited, "a", at)), "a repeat")
	require.Empty(t, l.Due(at.Add(time.Hour)), "the second parcel is waited for")
	require.Equal(t, []models.EventType{models.EventParcelIn}, types(l.ApplyFact(fact(2, models.FactDeposited, "b", at.Add(time.Minute)))))
	due, _, ok := l.Deadline()
	require.True(t, ok)
	require.Equal(t, at.Add(2*time.Minute), due, "a minute after the last close")
	require.Empty(t, l.Due(due.Add(-1)))
	require.Equal(t, []models.EventType{models.EventReady}, types(l.Due(due)))

	require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPartlyPickedUp}, types(l.ApplyFact(fact(3, models.FactPickedUp, "a", due))))
	end, _, ok := l.Deadline()
	require.True(t, ok)
	require.Equal(t, []models.EventType{models.EventExpired}, types(l.Due(end)), "what is left expires")
	require.Equal(t, []models.EventType{models.EventParcelTaken, models.EventPickedUp}, types(l.ApplyFact(fact(4, models.FactPickedUp, "b", end))), "still collectable")
	require.True(t, l.State.Final())
}

func TestPartialIsEnough(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	require.Equal(t, []models.EventType{models.EventReady}, types(l.Due(born.Add(24*time.Hour))))
}

func TestLateDepositAfterTheEnd(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	due, _, _ := l.Deadline()
	require.Equal(t, []models.EventType{models.EventNeverDeposited, models.EventCancelled}, types(l.Due(due)))
	require.True(t, l.State.Final())
	require.Equal(t, []models.EventType{models.EventParcelIn, models.EventWithdrawing}, types(l.ApplyFact(fact(1, models.FactDeposited, "a", due))))
}

func TestCheckAsk(t *testing.T) {
	t.Parallel()
	ask := models.AskInput{Operation: "op_1", Kind: models.Deposit, Locker: "lkr_1", Cells: []models.OpenCell{{Cell: 4, Parcel: "a"}}, NotAfter: born.Add(time.Second)}
	fresh := func() *models.Life { return newLife("a") }
	require.NoError(t, fresh().CheckAsk(ask, born))
	for name, change := range map[string]func(l *models.Life, a *models.AskInput, now *time.Time){
		"too late":       func(_ *models.Life, _ *models.AskInput, now *time.Time) { *now = born.Add(2 * time.Second) },
		"another locker": func(_ *models.Life, a *models.AskInput, _ *time.Time) { a.Locker = "lkr_2" },
		"another's parcel": func(_ *models.Life, a *models.AskInput, _ *time.Time) {
			a.Cells = []models.OpenCell{{Cell: 1, Parcel: "z"}}
		},
		"no cell": func(_ *models.Life, a *models.AskInput, _ *time.Time) { a.Cells = nil },
		"already in": func(l *models.Life, _ *models.AskInput, _ *time.Time) {
			l.ApplyFact(fact(1, models.FactDeposited, "a", born))
		},
		"an unknown kind":    func(_ *models.Life, a *models.AskInput, _ *time.Time) { a.Kind = "dance" },
		"deposit, cancelled": func(l *models.Life, _ *models.AskInput, _ *time.Time) { l.State = models.StateCancelled },
		"pickup, on its way back": func(l *models.Life, a *models.AskInput, _ *time.Time) {
			a.Kind, l.State = models.Pickup, models.StateWithdrawing
		},
	} {
		l, a, now := fresh(), ask, born
		change(l, &a, &now)
		before, err := json.Marshal(l)
		require.NoError(t, err)
		want := models.CodeInvalidState
		if name == "too late" {
			want = models.CodeUnavailable // the cabinet decides by itself
		}
		require.Equal(t, want, models.ErrorCode(l.CheckAsk(a, now)), name)
		aft, err := json.Marshal(l)
		require.NoError(t, err)
		require.JSONEq(t, string(before), string(aft), "%s: a validator reads only", name)
	}
}

// TestOperationsAreBounded: the last 50 outcomes are kept.
func TestOperationsAreBounded(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	for i := range 60 {
		l.Begin(models.AskInput{Operation: models.OperationID(rune('A' + i))})
	}
	require.Len(t, l.Operations, 50)
	l.Finish(models.OperationID(rune('A'+59)), models.Opened)
	l.Finish(models.OperationID(rune('A'+59)), models.NotOpened)
	outcome, known := l.Outcome(models.OperationID(rune('A' + 59)))
	require.True(t, known)
	require.Equal(t, models.Opened, outcome, "the first result counts")
	_, known = l.Outcome("A")
	require.False(t, known)
}

// TestLifeSurvivesJSON: continue-as-new and a stored end lose nothing.
func TestLifeSurvivesJSON(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.Begin(models.AskInput{Operation: "op_9", Kind: models.Pickup})
	l.Unsent = []models.NotificationID{"ntf_1"}
	l.Projection(nil)
	raw, err := json.Marshal(l)
	require.NoError(t, err)
	var back models.Life
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, *l, back)
}

// TestTheRestNeverCame: what came was taken, and the life ends with the storage time; it
// must not hold the promise of a parcel that never came for ever.
func TestTheRestNeverCame(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"taken in time": false, "taken after storage": true} {
		l := newLife("a", "b")
		l.ApplyFact(fact(1, models.FactDeposited, "a", born))
		due, _, _ := l.Deadline()
		require.Equal(t, []models.EventType{models.EventReady}, types(l.Due(due)), name)
		end, _, _ := l.Deadline()
		if late {
			require.Equal(t, []models.EventType{models.EventExpired}, types(l.Due(end)), name)
		}
		events := types(l.ApplyFact(fact(2, models.FactPickedUp, "a", end)))
		if !late {
			require.Equal(t, models.StatePartlyPickedUp, l.State, name)
			events = types(l.Due(end))
		}
		require.Contains(t, events, models.EventPickedUp, name)
		require.Equal(t, models.StatePickedUp, l.State, name)
		require.Contains(t, types(l.ApplyFact(fact(3, models.FactDeposited, "b", end))), models.EventLoading, "%s: it came after all", name)
	}
}

// TestTakenBeforeTheClientWasTold: storage runs from the first pickup then.
func TestTakenBeforeTheClientWasTold(t *testing.T) {
	t.Parallel()
	l := newLife("a", "b")
	l.ApplyFact(fact(1, models.FactDeposited, "a", born))
	l.ApplyFact(fact(2, models.FactPickedUp, "a", born))
	require.Equal(t, models.StatePartlyPickedUp, l.State)
	require.Empty(t, l.Due(born.Add(time.Hour)), "the other parcel is still waited for")
}

// TestCarrierRepeats: the time of a repeat may be another.
func TestCarrierRepeats(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	for _, e := range []models.EventType{models.EventAccepted, models.EventInTransit, models.EventOutForLocker} {
		require.Equal(t, []models.EventType{e}, types(l.CarrierSays(e, born)))
		require.Empty(t, l.CarrierSays(e, born.Add(time.Minute)), e)
	}
}

// TestOlderFactMovesNothing: after a loss an older fact may come after a newer one.
func TestOlderFactMovesNothing(t *testing.T) {
	t.Parallel()
	l := newLife("a")
	l.ApplyFact(fact(9, models.FactPickedUp, "a", born))
	require.Equal(t, []models.EventType{models.EventParcelIn}, types(l.ApplyFact(fact(4, models.FactDeposited, "a", born))))
	require.Equal(t, models.StatePickedUp, l.State)
	require.Equal(t, models.ParcelPickedUp, l.Parcels[0].State)
}
