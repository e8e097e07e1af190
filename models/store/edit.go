package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// EditShipment changes what was announced, where the shipment's state allows it: all of it or
// nothing. A contact that knew the pickup code is kept until it is told of the change; the
// shipment's life hears of it in the same transaction.
func (s *Store) EditShipment(ctx context.Context, e models.ShipmentEdit) error {
	before, err := s.visible(ctx, e.Actor, e.Shipment)
	if err != nil {
		return err
	}
	return s.tx(ctx, "edit", func(t *tx) error {
		// In the order of every other transaction that knows both: a locker's lock comes first.
		if _, err := forUpdate[models.Locker](t).Where("id = ?", before.Locker).Take(t.ctx); err != nil {
			return err
		}
		row, err := forUpdate[models.Shipment](t).Where("id = ?", e.Shipment).Take(t.ctx)
		if err != nil {
			return err
		}
		if row.Locker != before.Locker {
			return models.Errorf(models.CodeUnavailable, "The shipment was just re-routed. Please try again.")
		}
		var changed []string
		for _, field := range e.Fields() {
			if !row.State.MayEdit(field) {
				return models.Errorf(models.CodeInvalidState, "The shipment is %s: %s cannot be changed any more.", row.State, field)
			}
			changed = append(changed, string(field))
		}
		if err := t.editContact(&row, e); err != nil {
			return err
		}
		if e.Language != "" {
			row.Language = e.Language
		}
		if e.ExpectedAt != nil {
			row.ExpectedAt = utc(e.ExpectedAt)
		}
		if e.EasyReach != nil {
			row.EasyReach = *e.EasyReach
		}
		if _, err := t.exec("UPDATE shipments SET notify_by = ?, language = ?, expected_at = ?, easy_reach = ?, contact_changes = ?, page_rev = ?, updated_at = ? WHERE id = ?",
			row.NotifyBy, row.Language, row.ExpectedAt, row.EasyReach, row.ContactChanges, row.PageRev, t.now, row.ID); err != nil {
			return err
		}
		if e.ExpectedAt != nil || e.EasyReach != nil || len(e.Parcels) > 0 {
			if err := t.editParcels(row, e.Parcels); err != nil {
				return err
			}
		}
		if err := t.tellEdited(row, e); err != nil {
			return err
		}
		return t.audit(e.Request, "shipment.edit", string(row.ID), strings.Join(changed, ", "))
	})
}

// editContact changes how the client is reached, and how row says so.
func (t *tx) editContact(row *models.Shipment, e models.ShipmentEdit) error {
	if e.Contact == nil && e.NotifyBy == "" {
		return nil
	}
	old, err := gorm.G[models.Contact](t.db).Where("shipment = ?", row.ID).Find(t.ctx)
	if err != nil {
		return err
	}
	was := models.Contact{Shipment: row.ID}
	if len(old) > 0 {
		was = old[0]
	}
	is, notify := was, row.NotifyBy
	if e.Contact != nil {
		is.Name, is.Phone, is.Email = e.Contact.Name, e.Contact.Phone, e.Contact.Email
	}
	if e.NotifyBy != "" {
		notify = e.NotifyBy
	}
	if notify == models.NotifyContact && is.Phone == "" && is.Email == "" {
		return fieldError("/contact", "must have a phone or an email, unless notify_by is carrier")
	}
	another := was.Phone != is.Phone || was.Email != is.Email || notify != row.NotifyBy
	if is != was {
		is.CreatedAt = t.now
		if err := t.db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&is).Error; err != nil {
			return err
		}
	}
	if !another {
		return nil
	}
	row.PageRev++ // its former address shows the code too
	known, err := t.codeKnown(*row)
	if err != nil {
		return err
	}
	if known {
		row.ContactChanges++
		if row.NotifyBy == models.NotifyContact && (was.Phone != "" || was.Email != "") {
			if err := insert(t, models.FormerContact{
				Shipment: row.ID, N: row.ContactChanges, Name: was.Name, Phone: was.Phone, Email: was.Email, Language: row.Language, CreatedAt: t.now,
			}); err != nil {
				return err
			}
		}
	}
	row.NotifyBy = notify
	return t.post(signalContact(row.ID, models.ContactSignal{Change: row.ContactChanges, NotifyBy: notify}))
}

// codeKnown reports whether the client may know the code: they were told it, or their page has
// shown it since the first of the parcels came.
func (t *tx) codeKnown(row models.Shipment) (bool, error) {
	if row.ReadyAt != nil {
		return true, nil
	}
	var shown bool
	err := t.db.Raw("SELECT EXISTS (SELECT 1 FROM pages WHERE shipment = ?) AND EXISTS (SELECT 1 FROM parcels WHERE shipment = ? AND state <> ?)",
		row.ID, row.ID, models.ParcelExpected).Scan(&shown).Error
	return shown, err
}

// editParcels changes parcels that are in no cell yet, and has their locker keep the room that they
// need now.
func (t *tx) editParcels(row models.Shipment, edits []models.ParcelEdit) error {
	parcels, err := parcelsOf(t.ctx, t.db, row.ID)
	if err != nil {
		return err
	}
	at := map[models.ParcelID]*models.Parcel{}
	for i := range parcels {
		at[parcels[i].ID] = &parcels[i]
	}
	for i, e := range edits {
		p := at[e.ID]
		if p == nil {
			return fieldError("/parcels/"+strconv.Itoa(i)+"/id", "is not a parcel of this shipment")
		}
		if p.State != models.ParcelExpected {
			return models.Errorf(models.CodeInvalidState, "Parcel %s is %s: its size cannot be changed any more.", p.ID, p.State)
		}
		if e.Size != "" {
			p.Size, p.SizeFrom = e.Size, models.SizeTold
		}
		if e.Dimensions != (models.Dimensions{}) {
			p.Dimensions = e.Dimensions
		}
		if e.WeightG != 0 {
			p.WeightG = e.WeightG
		}
		if e.Size == "" && e.Dimensions != (models.Dimensions{}) {
			size, err := fitting(t.ctx, t.db, row.Locker, row, *p)
			if err != nil {
				return err
			}
			if size != "" {
				p.Size, p.SizeFrom = size, models.SizeTold
			}
		}
		if _, err := t.exec("UPDATE parcels SET size = ?, size_from = ?, dimensions = ?, weight_g = ? WHERE id = ?",
			p.Size, p.SizeFrom, string(encode(p.Dimensions)), p.WeightG, p.ID); err != nil {
			return err
		}
	}
	return t.promiseAgain(row, parcels)
}

// tellEdited has the cabinet told what is another for it.
func (t *tx) tellEdited(row models.Shipment, e models.ShipmentEdit) error {
	told := e.ExpectedAt != nil || e.EasyReach != nil || len(e.Parcels) > 0 || e.Contact != nil || e.NotifyBy != ""
	if !told || row.Issue == 0 {
		return nil // or its cabinet hears of it with its code
	}
	return t.expectAt(row)
}

// promiseAgain puts promises as the parcels are now in the place of those that a shipment has.
func (t *tx) promiseAgain(row models.Shipment, parcels []models.Parcel) error {
	kept, err := gorm.G[models.Promise](t.db).Where("shipment = ? AND locker = ?", row.ID, row.Locker).Order("parcel").Find(t.ctx)
	if err != nil || len(kept) == 0 {
		return err
	}
	if _, err := t.exec("DELETE FROM promises WHERE shipment = ? AND locker = ?", row.ID, row.Locker); err != nil {
		return err
	}
	sizes := map[models.ParcelID]models.Size{}
	for _, p := range parcels {
		sizes[p.ID] = p.Size
	}
	demand := models.Demand{}
	for i := range kept {
		kept[i].Size, kept[i].From, kept[i].BrokenAt = sizes[kept[i].Parcel], row.ExpectedAt, nil
		kept[i].EasyReach = row.EasyReach
		demand.Add(kept[i].Class(), 1)
	}
	rooms, err := capacityOf(t.ctx, t.db, kept[0].Until(t.now), row.Locker)
	if err != nil {
		return err
	}
	if err := rooms[row.Locker].Refusal(row.Carrier, demand); err != nil {
		return err
	}
	if err := insert(t, kept...); err != nil {
		return err
	}
	return t.roomRestored(row.Locker)
}

// tellFormer makes the messages to contacts that were replaced, up to the nth.
func (t *tx) tellFormer(row models.Shipment, n int) error {
	if _, err := t.exec("UPDATE shipments SET contact_told = ? WHERE id = ? AND contact_told < ?", n, row.ID, n); err != nil {
		return err
	}
	former, err := gorm.G[models.FormerContact](t.db).Where("shipment = ? AND n <= ?", row.ID, n).Order("n").Find(t.ctx)
	if err != nil {
		return err
	}
	const kind = models.NoticeContactChanged
	for _, c := range former {
		for _, channel := range kind.Channels(models.Contact{Phone: c.Phone, Email: c.Email}) {
			if _, err := t.notify(string(row.ID), kind, c.N, channel); err != nil {
				return err
			}
		}
	}
	return nil
}

// notTold records messages as dropped that a projection brings: their contact was erased.
func (t *tx) notTold(p models.Projection) error {
	for _, kind := range p.Notify {
		if kind == models.NoticeContactChanged {
			continue
		}
		if _, err := t.notify(string(p.Shipment), kind, p.Numbers[kind], models.ChannelEmail); err != nil {
			return err
		}
	}
	_, err := t.exec("UPDATE notifications SET state = ? WHERE subject = ? AND state = ?", models.NotificationDropped, p.Shipment, models.NotificationQueued)
	return err
}

// EraseContact erases how a shipment's client is reached, now and before, and what the client told
// in their own words. What is still to be
// told is not sent any more. A second time changes nothing.
func (s *Store) EraseContact(ctx context.Context, r models.Request, id models.ShipmentID) error {
	if _, err := s.visible(ctx, r.Actor, id); err != nil {
		return err
	}
	return s.tx(ctx, "erase", func(t *tx) error {
		row, err := forUpdate[models.Shipment](t).Where("id = ?", id).Take(t.ctx)
		if err != nil {
			return err
		}
		erased := int64(0)
		for _, table := range []string{"contacts", "former_contacts", "client_reports"} {
			n, err := t.exec("DELETE FROM "+table+" WHERE shipment = ?", row.ID)
			if err != nil {
				return err
			}
			erased += n
		}
		if _, err := t.exec("UPDATE notifications SET state = ? WHERE subject = ? AND state = ?",
			models.NotificationDropped, row.ID, models.NotificationQueued); err != nil {
			return err
		}
		return t.audit(r, "shipment.erase_contact", string(row.ID), fmt.Sprintf("%d erased", erased))
	})
}
