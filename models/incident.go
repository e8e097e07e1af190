package models

import "time"

// IncidentKind is what is wrong.
type IncidentKind string

// The kinds.
const (
	IncidentQuarantine IncidentKind = "fact_quarantined"
	IncidentJam        IncidentKind = "door_jammed"
	IncidentDoubt      IncidentKind = "cell_doubtful"
	IncidentPad        IncidentKind = "pad_paused"
	IncidentFork       IncidentKind = "journal_fork"
	IncidentUnsent     IncidentKind = "message_failed"
	IncidentMissing    IncidentKind = "parcel_missing"
	IncidentBoard      IncidentKind = "board_dead"
	IncidentStore      IncidentKind = "store_set_aside"
	// IncidentUnannounced: a parcel that nobody announced lies in a cell, known by its label.
	IncidentUnannounced IncidentKind = "unannounced_parcel"
	// IncidentCapacityLost: more room is promised than the usable cells have.
	IncidentCapacityLost IncidentKind = "capacity_lost"
	// IncidentInventoryDiffers: the cabinet knows its cells otherwise than its facts told.
	IncidentInventoryDiffers IncidentKind = "inventory_differs"
	// IncidentClientReport: a client says that something is wrong. The evidence is the report's id.
	IncidentClientReport IncidentKind = "client_report"
	// IncidentTrouble: somebody at a cabinet's screen says that something is wrong. The evidence
	// says what.
	IncidentTrouble IncidentKind = "trouble_reported"
	// IncidentLockedIn: they say that a person is locked in.
	IncidentLockedIn IncidentKind = "person_locked_in"
	// IncidentCallBack: the client of a shipment wants to be called. The evidence is what they name.
	IncidentCallBack IncidentKind = "call_back"
	// IncidentWebhook: an endpoint was given up; its owner must take it up again.
	IncidentWebhook IncidentKind = "webhook_disabled"
	// IncidentSMS: the provider of SMS refuses our account or settings.
	IncidentSMS IncidentKind = "sms_provider"
	// IncidentRemote: more doors were to be opened from afar than may be, or one was that nobody asked for.
	IncidentRemote IncidentKind = "remote_open_alarm"
	// IncidentDevice: a device of a cabinet does not work, or its module is not as cold as it
	// must be. The evidence names it.
	IncidentDevice IncidentKind = "device"
	// IncidentTamper: a contact that watches over a cabinet tells of something. The evidence names it.
	IncidentTamper IncidentKind = "tamper"
	// IncidentLockSlow: a lock needs longer, or more pulses, than it used to. It may trap a parcel.
	IncidentLockSlow IncidentKind = "lock_slow"
)

// IncidentKinds lists them all.
func IncidentKinds() []IncidentKind {
	return []IncidentKind{IncidentQuarantine, IncidentJam, IncidentDoubt, IncidentPad, IncidentFork, IncidentUnsent, IncidentMissing,
		IncidentBoard, IncidentStore, IncidentUnannounced, IncidentCapacityLost, IncidentInventoryDiffers,
		IncidentClientReport, IncidentTrouble, IncidentLockedIn, IncidentCallBack, IncidentWebhook, IncidentSMS, IncidentRemote, IncidentDevice,
		IncidentTamper, IncidentLockSlow}
}

// Incident is something that a person should look at. At most one is open per key.
type Incident struct {
	ID       IncidentID `gorm:"primaryKey"`
	Key      string
	Kind     IncidentKind
	Locker   LockerID
	Cell     int
	Shipment ShipmentID
	Opened   time.Time
	Resolved *time.Time
	Evidence string // ids and codes only
	Reason   string // why it was resolved, in the resolver's words
}

// IncidentKey is (locker, kind, cell or shipment where there is one).
func IncidentKey(l LockerID, k IncidentKind, cell int, s ShipmentID) string {
	key := string(l) + "/" + string(k)
	switch {
	case cell > 0:
		key += "/cell-" + itoa(cell)
	case s != "":
		key += "/" + string(s)
	}
	return key
}

// UnannouncedKey is the key of the incident about an unannounced parcel: one for each
// occupancy of a cell.
func UnannouncedKey(l LockerID, cell int, generation int64) string {
	return IncidentKey(l, IncidentUnannounced, cell, "") + "/generation-" + itoa(int(generation))
}

// DeviceKey is the key of an incident of the kind about a device of a cabinet.
func DeviceKey(l LockerID, k IncidentKind, device string) string {
	return IncidentKey(l, k, 0, "") + "/" + device
}

// WorkflowIncident tells the operator of an incident; IncidentWorkflowID is its id.
const WorkflowIncident = "incident"

// IncidentWorkflowID is the workflow id of an incident.
func IncidentWorkflowID(id IncidentID) string { return "incident-" + string(id) }

// IncidentInput starts the workflow of an incident.
type IncidentInput struct {
	Incident IncidentID `json:"incident"`
}

// AuditEntry is an act of a person or key.
type AuditEntry struct {
	ID           int64 `gorm:"primaryKey"`
	At           time.Time
	Actor        string // the id of the key or the person of staff, "client", or "system"
	Organization OrganizationID
	Action       string // "shipment.create"
	Object       string // the id acted on
	Detail       string // ids and codes only
	Request      string // the request's id
}

// TableName is the table of audit entries.
func (AuditEntry) TableName() string { return "audit" }
