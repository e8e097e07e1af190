package scenes

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// remoteOpen: a client stands before its cell with a broken phone, and support opens the cell from afar, for a reason. A
// cell that somebody is at is not opened, and for more than three doors it takes a second person, who is not the first.
func remoteOpen(ctx context.Context, w *world) error {
	at, s, _, _, err := w.stored(ctx, 6)
	if err != nil {
		return err
	}
	support := w.operator
	asked, err := support.OpenFromAfar(ctx, "help "+s.ID, at.Locker, "help", "the client's phone is broken; number and name were right", 1)
	if err != nil {
		return err
	}
	again, err := support.OpenFromAfar(ctx, "help "+s.ID, at.Locker, "help", "the client's phone is broken; number and name were right", 1)
	if err != nil || again.ID != asked.ID {
		return fmt.Errorf("the same request made %s and %s: %w", asked.ID, again.ID, err)
	}
	if err := w.comes(ctx, asked.ID, "opened", ""); err != nil {
		return err
	}
	taken, err := at.Take(ctx, 1)
	if err != nil {
		return err
	}
	if err := people.SameThings(taken, labels(s)); err != nil {
		return err
	}
	if err := at.Close(ctx, 1); err != nil {
		return err
	}
	if _, err := support.AwaitKnown(ctx, at.Locker, 1, "in doubt", func(c people.KnownCell) bool { return c.Doubtful }); err != nil {
		return err
	}
	if _, err := support.AwaitRemote(ctx, asked.ID, "linked with the cabinet's fact", func(r people.RemoteOpening) bool {
		return r.Doors[0].OpenedAt != "" && r.Doors[0].Operation != ""
	}); err != nil {
		return err
	}
	if err := w.busy(ctx, at); err != nil {
		return err
	}
	return w.secondPerson(ctx, at)
}

// comes waits for a request of one door to have come to an outcome.
func (w *world) comes(ctx context.Context, id, outcome, reason string) error {
	r, err := w.operator.AwaitRemote(ctx, id, "done", func(r people.RemoteOpening) bool { return r.State == "done" })
	if err != nil {
		return err
	}
	if d := r.Doors[0]; d.Outcome != outcome || d.Reason != reason {
		return fmt.Errorf("the door: %s %s, want %s %s", d.Outcome, d.Reason, outcome, reason)
	}
	return nil
}

// busy: another client is at its cell, and support opens that cell not.
func (w *world) busy(ctx context.Context, at people.Cabinet) error {
	s, client, code, err := w.deposited(ctx, at, 1)
	if err != nil {
		return err
	}
	if _, err := client.Type(ctx, code); err != nil {
		return err
	}
	cell, _, err := client.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	pulses, err := at.Pulses(ctx)
	if err != nil {
		return err
	}
	asked, err := w.operator.OpenFromAfar(ctx, "busy "+s.ID, at.Locker, "help", "a caller says the door is stuck", cell)
	if err != nil {
		return err
	}
	if err := w.comes(ctx, asked.ID, "refused", "busy"); err != nil {
		return err
	}
	if now, err := at.Pulses(ctx); err != nil || now != pulses {
		return fmt.Errorf("a lock was driven: %d pulses, then %d: %w", pulses, now, err)
	}
	_, err = client.TakeFrom(ctx, cell)
	return err
}

// secondPerson: four doors wait for somebody else; whoever asked cannot approve, neither with another
// key that they make.
func (w *world) secondPerson(ctx context.Context, at people.Cabinet) error {
	asked, err := w.operator.OpenFromAfar(ctx, "all of "+at.Locker, at.Locker, "evacuation", "water in the cellar", 3, 4, 5, 6)
	if err != nil {
		return err
	}
	if asked.State != "waiting_for_approval" {
		return fmt.Errorf("four doors are %s", asked.State)
	}
	pulses, err := at.Pulses(ctx)
	if err != nil {
		return err
	}
	if err := people.Await(ctx, "the one who asked to be refused", 100*time.Millisecond, func() (bool, string, error) {
		_, err := w.operator.Approve(ctx, "own "+asked.ID, asked.ID)
		if people.RefusedWith(err, http.StatusServiceUnavailable, "temporarily_unavailable") {
			return false, err.Error(), nil // its workflow is about to begin
		}
		if !people.RefusedWith(err, http.StatusForbidden, "forbidden") {
			return false, "", fmt.Errorf("whoever asked approves it: %w", err)
		}
		return true, "", nil
	}); err != nil {
		return err
	}
	if now, err := at.Pulses(ctx); err != nil || now != pulses {
		return fmt.Errorf("a lock was driven: %d pulses, then %d: %w", pulses, now, err)
	}
	secret, err := w.operator.NewKey(ctx, "made for "+at.Locker, "remote:open")
	if err != nil {
		return err
	}
	made := people.Operator{Service: w.stage.REST(secret)}
	if _, err := made.Approve(ctx, "made "+asked.ID, asked.ID); !people.RefusedWith(err, http.StatusForbidden, "forbidden") {
		return fmt.Errorf("a key that whoever asked has made approves it: %w", err)
	}
	second := people.Operator{Service: w.stage.REST(w.stage.SecondKey)}
	if err := w.sabotage(func() error { second = w.operator; return nil }); err != nil {
		return err
	}
	if _, err := second.Approve(ctx, "yes "+asked.ID, asked.ID); err != nil {
		return err
	}
	r, err := w.operator.AwaitRemote(ctx, asked.ID, "done", func(r people.RemoteOpening) bool { return r.State == "done" })
	if err != nil {
		return err
	}
	for _, d := range r.Doors {
		if d.Outcome != "opened" {
			return fmt.Errorf("cell %d: %s %s", d.Cell, d.Outcome, d.Reason)
		}
		if err := at.Close(ctx, d.Cell); err != nil {
			return err
		}
	}
	return nil
}
