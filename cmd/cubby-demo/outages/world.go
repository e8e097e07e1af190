package outages

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/stage"
)

const (
	instances  = 2
	cabinets   = 4
	cellsEach  = 24
	setUpLimit = time.Minute

	lookEvery = 50 * time.Millisecond
)

// world is the product with its cabinets and the people before them.
type world struct {
	options
	out      io.Writer
	stage    *stage.Stage
	operator people.Operator
	carrier  people.Carrier // comes again when told to
	hasty    people.Carrier // takes the first answer
	db       *sql.DB
	temporal client.Client
	streets  []*street
	random   *rand.Rand // of the plays
	breaking bool       // the play is to fail
	number   int        // of the play

	saving atomic.Bool // people leave something to do for the outage
	tally  tally
}

// tally is what the people of a play have met.
type tally struct {
	mu         sync.Mutex
	lives      []*life
	complaints []string
	trouble    time.Time // since when there is an outage; zero: there is none
	round      int       // counts outages
	row        row
}

func (w *world) say(format string, args ...any) {
	fmt.Fprintf(w.out, "outages: %s\n", fmt.Sprintf(format, args...))
}

// setUp starts the product and puts the cabinets up.
func setUp(ctx context.Context, o options, dir string, out io.Writer) (_ *world, err error) {
	w := &world{options: o, out: out, random: rand.New(rand.NewPCG(o.seed, cabinets))}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	if w.stage, err = stage.Start(ctx, stage.Options{Dir: dir, Bin: o.bin, Postgres: true, Instances: instances}); err != nil {
		return nil, err
	}
	if w.db, err = sql.Open("pgx", w.stage.Database.DSN); err != nil {
		return nil, err
	}
	if w.temporal, err = client.NewLazyClient(client.Options{
		HostPort: w.stage.Temporal.Address, Namespace: w.stage.Temporal.Namespace,
		Logger: log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
	}); err != nil {
		return nil, err
	}
	patient := w.stage.REST(w.stage.CarrierKey)
	patient.Persist = true
	w.carrier, w.hasty = people.Carrier{Service: patient}, people.Carrier{Service: w.stage.REST(w.stage.CarrierKey)}
	w.operator = people.Operator{Service: w.stage.REST(w.stage.OperatorKey)}
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	return w, w.build(ctx)
}

// build makes the lockers over REST.
func (w *world) build(ctx context.Context) error {
	model, err := w.operator.Model(ctx, "Tower", people.Row{Size: "S", Cells: cellsEach})
	if err != nil {
		return err
	}
	for n := range cabinets {
		location, err := w.operator.Location(ctx, n)
		if err != nil {
			return err
		}
		id, err := w.operator.Locker(ctx, fmt.Sprintf("O-%03d", n+1), location, model)
		if err != nil {
			return err
		}
		at, err := w.stage.Build(ctx, id)
		if err != nil {
			return err
		}
		site, err := w.stage.Cabinets.Find(ctx, id)
		if err != nil {
			return err
		}
		w.streets = append(w.streets, &street{world: w, at: at, site: site, n: n, random: rand.New(rand.NewPCG(w.seed, uint64(n)))})
	}
	for _, s := range w.streets {
		if err := s.at.AwaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) stop() error {
	var errs []error
	if w.temporal != nil {
		w.temporal.Close()
	}
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	if w.stage != nil {
		for _, p := range w.stage.Parts {
			_ = p.Thaw() // one that is frozen would not hear that it is to stop
		}
		errs = append(errs, w.stage.Stop())
	}
	return errors.Join(errs...)
}

// sabotage does what breaks the play, if it is to be broken.
func (w *world) sabotage(f func() error) error {
	if !w.breaking {
		return nil
	}
	return f()
}

// play has people live at the cabinets, takes something away, has what they began come to its end, and judges.
func (w *world) play(ctx context.Context, p play) (row, error) {
	limit := playLimit
	w.breaking = p.name == w.broken
	if w.breaking {
		limit = brokenLimit
		w.say("%s: broken on purpose: %s", p.name, p.breakage)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	w.number++
	w.tally = tally{row: row{play: p.name}}
	before, err := w.account(ctx)
	if err != nil {
		return row{}, err
	}
	w.saving.Store(true)
	crowd := w.gather(ctx)
	defer crowd.leave()
	if err := w.busy(ctx); err != nil {
		return row{}, errors.Join(err, w.complaints())
	}
	w.saving.Store(false)
	w.troubled(true)
	figure, err := p.run(ctx, w)
	w.troubled(false)
	if err != nil {
		return row{}, errors.Join(err, w.complaints())
	}
	if err := crowd.finish(ctx); err != nil {
		return row{}, errors.Join(err, w.complaints())
	}
	r, err := w.judge(ctx, p, before)
	if err != nil {
		return r, err
	}
	r.figure, r.took = figure, time.Since(began)
	w.say("%s: ok: %s (%.0f s)", p.name, figure, r.took.Seconds())
	return r, nil
}

// troubled says that an outage begins or is over.
func (w *world) troubled(now bool) {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	w.tally.trouble = time.Time{}
	if now {
		w.tally.trouble = time.Now()
		w.tally.round++
		w.tally.row.whole = 0
	}
}

// inTrouble is the number of the outage that there is now; 0: there is none.
func (w *world) inTrouble() int {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	if w.tally.trouble.IsZero() {
		return 0
	}
	return w.tally.round
}

// complain notes what a person met and should not have.
func (w *world) complain(format string, args ...any) {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	w.tally.complaints = append(w.tally.complaints, time.Now().UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (w *world) complaints() error {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	var errs []error
	for _, c := range w.tally.complaints {
		errs = append(errs, errors.New(c))
	}
	return errors.Join(errs...)
}

func (w *world) note(change func(*row)) {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	change(&w.tally.row)
}

// pause waits; false means that the context ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
