package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// asking is a request of a person of staff for cells of a locker.
func asking(l models.LockerID, who models.StaffID, cells ...int) models.NewRemote {
	return models.NewRemote{
		Request: models.Request{Actor: models.Actor{Staff: who}, ID: "req_1"}, Locker: l, Cells: cells,
		Purpose: models.PurposeHelp, Reason: "the phone is broken",
	}
}

// TestRequestRemote: what was asked for is on record with its words, which no workflow has, and a
// repeat asks for nothing more.
func TestRequestRemote(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		exec(t, f, "DELETE FROM outbox")
		n := asking(l.ID, "stf_1", 3, 1)
		n.IdempotencyKey, n.Fingerprint = "k", "f"
		v, err := f.RequestRemote(t.Context(), n)
		require.NoError(t, err)
		require.Equal(t, []any{models.RemoteStateOpening, "stf_1", "L-1", n.Reason}, []any{v.State, v.RequestedBy, v.LockerNumber, v.Reason})
		require.Len(t, v.Doors, 2)
		require.Equal(t, []int{1, 3}, []int{v.Doors[0].Cell, v.Doors[1].Cell})
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 1)
		require.NotContains(t, string(batch[0].Input), "phone")
		require.Equal(t, models.RemoteOpenWorkflowID(v.ID), batch[0].WorkflowID)
		audits := rows[models.AuditEntry](t, f, "action = ?", "remote.request")
		require.Len(t, audits, 1)
		require.Equal(t, string(l.ID)+" cells 1, 3, help: the phone is broken", audits[0].Detail)

		again, err := f.RequestRemote(t.Context(), n)
		require.NoError(t, err)
		require.Equal(t, v.ID, again.ID)
		require.Len(t, rows[models.RemoteOpening](t, f), 1)
		n.Fingerprint = "another"
		_, err = f.RequestRemote(t.Context(), n)
		require.Equal(t, models.CodeKeyReused, code(err))

		_, err = f.RequestRemote(t.Context(), asking(l.ID, "stf_1", 1, 99))
		require.Equal(t, models.CodeInvalid, code(err))
		_, err = f.RequestRemote(t.Context(), asking("lkr_none", "stf_1", 1))
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.Remote(t.Context(), "rem_none")
		require.Equal(t, models.CodeNotFound, code(err))
	})
}

// TestASecondPersonForMoreThanThreeDoors: also where they are asked for three at a time.
func TestASecondPersonForMoreThanThreeDoors(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		ask := func(l models.LockerID, who models.StaffID, cells ...int) models.RemoteView {
			t.Helper()
			v, err := f.RequestRemote(t.Context(), asking(l, who, cells...))
			require.NoError(t, err)
			return v
		}
		whole := ask(l.ID, "stf_1", 1, 2, 3, 4)
		require.Equal(t, models.RemoteStateWaiting, whole.State)
		require.Equal(t, f.clock().Add(models.RemoteApprovedWithin), whole.NotAfter.UTC())
		require.NoError(t, f.ShowRemote(t.Context(), models.RemoteProjection{Opening: whole.ID, Rev: 1, State: models.RemoteStateRejected, DecidedBy: "stf_2"}))
		require.Equal(t, models.RemoteStateOpening, ask(l.ID, "stf_1", 1, 2).State, "what was rejected does not count")
		require.Equal(t, models.RemoteStateOpening, ask(l.ID, "stf_1", 3).State)
		require.Equal(t, models.RemoteStateWaiting, ask(l.ID, "stf_1", 4).State)
		require.Equal(t, models.RemoteStateOpening, ask(l.ID, "stf_2", 4).State)
		require.Equal(t, models.RemoteStateOpening, ask(other.ID, "stf_1", 1).State)
		f.advance(models.RemoteCountsFor)
		require.Equal(t, models.RemoteStateOpening, ask(l.ID, "stf_1", 4).State)

		waiting, err := f.Remotes(t.Context(), models.RemoteQuery{Page: models.Page{Limit: 10}, State: models.RemoteStateWaiting})
		require.NoError(t, err)
		require.Len(t, waiting, 1)
		all, err := f.Remotes(t.Context(), models.RemoteQuery{Page: models.Page{Limit: 2}, Locker: l.ID})
		require.NoError(t, err)
		require.Len(t, all, 2)
		more, err := f.Remotes(t.Context(), models.RemoteQuery{Page: models.Page{Limit: 10, Cursor: string(all[1].ID)}, Locker: l.ID})
		require.NoError(t, err)
		require.Len(t, more, 4)
	})
}

// TestOneCredentialIsOnePerson: a key makes further keys, and is no second person with them, nor does
// it have more doors opened alone. A person of their own is who was there before, and whom no key of
// the first one made.
func TestOneCredentialIsOnePerson(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "L-1")
		by := func(k models.APIKey) models.Request {
			return models.Request{Actor: models.Actor{Key: k.ID, Organization: f.operator.ID, Kind: models.KindOperator}}
		}
		key := func(maker models.Request) models.APIKey {
			t.Helper()
			f.advance(time.Second)
			k, _, err := f.CreateKey(ctx, models.NewKey{
				Request: maker, Organization: f.operator.ID, Name: "k", Scopes: []models.Scope{models.ScopeOperator, models.ScopeRemote},
			})
			require.NoError(t, err)
			return k
		}
		stolen, honest := key(models.Request{}), key(models.Request{})
		child := key(by(stolen))
		grandchild, sibling := key(by(child)), key(by(stolen))
		person, err := f.CreateStaff(ctx, models.Request{}, models.Staff{Organization: f.operator.ID, Login: "vera", Name: "Vera"})
		require.NoError(t, err)

		ask := func(k models.APIKey, cells ...int) models.RemoteView {
			t.Helper()
			f.advance(time.Second)
			n := asking(l.ID, "", cells...)
			n.Request = by(k)
			v, err := f.RequestRemote(ctx, n)
			require.NoError(t, err)
			return v
		}
		for _, asker := range []models.APIKey{stolen, child, grandchild} {
			v := ask(asker, 1, 2, 3, 4)
			require.Equal(t, models.RemoteStateWaiting, v.State)
			for _, approver := range []models.APIKey{stolen, child, grandchild, sibling, key(by(stolen))} {
				require.Equal(t, models.CodeForbidden, code(f.MayApprove(ctx, by(approver), v.ID)))
			}
			require.NoError(t, f.MayApprove(ctx, by(honest), v.ID))
			require.NoError(t, f.MayApprove(ctx, models.Request{Actor: models.Actor{Staff: person.ID}}, v.ID))
			late, err := f.CreateStaff(ctx, models.Request{}, models.Staff{Organization: f.operator.ID, Login: string(v.ID), Name: "Late"})
			require.NoError(t, err)
			require.Equal(t, models.CodeForbidden, code(f.MayApprove(ctx, models.Request{Actor: models.Actor{Staff: late.ID}}, v.ID)))
			require.Equal(t, models.CodeForbidden, code(f.MayApprove(ctx, by(key(models.Request{})), v.ID)), "made since, by nobody knows whom")
		}
		require.Equal(t, models.CodeNotFound, code(f.MayApprove(ctx, by(honest), "rem_none")))

		require.Equal(t, models.RemoteStateOpening, ask(child, 1, 2).State)
		require.Equal(t, models.RemoteStateOpening, ask(honest, 1, 2).State)
		require.Equal(t, models.RemoteStateWaiting, ask(sibling, 3, 4).State, "with the two of its sibling")
	})
}

// TestWhatCameOfARemoteOpening: the workflow's word and the cabinet's fact make one row, in either
// order; and a door that nobody asked for raises the alarm.
func TestWhatCameOfARemoteOpening(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v, err := f.RequestRemote(t.Context(), asking(l.ID, "stf_1", 1, 2))
		require.NoError(t, err)
		j := &journal{at: f.clock()}
		door := func(op models.OperationID, cell int, purpose string) models.Fact {
			fact := j.fact(models.FactDoorOpened, cell, models.FactData{
				Reason: purpose, Attempt: 1, After: &models.CellReport{Cell: cell, State: models.CellOccupied, Doubtful: true, Generation: 1},
			})
			fact.Operation = op
			fact.Hash = fact.ComputeHash()
			j.hash = fact.Hash
			return fact
		}
		take := func(facts ...models.Fact) {
			t.Helper()
			f.advance(time.Second)
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
		}
		show := func(rev int64, state models.RemoteState, results ...models.RemoteResult) models.RemoteView {
			t.Helper()
			require.NoError(t, f.ShowRemote(t.Context(), models.RemoteProjection{Opening: v.ID, Rev: rev, State: state, Doors: results}))
			now, err := f.Remote(t.Context(), v.ID)
			require.NoError(t, err)
			return now
		}
		take(opened(j), door(v.Doors[0].Operation, 1, models.PurposeHelp))
		now := show(1, models.RemoteStateOpening, models.RemoteResult{Cell: 1, Attempts: 1, Outcome: models.Unknown})
		require.Equal(t, models.Opened, now.Doors[0].Outcome, "the fact was here before")
		require.Equal(t, int64(2), now.Doors[0].FactSeq)
		require.NotNil(t, now.Doors[0].OpenedAt)
		now = show(2, models.RemoteStateDone, models.RemoteResult{Cell: 1, Attempts: 1, Outcome: models.Unknown},
			models.RemoteResult{Cell: 2, Attempts: 2, Outcome: models.NotOpened, Reason: "jammed"})
		require.Equal(t, []any{models.NotOpened, "jammed", 2}, []any{now.Doors[1].Outcome, now.Doors[1].Reason, now.Doors[1].Attempts})
		require.NotNil(t, now.EndedAt)
		require.Equal(t, models.RemoteStateDone, show(1, models.RemoteStateOpening).State, "an old word")
		take(door(v.Doors[1].Again, 2, models.PurposeHelp))
		now, err = f.Remote(t.Context(), v.ID)
		require.NoError(t, err)
		require.Equal(t, models.Opened, now.Doors[1].Outcome)
		alarms := func() []models.Incident { return rows[models.Incident](t, f, "kind = ?", models.IncidentRemote) }
		require.Empty(t, alarms())
		take(door("op_screen", 3, ""))
		require.Empty(t, alarms())
		take(door("op_stolen", 3, models.PurposeService))
		require.Len(t, alarms(), 1)
		require.Equal(t, []any{l.ID, 3}, []any{alarms()[0].Locker, alarms()[0].Cell})
	})
}

// TestRemoteTarget: a cabinet is reached by the gateway that holds its stream, and by none whose
// lease is over.
func TestRemoteTarget(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		to, err := f.RemoteTarget(t.Context(), l.ID, 1)
		require.NoError(t, err)
		require.Equal(t, models.RemoteTarget{}, to)
		_, err = f.Beat(t.Context(), "g-1", "run-1", true)
		require.NoError(t, err)
		n, err := f.Connect(t.Context(), l.ID, "g-1", "run-1", "boot")
		require.NoError(t, err)
		to, err = f.RemoteTarget(t.Context(), l.ID, 1)
		require.NoError(t, err)
		require.Equal(t, "gateway-g-1", to.Queue)
		require.NoError(t, f.Disconnect(t.Context(), l.ID, n, f.clock()))
		to, err = f.RemoteTarget(t.Context(), l.ID, 1)
		require.NoError(t, err)
		require.Empty(t, to.Queue)
		_, err = f.RemoteTarget(t.Context(), l.ID, 99)
		require.Equal(t, models.CodeNotFound, code(err))
	})
}

// TestRemoteKeysAreTheOperators: nobody else's key opens doors.
func TestRemoteKeysAreTheOperators(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		for _, n := range []models.NewKey{
			{Organization: f.carrier.ID, Name: "k", Scopes: []models.Scope{models.ScopeRemote}},
			{Organization: f.operator.ID, Name: "k", Scopes: []models.Scope{models.ScopeRemote}, Test: true},
		} {
			_, _, err := f.CreateKey(t.Context(), n)
			require.Equal(t, models.CodeInvalid, code(err))
		}
		_, _, err := f.CreateKey(t.Context(), models.NewKey{Organization: f.operator.ID, Name: "k", Scopes: []models.Scope{models.ScopeRemote}})
		require.NoError(t, err)
	})
}

// TestRequestGate: no cell is named, no second person is needed, and nothing is asked for twice. A
// gate that was opened is linked with its request; one that nobody asked for is an alarm.
func TestRequestGate(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		exec(t, f, "DELETE FROM outbox")
		n := asking(l.ID, "stf_1")
		_, err := f.RequestRemote(t.Context(), n)
		require.Equal(t, models.CodeInvalid, code(err), "cells, or the gate")
		n.Purpose = models.PurposeOpenGate
		v, err := f.RequestRemote(t.Context(), n)
		require.NoError(t, err)
		require.Equal(t, models.RemoteStateOpening, v.State)
		require.Len(t, v.Doors, 1)
		require.Equal(t, models.GateCell, v.Doors[0].Cell)
		batch, err := f.OutboxBatch(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, batch, 1)
		var in models.RemoteOpenInput
		require.NoError(t, json.Unmarshal(batch[0].Input, &in))
		require.Equal(t, []models.RemoteCell{{Cell: models.GateCell, Operations: []models.OperationID{v.Doors[0].Operation}}}, in.Doors)
		require.Equal(t, string(l.ID)+" gate, open_gate: the phone is broken", rows[models.AuditEntry](t, f, "action = ?", "remote.request")[0].Detail)
		to, err := f.RemoteTarget(t.Context(), l.ID, models.GateCell)
		require.NoError(t, err)
		require.Zero(t, to.Generation)
		n.Cells = []int{1}
		_, err = f.RequestRemote(t.Context(), n)
		require.Equal(t, models.CodeInvalid, code(err), "the gate's purpose opens no cell")
		for range 4 {
			n.Cells = nil
			v, err := f.RequestRemote(t.Context(), n)
			require.NoError(t, err)
			require.Equal(t, models.RemoteStateOpening, v.State)
		}
		v3, err := f.RequestRemote(t.Context(), asking(l.ID, "stf_1", 1, 2, 3))
		require.NoError(t, err)
		require.Equal(t, models.RemoteStateOpening, v3.State, "gates are no doors")

		j := &journal{at: f.clock()}
		pulsed := func(op models.OperationID) models.Fact {
			fact := j.fact(models.FactOutput, 0, models.FactData{Device: "relay-gate", Reason: models.PurposeOpenGate})
			fact.Operation = op
			fact.Hash = fact.ComputeHash()
			j.hash = fact.Hash
			return fact
		}
		_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j), pulsed(v.Doors[0].Operation)})
		require.NoError(t, err)
		v, err = f.Remote(t.Context(), v.ID)
		require.NoError(t, err)
		require.Equal(t, models.Opened, v.Doors[0].Outcome)
		require.NotNil(t, v.Doors[0].OpenedAt)
		require.Empty(t, rows[models.Incident](t, f))
		for _, op := range []models.OperationID{"op_nobody", "", v3.Doors[0].Operation} {
			_, err = f.TakeIn(t.Context(), l.ID, []models.Fact{pulsed(op)})
			require.NoError(t, err)
			alarms := rows[models.Incident](t, f, "kind = ?", models.IncidentRemote)
			require.Len(t, alarms, 1, op)
			require.Contains(t, alarms[0].Evidence, "nobody asked")
			exec(t, f, "DELETE FROM incidents")
		}
	})
}
