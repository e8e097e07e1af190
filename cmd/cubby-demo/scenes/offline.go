package scenes

import (
	"context"
	"fmt"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// networkCut: with its line cut the cabinet takes a parcel in and gives another one out; afterwards the server hears of
// both, once and in order.
func networkCut(ctx context.Context, w *world) error {
	at, waiting, client, code, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	coming, other, err := w.expected(ctx, at)
	if err != nil {
		return err
	}
	if err := at.Line(ctx, true); err != nil {
		return err
	}
	if _, err := at.AwaitScreen(ctx, "the screen to say that it works without network", func(s people.Screen) bool { return s.Offline }); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(waiting)...); err != nil {
		return fmt.Errorf("a pickup without network: %w", err)
	}
	if err := w.courier(at).Deposit(ctx, labels(coming)...); err != nil {
		return fmt.Errorf("a deposit without network: %w", err)
	}
	for id, state := range map[string]string{waiting.ID: "ready_for_pickup", coming.ID: "created"} {
		if s, err := w.carrier.Shipment(ctx, id); err != nil || s.State != state {
			return fmt.Errorf("the server cannot know of %s yet, and says %s: %w", id, s.State, err)
		}
	}
	if !w.broken {
		if err := at.Line(ctx, false); err != nil {
			return err
		}
	}
	if err := w.ends(ctx, waiting, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up"); err != nil {
		return err
	}
	if code, err = other.Code(ctx); err != nil {
		return err
	}
	if err := other.Pickup(ctx, code, labels(coming)...); err != nil {
		return err
	}
	return w.ends(ctx, coming, other, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// expected announces a fresh shipment and waits until the cabinet knows it.
func (w *world) expected(ctx context.Context, at people.Cabinet) (people.Shipment, people.Client, error) {
	before, err := at.Status(ctx)
	if err != nil {
		return people.Shipment{}, people.Client{}, err
	}
	s, client, err := w.shipment(ctx, at, 1)
	if err != nil {
		return s, client, err
	}
	err = people.Await(ctx, "the cabinet to hear of "+s.Number, 50*time.Millisecond, func() (bool, string, error) {
		now, err := at.Status(ctx)
		return now.Directory > before.Directory, fmt.Sprintf("%+v", now), err
	})
	return s, client, err
}
