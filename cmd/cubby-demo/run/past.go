package run

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/cmd/cubby-demo/hands"
	"cubby/cmd/cubby-demo/people"
	"cubby/models"
)

const (
	pastFile = "past.json"
	// pastDays are lived one after another, and pastShipments in all of them.
	pastDays      = 14
	pastShipments = 200
	dayLimit      = 4 * time.Minute
	// dayTries: on a busy machine somebody may wait too long for a screen. A day goes on where it was.
	dayTries = 3
)

// Past is how far the past of the network is lived, as it is kept: a past that was cut off goes on where it was.
type Past struct {
	Left int `json:"left"` // days, down to 0
}

// canLivePast: a program's clock can be set on amd64 alone.
func canLivePast() bool { return runtime.GOARCH == "amd64" }

// clockOn is how far every clock of the network is behind on a day, counted back from today: the days of life do not all
// begin at the same hour.
func clockOn(day int) time.Duration {
	return -time.Duration(day)*24*time.Hour + time.Duration(day*7%9-4)*time.Hour
}

// sharesOf says how many shipments each of the cabinets has on a day, counted back from today.
func sharesOf(day, cabinets int) []int {
	until := func(lived int) int { return pastShipments * lived / pastDays }
	n := until(pastDays-day+1) - until(pastDays-day)
	shares := make([]int, cabinets)
	for i := range shares {
		shares[i] = n*(i+1)/cabinets - n*i/cabinets
	}
	return shares
}

// livePast has the network live through the two weeks that are left of its past, day by day: on each day everything is
// started with its clock that much behind, couriers and clients come, and everything is stopped for the night. So what
// happened then was told, kept and answered by the product itself, at that time by all its clocks; nothing is written
// into a database from outside.
func (s *System) livePast(ctx context.Context) error {
	var past Past
	if there, err := s.folder.load(pastFile, &past); err != nil || !there || past.Left == 0 {
		return err
	}
	defer func() { s.clock = 0 }()
	for ; past.Left > 0; past.Left-- {
		began := time.Now()
		doing := fmt.Sprintf("the last two weeks are lived: day %d of %d, %d of %d shipments were brought and collected",
			pastDays-past.Left+1, pastDays, pastShipments*(pastDays-past.Left)/pastDays, pastShipments)
		s.front.begins(doing, false)
		err := s.liveDay(ctx, past.Left)
		for try := 1; err != nil && ctx.Err() == nil && try < dayTries; try++ {
			s.log.Warn("a day of the past goes on", "days_ago", past.Left, "error", err)
			err = s.liveDay(ctx, past.Left)
		}
		if err != nil {
			return fmt.Errorf("the network's past, %d days ago: %w", past.Left, err)
		}
		if err := s.folder.save(pastFile, Past{past.Left - 1}); err != nil {
			return err
		}
		fmt.Fprintf(s.options.Progress, "run: %s ago: %d shipments in %.1f s\n", days(past.Left), sharesOf(past.Left, 1)[0], time.Since(began).Seconds())
	}
	return nil
}

func days(n int) string {
	if n == 1 {
		return "a day"
	}
	return fmt.Sprintf("%d days", n)
}

// liveDay starts everything by the clock of a day, lets people come, and stops everything.
func (s *System) liveDay(ctx context.Context, day int) (err error) {
	ctx, cancel := context.WithTimeout(ctx, dayLimit)
	defer cancel()
	s.clock = clockOn(day)
	defer func() {
		err = errors.Join(err, s.unwind(s.always))
		s.backstage = ""
		s.forget()
	}()
	for _, step := range []func(context.Context) error{
		s.startInbox, s.startSMS, s.startTemporal, s.startDatabase, s.startServers, s.seed, s.startCabinets, s.startBackstage,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, n := range sharesOf(day, 3) {
		group.Go(func() error { return s.liveAt(ctx, i, day, n) })
	}
	return group.Wait()
}

// liveAt has people bring and collect at a cabinet; at the first one a shipment of the day is called off instead.
func (s *System) liveAt(ctx context.Context, cabinet, day, shipments int) error {
	t := s.at(cabinet, fmt.Sprintf("D%02d-%s", day, s.Lockers[cabinet].Number))
	by := t.a
	if cabinet == 2 {
		by, t.courier.Badge, t.courier.PIN = t.b, s.Couriers[1].Badge, s.Couriers[1].PIN
	}
	var all []sent
	for i := range shipments {
		parcel := people.NewParcel{Size: []string{"S", "M"}[i%2]}
		if cabinet == 1 && i%3 == 2 {
			parcel = people.NewParcel{Size: "M", Regime: "chilled"}
		}
		made, err := t.announceParcels(ctx, by, expressPolicy, parcel)
		if err != nil {
			return err
		}
		if cabinet == 0 && i == 0 {
			if _, err := by.Act(ctx, made.ID, "cancel", "past cancel "+made.Number); err != nil {
				return err
			}
			continue
		}
		all = append(all, made)
	}
	if err := t.bring(ctx, all...); err != nil {
		return err
	}
	for _, each := range all {
		if err := t.collect(ctx, by, each); err != nil {
			return err
		}
	}
	for _, each := range all {
		if _, err := by.AwaitState(ctx, each.ID, "picked_up"); err != nil {
			return err
		}
	}
	return nil
}

// startBackstage serves hands and inbox to people while there is no page yet.
func (s *System) startBackstage(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address(0))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/hands/", hands.New(s.Cabinets, s.log.With("part", "hands")))
	mux.Handle("/inbox/", s.Inbox.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // until it is closed
	s.stops = append(s.stops, server.Close)
	s.backstage = "http://" + listener.Addr().String()
	return nil
}

// beginPast has the next start live the past first, if there is nothing yet.
func (s *System) beginPast() error {
	if _, err := os.Stat(s.folder.in(networkFile)); err == nil {
		return nil
	}
	if !canLivePast() {
		return models.Errorf(models.CodeInvalid, "a past can be lived on amd64 alone: nowhere else can a program's clock be set")
	}
	return s.folder.save(pastFile, Past{pastDays})
}

// LivePast asks for the network to begin anew, two weeks ago; Wait does it. conflict: it cannot be done here.
func (s *System) LivePast() error {
	if !canLivePast() {
		return models.Errorf(models.CodeConflict, "A past can be lived on amd64 alone: nowhere else can a program's clock be set.")
	}
	select {
	case s.pasts <- struct{}{}:
	default: // it is asked for already
	}
	return nil
}

// anew stops everything but the page, removes the data, and starts everything again, two weeks ago.
func (s *System) anew(ctx context.Context) error {
	fmt.Fprintln(s.options.Progress, "run: the network begins anew, two weeks ago")
	s.front.begins("everything is being stopped", true)
	if err := s.unwind(s.always); err != nil {
		return err
	}
	if err := s.folder.clear(); err != nil {
		return err
	}
	s.forget()
	if err := s.beginPast(); err != nil {
		return err
	}
	return s.startAll(ctx)
}
