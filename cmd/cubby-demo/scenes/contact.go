package scenes

import (
	"context"
	"fmt"
	"strings"

	"cubby/cmd/cubby-demo/people"
)

// contactChanged: the client of a parcel that is ready is reached otherwise. The new contact gets a new code, which
// opens; the one before is told, without a code, and the code that it has opens nothing any more.
func contactChanged(ctx context.Context, w *world) error {
	at, s, before, old, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	after := people.Client{Mail: w.stage.Mailbox("new-" + before.Mail.Address), At: at}
	if !w.broken {
		for range 2 { // the same again changes nothing
			if _, err := w.carrier.Edit(ctx, s.ID, map[string]any{"contact": map[string]string{"email": after.Mail.Address}}); err != nil {
				return err
			}
		}
	}
	code, err := after.Code(ctx)
	if err != nil {
		return err
	}
	if code == old {
		return fmt.Errorf("the new contact got the old code")
	}
	told, err := before.Mail.Await(ctx, 2)
	if err != nil {
		return err
	}
	if text := strings.ReplaceAll(told.Text, " ", ""); strings.Contains(text, code) || strings.Contains(text, old) {
		return fmt.Errorf("the contact before was sent a code: %q", told.Text)
	}
	if err := codeRetires(ctx, after, code, old, labels(s)...); err != nil {
		return err
	}
	if err := w.ends(ctx, s, after, 1, "shipment.created", "parcel.deposited", "shipment.loading", "shipment.ready_for_pickup",
		"shipment.code_reissued", "parcel.picked_up", "shipment.picked_up"); err != nil {
		return err
	}
	mails, err := before.Mail.Mails(ctx)
	if err != nil {
		return err
	}
	if len(mails) != 2 {
		return fmt.Errorf("%d messages came to the contact before, want 2", len(mails))
	}
	return nil
}
