package kill

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/run"
	"cubby/cmd/cubby-demo/sms"
)

// mails: each life with an address got one mail. A repeat is the same mail, and the process that sent it was killed
// before it could record the answer.
func (j *judgement) mails() {
	byAddress := map[string][]people.Mail{}
	for _, m := range j.Mails {
		for _, to := range m.To {
			byAddress[to] = append(byAddress[to], m)
		}
	}
	senders := map[string]int{}
	for _, l := range j.Lives {
		mails := byAddress[l.Address]
		delete(byAddress, l.Address)
		if l.Shipment == "" || l.Address == "" {
			continue
		}
		if len(mails) == 0 {
			j.say("life %d: no mail came to %s", l.N, l.Address)
			continue
		}
		id := mails[0].MessageID
		if other, twice := senders[id]; twice || id == "" {
			j.say("lives %d and %d: their mails share the Message-ID %q", other, l.N, id)
		}
		senders[id] = l.N
		for i, m := range mails[1:] {
			if m.MessageID != id {
				j.say("life %d: two mails, %s and %s", l.N, id, m.MessageID)
				continue
			}
			j.repeated(l, "mail "+id, mails[i].At, m.At)
		}
	}
	delete(byAddress, run.OperatorEmail) // incidents: a kill may well be one
	for _, address := range slices.Sorted(maps.Keys(byAddress)) {
		j.say("%d mails to %s, whom nobody had to write to", len(byAddress[address]), address)
	}
}

// repeated looks for the kill that explains that a message came twice.
func (j *judgement) repeated(l life, what string, at, again time.Time) {
	kill := j.killBetween(at, again, slowReply)
	if kill == 0 {
		j.say("life %d: %s came at %s and again at %s, and no sender was killed in between", l.N, what, clock(at), clock(again))
		return
	}
	j.uncertain = append(j.uncertain, repeat{fmt.Sprintf("life %d", l.N), what, at, again, kill})
}

// killBetween finds the kill of a sender between the moment at which something left and that at which its answer, given
// so much after it came, was recorded at the latest.
func (j *judgement) killBetween(came, again time.Time, answered time.Duration) int {
	latest := came.Add(answered + recordWithin)
	if again.Before(latest) {
		latest = again
	}
	return j.senderKilled(came.Add(-underway), latest)
}

// senderKilled finds a kill of a process that sends.
func (j *judgement) senderKilled(from, to time.Time) int {
	for i, s := range j.Shots {
		if s.Sends && !s.At.Before(from) && !s.At.After(to) {
			return i + 1
		}
	}
	return 0
}

// texts: each life with a phone got one SMS. Before any further attempt the provider was asked, and it did not have the
// text; and the process that sent it was killed before it could record the answer.
func (j *judgement) texts() {
	byPhone := map[string][]sms.Message{}
	for _, m := range j.Texts {
		byPhone[m.To] = append(byPhone[m.To], m)
	}
	senders := map[string]int{}
	for _, l := range j.Lives {
		texts := byPhone[l.Phone]
		delete(byPhone, l.Phone)
		if l.Shipment == "" || l.Phone == "" {
			continue
		}
		if len(texts) == 0 {
			j.say("life %d: no SMS came to %s", l.N, l.Phone)
			continue
		}
		id, _ := attemptOf(texts[0])
		if other, twice := senders[id]; twice || id == "" {
			j.say("lives %d and %d: their SMS are of one message, %q", other, l.N, id)
		}
		senders[id] = l.N
		var before sms.Message
		for i, m := range texts {
			of, attempt := attemptOf(m)
			if of != id {
				j.say("life %d: two SMS, of %s and %s", l.N, id, of)
				continue
			}
			if attempt > 1 {
				j.asked(l, before, m)
			}
			if i > 0 {
				j.repeated(l, "SMS "+id, before.At, m.At)
				if attempt < 2 {
					j.say("life %d: SMS %s came again as attempt %d", l.N, id, attempt)
				}
			}
			before = m
		}
	}
	if len(j.Questions) == 0 && len(j.Texts) > 0 {
		j.say("the SMS provider was never asked, though senders were killed with an SMS on its way")
	}
	for _, phone := range slices.Sorted(maps.Keys(byPhone)) {
		j.say("%d SMS to %s, whom nobody had to write to", len(byPhone[phone]), phone)
	}
}

// attemptOf reads the message of which an SMS is, and the attempt, from where its sender wants to be called back.
func attemptOf(m sms.Message) (message string, attempt int) {
	u, err := url.Parse(m.Callback)
	if err != nil {
		return "", 0
	}
	attempt, _ = strconv.Atoi(u.Query().Get("a")) // 0: it says none
	return u.Query().Get("n"), attempt
}

// asked: the provider was asked for the text before it was sent again, and did not have it.
func (j *judgement) asked(l life, before, again sms.Message) {
	was := false
	for _, q := range j.Questions {
		if q.To != l.Phone || q.At.Before(before.At) || q.At.After(again.At) {
			continue
		}
		was = true
		if slices.Contains(q.Found, before.SID) {
			j.say("life %d: SMS %s was sent again at %s, and the provider had said that it has it", l.N, before.SID, clock(again.At))
			return
		}
	}
	if !was {
		j.say("life %d: SMS %s was sent in a further attempt, and the provider was not asked before", l.N, again.SID)
	}
}

// rows: the product has one message for each way to a client, and says that it is sent. Of each that was begun twice it
// says so, and a sender was killed meanwhile; it knows of each repeat.
func (j *judgement) rows() {
	came := map[string]int{} // by address and phone
	for _, m := range j.Mails {
		for _, to := range m.To {
			came[to]++
		}
	}
	for _, m := range j.Texts {
		came[m.To]++
	}
	for _, l := range j.Lives {
		if l.Shipment == "" {
			continue
		}
		to := map[string]string{}
		if l.Address != "" {
			to["email"] = l.Address
		}
		if l.Phone != "" {
			to["sms"] = l.Phone
		}
		for _, r := range j.Rows[l.Shipment] {
			address, expected := to[r.Channel]
			delete(to, r.Channel)
			if !expected || r.Kind != "ready" {
				j.say("life %d: message %s is %s by %s, which was not to be sent", l.N, r.ID, r.Kind, r.Channel)
				continue
			}
			j.row(l, r, came[address])
		}
		for _, channel := range slices.Sorted(maps.Keys(to)) {
			j.say("life %d: there is no message by %s", l.N, channel)
		}
	}
}

func (j *judgement) row(l life, r people.Notification, came int) {
	if r.State != "sent" && r.State != "delivered" {
		j.say("life %d: message %s by %s is %s", l.N, r.ID, r.Channel, r.State)
		return
	}
	if came > r.Attempts {
		j.say("life %d: message %s by %s came %d times in %d attempts", l.N, r.ID, r.Channel, came, r.Attempts)
	}
	if twice := r.Attempts > 1; r.Uncertain != twice {
		j.say("life %d: message %s by %s had %d attempts, and it is called uncertain: %t", l.N, r.ID, r.Channel, r.Attempts, r.Uncertain)
	}
	if r.Attempts < 2 {
		return
	}
	kill := j.senderKilled(r.CreatedAt, r.SentAt)
	if kill == 0 {
		j.say("life %d: message %s by %s had %d attempts, and no sender was killed", l.N, r.ID, r.Channel, r.Attempts)
		return
	}
	j.begun = append(j.begun, repeat{fmt.Sprintf("life %d", l.N), r.Channel + " " + r.ID, r.CreatedAt, r.SentAt, kill})
}
