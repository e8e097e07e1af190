package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"cubby/models"
	"cubby/workflows"
)

const histories = "testdata/histories"

// TestReplay runs today's code over the stored histories: each must replay as it was, and
// those named bad-… must not. A change that fails here would break lives that are running.
func TestReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	bad := 0
	for _, file := range files {
		r := worker.NewWorkflowReplayer()
		r.RegisterWorkflowWithOptions(workflows.Shipment, workflow.RegisterOptions{Name: models.WorkflowShipment})
		r.RegisterWorkflowWithOptions(workflows.Closing, workflow.RegisterOptions{Name: models.WorkflowClosing})
		r.RegisterWorkflowWithOptions(workflows.RemoteOpen, workflow.RegisterOptions{Name: models.WorkflowRemoteOpen})
		for _, s := range smalls() {
			r.RegisterWorkflowWithOptions(s.workflow, workflow.RegisterOptions{Name: s.name})
		}
		err := r.ReplayWorkflowHistoryFromJSONFile(nil, file)
		if strings.HasPrefix(filepath.Base(file), "bad-") {
			bad++
			require.Error(t, err, file)
			continue
		}
		require.NoError(t, err, file)
	}
	require.NotZero(t, bad, "without a history that must fail, nothing shows that the replay looks")
}

// TestEventsByBranch: the documentation says how many events each stored path has.
func TestEventsByBranch(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/performance.md")
	require.NoError(t, err)
	said := regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| .* \\| ([0-9]+) \\|$").FindAllStringSubmatch(string(doc), -1)
	require.Greater(t, len(said), 15)
	for _, row := range said {
		raw, err := os.ReadFile(filepath.Join(histories, row[1]+".json"))
		require.NoError(t, err)
		h := &historypb.History{}
		require.NoError(t, temporalproto.CustomJSONUnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, h))
		require.Equal(t, row[2], strconv.Itoa(len(h.Events)), row[1])
	}
}

// path is one way through a life, driven over a real Temporal.
type path struct {
	name    string
	parcels []models.ParcelID
	policy  models.Policy
	stored  models.ShipmentState // the state that an earlier life ended in
	drive   func(d *driver)
}

func paths() []path {
	quick := models.Policy{Name: "quick", Version: 1, Storage: 3600, NeverDeposited: 3600, PartialEnough: 1, ReadyDelay: 1}
	brief := quick
	brief.Storage = 1
	reminding, extending, late := quick, brief, brief
	reminding.Storage, reminding.Reminders = 3, []models.Seconds{2}
	extending.Extension, extending.Extensions = 3600, 1
	late.WithdrawalOverdue, late.ReturnedAfter = 1, 3600
	telling := quick
	telling.Tell = []models.NoticeKind{models.NoticeAnnounced}
	never := quick
	never.NeverDeposited = 1
	return []path{
		{"picked-up-one", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.carrier(models.EventInTransit)
			d.ask(models.Deposit, "a")
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.ask(models.Pickup, "a")
			d.fact(models.FactPickedUp, "a")
		}},
		{"picked-up-several", []models.ParcelID{"a", "b"}, quick, "", func(d *driver) {
			for _, p := range []models.ParcelID{"a", "b"} {
				d.ask(models.Deposit, p)
				d.fact(models.FactDeposited, p)
			}
			d.until(models.StateReady)
			d.fact(models.FactPickedUp, "a")
			d.until(models.StatePartlyPickedUp)
			d.fact(models.FactPickedUp, "b")
		}},
		{"picked-up-after-expiry", []models.ParcelID{"a"}, brief, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateExpired)
			d.fact(models.FactPickedUp, "a")
		}},
		{"never-deposited", []models.ParcelID{"a"}, never, "", func(*driver) {}},
		{"repeat-after-the-end", []models.ParcelID{"a"}, quick, models.StatePickedUp, func(d *driver) { d.fact(models.FactDoorJammed, "a") }},
		{"picked-up-after-late-deposit", []models.ParcelID{"a"}, quick, models.StateCancelled, func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateWithdrawing)
			d.fact(models.FactPickedUp, "a")
		}},
		{"picked-up-after-reminder", []models.ParcelID{"a"}, reminding, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.until(models.StateReady) // shown again with the reminder
			d.fact(models.FactPickedUp, "a")
		}},
		{"fair-clock", []models.ParcelID{"a"}, reminding, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.until(models.StateReady) // shown again with the reminder
			d.until(models.StateExpired)
			d.fact(models.FactPickedUp, "a")
		}},
		{"picked-up-after-extension", []models.ParcelID{"a"}, extending, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateExpired)
			d.act(models.UpdateExtend, nil)
			d.fact(models.FactPickedUp, "a")
		}},
		{"partly-picked-up", []models.ParcelID{"a", "b"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady) // the other one never came
			d.fact(models.FactPickedUp, "a")
			d.until(models.StatePartlyPickedUp)
			d.fact(models.FactDeposited, "b")
			d.fact(models.FactPickedUp, "b")
		}},
		{"withdrawn-expired", []models.ParcelID{"a"}, late, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateExpired)
			d.until(models.StateExpired) // shown again when nobody came
			d.ask(models.Withdrawal, "a")
			d.fact(models.FactWithdrawn, "a")
			d.until(models.StateReturning)
			d.carrier(models.EventReturned)
		}},
		{"withdrawn-cancelled", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.act(models.UpdateCancel, nil)
			d.fact(models.FactWithdrawn, "a")
		}},
		{"refused-one-of-two", []models.ParcelID{"a", "b"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.fact(models.FactDeposited, "b")
			d.until(models.StateReady)
			d.fact(models.FactRefused, "a")
			d.until(models.StateReady) // shown again: couriers may take that one out
			d.ask(models.Withdrawal, "a")
			d.fact(models.FactWithdrawn, "a")
			d.until(models.StateReady)
			d.ask(models.Pickup, "b")
			d.fact(models.FactPickedUp, "b")
			d.until(models.StateReturning)
			d.carrier(models.EventReturned)
		}},
		{"refused-all-returned", []models.ParcelID{"a", "b"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.fact(models.FactDeposited, "b")
			d.until(models.StateReady)
			d.fact(models.FactDamaged, "a")
			d.fact(models.FactRefused, "b")
			d.until(models.StateWithdrawing)
			d.ask(models.Withdrawal, "a")
			d.fact(models.FactWithdrawn, "a")
			d.fact(models.FactWithdrawn, "b")
			d.until(models.StateReturning)
			d.carrier(models.EventReturned)
		}},
		{"load-failed", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.fact(models.FactLoadFailed, "a")
			d.until(models.StateInTransit)
			d.ask(models.Deposit, "a")
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.fact(models.FactPickedUp, "a")
		}},
		{"withdrawn-closed", []models.ParcelID{"a"}, late, "", func(d *driver) {
			d.news(models.NewsCapacityLost)
			d.until(models.StateCreated)
			d.fact(models.FactDeposited, "a")
			d.until(models.StateExpired)
			d.news(models.NewsClosed)
			d.until(models.StateWithdrawing)
			d.fact(models.FactWithdrawn, "a")
			d.until(models.StateReturning)
			d.carrier(models.EventReturned)
		}},
		{"frozen-new-code", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.act(models.UpdateFreeze, nil)
			d.act(models.UpdateUnfreeze, nil)
			d.act(models.UpdateReissueCode, nil)
			d.fact(models.FactPickedUp, "a")
		}},
		{"re-routed-twice", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.act(models.UpdateReroute, models.RerouteInput{To: "lkr_2"})
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.act(models.UpdateReroute, models.RerouteInput{To: "lkr_3"})
			d.fact(models.FactWithdrawn, "a")
			d.until(models.StateInTransit)
			require.Eventually(d.t, func() bool { return d.where() == "lkr_3" }, 10*time.Second, 10*time.Millisecond)
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.fact(models.FactPickedUp, "a")
		}},
		{"contact-changed", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			require.NoError(d.t, d.c.SignalWorkflow(d.t.Context(), d.id, "", models.SignalContact,
				models.ContactSignal{Change: 1, NotifyBy: models.NotifyContact}))
			d.until(models.StateReady) // shown again with the new code
			d.fact(models.FactPickedUp, "a")
		}},
		{"announced", []models.ParcelID{"a"}, telling, "", func(d *driver) {
			d.until(models.StateCreated)
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			d.fact(models.FactPickedUp, "a")
		}},
		{"outage-told", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			down := models.LockerSignal{Locker: d.where(), News: models.NewsDown, At: time.Now()}
			d.signal(down)
			d.until(models.StateReady) // shown again, with the message
			d.signal(models.LockerSignal{Locker: d.where(), News: models.NewsBack, At: time.Now(), Since: down.At})
			d.until(models.StateReady)
			d.fact(models.FactPickedUp, "a")
		}},
		{"lost", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.carrier(models.EventDelayed)
			d.carrier(models.EventLost)
		}},
		{"picked-up-after-withdrawal-task", []models.ParcelID{"a"}, brief, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateExpired)
			d.act(models.UpdateCancel, nil)
			d.fact(models.FactPickedUp, "a")
		}},
		// Over a server that says when to go on anew: cubby-temporal --continue-as-new-after 40.
		{"continued-as-new", []models.ParcelID{"a"}, quick, "", func(d *driver) {
			d.fact(models.FactDeposited, "a")
			d.until(models.StateReady)
			for range 3 {
				d.act(models.UpdateFreeze, nil)
				d.act(models.UpdateUnfreeze, nil)
			}
			d.fact(models.FactPickedUp, "a")
		}},
	}
}

// TestWriteHistories makes the histories that are missing, over the real Temporal at
// CUBBY_TEMPORAL_ADDRESS. It is no test: run it by hand, with CUBBY_WRITE_HISTORIES=1, when
// a path was added. Those that are there stay as the code of their day wrote them. A path that
// is continued as new has a history for each of its runs.
func TestWriteHistories(t *testing.T) {
	if os.Getenv("CUBBY_WRITE_HISTORIES") == "" {
		t.Skip("a generator, run by hand with CUBBY_WRITE_HISTORIES=1")
	}
	c, err := client.Dial(client.Options{HostPort: os.Getenv("CUBBY_TEMPORAL_ADDRESS"), Namespace: "cubby", Identity: "histories",
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(t, err)
	defer c.Close()
	writeClosing(t, c)
	writeRemoteOpen(t, c, "remote-open-approved", true)
	writeRemoteOpen(t, c, "remote-open-expired", false)
	for _, s := range smalls() {
		s.write(t, c)
	}
	for _, p := range paths() {
		if _, err := os.Stat(filepath.Join(histories, p.name+".json")); err == nil {
			continue
		}
		d := &driver{t: t, c: c, id: "history-" + p.name, queue: models.QueueLives}
		runs := d.run(p)
		for i, h := range slices.Backward(runs) { // the first last: it says that the path is done
			name := p.name
			if i > 0 {
				name = fmt.Sprintf("%s-%d", p.name, i+1)
			}
			raw, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(h)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(histories, name+".json"), raw, 0o600))
		}
		require.Equal(t, p.name == "continued-as-new", len(runs) > 1, p.name)
		if p.name == "picked-up-one" {
			raw, err := os.ReadFile(filepath.Join(histories, p.name+".json"))
			require.NoError(t, err)
			broken := strings.ReplaceAll(string(raw), `"OpenCells"`, `"OpenDoors"`)
			require.NotEqual(t, string(raw), broken)
			require.NoError(t, os.WriteFile(filepath.Join(histories, "bad-renamed-activity.json"), []byte(broken), 0o600))
		}
	}
}

// driver drives one life.
type driver struct {
	t         *testing.T
	c         client.Client
	id, queue string
	seq       int64
	acts      int
	life      models.Life
	at        atomic.Value // models.LockerID: where facts come from
	shown     chan models.ShipmentState
}

func (d *driver) where() models.LockerID { return d.at.Load().(models.LockerID) }

// run drives a path and returns the history of each run of the workflow.
func (d *driver) run(p path) (runs []*historypb.History) {
	d.shown = make(chan models.ShipmentState, 100)
	d.at.Store(models.LockerID("lkr_1"))
	var parcels []models.Parcel
	for _, id := range p.parcels {
		parcels = append(parcels, models.Parcel{ID: id})
	}
	d.life = *models.NewLife(models.Shipment{ID: "shp_1", Carrier: "org_1", Number: "N-1", Locker: "lkr_1",
		NotifyBy: models.NotifyContact, CreatedAt: time.Now()}, parcels, p.policy)
	if p.stored != "" {
		d.life.State = p.stored
	}
	w := worker.New(d.c, d.queue, worker.Options{})
	w.RegisterWorkflowWithOptions(workflows.Shipment, workflow.RegisterOptions{Name: models.WorkflowShipment})
	// The product's activities by their names, without a world behind them.
	for name, f := range map[string]any{
		"LoadShipment": func(context.Context, models.LoadInput) (models.LoadResult, error) {
			return models.LoadResult{Life: d.life}, nil
		},
		"ProjectShipment": func(_ context.Context, p models.Projection) (models.ProjectResult, error) {
			d.shown <- p.State
			if len(p.Notify) > 0 {
				return models.ProjectResult{Notifications: []models.NotificationID{"ntf_1"}}, nil
			}
			return models.ProjectResult{}, nil
		},
		"StorageClock": func(_ context.Context, in models.ClockInput) (models.ClockResult, error) {
			return models.ClockResult{EndsAt: in.Clock.From.Add(in.Clock.For), Current: true}, nil
		},
		"KeepRoom": func(context.Context, models.PromiseInput) error { return nil },
		"MoveShipment": func(_ context.Context, in models.MoveInput) (models.ReissueResult, error) {
			d.at.Store(in.To)
			return models.ReissueResult{Issue: in.After + 1}, nil
		},
		"ReissueCode": func(_ context.Context, in models.ReissueInput) (models.ReissueResult, error) {
			return models.ReissueResult{Issue: in.After + 1}, nil
		},
		"SendNotification": func(context.Context, models.SendInput) (models.SendResult, error) { return models.SendResult{}, nil },
		"OpenCells": func(context.Context, models.OpenInput) (models.OpenResult, error) {
			return models.OpenResult{Outcome: models.Opened}, nil
		},
	} {
		w.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
	require.NoError(d.t, w.Start())
	defer w.Stop()
	run, err := d.c.ExecuteWorkflow(d.t.Context(), client.StartWorkflowOptions{ID: d.id, TaskQueue: d.queue}, models.WorkflowShipment,
		models.ShipmentInput{Shipment: "shp_1"})
	require.NoError(d.t, err)
	first := run.GetRunID() // Get follows the workflow to its last run
	p.drive(d)
	require.NoError(d.t, run.Get(d.t.Context(), nil))
	for id := first; id != ""; {
		h := historyOf(d.t, d.c, d.id, id)
		runs = append(runs, h)
		id = h.Events[len(h.Events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
	return runs
}

// historyOf is the history of a run.
func historyOf(t *testing.T, c client.Client, id, run string) *historypb.History {
	h := &historypb.History{}
	for it := c.GetWorkflowHistory(t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, e)
	}
	return h
}

func (d *driver) ask(k models.OperationKind, p models.ParcelID) {
	in := models.AskInput{Operation: models.OperationID("op_" + string(p) + string(k)), Kind: k, Locker: d.where(), Queue: d.queue,
		Cells: []models.OpenCell{{Cell: 4, Generation: 1, Parcel: p}}}
	d.update(models.UpdateAsk, string(in.Operation), in)
}

func (d *driver) carrier(e models.EventType) {
	d.acts++
	d.update(models.UpdateCarrierEvent, fmt.Sprintf("%s@%d", e, d.acts), models.CarrierEventInput{Type: e, At: time.Now()})
}

// act carries out an action; in is its input, nil for a plain one.
func (d *driver) act(update string, in any) {
	d.acts++
	if in == nil {
		in = models.ActionInput{Request: fmt.Sprint(d.acts)}
	}
	d.update(update, fmt.Sprintf("%s@%d", update, d.acts), in)
}

// update sends an update until it is taken: it is refused while the life is being loaded.
func (d *driver) update(name, id string, in any) {
	require.Eventually(d.t, func() bool {
		h, err := d.c.UpdateWorkflow(d.t.Context(), client.UpdateWorkflowOptions{WorkflowID: d.id, UpdateName: name,
			UpdateID: id, Args: []any{in}, WaitForStage: client.WorkflowUpdateStageCompleted})
		return err == nil && h.Get(d.t.Context(), nil) == nil
	}, 10*time.Second, 50*time.Millisecond)
}

func (d *driver) news(n models.LockerNews) {
	d.signal(models.LockerSignal{Locker: d.where(), News: n, At: time.Now()})
}

func (d *driver) signal(s models.LockerSignal) {
	require.NoError(d.t, d.c.SignalWorkflow(d.t.Context(), d.id, "", models.SignalLocker, s))
}

func (d *driver) fact(f models.FactType, p models.ParcelID) {
	d.seq++
	require.NoError(d.t, d.c.SignalWorkflow(d.t.Context(), d.id, "", models.SignalFact, models.FactSignal{Locker: d.where(), Epoch: 1, Seq: d.seq,
		At: time.Now(), Type: f, Parcel: p, Cell: 4, Generation: 1, Operation: models.OperationID("op_" + string(d.where()) + string(p) + string(f))}))
}

// until waits for the life to show a state.
func (d *driver) until(s models.ShipmentState) {
	for {
		select {
		case have := <-d.shown:
			if have == s {
				return
			}
		case <-d.t.Context().Done():
			require.Fail(d.t, "never "+string(s))
		}
	}
}
