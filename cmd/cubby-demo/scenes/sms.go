package scenes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sms"
)

// bySMS: a client with a phone alone gets one SMS, though the provider took it and its answer was lost, and
// collects with the code in it.
func bySMS(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 2)
	if err != nil {
		return err
	}
	a := w.announcement(at, 1)
	a.Contact = people.Contact{Phone: fmt.Sprintf("+4915100%05d", w.shipments.Load())}
	s, err := w.carrier.Announce(ctx, "key of "+a.Number, a)
	if err != nil {
		return err
	}
	fault := sms.Faults{Mode: sms.ModeDrop, Count: 1}
	if w.broken {
		fault = sms.Faults{Mode: sms.ModeRefuse, Count: 1, Code: 21211}
	}
	w.stage.SMS.SetFaults(fault)
	if err := w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	var got []sms.Message
	if err := people.Await(ctx, "the SMS to be delivered", 100*time.Millisecond, func() (bool, string, error) {
		got = nil
		for _, m := range w.stage.SMS.Messages() {
			if m.To == a.Contact.Phone {
				got = append(got, m)
			}
		}
		state, attempts, err := w.toldBy(ctx, s.ID)
		return state == "delivered", fmt.Sprintf("%d taken, the row is %q after %d attempts", len(got), state, attempts), err
	}); err != nil {
		return err
	}
	if len(got) != 1 {
		return fmt.Errorf("%d SMS came, want one", len(got))
	}
	code, found := people.CodeIn(got[0].Body)
	if !found {
		return errors.New("the SMS has no pickup code") // which no log is to have
	}
	return people.Client{At: at}.Pickup(ctx, code, labels(s)...)
}

// toldBy is the state of a shipment's only message.
func (w *world) toldBy(ctx context.Context, shipment string) (state string, attempts int, err error) {
	told, err := w.operator.Notifications(ctx, shipment)
	if err != nil || len(told) == 0 {
		return "", 0, err
	}
	return told[0].State, told[0].Attempts, nil
}
