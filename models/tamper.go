package models

// Tamper names a contact that watches over a cabinet and is no door of a cell. Wire names.
type Tamper string

// The contacts.
const (
	TamperHousing     Tamper = "housing"
	TamperVibration   Tamper = "vibration"    // somebody works on the cabinet with force
	TamperServiceDoor Tamper = "service_door" // the technician's door
)

// Tampers lists them all.
func Tampers() []Tamper { return []Tamper{TamperHousing, TamperVibration, TamperServiceDoor} }

// DeviceTamper names a contact, as facts do.
func DeviceTamper(t Tamper) string { return "tamper-" + string(t) }
