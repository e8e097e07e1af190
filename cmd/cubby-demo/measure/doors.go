package measure

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the driver of the bare commits, which the agent uses too

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
	"cubby/cmd/cubby-demo/stage"
	"cubby/models"
)

const (
	cells       = 64
	frameWithin = 10 * time.Second
	// between pickups: a cabinet opens no two doors within 300 ms.
	between = 400 * time.Millisecond
	bareRow = 300 // bytes: about an operation's row in the cabinet's store
)

// doorsReport is how long people wait for a door: from the post of the code's last digit to the frame on the board's
// line.
type doorsReport struct {
	Pickups      int     `json:"pickups"`
	CommitMS     float64 `json:"bare_commit_ms"` // one bare commit of SQLite, synchronous=FULL, on the same disk
	OfflineP50MS float64 `json:"offline_p50_ms"`
	OfflineP99MS float64 `json:"offline_p99_ms"`
	OfflineRatio float64 `json:"offline_commit_ratio"` // offline p50 in bare commits
	OnlineP50MS  float64 `json:"online_p50_ms"`
	OnlineP99MS  float64 `json:"online_p99_ms"`
}

// bench is one cabinet whose pickups are timed.
type bench struct {
	stage    *stage.Stage
	carrier  people.Carrier
	at       people.Cabinet
	site     *sites.Site
	frames   chan time.Time
	operator people.Operator
	number   int
}

// doors times pickups with the network and as many without. Before each of the latter a bare commit is timed, so that
// both see the same disk.
func doors(ctx context.Context, s *stage.Stage, pickups int) (*doorsReport, error) {
	b, err := newBench(ctx, s)
	if err != nil {
		return nil, err
	}
	online, err := b.round(ctx, pickups, func() error { return nil }, func() error { return nil })
	if err != nil {
		return nil, fmt.Errorf("with the network: %w", err)
	}
	bare, err := openBare(filepath.Join(filepath.Dir(s.ServerCA()), "bare.db"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = bare.Close() }() // it was for timing alone
	var commits []time.Duration
	offline, err := b.round(ctx, pickups, func() error { return b.cut(ctx) }, func() error {
		began := time.Now()
		_, err := bare.ExecContext(ctx, "INSERT INTO t (body) VALUES (zeroblob(?))", bareRow)
		commits = append(commits, time.Since(began))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("without the network: %w", err)
	}
	return doorsFigures(pickups, online, offline, commits), nil
}

func doorsFigures(pickups int, online, offline, commits []time.Duration) *doorsReport {
	return &doorsReport{
		Pickups: pickups, CommitMS: milliseconds(quantile(commits, .5)),
		OfflineP50MS: milliseconds(quantile(offline, .5)), OfflineP99MS: milliseconds(quantile(offline, .99)),
		OfflineRatio: float64(quantile(offline, .5)) / float64(max(1, quantile(commits, .5))),
		OnlineP50MS:  milliseconds(quantile(online, .5)), OnlineP99MS: milliseconds(quantile(online, .99)),
	}
}

// openBare makes a database with the settings of a cabinet's store.
func openBare(path string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_txlock=immediate"
	for _, p := range []string{"locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)"} {
		dsn += "&_pragma=" + url.QueryEscape(p)
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func newBench(ctx context.Context, s *stage.Stage) (*bench, error) {
	rest := s.REST(s.CarrierKey)
	rest.Persist = true
	b := &bench{stage: s, carrier: people.Carrier{Service: rest}, frames: make(chan time.Time, cells)}
	operator := people.Operator{Service: s.REST(s.OperatorKey)}
	b.operator = operator
	location, err := operator.Location(ctx, 1)
	if err != nil {
		return nil, err
	}
	model, err := operator.Model(ctx, "Bench", slices.Repeat([]people.Row{{Size: "M", Cells: cells / 4}}, 4)...)
	if err != nil {
		return nil, err
	}
	id, err := operator.Locker(ctx, "BENCH-001", location, model)
	if err != nil {
		return nil, err
	}
	if b.at, err = s.Build(ctx, id); err != nil {
		return nil, err
	}
	if b.site, err = s.Cabinets.Find(ctx, id); err != nil {
		return nil, err
	}
	b.site.OnUnlock(func(int) { b.frames <- time.Now() })
	return b, b.at.AwaitReady(ctx)
}

func (b *bench) cut(ctx context.Context) error {
	if err := b.at.Line(ctx, true); err != nil {
		return err
	}
	_, err := b.at.AwaitScreen(ctx, "the screen to say that it works without network", func(s people.Screen) bool { return s.Offline })
	return err
}

// round loads the cabinet, prepares, and times a pickup of each parcel; each is preceded by before.
func (b *bench) round(ctx context.Context, pickups int, prepare, before func() error) (took []time.Duration, err error) {
	waiting, err := b.load(ctx, pickups)
	if err != nil {
		return nil, err
	}
	if err := prepare(); err != nil {
		return nil, err
	}
	for _, w := range waiting {
		select {
		case <-time.After(between):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err := before(); err != nil {
			return nil, err
		}
		d, err := b.pickup(ctx, w)
		if err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	return took, nil
}

// parcel is one that waits for its client.
type parcel struct {
	client people.Client
	code   string
	label  string
}

func (b *bench) load(ctx context.Context, n int) (waiting []parcel, err error) {
	if err := b.empty(ctx); err != nil {
		return nil, err
	}
	for range n {
		b.number++
		a := people.Announcement{
			Number: fmt.Sprintf("M-%04d", b.number), Locker: b.at.Locker, Policy: "express",
			Contact: people.Contact{Email: fmt.Sprintf("client-%04d@example.org", b.number)},
			Parcels: []people.NewParcel{{Size: "M"}},
		}
		s, err := b.carrier.Announce(ctx, "key of "+a.Number, a)
		if err != nil {
			return nil, err
		}
		waiting = append(waiting, parcel{
			client: people.Client{Mail: b.stage.Mailbox(a.Contact.Email), At: b.at}, label: s.Parcels[0].Barcode,
		})
	}
	labels := make([]string, n)
	for i, w := range waiting {
		labels[i] = w.label
	}
	if err := (people.Courier{Badge: b.stage.Badge, PIN: b.stage.PIN, At: b.at}).Deposit(ctx, labels...); err != nil {
		return nil, err
	}
	for i := range waiting {
		if waiting[i].code, err = waiting[i].client.Code(ctx); err != nil {
			return nil, err
		}
	}
	for len(b.frames) > 0 { // those of the deposits
		<-b.frames
	}
	return waiting, nil
}

// empty waits until every cell may be promised again.
func (b *bench) empty(ctx context.Context) error {
	return people.Await(ctx, "the cabinet to be empty", between, func() (bool, string, error) {
		rooms, err := b.operator.Rooms(ctx, b.at.Locker)
		return err == nil && len(rooms) == 1 && rooms[0].Room == cells, fmt.Sprintf("%+v", rooms), err
	})
}

// pickup times one pickup: a client types the code, and takes the parcel from the door that opens.
func (b *bench) pickup(ctx context.Context, w parcel) (took time.Duration, err error) {
	began := time.Now()
	if err := b.site.Keys(ctx, models.SideFront, w.code); err != nil {
		return 0, err
	}
	select {
	case at := <-b.frames:
		took = at.Sub(began)
	case <-time.After(frameWithin):
		s, err := b.at.Screen(ctx)
		return 0, errors.Join(fmt.Errorf("no unlock was sent within %s: %s", frameWithin, s), err)
	}
	cell, done, err := w.client.AwaitDoor(ctx)
	if err != nil || done {
		return 0, errors.Join(err, fmt.Errorf("no open door was seen (done: %t)", done))
	}
	things, err := w.client.TakeFrom(ctx, cell)
	if err != nil {
		return 0, err
	}
	return took, people.SameThings(things, []string{w.label})
}
