package sites

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cubby/cmd/cubby-demo/boards"
	"cubby/cmd/cubby-demo/line"
	"cubby/cmd/cubby-demo/rig"
	"cubby/models"
)

const (
	identityFile = "identity.json"
	journalFile  = "cabinet.db"
	enrollLimit  = 30 * time.Second
	enrollEvery  = time.Second
	callLimit    = 10 * time.Second
	maxReply     = 4 << 20
)

// Site is one cabinet: its steel, boards and scanner, its network, and its agent, which is a
// process of its own.
type Site struct {
	cfg     Config
	locker  models.LockerID
	dir     string
	build   Build
	boards  hardware
	steel   *boards.Steel
	bus     *boards.Bus
	scanner map[models.Side]*boards.Scanner
	line    *line.Line
	screen  string // origin of the agent's screen
	run     string // folder of the socket
	socket  string // the agent's
	agent   *rig.Process
	local   *http.Client // to the agent's socket

	thermometer *boards.Thermometer // nil: it has none
	tenths      atomic.Int64        // of a degree Celsius, that the thermometer tells

	number atomic.Pointer[string] // as last heard; nil before that

	mu  sync.Mutex
	off bool // without power
}

// build sets the hardware up and writes the agent's configuration.
func build(ctx context.Context, cfg Config, l models.LockerID) (_ *Site, err error) {
	s := &Site{cfg: cfg, locker: l, dir: filepath.Join(cfg.Dir, string(l)), scanner: map[models.Side]*boards.Scanner{}}
	if cfg.Build != nil {
		s.build = cfg.Build(l)
	}
	s.build.Family, s.build.Cells = cmp.Or(s.build.Family, boards.FamilyKerongCU48), cmp.Or(s.build.Cells, MaxCells)
	s.build.Panel = cmp.Or(s.build.Panel, Landscape())
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if s.boards, err = hardwareOf(s.build); err != nil {
		return nil, err
	}
	if s.steel, err = boards.OpenSteel(filepath.Join(s.dir, "steel.json"), cfg.AutoClose); err != nil {
		return nil, err
	}
	if s.bus, err = boards.NewBus(s.in("bus"), s.steel, s.boards.all()); err != nil {
		return nil, err
	}
	for _, side := range s.build.sides() {
		if s.scanner[side], err = boards.NewScanner(s.in(scannerFile(side))); err != nil {
			return nil, err
		}
	}
	if err := s.startThermometer(); err != nil {
		return nil, err
	}
	if s.line, err = line.Start(context.WithoutCancel(ctx), cfg.Gateway); err != nil {
		return nil, err
	}
	ports, err := rig.FreePorts(1)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	s.screen = "http://" + address
	// The cabinet's own folder may have a path that is too long for a socket.
	if s.run, err = os.MkdirTemp("", "cubby-"); err != nil {
		return nil, err
	}
	s.socket = filepath.Join(s.run, "agent.sock")
	s.local = &http.Client{Timeout: callLimit, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.socket)
		},
	}}
	if err := s.writeConfig(address); err != nil {
		return nil, err
	}
	s.agent = rig.NewProcess(rig.Spec{
		Name: "cubby-agent of " + string(l), Path: cfg.Agent, Args: []string{"run", "--config", s.in("agent.json")},
		Log: s.in("agent.log"), ReadyURL: s.screen + "/view", ClockAhead: cfg.ClockAhead,
	})
	return s, nil
}

func (s *Site) in(name string) string { return filepath.Join(s.dir, name) }

// start enrols the agent if it has no identity yet, and runs it.
func (s *Site) start(ctx context.Context) error {
	_, err := os.Stat(filepath.Join(s.Data(), identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = s.enroll(ctx)
	}
	if err != nil {
		return err
	}
	return s.agent.Start(ctx)
}

// enroll tries until the server is ready to sign: a worker may start later than a cabinet.
func (s *Site) enroll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, enrollLimit)
	defer cancel()
	claim, err := s.cfg.Claim(ctx, s.locker)
	if err != nil {
		return fmt.Errorf("sites: no claim for %s: %w", s.locker, err)
	}
	for {
		if err = s.cfg.enrollOnce(ctx, s.in("agent.json"), claim); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(enrollEvery):
		}
	}
}

// stop ends the agent and takes the hardware away. The folder stays.
func (s *Site) stop() error {
	var errs []error
	if s.agent != nil {
		errs = append(errs, s.agent.Stop())
	}
	if s.line != nil {
		errs = append(errs, s.line.Close())
	}
	for _, scanner := range s.scanner {
		errs = append(errs, scanner.Close())
	}
	if s.thermometer != nil {
		errs = append(errs, s.thermometer.Close())
	}
	if s.bus != nil {
		errs = append(errs, s.bus.Unplug())
	}
	if s.steel != nil {
		errs = append(errs, s.steel.Stop())
	}
	if s.run != "" {
		errs = append(errs, os.RemoveAll(s.run))
	}
	return errors.Join(errs...)
}

// Locker is the cabinet's id.
func (s *Site) Locker() models.LockerID { return s.locker }

// Screen is the origin at which the agent serves the cabinet's screen; that of its back is there with ?side=back.
func (s *Site) Screen() string { return s.screen }

// Build is how the cabinet is built.
func (s *Site) Build() Build { return s.build }

// Number is the cabinet's number as its computer last told it; empty before that.
func (s *Site) Number() string {
	if n := s.number.Load(); n != nil {
		return *n
	}
	return ""
}

// Agent is the agent's process, for whoever kills it.
func (s *Site) Agent() *rig.Process { return s.agent }

// Data is the folder in which the agent keeps all that it keeps.
func (s *Site) Data() string { return s.in("data") }

// Truth is what is really in a cell, also without power.
func (s *Site) Truth(cell int) boards.CellTruth { return s.steel.Truth(cell) }

// OnUnlock has f called when an unlock comes off the boards' line.
func (s *Site) OnUnlock(f func(cell int)) { s.bus.OnUnlock(f) }

// Line is the cabinet's network, for whoever disturbs it.
func (s *Site) Line() *line.Line { return s.line }

// JournalFile is where the cabinet's computer keeps its journal.
func (s *Site) JournalFile() string { return filepath.Join(s.dir, "data", journalFile) }

// CutLine cuts the cabinet's network.
func (s *Site) CutLine() { s.line.Cut() }

// RestoreLine mends it.
func (s *Site) RestoreLine() { s.line.Restore() }

// LineCut reports whether the network is cut.
func (s *Site) LineCut() bool { return s.line.IsCut() }

// CutPower stops the cabinet's computer at once. Doors and things stay as they are.
func (s *Site) CutPower() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.off {
		return models.Errorf(models.CodeConflict, "the power is cut already")
	}
	s.off = true
	select {
	case <-s.agent.Done(): // by itself
		return nil
	default:
		return s.agent.Kill9()
	}
}

// Powered reports whether the cabinet's computer has power.
func (s *Site) Powered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.off
}

// RestorePower starts the computer again.
func (s *Site) RestorePower(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.off {
		return models.Errorf(models.CodeConflict, "there is power")
	}
	if err := s.agent.Start(ctx); err != nil {
		return err
	}
	s.off = false
	return nil
}

// NewComputer puts an empty computer in place of one without power: it is enrolled as the cabinet's, and started.
func (s *Site) NewComputer(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.off {
		return models.Errorf(models.CodeConflict, "there is power")
	}
	if err := os.RemoveAll(s.Data()); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	s.off = false
	return nil
}

// Unplug takes a lock board, counted from 0, off the bus; Plug puts it back.
func (s *Site) Unplug(board int, out bool) error {
	if board < 0 || board >= len(s.boards.locks) {
		return models.Errorf(models.CodeNotFound, "there is no board %d; they count from 0", board)
	}
	fault := boards.FaultNone
	if out {
		fault = boards.FaultSilence
	}
	s.bus.Misbehave(board, fault)
	return nil
}

func (s *Site) unplugged(board int) bool { return s.bus.Fault(board) == boards.FaultSilence }

// Boards are the lock boards as they are without the agent: none is up.
func (s *Site) Boards() []Board {
	list := []Board{}
	for i := range s.boards.locks {
		list = append(list, Board{Name: boardName(i), Unplugged: s.unplugged(i)})
	}
	return list
}

// call makes a call to the agent, by the socket or to its screen.
func call(ctx context.Context, client *http.Client, method, url string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = strings.NewReader(string(raw))
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return models.Wrap(models.CodeUnavailable, err, "the cabinet's computer does not answer: it has no power, or it starts")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var p struct {
			Code   models.Code
			Detail string
		}
		_ = json.NewDecoder(io.LimitReader(res.Body, maxReply)).Decode(&p) // the status says enough
		if p.Code == "" {
			p.Code = models.CodeUnavailable
		}
		return models.Errorf(p.Code, "%s", p.Detail)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxReply)).Decode(out)
}
