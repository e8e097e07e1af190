package cabinet

import (
	"cubby/agent/protocol"
	"cubby/models"
)

// call is a client's wish to be called: it lives as long as the client's visit.
type call struct {
	ID     string  `json:"id,omitempty"`
	Until  int64   `json:"until,omitempty"`
	Number string  `json:"number,omitempty"` // what the support was told
	Text   TextKey `json:"text,omitempty"`   // what came of it
}

// callable is whose client can be called: the support knows a phone of theirs, and they have just
// given their code here. Nobody types one.
func (s *State) callable(session *Session) models.ShipmentID {
	e := s.Directory.Shipments[session.Client]
	if session.Courier != "" || e == nil || !e.Callable || !s.Link.Live {
		return ""
	}
	return e.Shipment
}

// callBack asks the support to call the client.
func (t *turn) callBack() {
	s, id := t.Session, t.callable(t.Session)
	if id == "" || s.Over != ScreenHelp || t.fresh == "" || s.Call.Text != "" || s.Call.ID != "" {
		return
	}
	s.Call = call{ID: string(t.fresh), Until: t.in(askMS), Number: t.quoted(s), Text: TextAsking}
	t.fresh = ""
	t.effect(AskServer{protocol.Request{ID: s.Call.ID, Kind: protocol.CallBack, Shipment: id, Session: s.Call.Number}})
	s.OverUntil = t.idle()
}

// calledBack notes what came of it; nil: no answer.
func (t *turn) calledBack(reply *protocol.RequestReply) {
	c := &t.Session.Call
	c.ID, c.Until, c.Text = "", 0, TextNoCall
	if reply != nil && reply.Verdict == protocol.RequestDone {
		c.Text = TextCallComes
	}
}

// viewCall draws it on the page of help.
func (s *State) viewCall(session *Session, v *View) {
	switch {
	case session.Call.Text != "":
		v.Lines = []string{v.Language.sentence(session.Call.Text, map[string]string{"number": session.Call.Number})}
	case s.callable(session) != "":
		v.Buttons = append(v.Buttons, ButtonCallBack)
	}
}
