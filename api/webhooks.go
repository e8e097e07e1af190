package api

import (
	"context"

	"cubby/models"
)

// ListWebhooks lists an organization's webhooks.
func (s *server) ListWebhooks(ctx context.Context, request ListWebhooksRequestObject) (ListWebhooksResponseObject, error) {
	p := page(request.Params.Cursor, request.Params.Limit, nil)
	found, err := s.Events.Webhooks(ctx, callOf(ctx).actor, "", p)
	if err != nil {
		return nil, err
	}
	return ListWebhooks200JSONResponse{
		Items:      each(found, webhookBody),
		NextCursor: nextCursor(found, p.Limit, func(w models.Webhook) string { return string(w.ID) }),
	}, nil
}

// CreateWebhook has events posted to a URL.
func (s *server) CreateWebhook(ctx context.Context, request CreateWebhookRequestObject) (CreateWebhookResponseObject, error) {
	b, info := request.Body, callOf(ctx)
	w := models.Webhook{
		Organization: info.actor.Organization, URL: b.Url, Types: each(or(b.Types, nil), plainText), Description: or(b.Description, ""),
		Feeds: each(or(b.Feeds, WebhookFeeds{FeedOwn}), feedOf), Signing: models.Signing(or(b.Signing, V1)),
	}
	if b.Organization != nil && *b.Organization != string(w.Organization) {
		if !info.actor.Operator() {
			var f models.Fields
			f.Add("/organization", "must be your own organization or missing")
			return nil, f.Err()
		}
		w.Organization = models.OrganizationID(*b.Organization)
	}
	if err := s.checkURL(w.URL); err != nil {
		return nil, err
	}
	made, secret, err := s.Events.CreateWebhook(ctx, info.request(), w)
	if err != nil {
		return nil, err
	}
	return CreateWebhook201JSONResponse{Webhook: webhookBody(made), Secret: optional(string(secret))}, nil
}

func (s *server) checkURL(text string) error {
	var f models.Fields
	if problem := models.CheckWebhookURL(text, s.PrivateWebhooks); problem != "" {
		f.Add("/url", "%s", problem)
	}
	return f.Err()
}

// GetWebhook reads one.
func (s *server) GetWebhook(ctx context.Context, request GetWebhookRequestObject) (GetWebhookResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	w, err := s.Events.Webhook(ctx, callOf(ctx).actor, models.WebhookID(request.Id))
	if err != nil {
		return nil, err
	}
	return GetWebhook200JSONResponse(webhookBody(w)), nil
}

// ChangeWebhook changes what is named.
func (s *server) ChangeWebhook(ctx context.Context, request ChangeWebhookRequestObject) (ChangeWebhookResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	b := request.Body
	c := models.WebhookChange{URL: b.Url, Description: b.Description, Paused: b.Paused}
	if b.Url != nil {
		if err := s.checkURL(*b.Url); err != nil {
			return nil, err
		}
	}
	if b.Types != nil {
		types := each(*b.Types, plainText)
		c.Types = &types
	}
	if b.Feeds != nil {
		feeds := each(*b.Feeds, feedOf)
		c.Feeds = &feeds
	}
	w, err := s.Events.ChangeWebhook(ctx, callOf(ctx).request(), models.WebhookID(request.Id), c)
	if err != nil {
		return nil, err
	}
	return ChangeWebhook200JSONResponse(webhookBody(w)), nil
}

// DeleteWebhook ends one.
func (s *server) DeleteWebhook(ctx context.Context, request DeleteWebhookRequestObject) (DeleteWebhookResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	if err := s.Events.DeleteWebhook(ctx, callOf(ctx).request(), models.WebhookID(request.Id)); err != nil {
		return nil, err
	}
	return DeleteWebhook204Response{}, nil
}

// RotateWebhookSecret gives one a new secret.
func (s *server) RotateWebhookSecret(ctx context.Context, request RotateWebhookSecretRequestObject) (RotateWebhookSecretResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	w, secret, err := s.Events.RotateWebhook(ctx, callOf(ctx).request(), models.WebhookID(request.Id))
	if err != nil {
		return nil, err
	}
	return RotateWebhookSecret200JSONResponse{Webhook: webhookBody(w), Secret: optional(string(secret))}, nil
}

// TestWebhook has a test posted.
func (s *server) TestWebhook(ctx context.Context, request TestWebhookRequestObject) (TestWebhookResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	e, err := s.Events.TestWebhook(ctx, callOf(ctx).request(), models.WebhookID(request.Id))
	if err != nil {
		return nil, err
	}
	return TestWebhook202JSONResponse{Event: string(e)}, nil
}

// ReplayWebhook has one go on from elsewhere.
func (s *server) ReplayWebhook(ctx context.Context, request ReplayWebhookRequestObject) (ReplayWebhookResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	b := request.Body
	if (b.Since == nil) == (b.After == nil) || b.Since != nil && b.Feed != nil {
		var f models.Fields
		f.Add("/after", "must stand with or without feed, or since alone")
		return nil, f.Err()
	}
	to := models.WebhookReplay{Feed: feedOf(or(b.Feed, FeedOwn)), After: or(b.After, 0), Since: b.Since}
	if err := s.Events.ReplayWebhook(ctx, callOf(ctx).request(), models.WebhookID(request.Id), to); err != nil {
		return nil, err
	}
	return ReplayWebhook202Response{}, nil
}

// ListWebhookDeliveries lists attempts.
func (s *server) ListWebhookDeliveries(ctx context.Context, request ListWebhookDeliveriesRequestObject) (ListWebhookDeliveriesResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	p := page(request.Params.Cursor, request.Params.Limit, nil)
	found, err := s.Events.WebhookDeliveries(ctx, callOf(ctx).actor, models.WebhookID(request.Id), p)
	if err != nil {
		return nil, err
	}
	return ListWebhookDeliveries200JSONResponse{
		Items:      each(found, deliveryBody),
		NextCursor: nextCursor(found, p.Limit, func(d models.WebhookDelivery) string { return string(d.ID) }),
	}, nil
}

// ReplayDelivery has one event posted again.
func (s *server) ReplayDelivery(ctx context.Context, request ReplayDeliveryRequestObject) (ReplayDeliveryResponseObject, error) {
	if err := known(models.PrefixWebhook, request.Id, "webhook"); err != nil {
		return nil, err
	}
	if err := known(models.PrefixDelivery, request.Delivery, "delivery"); err != nil {
		return nil, err
	}
	err := s.Events.ReplayDelivery(ctx, callOf(ctx).request(), models.WebhookID(request.Id), models.DeliveryID(request.Delivery))
	if err != nil {
		return nil, err
	}
	return ReplayDelivery202Response{}, nil
}

func plainText(v string) string { return v }

func feedOf(f Feed) models.Feed { return models.Feed(f) }

func webhookBody(w models.Webhook) Webhook {
	return Webhook{
		Id: string(w.ID), Organization: string(w.Organization), Test: optional(w.Test), Url: w.URL, Types: each(w.Types, plainText),
		Feeds: each(w.Feeds, func(f models.Feed) Feed { return Feed(f) }), Description: w.Description, Signing: WebhookSigning(w.Signing),
		PublicKey: optional(w.PublicKey), Paused: w.Paused, DisabledAt: w.DisabledAt, DisabledReason: optional(w.DisabledReason), CreatedAt: w.CreatedAt,
	}
}

func deliveryBody(d models.WebhookDelivery) Delivery {
	return Delivery{
		Id: string(d.ID), Event: string(d.Event), Type: string(d.Type), Attempt: d.Attempt, At: d.At, Delivered: d.Problem == "",
		Status: optional(d.Status), LatencyMs: d.LatencyMS, Reply: optional(d.Reply), Problem: optional(d.Problem), NextAttemptAt: d.NextAt,
	}
}
