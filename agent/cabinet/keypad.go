package cabinet

// PadKind is what a screen has typed.
type PadKind string

// The pads.
const (
	PadDigits PadKind = "digits" // a code
	PadPIN    PadKind = "pin"    // hidden
	PadLabel  PadKind = "label"  // letters and digits
	PadCell   PadKind = "cell"   // a cell's number
)

// pad is what can be typed now; empty: nothing.
func (s *State) pad(session *Session, v View) PadKind {
	switch {
	case len(v.Doors) > 0 && v.Screen != ScreenTakeOut && v.Screen != ScreenCheck, session.Over != "":
		return ""
	case session.Badge != "":
		return PadPIN
	case v.Text == TextShowBadge:
		return ""
	case session.Staff.in():
		if v.Screen == ScreenDoors && len(v.Items) > 0 {
			return PadCell
		}
		return ""
	case session.asksForCode():
		return PadLabel
	case v.Screen == ScreenCode:
		return PadDigits
	case v.Screen == ScreenTakeOut, v.Screen == ScreenCheck, session.Courier != "" && v.Screen != ScreenCollect:
		return PadLabel
	case v.Screen == ScreenHome, v.Screen == ScreenAway, v.Screen == ScreenFinish, v.Screen == ScreenCollected:
		return PadDigits
	}
	return ""
}
