package worker

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"cubby/models"
)

// Outbox is what the forwarder needs of the store.
type Outbox interface {
	// OutboxBatch returns up to limit rows, oldest first.
	OutboxBatch(ctx context.Context, limit int) ([]models.OutboxRow, error)
	// OutboxDone removes rows that were delivered.
	OutboxDone(ctx context.Context, ids []int64) error
	// OutboxWritten is signalled after a transaction of this process that wrote rows.
	OutboxWritten() <-chan struct{}
	// Lease takes or renews a lease for the holder by the database's clock; false means that
	// another holds it.
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// ReleaseLease gives it back.
	ReleaseLease(ctx context.Context, name, holder string) error
}

const (
	forwarderLease = "forwarder"
	leaseTTL       = 5 * time.Second
	renewEvery     = time.Second
	outboxBatch    = 500
	forwardAtOnce  = 32
	// pollEvery finds rows that another process wrote.
	pollEvery = 50 * time.Millisecond
)

// Forwarder carries the outbox to Temporal: at least once, and in order for each
// workflow. One forwarder of the network is active at a time. One that was frozen and
// wakes up can only repeat what its successor has delivered, because rows are removed
// after delivery only and both take the oldest first; lives drop repeats.
type Forwarder struct {
	Outbox  Outbox
	Client  client.Client
	Holder  string // this process, for the lease
	Logger  *slog.Logger
	Counter func(kind models.OutboxKind) // may be nil

	renewed time.Time
}

// Run forwards until the context ends.
func (f *Forwarder) Run(ctx context.Context) error {
	defer func() {
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := f.Outbox.ReleaseLease(release, forwarderLease, f.Holder); err != nil {
			f.Logger.Warn("the forwarder's lease stays until it runs out", "error", err)
		}
	}()
	wait := pollEvery
	for {
		n, err := f.turn(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			f.Logger.Warn("forwarding stopped; trying again", "error", err)
			wait = min(max(2*wait, 100*time.Millisecond), 2*time.Second)
			if n > 0 {
				wait = 100 * time.Millisecond // Temporal is there: it is one workflow that waits
			}
		case n > 0:
			wait = pollEvery
			continue
		default:
			wait = pollEvery
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.Outbox.OutboxWritten():
			if err != nil && !pause(ctx, wait) { // Temporal is away: rows can wait
				return nil
			}
		case <-time.After(wait):
		}
	}
}

// turn forwards one batch and returns how many rows were delivered.
func (f *Forwarder) turn(ctx context.Context) (int, error) {
	if time.Since(f.renewed) > renewEvery {
		held, err := f.Outbox.Lease(ctx, forwarderLease, f.Holder, leaseTTL)
		if err != nil || !held {
			return 0, err
		}
		f.renewed = time.Now()
	}
	rows, err := f.Outbox.OutboxBatch(ctx, outboxBatch)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	done, err := f.deliver(ctx, rows)
	if len(done) > 0 {
		if err := f.Outbox.OutboxDone(ctx, done); err != nil {
			return 0, err
		}
	}
	return len(done), err
}

// deliver sends rows of different workflows side by side and those of one in order; after
// a failure the rest of that workflow's rows wait. It returns what was delivered and one
// of the errors.
func (f *Forwarder) deliver(ctx context.Context, rows []models.OutboxRow) ([]int64, error) {
	var order []string
	byWorkflow := map[string][]models.OutboxRow{}
	for _, r := range rows {
		if byWorkflow[r.WorkflowID] == nil {
			order = append(order, r.WorkflowID)
		}
		byWorkflow[r.WorkflowID] = append(byWorkflow[r.WorkflowID], r)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		done  []int64
		first error
		next  atomic.Int64
	)
	for range min(forwardAtOnce, len(order)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(order) {
					return
				}
				for _, r := range byWorkflow[order[i]] {
					err := f.forward(ctx, r)
					mu.Lock()
					if err == nil {
						done = append(done, r.ID)
					} else if first == nil {
						first = err
					}
					mu.Unlock()
					if err != nil {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	return done, first
}

func (f *Forwarder) start(ctx context.Context, r models.OutboxRow, options client.StartWorkflowOptions) error {
	_, err := f.Client.ExecuteWorkflow(ctx, options, r.Workflow, r.Input)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return nil
	}
	return err
}

// signal starts a life that has ended again: it loads the state in which it ended, unless the
// input has it.
func (f *Forwarder) signal(ctx context.Context, r models.OutboxRow, name string, payload, input any, options client.StartWorkflowOptions) error {
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	_, err := f.Client.SignalWithStartWorkflow(ctx, r.WorkflowID, name, payload, options, r.Workflow, input)
	return err
}

// show has a life write again what it shows. One that has ended may be ahead of a database that
// was put back: it begins where it ended, and not where the database believes it to be.
func (f *Forwarder) show(ctx context.Context, r models.OutboxRow, options client.StartWorkflowOptions) error {
	described, err := f.Client.DescribeWorkflowExecution(ctx, r.WorkflowID, "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return f.start(ctx, r, options)
	}
	if err != nil {
		return err
	}
	var in models.ShipmentInput
	if err := json.Unmarshal(r.Input, &in); err != nil {
		return err
	}
	switch described.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING: // it knows more than any input
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		value, err := f.Client.QueryWorkflow(ctx, r.WorkflowID, described.GetWorkflowExecutionInfo().GetExecution().GetRunId(), models.QueryLife)
		if err != nil {
			return err
		}
		if err := value.Get(&in.Life); err != nil {
			return err
		}
	default:
		return f.start(ctx, r, options)
	}
	return f.signal(ctx, r, models.SignalShow, nil, in, options)
}

// forward delivers one row. A start that was made before is made.
func (f *Forwarder) forward(ctx context.Context, r models.OutboxRow) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	options := client.StartWorkflowOptions{
		ID: r.WorkflowID, TaskQueue: models.QueueLives, StaticSummary: r.WorkflowID,
		// One that ended well is not begun again; one that failed or was terminated is.
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
	var err error
	switch r.Kind {
	case models.OutboxSignal:
		err = f.signal(ctx, r, r.Signal, r.Payload, r.Input, options)
	case models.OutboxShow:
		err = f.show(ctx, r, options)
	default:
		err = f.start(ctx, r, options)
	}
	if err == nil && f.Counter != nil {
		f.Counter(r.Kind)
	}
	return err
}
