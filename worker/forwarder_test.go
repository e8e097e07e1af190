package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"cubby/models"
)

// outbox is an Outbox in memory.
type outbox struct {
	mu      sync.Mutex
	rows    []models.OutboxRow
	holder  string
	written chan struct{}
}

func (o *outbox) OutboxBatch(_ context.Context, limit int) ([]models.OutboxRow, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.rows[:min(limit, len(o.rows))]), nil
}

func (o *outbox) OutboxDone(_ context.Context, ids []int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows = slices.DeleteFunc(o.rows, func(r models.OutboxRow) bool { return slices.Contains(ids, r.ID) })
	return nil
}

func (o *outbox) OutboxWritten() <-chan struct{} { return o.written }

func (o *outbox) Lease(_ context.Context, _, holder string, _ time.Duration) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.holder == "" {
		o.holder = holder
	}
	return o.holder == holder, nil
}

func (o *outbox) ReleaseLease(context.Context, string, string) error { return nil }

// delivered records what reached Temporal, in order.
type delivered struct {
	mu   sync.Mutex
	all  []string
	fail func(id string, n int) error // n counts tries of the workflow
	n    map[string]int
	// shown is called with the input of a signal to show all again.
	shown func(input any)
}

func (d *delivered) take(id, what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n[id]++
	if d.fail != nil {
		if err := d.fail(id, d.n[id]); err != nil {
			return err
		}
	}
	d.all = append(d.all, id+" "+what)
	return nil
}

func setup(t *testing.T, rows ...models.OutboxRow) (*Forwarder, *outbox, *delivered) {
	t.Helper()
	for i := range rows {
		rows[i].ID = int64(i + 1)
	}
	o := &outbox{rows: rows, written: make(chan struct{}, 1)}
	d := &delivered{n: map[string]int{}}
	c := &mocks.Client{}
	c.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(
		func(_ context.Context, opt client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
			return nil, d.take(opt.ID, "start")
		})
	c.On("SignalWithStartWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(
		func(_ context.Context, id, name string, payload any, _ client.StartWorkflowOptions, _ any, in ...any) (client.WorkflowRun, error) {
			if name == models.SignalShow {
				d.shown(in[0])
				return nil, d.take(id, name)
			}
			return nil, d.take(id, fmt.Sprintf("%s", payload))
		})
	return &Forwarder{Outbox: o, Client: c, Holder: "a", Logger: slog.New(slog.DiscardHandler)}, o, d
}

func start(id string) models.OutboxRow {
	return models.OutboxRow{WorkflowID: id, Kind: models.OutboxStart, Workflow: "shipment"}
}

func signal(id, payload string) models.OutboxRow {
	return models.OutboxRow{WorkflowID: id, Kind: models.OutboxSignal, Workflow: "shipment", Payload: []byte(payload)}
}

func TestForwardsInOrderForEachWorkflow(t *testing.T) {
	t.Parallel()
	var rows []models.OutboxRow
	for i := range 40 {
		rows = append(rows, start(fmt.Sprint("w", i)))
	}
	for n := range 5 {
		for i := range 40 {
			rows = append(rows, signal(fmt.Sprint("w", i), fmt.Sprint(n)))
		}
	}
	f, o, d := setup(t, rows...)
	n, err := f.turn(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(rows), n)
	require.Empty(t, o.rows)
	for i := range 40 {
		var mine []string
		for _, line := range d.all {
			var id, what string
			_, err := fmt.Sscan(line, &id, &what)
			require.NoError(t, err)
			if id == fmt.Sprint("w", i) {
				mine = append(mine, what)
			}
		}
		require.Equal(t, []string{"start", "0", "1", "2", "3", "4"}, mine)
	}
}

// TestAFailureHoldsBackItsWorkflowOnly: the later rows of that workflow wait, so the order
// holds; the others go on.
func TestAFailureHoldsBackItsWorkflowOnly(t *testing.T) {
	t.Parallel()
	f, o, d := setup(t, start("w1"), signal("w1", "1"), signal("w1", "2"), start("w2"), signal("w2", "1"))
	d.fail = func(id string, n int) error {
		if id == "w1" && n == 2 {
			return serviceerror.NewUnavailable("away")
		}
		return nil
	}
	n, err := f.turn(t.Context())
	require.Error(t, err)
	require.Equal(t, 3, n)
	require.Len(t, o.rows, 2)
	_, err = f.turn(t.Context())
	require.NoError(t, err)
	require.Empty(t, o.rows)
	require.Less(t, slices.Index(d.all, "w1 1"), slices.Index(d.all, "w1 2"))
}

// TestAStartedLifeIsStarted: a crash between delivery and removal repeats the start.
func TestAStartedLifeIsStarted(t *testing.T) {
	t.Parallel()
	f, o, d := setup(t, start("w1"))
	d.fail = func(string, int) error { return serviceerror.NewWorkflowExecutionAlreadyStarted("there", "", "run") }
	n, err := f.turn(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Empty(t, o.rows)
}

// TestOneForwarderAtATime: without the lease nothing is delivered.
func TestOneForwarderAtATime(t *testing.T) {
	t.Parallel()
	f, o, d := setup(t, start("w1"))
	o.holder = "b"
	n, err := f.turn(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, d.all)
}

// TestRunGoesOnAfterTemporalWasAway: rows wait, and the run ends with its context.
func TestRunGoesOnAfterTemporalWasAway(t *testing.T) {
	t.Parallel()
	f, o, d := setup(t, start("w1"))
	d.fail = func(_ string, n int) error {
		if n < 3 {
			return errors.New("connection refused")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	require.Eventually(t, func() bool {
		rows, err := o.OutboxBatch(ctx, 10)
		return err == nil && len(rows) == 0
	}, 10*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
}

func show(id string) models.OutboxRow {
	return models.OutboxRow{WorkflowID: id, Kind: models.OutboxShow, Workflow: "shipment", Input: []byte(`{"shipment":"shp_1"}`)}
}

// TestShow: a life that runs is told to show all again, one that has ended begins again where it
// ended, and one that is not there, or failed, is started.
func TestShow(t *testing.T) {
	t.Parallel()
	const running, completed, failed = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
		enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
	for _, c := range []struct {
		name      string
		status    enumspb.WorkflowExecutionStatus
		err       error
		delivered string
		life      *models.Life
	}{
		{"running", running, nil, "w1 show", nil},
		{"ended", completed, nil, "w1 show", &models.Life{Shipment: "shp_1", State: models.StateCancelled, Rev: 7}},
		{"failed", failed, nil, "w1 start", nil},
		{"unknown", 0, serviceerror.NewNotFound("no such workflow"), "w1 start", nil},
		{"away", 0, serviceerror.NewUnavailable("away"), "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, o, d := setup(t, show("w1"))
			var in models.ShipmentInput
			client := f.Client.(*mocks.Client)
			client.On("DescribeWorkflowExecution", mock.Anything, "w1", "").Return(&workflowservice.DescribeWorkflowExecutionResponse{
				WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: c.status, Execution: &commonpb.WorkflowExecution{RunId: "run"}},
			}, c.err)
			value := &mocks.Value{}
			value.On("Get", mock.Anything).Run(func(args mock.Arguments) { *args.Get(0).(**models.Life) = c.life }).Return(nil)
			client.On("QueryWorkflow", mock.Anything, "w1", "run", models.QueryLife).Return(value, nil)
			d.shown = func(input any) { in = input.(models.ShipmentInput) }
			_, err := f.turn(t.Context())
			if c.delivered == "" {
				require.Error(t, err)
				require.Len(t, o.rows, 1, "it waits")
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{c.delivered}, d.all)
			if c.delivered == "w1 show" {
				require.Equal(t, models.ShipmentInput{Shipment: "shp_1", Life: c.life}, in)
			}
		})
	}
}
