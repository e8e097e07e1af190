package cabinet

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

// Directory is what the cabinet was told to expect and whom to let in. It says nothing
// of what is in a cell: that is never learned from the server.
type Directory struct {
	Cursor    protocol.Cursor                              `json:"cursor,omitempty"`
	Layout    models.DirectoryLayout                       `json:"layout"`
	Shipments map[models.ShipmentID]*Expected              `json:"shipments,omitempty"`
	Couriers  map[models.CourierID]models.DirectoryCourier `json:"couriers,omitempty"`
	// Withdrawals say whose parcels couriers may take out.
	Withdrawals map[models.ShipmentID]models.DirectoryWithdrawal `json:"withdrawals,omitempty"`
	// Cells are what the operator wants of cells, by their numbers.
	Cells map[string]models.DirectoryCell `json:"cells,omitempty"`
	// Revs are the highest revisions of signed entries, by "kind/key". They outlive the
	// entries, so that an old grant cannot be played back.
	Revs map[string]int64 `json:"revs,omitempty"`
}

// Expected is a shipment expected or stored here.
type Expected struct {
	models.DirectoryShipment
	Withdrawn bool    `json:"withdrawn,omitempty"` // deleted while here: its parcels are to be taken out
	Taken     []Taken `json:"taken,omitempty"`
	Lost      bool    `json:"lost,omitempty"` // the server does not know it: it was put back to before it
	// Formerly are the shipments that the server lost and that were announced again as this one.
	Formerly []Former `json:"formerly,omitempty"`
}

// Former is a shipment whose code still opens the cells of the one that it was announced again
// as.
type Former struct {
	Shipment models.ShipmentID   `json:"shipment"`
	Issue    int                 `json:"issue"`
	Codes    models.CodeAlphabet `json:"codes,omitempty"`
}

// Taken is a parcel that was picked up here, with the fact that says so: an entry that
// does not know this fact must not bring the parcel back.
type Taken struct {
	Parcel models.ParcelID `json:"parcel"`
	Epoch  int64           `json:"epoch"`
	Seq    int64           `json:"seq"`
}

func (e *Expected) gone(p models.ParcelID) bool {
	return slices.ContainsFunc(e.Taken, func(t Taken) bool { return t.Parcel == p })
}

// retell moves a parcel's pickup to where in the journal it is told again.
func (e *Expected) retell(p models.ParcelID, f models.Fact) {
	for i := range e.Taken {
		if e.Taken[i].Parcel == p {
			e.Taken[i].Epoch, e.Taken[i].Seq = f.Epoch, f.Seq
		}
	}
}

// Entries counts what the cabinet knows from the directory.
func (d *Directory) Entries() int {
	n := len(d.Shipments) + len(d.Couriers)
	if d.Layout.Locker != "" {
		n++
	}
	return n
}

// ids lists the shipments in an order that does not depend on the map.
func (d *Directory) ids() []models.ShipmentID {
	return slices.Sorted(maps.Keys(d.Shipments))
}

func (d *Directory) parcel(id models.ShipmentID, parcel models.ParcelID) (models.DirectoryParcel, bool) {
	if e := d.Shipments[id]; e != nil {
		for _, p := range e.Parcels {
			if p.Parcel == parcel {
				return p, true
			}
		}
	}
	return models.DirectoryParcel{}, false
}

// labelled finds the parcel with a barcode, which is unique within a carrier alone: of
// several the one of the given carrier wins, then one that is still to come. Of two that a
// carrier announced, and neither is here, the later counts: the server may have lost the other.
func (s *State) labelled(barcode string, carrier models.OrganizationID) (e *Expected, p models.DirectoryParcel, ok bool) {
	for _, id := range s.Directory.ids() {
		for _, candidate := range s.Directory.Shipments[id].Parcels {
			if candidate.Barcode != barcode {
				continue
			}
			shipment := s.Directory.Shipments[id]
			better := !ok || e.gone(p.Parcel) || e.Withdrawn
			if own := shipment.Carrier == carrier; ok && own != (e.Carrier == carrier) {
				better = own
			} else if ok && shipment.Carrier == e.Carrier && !shipment.Withdrawn && !shipment.gone(candidate.Parcel) {
				better = better || !s.knownHere(p.Parcel)
			}
			if better {
				e, p, ok = shipment, candidate, true
			}
		}
	}
	return e, p, ok
}

// badge finds the courier with a badge.
func (d *Directory) badge(text string) (models.DirectoryCourier, bool) {
	for _, id := range slices.Sorted(maps.Keys(d.Couriers)) {
		if c := d.Couriers[id]; c.Badge == text && text != "" {
			return c, true
		}
	}
	return models.DirectoryCourier{}, false
}

// forget drops deleted shipments of which nothing is here any more.
func (d *Directory) forget(s *State) {
	for id, e := range d.Shipments {
		if e.Withdrawn && !s.present(id) {
			delete(d.Shipments, id)
		}
	}
}

// present reports whether anything of the shipment is here or under way.
func (s *State) present(id models.ShipmentID) bool {
	return s.window(id) != nil ||
		slices.ContainsFunc(s.Cells, func(c *Cell) bool { return c.Shipment == id }) ||
		slices.ContainsFunc(s.Operations, func(op *Operation) bool { return op.Shipment == id && !op.ended() })
}

func (t *turn) takeDirectory(page protocol.DirectoryReply) {
	for _, entry := range page.Entries {
		// An entry that cannot be read is skipped: it must not block those after it.
		switch entry.Kind {
		case models.EntryShipment:
			t.takeShipment(entry)
		case models.EntryLost:
			t.takeLost(entry)
		case models.EntryCourier:
			t.takeCourier(entry)
		case models.EntryWithdrawal:
			t.takeWithdrawal(entry)
		case models.EntryCell:
			t.takeCellOrder(entry)
		case models.EntryLayout:
			t.takeLayout(entry)
		}
	}
	t.eachSession(t.depositLookedUp)
	if len(page.Cursor) > 0 {
		if t.Directory.Cursor == nil {
			t.Directory.Cursor = protocol.Cursor{}
		}
		maps.Copy(t.Directory.Cursor, page.Cursor)
	}
	if page.More {
		t.effect(FetchDirectory{})
	}
}

func (t *turn) takeShipment(entry protocol.Entry) {
	id := models.ShipmentID(entry.Key)
	have := t.Directory.Shipments[id]
	if entry.Deleted {
		if have != nil {
			have.Withdrawn = true
			t.withdrawn(id)
			if mutant.On(mutant.DeletionFrees) {
				t.freeAll(id)
			}
			t.Directory.forget(t.State)
		}
		return
	}
	var body models.DirectoryShipment
	if json.Unmarshal(entry.Body, &body) != nil || body.Shipment != id {
		return
	}
	next := &Expected{DirectoryShipment: body}
	if have != nil {
		// A re-issued code may have been used here before the server said so.
		next.Issue = max(body.Issue, have.Issue)
		if mutant.On(mutant.StaleEntryWins) {
			next.Issue = body.Issue
		}
		next.Formerly = have.Formerly
		for _, taken := range have.Taken {
			if entry.Seen.Epoch < taken.Epoch || entry.Seen.Epoch == taken.Epoch && entry.Seen.Seq < taken.Seq {
				next.Taken = append(next.Taken, taken)
			}
		}
	}
	if t.Directory.Shipments == nil {
		t.Directory.Shipments = map[models.ShipmentID]*Expected{}
	}
	t.Directory.Shipments[id] = next
	if body.Frozen {
		t.withdrawn(id)
	}
	t.announced(next)
	t.announcedAgain(next)
}

// withdrawn stops what waits for authority over a shipment that is to be had here no more, or
// not now.
func (t *turn) withdrawn(id models.ShipmentID) {
	for _, op := range t.Operations {
		if op.Shipment != id || !op.undecided() {
			continue
		}
		shown := t.showing(op)
		t.abandon(op, "refused")
		if op.Kind == models.Deposit {
			shown.show(ScreenNotHere, TextCancelled, t.longerFor(shown, refusalMS))
		} else {
			t.showNotToBeHad(shown, id)
		}
	}
}

// granted checks a signed entry: its signature, and that it is newer than every one of its
// key before. A deletion hides what was granted, and its revision stays known.
func (t *turn) granted(entry protocol.Entry) bool {
	name := string(entry.Kind) + "/" + entry.Key
	g := models.Grant{Kind: entry.Kind, Key: entry.Key, Rev: entry.Rev, Body: entry.Body}
	stale := entry.Rev <= t.Directory.Revs[name] && !mutant.On(mutant.StaleEntryWins)
	if stale || !models.VerifyGrant(t.Signers, entry.Signer, g, entry.Signature) {
		return false
	}
	if t.Directory.Revs == nil {
		t.Directory.Revs = map[string]int64{}
	}
	t.Directory.Revs[name] = entry.Rev
	return true
}

func (t *turn) takeCourier(entry protocol.Entry) {
	id := models.CourierID(entry.Key)
	if entry.Deleted {
		delete(t.Directory.Couriers, id)
		return
	}
	var body models.DirectoryCourier
	if !t.granted(entry) || json.Unmarshal(entry.Body, &body) != nil || body.Courier != id {
		return
	}
	if t.Directory.Couriers == nil {
		t.Directory.Couriers = map[models.CourierID]models.DirectoryCourier{}
	}
	t.Directory.Couriers[id] = body
}

func (t *turn) takeWithdrawal(entry protocol.Entry) {
	id := models.ShipmentID(entry.Key)
	if entry.Deleted {
		delete(t.Directory.Withdrawals, id)
		return
	}
	var body models.DirectoryWithdrawal
	if !t.granted(entry) || json.Unmarshal(entry.Body, &body) != nil || body.Shipment != id || body.Locker != t.Locker {
		return
	}
	if body.Over {
		delete(t.Directory.Withdrawals, id)
		return
	}
	if t.Directory.Withdrawals == nil {
		t.Directory.Withdrawals = map[models.ShipmentID]models.DirectoryWithdrawal{}
	}
	t.Directory.Withdrawals[id] = body
	if !body.Collectable {
		t.withdrawn(id)
	}
}

// collectable reports whether the client's code still opens the shipment's cells.
func (s *State) collectable(e *Expected) bool {
	w, to := s.Directory.Withdrawals[e.Shipment]
	return !e.Withdrawn && !e.Frozen && (!to || w.Collectable)
}

// showNotToBeHad answers a right code of a shipment that is not collectable.
func (t *turn) showNotToBeHad(session *Session, id models.ShipmentID) {
	e, w := t.Directory.Shipments[id], t.Directory.Withdrawals[id]
	text := TextWithdrawn
	switch {
	case e != nil && e.Frozen && !e.Withdrawn:
		text = TextHeldBack
	case w.Reason == models.LeaveRerouted && w.Place != "":
		text = TextMoved
	}
	session.show(ScreenCollected, text, t.longerFor(session, stateMS), "place", w.Place)
}

// leaving reports whether nothing of the shipment is to be put in any more.
func (s *State) leaving(e *Expected) bool {
	w, out := s.Directory.Withdrawals[e.Shipment]
	return e.Withdrawn || out && len(w.Parcels) == 0
}

// allowed reports whether a courier may work here now. While the clock is guessed, an
// end date is not held against anyone.
func (s *State) allowed(c models.DirectoryCourier, now Instant) bool {
	if c.Suspended || len(c.Lockers) > 0 && !slices.Contains(c.Lockers, s.Locker) {
		return false
	}
	if now.Clock != models.ClockSynced {
		return true
	}
	at := time.UnixMilli(now.WallMS)
	return (c.ValidFrom == nil || !at.Before(*c.ValidFrom)) && (c.ValidUntil == nil || at.Before(*c.ValidUntil))
}
