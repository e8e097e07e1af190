package store

import (
	"cmp"
	"context"
	"encoding/base32"
	"encoding/json"
	"slices"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// idempotencyRecord is the answer to a request that may be repeated.
type idempotencyRecord struct {
	Organization models.OrganizationID `gorm:"primaryKey"`
	Key          string                `gorm:"primaryKey"`
	Fingerprint  string
	Body         string
	CreatedAt    time.Time
}

// TableName is the table of answers.
func (idempotencyRecord) TableName() string { return "idempotency" }

// draft is an announcement made into rows.
type draft struct {
	models.ShipmentView
	contact models.Contact
	policy  models.Policy
}

// CreateShipment announces a shipment: all of it in one transaction, or nothing.
func (s *Store) CreateShipment(ctx context.Context, n models.NewShipment) (v models.ShipmentView, replayed bool, err error) {
	d, err := s.draftShipment(ctx, n)
	if code := models.ErrorCode(err); code == models.CodeUnknownLocker || code == models.CodeNoCapacity {
		// An answer that was given stays, whatever the locker is called since and whichever cells it has.
		if before, found, failed := answeredBefore(ctx, s.read, n); found || failed != nil {
			return before, found, failed
		}
	}
	if err != nil {
		return v, false, err
	}
	err = s.tx(ctx, "create", func(t *tx) error {
		d.Shipment.Guaranteed = true // until there is no room
		v, replayed, err = t.answered(n, d)
		if err != nil || replayed {
			return err
		}
		return t.createShipment(n, &d)
	})
	if code := models.ErrorCode(err); code == models.CodeNoCapacity || code == models.CodeNoEasyReach {
		return v, false, s.withNearby(ctx, err, d.Shipment.Locker, n.Carrier, demandOf(d.Shipment, d.Parcels), d.promise().Until(s.now()))
	}
	if err != nil {
		return models.ShipmentView{}, false, err
	}
	if !replayed {
		v = d.ShipmentView
	}
	return v, replayed, nil
}

// draftShipment reads what never changes (parties, policy) before the transaction.
func (s *Store) draftShipment(ctx context.Context, n models.NewShipment) (draft, error) {
	var d draft
	if err := s.checkParties(ctx, n); err != nil {
		return d, err
	}
	locker, err := s.lockerNamed(ctx, n.Actor, n.Carrier, string(n.Locker))
	if err != nil {
		return d, err
	}
	policy, err := s.newestPolicy(ctx, n.Policy)
	if err != nil {
		return d, err
	}
	now := s.now()
	d.policy, d.LockerAlias = policy, locker.Alias
	d.Shipment = models.Shipment{
		ID: models.ShipmentID(s.ids.New(models.PrefixShipment)), Carrier: n.Carrier, Shop: n.Shop, Number: n.Number,
		Locker: locker.ID, Test: locker.Test, PolicyName: policy.Name, PolicyVersion: policy.Version, NotifyBy: n.NotifyBy,
		Language: n.Language, ExpectedAt: utc(n.ExpectedAt), EasyReach: n.EasyReach, CreatedAt: now, State: models.StateCreated, UpdatedAt: now,
	}
	d.contact = n.Contact
	d.contact.Shipment, d.contact.CreatedAt = d.Shipment.ID, now

	// Ids of one millisecond have no order of their own; parcels keep that of the announcement.
	ids := make([]string, len(n.Parcels))
	for i := range ids {
		ids[i] = s.ids.New(models.PrefixParcel)
	}
	slices.Sort(ids)
	for i, p := range n.Parcels {
		parcel := models.Parcel{
			ID: models.ParcelID(ids[i]), Shipment: d.Shipment.ID, Carrier: n.Carrier, Barcode: p.Barcode,
			Size: p.Size, Regime: cmp.Or(p.Regime, models.Ambient), Dimensions: p.Dimensions, WeightG: p.WeightG,
			State: models.ParcelExpected, Open: true, CreatedAt: now,
		}
		if parcel.Barcode == "" {
			if parcel.Barcode, err = s.issueBarcode(); err != nil {
				return d, err
			}
		}
		if parcel.Size == "" {
			if parcel.Size, err = fitting(ctx, s.read, locker.ID, d.Shipment, parcel); err != nil {
				return d, err
			}
		}
		if parcel.Size = cmp.Or(parcel.Size, policy.DefaultSize); parcel.Size == "" {
			if parcel.Size, parcel.SizeFrom, err = s.guess(ctx, d.Shipment); err != nil {
				return d, err
			}
		}
		d.Parcels = append(d.Parcels, parcel)
	}
	return d, nil
}

func (s *Store) checkParties(ctx context.Context, n models.NewShipment) error {
	ids := []models.OrganizationID{n.Carrier}
	if n.Shop != "" {
		ids = append(ids, n.Shop)
	}
	found, err := gorm.G[models.Organization](s.read).Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return mapError(err)
	}
	known := func(id models.OrganizationID) bool {
		return slices.ContainsFunc(found, func(o models.Organization) bool { return o.ID == id })
	}
	var fields models.Fields
	if !known(n.Carrier) {
		fields.Add("/carrier", "is not an organization of this network")
	}
	if n.Shop != "" && !known(n.Shop) {
		fields.Add("/shop", "is not an organization of this network")
	}
	return fields.Err()
}

// issueBarcode makes a barcode of 14 characters: 60 random bits, short enough for a label.
func (s *Store) issueBarcode() (string, error) {
	var raw [8]byte
	if err := s.random(raw[:]); err != nil {
		return "", err
	}
	return "CB" + base32.StdEncoding.EncodeToString(raw[:])[:12], nil
}

// answered records the request with its answer, or returns the answer that it had before.
// Of two requests with one key the second waits here for the first.
func (t *tx) answered(n models.NewShipment, d draft) (v models.ShipmentView, replayed bool, err error) {
	if n.IdempotencyKey == "" {
		return v, false, nil
	}
	record := idempotencyRecord{
		Organization: n.Actor.Organization, Key: n.IdempotencyKey, Fingerprint: n.Fingerprint,
		Body: string(encode(d.ShipmentView)), CreatedAt: t.now,
	}
	added, err := insertNew(t, record)
	if err != nil || added == 1 {
		return v, false, err
	}
	return answeredBefore(t.ctx, t.db, n)
}

// answeredBefore reads the answer that a request with the same key had; found: there is one.
func answeredBefore(ctx context.Context, db *gorm.DB, n models.NewShipment) (v models.ShipmentView, found bool, err error) {
	records, err := gorm.G[idempotencyRecord](db).
		Where("organization = ? AND key = ?", n.Actor.Organization, n.IdempotencyKey).Limit(1).Find(ctx)
	if err != nil || len(records) == 0 {
		return v, false, mapError(err)
	}
	if records[0].Fingerprint != n.Fingerprint {
		return v, false, keyReused()
	}
	return v, true, json.Unmarshal([]byte(records[0].Body), &v)
}

// ClaimKey takes an Idempotency-Key for a request that is made of several, each with a key of its
// own, or that the engine tells a repeat of. The same request may take it again.
func (s *Store) ClaimKey(ctx context.Context, o models.OrganizationID, key, fingerprint string) error {
	return s.tx(ctx, "claim_key", func(t *tx) error {
		record := idempotencyRecord{Organization: o, Key: key, Fingerprint: fingerprint, CreatedAt: t.now}
		added, err := insertNew(t, record)
		if err != nil || added == 1 {
			return err
		}
		before, err := gorm.G[idempotencyRecord](t.db).Where("organization = ? AND key = ?", o, key).Take(t.ctx)
		if err == nil && before.Fingerprint != fingerprint {
			err = keyReused()
		}
		return err
	})
}

// madeBefore returns the id of what a request with the same key has made; empty: it is the first one, and its
// key is kept with the id. A request without a key is always the first.
func (t *tx) madeBefore(o models.OrganizationID, key, fingerprint, id string) (string, error) {
	if key == "" {
		return "", nil
	}
	added, err := insertNew(t, idempotencyRecord{Organization: o, Key: key, Fingerprint: fingerprint, Body: id, CreatedAt: t.now})
	if err != nil || added == 1 {
		return "", err
	}
	before, err := gorm.G[idempotencyRecord](t.db).Where("organization = ? AND key = ?", o, key).Take(t.ctx)
	if err == nil && before.Fingerprint != fingerprint {
		err = keyReused()
	}
	return before.Body, err
}

func keyReused() error {
	return models.Errorf(models.CodeKeyReused, "This Idempotency-Key was used with another request.")
}

func (t *tx) createShipment(n models.NewShipment, d *draft) error {
	locker, err := forUpdate[models.Locker](t).Where("id = ?", d.Shipment.Locker).Take(t.ctx)
	if err != nil {
		return err
	}
	if locker.State != models.LockerActive {
		return models.Errorf(models.CodeLockerClosed, "Locker %s takes no new shipments.", locker.Number)
	}
	rooms, err := capacityOf(t.ctx, t.db, d.promise().Until(t.now), locker.ID)
	if err != nil {
		return err
	}
	if err := rooms[locker.ID].Refusal(d.Shipment.Carrier, demandOf(d.Shipment, d.Parcels)); err != nil {
		if n.Guarantee != models.GuaranteeBestEffort {
			return err
		}
		if err := t.boundedEffort(d.Shipment); err != nil {
			return err
		}
		if err := t.withoutGuarantee(n, d); err != nil {
			return err
		}
	}
	if d.Shipment.Codes, err = t.codesAt(d.policy, locker.ID); err != nil {
		return err
	}
	if err := insert(t, d.Shipment); err != nil {
		return err
	}
	// In the order of barcodes, so that two announcements with the same ones do not wait for each other in a circle.
	parcels := slices.SortedFunc(slices.Values(d.Parcels), func(a, b models.Parcel) int {
		return cmp.Compare(a.Barcode, b.Barcode)
	})
	if err := insert(t, parcels...); err != nil {
		return err
	}
	if err := insert(t, d.contact); err != nil {
		return err
	}
	promises := d.promises(t.now)
	if len(promises) > 0 {
		if err := insert(t, promises...); err != nil {
			return err
		}
	}
	if err := t.post(startShipment(d.Shipment.ID)); err != nil {
		return err
	}
	if err := t.audit(n.Request, "shipment.create", string(d.Shipment.ID), ""); err != nil {
		return err
	}
	if err := t.writeLocker(locker.ID, shipmentEntry(d.Shipment, d.Parcels, d.policy, promises, d.callable())); err != nil {
		return err
	}
	return t.writeEvents(d.Shipment, models.Event{
		Shipment: d.Shipment.ID, Type: models.EventCreated, At: d.Shipment.CreatedAt, Locker: locker.ID,
	})
}

// codesAt is what pickup codes are written in at a locker: what the policy says, and digits where
// its pad has nothing else.
func (t *tx) codesAt(p models.Policy, l models.LockerID) (models.CodeAlphabet, error) {
	if p.Codes == models.CodeDigits {
		return models.CodeDigits, nil
	}
	profiles, err := screensOf(t.ctx, gorm.G[storedScreen](t.db), l)
	if profiles[models.ScopeOfLocker(l)].Over(profiles[models.ScopeNetwork]).Keypad {
		return models.CodeDigits, err
	}
	return p.Codes, err
}

// boundedEffort refuses a shipment without a promise where as many of the carrier's are under way to
// the locker as may be.
func (t *tx) boundedEffort(s models.Shipment) error {
	var open, cells int
	err := t.db.Raw(`SELECT (SELECT count(*) FROM shipments WHERE locker = ? AND carrier = ? AND ended_at IS NULL AND NOT guaranteed),
		(SELECT count(*) FROM cells WHERE locker = ?)`, s.Locker, s.Carrier, s.Locker).Row().Scan(&open, &cells)
	if most := models.MostUnguaranteed(cells); err == nil && open >= most {
		err = models.Errorf(models.CodeNoCapacity, "%d shipments of the carrier are under way to the locker without a promise of room: "+
			"re-route or cancel some, or announce to another locker.", open)
	}
	return err
}

// withoutGuarantee makes an announcement one that room is not promised for, also in the answer
// that a repeat gets.
func (t *tx) withoutGuarantee(n models.NewShipment, d *draft) error {
	d.Shipment.Guaranteed = false
	if n.IdempotencyKey == "" {
		return nil
	}
	_, err := t.exec("UPDATE idempotency SET body = ? WHERE organization = ? AND key = ?",
		string(encode(d.ShipmentView)), n.Actor.Organization, n.IdempotencyKey)
	return err
}

// promise is the part that the promises of all its parcels have in common.
func (d *draft) promise() models.Promise {
	s := d.Shipment
	return models.Promise{Shipment: s.ID, Locker: s.Locker, Carrier: s.Carrier, EasyReach: s.EasyReach, From: s.ExpectedAt, Horizon: d.policy.Horizon()}
}

// callable reports whether the support knows a phone of the client.
func (d *draft) callable() bool {
	return d.Shipment.NotifyBy == models.NotifyContact && d.contact.Phone != ""
}

// promises are those for all parcels, or none.
func (d *draft) promises(now time.Time) []models.Promise {
	if !d.Shipment.Guaranteed {
		return nil
	}
	all := make([]models.Promise, 0, len(d.Parcels))
	for _, p := range d.Parcels {
		promise := d.promise()
		promise.Parcel, promise.Size, promise.Regime, promise.CreatedAt = p.ID, p.Size, p.Regime, now
		all = append(all, promise)
	}
	return all
}

// Shipment returns one that the actor's organization has a part in.
func (s *Store) Shipment(ctx context.Context, a models.Actor, id models.ShipmentID) (models.ShipmentView, error) {
	var v models.ShipmentView
	shipment, err := s.visible(ctx, a, id)
	if err != nil {
		return v, err
	}
	v.Shipment = shipment
	if v.Parcels, err = parcelsOf(ctx, s.read, id); err != nil {
		return v, mapError(err)
	}
	named := []models.ShipmentView{v}
	err = s.callThem(ctx, a, named)
	return named[0], err
}

// ShipmentEvents returns its events with a seq above after.
func (s *Store) ShipmentEvents(ctx context.Context, a models.Actor, id models.ShipmentID, after, limit int) ([]models.Event, error) {
	if _, err := s.visible(ctx, a, id); err != nil {
		return nil, err
	}
	events, err := gorm.G[models.Event](s.read).Where("shipment = ? AND seq > ?", id, after).Order("seq").Limit(limit).Find(ctx)
	return events, mapError(err)
}

// visible hides what an organization has no part in as if it did not exist.
func (s *Store) visible(ctx context.Context, a models.Actor, id models.ShipmentID) (models.Shipment, error) {
	shipment, err := gorm.G[models.Shipment](s.read).Where("id = ?", id).Take(ctx)
	shipment, err = take(shipment, err, "There is no such shipment.")
	if err != nil {
		return models.Shipment{}, err
	}
	if !a.Sees(shipment.Test) || !a.Operator() && (a.Organization == "" || a.Organization != shipment.Carrier && a.Organization != shipment.Shop) {
		return models.Shipment{}, models.Errorf(models.CodeNotFound, "There is no such shipment.")
	}
	return shipment, nil
}

// parcelsOf reads a shipment's parcels in the order of the announcement.
func parcelsOf(ctx context.Context, db *gorm.DB, id models.ShipmentID) ([]models.Parcel, error) {
	return gorm.G[models.Parcel](db).Where("shipment = ?", id).Order("id").Find(ctx)
}
