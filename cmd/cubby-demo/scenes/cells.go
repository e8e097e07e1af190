package scenes

import (
	"context"
	"fmt"
	"net/http"

	"cubby/cmd/cubby-demo/people"
)

// cellOrders: while its line is cut a cell is ordered out of service; its cabinet hears of it once the line is mended and
// offers the cell to nobody. Put back, its door jams; a person who looked into it says so, and it is offered again. That
// a cell with a parcel in it is empty is believed of nobody who is not there.
func cellOrders(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 3)
	if err != nil {
		return err
	}
	if err := at.Line(ctx, true); err != nil {
		return err
	}
	out := 1
	if err := w.sabotage(func() error { out = 3; return nil }); err != nil {
		return err
	}
	if err := w.operator.Order(ctx, at.Locker, out, "out-of-service", "the hinge is bent"); err != nil {
		return err
	}
	if err := at.Line(ctx, false); err != nil {
		return err
	}
	if _, err := w.operator.AwaitKnown(ctx, at.Locker, 1, "out of service", func(c people.KnownCell) bool {
		return c.State == "out_of_service" && !c.Doubtful
	}); err != nil {
		return err
	}
	s, client, code, err := w.deposited(ctx, at, 1)
	if err != nil {
		return err
	}
	if err := w.inCell(ctx, s, 2); err != nil {
		return err
	}
	if err := w.operator.Order(ctx, at.Locker, 1, "in-service", "the hinge is mended"); err != nil {
		return err
	}
	if _, err := w.operator.AwaitKnown(ctx, at.Locker, 1, "free", func(c people.KnownCell) bool { return c.State == "free" }); err != nil {
		return err
	}
	if err := at.Jam(ctx, 1); err != nil {
		return err
	}
	second, secondClient, secondCode, err := w.deposited(ctx, at, 1)
	if err != nil {
		return err
	}
	if err := w.inCell(ctx, second, 3); err != nil {
		return err
	}
	doubtful, err := w.operator.AwaitKnown(ctx, at.Locker, 1, "in doubt", func(c people.KnownCell) bool { return c.Doubtful })
	if err != nil {
		return err
	}
	if err := w.operator.AwaitIncident(ctx, at.Locker, "door_jammed", false); err != nil {
		return err
	}
	if err := at.Unjam(ctx, 1); err != nil {
		return err
	}
	err = w.operator.MarkChecked(ctx, at.Locker, 3, 1, "empty", "somebody said so")
	if !people.RefusedWith(err, http.StatusConflict, "invalid_state") {
		return fmt.Errorf("a cell with a parcel in it is marked as empty: %w", err)
	}
	if err := w.operator.MarkChecked(ctx, at.Locker, 1, doubtful.Generation, "empty", "the cleaner looked"); err != nil {
		return err
	}
	if _, err := w.operator.AwaitKnown(ctx, at.Locker, 1, "free and not in doubt", func(c people.KnownCell) bool {
		return c.State == "free" && !c.Doubtful
	}); err != nil {
		return err
	}
	if err := w.operator.AwaitIncident(ctx, at.Locker, "door_jammed", true); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	if err := secondClient.Pickup(ctx, secondCode, labels(second)...); err != nil {
		return err
	}
	third, thirdClient, thirdCode, err := w.deposited(ctx, at, 1)
	if err != nil {
		return err
	}
	if err := w.inCell(ctx, third, 1); err != nil {
		return err
	}
	return thirdClient.Pickup(ctx, thirdCode, labels(third)...)
}

// inCell checks where a shipment's first parcel lies.
func (w *world) inCell(ctx context.Context, s people.Shipment, cell int) error {
	now, err := w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup")
	if err != nil {
		return err
	}
	if got := now.Parcels[0].Cell; got != cell {
		return fmt.Errorf("the parcel lies in cell %d, want %d", got, cell)
	}
	return nil
}
