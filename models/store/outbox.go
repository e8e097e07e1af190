package store

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"cubby/models"
)

// Rows of one workflow are delivered in the order of their ids. Ids are drawn before
// commit, so two transactions could show theirs in the other order; for one workflow they
// do not: its start commits before a cabinet can hear of it, and a cabinet's facts are
// taken in under its head's lock.

// start puts the start of a workflow into the outbox.
func startOf(workflow, id string, input any) models.OutboxRow {
	return models.OutboxRow{WorkflowID: id, Workflow: workflow, Kind: models.OutboxStart, Input: encode(input)}
}

func startShipment(id models.ShipmentID) models.OutboxRow {
	return startOf(models.WorkflowShipment, models.ShipmentWorkflowID(id), models.ShipmentInput{Shipment: id})
}

// signalFact tells a shipment's life of a fact, and starts the life where it has ended.
func signalFact(id models.ShipmentID, f models.FactSignal) models.OutboxRow {
	row := startShipment(id)
	row.Kind, row.Signal, row.Payload = models.OutboxSignal, models.SignalFact, encode(f)
	return row
}

// signalLocker tells a shipment's life news of a locker.
func signalLocker(id models.ShipmentID, s models.LockerSignal) models.OutboxRow {
	row := startShipment(id)
	row.Kind, row.Signal, row.Payload = models.OutboxSignal, models.SignalLocker, encode(s)
	return row
}

// signalContact tells a shipment's life how its client hears of it.
func signalContact(id models.ShipmentID, s models.ContactSignal) models.OutboxRow {
	row := startShipment(id)
	row.Kind, row.Signal, row.Payload = models.OutboxSignal, models.SignalContact, encode(s)
	return row
}

// post writes outbox rows.
func (t *tx) post(rows ...models.OutboxRow) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		rows[i].CreatedAt = t.now
	}
	t.forward = true
	return insert(t, rows...)
}

// encode gives the JSON of a message, which always has one.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("store: a message has no JSON form: " + err.Error())
	}
	return raw
}

// OutboxWritten receives after a commit that put rows in the outbox. One pending receive
// stands for any number of commits.
func (s *Store) OutboxWritten() <-chan struct{} { return s.outbox }

func (s *Store) ringOutbox() {
	select {
	case s.outbox <- struct{}{}:
	default:
	}
}

// OutboxBatch returns up to limit rows, oldest first.
func (s *Store) OutboxBatch(ctx context.Context, limit int) ([]models.OutboxRow, error) {
	rows, err := gorm.G[models.OutboxRow](s.read).Order("id").Limit(limit).Find(ctx)
	return rows, mapError(err)
}

// OutboxDone removes rows that were delivered.
func (s *Store) OutboxDone(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := s.at("outbox.before_done"); err != nil {
		return err
	}
	return s.tx(ctx, "outbox", func(t *tx) error {
		_, err := t.exec("DELETE FROM outbox WHERE id IN ?", ids)
		return err
	})
}

// OutboxSize counts the rows that wait.
func (s *Store) OutboxSize(ctx context.Context) (int64, error) {
	n, err := gorm.G[models.OutboxRow](s.read).Count(ctx, "*")
	return n, mapError(err)
}
