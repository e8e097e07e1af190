package measure

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/stage"
)

const (
	connectAtOnce = 16
	settleEvery   = 500 * time.Millisecond
	settleLooks   = 8 // equal looks, within settleSlack, that end the wait
	settleSlack   = 256 << 10
	settleLimit   = 90 * time.Second
)

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
		if resident[i], err = settled(ctx, gateway.OpsURL, gateway.Pid()); err != nil {
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

// settled forces collections until the process's resident memory falls no more, and returns it in bytes.
func settled(ctx context.Context, ops string, pid int) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	lowest, equal := int64(1)<<62, 0
	err := people.Await(ctx, "the gateway's memory to settle", settleEvery, func() (bool, string, error) {
		if err := collect(ctx, ops); err != nil {
			return false, "", err
		}
		now, err := resident(pid)
		if now < lowest-settleSlack {
			equal = 0
		} else {
			equal++
		}
		lowest = min(lowest, now)
		return equal >= settleLooks, fmt.Sprintf("%d bytes", now), err
	})
	return lowest, err
}

// collect has the process collect its garbage: the profile of its heap is asked for after a collection.
func collect(ctx context.Context, ops string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ops+"/debug/pprof/heap?gc=1", http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the heap's profile: %s", res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// resident is a process's resident memory in bytes (proc(5), statm).
func resident(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm: %q", raw)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
