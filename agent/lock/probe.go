package lock

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cubby/agent/link"
)

// probeTime is enough for every board of a bus to answer, or to miss its looks.
const probeTime = 2 * time.Second

// Probe looks at the boards of a bus that nobody drives, and tells how they stand. It
// returns an error when the line cannot be opened.
func Probe(ctx context.Context, boards []Board, dial func() (link.Port, error)) ([]BoardStatus, map[int]bool, error) {
	var failed error
	b, err := NewBus(boards, Timing{}, func() (link.Port, error) {
		p, err := dial()
		failed = err
		return p, err
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	err = b.Run(ctx, func(Event) {
		if _, complete := b.Doors(); complete {
			cancel()
		}
	})
	doors, _ := b.Doors()
	return b.Boards(), doors, errors.Join(err, failed)
}
