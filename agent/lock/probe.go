package lock

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cubby/agent/link"
)

// probeTime is enough for every board of a bus to answer, or to miss its looks.
const probeTime = 3 * time.Second

// Probe looks at the boards of a bus that nobody drives, and tells how they stand. It
// returns an error when the line cannot be opened.
func Probe(ctx context.Context, boards []Board, dial func() (link.Port, error)) ([]BoardStatus, map[int]bool, error) {
	return probe(ctx, boards, Timing{}, dial)
}

func probe(ctx context.Context, boards []Board, timing Timing, dial func() (link.Port, error)) ([]BoardStatus, map[int]bool, error) {
	var failed error
	b, err := NewBus(boards, timing, func() (link.Port, error) {
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

// Speeds are the baud rates at which boards of any family are found.
func Speeds() []int { return []int{9600, 19200, 38400, 57600, 115200} }

// ProbeSpeeds tries a bus that nobody drives at several speeds, and tells at which each
// board answers, by its name. Only requests for a status are sent, yet a board hears the
// others as noise: it is done when somebody asks for it.
func ProbeSpeeds(ctx context.Context, boards []Board, speeds []int, dial func(baud int) (link.Port, error)) (map[string]int, error) {
	found := map[string]int{}
	for _, baud := range speeds {
		stand, _, err := probe(ctx, boards, Timing{Poll: 20 * time.Millisecond, Misses: 2}, func() (link.Port, error) { return dial(baud) })
		if err != nil {
			return found, err
		}
		for _, b := range stand {
			if _, already := found[b.Name]; b.Up && !already {
				found[b.Name] = baud
			}
		}
		if len(found) == len(boards) || ctx.Err() != nil {
			break
		}
	}
	return found, ctx.Err()
}
