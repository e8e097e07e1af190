package measure

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/stage"
)

const connectAtOnce = 16

// memoryReport is what an agent's line costs the gateway's process.
type memoryReport struct {
	Agents      int       `json:"agents"`
	KiBPerAgent float64   `json:"kib_per_agent"` // the median round
	KiBRounds   []float64 `json:"kib_rounds"`
}

// memory connects few agents and then many, and divides what the gateway's resident memory grew by, each time after
// forced collections. Every round has a gateway that has just started.
func memory(ctx context.Context, s *stage.Stage, few, many, rounds int, progress io.Writer) (*memoryReport, error) {
	pool, err := serverPool(s.ServerCA())
	if err != nil {
		return nil, err
	}
	agents, err := enrollAll(ctx, s, pool, many, progress)
	if err != nil {
		return nil, err
	}
	r := &memoryReport{Agents: many}
	for range rounds {
		kib, err := memoryRound(ctx, s, agents, few)
		if err != nil {
			return nil, err
		}
		r.KiBRounds = append(r.KiBRounds, kib)
	}
	r.KiBPerAgent = quantile(r.KiBRounds, .5)
	return r, nil
}

func memoryRound(ctx context.Context, s *stage.Stage, agents []*agent, few int) (kib float64, err error) {
	gateway := s.Part("gateway")
	if err := errors.Join(gateway.Kill(), gateway.Start(ctx)); err != nil {
		return 0, err
	}
	held, cancel := context.WithCancel(ctx)
	var lines errgroup.Group
	defer func() {
		cancel()
		err = errors.Join(err, lines.Wait())
	}()
	var resident [2]int64
	for i, some := range [][]*agent{agents[:few], agents[few:]} {
		if err := connectAll(ctx, held, &lines, some); err != nil {
			return 0, err
		}
		if resident[i], err = gateway.SettledMemory(ctx); err != nil {
			return 0, err
		}
	}
	return perAgent(resident[0], resident[1], few, len(agents)), nil
}

// perAgent is the slope in KiB.
func perAgent(before, after int64, few, many int) float64 {
	return float64(after-before) / 1024 / float64(many-few)
}

// connectAll connects agents, some at once, and holds their lines until held ends.
func connectAll(ctx, held context.Context, lines *errgroup.Group, agents []*agent) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connectAtOnce)
	for _, a := range agents {
		group.Go(func() error {
			conn, err := a.connect(ctx)
			if err != nil {
				return fmt.Errorf("agent of %s: %w", a.locker, err)
			}
			lines.Go(func() error { return a.hold(held, conn) })
			return nil
		})
	}
	return group.Wait()
}

// enrollAll makes lockers and enrols an agent for each.
func enrollAll(ctx context.Context, s *stage.Stage, pool *x509.CertPool, n int, progress io.Writer) ([]*agent, error) {
	operator := people.Operator{Service: s.REST(s.OperatorKey)}
	operator.Persist = true
	location, err := operator.Location(ctx, 1)
	if err != nil {
		return nil, err
	}
	model, err := operator.Model(ctx, "Bench", people.Row{Size: "M", Cells: 30})
	if err != nil {
		return nil, err
	}
	agents := make([]*agent, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connectAtOnce)
	for i := range n {
		group.Go(func() error {
			id, err := operator.Locker(ctx, fmt.Sprintf("BENCH-%05d", i), location, model)
			if err != nil {
				return err
			}
			claim, err := operator.Claim(ctx, id)
			if err != nil {
				return err
			}
			agents[i], err = enroll(ctx, s.GatewayAddress(), pool, id, claim, i)
			if i%100 == 0 {
				fmt.Fprintf(progress, "measure: agent %d of %d is enrolled\n", i, n)
			}
			return err
		})
	}
	return agents, group.Wait()
}
