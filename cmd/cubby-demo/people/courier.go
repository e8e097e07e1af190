package people

import (
	"context"
	"fmt"
	"time"
)

// scanAgain is how long a courier waits before a label that is not known yet is scanned once more: a scanner takes the
// same code within 1.5 s for the same reading.
const scanAgain = 1600 * time.Millisecond

// Courier is a courier before a cabinet.
type Courier struct {
	Badge, PIN string
	At         Cabinet
}

// LogIn shows the badge and types the PIN. A badge that has just been made may not be known there yet.
func (c Courier) LogIn(ctx context.Context) error {
	what := fmt.Sprintf("cabinet %s to know the courier's badge", c.At.Locker)
	err := Await(ctx, what, scanAgain, func() (bool, string, error) {
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
	err = Await(ctx, what, scanAgain, func() (bool, string, error) {
		s, err = c.At.Scan(ctx, label)
		taken := s.Text == "wait" || s.Text == "opening" || s.Text == "put_in"
		if err == nil && !taken && s.Text != "unknown_label" {
			err = fmt.Errorf("the label was refused: %s", s)
		}
		return taken, s.String(), err
	})
	return s, err
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

// Leave logs out.
func (c Courier) Leave(ctx context.Context) error {
	s, err := c.At.Press(ctx, "finish")
	if err == nil && s.Text != "goodbye" {
		err = fmt.Errorf("the courier is not logged out: %s", s)
	}
	return err
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
