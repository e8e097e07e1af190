package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// feedRead is how many events are looked through at once for one that an endpoint wants.
const feedRead = 200

// NextPost returns what is to be posted to an endpoint now: the first event that it wants in the
// first of its scopes after the one named, in a circle, whose turn it is. Over: nothing is to be
// posted at all. Without an event, NextAt is when there will be one to try again, if there is.
func (s *Store) NextPost(ctx context.Context, id models.WebhookID, after string) (post models.WebhookPost, err error) {
	err = s.tx(ctx, "next_post", func(t *tx) error {
		post = models.WebhookPost{}
		w, err := gorm.G[models.Webhook](t.db).Where("id = ?", id).Take(t.ctx)
		if w, err = take(w, err, ""); err != nil && models.ErrorCode(err) != models.CodeNotFound {
			return err
		}
		if post.Over = err != nil || !w.Active(); post.Over {
			return nil
		}
		post.Webhook = w
		if w.PreviousUntil == nil || !t.now.Before(*w.PreviousUntil) {
			post.Webhook.Previous = nil
		}
		cursors, err := gorm.G[models.WebhookCursor](t.db).Where("webhook = ?", id).Order("scope").Find(t.ctx)
		if err != nil {
			return err
		}
		first := 0
		for first < len(cursors) && cursors[first].Scope <= after {
			first++
		}
		for i := range cursors {
			c := cursors[(first+i)%len(cursors)]
			if c.NextAt != nil && t.now.Before(*c.NextAt) {
				if at := c.NextAt.UTC(); post.NextAt.IsZero() || at.Before(post.NextAt) {
					post.NextAt = at
				}
				continue
			}
			e, err := t.wanted(w, c)
			if err != nil {
				return err
			}
			if e != nil {
				post.Event, post.From, post.Attempt = e, c.Position, c.Attempt+1
				return nil
			}
		}
		return nil
	})
	return post, err
}

// wanted returns the first event after a cursor that the endpoint wants. Where there is none, the
// cursor moves to the end.
func (t *tx) wanted(w models.Webhook, c models.WebhookCursor) (*models.FeedEvent, error) {
	// The end comes first: an event that is written after it is read the next time.
	scope, err := gorm.G[feedScope](t.db).Where("scope = ?", c.Scope).Find(t.ctx)
	if err != nil || len(scope) == 0 || scope[0].Position <= c.Position {
		return nil, err
	}
	end := scope[0].Position
	for from := c.Position; ; {
		events, err := gorm.G[models.FeedEvent](t.db).Where("scope = ? AND position > ? AND position <= ?", c.Scope, from, end).
			Order("position").Limit(feedRead).Find(t.ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if c.Scope == models.ScopeOfWebhook(w.ID) || w.Wants(e.Type) {
				return &e, nil
			}
		}
		if len(events) < feedRead {
			_, err := t.moveCursor(w.ID, c.Scope, c.Position, end)
			return nil, err
		}
		from = events[len(events)-1].Position
	}
}

// moveCursor moves a cursor on, unless it was moved meanwhile.
func (t *tx) moveCursor(id models.WebhookID, scope string, from, to int64) (int64, error) {
	return t.exec("UPDATE webhook_cursors SET position = ?, attempt = 0, next_at = NULL WHERE webhook = ? AND scope = ? AND position = ?",
		to, id, scope, from)
}

// Posted records an attempt, and what follows from it: the cursor moves on, or the attempt that
// failed is told when to be made again, or the endpoint is disabled for a reason. hold: nothing is
// sent to the endpoint before that, of any feed. An attempt of a cursor that was moved meanwhile is
// recorded and changes nothing.
func (s *Store) Posted(ctx context.Context, d models.WebhookDelivery, from int64, hold bool, disable string) error {
	return s.tx(ctx, "posted", func(t *tx) error {
		d.ID = models.DeliveryID(t.ids.New(models.PrefixDelivery))
		d.At, d.NextAt = d.At.UTC().Truncate(time.Microsecond), utc(d.NextAt)
		w, err := forUpdate[models.Webhook](t).Where("id = ?", d.Webhook).Take(t.ctx)
		if _, err = take(w, err, ""); err != nil {
			if models.ErrorCode(err) == models.CodeNotFound {
				return nil // deleted meanwhile, with its log
			}
			return err
		}
		if err := insert(t, d); err != nil {
			return err
		}
		if d.Problem == "" {
			_, err := t.moveCursor(d.Webhook, d.Scope, from, d.Position)
			return err
		}
		n, err := t.exec("UPDATE webhook_cursors SET attempt = ?, next_at = ? WHERE webhook = ? AND scope = ? AND position = ?",
			d.Attempt, d.NextAt, d.Webhook, d.Scope, from)
		if err != nil || n == 0 {
			return err
		}
		if hold {
			if _, err := t.exec("UPDATE webhook_cursors SET next_at = ? WHERE webhook = ? AND (next_at IS NULL OR next_at < ?)",
				d.NextAt, d.Webhook, d.NextAt); err != nil {
				return err
			}
		}
		if disable == "" {
			return nil
		}
		if _, err := t.exec("UPDATE webhooks SET disabled_at = ?, disabled_reason = ?, updated_at = ? WHERE id = ?", t.now, disable, t.now, d.Webhook); err != nil {
			return err
		}
		return t.openIncident(models.Incident{
			Key: webhookKey(d.Webhook), Kind: models.IncidentWebhook, Evidence: string(d.Webhook) + ": " + disable,
		})
	})
}

// WebhooksDue lists the endpoints for which there are events to look at now. Mark changes
// when there are more.
func (s *Store) WebhooksDue(ctx context.Context) (due []models.WebhookDue, err error) {
	err = s.read.WithContext(ctx).Raw(`SELECT w.id AS webhook, CAST(sum(f.position) AS bigint) AS mark FROM webhooks w
		JOIN webhook_cursors c ON c.webhook = w.id JOIN feed_scopes f ON f.scope = c.scope AND f.position > c.position
		WHERE NOT w.paused AND w.disabled_at IS NULL AND (c.next_at IS NULL OR c.next_at <= ?)
		GROUP BY w.id ORDER BY w.id`, s.now()).Scan(&due).Error
	return due, mapError(err)
}
