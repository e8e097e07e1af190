package api

import (
	"context"
	"strconv"

	"cubby/models"
)

// ListEvents reads a feed.
func (s *server) ListEvents(ctx context.Context, request ListEventsRequestObject) (ListEventsResponseObject, error) {
	params := request.Params
	q := models.EventQuery{
		Actor: callOf(ctx).actor, Feed: feedOf(or(params.Feed, FeedOwn)), Organization: models.OrganizationID(or(params.Organization, "")),
		After: or(params.After, 0), Limit: or(params.Limit, defaultLimit),
	}
	found, err := s.Events.Events(ctx, q)
	if err != nil {
		return nil, err
	}
	return ListEvents200JSONResponse{
		Items:      each(found, feedEventBody),
		NextCursor: nextCursor(found, q.Limit, func(e models.FeedEvent) string { return strconv.FormatInt(e.Position, 10) }),
	}, nil
}

func feedEventBody(e models.FeedEvent) FeedEvent {
	d := e.Data
	return FeedEvent{
		Id: string(e.ID), Position: e.Position, Type: string(e.Type), Timestamp: e.At,
		Data: EventData{
			Shipment: optional(string(d.Shipment)), Number: optional(d.Number), Seq: d.Seq, Parcel: optional(string(d.Parcel)),
			Locker: optional(string(d.Locker)), Cell: optional(d.Cell), Operation: optional(string(d.Operation)), Reason: optional(d.Reason),
			Notification: optional(string(d.Notification)), Incident: optional(string(d.Incident)), Kind: optional(d.Kind),
			Channel: optional(d.Channel), Label: optional(d.Label), State: optional(string(d.State)), Regime: optional(string(d.Regime)),
			Size: optional(string(d.Size)), Free: d.Free, Webhook: optional(string(d.Webhook)),
		},
	}
}
