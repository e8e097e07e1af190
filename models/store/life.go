package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"cubby/models"
)

// LoadLife returns the stored end of an earlier life, a fresh one, or, after a loss of the
// engine's database, the lost one as far as it had written. Each goes on above the
// projections and events that are written already.
func (s *Store) LoadLife(ctx context.Context, id models.ShipmentID) (models.Life, error) {
	row, err := gorm.G[models.Shipment](s.read).Where("id = ?", id).Take(ctx)
	row, err = take(row, err, "There is no such shipment.")
	if err != nil {
		return models.Life{}, err
	}
	var life models.Life
	if row.Life != nil && row.State.Final() {
		life = *row.Life
		next := 0
		err = s.read.WithContext(ctx).Raw("SELECT coalesce(max(seq), -1) + 1 FROM events WHERE shipment = ?", id).Scan(&next).Error
		life.Rev, life.NextEvent, life.Issue = max(life.Rev, row.Rev), max(life.NextEvent, next), row.Issue
		return life, mapError(err)
	}
	parcels, err := parcelsOf(ctx, s.read, id)
	if err != nil {
		return life, mapError(err)
	}
	policy, err := policyOf(ctx, s.read, row)
	if err != nil {
		return life, mapError(err)
	}
	if row.Rev == 0 {
		life = *models.NewLife(row, parcels, policy)
	} else if life, err = s.recoverLife(ctx, row, parcels, policy); err != nil {
		return life, err
	}
	// The room that another locker keeps says where a re-routed shipment goes.
	err = s.read.WithContext(ctx).Raw("SELECT coalesce(min(locker), '') FROM promises WHERE shipment = ? AND locker <> ?",
		id, row.Locker).Scan(&life.To).Error
	return life, mapError(err)
}

// recoverLife makes a lost life from what it had written, with the messages that it had
// not sent yet.
func (s *Store) recoverLife(ctx context.Context, row models.Shipment, parcels []models.Parcel, p models.Policy) (models.Life, error) {
	events, err := gorm.G[models.Event](s.read).Where("shipment = ?", row.ID).Order("seq").Find(ctx)
	if err != nil {
		return models.Life{}, mapError(err)
	}
	life := models.RecoverLife(row, parcels, p, events)
	err = s.read.WithContext(ctx).Raw("SELECT id FROM notifications WHERE subject = ? AND state IN ? ORDER BY kind, n",
		row.ID, models.Unsent()).Scan(&life.Unsent).Error
	return *life, mapError(err)
}

// NextIssue sets an issue of a shipment's pickup code above after, unless it has one, and
// returns it. The locker's lock keeps two shipments from choosing codes that collide.
func (s *Store) NextIssue(ctx context.Context, id models.ShipmentID, after int,
	choose func(of models.Shipment, open []models.Shipment) (int, error)) (issue int, err error) {
	err = s.tx(ctx, "issue", func(t *tx) error {
		row, err := gorm.G[models.Shipment](t.db).Where("id = ?", id).Take(t.ctx)
		if row, err = take(row, err, "There is no such shipment."); err != nil || row.Issue > after {
			issue = row.Issue
			return err
		}
		if _, err := forUpdate[models.Locker](t).Where("id = ?", row.Locker).Take(t.ctx); err != nil {
			return err
		}
		// Again, under the lock: another worker may have been faster.
		if row, err = forUpdate[models.Shipment](t).Where("id = ?", id).Take(t.ctx); err != nil || row.Issue > after {
			issue = row.Issue
			return err
		}
		open, err := gorm.G[models.Shipment](t.db).
			Where("locker = ? AND ended_at IS NULL AND issue > 0 AND id <> ?", row.Locker, id).Order("id").Find(t.ctx)
		if err != nil {
			return err
		}
		if row.Issue, err = choose(row, open); err != nil {
			return err
		}
		// Who has a message with the code before has the address of the page too, which shows the code by now.
		if _, err := t.exec("UPDATE shipments SET issue = ?, page_rev = page_rev + CASE WHEN issue > 0 THEN 1 ELSE 0 END, updated_at = ? WHERE id = ?",
			row.Issue, t.now, id); err != nil {
			return err
		}
		issue = row.Issue
		if row.EndedAt != nil {
			return nil
		}
		return t.expectAt(row)
	})
	return issue, err
}

// expectAt tells the shipment's cabinet of it.
func (t *tx) expectAt(row models.Shipment) error {
	parcels, err := parcelsOf(t.ctx, t.db, row.ID)
	if err != nil {
		return err
	}
	policy, err := policyOf(t.ctx, t.db, row)
	if err != nil {
		return err
	}
	promises, err := gorm.G[models.Promise](t.db).Where("shipment = ? AND locker = ?", row.ID, row.Locker).Find(t.ctx)
	if err != nil {
		return err
	}
	callable, err := t.callable(row)
	if err != nil {
		return err
	}
	return t.writeLocker(row.Locker, shipmentEntry(row, parcels, policy, promises, callable))
}

// Project writes a projection, with the grant that goes with it, signed by sign, and returns
// the messages to send, and the end of storage if it was to be reckoned.
func (s *Store) Project(ctx context.Context, p models.Projection, sign func(models.Grant) models.SignedGrant) (res models.ProjectResult, err error) {
	err = s.tx(ctx, "project", func(t *tx) error {
		row, err := forUpdate[models.Shipment](t).Where("id = ?", p.Shipment).Take(t.ctx)
		if row, err = take(row, err, "There is no such shipment."); err != nil {
			return err
		}
		res = models.ProjectResult{}
		if p.Clock != nil {
			if p.Rev <= row.Rev {
				p.ExpiresAt = row.ExpiresAt
			} else if err := t.reckonEnd(&p); err != nil {
				return err
			}
			if p.ExpiresAt != nil {
				res.EndsAt = p.ExpiresAt.UTC()
			}
		}
		if err := t.project(row, p, sign); err != nil {
			return err
		}
		if len(p.Notify) == 0 {
			return nil
		}
		res.Notifications, err = t.toSend(string(p.Shipment), p.Notify...)
		return err
	})
	return res, err
}

// reckonEnd sets the end of storage that a projection shows. It is never before the one that
// the life knows.
func (t *tx) reckonEnd(p *models.Projection) error {
	clock := p.Clock.Clock
	var outages []models.Span
	if t.now.Sub(clock.From) >= outageLeast { // else there was no time for one
		var err error
		if outages, _, err = t.outagesSince(t.ctx, t.db, p.Clock.Locker, clock.From); err != nil {
			return err
		}
	}
	end, err := t.clockEnd(t.ctx, t.db, *p.Clock, outages)
	if err == nil && end.After(*p.ExpiresAt) {
		p.ExpiresAt = &end
	}
	return err
}

// project writes what is newer than the row: its revision is the one guard.
func (t *tx) project(row models.Shipment, p models.Projection, sign func(models.Grant) models.SignedGrant) error {
	wasEnded, ends := row.EndedAt != nil, p.Final != nil || p.State.Final()
	ended := row.EndedAt
	switch {
	case !ends:
		ended = nil
	case ended == nil:
		ended = &t.now
	}
	var life any // NULL
	if p.Final != nil {
		life = string(encode(p.Final))
	}
	n, err := t.exec(`UPDATE shipments SET state = ?, rev = ?, frozen = ?, ready_at = ?, expires_at = ?, ended_at = ?, life = ?, updated_at = ?
		WHERE id = ? AND rev < ?`,
		p.State, p.Rev, p.Frozen, utc(p.ReadyAt), utc(p.ExpiresAt), ended, life, t.now, p.Shipment, p.Rev)
	if err != nil || n == 0 {
		return err
	}
	for _, parcel := range p.Parcels {
		if _, err := t.exec("UPDATE parcels SET state = ?, cell = ? WHERE id = ? AND shipment = ? AND (state <> ? OR cell <> ?)",
			parcel.State, parcel.Cell, parcel.ID, p.Shipment, parcel.State, parcel.Cell); err != nil {
			return err
		}
	}
	if p.Again != nil {
		if row, err = t.shownAgain(row, p, ends); err != nil {
			return err
		}
	}
	if err := t.projectNotify(row, p); err != nil {
		return err
	}
	if p.NoRoom && !ends {
		if _, err := t.exec("DELETE FROM promises WHERE shipment = ?", row.ID); err != nil {
			return err
		}
	}
	if p.Withdrawal != nil {
		if err := t.grantWithdrawal(*p.Withdrawal, sign); err != nil {
			return err
		}
	}
	switch {
	case ends && !wasEnded:
		err = t.endShipment(row)
	case !ends && wasEnded:
		row.Frozen = p.Frozen
		err = t.resumeShipment(row)
	case !ends && row.Frozen != p.Frozen:
		row.Frozen = p.Frozen
		err = t.expectAt(row)
	}
	if err != nil {
		return err
	}
	return t.writeEvents(row, p.Events...)
}

// shownAgain puts right what no projection shows: where the shipment goes, which code is its
// client's, and what its cabinets were told.
func (t *tx) shownAgain(row models.Shipment, p models.Projection, ended bool) (models.Shipment, error) {
	if row.Locker != p.Again.Locker {
		policy, err := policyOf(t.ctx, t.db, row)
		if err != nil {
			return row, err
		}
		if row.Codes, err = t.codesAt(policy, p.Again.Locker); err != nil {
			return row, err
		}
		gone := models.DirectoryRow{Kind: models.EntryShipment, Key: string(row.ID), Deleted: true}
		if err := t.writeLocker(row.Locker, gone); err != nil {
			return row, err
		}
	}
	row.Locker, row.Issue, row.Frozen = p.Again.Locker, max(row.Issue, p.Again.Issue), p.Frozen
	if _, err := t.exec("UPDATE shipments SET locker = ?, issue = ?, codes = ?, contact_changes = ?, contact_told = ? WHERE id = ?",
		row.Locker, row.Issue, row.Codes, max(row.ContactChanges, p.Again.Contacts), max(row.ContactTold, p.Again.Contacts), row.ID); err != nil {
		return row, err
	}
	if _, err := t.exec("UPDATE promises SET locker = ? WHERE shipment = ?", p.Again.Room, row.ID); err != nil {
		return row, err
	}
	if ended {
		return row, nil // its end takes it back
	}
	return row, t.expectAt(row)
}

// grantWithdrawal tells a cabinet what couriers may take out of it, or may not any more.
func (t *tx) grantWithdrawal(w models.DirectoryWithdrawal, sign func(models.Grant) models.SignedGrant) error {
	if w.To != "" {
		err := t.db.Raw(`SELECT l.number || ', ' || p.address FROM lockers l JOIN locations p ON p.id = l.location WHERE l.id = ?`,
			w.To).Scan(&w.Place).Error
		if err != nil {
			return err
		}
	}
	var known int64
	err := t.db.Raw("SELECT coalesce(max(rev), 0) FROM directory WHERE scope = ? AND kind = ? AND key = ?",
		models.ScopeOfLocker(w.Locker), models.EntryWithdrawal, w.Shipment).Scan(&known).Error
	if err != nil {
		return err
	}
	grant := models.Grant{Kind: models.EntryWithdrawal, Key: string(w.Shipment), Rev: t.revAfter(known), Body: encode(w)}
	return t.writeLocker(w.Locker, sign(grant).Row())
}

// projectNotify makes the messages that a projection brings, if the client has an address.
func (t *tx) projectNotify(row models.Shipment, p models.Projection) error {
	if len(p.Notify) == 0 {
		return nil
	}
	if n := p.Numbers[models.NoticeContactChanged]; n > 0 {
		if err := t.tellFormer(row, n); err != nil {
			return err
		}
	}
	contact, err := gorm.G[models.Contact](t.db).Where("shipment = ?", p.Shipment).Take(t.ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return t.notTold(p)
	}
	if err != nil {
		return err
	}
	for _, kind := range p.Notify {
		if kind == models.NoticeContactChanged {
			continue
		}
		n := p.Numbers[kind]
		if kind == models.NoticeCodeReissued {
			n = row.Issue // one message for each issue
		}
		for _, channel := range kind.Channels(contact) {
			if _, err := t.notify(string(p.Shipment), kind, n, channel); err != nil {
				return err
			}
		}
	}
	return nil
}

// endShipment gives back what a shipment holds: barcodes, promises, its directory entry.
func (t *tx) endShipment(row models.Shipment) error {
	if _, err := t.exec("UPDATE parcels SET open = ? WHERE shipment = ? AND open", false, row.ID); err != nil {
		return err
	}
	if err := t.releaseAll(row.ID, row.Locker); err != nil {
		return err
	}
	return t.writeLocker(row.Locker, models.DirectoryRow{Kind: models.EntryShipment, Key: string(row.ID), Deleted: true})
}

// resumeShipment undoes endShipment after a late fact. A barcode that another parcel has
// by now stays that parcel's: physical truth must not fail on a label.
func (t *tx) resumeShipment(row models.Shipment) error {
	_, err := t.exec(`UPDATE parcels SET open = ? WHERE shipment = ? AND NOT open AND NOT EXISTS (
		SELECT 1 FROM parcels other WHERE other.carrier = parcels.carrier AND other.barcode = parcels.barcode AND other.open)`,
		true, row.ID)
	if err != nil {
		return err
	}
	return t.expectAt(row)
}
