package scenes

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"cubby/cmd/cubby-demo/people"
)

// takeover: a cabinet comes with three parcels inside. A technician gives it the list of its contents: one parcel is
// sure, one is not, and one was never announced. Their clients get codes and collect them, and a courier's round clears
// what is in doubt.
func takeover(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	site, err := w.stage.Cabinets.Find(ctx, at.Locker)
	if err != nil {
		return err
	}
	first, firstClient, err := w.expected(ctx, at)
	if err != nil {
		return err
	}
	second, secondClient, err := w.expected(ctx, at)
	if err != nil {
		return err
	}
	later := w.announcement(at, 1)
	later.Parcels[0].Barcode = "OLD-" + later.Number
	things := []string{labels(first)[0], labels(second)[0], later.Parcels[0].Barcode}
	listed := append([]string{}, things...)
	if err := w.sabotage(func() error { listed[0], listed[1] = listed[1], listed[0]; return nil }); err != nil {
		return err
	}
	list := "cell,barcode,carrier,state\n"
	for i, thing := range things {
		site.Fill(i+1, thing)
		list += fmt.Sprintf("%d,%s,%s,%s\n", i+1, listed[i], first.Carrier, []string{"sure", "unsure", "sure"}[i])
	}
	for _, want := range []map[string]int{{"deposited": 2, "held": 1, "not in the list": 1}, {"already": 3}} { // the second time nothing changes
		out, err := site.TakeOver(ctx, list)
		if err != nil {
			return err
		}
		for word, n := range want {
			if strings.Count(out, word) != n {
				return fmt.Errorf("%d lines say %s, want %d: %s", strings.Count(out, word), word, n, out)
			}
		}
	}
	if pulses, err := at.Pulses(ctx); err != nil || pulses != 0 {
		return fmt.Errorf("%d locks were driven by a takeover: %w", pulses, err)
	}
	if err := w.collected(ctx, first, firstClient); err != nil {
		return err
	}
	if err := checkRound(ctx, w.courier(at), at, things[1], ""); err != nil {
		return err
	}
	var third people.Shipment
	// What the courier has found may still be on its way to the server.
	err = people.Await(ctx, "room for what was found", hearEvery, func() (bool, string, error) {
		third, err = w.carrier.Announce(ctx, "key of "+later.Number, later)
		if people.RefusedWith(err, http.StatusConflict, "no_capacity") {
			return false, err.Error(), nil
		}
		return err == nil, "", err
	})
	if err != nil {
		return err
	}
	if err := w.collected(ctx, second, secondClient); err != nil {
		return err
	}
	if err := w.collected(ctx, third, people.Client{Mail: w.stage.Mailbox(later.Contact.Email), At: at}); err != nil {
		return err
	}
	return emptied(ctx, at)
}

// collected has the client of a shipment that was taken over get the code, and collect it.
func (w *world) collected(ctx context.Context, s people.Shipment, client people.Client) error {
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

// checkRound has a courier look into each cell in doubt, and find what is given: a label, or nothing. Then nothing is
// in doubt any more.
func checkRound(ctx context.Context, courier people.Courier, at people.Cabinet, found ...string) error {
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	for _, label := range found {
		if err := courier.Check(ctx, label); err != nil {
			return err
		}
	}
	cells, err := at.Cells(ctx)
	if err != nil {
		return err
	}
	for _, c := range cells {
		if c.Doubtful {
			return fmt.Errorf("after a round of checks cell %d is in doubt", c.Number)
		}
	}
	return courier.Leave(ctx)
}
