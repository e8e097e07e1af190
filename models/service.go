package models

// Why a technician is at a cabinet: the reason of staff_in and of what they do there.
const (
	ServiceRepair       = "repair"
	ServiceInspection   = "inspection"
	ServiceCleaning     = "cleaning"
	ServiceInstallation = "installation"
)

// ServiceReasons lists them all, in the order in which a screen offers them.
func ServiceReasons() []string {
	return []string{ServiceRepair, ServiceInspection, ServiceCleaning, ServiceInstallation}
}

// Why a technician has a cell opened: the reason of staff_open. EntryFree is of a cell in which
// nothing is recorded; every other is told to the operator.
const (
	EntryFree    = "free"
	EntryLock    = "lock"    // the lock or door is to be mended
	EntryStuck   = "stuck"   // what is inside keeps the door from opening or closing
	EntryLeak    = "leak"    // it leaks, smells or is damaged
	EntryRequest = "request" // the operator asked for it
)

// EntryReasons lists those of a cell that is not free, in the order in which a screen offers them.
func EntryReasons() []string { return []string{EntryLock, EntryStuck, EntryLeak, EntryRequest} }

// How a technician's visit ended: the reason of staff_out.
const (
	StaffFinished  = "finished"
	StaffAway      = "away"      // nobody did anything for too long
	StaffDismissed = "dismissed" // the badge may not be used there any more
	StaffReplaced  = "replaced"  // another badge was shown
	StaffRestarted = "restarted" // the program stopped, to look for the wiring or by whatever cause
)

// What a technician does that is of no cell: the reason of staff_act, with the device that it is of.
const (
	StaffTestScanner = "test_scanner"  // what the device reads is shown
	StaffTestTouch   = "test_touch"    // each part of the glass was touched
	StaffHeard       = "sound_heard"   // the technician heard the tone
	StaffUnheard     = "sound_unheard" // they did not
	StaffRestart     = "restart"
	StaffTry         = "try"
	StaffCommission  = "commission"      // the wiring of the locks is found: every door is opened
	StaffWiring      = "wiring_accepted" // locks are driven as they were found to be wired
)

// TechnicianMay reports whether a courier's record lets them act as a technician: the operator's
// people alone do, and a courier's badge never does.
func (c DirectoryCourier) TechnicianMay() bool { return c.Role == RoleTechnician && c.Operator }
