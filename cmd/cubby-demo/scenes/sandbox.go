package scenes

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/people"
)

// answered tells of an answer that is not what was wanted.
func answered(what string, res *http.Response, body []byte, want int) error {
	if res.StatusCode == want {
		return nil
	}
	return fmt.Errorf("%s is answered with %d, want %d: %s", what, res.StatusCode, want, body)
}

// sandbox: an integrator with a test key, through the generated client, sees the test locker alone, has parcels brought and
// collected there by a real cabinet, and has days pass in a moment.
func sandbox(ctx context.Context, w *world) error {
	test, err := client.NewClientWithResponses(w.stage.APIURL, client.WithKey(w.stage.Sandbox.Key))
	if err != nil {
		return err
	}
	own := &world{stage: w.stage, carrier: people.Carrier{Service: w.stage.REST(w.stage.Sandbox.Key)}}
	own.carrier.Persist = true
	locker := w.stage.Sandbox.Locker
	if err := seesTestLockersAlone(ctx, w, test); err != nil {
		return err
	}
	at := people.Cabinet{Locker: locker.ID}
	announce := func() (people.Shipment, people.Mailbox, error) {
		a := w.announcement(at, 1)
		a.Policy = "standard" // three days
		s, err := own.carrier.Announce(ctx, "key of "+a.Number, a)
		return s, w.stage.Mailbox(a.Contact.Email), err
	}
	deposit := func(s people.Shipment) error {
		res, err := test.SandboxDepositWithResponse(ctx, locker.ID, client.SandboxDeposit{Shipment: s.ID})
		if err != nil {
			return err
		}
		return answered("a deposit", res.HTTPResponse, res.Body, http.StatusNoContent)
	}
	advance := func(hours int64) error {
		if w.broken {
			return nil
		}
		res, err := test.SandboxAdvanceClockWithResponse(ctx, locker.ID, client.SandboxAdvance{Seconds: hours * 3600})
		if err != nil {
			return err
		}
		return answered("putting the clock forward", res.HTTPResponse, res.Body, http.StatusOK)
	}
	pickup := func(code string, want int) error {
		res, err := test.SandboxPickupWithResponse(ctx, locker.ID, client.SandboxPickup{Code: code})
		if err != nil {
			return err
		}
		return answered("a pickup", res.HTTPResponse, res.Body, want)
	}

	// Announced, brought; the minute for corrections passes, then two days: the client is reminded; then another two.
	late, mailbox, err := announce()
	if err != nil {
		return err
	}
	if err := deposit(late); err != nil {
		return err
	}
	if err := own.awaitEvent(ctx, late.ID, "parcel.deposited"); err != nil {
		return err
	}
	if err := advance(1); err != nil {
		return err
	}
	ready, err := own.carrier.AwaitState(ctx, late.ID, "ready_for_pickup")
	if err != nil {
		return err
	}
	mail, err := mailbox.Await(ctx, 1)
	if err != nil {
		return err
	}
	code, err := people.Code(mail)
	if err != nil {
		return err
	}
	if err := advance(50); err != nil {
		return err
	}
	if err := own.awaitEvent(ctx, late.ID, "shipment.reminder_sent"); err != nil {
		return err
	}
	sooner, err := own.carrier.Shipment(ctx, late.ID)
	if err != nil || !sooner.ExpiresAt.Before(ready.ExpiresAt) {
		return fmt.Errorf("after two days the end of storage is %s, and it was %s: %w", sooner.ExpiresAt, ready.ExpiresAt, err)
	}
	if err := advance(40); err != nil {
		return err
	}
	if _, err := own.carrier.AwaitState(ctx, late.ID, "expired"); err != nil {
		return err
	}
	if err := pickup("00000000", http.StatusConflict); err != nil {
		return err
	}

	// Without its network cable the cabinet serves on.
	if err := offline(ctx, test, locker.ID, true); err != nil {
		return err
	}
	if err := pickup(code, http.StatusNoContent); err != nil {
		return err
	}
	if err := offline(ctx, test, locker.ID, false); err != nil {
		return err
	}
	if _, err := own.carrier.AwaitState(ctx, late.ID, "picked_up"); err != nil {
		return err
	}

	// What nobody ever brings is given up.
	never, _, err := announce()
	if err != nil {
		return err
	}
	if err := advance(8 * 24); err != nil {
		return err
	}
	_, err = own.carrier.AwaitState(ctx, never.ID, "cancelled")
	return err
}

func offline(ctx context.Context, test *client.ClientWithResponses, locker string, cut bool) error {
	res, err := test.SandboxOfflineWithResponse(ctx, locker, client.SandboxOffline{Offline: cut})
	if err != nil {
		return err
	}
	return answered("the cable", res.HTTPResponse, res.Body, http.StatusNoContent)
}

// seesTestLockersAlone: and nobody else moves them.
func seesTestLockersAlone(ctx context.Context, w *world, test *client.ClientWithResponses) error {
	list, err := test.ListLockersWithResponse(ctx, &client.ListLockersParams{})
	if err != nil {
		return err
	}
	if err := answered("the list of lockers", list.HTTPResponse, list.Body, http.StatusOK); err != nil {
		return err
	}
	var numbers []string
	for _, l := range list.JSON200.Items {
		numbers = append(numbers, l.Number)
	}
	if !slices.Equal(numbers, []string{w.stage.Sandbox.Locker.Number}) {
		return fmt.Errorf("a test key sees the lockers %s", strings.Join(numbers, ", "))
	}
	live, err := client.NewClientWithResponses(w.stage.APIURL, client.WithKey(w.stage.CarrierKey))
	if err != nil {
		return err
	}
	res, err := live.SandboxJamWithResponse(ctx, w.stage.Sandbox.Locker.ID, client.SandboxJam{Cell: 1})
	if err != nil {
		return err
	}
	if err := answered("a jam by a live key", res.HTTPResponse, res.Body, http.StatusNotFound); err != nil {
		return err
	}
	elsewhere, err := test.SandboxJamWithResponse(ctx, w.stage.Lockers[0].ID, client.SandboxJam{Cell: 1})
	if err != nil {
		return err
	}
	return answered("a jam of a live locker", elsewhere.HTTPResponse, elsewhere.Body, http.StatusNotFound)
}
