package scenes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// temporalDown: without Temporal announcements are taken and the cabinet decides; afterwards all of it is caught up.
func temporalDown(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	temporal := w.stage.Part("temporal")
	if err := temporal.Kill(); err != nil {
		return err
	}
	a := w.announcement(at, 1)
	s, err := w.impatient().Announce(ctx, "key of "+a.Number, a)
	if err != nil {
		return fmt.Errorf("an announcement without Temporal: %w", err)
	}
	client := people.Client{Mail: w.stage.Mailbox(a.Contact.Email), At: at}
	_, err = w.impatient().Tell(ctx, s.ID, "in_transit", time.Now())
	if !people.RefusedWith(err, http.StatusServiceUnavailable, "temporarily_unavailable") {
		return fmt.Errorf("an action without Temporal: %w", wanted(err, "503 temporarily_unavailable"))
	}
	if err := w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return fmt.Errorf("a deposit without Temporal: %w", err)
	}
	mails, err := client.Mail.Mails(ctx)
	if err != nil {
		return err
	}
	if len(mails) > 0 {
		return fmt.Errorf("%d messages came without Temporal", len(mails))
	}
	if !w.broken {
		if err := w.restart(ctx, "temporal"); err != nil {
			return err
		}
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "ready_for_pickup"); err != nil {
		return err
	}
	code, err := client.Code(ctx)
	if err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// serverRestart: the server is killed while a door is open, at the deposit and at the pickup.
func serverRestart(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	s, client, err := w.shipment(ctx, at, 1)
	if err != nil {
		return err
	}
	label := labels(s)[0]
	courier := w.courier(at)
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	if _, err := courier.Scan(ctx, label); err != nil {
		return err
	}
	cell, err := courier.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	server := w.stage.Part("server")
	if err := server.Kill(); err != nil {
		return err
	}
	if err := courier.Put(ctx, cell, label); err != nil {
		return err
	}
	if err := courier.Close(ctx, cell); err != nil {
		return err
	}
	if err := courier.Leave(ctx); err != nil {
		return err
	}
	if !w.broken {
		if err := w.restart(ctx, "server"); err != nil {
			return err
		}
	}
	code, err := client.Code(ctx)
	if err != nil {
		return err
	}
	if _, err := client.Type(ctx, code); err != nil {
		return err
	}
	cell, done, err := client.AwaitDoor(ctx)
	if err != nil {
		return err
	}
	if done {
		return errors.New("no door opened for the code")
	}
	if err := server.Kill(); err != nil {
		return err
	}
	things, err := client.TakeFrom(ctx, cell)
	if err != nil {
		return err
	}
	if err := people.SameThings(things, labels(s)); err != nil {
		return err
	}
	if err := w.restart(ctx, "server"); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// retriedMessage: the connection drops after the text left, so the message is sent again, as the same one.
func retriedMessage(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	if !w.broken {
		if err := w.stage.Mailbox("").Misbehave(ctx, "drop_after_data", 1, 0); err != nil {
			return err
		}
	}
	s, client, code, err := w.deposited(ctx, at, 1)
	if err != nil {
		return err
	}
	if _, err := client.Mail.Await(ctx, 2); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	if err := w.ends(ctx, s, client, 2, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up"); err != nil {
		return err
	}
	mails, err := client.Mail.Mails(ctx)
	if err != nil {
		return err
	}
	switch {
	case mails[0].MessageID == "" || mails[0].MessageID != mails[1].MessageID:
		return fmt.Errorf("the repeat has another Message-ID: %q and %q", mails[0].MessageID, mails[1].MessageID)
	case mails[0].DeliveredReply || !mails[1].DeliveredReply:
		return fmt.Errorf("the first copy must be the one without an answer: %+v", mails)
	}
	return nil
}
