package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/agent/cabinet"
	"cubby/agent/climate"
	"cubby/agent/host"
	"cubby/agent/journal"
	"cubby/agent/kiosk"
	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/agent/scan"
	"cubby/agent/screen"
	"cubby/agent/uplink"
	"cubby/models"
)

const (
	stopWithin = 5 * time.Second
	// diskAgain is how long a cabinet waits before it tries a disk that failed.
	diskAgain = time.Second
	// enrollAgain is how often a computer asks, at most, whether it was accepted.
	enrollAgain = time.Second
)

func (c config) logger(p program) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked with the rest
	return slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: level}))
}

func (c config) uplink(log *slog.Logger, clock *host.Clock) (uplink.Config, error) {
	ca, err := os.ReadFile(c.ServerCA)
	if err != nil {
		return uplink.Config{}, fmt.Errorf("server_ca: %w", err)
	}
	return uplink.Config{
		Server: c.Server, ServerCA: ca, Proxy: c.Proxy, Dir: c.Dir, Agent: "cubby-agent " + version,
		Logger: log, Time: clock.Time, Rand: rand.Reader,
	}, nil
}

func runEnroll(ctx context.Context, p program, args []string) error {
	var claim string
	c, err := p.configured("enroll", args, flagString(&claim, "claim", "the claim"))
	if err != nil {
		return err
	}
	if claim == "" {
		return errors.New("--claim is missing: staff make one with POST /api/v1/lockers/{id}/claims")
	}
	clock, err := host.NewClock(0, p.time)
	if err != nil {
		return err
	}
	cfg, err := c.uplink(c.logger(p), clock)
	if err != nil {
		return err
	}
	id, err := enroll(ctx, p, cfg, claim)
	if err != nil {
		return fmt.Errorf("not enrolled: %w", err)
	}
	_, err = fmt.Fprintf(p.out, "enrolled as %s; the certificate expires on %s\n", id.Locker, id.NotAfter().Format(time.DateOnly))
	return err
}

// enroll asks until somebody has accepted the computer, where that is needed.
func enroll(ctx context.Context, p program, cfg uplink.Config, claim string) (uplink.Identity, error) {
	told := false
	for {
		id, err := uplink.Enroll(ctx, cfg, claim)
		var pending *uplink.PendingError
		if !errors.As(err, &pending) {
			return id, err
		}
		if !told {
			told = true
			if _, err := fmt.Fprintf(p.out, "waiting until somebody accepts this computer at the desk, where its key is shown: %s\n", pending.Fingerprint); err != nil {
				return id, err
			}
		}
		select {
		case <-ctx.Done():
			return id, err
		case <-time.After(max(pending.Wait, enrollAgain)):
		}
	}
}

func runCabinet(ctx context.Context, p program, args []string) error {
	c, err := p.configured("run", args, nil)
	if err != nil {
		return err
	}
	id, err := uplink.LoadIdentity(c.Dir)
	if err != nil {
		return err
	}
	release, err := hold(c.lock())
	if err != nil {
		return err
	}
	defer release()
	log := c.logger(p).With("locker", id.Locker)
	var excuse outage
	for {
		err := serve(ctx, p, c, log, id, excuse.end)
		var wanted *commissionWanted
		switch {
		case ctx.Err() == nil && errors.As(err, &wanted):
			if err := findWiring(ctx, p, c, log, wanted); err != nil {
				log.Error("the wiring of the locks cannot be looked for", "error", err)
			}
			if ctx.Err() != nil {
				return nil
			}
			c = p.reconfigured(args, c, log)
			continue
		case ctx.Err() == nil && errors.Is(err, errRestart):
			c = p.reconfigured(args, c, log)
			continue
		}
		if ctx.Err() != nil || !journal.DiskFailed(err) {
			return errors.Join(err, excuse.end())
		}
		log.Error("the disk fails: the cabinet is out of service until it does not", "error", err)
		excuse.begin(ctx, c, log)
		select {
		case <-ctx.Done():
			return excuse.end()
		case <-time.After(diskAgain):
		}
	}
}

// reconfigured is the configuration as it is now; one that cannot be used is not taken.
func (p program) reconfigured(args []string, c config, log *slog.Logger) config {
	again, err := p.typed("run", args, nil)
	switch {
	case err != nil:
		log.Error("the configuration is not taken: the old one counts", "error", err)
		again = c.asTyped()
	case again.Dir != c.Dir:
		log.Error("the configuration is not taken: another folder is another cabinet's")
		again = c.asTyped()
	}
	if again, err = again.wired(log); err != nil {
		log.Error("the configuration is not taken: the old one counts", "error", err)
		return c
	}
	return again
}

// serve runs the parts of the cabinet until the context ends or the store fails. Before the screen is served, whoever
// serves it meanwhile is told to end.
func serve(ctx context.Context, p program, c config, log *slog.Logger, id uplink.Identity, screenNeeded func() error) error {
	keeper, lost, err := openStore(c, log, id.Locker)
	if err != nil {
		return err
	}
	defer func() { _ = keeper.Close() }() // all that counts is durable
	clock, err := host.NewClock(keeper.FloorMS(), p.time)
	if err != nil {
		return err
	}
	cfg, err := c.uplink(log, clock)
	if err != nil {
		return err
	}
	line, err := uplink.New(cfg, id)
	if err != nil {
		return err
	}
	var buses []host.Bus
	for _, b := range c.Buses {
		bus, err := lock.NewBus(b.Boards, lock.Timing{}, func() (link.Port, error) { return link.Open(b.Port) }, log.With("bus", b.Port))
		if err != nil {
			return err
		}
		buses = append(buses, bus)
	}
	lines := c.lines(log)
	told := &devices{
		config: c, scanners: watch(c.Scanners), heard: &sensors{climates: map[int]climate.Status{}, relays: lines}, browser: kiosk.New(c.Browser, log),
		restart: make(chan struct{}, 1), commission: make(chan cabinet.Commission, 1), errors: map[string]string{},
	}
	h := host.New(host.Config{
		Keeper: keeper, Lost: lost, Buses: buses, Relays: lines, Line: line, Clock: clock,
		IDs: models.NewIDs(time.Now, rand.Reader), Logger: log, Restart: told.begin, Commission: told.findWiring,
	})
	told.host = h
	group, ctx := errgroup.WithContext(ctx)
	started := make(chan struct{})
	var stopped error // the cabinet's own word: the other parts only say that it stops
	group.Go(func() error {
		stopped = h.Run(ctx, func() { close(started) })
		return stopped
	})
	group.Go(func() error {
		select {
		case <-started:
			if err := screenNeeded(); err != nil {
				return err
			}
			return serveParts(ctx, c, log, h, line, told)
		case <-ctx.Done():
			return nil
		}
	})
	log.Info("starting", "version", version, "screen", c.Screen, "lost_store", lost)
	if err = group.Wait(); stopped != nil {
		err = stopped
	}
	log.Info("stopped", "error", err)
	return err
}

// serveParts runs what gives inputs to a cabinet that has started.
func serveParts(ctx context.Context, c config, log *slog.Logger, h *host.Host, line *uplink.Uplink, told *devices) error {
	if err := takeSpool(ctx, c, h, log); err != nil {
		return err
	}
	if err := c.takeOut(ctx, h); err != nil {
		return err
	}
	scanners, heard, browser := told.scanners, told.heard, told.browser
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return line.Run(ctx, h) })
	heard.run(ctx, group, c, h, log)
	for _, s := range scanners {
		group.Go(func() error {
			return scan.Run(ctx, s.open, log.With("scanner", s.Port), func(code string) {
				if err := h.Tell(ctx, cabinet.Scanned{Text: code, ID: h.Operation(), Side: s.Side}); err != nil && ctx.Err() == nil {
					log.Warn("a scan was not taken", "error", err)
				}
			})
		})
	}
	group.Go(func() error { return told.run(ctx, log) })
	group.Go(func() error { return browser.Run(ctx) })
	group.Go(func() error { return listen(ctx, "tcp", c.Screen, screen.New(h, c.Panel, browser.Alive, log)) })
	group.Go(func() error { return listen(ctx, "unix", c.Socket, control(h, line, scanners, heard, log)) })
	group.Go(func() error {
		return watchdog(ctx, func(ctx context.Context) error { return h.Read(ctx, func(*cabinet.State) {}) }, log)
	})
	return group.Wait()
}

// openStore opens the cabinet's store. A damaged one is set aside and kept: the cabinet
// begins anew, and asks the server what should be in its cells.
func openStore(c config, log *slog.Logger, l models.LockerID) (k *journal.Keeper, lost bool, err error) {
	for range 2 {
		disk, err := journal.OpenSQLite(c.store())
		if err == nil {
			if k, err = journal.Open(disk, l); err == nil {
				return k, lost, nil
			}
			err = errors.Join(err, disk.Close())
		}
		if !errors.Is(err, journal.ErrDamaged) || lost {
			return nil, false, err
		}
		aside, moved := journal.SetAside(c.store(), time.Now())
		if moved != nil {
			return nil, false, errors.Join(err, moved)
		}
		log.Error("the store was damaged and is set aside; the cabinet begins anew", "kept", aside, "error", err)
		lost = true
	}
	return nil, false, journal.ErrDamaged
}

// listen serves HTTP until the context ends.
func listen(ctx context.Context, network, address string, handler http.Handler) error {
	if network == "unix" {
		// The lock says that no other program of this cabinet runs: a socket that is there
		// is a dead one's.
		if err := os.Remove(address); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	l, err := (&net.ListenConfig{Control: private}).Listen(ctx, network, address)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	end := context.AfterFunc(ctx, func() {
		limited, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		if srv.Shutdown(limited) != nil {
			_ = srv.Close() // streams of a screen end with the program
		}
	})
	defer end()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// private gives a unix socket its mode before it has a name: nobody else can connect at any
// moment.
func private(network, _ string, c syscall.RawConn) error {
	if network != "unix" {
		return nil
	}
	var failed error
	if err := c.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), 0o600) }); err != nil {
		return err
	}
	return failed
}
