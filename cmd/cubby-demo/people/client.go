package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	mailEvery = 40 * time.Millisecond
	// codeTries stays below the wrong codes in a row that pause the pad.
	codeTries = 4
	typeAgain = 1500 * time.Millisecond
)

// Mail is a message in a mailbox. The sender of one without DeliveredReply does not know yet that it is there.
type Mail struct {
	ID             int64     `json:"id"`
	At             time.Time `json:"at"`
	To             []string  `json:"to"`
	Subject        string    `json:"subject"`
	Text           string    `json:"text"`
	MessageID      string    `json:"message_id"`
	DeliveredReply bool      `json:"delivered_reply"`
}

// Mailbox is everybody's mailbox; Address narrows it to one's own.
type Mailbox struct {
	Service
	Address string
}

// Mails reads the mail, oldest first.
func (m Mailbox) Mails(ctx context.Context) ([]Mail, error) {
	var all []Mail
	for after := int64(0); ; {
		var page struct {
			Items []Mail
			Next  int64
		}
		path := fmt.Sprintf("/inbox/api/messages?limit=200&after=%d&to=%s", after, url.QueryEscape(m.Address))
		if err := m.call(ctx, http.MethodGet, path, nil, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if after = page.Next; after == 0 {
			return all, nil
		}
	}
}

// Await waits for the nth mail, counted from 1.
func (m Mailbox) Await(ctx context.Context, n int) (mail Mail, err error) {
	err = Await(ctx, fmt.Sprintf("mail %d to %s", n, m.Address), mailEvery, func() (bool, string, error) {
		mails, err := m.Mails(ctx)
		if len(mails) < n {
			return false, fmt.Sprintf("%d mails", len(mails)), err
		}
		mail = mails[n-1]
		return true, "", err
	})
	return mail, err
}

// Misbehave sets how the mail server behaves: see the inbox's faults.
func (m Mailbox) Misbehave(ctx context.Context, mode string, count int, delay time.Duration) error {
	body := map[string]any{"mode": mode, "count": count, "delay_ms": delay.Milliseconds()}
	return m.call(ctx, http.MethodPut, "/inbox/api/faults", nil, body, nil)
}

// written is a pickup code as messages in English write it: other digits may stand in them too.
var written = regexp.MustCompile(`(?i)\bcode:? (\d{4}) (\d{4})\b`)

// CodeIn finds the pickup code in the text of a message in English.
func CodeIn(text string) (code string, found bool) {
	halves := written.FindStringSubmatch(text)
	if halves == nil {
		return "", false
	}
	return halves[1] + halves[2], true
}

// Code finds the pickup code in a mail.
func Code(m Mail) (string, error) {
	code, found := CodeIn(m.Text)
	if !found {
		return "", fmt.Errorf("mail %q has no pickup code in %q", m.Subject, m.Text)
	}
	return code, nil
}

// Client is someone who collects parcels.
type Client struct {
	Mail Mailbox
	At   Cabinet
}

// Code waits for the mail and reads the code.
func (c Client) Code(ctx context.Context) (string, error) {
	mail, err := c.Mail.Await(ctx, 1)
	if err != nil {
		return "", err
	}
	return Code(mail)
}

// Type types the code and returns the screen; an error if the cabinet does not take it. After an outage a fast reader
// may be there before the cabinet has heard of the code, so a client tries it some times, as people do.
func (c Client) Type(ctx context.Context, code string) (Screen, error) {
	return c.give(ctx, code, c.At.Keys)
}

// give gives a code in a way, and again after a while if the cabinet does not know it.
func (c Client) give(ctx context.Context, code string, give func(context.Context, string) (Screen, error)) (Screen, error) {
	for try := 1; ; try++ {
		s, err := give(ctx, code)
		switch {
		case err != nil:
			return s, err
		case s.Text == "wait" || s.Text == "opening" || s.Text == "take":
			return s, nil
		case s.Text == "interrupted":
			// The pickup was cut off, and what is left of it is still to be taken: not_taken and taken would end it.
			if s, err = c.At.Press(ctx, "open_again"); err != nil {
				return s, err
			}
			if s.Text == "wait" || s.Text == "opening" || s.Text == "take" {
				return s, nil
			}
			return s, fmt.Errorf("the interrupted pickup does not go on: %s", s)
		case s.Text != "wrong_code" || try == codeTries || !Pause(ctx, typeAgain):
			return s, fmt.Errorf("the code was not taken at try %d: %s", try, s)
		}
	}
}

// AwaitDoor waits for an open door and returns its cell. done means that there is none to come.
func (c Client) AwaitDoor(ctx context.Context) (cell int, done bool, err error) {
	s, err := c.At.AwaitScreen(ctx, "an open door to take the parcel from", func(s Screen) bool {
		return len(openOf(s)) > 0 || slices.Contains([]string{"everything", "thanks", "home", "jammed", "stuck"}, s.Text)
	})
	switch {
	case err != nil:
		return 0, false, err
	case len(openOf(s)) > 0:
		return openOf(s)[0], false, nil
	case s.Text == "jammed" || s.Text == "stuck":
		return 0, false, fmt.Errorf("a door did not open: %s", s)
	}
	return 0, true, nil
}

// Pickup types the code, takes what is behind each door that opens, and shuts it. It checks that just the things that
// were expected were there.
func (c Client) Pickup(ctx context.Context, code string, expected ...string) error {
	taken, err := c.TakeAll(ctx, code)
	if err != nil {
		return err
	}
	return SameThings(taken, expected)
}

// TakeAll is a pickup of whatever is there, which it returns.
func (c Client) TakeAll(ctx context.Context, code string) (taken []string, err error) {
	if _, err := c.Type(ctx, code); err != nil {
		return nil, err
	}
	return c.collect(ctx)
}

// PickupByQR is a pickup by holding a QR to the scanner.
func (c Client) PickupByQR(ctx context.Context, qr string, expected ...string) error {
	if _, err := c.give(ctx, qr, c.At.Scan); err != nil {
		return err
	}
	taken, err := c.collect(ctx)
	if err != nil {
		return err
	}
	return SameThings(taken, expected)
}

// collect takes what is behind each door that opens, and shuts it.
func (c Client) collect(ctx context.Context) (taken []string, err error) {
	for {
		cell, done, err := c.AwaitDoor(ctx)
		if err != nil || done {
			return taken, err
		}
		things, err := c.TakeFrom(ctx, cell)
		if err != nil {
			return taken, err
		}
		taken = append(taken, things...)
	}
}

// TakeFrom empties a cell and shuts its door, and looks on until the cabinet has seen it.
func (c Client) TakeFrom(ctx context.Context, cell int) ([]string, error) {
	things, err := c.At.Take(ctx, cell)
	if err != nil {
		return nil, err
	}
	if err := c.At.Close(ctx, cell); err != nil {
		return nil, err
	}
	_, err = c.At.AwaitScreen(ctx, fmt.Sprintf("door %d to be seen shut", cell), func(s Screen) bool {
		return !slices.Contains(s.OpenDoors, cell)
	})
	return things, err
}

// Refuse says that the thing in the one cell that is open is not wanted, puts it back and shuts the door.
func (c Client) Refuse(ctx context.Context, cell int, reason string) (thing string, err error) {
	things, err := c.At.Take(ctx, cell)
	if err != nil {
		return "", err
	}
	if len(things) != 1 {
		return "", fmt.Errorf("cell %d holds %q, want one thing", cell, things)
	}
	for _, button := range []string{"refuse", reason} {
		s, err := c.At.Press(ctx, button)
		if err == nil && s.Text != "put_back" {
			err = fmt.Errorf("%s is answered with %s", button, s)
		}
		if err != nil {
			return "", err
		}
	}
	if err := c.At.Put(ctx, cell, things[0]); err != nil {
		return "", err
	}
	if err := c.At.Close(ctx, cell); err != nil {
		return "", err
	}
	_, err = c.At.AwaitScreen(ctx, fmt.Sprintf("door %d to be seen shut", cell), func(s Screen) bool {
		return !slices.Contains(s.OpenDoors, cell)
	})
	return things[0], err
}

// SameThings tells what is wrong when the things taken are not those expected.
func SameThings(taken, expected []string) error {
	taken, expected = slices.Sorted(slices.Values(taken)), slices.Sorted(slices.Values(expected))
	if !slices.Equal(taken, expected) {
		return fmt.Errorf("took %q, expected %q", strings.Join(taken, ", "), strings.Join(expected, ", "))
	}
	return nil
}
