package people

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ScanAgain is how long a courier waits before a label that is not known yet is scanned once more: a scanner takes the
// same code within 1.5 s for the same reading.
const ScanAgain = 1600 * time.Millisecond

const checkAgain = 500 * time.Millisecond

// Courier is a courier before a cabinet.
type Courier struct {
	Badge, PIN string
	At         Cabinet
}

// LogIn shows the badge and types the PIN. A badge that has just been made may not be known there yet.
func (c Courier) LogIn(ctx context.Context) error {
	what := fmt.Sprintf("cabinet %s to know the courier's badge", c.At.Locker)
	err := Await(ctx, what, ScanAgain, func() (bool, string, error) {
		s, err := c.At.Scan(ctx, c.Badge)
		return s.Text == "pin", s.String(), err
	})
	if err != nil {
		return err
	}
	s, err := c.At.Keys(ctx, c.PIN)
	if err == nil && s.Text != "courier" {
		err = fmt.Errorf("badge and PIN were not taken: %s", s)
	}
	return err
}

// Scan scans a label until the cabinet takes it: a parcel that was just announced may not be known there yet. It
// returns the screen after the scan that was taken.
func (c Courier) Scan(ctx context.Context, label string) (s Screen, err error) {
	what := fmt.Sprintf("cabinet %s to take the label %s", c.At.Locker, label)
	err = Await(ctx, what, ScanAgain, func() (bool, string, error) {
		s, err = c.At.Scan(ctx, label)
		if err == nil && idle(s) {
			s, err = c.settled(ctx, s)
		}
		if err == nil && idle(s) {
			return false, s.String(), nil // the scanner missed it
		}
		if err == nil && s.Text == "size" {
			s, err = c.At.Press(ctx, medium(s.Buttons))
		}
		taken := s.Text == "wait" || s.Text == "opening" || s.Text == "put_in"
		if err == nil && !taken && s.Text != "unknown_label" {
			err = fmt.Errorf("the label was refused: %s", s)
		}
		return taken, s.String(), err
	})
	return s, err
}

// medium is the answer to how large a parcel is: M, where there is room for that.
func medium(buttons []string) string {
	if slices.Contains(buttons, "size_m") {
		return "size_m"
	}
	return buttons[0]
}

// idle reports whether a screen waits for the next label.
func idle(s Screen) bool { return s.Text == "courier" || s.Text == "loaded" }

// settled waits for what comes of a scan: on a busy computer the screen may be late.
func (c Courier) settled(ctx context.Context, before Screen) (Screen, error) {
	limited, cancel := context.WithTimeout(ctx, ScanAgain)
	defer cancel()
	now, err := c.At.AwaitScreen(limited, "something to come of the scan", func(s Screen) bool { return s.String() != before.String() })
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return before, nil
	}
	return now, err
}

// AwaitDoor waits for the cell to put the parcel into.
func (c Courier) AwaitDoor(ctx context.Context) (cell int, err error) {
	s, err := c.At.AwaitScreen(ctx, "an open door to put the parcel in", func(s Screen) bool {
		return s.Text == "put_in" && len(openOf(s)) == 1
	})
	if err != nil {
		return 0, err
	}
	return openOf(s)[0], nil
}

// Put puts the parcel in. Close shuts the door behind it.
func (c Courier) Put(ctx context.Context, cell int, label string) error {
	return c.At.Put(ctx, cell, label)
}

// Close shuts the door and waits until the cabinet has the parcel.
func (c Courier) Close(ctx context.Context, cell int) error {
	if err := c.At.Close(ctx, cell); err != nil {
		return err
	}
	_, err := c.At.AwaitScreen(ctx, "the parcel to be in its cell", func(s Screen) bool { return s.Text == "loaded" })
	return err
}

// DoesNotFit says so before the open door of a cell, and shuts it on nothing. It returns the screen after that.
func (c Courier) DoesNotFit(ctx context.Context, cell int) (Screen, error) {
	if _, err := c.At.Press(ctx, "did_not_fit"); err != nil {
		return Screen{}, err
	}
	if err := c.At.Close(ctx, cell); err != nil {
		return Screen{}, err
	}
	if _, err := c.At.AwaitScreen(ctx, "the question whether the cell is empty", func(s Screen) bool { return s.Text == "is_empty" }); err != nil {
		return Screen{}, err
	}
	return c.At.Press(ctx, "empty")
}

// Leave logs out.
func (c Courier) Leave(ctx context.Context) error {
	s, err := c.At.Press(ctx, "finish")
	if err == nil && s.Text != "goodbye" {
		err = fmt.Errorf("the courier is not logged out: %s", s)
	}
	return err
}

// Withdraw takes out everything that is in the courier's list: each door opens, the parcel comes out, the door is shut
// and its label scanned. It returns what was taken.
func (c Courier) Withdraw(ctx context.Context) (taken []string, err error) {
	if _, err = c.At.Press(ctx, "collect"); err != nil {
		return nil, err
	}
	for {
		s, err := c.At.AwaitScreen(ctx, "the list of what is to be taken out, or the next door", func(s Screen) bool {
			return s.Text == "collect_list" || s.Text == "so_far" || s.Text == "nothing_there" || s.Text == "take_and_scan" && len(openOf(s)) == 1
		})
		if err != nil || s.Text == "so_far" || s.Text == "nothing_there" {
			return taken, err
		}
		if s.Text == "collect_list" {
			if _, err := c.At.Press(ctx, "open_next"); err != nil {
				return taken, err
			}
		}
		things, err := c.takeNext(ctx)
		if err != nil {
			return taken, err
		}
		taken = append(taken, things...)
	}
}

func (c Courier) takeNext(ctx context.Context) ([]string, error) {
	cell, err := c.doorOf(ctx, "take_and_scan")
	if err != nil {
		return nil, err
	}
	things, err := Client{At: c.At}.TakeFrom(ctx, cell)
	if err != nil {
		return nil, err
	}
	for _, label := range things {
		if _, err := c.At.Scan(ctx, label); err != nil {
			return nil, err
		}
	}
	return things, nil
}

// Check opens the next cell in doubt and looks into it; the label inside is scanned, or it is empty if label is.
func (c Courier) Check(ctx context.Context, label string) error {
	// A cell whose client may still come back for something is not to be checked yet.
	if err := Await(ctx, "a cell that may be checked", checkAgain, func() (bool, string, error) {
		s, err := c.At.Press(ctx, "check")
		return s.Text != "nothing_doubtful", s.String(), err
	}); err != nil {
		return err
	}
	return c.look(ctx, func([]string) string { return label })
}

// CheckAll looks into every cell in doubt and says what is inside. It returns how many there were.
func (c Courier) CheckAll(ctx context.Context) (checked int, err error) {
	for {
		s, err := c.At.Press(ctx, "check")
		if err != nil || s.Text == "nothing_doubtful" {
			return checked, err
		}
		if err := c.look(ctx, func(inside []string) string { return strings.Join(inside, "") }); err != nil {
			return checked, err
		}
		checked++
	}
}

// look waits for the door of a cell in doubt, shuts it, and answers what is inside: a label, or nothing.
func (c Courier) look(ctx context.Context, label func(inside []string) string) error {
	cell, err := c.doorOf(ctx, "please_close")
	if err != nil {
		return err
	}
	inside, err := c.At.Content(ctx, cell)
	if err != nil {
		return err
	}
	if err := c.At.Close(ctx, cell); err != nil {
		return err
	}
	if _, err := c.At.AwaitScreen(ctx, "the question what is inside", func(s Screen) bool { return s.Text == "what_inside" }); err != nil {
		return err
	}
	answer := func() (Screen, error) { return c.At.Press(ctx, "empty") }
	if text := label(inside); text != "" {
		answer = func() (Screen, error) { return c.At.Scan(ctx, text) }
	}
	s, err := answer()
	if err == nil && s.Text != "noted" {
		err = fmt.Errorf("what was found in cell %d, %v, was not taken: %s", cell, inside, s)
	}
	return err
}

// doorFor presses a button and waits for the one door that it opens.
func (c Courier) doorOf(ctx context.Context, text string) (cell int, err error) {
	s, err := c.At.AwaitScreen(ctx, "an open door and "+text, func(s Screen) bool { return s.Text == text && len(openOf(s)) == 1 })
	if err != nil {
		return 0, err
	}
	return openOf(s)[0], nil
}

// Deposit brings parcels: badge, PIN, and for each label a scan, an open door, the parcel and the door shut.
func (c Courier) Deposit(ctx context.Context, labels ...string) error {
	if err := c.LogIn(ctx); err != nil {
		return err
	}
	for _, label := range labels {
		if _, err := c.Scan(ctx, label); err != nil {
			return err
		}
		cell, err := c.AwaitDoor(ctx)
		if err != nil {
			return err
		}
		if err := c.Put(ctx, cell, label); err != nil {
			return err
		}
		if err := c.Close(ctx, cell); err != nil {
			return err
		}
	}
	return c.Leave(ctx)
}
