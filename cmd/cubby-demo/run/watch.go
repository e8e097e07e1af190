package run

import (
	"context"
	"errors"
	"fmt"

	"cubby/cmd/cubby-demo/rig"
)

// child is a process that is not meant to end by itself.
type child struct {
	name, log string
	process   *rig.Process
}

// obituary says that the child has ended, with its last words.
func (c child) obituary() error {
	last, err := tail(c.log)
	if err != nil {
		last = err.Error()
	}
	return fmt.Errorf("%s ended by itself; the last lines of %s:\n%s", c.name, c.log, last)
}

// dead reports a child that has ended.
func (s *System) dead() error {
	for _, c := range s.watched {
		select {
		case <-c.process.Done():
			return c.obituary()
		default:
		}
	}
	return nil
}

// Wait returns nil when the context ends, and an error when a part ends by itself.
func (s *System) Wait(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	died := make(chan child, len(s.watched))
	for _, c := range s.watched {
		go func() {
			select {
			case <-c.process.Done():
				died <- c
			case <-ctx.Done():
			}
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	case c := <-died:
		return c.obituary()
	}
}

// Stop stops everything in the reverse order of its start and waits. The inbox outlives the server, which may be sending.
func (s *System) Stop() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	s.stops = nil
	return errors.Join(errs...)
}
