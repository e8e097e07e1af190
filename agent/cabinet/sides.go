package cabinet

import "cubby/models"

// sides are the faces of a cabinet, each with a session of its own. That of a cabinet with
// one face never leaves its home.
func sides() []models.Side { return []models.Side{models.SideFront, models.SideBack} }

// sideOf is where who gave an input stands.
func sideOf(in Input) models.Side {
	switch in := in.(type) {
	case Scanned:
		return in.Side
	case Keyed:
		return in.Side
	case Pressed:
		return in.Side
	case Chose:
		return in.Side
	case Touched:
		return in.Side
	}
	return models.SideFront
}

func (s *State) sessionAt(side models.Side) *Session {
	if side == models.SideBack {
		return &s.BackSession
	}
	return &s.Session
}

// eachSession does something for who stands at each side.
func (t *turn) eachSession(do func()) {
	was := t.Session
	for _, side := range sides() {
		t.Session = t.sessionAt(side)
		do()
	}
	t.Session = was
}

// Across is why a cell's door at the loading side stays shut: what goes on at its other door.
type Across string

// What goes on there.
const (
	AcrossOpen       Across = "open"       // the pickup door
	AcrossCollecting Across = "collecting" // somebody has asked for what is inside, or for it once more
)

// across lists the cells whose pickup door has the loading side wait.
func (s *State) across() map[int]Across {
	across := map[int]Across{}
	for _, c := range s.Cells {
		op := s.operation(c.Operation)
		switch {
		case c.Leaf.Open:
			across[c.Number()] = AcrossOpen
		case op != nil && !op.ended() && op.Kind == models.Pickup:
			across[c.Number()] = AcrossCollecting
		}
	}
	return across
}

// showing is the session whose screen shows an operation. Nobody reads what is shown on the
// session of one that no screen shows any more.
func (s *State) showing(op *Operation) *Session {
	for _, side := range sides() {
		if session := s.sessionAt(side); session.Operation == op.ID {
			return session
		}
	}
	return new(Session)
}
