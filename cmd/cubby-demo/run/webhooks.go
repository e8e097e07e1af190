package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/hooks"
)

// Webhook is the endpoint of the demo's carrier.
type Webhook struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// startWebhooks starts the carrier's receiver, and has its events posted there. The address is another at each start.
func (s *System) startWebhooks(ctx context.Context) error {
	if !s.options.Full {
		return nil
	}
	receiver, err := hooks.Start(ctx, hooks.Options{})
	if err != nil {
		return err
	}
	s.Webhooks = receiver
	s.stops = append(s.stops, receiver.Close)
	carrier, err := client.NewClientWithResponses(s.APIURL, client.WithKey(s.CarrierKey))
	if err != nil {
		return err
	}
	if s.Webhook.ID != "" {
		res, err := carrier.ChangeWebhookWithResponse(ctx, s.Webhook.ID, client.WebhookChange{Url: &receiver.URL})
		if err == nil && res.StatusCode() != http.StatusOK {
			err = fmt.Errorf("the webhook's address: %s %s", res.Status(), res.Body)
		}
		return errors.Join(err, receiver.Trust(s.Webhook.Secret))
	}
	res, err := carrier.CreateWebhookWithResponse(ctx, client.NewWebhook{Url: receiver.URL, Types: &[]string{"shipment.*", "parcel.*"}})
	if err != nil {
		return err
	}
	if res.JSON201 == nil || res.JSON201.Secret == nil {
		return fmt.Errorf("making a webhook: %s %s", res.Status(), res.Body)
	}
	s.Webhook = Webhook{ID: res.JSON201.Webhook.Id, Secret: *res.JSON201.Secret}
	return errors.Join(receiver.Trust(s.Webhook.Secret), s.saveNetwork(s.Network))
}
