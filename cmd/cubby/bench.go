package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/models"
	"cubby/models/store"
	"cubby/worker"
)

// lifecycleReport is what 'bench lifecycle --json' prints.
type lifecycleReport struct {
	DB                string  `json:"db"`
	Lives             int     `json:"lives"`
	AtOnce            int     `json:"at_once"`
	Rounds            int     `json:"rounds"`
	FloorPerS         float64 `json:"floor_per_s"`
	ProductPerS       float64 `json:"product_per_s"`
	Ratio             float64 `json:"ratio"`
	EventsPerLife     float64 `json:"events_per_life"`
	StatementsPerLife float64 `json:"statements_per_life"`
	// P50MS and P99MS: from a cabinet's ask to its command, what a person waits for.
	P50MS float64 `json:"p50_ms"`
	P99MS float64 `json:"p99_ms"`
}

func runBenchLifecycle(ctx context.Context, p program, args []string) error {
	flags := p.flags("bench lifecycle")
	db := flags.String("db", "sqlite", "postgres or sqlite")
	dsn := flags.String("postgres", os.Getenv("CUBBY_TEST_POSTGRES"), "a Postgres in which the run may make a database of its own")
	lives := flags.Int("lives", 150, "lives in a round")
	atOnce := flags.Int("at-once", 60, "lives at once")
	rounds := flags.Int("rounds", 3, "rounds of the floor and of the product, alternating")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *lives < 1 || *atOnce < 1 || *rounds < 1 || *lives**rounds > 100_000 {
		return errors.New("bench: lives, at-once and rounds must be at least 1, and 100,000 lives in all at most")
	}
	dir, err := os.MkdirTemp("", "cubby-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // temporary
	switch {
	case *db == "sqlite":
		p.config.databaseURL = "sqlite:" + filepath.Join(dir, "bench.db")
	case *db == "postgres" && *dsn != "":
		p.config.databaseURL = *dsn
	case *db == "postgres":
		return errors.New("bench: --db postgres needs --postgres or CUBBY_TEST_POSTGRES; 'make bench' starts one")
	default:
		return fmt.Errorf("bench: --db is postgres or sqlite, not %q", *db)
	}
	p.log = slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b, err := newLifecycleBench(ctx, p)
	if err != nil {
		return err
	}
	report, err := b.run(ctx, *lives, *atOnce, *rounds)
	if err := errors.Join(err, b.stop()); err != nil {
		return err
	}
	report.DB = *db
	if *asJSON {
		return json.NewEncoder(p.out).Encode(report)
	}
	fmt.Fprintf(p.out, "floor    %.1f lives/s\nproduct  %.1f lives/s, ratio %.2f\n%.0f events and %.0f statements a life\nask to command: p50 %.0f ms, p99 %.0f ms\n",
		report.FloorPerS, report.ProductPerS, report.Ratio, report.EventsPerLife, report.StatementsPerLife, report.P50MS, report.P99MS)
	return nil
}

// run alternates floor and product and takes the median round of each.
func (b *lifecycleBench) run(ctx context.Context, lives, atOnce, rounds int) (lifecycleReport, error) {
	report := lifecycleReport{Lives: lives, AtOnce: atOnce, Rounds: rounds}
	// One life of each first, so that neither pays for the start of the workers.
	for _, life := range []lifeFunc{b.floorLife, b.productLife} {
		if _, err := life(ctx); err != nil {
			return report, err
		}
	}
	b.reset()
	var floor, product []float64
	for range rounds {
		for _, side := range []struct {
			life lifeFunc
			to   *[]float64
		}{{b.floorLife, &floor}, {b.productLife, &product}} {
			perS, err := round(ctx, lives, atOnce, side.life)
			if err != nil {
				return report, err
			}
			*side.to = append(*side.to, perS)
		}
	}
	report.FloorPerS, report.ProductPerS = median(floor), median(product)
	report.Ratio = report.ProductPerS / report.FloorPerS
	report.StatementsPerLife = float64(b.db.Statements()-b.statements) / float64(lives*rounds)
	report.EventsPerLife = float64(b.events.Load()) / float64(lives*rounds)
	slices.Sort(b.waits)
	report.P50MS, report.P99MS = quantile(b.waits, .5), quantile(b.waits, .99)
	return report, nil
}

// lifeFunc runs one life to its end and returns its workflow's id.
type lifeFunc func(ctx context.Context) (workflowID string, err error)

// round runs n lives, some at once, and returns lives a second.
func round(ctx context.Context, n, atOnce int, life lifeFunc) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	start := time.Now()
	for range min(n, atOnce) {
		group.Go(func() error {
			for next.Add(1) <= int64(n) {
				if _, err := life(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return float64(n) / time.Since(start).Seconds(), err
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds()) / 1000
}

// bank is a set of simulated cabinets of the bench: journals without a network, which
// write what a cabinet's core writes for a life.
type bank struct {
	db      *store.Store
	ids     *models.IDs
	locks   []sync.Mutex
	heads   []models.Head
	cells   []int // used so far, each once
	lockers []models.LockerID
}

// take gives a life a cell of its own.
func (b *bank) take(i int) (models.LockerID, int) {
	b.locks[i].Lock()
	defer b.locks[i].Unlock()
	b.cells[i]++
	return b.lockers[i], b.cells[i]
}

// tell appends facts to a cabinet's journal and has the server take them in.
func (b *bank) tell(ctx context.Context, i int, facts ...models.Fact) error {
	b.locks[i].Lock()
	defer b.locks[i].Unlock()
	head := b.heads[i]
	if head.Epoch == 0 {
		head.Epoch = 1
		facts = append([]models.Fact{{Type: models.FactInventory, Data: models.FactData{}.Encode()}}, facts...)
	}
	for j := range facts {
		f := &facts[j]
		f.Epoch, f.Seq, f.PrevHash, f.AtMS, f.Boot, f.Clock = head.Epoch, head.Seq+1, head.Hash, time.Now().UnixMilli(), "bench", models.ClockSynced
		f.Hash = f.ComputeHash()
		head.Seq, head.Hash = f.Seq, f.Hash
	}
	err := untilTaken(ctx, func() error {
		_, err := b.db.TakeIn(ctx, b.lockers[i], facts)
		return err
	})
	if err != nil {
		return err
	}
	b.heads[i] = head
	return nil
}

// newBank makes cabinets with room for the whole run.
func newBank(ctx context.Context, db *store.Store, request models.Request, lockers, cells int) (*bank, error) {
	b := &bank{db: db, ids: models.NewIDs(time.Now, rand.Reader), locks: make([]sync.Mutex, lockers),
		heads: make([]models.Head, lockers), cells: make([]int, lockers)}
	place, err := db.CreateLocation(ctx, request, models.Location{Name: "Bench " + b.ids.New("b"), Address: "Street 1", City: "Town", Country: "DE", TimeZone: "UTC"})
	if err != nil {
		return nil, err
	}
	model, err := db.CreateModel(ctx, request, models.CabinetModel{Name: "Bench " + b.ids.New("b"), Modules: []models.Module{{
		Name: "M", Regime: models.Ambient, Side: models.SideFront, Rows: []models.Row{{Cells: cells, Size: models.SizeM}}}}})
	if err != nil {
		return nil, err
	}
	for range lockers {
		l, err := db.CreateLocker(ctx, request, models.Locker{Number: b.ids.New("B"), Location: place.ID, Model: model.ID})
		if err != nil {
			return nil, err
		}
		b.lockers = append(b.lockers, l.ID)
	}
	return b, nil
}

// floorLife is a life of the floor: the same messages, without content.
func (b *lifecycleBench) floorLife(ctx context.Context) (string, error) {
	id := b.bank.ids.New("floor")
	run, err := b.temporal.ExecuteWorkflow(ctx, b.start(id), worker.WorkflowFloor, worker.FloorInput{Queue: models.QueueGateway(benchInstance)})
	if err != nil {
		return id, err
	}
	for range 2 {
		if err := b.floorAsk(ctx, id); err != nil {
			return id, err
		}
		if err := b.temporal.SignalWorkflow(ctx, id, "", worker.SignalFloor, nil); err != nil {
			return id, err
		}
	}
	return id, run.Get(ctx, nil)
}
