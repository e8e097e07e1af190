package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"cubby/models"
)

// tell puts an event into feeds. It may be called anywhere in a transaction: the rows are
// written at its end, see tellAll. Scopes that are empty or named twice are told once or not.
func (t *tx) tell(e models.FeedEvent, scopes ...string) {
	if e.ID == "" {
		e.ID = models.EventID(t.ids.New(models.PrefixEvent))
	}
	e.At, e.CreatedAt = e.At.UTC(), t.now
	slices.Sort(scopes)
	for _, scope := range slices.Compact(scopes) {
		e.Scope = scope
		t.feed = append(t.feed, e)
	}
}

// tellOf tells those who see a shipment: its carrier and its shop. Data's shipment and number
// are filled in.
func (t *tx) tellOf(s models.Shipment, e models.FeedEvent) {
	e.Data.Shipment, e.Data.Number = s.ID, s.Number
	t.tell(e, partiesOf(s)...)
}

// partiesOf are the scopes of those who see a shipment.
func partiesOf(s models.Shipment) []string {
	of := models.ScopeOfEvents // what is of test lockers has a feed of its own
	if s.Test {
		of = models.ScopeOfTestEvents
	}
	scopes := []string{of(s.Carrier)}
	if s.Shop != "" {
		scopes = append(scopes, of(s.Shop))
	}
	return scopes
}

// tellNetwork tells every organization of a locker; of a test locker test keys alone.
func (t *tx) tellNetwork(test bool, e models.FeedEvent) {
	t.tell(e, models.FeedNetwork.Scope("", test))
}

// tellOperators tells operators alone.
func (t *tx) tellOperators(e models.FeedEvent) { t.tell(e, models.ScopeOfOperatorsFeed) }

// tellAll writes what was told. It is the last that a transaction does: a feed is one lock for
// all who write to it, held for as short as can be, and all feeds of a transaction are locked by
// one statement in the order of their names, so that no two wait for each other in a circle.
func (t *tx) tellAll() error {
	if len(t.feed) == 0 {
		return nil
	}
	counts := map[string]int64{}
	for _, e := range t.feed {
		counts[e.Scope]++
	}
	scopes := slices.Sorted(maps.Keys(counts))
	values, args := make([]string, len(scopes)), make([]any, 0, 2*len(scopes))
	for i, scope := range scopes {
		values[i] = "(?, CAST(? AS bigint))"
		args = append(args, scope, counts[scope])
	}
	var ends []feedScope
	err := t.db.Raw(`INSERT INTO feed_scopes (scope, position) VALUES `+strings.Join(values, ", ")+`
		ON CONFLICT (scope) DO UPDATE SET position = feed_scopes.position + excluded.position
		RETURNING scope, position`, args...).Scan(&ends).Error
	if err != nil {
		return err
	}
	next := positionsOf(ends)
	for scope, n := range counts {
		next[scope] -= n
	}
	for i := range t.feed {
		next[t.feed[i].Scope]++
		t.feed[i].Position = next[t.feed[i].Scope]
	}
	return insert(t, t.feed...)
}

// writeEvents adds those of a shipment's events that are not written yet to its history, and
// tells its parties of them.
func (t *tx) writeEvents(s models.Shipment, events ...models.Event) error {
	if len(events) == 0 {
		return nil
	}
	ids := make([]models.EventID, len(events))
	for i := range events {
		ids[i] = models.EventID(t.ids.New(models.PrefixEvent))
		events[i].ID, events[i].At, events[i].CreatedAt = ids[i], events[i].At.UTC(), t.now
	}
	added, err := insertNew(t, events...)
	if err != nil {
		return err
	}
	if added < int64(len(events)) {
		if err := t.db.Raw("SELECT id FROM events WHERE shipment = ? AND id IN ?", s.ID, ids).Scan(&ids).Error; err != nil {
			return err
		}
	}
	for _, e := range events {
		if !slices.Contains(ids, e.ID) {
			continue
		}
		t.tellOf(s, models.FeedEvent{ID: e.ID, Type: e.Type, At: e.At, Data: models.EventData{
			Seq: &e.Seq, Parcel: e.Parcel, Locker: e.Locker, Cell: e.Cell, Operation: e.Operation, Reason: e.Reason,
		}})
	}
	return nil
}

// Events returns a page of a feed, in order. It returns forbidden for a feed that the actor may not
// read, and not_found for another organization.
func (s *Store) Events(ctx context.Context, q models.EventQuery) ([]models.FeedEvent, error) {
	if q.Organization == "" {
		q.Organization = q.Actor.Organization
	}
	if q.Organization != q.Actor.Organization && !q.Actor.Operator() {
		return nil, models.Errorf(models.CodeNotFound, "There is no organization with this id.")
	}
	if q.Feed == models.FeedOperators && !q.Actor.Operator() {
		return nil, models.Errorf(models.CodeForbidden, "The feed operators is for operators.")
	}
	scope := q.Feed.Scope(q.Organization, q.Actor.Test)
	found, err := gorm.G[models.FeedEvent](s.read).
		Where("scope = ? AND position > ?", scope, q.After).Order("position").Limit(q.Limit).Find(ctx)
	return found, mapError(err)
}
