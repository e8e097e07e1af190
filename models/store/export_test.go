package store

import (
	"context"

	"gorm.io/gorm"

	"cubby/models"
)

// Tables lists a value of every table's type.
func Tables() []any {
	return []any{
		models.Organization{}, models.APIKey{}, models.Location{}, models.CabinetModel{}, models.Locker{},
		models.StoredCell{}, models.StoredPolicy{}, models.Courier{}, models.Shipment{}, models.Parcel{},
		models.Contact{}, models.Promise{}, models.Event{}, models.Head{}, models.StoredFact{}, feedScope{},
		models.DirectoryRow{}, models.OutboxRow{}, lease{}, connection{}, models.Notification{}, models.Incident{},
		models.AuditEntry{}, idempotencyRecord{}, models.Limit{}, models.Claim{}, models.Certificate{}, gatewayInstance{},
		outage{}, models.Staff{}, models.StaffSession{}, models.SignInTries{},
	}
}

// DB gives tests the tables themselves.
func (s *Store) DB() *gorm.DB { return s.write }

// Feed writes a network directory entry in a transaction and calls hold before it commits.
func (s *Store) Feed(ctx context.Context, key string, hold func()) error {
	return s.tx(ctx, "feed", func(t *tx) error {
		err := t.writeDirectory(models.ScopeNetwork, models.DirectoryRow{Kind: models.EntryPolicy, Key: key, Body: []byte("{}")})
		hold()
		return err
	})
}
