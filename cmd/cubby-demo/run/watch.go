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

// Wait returns nil when the context ends, and an error when a part ends by itself. Meanwhile it resets the network, or
// has it begin anew, when that is asked for.
func (s *System) Wait(ctx context.Context) error {
	for {
		again, err := s.waitOnce(ctx)
		if again == nil {
			return err
		}
		err = again(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// waitOnce returns how to start again, when that is asked for.
func (s *System) waitOnce(ctx context.Context) (again func(context.Context) error, err error) {
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
		return nil, nil
	case err := <-s.failed:
		return nil, err
	case c := <-died:
		return nil, c.obituary()
	case <-s.resets:
		return s.reset, nil
	case <-s.pasts:
		return s.anew, nil
	}
}

// Stop stops everything in the reverse order of its start and waits. The inbox outlives the server, which may be sending.
func (s *System) Stop() error { return s.unwind(0) }

// unwind stops what was started last, until only so much is left.
func (s *System) unwind(left int) error {
	var errs []error
	for len(s.stops) > left {
		last := len(s.stops) - 1
		errs = append(errs, s.stops[last]())
		s.stops = s.stops[:last]
	}
	return errors.Join(errs...)
}
