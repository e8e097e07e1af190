package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/host"
	"cubby/agent/link"
	"cubby/agent/lock"
	"cubby/agent/uplink"
	"cubby/models"
)

const (
	callLimit = 10 * time.Second
	maxReply  = 4 << 20
)

func flagString(to *string, name, help string) func(*flag.FlagSet) {
	return func(f *flag.FlagSet) { f.StringVar(to, name, "", help) }
}

// hold takes the cabinet's lock file: one program runs a cabinet.
func hold(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another program runs this cabinet: %s is locked", path)
		}
		return nil, err
	}
	return func() { _ = f.Close() }, nil // the lock goes with it
}

// state is what /status answers.
type state struct {
	host.Status
	Line uplink.Status `json:"line"`
}

// control serves the unix socket.
func control(h *host.Host, line *uplink.Uplink, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any, err error) {
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			v = map[string]string{"detail": models.ErrorMessage(err)}
		}
		_ = json.NewEncoder(w).Encode(v) // the caller went away
	}
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		st, err := h.Status(r.Context())
		answer(w, state{st, line.Status()}, err)
	})
	mux.HandleFunc("POST /open", func(w http.ResponseWriter, r *http.Request) {
		cell, err := strconv.Atoi(r.URL.Query().Get("cell"))
		if err != nil {
			answer(w, nil, models.Errorf(models.CodeInvalid, "cell must be a number"))
			return
		}
		log.Warn("a cell is opened past the screen", "cell", cell)
		answer(w, map[string]bool{"done": true}, h.Open(r.Context(), cell))
	})
	return mux
}

// errNotRunning says that no program answers at the socket.
var errNotRunning = errors.New("the program does not run")

// ask makes a call to the program that runs.
func (c config) ask(ctx context.Context, method, path string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", c.Socket)
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return errNotRunning
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var p struct{ Detail string }
		_ = json.NewDecoder(io.LimitReader(res.Body, maxReply)).Decode(&p) // the status says enough
		return fmt.Errorf("the program answered %d: %s", res.StatusCode, p.Detail)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxReply)).Decode(out)
}

// device is a line of the table of devices.
type device struct{ kind, name, state, detail string }

func runCheck(ctx context.Context, p program, args []string) error {
	c, err := p.configured("check", args, nil)
	if err != nil {
		return err
	}
	devices, wrong, err := c.devices(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(p.out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "KIND\tNAME\tSTATE\tDETAIL")
	for _, d := range devices {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", d.kind, d.name, d.state, d.detail)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d need a look", wrong, len(devices))
	}
	return nil
}

func (c config) devices(ctx context.Context) (all []device, wrong int, err error) {
	add := func(ok bool, d device) {
		if !ok {
			wrong++
		}
		all = append(all, d)
	}
	var st state
	err = c.ask(ctx, http.MethodGet, "/status", &st)
	switch {
	case errors.Is(err, errNotRunning):
		add(false, device{"program", "cubby-agent", "stopped", "start it: systemctl start cubby-agent"})
		if err := c.probe(ctx, add); err != nil {
			return nil, 0, err
		}
	case err != nil:
		return nil, 0, err
	default:
		add(true, device{"program", "cubby-agent", "runs", fmt.Sprintf("cabinet %s, %d facts not sent yet", st.Number, st.Unsent)})
		connected := "connected since " + st.Line.Since.Format(time.RFC3339)
		if !st.Line.Connected {
			connected = st.Line.Error
		}
		add(st.Line.Connected, device{"line", st.Line.Server, upOr(st.Line.Connected, "down"), connected})
		addBoards(st.Boards, openCells(st.Cells), add)
		add(st.Clock.Clock == models.ClockSynced, device{"clock", "", string(st.Clock.Clock), time.UnixMilli(st.Clock.WallMS).UTC().Format(time.RFC3339)})
		add(time.Until(st.Line.NotAfter) > 0, device{"certificate", string(st.Locker), "", "expires " + st.Line.NotAfter.Format(time.DateOnly)})
	}
	for _, s := range c.Scanners {
		detail := "open"
		port, err := link.Open(s.Port)
		if err == nil {
			err = port.Close()
		}
		if err != nil {
			detail = err.Error()
		}
		add(err == nil, device{"scanner", s.Port, upOr(err == nil, "down"), detail})
	}
	return all, wrong, nil
}

// probe looks at the boards by itself: nobody else drives them.
func (c config) probe(ctx context.Context, add func(bool, device)) error {
	release, err := hold(c.lock())
	if err != nil {
		return err
	}
	defer release()
	for _, b := range c.Buses {
		boards, doors, err := lock.Probe(ctx, b.Boards, func() (link.Port, error) { return link.Open(b.Port) })
		if err != nil {
			add(false, device{"bus", b.Port, "down", err.Error()})
		}
		addBoards(boards, doors, add)
	}
	return nil
}

func openCells(cells []host.CellStatus) map[int]bool {
	open := map[int]bool{}
	for _, c := range cells {
		open[c.Number] = c.Open
	}
	return open
}

func addBoards(boards []lock.BoardStatus, doors map[int]bool, add func(bool, device)) {
	for _, b := range boards {
		detail := "does not answer: look at its power, its cable and its address"
		if b.Up {
			var open []string
			for _, cell := range b.Cells {
				if doors[cell] {
					open = append(open, strconv.Itoa(cell))
				}
			}
			detail = fmt.Sprintf("%d cells, answers in %d ms, open: %s", len(b.Cells), b.Latency.Milliseconds(), strings.Join(append(open, "-")[:max(1, len(open))], " "))
		}
		add(b.Up, device{"board", b.Name, upOr(b.Up, "down"), detail})
	}
}

func upOr(up bool, other string) string {
	if up {
		return "up"
	}
	return other
}

// spooled is a line of the spool: a cell that was opened while the program was dead.
type spooled struct {
	Cell int   `json:"cell"`
	AtMS int64 `json:"at_ms"`
}

func runOpen(ctx context.Context, p program, args []string) error {
	cell := 0
	c, err := p.configured("open", args, func(f *flag.FlagSet) { f.IntVar(&cell, "cell", 0, "the cell's number") })
	if err != nil {
		return err
	}
	if cell < 1 {
		return errors.New("--cell is missing")
	}
	var done struct{ Done bool }
	err = c.ask(ctx, http.MethodPost, "/open?cell="+strconv.Itoa(cell), &done)
	if errors.Is(err, errNotRunning) {
		err = c.openDirectly(ctx, cell)
	}
	if err == nil {
		_, err = fmt.Fprintf(p.out, "cell %d: its lock was driven\n", cell)
	}
	return err
}

// openDirectly drives a lock without the program. The spool's line is durable first: the
// program journals it when it starts.
func (c config) openDirectly(ctx context.Context, cell int) error {
	release, err := hold(c.lock())
	if err != nil {
		return err
	}
	defer release()
	for _, b := range c.Buses {
		bus, err := lock.NewBus(b.Boards, lock.Timing{}, func() (link.Port, error) { return link.Open(b.Port) }, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		if !bus.Has(cell) {
			continue
		}
		if err := c.spoolLine(spooled{cell, time.Now().UnixMilli()}); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		ended := make(chan error, 1)
		looked := make(chan struct{}, 1)
		go func() {
			ended <- bus.Run(ctx, func(lock.Event) {
				select {
				case looked <- struct{}{}:
				default:
				}
			})
		}()
		select {
		case <-looked: // the board answers, or is known not to
			err = bus.Unlock(ctx, cell)
		case <-ctx.Done():
			err = ctx.Err()
		}
		cancel()
		return errors.Join(err, <-ended)
	}
	return lock.ErrNoBoard
}

func (c config) spoolLine(s spooled) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.spool(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// takeSpool journals what was opened while the program was dead, and then empties the
// spool. A torn last line is of an opening that did not come to its pulse.
func takeSpool(ctx context.Context, c config, h *host.Host, log *slog.Logger) error {
	f, err := os.Open(c.spool())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var s spooled
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			log.Warn("a line of the spool cannot be read", "error", err)
			continue
		}
		if err := h.Tell(ctx, cabinet.OpenedDirectly{Cell: s.Cell, AtMS: s.AtMS, Spooled: true}); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(lines.Err(), f.Close(), os.Remove(c.spool()))
}
