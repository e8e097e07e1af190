package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

const (
	// webhooksOf bounds the endpoints of an organization, those of its test keys apart.
	webhooksOf = 20
	// rotation is how long the key before signs too.
	rotation = 24 * time.Hour
)

// workerKey is a public key of the worker, to which the api seals what only the worker may read.
type workerKey struct {
	Purpose   string `gorm:"primaryKey"`
	Public    []byte
	UpdatedAt time.Time
}

// PublishWorkerKey says to which key the api is to seal.
func (s *Store) PublishWorkerKey(ctx context.Context, purpose string, public []byte) error {
	return s.tx(ctx, "worker_key", func(t *tx) error {
		_, err := t.exec(`INSERT INTO worker_keys (purpose, public, updated_at) VALUES (?, ?, ?)
			ON CONFLICT (purpose) DO UPDATE SET public = excluded.public, updated_at = excluded.updated_at
			WHERE worker_keys.public <> excluded.public`, purpose, public, t.now)
		return err
	})
}

// newKey makes a key for an endpoint and returns it sealed, and what its owner is shown once.
func (t *tx) newKey(w *models.Webhook) (shown models.WebhookKey, err error) {
	to, err := gorm.G[workerKey](t.db).Where("purpose = ?", models.PurposeWebhooks).Take(t.ctx)
	if to, err = take(to, err, ""); err != nil {
		if models.ErrorCode(err) == models.CodeNotFound {
			return "", models.Errorf(models.CodeUnavailable, "No worker has started yet. Please try again in a moment.")
		}
		return "", err
	}
	var raw [models.WebhookKeyBytes]byte
	if err := t.random(raw[:]); err != nil {
		return "", err
	}
	key, public := models.NewWebhookKey(w.Signing, raw[:])
	w.PublicKey = public
	w.Secret, err = models.SealWebhookKey(key, w.ID, to.Public)
	if w.Signing == models.SigningHMAC {
		shown = key
	}
	return shown, err
}

// CreateWebhook makes an endpoint, which is sent what happens from now on. The key is returned
// here, or by RotateWebhook, and nowhere else; of v1a there is none to return.
func (s *Store) CreateWebhook(ctx context.Context, r models.Request, w models.Webhook) (made models.Webhook, shown models.WebhookKey, err error) {
	if err := feedsFor(r.Actor, w.Feeds); err != nil {
		return made, "", err
	}
	w.ID, w.Test = models.WebhookID(s.ids.New(models.PrefixWebhook)), r.Actor.Test
	err = s.tx(ctx, "webhook", func(t *tx) error {
		made = w
		// The organization's row orders those who count its endpoints.
		if _, err := forUpdate[models.Organization](t).Where("id = ?", w.Organization).Take(t.ctx); err != nil {
			return err
		}
		n, err := gorm.G[models.Webhook](t.db).Where("organization = ? AND test = ?", w.Organization, w.Test).Count(t.ctx, "*")
		if err != nil {
			return err
		}
		if n >= webhooksOf {
			return models.Errorf(models.CodeConflict, "An organization has at most %d webhooks.", webhooksOf)
		}
		if shown, err = t.newKey(&made); err != nil {
			return err
		}
		made.CreatedAt, made.UpdatedAt = t.now, t.now
		if err := insert(t, made); err != nil {
			return err
		}
		if err := t.follow(made); err != nil {
			return err
		}
		return t.audit(r, "webhook.create", string(made.ID), "")
	})
	return made, shown, err
}

// feedsFor refuses feeds that the actor may not read.
func feedsFor(a models.Actor, feeds []models.Feed) error {
	if slices.Contains(feeds, models.FeedOperators) && !a.Operator() {
		return models.Errorf(models.CodeForbidden, "The feed operators is for operators.")
	}
	return nil
}

// follow gives an endpoint a cursor at the end of each of its scopes, where it has none, and takes
// away those of scopes that it is sent no more.
func (t *tx) follow(w models.Webhook) error {
	if _, err := t.exec("DELETE FROM webhook_cursors WHERE webhook = ? AND scope NOT IN ?", w.ID, w.Scopes()); err != nil {
		return err
	}
	known, err := gorm.G[feedScope](t.db).Where("scope IN ?", w.Scopes()).Find(t.ctx)
	if err != nil {
		return err
	}
	end := positionsOf(known)
	for _, scope := range w.Scopes() {
		if _, err := insertNew(t, models.WebhookCursor{Webhook: w.ID, Scope: scope, Position: end[scope]}); err != nil {
			return err
		}
	}
	return nil
}

// ownWebhook reads an endpoint, as if it did not exist if it is another organization's, or of test keys where the
// actor's is none and the other way round.
func ownWebhook(ctx context.Context, query gorm.Interface[models.Webhook], a models.Actor, id models.WebhookID) (models.Webhook, error) {
	row, err := query.Where("id = ?", id).Take(ctx)
	row, err = take(row, err, "There is no such webhook.")
	if err == nil && !a.Operator() && (a.Test != row.Test || a.Organization == "" || a.Organization != row.Organization) {
		return models.Webhook{}, models.Errorf(models.CodeNotFound, "There is no such webhook.")
	}
	return row, err
}

// Webhook returns one of the actor's organization.
func (s *Store) Webhook(ctx context.Context, a models.Actor, id models.WebhookID) (models.Webhook, error) {
	return ownWebhook(ctx, gorm.G[models.Webhook](s.read), a, id)
}

// Webhooks returns a page of an organization's, ordered by id; empty: of all, for an operator.
func (s *Store) Webhooks(ctx context.Context, a models.Actor, o models.OrganizationID, p models.Page) ([]models.Webhook, error) {
	query := gorm.G[models.Webhook](s.read).Where("id > ?", p.Cursor)
	if !a.Operator() {
		o = a.Organization
		query = query.Where("test = ?", a.Test)
	}
	if o != "" {
		query = query.Where("organization = ?", o)
	}
	found, err := query.Order("id").Limit(p.Limit).Find(ctx)
	return found, mapError(err)
}

// changeWebhook changes an endpoint under its row's lock, audited, and has its workflow look.
func (s *Store) changeWebhook(ctx context.Context, r models.Request, id models.WebhookID, action, detail string,
	change func(t *tx, w *models.Webhook) error) (w models.Webhook, err error) {
	err = s.tx(ctx, "webhook", func(t *tx) error {
		var err error
		if w, err = ownWebhook(t.ctx, forUpdate[models.Webhook](t), r.Actor, id); err != nil {
			return err
		}
		if err := change(t, &w); err != nil {
			return err
		}
		w.UpdatedAt = t.now
		if err := t.db.Save(&w).Error; err != nil {
			return err
		}
		if err := t.audit(r, action, string(id), detail); err != nil {
			return err
		}
		return t.post(wakeWebhook(id))
	})
	return w, err
}

// wakeWebhook has an endpoint's workflow look what there is to do, and starts it where it has
// ended.
func wakeWebhook(id models.WebhookID) models.OutboxRow {
	row := startOf(models.WorkflowWebhook, models.WebhookWorkflowID(id), models.WebhookInput{Webhook: id})
	row.Kind, row.Signal = models.OutboxSignal, models.SignalWake
	return row
}

// ChangeWebhook changes what is named of an endpoint. Paused set to false also takes up again one
// that was disabled, from where it was given up. Another URL has all its attempts, the first at
// once.
func (s *Store) ChangeWebhook(ctx context.Context, r models.Request, id models.WebhookID, c models.WebhookChange) (models.Webhook, error) {
	if c.Feeds != nil {
		if err := feedsFor(r.Actor, *c.Feeds); err != nil {
			return models.Webhook{}, err
		}
	}
	return s.changeWebhook(ctx, r, id, "webhook.change", "", func(t *tx, w *models.Webhook) error {
		another := c.URL != nil && *c.URL != w.URL
		set(&w.URL, c.URL)
		set(&w.Description, c.Description)
		set(&w.Types, c.Types)
		set(&w.Feeds, c.Feeds)
		set(&w.Paused, c.Paused)
		if c.Paused != nil && !*c.Paused && w.DisabledAt != nil {
			w.DisabledAt, w.DisabledReason, another = nil, "", true
			if err := t.resolve("it is taken up again", "key = ?", webhookKey(id)); err != nil {
				return err
			}
		}
		if another {
			if _, err := t.exec("UPDATE webhook_cursors SET attempt = 0, next_at = NULL WHERE webhook = ?", id); err != nil {
				return err
			}
		} else if c.Types != nil { // the event that was tried may be wanted no more, and the next one has all its attempts
			if _, err := t.exec("UPDATE webhook_cursors SET attempt = 0 WHERE webhook = ?", id); err != nil {
				return err
			}
		}
		return t.follow(*w)
	})
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// RotateWebhook gives an endpoint a new key. The one before signs too for a day.
func (s *Store) RotateWebhook(ctx context.Context, r models.Request, id models.WebhookID) (w models.Webhook, shown models.WebhookKey, err error) {
	w, err = s.changeWebhook(ctx, r, id, "webhook.rotate", "", func(t *tx, w *models.Webhook) error {
		until := t.now.Add(rotation)
		w.Previous, w.PreviousUntil = w.Secret, &until
		var err error
		shown, err = t.newKey(w)
		return err
	})
	return w, shown, err
}

// DeleteWebhook ends an endpoint with its log.
func (s *Store) DeleteWebhook(ctx context.Context, r models.Request, id models.WebhookID) error {
	return s.tx(ctx, "webhook", func(t *tx) error {
		if _, err := ownWebhook(t.ctx, forUpdate[models.Webhook](t), r.Actor, id); err != nil {
			return err
		}
		for _, table := range []string{"webhook_deliveries", "webhook_cursors"} {
			if _, err := t.exec("DELETE FROM "+table+" WHERE webhook = ?", id); err != nil {
				return err
			}
		}
		for _, table := range []string{"feed", "feed_scopes"} {
			if _, err := t.exec("DELETE FROM "+table+" WHERE scope = ?", models.ScopeOfWebhook(id)); err != nil {
				return err
			}
		}
		if _, err := t.exec("DELETE FROM webhooks WHERE id = ?", id); err != nil {
			return err
		}
		if err := t.resolve("the webhook was deleted", "key = ?", webhookKey(id)); err != nil {
			return err
		}
		if err := t.audit(r, "webhook.delete", string(id), ""); err != nil {
			return err
		}
		return t.post(wakeWebhook(id))
	})
}

// TestWebhook has an endpoint sent a test, and returns the id of its event. It returns
// invalid_state for one that is sent nothing now.
func (s *Store) TestWebhook(ctx context.Context, r models.Request, id models.WebhookID) (e models.EventID, err error) {
	_, err = s.changeWebhook(ctx, r, id, "webhook.test", "", func(t *tx, w *models.Webhook) error {
		if !w.Active() {
			return models.Errorf(models.CodeInvalidState, "The webhook is paused or disabled.")
		}
		e = models.EventID(t.ids.New(models.PrefixEvent))
		t.tell(models.FeedEvent{ID: e, Type: models.EventWebhookTest, At: t.now, Data: models.EventData{Webhook: id}}, models.ScopeOfWebhook(id))
		return nil
	})
	return e, err
}

// WebhookDeliveries returns a page of an endpoint's attempts, the newest first: those before the
// cursor.
func (s *Store) WebhookDeliveries(ctx context.Context, a models.Actor, id models.WebhookID, p models.Page) ([]models.WebhookDelivery, error) {
	if _, err := s.Webhook(ctx, a, id); err != nil {
		return nil, err
	}
	query := gorm.G[models.WebhookDelivery](s.read).Where("webhook = ?", id)
	if p.Cursor != "" {
		query = query.Where("id < ?", p.Cursor)
	}
	found, err := query.Order("id DESC").Limit(p.Limit).Find(ctx)
	return found, mapError(err)
}

// ReplayDelivery has the event of an attempt sent once more, under its own id, beside the feed. It
// returns not_found when there is no such attempt, or the event is past its retention.
func (s *Store) ReplayDelivery(ctx context.Context, r models.Request, id models.WebhookID, d models.DeliveryID) error {
	_, err := s.changeWebhook(ctx, r, id, "webhook.replay", string(d), func(t *tx, _ *models.Webhook) error {
		row, err := gorm.G[models.WebhookDelivery](t.db).Where("id = ? AND webhook = ?", d, id).Take(t.ctx)
		if row, err = take(row, err, "There is no such delivery."); err != nil {
			return err
		}
		e, err := gorm.G[models.FeedEvent](t.db).Where("scope = ? AND position = ?", row.Scope, row.Position).Take(t.ctx)
		if e, err = take(e, err, "The event is not kept any more."); err != nil {
			return err
		}
		t.tell(models.FeedEvent{ID: e.ID, Type: e.Type, At: e.At, Data: e.Data}, models.ScopeOfWebhook(id))
		return nil
	})
	return err
}

// ReplayWebhook puts an endpoint's cursors back, or forward: in one feed to after a position, or in
// all of its feeds to a moment.
func (s *Store) ReplayWebhook(ctx context.Context, r models.Request, id models.WebhookID, to models.WebhookReplay) error {
	_, err := s.changeWebhook(ctx, r, id, "webhook.replay", "", func(t *tx, w *models.Webhook) error {
		if to.Since == nil {
			if !slices.Contains(w.Feeds, to.Feed) {
				var f models.Fields
				f.Add("/feed", "is not a feed of this webhook")
				return f.Err()
			}
			_, err := t.exec(`UPDATE webhook_cursors SET attempt = 0, next_at = NULL,
				position = (SELECT CASE WHEN CAST(@after AS bigint) < position THEN CAST(@after AS bigint) ELSE position END FROM feed_scopes WHERE scope = @scope)
				WHERE webhook = @webhook AND scope = @scope AND EXISTS (SELECT 1 FROM feed_scopes WHERE scope = @scope)`,
				map[string]any{"after": to.After, "webhook": id, "scope": to.Feed.Scope(w.Organization, w.Test)})
			return err
		}
		for _, feed := range w.Feeds {
			// Before the first event since then: one that was committed later may be of a moment before.
			_, err := t.exec(`UPDATE webhook_cursors SET attempt = 0, next_at = NULL, position = coalesce(
				(SELECT min(position) - 1 FROM feed WHERE scope = @scope AND created_at >= @since),
				(SELECT position FROM feed_scopes WHERE scope = @scope), 0) WHERE webhook = @webhook AND scope = @scope`,
				map[string]any{"since": to.Since.UTC(), "webhook": id, "scope": feed.Scope(w.Organization, w.Test)})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func webhookKey(id models.WebhookID) string { return string(id) + "/" + string(models.IncidentWebhook) }

// webhookOf is the endpoint that an incident is about.
func webhookOf(i models.Incident) models.WebhookID {
	id, _, _ := strings.Cut(i.Key, "/")
	return models.WebhookID(id)
}
