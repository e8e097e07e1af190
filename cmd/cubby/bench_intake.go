package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the floor's plain connections
	"golang.org/x/sync/errgroup"

	"cubby/models"
	"cubby/models/store"
)

const (
	intakeBatch    = 50
	intakeCells    = 16
	intakeRounds   = 3
	intakeLoadings = intakeBatch / 3 // of a batch: opened, closed, deposited
)

// intakeReport is the part of 'bench cabinet' about taking facts in.
type intakeReport struct {
	Cabinets    int     `json:"intake_cabinets"`
	Connections int     `json:"intake_connections"`
	FactsPerS   float64 `json:"facts_per_s"`
	FloorPerS   float64 `json:"floor_rows_per_s"` // facts' rows; their outbox rows ride along
	Ratio       float64 `json:"intake_ratio"`
}

// intakeBench takes batches of many cabinets in, and inserts the same rows bare.
type intakeBench struct {
	db          *store.Store
	plain       *sql.DB
	bank        *bank
	shipments   []models.ShipmentView // one for each cabinet
	connections int
}

// runIntake alternates product and floor on the same number of connections and takes the
// median round of each.
func runIntake(ctx context.Context, p program, dsn string, cabinets, connections int) (intakeReport, error) {
	report := intakeReport{Cabinets: cabinets, Connections: connections}
	p.config.databaseURL = dsn
	db, err := openStore(ctx, p)
	if err != nil {
		return report, err
	}
	defer closeStore(p, db)
	if err := db.Migrate(ctx); err != nil {
		return report, err
	}
	plain, err := sql.Open("pgx", dsn)
	if err != nil {
		return report, err
	}
	defer func() { _ = plain.Close() }() // it was read only from here on
	plain.SetMaxOpenConns(connections)
	plain.SetMaxIdleConns(connections)
	b := &intakeBench{db: db, plain: plain, connections: connections}
	if err := b.furnish(ctx, cabinets); err != nil {
		return report, err
	}
	var product, floor []float64
	for range intakeRounds {
		batches, err := b.batches()
		if err != nil {
			return report, err
		}
		taken, err := b.each(ctx, func(ctx context.Context, i int) error {
			_, err := db.TakeIn(ctx, b.bank.lockers[i], batches[i])
			return err
		})
		if err != nil {
			return report, err
		}
		bare, err := b.each(ctx, func(ctx context.Context, i int) error {
			return b.insert(ctx, b.bank.lockers[i], batches[i])
		})
		if err != nil {
			return report, err
		}
		product, floor = append(product, taken), append(floor, bare)
	}
	report.FactsPerS, report.FloorPerS = median(product), median(floor)
	report.Ratio = report.FactsPerS / report.FloorPerS
	return report, nil
}

// furnish makes the cabinets, a shipment for each, and the floor's tables: those of the
// product without anything around them.
func (b *intakeBench) furnish(ctx context.Context, cabinets int) error {
	request := models.Request{Actor: models.Actor{Scopes: []models.Scope{models.ScopeOperator}}, ID: benchInstance}
	var err error
	if b.bank, err = newBank(ctx, b.db, request, cabinets, intakeCells); err != nil {
		return err
	}
	carrier, err := b.db.CreateOrganization(ctx, request, models.Organization{Name: "Bench " + b.bank.ids.New("b"), Kind: models.KindCarrier})
	if err != nil {
		return err
	}
	request.Actor.Organization = carrier.ID
	for _, l := range b.bank.lockers {
		view, _, err := b.db.CreateShipment(ctx, models.NewShipment{
			Request: request, IdempotencyKey: b.bank.ids.New("key"), Fingerprint: "bench", Carrier: carrier.ID,
			Number: b.bank.ids.New("n"), Locker: l, Policy: models.PolicyStandard, NotifyBy: models.NotifyCarrier, Language: "en",
			Parcels: []models.NewParcel{{Size: models.SizeM, Regime: models.Ambient}},
		})
		if err != nil {
			return err
		}
		b.shipments = append(b.shipments, view)
	}
	for _, table := range []string{"facts", "outbox"} {
		statement := fmt.Sprintf("CREATE TABLE bare_%s (LIKE %s INCLUDING ALL)", table, table)
		if _, err := b.plain.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// batches continues every cabinet's journal by one batch.
func (b *intakeBench) batches() ([][]models.Fact, error) {
	all := make([][]models.Fact, len(b.bank.lockers))
	for i := range all {
		view, head := b.shipments[i], &b.bank.heads[i]
		var facts []models.Fact
		if head.Epoch == 0 {
			head.Epoch = 1
			facts = append(facts, models.Fact{Type: models.FactInventory, Data: models.FactData{}.Encode()})
		}
		for n := range intakeLoadings {
			cell := 1 + n%intakeCells
			op := models.OperationID(b.bank.ids.New(models.PrefixOperation))
			after := models.CellReport{Cell: cell, State: models.CellOccupied, Generation: int64(n + 1), Shipment: view.Shipment.ID}
			door := models.FactData{After: &after}
			loaded := models.FactData{Shipment: view.Shipment.ID, Parcel: view.Parcels[0].ID, After: &after}
			facts = append(facts,
				models.Fact{Type: models.FactDoorOpened, Operation: op, Cell: cell, Generation: after.Generation, Data: door.Encode()},
				models.Fact{Type: models.FactDoorClosed, Operation: op, Cell: cell, Generation: after.Generation, Data: door.Encode()},
				models.Fact{Type: models.FactDeposited, Operation: op, Cell: cell, Generation: after.Generation, Data: loaded.Encode()})
		}
		for len(facts) < intakeBatch {
			facts = append(facts, models.Fact{Type: models.FactDoorClosed, Cell: 1, Data: models.FactData{}.Encode()})
		}
		for j := range facts {
			f := &facts[j]
			f.Epoch, f.Seq, f.PrevHash, f.AtMS, f.Boot, f.Clock = head.Epoch, head.Seq+1, head.Hash, time.Now().UnixMilli(), "bench", models.ClockSynced
			f.Hash = f.ComputeHash()
			head.Seq, head.Hash = f.Seq, f.Hash
		}
		all[i] = facts
	}
	return all, nil
}

// each does something once for every cabinet on all connections and returns facts a second.
func (b *intakeBench) each(ctx context.Context, do func(ctx context.Context, i int) error) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	start := time.Now()
	for range b.connections {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(b.bank.lockers) {
					return nil
				}
				if err := do(ctx, i); err != nil {
					return err
				}
			}
		})
	}
	err := group.Wait()
	return float64(len(b.bank.lockers)*intakeBatch) / time.Since(start).Seconds(), err
}

// insert writes a batch's rows and those of its outbox bare, in one transaction.
func (b *intakeBench) insert(ctx context.Context, l models.LockerID, facts []models.Fact) (err error) {
	t, err := b.plain.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ended(t.Rollback())) }()
	now := time.Now()
	var rows, signals []any
	for _, f := range facts {
		body, err := json.Marshal(f)
		if err != nil {
			return err
		}
		d, err := f.Payload()
		if err != nil {
			return err
		}
		rows = append(rows, l, f.Epoch, f.Seq, f.Type, d.Shipment, f.Operation, "", string(body), now)
		if d.Shipment == "" {
			continue
		}
		input, err := json.Marshal(models.ShipmentInput{Shipment: d.Shipment})
		if err != nil {
			return err
		}
		payload, err := json.Marshal(f.Signal(l, d, now))
		if err != nil {
			return err
		}
		signals = append(signals, models.ShipmentWorkflowID(d.Shipment), models.WorkflowShipment, models.OutboxSignal,
			models.SignalFact, string(input), string(payload), now)
	}
	const factColumns, outboxColumns = 9, 7
	if _, err := t.ExecContext(ctx, "INSERT INTO bare_facts (locker, epoch, seq, type, shipment, operation, quarantined, body, received_at) VALUES "+
		places(len(rows)/factColumns, factColumns), rows...); err != nil {
		return err
	}
	if len(signals) > 0 {
		if _, err := t.ExecContext(ctx, "INSERT INTO bare_outbox (workflow_id, workflow, kind, signal, input, payload, created_at) VALUES "+
			places(len(signals)/outboxColumns, outboxColumns), signals...); err != nil {
			return err
		}
	}
	return t.Commit()
}

// ended forgives the rollback of a transaction that was committed.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// places is a list of rows of placeholders.
func places(rows, columns int) string {
	var s strings.Builder
	for r := range rows {
		if r > 0 {
			s.WriteByte(',')
		}
		s.WriteByte('(')
		for c := range columns {
			if c > 0 {
				s.WriteByte(',')
			}
			fmt.Fprintf(&s, "$%d", r*columns+c+1)
		}
		s.WriteByte(')')
	}
	return s.String()
}
