package cabinet

import "cubby/models"

// lettersInCodes reports whether a code of something here, expected here or over here has letters.
// Where the pad has digits alone the server sees to it that none has.
func (s *State) lettersInCodes() bool {
	if s.Directory.Layout.Screen.Keypad {
		return false
	}
	for _, e := range s.Directory.Shipments {
		if e.Codes == models.CodeBase32 {
			return true
		}
		for _, f := range e.Formerly {
			if f.Codes == models.CodeBase32 {
				return true
			}
		}
	}
	for _, p := range s.Past {
		if p.Codes == models.CodeBase32 {
			return true
		}
	}
	return false
}

// readCode reads a code as it is typed or scanned, and returns it as it was made. What looks like
// one with letters is none where no code has any: it is somebody's label.
func (s *State) readCode(text string) (code string, ok bool) {
	code, in, ok := models.ReadCode(text)
	return code, ok && (in == models.CodeDigits || s.lettersInCodes())
}
