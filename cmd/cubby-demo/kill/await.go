package kill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cubby/cmd/cubby-demo/people"
)

// letter is a message as its client has it.
type letter struct {
	at       time.Time
	answered bool // its sender was told that it is there
	text     string
}

// way is one by which a client gets a message.
type way struct {
	name string
	left phase
	// look reads what has come, the oldest first.
	look func(ctx context.Context) ([]letter, error)
}

// ways are those of the life's client, in the order in which they are used.
func (s *stepper) ways() (all []way) {
	if s.Phone != "" {
		left := smsLeft
		if !s.Silent {
			left = messageSending // if its sender dies, the provider tells that it has it
		}
		all = append(all, way{"the SMS to " + s.Phone, left, s.texts})
	}
	if s.Address != "" {
		all = append(all, way{"the mail to " + s.Address, mailLeft, s.mails})
	}
	return all
}

func (s *stepper) mails(ctx context.Context) (all []letter, err error) {
	mails, err := s.mailbox(s.Address).Mails(ctx)
	for _, m := range mails {
		all = append(all, letter{m.At, m.DeliveredReply, m.Text})
	}
	return all, err
}

func (s *stepper) texts(context.Context) (all []letter, err error) {
	for _, m := range s.sms.Messages() {
		if m.To == s.Phone {
			all = append(all, letter{m.At, m.Answered, m.Body})
		}
	}
	return all, nil
}

// await waits for the messages, and reads the code, which is the same in all.
func (s *stepper) await(ctx context.Context) error {
	isReady := false
	for _, by := range s.ways() {
		first, err := s.awaitOne(ctx, by, &isReady)
		if err != nil {
			return err
		}
		code, found := people.CodeIn(first.text)
		switch {
		case !found:
			return errors.New("no pickup code is in " + by.name) // the text stays out of what is printed
		case s.code != "" && s.code != code:
			return errors.New("another pickup code is in " + by.name)
		}
		s.code = code
		if by.left == mailLeft && !first.answered && s.random.IntN(4) > 0 {
			s.seeSecond(ctx, by)
		}
	}
	s.enter(ready)
	return nil
}

// awaitOne waits for the message that comes by a way, and notes how far it is.
func (s *stepper) awaitOne(ctx context.Context, by way, isReady *bool) (first letter, err error) {
	var asked time.Time
	if *isReady {
		s.enter(messageSending)
	}
	err = people.Await(ctx, by.name, lookEvery, func() (bool, string, error) {
		if !*isReady && time.Since(asked) > restEvery {
			asked = time.Now()
			now, err := s.carrier.Shipment(ctx, s.Shipment)
			if err != nil {
				return false, "", err
			}
			if *isReady = now.State == "ready_for_pickup"; *isReady {
				s.enter(messageSending)
			}
		}
		came, err := by.look(ctx)
		if err != nil || len(came) == 0 {
			return false, fmt.Sprintf("nothing came, ready %t", *isReady), err
		}
		first = came[0]
		if first.answered || time.Since(first.at) > 3*slowReply {
			return true, "", nil
		}
		s.enter(by.left)
		return false, "a message that is not answered yet", nil
	})
	return first, err
}

// seeSecond: a message was cut off, and a client who does not hurry sees whether it comes again. If it does not, nothing
// is wrong.
func (s *stepper) seeSecond(ctx context.Context, by way) {
	waiting, cancel := context.WithTimeout(ctx, secondCopy)
	defer cancel()
	_ = people.Await(waiting, "a second copy", lookEvery, func() (bool, string, error) {
		came, err := by.look(waiting)
		return len(came) > 1, "", err
	})
}
