package scenes

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cubby/cmd/cubby-demo/people"
)

// qrPickup: parcels are collected by QR, with and without network; one that was replaced, one of another cabinet, and one
// that was used open nothing.
func qrPickup(ctx context.Context, w *world) error {
	helper := people.Carrier{Service: w.operator.Service}
	at, first, client, mailed, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	old, err := helper.PickupCode(ctx, first.ID)
	if err != nil || old.Code != mailed {
		return errors.Join(errors.New("the code that is read is not the one in the mail"), err)
	}
	if _, err := w.carrier.Act(ctx, first.ID, "reissue-code", "another code for "+first.ID); err != nil {
		return err
	}
	if _, err := client.Mail.Await(ctx, 2); err != nil {
		return err
	}
	now, err := helper.PickupCode(ctx, first.ID)
	if err != nil {
		return err
	}
	second, other, _, err := w.deposited(ctx, at, 1) // and by now the cabinet knows the new code
	if err != nil {
		return err
	}
	later, err := helper.PickupCode(ctx, second.ID)
	if err != nil {
		return err
	}
	elsewhere, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	for name, held := range map[string]struct {
		at people.Cabinet
		qr string
	}{"the QR that was replaced": {at, old.QR}, "the QR at another cabinet": {elsewhere, now.QR}} {
		s, err := held.at.Scan(ctx, held.qr)
		if err != nil || s.Text != "wrong_scan" {
			return errors.Join(fmt.Errorf("%s is answered with %s", name, s), err)
		}
	}
	show := now.QR
	if w.broken {
		show = old.QR
	}
	if err := client.PickupByQR(ctx, show, labels(first)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, first.ID, "picked_up"); err != nil {
		return err
	}
	if _, err := helper.PickupCode(ctx, first.ID); !people.RefusedWith(err, http.StatusConflict, "invalid_state") {
		return fmt.Errorf("a code of what was collected is read: %w", err)
	}
	if err := at.Line(ctx, true); err != nil {
		return err
	}
	if _, err := at.AwaitScreen(ctx, "the screen to say that it works without network", func(s people.Screen) bool { return s.Offline }); err != nil {
		return err
	}
	if err := other.PickupByQR(ctx, later.QR, labels(second)...); err != nil {
		return fmt.Errorf("a pickup by QR without network: %w", err)
	}
	if err := at.Line(ctx, false); err != nil {
		return err
	}
	return w.ends(ctx, second, other, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}
