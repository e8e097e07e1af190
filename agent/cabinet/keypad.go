package cabinet

// PadKind is what a screen has typed.
type PadKind string

// The pads.
const (
	PadDigits PadKind = "digits" // a code
	PadBase32 PadKind = "base32" // a code that may have letters
	PadPIN    PadKind = "pin"    // hidden
	PadLabel  PadKind = "label"  // letters and digits
)

// pad is what can be typed now; empty: nothing.
func (s *State) pad(session *Session, v View) PadKind {
	codes := PadDigits
	if s.lettersInCodes() {
		codes = PadBase32
	}
	switch {
	case len(v.Doors) > 0 && v.Screen != ScreenTakeOut && v.Screen != ScreenCheck, session.Over != "":
		return ""
	case session.Badge != "":
		return PadPIN
	case v.Text == TextShowBadge:
		return ""
	case session.asksForCode():
		return PadLabel
	case v.Screen == ScreenCode:
		return codes
	case v.Screen == ScreenTakeOut, v.Screen == ScreenCheck, session.Courier != "" && v.Screen != ScreenCollect:
		return PadLabel
	case v.Screen == ScreenHome, v.Screen == ScreenAway, v.Screen == ScreenFinish, v.Screen == ScreenCollected:
		return codes
	}
	return ""
}
