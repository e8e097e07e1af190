package cabinet

import (
	"strconv"
	"strings"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

const askMS = int64(protocol.RequestTimeout / 1e6)

// asked is a request of this page that the server has not answered yet: once the page is another,
// its answer is nobody's.
type asked struct {
	ID       string               `json:"id,omitempty"`
	Kind     protocol.RequestKind `json:"kind,omitempty"`
	Until    int64                `json:"until,omitempty"`
	Label    string               `json:"label,omitempty"`
	Shipment models.ShipmentID    `json:"shipment,omitempty"`
	Place    string               `json:"place,omitempty"`
	MayLeave bool                 `json:"may_leave,omitempty"`
	// Here: the server says that it is for this cabinet; the directory is still to say so.
	Here bool `json:"here,omitempty"`
}

// others are the lockers that have room for a shipment.
type others struct {
	Shipment models.ShipmentID     `json:"shipment,omitempty"`
	Lockers  []models.NearbyLocker `json:"lockers,omitempty"`
}

// request asks the server, for the page that is shown now; false: it cannot be asked. The answer
// goes by the id of the input that asks.
func (t *turn) request(r protocol.Request, of asked) bool {
	if !t.Link.Live || t.fresh == "" {
		return false
	}
	r.ID = string(t.fresh)
	of.ID, of.Kind, of.Until = r.ID, r.Kind, t.in(askMS)
	t.Session.Asked, t.fresh = of, ""
	t.effect(AskServer{r})
	return true
}

// replied gives an answer to the page that waits for it.
func (t *turn) replied(in Replied) {
	t.eachSession(func() {
		switch {
		case in.ID != "" && (t.Session.Asked.ID == in.ID || t.Session.Asked.ID != "" && mutant.On(mutant.AnswerToAnyPage)):
			t.answerAsked(in.Reply)
		case in.ID != "" && t.Session.Call.ID == in.ID:
			t.calledBack(in.Reply)
		}
	})
}

// endAsking: the server took too long, or is away.
func (t *turn) endAsking() {
	if t.due(t.Session.Asked.Until) {
		t.answerAsked(nil)
	}
	if t.due(t.Session.Call.Until) {
		t.calledBack(nil)
	}
}

// answerAsked shows an answer; nil: there is none.
func (t *turn) answerAsked(reply *protocol.RequestReply) {
	was := t.Session.Asked
	t.Session.Asked = asked{}
	switch was.Kind {
	case protocol.Lookup:
		t.lookedUp(was, reply)
	case protocol.Nearby:
		if reply != nil {
			t.Session.Others = others{was.Shipment, reply.Lockers}
		}
	case protocol.SendThere:
		t.sentThere(was, reply)
	}
}

// lookUp asks the server of a label that nobody here knows.
func (t *turn) lookUp() {
	label, may := t.Session.Label, t.Session.MayLeave
	courier, ok := t.courier()
	if t.Session.Screen != ScreenUnknown || label == "" || !ok {
		return
	}
	of := asked{Label: label, MayLeave: may}
	t.await(ScreenUnknown, TextAsking)
	if !t.request(protocol.Request{Kind: protocol.Lookup, Label: label, Courier: courier.Courier}, of) {
		t.lookedUp(of, nil)
	}
}

// lookedUp goes on with what the server knows of a label. One that is for here is put in as any
// other, once the directory has it: what an answer says may be older than what the directory does.
func (t *turn) lookedUp(was asked, reply *protocol.RequestReply) {
	unknown := func(text TextKey) {
		t.await(ScreenUnknown, text)
		t.Session.Label, t.Session.MayLeave = was.Label, was.MayLeave
	}
	switch {
	case reply == nil:
		unknown(TextAskOffline)
	case reply.Verdict == protocol.RequestHere:
		was.Here = true
		t.Session.Asked = was
		t.wantDirectory()
		t.depositLookedUp()
	case reply.Verdict != protocol.RequestElsewhere:
		unknown(TextNotKnown)
	default:
		t.refuseElsewhere(reply.Place)
		t.notLoaded("", models.FactData{Label: was.Label, Courier: t.Session.Courier, Reason: models.LoadWrongLocker})
	}
}

// depositLookedUp puts a parcel in that the server said is for here, and that the directory has by
// now.
func (t *turn) depositLookedUp() {
	was := t.Session.Asked
	if !was.Here {
		return
	}
	e, p, ok := t.labelled(was.Label, t.Directory.Couriers[t.Session.Courier].Organization)
	if !ok {
		return
	}
	t.Session.Asked = asked{}
	t.fresh = models.OperationID(was.ID) // of the input that asked, and began nothing else
	t.deposit(e, p)
	t.fresh = ""
}

// unknownButtons are those of a label that the server does not know either, or cannot be asked for.
func (s *State) unknownButtons(session *Session) []Button {
	if session.MayLeave {
		return append(s.leaveButtons(), ButtonTakeBack)
	}
	return []Button{ButtonList, ButtonTakeBack}
}

// offerOthers asks which other lockers have room for a shipment, for the page that says that there
// is none here. Only its carrier's courier can send it there.
func (t *turn) offerOthers(e *Expected, reason string) {
	if reason != models.LoadFull && reason != models.LoadNoEasyReach && reason != models.LoadTooBig {
		return
	}
	t.request(protocol.Request{Kind: protocol.Nearby, Shipment: e.Shipment, Courier: t.Session.Courier}, asked{Shipment: e.Shipment})
}

// otherItems are the lockers to send a parcel to, by the way to them.
func otherItems(session *Session, l Language) []Item {
	items := []Item{}
	for _, o := range session.Others.Lockers {
		items = append(items, Item{Key: string(o.Locker), Label: l.sentence(TextSendThere, map[string]string{
			"place": placeOf(o), "distance": distance(o.DistanceM), "room": strconv.Itoa(o.Room),
		})})
	}
	return items
}

func placeOf(o models.NearbyLocker) string {
	return strings.Trim(o.Number+", "+o.Address, ", ")
}

// distance is a way as people read it.
func distance(metres int) string {
	if metres < 1000 {
		return strconv.Itoa((metres+5)/10*10) + " m"
	}
	return strconv.Itoa(metres/1000) + "." + strconv.Itoa(metres%1000/100) + " km"
}

// sendThere has a shipment go to another locker, which keeps room for it. The server does it for
// the courier: the cabinet hears of it as of every other re-route.
func (t *turn) sendThere(to models.LockerID) {
	offered := t.Session.Others
	courier, ok := t.courier()
	if !ok {
		return
	}
	for _, o := range offered.Lockers {
		if o.Locker != to {
			continue
		}
		of := asked{Shipment: offered.Shipment, Place: placeOf(o)}
		t.await(ScreenFull, TextAsking)
		r := protocol.Request{Kind: protocol.SendThere, Shipment: offered.Shipment, Courier: courier.Courier, To: to}
		if !t.request(r, of) {
			t.sentThere(of, nil)
		}
		return
	}
}

// sentThere says what came of it.
func (t *turn) sentThere(was asked, reply *protocol.RequestReply) {
	switch {
	case reply == nil:
		t.await(ScreenFull, TextNotSent)
	case reply.Verdict == protocol.RequestDone:
		t.Session.show(ScreenFull, TextSent, t.longer(messageMS), "place", was.Place)
	default:
		t.await(ScreenFull, TextNoRoomThere, "place", was.Place)
	}
}
