package cabinet

import (
	"slices"

	"cubby/agent/protocol"
)

// codeAgain asks whose code is to be sent once more. Without a line nobody could send it.
func (t *turn) codeAgain() {
	if !t.Link.Live {
		t.Session.show(ScreenCodeAgain, TextCodeAgainOffline, t.longer(messageMS))
		return
	}
	t.await(ScreenCodeAgain, TextCodeAgain)
}

// asksForCode reports whether a number is awaited, to send its code.
func (s *Session) asksForCode() bool { return s.Text == TextCodeAgain }

// resend has the server send the code of a number. The answer is the same whether something
// waits under it or not, and whether it was asked for too often: it tells nobody anything.
func (t *turn) resend(number string) {
	t.ResentAt = slices.DeleteFunc(slices.Clone(t.ResentAt), func(at int64) bool { return t.due(at + hourMS) })
	if !t.Link.Live {
		t.codeAgain()
		return
	}
	if len(t.ResentAt) < protocol.ResendCode.RequestsAnHour() {
		t.ResentAt = append(t.ResentAt, max(t.now.UptimeMS, 1))
		t.effect(AskServer{protocol.Request{Kind: protocol.ResendCode, Label: number}})
	}
	t.Session.show(ScreenCodeAgain, TextCodeAgainSent, t.longer(messageMS))
}
