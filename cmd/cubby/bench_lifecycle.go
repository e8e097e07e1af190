package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"

	"cubby/activities"
	"cubby/activities/notify"
	"cubby/models"
	"cubby/models/catalogue"
	"cubby/models/store"
	"cubby/worker"
)

const (
	benchInstance = "bench"
	benchLockers  = 10
	benchCells    = 2000
	benchPolicy   = "bench"
)

// lifecycleBench is the server's own parts in one process, with a cabinet that answers at
// once and a mail server that takes everything: what is measured is the life, its
// workflow, database, outbox and intake.
type lifecycleBench struct {
	db       *store.Store
	temporal client.Client
	engine   *worker.Engine
	lives    sdk.Worker
	gateway  sdk.Worker
	forward  context.CancelFunc
	done     chan error

	bank    *bank
	carrier models.OrganizationID
	next    atomic.Int64
	events  atomic.Int64 // history events of the product's lives

	mu         sync.Mutex
	asked      map[models.OperationID]time.Time
	waits      []time.Duration          // from ask to command
	mail       map[string]chan struct{} // by address: closed when the message came
	mailed     []string                 // Message-IDs, in order
	statements int64                    // before the rounds
}

func newLifecycleBench(ctx context.Context, p program) (*lifecycleBench, error) {
	db, err := openStore(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	temporal, err := worker.Client(p.config.temporalAddress, p.config.temporalNamespace, p.log)
	if err != nil {
		return nil, err
	}
	b := &lifecycleBench{db: db, temporal: temporal, engine: worker.NewEngine(temporal), done: make(chan error, 1),
		asked: map[models.OperationID]time.Time{}, mail: map[string]chan struct{}{}}
	if err := b.furnish(ctx); err != nil {
		return nil, err
	}
	master := make([]byte, keyBytes)
	if _, err := rand.Read(master); err != nil {
		return nil, err
	}
	texts, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	keys := activities.Keyring{Master: master}
	fatal := func(err error) { p.log.Error("a worker cannot go on", "error", err) }
	b.lives = worker.Lives(temporal, worker.Parts{
		Shipment: &activities.Shipment{Lives: db, Keys: keys},
		Notify: &activities.Notify{Notices: db, Mailer: b, Keys: keys, Now: time.Now,
			Renderer: &notify.Renderer{Texts: texts, Domain: "bench.localhost"}},
		Cabinet: &activities.Cabinet{Keys: keys}, Grant: &activities.Grant{Couriers: db}, Incident: &activities.Incident{Store: db}, Retention: &activities.Retention{Store: db},
		Closing: &activities.Closing{Lockers: db}, Page: &activities.Page{Codes: db, Keys: keys},
	}, fatal)
	b.gateway = worker.Gateway(temporal, benchInstance, &activities.Locker{Line: b}, fatal)
	worker.RegisterFloor(b.lives, b.gateway)
	if err := errors.Join(b.lives.Start(), b.gateway.Start()); err != nil {
		return nil, fmt.Errorf("bench: Temporal at %s (CUBBY_TEMPORAL_ADDRESS; 'make bench' starts one): %w", p.config.temporalAddress, err)
	}
	forwardCtx, cancel := context.WithCancel(ctx)
	b.forward = cancel
	f := &worker.Forwarder{Outbox: db, Client: temporal, Holder: benchInstance, Logger: p.log}
	go func() { b.done <- f.Run(forwardCtx) }()
	return b, nil
}

// furnish makes a carrier, cabinets, and a policy with the shortest ready delay, which the
// floor has too.
func (b *lifecycleBench) furnish(ctx context.Context) error {
	request := models.Request{Actor: models.Actor{Scopes: []models.Scope{models.ScopeOperator}}, ID: benchInstance}
	policy := models.ReadyMadePolicies()[0]
	policy.Name, policy.Version, policy.ReadyDelay, policy.Objection, policy.Reopen = benchPolicy, 1, 1, 0, 0
	_, err := b.db.PutPolicy(ctx, request, policy)
	if err != nil {
		return err
	}
	if b.bank, err = newBank(ctx, b.db, request, benchLockers, benchCells); err != nil {
		return err
	}
	carrier, err := b.db.CreateOrganization(ctx, request, models.Organization{Name: "Bench " + b.bank.ids.New("b"), Kind: models.KindCarrier})
	b.carrier = carrier.ID
	return err
}

func (b *lifecycleBench) stop() error {
	b.forward()
	err := <-b.done
	b.lives.Stop()
	b.gateway.Stop()
	b.temporal.Close()
	return errors.Join(err, b.db.Close())
}

// reset forgets what was measured so far.
func (b *lifecycleBench) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits, b.mailed, b.statements = nil, nil, b.db.Statements()
	b.events.Store(0)
}

// Open is the cabinet: every door opens at once.
func (b *lifecycleBench) Open(_ context.Context, in models.OpenInput) (models.OpenResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits = append(b.waits, time.Since(b.asked[in.Operation]))
	delete(b.asked, in.Operation)
	return models.OpenResult{Outcome: models.Opened}, nil
}

// Send is the mail server: it takes everything.
func (b *lifecycleBench) Send(_ context.Context, m activities.Message, leaving func() error) error {
	if err := leaving(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mailed = append(b.mailed, m.ID)
	if told, ok := b.mail[m.To]; ok {
		close(told)
		delete(b.mail, m.To)
	}
	return nil
}

// untilTaken does what an integrator and a cabinet do on 503: the same again.
func untilTaken(ctx context.Context, call func() error) error {
	for {
		err := call()
		if models.ErrorCode(err) != models.CodeUnavailable || ctx.Err() != nil {
			return err
		}
	}
}

// productLife is one parcel from the announcement to the pickup.
func (b *lifecycleBench) productLife(ctx context.Context) (string, error) {
	n := b.next.Add(1)
	i := int(n) % benchLockers
	locker, cell := b.bank.take(i)
	to := fmt.Sprintf("client-%d@example.test", n)
	told := make(chan struct{})
	b.mu.Lock()
	b.mail[to] = told
	b.mu.Unlock()
	announced := models.NewShipment{
		Request:        models.Request{Actor: models.Actor{Organization: b.carrier, Scopes: []models.Scope{models.ScopeShipments}}, ID: benchInstance},
		IdempotencyKey: b.bank.ids.New("key"), Fingerprint: "bench", Carrier: b.carrier, Number: b.bank.ids.New("n"),
		Locker: locker, Policy: benchPolicy, NotifyBy: models.NotifyContact, Language: "en", Contact: models.Contact{Email: to},
		Parcels: []models.NewParcel{{Size: models.SizeM, Regime: models.Ambient}},
	}
	var view models.ShipmentView
	err := untilTaken(ctx, func() (err error) {
		view, _, err = b.db.CreateShipment(ctx, announced)
		return err
	})
	if err != nil {
		return "", err
	}
	parcel := view.Parcels[0].ID
	if err := b.operate(ctx, i, view.Shipment.ID, parcel, cell, models.Deposit); err != nil {
		return "", err
	}
	select {
	case <-told:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if err := b.operate(ctx, i, view.Shipment.ID, parcel, cell, models.Pickup); err != nil {
		return "", err
	}
	id := models.ShipmentWorkflowID(view.Shipment.ID)
	if err := b.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
		return "", err
	}
	described, err := b.temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return "", err
	}
	b.events.Add(described.GetWorkflowExecutionInfo().GetHistoryLength())
	return id, nil
}

// operate asks, as the gateway does for a cabinet, and tells the facts.
func (b *lifecycleBench) operate(ctx context.Context, i int, s models.ShipmentID, parcel models.ParcelID, cell int, kind models.OperationKind) error {
	op := models.OperationID(b.bank.ids.New(models.PrefixOperation))
	ask := models.AskInput{Operation: op, Kind: kind, Locker: b.bank.lockers[i], Queue: models.QueueGateway(benchInstance),
		Cells: []models.OpenCell{{Cell: cell, Generation: 1, Parcel: parcel}}}
	b.mu.Lock()
	b.asked[op] = time.Now()
	b.mu.Unlock()
	for {
		err := b.engine.Ask(ctx, s, ask)
		if err == nil {
			break
		}
		// The life may not have begun: a cabinet would decide by itself; here it waits, so
		// that every life has the same messages.
		if models.ErrorCode(err) == models.CodeInvalidState || ctx.Err() != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	fact := func(t models.FactType, d models.FactData, after models.CellState) models.Fact {
		d.After = &models.CellReport{Cell: cell, State: after, Generation: 1, Shipment: s}
		if after == models.CellFree {
			d.After.Shipment = ""
		}
		return models.Fact{Type: t, Operation: op, Cell: cell, Generation: 1, Data: d.Encode()}
	}
	named := models.FactData{Shipment: s, Parcel: parcel}
	if kind == models.Deposit {
		return b.bank.tell(ctx, i, fact(models.FactDoorOpened, models.FactData{}, models.CellReserved), fact(models.FactDeposited, named, models.CellOccupied))
	}
	return b.bank.tell(ctx, i, fact(models.FactDoorOpened, models.FactData{}, models.CellOccupied),
		fact(models.FactPickedUp, named, models.CellReserved), fact(models.FactCellFreed, models.FactData{}, models.CellFree))
}

// start is how lives of the floor are started: as the forwarder starts the product's.
func (b *lifecycleBench) start(id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: id, TaskQueue: models.QueueLives, StaticSummary: id}
}

// floorAsk sends the floor's update with the product's patience: until it is accepted.
func (b *lifecycleBench) floorAsk(ctx context.Context, id string) error {
	_, err := b.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: worker.UpdateFloor, WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	return err
}
