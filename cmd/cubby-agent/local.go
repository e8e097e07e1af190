package main

import (
	"bytes"
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
	"cubby/agent/scan"
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
	Line     uplink.Status   `json:"line"`
	Scanners []scannerStatus `json:"scanners"`
	Sensors  sensorStatus    `json:"sensors"`
}

// control serves the unix socket.
func control(h *host.Host, line *uplink.Uplink, scanners []*watched, heard *sensors, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		st, err := h.Status(r.Context())
		answer(w, state{st, line.Status(), statuses(scanners), heard.status()}, err)
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
	mux.HandleFunc("POST /relay", func(w http.ResponseWriter, r *http.Request) {
		name := models.Output(r.URL.Query().Get("output"))
		log.Warn("an output is tried past the screen", "output", name)
		answer(w, map[string]bool{"done": true}, h.Try(r.Context(), name))
	})
	mux.HandleFunc("POST /takeover", takeOver(h, log))
	return mux
}

// answer tells the technician on site all that an error says: nobody else can ask.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		v = map[string]string{"detail": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v) // the caller went away
}

// errNotRunning says that no program answers at the socket.
var errNotRunning = errors.New("the program does not run")

// ask makes a call to the program that runs; in may be nil.
func (c config) ask(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", c.Socket)
	}}}
	defer client.CloseIdleConnections()
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, &body)
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
		return fmt.Errorf("the program answered: %s", p.Detail)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxReply)).Decode(out)
}

// device is a line of the table of devices.
type device struct{ kind, name, state, detail string }

func runCheck(ctx context.Context, p program, args []string) error {
	speeds := false
	c, err := p.configured("check", args, func(f *flag.FlagSet) {
		f.BoolVar(&speeds, "speeds", false, "try boards that do not answer at other speeds; only while the program does not run")
	})
	if err != nil {
		return err
	}
	devices, wrong, err := c.devices(ctx, speeds)
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

func (c config) devices(ctx context.Context, speeds bool) (all []device, wrong int, err error) {
	add := func(ok bool, d device) {
		if !ok {
			wrong++
		}
		all = append(all, d)
	}
	var st state
	err = c.ask(ctx, http.MethodGet, "/status", nil, &st)
	switch {
	case errors.Is(err, errNotRunning):
		add(false, device{"program", "cubby-agent", "stopped", "start it: systemctl start cubby-agent"})
		err = c.probe(ctx, speeds, add)
	case err == nil && speeds:
		err = errors.New("the program runs and has the lines: stop it before other speeds are tried (systemctl stop cubby-agent)")
	case err == nil:
		st.devices(add)
	}
	if c.wiring != nil {
		var names []string
		for _, b := range c.wiring.Boards {
			names = append(names, b.Name)
		}
		add(true, device{"wiring", "-", "found", fmt.Sprintf("accepted on %s: it counts before what is configured of boards %s",
			time.UnixMilli(c.wiring.AtMS).UTC().Format(time.DateOnly), strings.Join(names, ", "))})
	}
	return all, wrong, err
}

// devices lists what the program that runs knows.
func (st state) devices(add func(bool, device)) {
	add(true, device{"program", "cubby-agent", "runs", fmt.Sprintf("cabinet %s, %d facts not sent yet", st.Number, st.Unsent)})
	connected := "connected since " + st.Line.Since.Format(time.RFC3339)
	if !st.Line.Connected {
		connected = st.Line.Error
	}
	add(st.Line.Connected, device{"line", st.Line.Server, upOr(st.Line.Connected, "down"), connected})
	addBoards(st.Boards, openCells(st.Cells), add)
	addSlow(st.Cells, add)
	now := time.UnixMilli(st.Clock.WallMS).UTC()
	add(st.Clock.Clock == models.ClockSynced, device{"clock", "-", string(st.Clock.Clock), now.Format(time.RFC3339)})
	valid := now.Before(st.Line.NotAfter)
	add(valid, device{"certificate", string(st.Locker), map[bool]string{true: "valid", false: "expired"}[valid],
		"until " + st.Line.NotAfter.UTC().Format(time.RFC3339)})
	addScanners(st.Scanners, add)
	st.Sensors.devices(add)
}

// probe looks at the devices by itself: nobody else has them.
func (c config) probe(ctx context.Context, speeds bool, add func(bool, device)) error {
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
		if speeds {
			if err := b.trySpeeds(ctx, boards); err != nil {
				return err
			}
		}
		addBoards(boards, doors, add)
	}
	for _, s := range c.Scanners {
		w := &watched{scanner: s}
		port, err := scan.Open(s.Port)
		if err == nil {
			err = port.Close()
		}
		w.note(err)
		addScanners([]scannerStatus{w.status()}, add)
	}
	c.lookAtRelays(ctx).devices(add)
	return nil
}

// trySpeeds looks for boards that are down at other speeds, and says of each whether it is there.
func (b bus) trySpeeds(ctx context.Context, boards []lock.BoardStatus) error {
	var missing []lock.Board
	for i, board := range boards {
		if !board.Up {
			missing = append(missing, b.Boards[i])
		}
	}
	if _, serial := link.WithBaud(b.Port, 0); !serial || len(missing) == 0 {
		return nil // a bridge has its own settings
	}
	found, err := lock.ProbeSpeeds(ctx, missing, lock.Speeds(), func(baud int) (link.Port, error) {
		port, _ := link.WithBaud(b.Port, baud)
		return link.Open(port)
	})
	if err != nil {
		return err
	}
	for i, board := range boards {
		if baud, at := found[board.Name]; at && !board.Up {
			boards[i].Why = fmt.Sprintf("answers at %d baud: set the port's baud to it", baud)
		} else if !board.Up {
			boards[i].Why += "; no other speed helps"
		}
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
		detail := b.Why
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

// addSlow lists the locks that do not work as they did.
func addSlow(cells []host.CellStatus, add func(bool, device)) {
	for _, c := range cells {
		for side, r := range map[models.Side]*cabinet.LockRecord{models.SideFront: c.Lock, models.SideBack: c.LoadLock} {
			if r != nil && r.State == models.DeviceSlow {
				add(false, device{"lock", models.DeviceLock(c.Number, side), "slow",
					fmt.Sprintf("%d ms, at its best %d ms; %d of %d pulses opened nothing", r.MS, r.BestMS, r.Missed, r.Pulses)})
			}
		}
	}
}

func upOr(up bool, other string) string {
	if up {
		return "up"
	}
	return other
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
	err = c.ask(ctx, http.MethodPost, "/open?cell="+strconv.Itoa(cell), nil, &done)
	if errors.Is(err, errNotRunning) {
		err = c.openDirectly(ctx, cell)
	}
	if err == nil {
		_, err = fmt.Fprintf(p.out, "cell %d: its lock was driven\n", cell)
	}
	return err
}
