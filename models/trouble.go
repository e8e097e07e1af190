package models

// What somebody at a cabinet's screen says is wrong: the reason of a trouble_reported fact.
const (
	TroubleDoor    = "door"     // a door did not open
	TroubleEmpty   = "empty"    // the cell was empty
	TroubleNotMine = "not_mine" // another's parcel was in it
	TroubleDamaged = "damaged"  // the parcel is damaged
	TroubleReach   = "reach"    // the person cannot reach the cell
	TroubleLeft    = "left"     // something was left inside
	TroubleLocked  = "locked"   // a person is locked in
	TroubleOther   = "other"
)

// Troubles lists them all, in the order in which a screen offers them.
func Troubles() []string {
	return []string{TroubleDoor, TroubleEmpty, TroubleNotMine, TroubleDamaged, TroubleReach, TroubleLeft, TroubleLocked, TroubleOther}
}
