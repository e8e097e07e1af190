package sites

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

const (
	// scanSettles is how long a scan may take until the screen shows what came of it.
	scanSettles = 700 * time.Millisecond
	lookEvery   = 10 * time.Millisecond
)

// Screen is what the agent's screen shows, passed on as it is.
type Screen struct {
	Screen   string   `json:"screen"`
	Text     string   `json:"text"`
	Sentence string   `json:"sentence"`
	Buttons  []string `json:"buttons"`
	Offline  bool     `json:"offline"`
	raw      json.RawMessage
}

// MarshalJSON gives what the agent gave.
func (s Screen) MarshalJSON() ([]byte, error) { return s.raw, nil }

// UnmarshalJSON keeps all of it.
func (s *Screen) UnmarshalJSON(raw []byte) error {
	type plain Screen
	s.raw = slices.Clone(raw)
	return json.Unmarshal(raw, (*plain)(s))
}

// Snapshot is a cabinet as it stands: what it believes, and what is really in it.
type Snapshot struct {
	Locker    models.LockerID `json:"locker"`
	Number    string          `json:"number"`
	Address   string          `json:"address"`
	Online    bool            `json:"online"`
	Keyed     bool            `json:"keyed"` // it can check codes
	Epoch     int64           `json:"epoch"`
	Seq       int64           `json:"last_seq"`
	Unsent    int64           `json:"unsent_facts"`
	Directory int             `json:"directory_entries"`
	Power     bool            `json:"power"`
	LineCut   bool            `json:"line_cut"`
	AutoClose float64         `json:"auto_close_seconds"` // 0: off
	Boards    []Board         `json:"boards"`
	Cells     []CellView      `json:"cells"`
	Screen    Screen          `json:"screen"` // in front
	TwoWay    bool            `json:"two_way"`
	Panel     Panel           `json:"panel"`
	Climates  []Climate       `json:"climates"`
}

// Board is a lock board: what the agent hears of it, and whether it is on the bus.
type Board struct {
	Name      string `json:"name"`
	Up        bool   `json:"up"`
	Unplugged bool   `json:"unplugged"`
}

// CellView is one cell: its place, its door and things, and what the agent knows.
type CellView struct {
	Number     int                `json:"number"`
	Size       models.Size        `json:"size"`
	Module     int                `json:"module"`
	Row        int                `json:"row"`
	DoorOpen   bool               `json:"door_open"`
	Jammed     bool               `json:"jammed"`
	Content    []string           `json:"content"`
	Pulses     int                `json:"pulses"`
	State      models.CellState   `json:"state"`
	Doubtful   bool               `json:"doubtful"`
	Generation int64              `json:"generation"`
	Shipment   models.ShipmentID  `json:"shipment,omitempty"`
	Operation  models.OperationID `json:"operation,omitempty"`
	Back       *DoorView          `json:"back,omitempty"` // nil: it has no door there
}

// DoorView is the door at a cell's back.
type DoorView struct {
	Open   bool `json:"door_open"`
	Jammed bool `json:"jammed"`
	Pulses int  `json:"pulses"`
}

// status is what the agent's socket tells.
type status struct {
	Snapshot
	View    Screen `json:"view"`
	Sensors struct{ Climates []reading }
}

// Snapshot returns the cabinet as it stands; temporarily_unavailable without power.
func (s *Site) Snapshot(ctx context.Context) (Snapshot, error) {
	var st status
	st.Screen.raw = json.RawMessage("null")
	if err := call(ctx, s.local, http.MethodGet, "http://agent/status", nil, &st); err != nil {
		return Snapshot{}, err
	}
	snap := st.Snapshot
	snap.Screen, snap.Power, snap.LineCut, snap.AutoClose = st.View, true, s.line.IsCut(), s.steel.AutoClose().Seconds()
	for i := range snap.Boards {
		snap.Boards[i].Unplugged = s.unplugged(i)
	}
	for i := range snap.Cells {
		c := &snap.Cells[i]
		truth := s.steel.Truth(c.Number)
		c.DoorOpen, c.Jammed, c.Content, c.Pulses = truth.Open, truth.Jammed, truth.Things, truth.Pulses
		if s.build.TwoWay {
			back := s.steel.Truth(boards.Door(c.Number, true))
			c.Back = &DoorView{back.Open, back.Jammed, back.Pulses}
		}
	}
	snap.TwoWay, snap.Panel, snap.Climates = s.build.TwoWay, s.build.Panel, s.climates(st.Sensors.Climates)
	s.number.Store(&snap.Number)
	return snap, nil
}

// View is what the screen of a side shows.
func (s *Site) View(ctx context.Context, side models.Side) (Screen, error) {
	var v Screen
	err := call(ctx, http.DefaultClient, http.MethodGet, s.screen+"/view"+at(side), nil, &v)
	return v, err
}

// at tells the agent which screen is meant.
func at(side models.Side) string {
	if side == models.SideBack {
		return "?side=back"
	}
	return ""
}

// hand gives a hand's refusal its code.
func hand(err error) error {
	var no boards.ErrHand
	if errors.As(err, &no) {
		return models.Errorf(models.CodeConflict, "%s", no.Error())
	}
	return err
}

// CloseDoor shuts a door by hand. Those at the back are named by boards.Door, here and below.
func (s *Site) CloseDoor(n int) error { return hand(s.steel.Close(n)) }

// Put puts a thing into a cell whose door is open.
func (s *Site) Put(n int, thing string) error { return hand(s.steel.Put(n, thing)) }

// Fill puts a thing behind a shut door, as what lay in a cabinet before it came here.
func (s *Site) Fill(n int, thing string) { s.steel.Fill(n, thing) }

// TakeOver has a technician give the agent a list of what is inside, and returns what its program printed.
func (s *Site) TakeOver(ctx context.Context, contents string, args ...string) (string, error) {
	if err := os.WriteFile(s.in("contents.csv"), []byte(contents), 0o600); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, s.cfg.Agent, append([]string{"takeover", "--config", s.in("agent.json"), "--file", s.in("contents.csv")}, args...)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("cubby-agent takeover: %w: %s", err, out)
	}
	return string(out), err
}

// Take takes a thing out of a cell whose door is open, or everything if none is named.
func (s *Site) Take(n int, thing string) ([]string, error) {
	taken, err := s.steel.Take(n, thing)
	return taken, hand(err)
}

// Jam has a lock not open from now on, or open again.
func (s *Site) Jam(n int, jammed bool) { s.steel.Jam(n, jammed) }

// SetAutoClose has doors shut themselves after a while; 0: by hand only.
func (s *Site) SetAutoClose(after time.Duration) { s.steel.SetAutoClose(after) }

// Scan holds something to the scanner of a side and gives the agent a moment to take it; not_found where there is none.
func (s *Site) Scan(ctx context.Context, side models.Side, text string) error {
	scanner := s.scanner[side]
	if scanner == nil {
		return models.Errorf(models.CodeNotFound, "this cabinet has no scanner there")
	}
	before, err := s.View(ctx, side)
	if err != nil {
		return err
	}
	if err := scanner.Scan(text); err != nil {
		return err
	}
	limit := time.NewTimer(scanSettles)
	defer limit.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return nil // the screen may stay as it is
		case <-look.C:
		}
		now, err := s.View(ctx, side)
		if err != nil || !reflect.DeepEqual(now, before) {
			return err
		}
	}
}

// OpenPast has the cabinet's computer drive a lock past its screen, as a technician can.
func (s *Site) OpenPast(ctx context.Context, cell int) error {
	var done struct{ Done bool }
	return call(ctx, s.local, http.MethodPost, fmt.Sprintf("http://agent/open?cell=%d", cell), nil, &done)
}

// Keys types something on the pad of a side.
func (s *Site) Keys(ctx context.Context, side models.Side, text string) error {
	return s.touch(ctx, "/keys"+at(side), text)
}

// Press presses a button of the screen of a side.
func (s *Site) Press(ctx context.Context, side models.Side, button string) error {
	return s.touch(ctx, "/press"+at(side), button)
}

func (s *Site) touch(ctx context.Context, what, text string) error {
	var after Screen
	return call(ctx, http.DefaultClient, http.MethodPost, s.screen+what, map[string]string{"text": text}, &after)
}
