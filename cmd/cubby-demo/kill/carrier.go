package kill

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/hooks"
	"cubby/cmd/cubby-demo/people"
)

const (
	// carriers each bring their part of the shipments, and have a receiver of webhooks.
	carriers = 3
	// slowTaking is how late a receiver says that it has an event: room for kills between the post and its record.
	slowTaking = 25 * time.Millisecond
	// refuseEvery: of so many posts a receiver does not take one, so that kills meet waiting attempts too.
	refuseEvery = 50

	feedPage = 200 // the most that the API gives
)

// carrier is one that announces shipments, with its courier, and its receiver of webhooks.
type carrier struct {
	people.Carrier
	n          int    // counts from 1
	id         string // of the organization
	badge, pin string // of its courier
	rest       *client.ClientWithResponses
	receiver   *hooks.Receiver
	hook       string // id of the webhook
}

// newCarrier makes a carrier that gets every event of its shipments.
func (l *leg) newCarrier(ctx context.Context, n int) (_ *carrier, err error) {
	id, key, err := l.operator.Organization(ctx, fmt.Sprintf("Carrier %d", n), "carrier", "shipments", "couriers", "webhooks")
	if err != nil {
		return nil, err
	}
	c := &carrier{Carrier: people.Carrier{Service: l.patient(key)}, n: n, id: id, badge: fmt.Sprintf("KILL-BADGE-%d", n), pin: "2468"}
	if _, err := c.NewCourier(ctx, c.badge, c.pin); err != nil {
		return nil, err
	}
	if c.rest, err = client.NewClientWithResponses(l.stage.APIURL, client.WithKey(key)); err != nil {
		return nil, err
	}
	if c.receiver, err = hooks.Start(ctx, hooks.Options{Keep: -1, Decide: c.decide(l.player.tracker)}); err != nil {
		return nil, err
	}
	made, err := c.rest.CreateWebhookWithResponse(ctx, client.NewWebhook{Url: c.receiver.URL})
	if err == nil && made.JSON201 == nil {
		err = fmt.Errorf("making a webhook: %s %s", made.Status(), made.Body)
	}
	if err != nil {
		return nil, errors.Join(err, c.receiver.Close())
	}
	c.hook = made.JSON201.Webhook.Id
	return c, c.receiver.Trust(*made.JSON201.Secret)
}

// decide has the receiver take what comes, slowly, but for some posts.
func (c *carrier) decide(t *tracker) func(hooks.Message) hooks.Answer {
	posts := 0
	return func(hooks.Message) hooks.Answer {
		// Lives count from 1: below are the receivers.
		t.enter(-c.n, eventLeft)
		if posts++; posts%refuseEvery == 0 {
			return hooks.Answer{Status: http.StatusInternalServerError, Delay: slowTaking}
		}
		return hooks.Answer{Status: http.StatusNoContent, Delay: slowTaking}
	}
}

// party is a carrier when a leg is over.
type party struct {
	N     int
	ID    string
	Feed  []feedEvent // in the feed's order
	Posts []hooks.Message
	Log   []delivery // the product's own log of its posts
}

// feedEvent is an event of a feed.
type feedEvent struct {
	Position                                  int64
	ID, Type, Shipment, Notification, Channel string
}

// delivery is a line of the log of posts.
type delivery struct {
	Event     string
	Status    int // that the receiver answered with; 0: none
	Delivered bool
}

// party reads what there is once the receiver has every event of the feed and the log says so, or when it is not worth
// waiting longer.
func (c *carrier) party(ctx context.Context) (p party, err error) {
	settling, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	// What is missing then is the judge's matter.
	_ = people.Await(settling, "every event to be posted", restEvery, func() (bool, string, error) {
		p, err = c.read(ctx)
		taken := map[string]bool{}
		for _, d := range p.Log {
			taken[d.Event] = taken[d.Event] || d.Delivered
		}
		for _, e := range p.Feed {
			if !taken[e.ID] {
				return false, "", err
			}
		}
		return true, "", err
	})
	return p, err
}

func (c *carrier) read(ctx context.Context) (party, error) {
	p := party{N: c.n, ID: c.id}
	var err error
	if p.Feed, err = c.feed(ctx); err != nil {
		return p, err
	}
	if p.Log, err = c.log(ctx); err != nil {
		return p, err
	}
	p.Posts = c.receiver.Messages()
	return p, nil
}

// feed reads the whole feed.
func (c *carrier) feed(ctx context.Context) (all []feedEvent, err error) {
	limit := feedPage
	for after := int64(0); ; {
		page, err := c.rest.ListEventsWithResponse(ctx, &client.ListEventsParams{After: &after, Limit: &limit})
		if err != nil {
			return nil, err
		}
		if page.JSON200 == nil {
			return nil, fmt.Errorf("the feed: %s %s", page.Status(), page.Body)
		}
		for _, e := range page.JSON200.Items {
			after = e.Position
			all = append(all, feedEvent{
				Position: e.Position, ID: e.Id, Type: e.Type,
				Shipment: said(e.Data.Shipment), Notification: said(e.Data.Notification), Channel: said(e.Data.Channel),
			})
		}
		if page.JSON200.NextCursor == nil {
			return all, nil
		}
	}
}

// log reads the whole log of posts.
func (c *carrier) log(ctx context.Context) (all []delivery, err error) {
	limit := feedPage
	for cursor := (*string)(nil); ; {
		page, err := c.rest.ListWebhookDeliveriesWithResponse(ctx, c.hook, &client.ListWebhookDeliveriesParams{Cursor: cursor, Limit: &limit})
		if err != nil {
			return nil, err
		}
		if page.JSON200 == nil {
			return nil, fmt.Errorf("the log of posts: %s %s", page.Status(), page.Body)
		}
		for _, d := range page.JSON200.Items {
			line := delivery{Event: d.Event, Delivered: d.Delivered}
			if d.Status != nil {
				line.Status = *d.Status
			}
			all = append(all, line)
		}
		if cursor = page.JSON200.NextCursor; cursor == nil {
			return all, nil
		}
	}
}

func said(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
