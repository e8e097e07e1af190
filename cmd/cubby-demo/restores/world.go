package restores

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/cmd/cubby-demo/stage"
)

const (
	lookEvery  = 100 * time.Millisecond
	checkAgain = 500 * time.Millisecond
	cells      = 10

	// calm has the shortest waits and no end of storage within a play; in brief storage ends at once.
	calm  = "calm"
	brief = "brief"
)

// world is the product with its carrier and courier, and the shipments that a play follows.
type world struct {
	stage    *stage.Stage
	operator people.Operator
	carrier  people.Carrier
	db       *sql.DB // of the server
	dir      string
	out      io.Writer

	broken  bool
	figure  figure
	figures []figure
	lockers []people.Cabinet // of the play
	follows []*shipment      // of the play

	count, numbers int
}

// figure is what is told of a play at its end. Inside, doubtful and named are those of the judgement right after the
// restore, before anybody looked into a cell.
type figure struct {
	play, judged                     string
	shipments, doors                 int
	inside, doubtful, named, checked int
	told, toldTwice                  int
	took                             time.Duration
}

// shipment is one that the play follows.
type shipment struct {
	people.Shipment
	announced people.Announcement
	client    people.Client
	code      string // that the client was told last
}

func (s *shipment) labels() []string {
	found := make([]string, len(s.Parcels))
	for i, p := range s.Parcels {
		found[i] = p.Barcode
	}
	return found
}

func newWorld(ctx context.Context, set *stage.Stage, dir string, out io.Writer) (*world, error) {
	patient := func(key string) people.Service {
		s := set.REST(key)
		s.Persist = true
		return s
	}
	db, err := sql.Open("pgx", set.Database.DSN)
	if err != nil {
		return nil, err
	}
	w := &world{
		stage: set, operator: people.Operator{Service: patient(set.OperatorKey)},
		carrier: people.Carrier{Service: patient(set.CarrierKey)}, db: db, dir: dir, out: out,
	}
	for name, change := range map[string]string{
		calm:  `{"storage": 3600, "reminders": [], "withdrawal_overdue": 3600, "extensions": 2}`,
		brief: `{"storage": 1, "reminders": [], "withdrawal_overdue": 3600}`,
	} {
		_, err := db.ExecContext(ctx, `INSERT INTO policies (name, version, body, created_at)
			SELECT $1, 1, (body::jsonb || jsonb_build_object('name', $1::text) || $2::jsonb)::text, created_at
			FROM policies WHERE name = 'express'`, name, change)
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return w, nil
}

func (w *world) close() error { return w.db.Close() }

// begin forgets the play before.
func (w *world) begin(p play, broken bool) {
	w.broken, w.figure, w.lockers, w.follows = broken, figure{play: p.name, judged: p.judged}, nil, nil
}

func (w *world) say(format string, args ...any) {
	fmt.Fprintf(w.out, "restores: %s: %s\n", w.figure.play, fmt.Sprintf(format, args...))
}

// locker makes a locker of M cells and puts its cabinet up.
func (w *world) locker(ctx context.Context) (people.Cabinet, error) {
	w.count++
	var at people.Cabinet
	location, err := w.operator.Location(ctx, w.count)
	if err != nil {
		return at, err
	}
	model, err := w.operator.Model(ctx, fmt.Sprintf("Model %d", w.count), people.Row{Size: "M", Cells: cells})
	if err != nil {
		return at, err
	}
	id, err := w.operator.Locker(ctx, fmt.Sprintf("RST-%03d", w.count), location, model)
	if err != nil {
		return at, err
	}
	if at, err = w.stage.Build(ctx, id); err != nil {
		return at, err
	}
	w.lockers = append(w.lockers, at)
	return at, at.AwaitReady(ctx)
}

func (w *world) site(ctx context.Context, at people.Cabinet) (*sites.Site, error) {
	return w.stage.Cabinets.Find(ctx, at.Locker)
}

// announce announces a shipment with labels of the carrier's own, as a carrier does who may have to announce it again.
func (w *world) announce(ctx context.Context, at people.Cabinet, policy string, parcels int) (*shipment, error) {
	w.numbers++
	a := people.Announcement{
		Number: fmt.Sprintf("R-%04d", w.numbers), Locker: at.Locker, Policy: policy,
		Contact: people.Contact{Email: fmt.Sprintf("restored-%04d@example.org", w.numbers)},
	}
	for i := range parcels {
		a.Parcels = append(a.Parcels, people.NewParcel{Size: "M", Barcode: fmt.Sprintf("%s-%d", a.Number, i+1)})
	}
	s := &shipment{announced: a, client: people.Client{Mail: w.stage.Mailbox(a.Contact.Email), At: at}}
	w.follows = append(w.follows, s)
	return s, w.again(ctx, s)
}

// again announces it, once more if it was lost.
func (w *world) again(ctx context.Context, s *shipment) (err error) {
	s.Shipment, err = w.carrier.Announce(ctx, fmt.Sprintf("%s at %d", s.announced.Number, time.Now().UnixNano()), s.announced)
	return err
}

func (w *world) courier(at people.Cabinet) people.Courier {
	return people.Courier{Badge: w.stage.Badge, PIN: w.stage.PIN, At: at}
}

// heard waits until the cabinet knows of a shipment, so that it can be brought without network.
func (w *world) heard(ctx context.Context, at people.Cabinet, entries int) error {
	return people.Await(ctx, "the cabinet to hear of the shipment", lookEvery, func() (bool, string, error) {
		now, err := at.Status(ctx)
		return now.Directory > entries, fmt.Sprintf("%+v", now), err
	})
}

// expected announces a shipment and waits until its cabinet knows it.
func (w *world) expected(ctx context.Context, at people.Cabinet) (*shipment, error) {
	before, err := at.Status(ctx)
	if err != nil {
		return nil, err
	}
	s, err := w.announce(ctx, at, calm, 1)
	if err != nil {
		return nil, err
	}
	return s, w.heard(ctx, at, before.Directory)
}

// bring has the courier bring a shipment's parcels. Whoever finds something in a cell says so and tries again.
func (w *world) bring(ctx context.Context, s *shipment, at people.Cabinet, labels ...string) error {
	c := w.courier(at)
	if err := c.LogIn(ctx); err != nil {
		return err
	}
	for _, label := range labels {
		if err := w.put(ctx, c, label); err != nil {
			return fmt.Errorf("bringing %s: %w", s.announced.Number, err)
		}
	}
	return c.Leave(ctx)
}

func (w *world) put(ctx context.Context, c people.Courier, label string) error {
	for {
		if _, err := c.Scan(ctx, label); err != nil {
			return err
		}
		cell, err := c.AwaitDoor(ctx)
		if err != nil {
			return err
		}
		w.figure.doors++
		inside, err := c.At.Content(ctx, cell)
		if err != nil {
			return err
		}
		if len(inside) == 0 {
			if err := c.Put(ctx, cell, label); err != nil {
				return err
			}
			return c.Close(ctx, cell)
		}
		w.say("the courier finds %v in cell %d, which the cabinet believed to be empty", inside, cell)
		if _, err := c.At.Press(ctx, "not_placed"); err != nil {
			return err
		}
		if err := c.At.Close(ctx, cell); err != nil {
			return err
		}
		if _, err := c.At.AwaitScreen(ctx, "the question whether it is empty", func(s people.Screen) bool { return s.Text == "is_empty" }); err != nil {
			return err
		}
		if _, err := c.At.Press(ctx, "not_empty"); err != nil {
			return err
		}
		select { // the scanner takes the label for a new reading only then
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(people.ScanAgain):
		}
	}
}

// told waits for the nth message with a code to a client.
func (w *world) told(ctx context.Context, s *shipment, n int) error {
	mail, err := s.client.Mail.Await(ctx, n)
	if err != nil {
		return err
	}
	s.code, err = people.Code(mail)
	return err
}

// ready announces a shipment, brings it, and waits until its client has the code.
func (w *world) ready(ctx context.Context, at people.Cabinet) (*shipment, error) {
	s, err := w.announce(ctx, at, calm, 1)
	if err != nil {
		return nil, err
	}
	if err := w.bring(ctx, s, at, s.labels()...); err != nil {
		return nil, err
	}
	return s, w.told(ctx, s, 1)
}

// collect has the client take the parcels with the code that he was told.
func (w *world) collect(ctx context.Context, s *shipment) error {
	w.figure.doors += len(s.Parcels)
	if err := s.client.Pickup(ctx, s.code, s.labels()...); err != nil {
		return fmt.Errorf("collecting %s: %w", s.announced.Number, err)
	}
	screen, err := s.client.At.Screen(ctx)
	if err == nil && screen.Text == "everything" {
		_, err = s.client.At.Press(ctx, "yes_taken")
	}
	return err
}

// withdraw has the courier take out what a cabinet lists, which must be just these labels.
func (w *world) withdraw(ctx context.Context, at people.Cabinet, labels ...string) error {
	c := w.courier(at)
	if err := c.LogIn(ctx); err != nil {
		return err
	}
	if err := people.Await(ctx, "the parcels to be in the courier's list", lookEvery, func() (bool, string, error) {
		screen, err := at.Press(ctx, "collect")
		return screen.Text == "collect_list", screen.String(), err
	}); err != nil {
		return err
	}
	if _, err := at.Press(ctx, "cancel"); err != nil {
		return err
	}
	taken, err := c.Withdraw(ctx)
	if err != nil {
		return err
	}
	w.figure.doors += len(taken)
	return errors.Join(people.SameThings(taken, labels), c.Leave(ctx))
}

// check has the courier look into every cell in doubt, unless the play is broken.
func (w *world) check(ctx context.Context, at people.Cabinet) error {
	if w.broken {
		return nil
	}
	c := w.courier(at)
	if err := c.LogIn(ctx); err != nil {
		return err
	}
	// A cell whose client may still come back for something is not to be checked yet.
	if err := people.Await(ctx, "no cell to be in doubt", checkAgain, func() (bool, string, error) {
		n, err := c.CheckAll(ctx)
		if err != nil {
			return false, "", err
		}
		w.figure.checked += n
		w.figure.doors += n
		all, err := at.Cells(ctx)
		i := slices.IndexFunc(all, func(c people.Cell) bool { return c.Doubtful })
		if err != nil || i < 0 {
			return err == nil, "", err
		}
		return false, fmt.Sprintf("%+v", all[i]), nil
	}); err != nil {
		return err
	}
	return c.Leave(ctx)
}

// act asks for an action on a shipment.
func (w *world) act(ctx context.Context, s *shipment, action string, body any) error {
	_, err := w.carrier.ActWith(ctx, s.ID, action, fmt.Sprintf("%s %s %d", action, s.ID, time.Now().UnixNano()), body)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", action, s.announced.Number, err)
	}
	return nil
}

var aDispute = map[string]string{"reason": "a dispute"}

// state waits until each shipment is in the state.
func (w *world) state(ctx context.Context, state string, all ...*shipment) error {
	for _, s := range all {
		if _, err := w.carrier.AwaitState(ctx, s.ID, state); err != nil {
			return fmt.Errorf("%s: %w", s.announced.Number, err)
		}
	}
	return nil
}

// image copies a cabinet's disk, with its computer off.
func (w *world) image(ctx context.Context, at people.Cabinet, to string) error {
	site, err := w.site(ctx, at)
	if err != nil {
		return err
	}
	if err := at.Power(ctx, true); err != nil {
		return err
	}
	if err := copyFolder(ctx, site.Data(), to); err != nil {
		return err
	}
	if err := at.Power(ctx, false); err != nil {
		return err
	}
	return at.AwaitReady(ctx)
}

// copyFolder copies a folder with its modes, in place of what was there.
func copyFolder(ctx context.Context, from, to string) error {
	for _, args := range [][]string{{"rm", "-rf", to}, {"cp", "-a", from, to}} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", args, err, out)
		}
	}
	return nil
}

func (w *world) in(name string) string { return filepath.Join(w.dir, name) }

// servers kills the server's processes, or starts them again.
func (w *world) servers(ctx context.Context, up bool) error {
	for _, name := range []string{"api", "gateway", "worker"} {
		part := w.stage.Part(name)
		if !up {
			if err := part.Kill(); err != nil {
				return err
			}
			continue
		}
		if err := part.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reconcile does what the operator does after a restore, unless the play is broken.
func (w *world) reconcile(ctx context.Context) error {
	if w.broken {
		return nil
	}
	out, err := w.stage.Cubby(ctx, "reconcile", "--since", "1h")
	w.say("cubby reconcile: %s", bytes.TrimSpace(out))
	return err
}
