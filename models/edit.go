package models

import (
	"slices"
	"time"
)

// EditField is what may be changed of an announcement.
type EditField string

// The fields, as REST spells them. What is not here is never changed: another locker is a
// re-route, and another number, carrier, shop or barcode another shipment.
const (
	EditContact    EditField = "contact"
	EditNotifyBy   EditField = "notify_by"
	EditLanguage   EditField = "language"
	EditExpectedAt EditField = "expected_at"
	EditEasyReach  EditField = "easy_reach"
	EditParcels    EditField = "parcels" // size, measures and weight of those in no cell yet
)

// EditFields lists them.
func EditFields() []EditField {
	return []EditField{EditContact, EditNotifyBy, EditLanguage, EditExpectedAt, EditEasyReach, EditParcels}
}

// MayEdit reports whether the field may be changed in the state. The client may be reached
// otherwise until nothing is pending; when, how large and for what cell it comes, until it has come.
func (s ShipmentState) MayEdit(f EditField) bool {
	switch f {
	case EditContact, EditNotifyBy, EditLanguage:
		return !s.Final()
	case EditExpectedAt, EditEasyReach:
		return s == StateCreated || s == StateInTransit
	case EditParcels:
		return s == StateCreated || s == StateInTransit || s == StateLoading
	}
	return false
}

// ShipmentEdit changes a shipment. What is nil or empty stays.
type ShipmentEdit struct {
	Request
	Shipment   ShipmentID
	Contact    *Contact // all of it
	NotifyBy   NotifyBy
	Language   string
	ExpectedAt *time.Time
	EasyReach  *bool
	Parcels    []ParcelEdit
}

// ParcelEdit changes what is known of a parcel that is in no cell yet. What is zero stays.
type ParcelEdit struct {
	ID         ParcelID
	Size       Size
	Dimensions Dimensions
	WeightG    int
}

// Fields lists what an edit changes.
func (e ShipmentEdit) Fields() []EditField {
	changes := map[EditField]bool{
		EditContact: e.Contact != nil, EditNotifyBy: e.NotifyBy != "", EditLanguage: e.Language != "",
		EditExpectedAt: e.ExpectedAt != nil, EditEasyReach: e.EasyReach != nil, EditParcels: len(e.Parcels) > 0,
	}
	return slices.DeleteFunc(EditFields(), func(f EditField) bool { return !changes[f] })
}

// FormerContact is one that a shipment had when its client was told of the code. It is told
// that the code is another's now, and erased as contacts are.
type FormerContact struct {
	Shipment  ShipmentID `gorm:"primaryKey"`
	N         int        `gorm:"primaryKey"` // the change that replaced it, from 1
	Name      string
	Phone     string // E.164
	Email     string
	Language  string
	CreatedAt time.Time
}
