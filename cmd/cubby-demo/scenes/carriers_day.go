package scenes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/hooks"
	"cubby/cmd/cubby-demo/people"
)

// carriersDay: a carrier's system through the generated client. It announces a batch of which one item is wrong, prints the
// labels, plans a route and has it driven, hears of everything by webhooks that the standard's own library verifies, and
// finds the same in its feed.
func carriersDay(ctx context.Context, w *world) (err error) {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	carrier, err := client.NewClientWithResponses(w.stage.APIURL, client.WithKey(w.stage.CarrierKey))
	if err != nil {
		return err
	}
	receiver, err := hooks.Start(ctx, hooks.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, receiver.Close()) }()
	hook, err := carrier.CreateWebhookWithResponse(ctx, client.NewWebhook{Url: receiver.URL, Types: &[]string{"shipment.*"}})
	if err != nil {
		return err
	}
	if err := answered("a webhook", hook.HTTPResponse, hook.Body, http.StatusCreated); err != nil {
		return err
	}
	secret := *hook.JSON201.Secret
	if w.broken {
		secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	}
	if err := receiver.Trust(secret); err != nil {
		return err
	}

	shipments, err := w.announceBatch(ctx, carrier, at)
	if err != nil {
		return err
	}
	for _, s := range shipments {
		labels, err := carrier.GetPdfLabelsWithResponse(ctx, s.Id)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(labels.Body, []byte("%PDF-")) {
			return fmt.Errorf("the labels of %s are no PDF: %.60q", s.Number, labels.Body)
		}
	}
	courier, route, err := planRoute(ctx, carrier, at, shipments)
	if err != nil {
		return err
	}
	// One of two is brought: the route says what is left.
	if err := courier.Deposit(ctx, shipments[0].Parcels[0].Barcode); err != nil {
		return err
	}
	if err := awaitRoute(ctx, carrier, route, 1, 1); err != nil {
		return err
	}
	if err := courier.Deposit(ctx, shipments[1].Parcels[0].Barcode); err != nil {
		return err
	}
	if err := awaitRoute(ctx, carrier, route, 2, 0); err != nil {
		return err
	}
	for _, s := range shipments {
		if _, err := w.carrier.AwaitState(ctx, s.Id, "ready_for_pickup"); err != nil {
			return err
		}
		code, err := carrier.GetPickupCodeWithResponse(ctx, s.Id)
		if err != nil {
			return err
		}
		if err := answered("a pickup code", code.HTTPResponse, code.Body, http.StatusOK); err != nil {
			return err
		}
		if err := (people.Client{At: at}).Pickup(ctx, code.JSON200.Code, s.Parcels[0].Barcode); err != nil {
			return err
		}
	}
	return heard(ctx, carrier, receiver, shipments)
}

// announceBatch announces three at once, of which the second names a locker that nobody knows.
func (w *world) announceBatch(ctx context.Context, carrier *client.ClientWithResponses, at people.Cabinet) ([]client.Shipment, error) {
	byCarrier, policyName := client.NotifyByCarrier, policy
	items := make([]client.NewShipment, 3)
	for i := range items {
		items[i] = client.NewShipment{
			Number: fmt.Sprintf("DAY-%d", i), Locker: at.Locker, NotifyBy: &byCarrier, Policy: &policyName, Parcels: []client.NewParcel{{}},
		}
	}
	items[1].Locker = "lkr_00000000000000000000000000"
	answer := func() ([]client.BatchItem, error) {
		res, err := carrier.CreateShipmentsWithResponse(ctx, &client.CreateShipmentsParams{IdempotencyKey: "the day"}, client.CreateShipmentsJSONRequestBody{Items: items})
		if err != nil {
			return nil, err
		}
		if err := answered("a batch", res.HTTPResponse, res.Body, http.StatusOK); err != nil {
			return nil, err
		}
		return res.JSON200.Items, nil
	}
	first, err := answer()
	if err != nil {
		return nil, err
	}
	again, err := answer()
	if err != nil {
		return nil, err
	}
	var made []client.Shipment
	for i, item := range first {
		want := map[bool]int{true: http.StatusCreated, false: http.StatusUnprocessableEntity}[i != 1]
		if item.Status != want || again[i].Status != want {
			return nil, fmt.Errorf("item %d of the batch is answered with %d and %d, want %d", i, item.Status, again[i].Status, want)
		}
		if i == 1 {
			continue
		}
		if item.Shipment.Id != again[i].Shipment.Id {
			return nil, fmt.Errorf("item %d of the batch was made twice", i)
		}
		made = append(made, *item.Shipment)
	}
	return made, nil
}

// planRoute makes a courier, and a route that brings the shipments.
func planRoute(ctx context.Context, carrier *client.ClientWithResponses, at people.Cabinet, shipments []client.Shipment) (people.Courier, string, error) {
	who := people.Courier{Badge: "DAY-BADGE", PIN: "2468", At: at}
	made, err := carrier.CreateCourierWithResponse(ctx, client.NewCourier{Badge: who.Badge, Pin: who.PIN})
	if err != nil {
		return who, "", err
	}
	if err := answered("a courier", made.HTTPResponse, made.Body, http.StatusCreated); err != nil {
		return who, "", err
	}
	var bring []string
	for _, s := range shipments {
		bring = append(bring, s.Id)
	}
	route, err := carrier.CreateRouteWithResponse(ctx, nil, client.NewRoute{
		Courier: made.JSON201.Id, Date: time.Now().Format(time.DateOnly), Stops: []client.NewStop{{Locker: at.Locker, Bring: &bring}},
	})
	if err != nil {
		return who, "", err
	}
	if err := answered("a route", route.HTTPResponse, route.Body, http.StatusCreated); err != nil {
		return who, "", err
	}
	return who, route.JSON201.Id, nil
}

func awaitRoute(ctx context.Context, carrier *client.ClientWithResponses, id string, done, left int) error {
	return people.Await(ctx, fmt.Sprintf("the route to have %d done and %d left", done, left), hearEvery, func() (bool, string, error) {
		res, err := carrier.GetRouteWithResponse(ctx, id)
		if err != nil {
			return false, "", err
		}
		if err := answered("the route", res.HTTPResponse, res.Body, http.StatusOK); err != nil {
			return false, "", err
		}
		return res.JSON200.Done == done && res.JSON200.Left == left, string(res.Body), nil
	})
}

// heard waits until the receiver has verified how each shipment ended, each event once, and compares with the feed.
func heard(ctx context.Context, carrier *client.ClientWithResponses, receiver *hooks.Receiver, shipments []client.Shipment) error {
	var got []string
	if err := people.Await(ctx, "webhooks of both shipments' ends", hearEvery, func() (bool, string, error) {
		got = nil
		ended := 0
		for _, m := range receiver.Messages() {
			ours := slices.ContainsFunc(shipments, func(s client.Shipment) bool { return bytes.Contains(m.Body, []byte(s.Id)) })
			switch {
			case !ours:
				continue
			case !m.Verified:
				return false, "", fmt.Errorf("a webhook is not signed as it should be: %s", m.Problem)
			case slices.Contains(got, m.ID):
				return false, "", fmt.Errorf("event %s came twice, though it was taken", m.ID)
			}
			got = append(got, m.ID)
			if m.Type == "shipment.picked_up" {
				ended++
			}
		}
		return ended == len(shipments), fmt.Sprintf("%d events, %d ends", len(got), ended), nil
	}); err != nil {
		return err
	}
	var told []string
	for after := int64(0); ; {
		res, err := carrier.ListEventsWithResponse(ctx, &client.ListEventsParams{After: &after})
		if err != nil {
			return err
		}
		if err := answered("the feed", res.HTTPResponse, res.Body, http.StatusOK); err != nil {
			return err
		}
		for _, e := range res.JSON200.Items {
			if slices.Contains(got, e.Id) {
				told = append(told, e.Id)
			}
		}
		if res.JSON200.NextCursor == nil {
			break
		}
		after = res.JSON200.Items[len(res.JSON200.Items)-1].Position
	}
	slices.Sort(got)
	slices.Sort(told)
	if !slices.Equal(got, told) {
		return fmt.Errorf("the feed has %d of the %d events that were posted", len(told), len(got))
	}
	return nil
}
