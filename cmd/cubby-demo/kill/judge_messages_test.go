package kill

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sms"
)

func TestJudgeFailsMessages(t *testing.T) {
	t.Parallel()
	found(t, []plant{
		{"a missing message", func(e *evidence) { e.Mails = append(e.Mails[:1:1], e.Mails[2]) }, "no mail came to c2@example.org"},
		{"a repeat without any kill", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(15), To: []string{"c2@example.org"}, MessageID: "m2"})
		}, "life 2: mail m2 came at 12:00:11.000 and again at 12:00:15.000, and no sender was killed"},
		{"a repeat while another part was killed", func(e *evidence) { e.Shots[0].Sends = false }, "life 1: mail m1 came at"},
		{"a repeat with the kill before DATA", func(e *evidence) { e.Shots[0].At = at(9.7) }, "life 1: mail m1 came at"},
		{"a repeat with the kill long after the answer", func(e *evidence) { e.Shots[0].At = at(14) }, "life 1: mail m1 came at"},
		{"a repeat with the kill after it", func(e *evidence) { e.Mails[2].At = at(10.1) }, "life 1: mail m1 came at"},
		{"a third copy with one kill", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(26), To: []string{"c1@example.org"}, MessageID: "m1"})
		}, "came at 12:00:25.000 and again at 12:00:26.000"},
		{"two messages", func(e *evidence) {
			e.Mails = append(e.Mails, people.Mail{At: at(26), To: []string{"c2@example.org"}, MessageID: "m9"})
		}, "life 2: two mails, m2 and m9"},
		{"one Message-ID for two lives", func(e *evidence) { e.Mails[1].MessageID = "m1" }, "share the Message-ID"},
		{"no Message-ID", func(e *evidence) { e.Mails[1].MessageID = "" }, "share the Message-ID"},
		{"a message to a stranger", func(e *evidence) { e.Mails = append(e.Mails, people.Mail{To: []string{"x@example.org"}}) }, "1 mails to x@example.org"},
		{"a missing SMS", func(e *evidence) { e.Texts = nil }, "life 2: no SMS came to +2"},
		{"a doubled SMS without any kill", func(e *evidence) {
			smsAgain(e, at(15))
			e.Questions = []sms.Question{{At: at(14), To: "+2"}}
		}, "life 2: SMS t+2 came at 12:00:12.000 and again at 12:00:15.000, and no sender was killed"},
		{"a doubled SMS while another part was killed", func(e *evidence) {
			smsAgain(e, at(35))
			e.Questions = []sms.Question{{At: at(34), To: "+2"}}
			e.Texts[0].At = at(30)
		}, "life 2: SMS t+2 came at 12:00:30.000 and again at 12:00:35.000, and no sender was killed"},
		{"a doubled SMS that nobody asked about", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At = at(50)
		}, "life 2: SMS SM2 was sent in a further attempt, and the provider was not asked before"},
		{"a doubled SMS with a question of another phone", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(52), To: "+1"}}
		}, "the provider was not asked before"},
		{"a doubled SMS with the question before it", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(49), To: "+2"}}
		}, "the provider was not asked before"},
		{"a doubled SMS that the provider was known to have", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(52), To: "+2", Found: []string{"SM1"}}}
		}, "life 2: SMS SM1 was sent again at 12:00:55.000, and the provider had said that it has it"},
		{"a further attempt of an SMS without a question", func(e *evidence) {
			e.Texts[0] = text("+2", "SM1", 2, at(12))
		}, "life 2: SMS SM1 was sent in a further attempt, and the provider was not asked before"},
		{"an SMS twice in one attempt", func(e *evidence) {
			smsAgain(e, at(55))
			e.Texts[0].At, e.Texts[1].Callback = at(50), e.Texts[0].Callback
		}, "life 2: SMS t+2 came again as attempt 1"},
		{"two messages by SMS", func(e *evidence) {
			e.Texts = append(e.Texts, text("+9", "SM2", 1, at(13)))
			e.Texts[1].To = "+2"
		}, "life 2: two SMS, of t+2 and t+9"},
		{"an SMS of no message", func(e *evidence) { e.Texts[0].Callback = "" }, "their SMS are of one message"},
		{"a provider that was never asked", func(e *evidence) { e.Questions = nil }, "the SMS provider was never asked"},
		{"an SMS to a stranger", func(e *evidence) { e.Texts = append(e.Texts, text("+9", "SM2", 1, at(13))) }, "1 SMS to +9"},
		{"a message that is not sent", func(e *evidence) { e.Rows["shp_2"][1].State = "sending" }, "life 2: message t+2 by sms is sending"},
		{"a message that is not there", func(e *evidence) { e.Rows["shp_2"] = e.Rows["shp_2"][:1] }, "life 2: there is no message by sms"},
		{"another message", func(e *evidence) { e.Rows["shp_2"][1].Kind = "reminder" }, "t+2 is reminder by sms, which was not to be sent"},
		{"a message by another way", func(e *evidence) {
			e.Rows["shp_1"] = append(e.Rows["shp_1"], people.Notification{ID: "t1", Kind: "ready", Channel: "sms", State: "sent", Attempts: 1})
		}, "t1 is ready by sms, which was not to be sent"},
		{"a repeat that the product does not know of", func(e *evidence) {
			e.Rows["shp_1"][0].Attempts, e.Rows["shp_1"][0].Uncertain = 1, false
		}, "message m1 by email came 2 times in 1 attempts"},
		{"a repeat that is not called uncertain", func(e *evidence) { e.Rows["shp_1"][0].Uncertain = false }, "had 2 attempts, and it is called uncertain: false"},
		{"a doubt without a repeat", func(e *evidence) { e.Rows["shp_2"][0].Uncertain = true }, "had 1 attempts, and it is called uncertain: true"},
		{"a further attempt without any kill", func(e *evidence) {
			e.Rows["shp_2"][1].Attempts, e.Rows["shp_2"][1].Uncertain, e.Rows["shp_2"][1].CreatedAt = 2, true, at(11)
		}, "message t+2 by sms had 2 attempts, and no sender was killed"},
	})
}

// smsAgain has the SMS of the second life come again, as the second attempt, which its row knows of.
func smsAgain(e *evidence, again time.Time) {
	e.Texts = append(e.Texts, text("+2", "SM2", 2, again))
	r := &e.Rows["shp_2"][1]
	r.Attempts, r.Uncertain, r.SentAt = 2, true, again
}

// TestJudgeForgivesAnSMSAgain: the sender was killed, and the provider, asked before it was sent again, did not have it yet.
func TestJudgeForgivesAnSMSAgain(t *testing.T) {
	t.Parallel()
	e := good()
	smsAgain(&e, at(55))
	e.Texts[0].At, e.Questions = at(50), []sms.Question{{At: at(52), To: "+2"}}
	v := judge(e)
	require.Empty(t, v.wrong)
	require.Equal(t, repeat{Whose: "life 2", What: "SMS t+2", At: at(50), Again: at(55), Kill: 3}, v.uncertain[1])
}

// TestJudgeForgivesALateNotice: the sender was killed when the message was on its way already.
func TestJudgeForgivesALateNotice(t *testing.T) {
	t.Parallel()
	e := good()
	e.Shots[0].At = at(9.9)
	require.Empty(t, judge(e).wrong)
}
