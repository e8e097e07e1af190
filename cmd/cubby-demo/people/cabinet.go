package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const screenEvery = 15 * time.Millisecond

// Cabinet is a cabinet before which someone stands: its screen, scanner, pad and doors.
type Cabinet struct {
	Service
	Locker string // id or number
	// Back: someone stands at the back of a two-way cabinet, where couriers load it.
	Back bool
}

// behind is added to a cell's number to name the door at its back.
const behind = 1000

// side asks for the screen, pad or scanner that the person stands at.
func (c Cabinet) side() string {
	if c.Back {
		return "?side=back"
	}
	return ""
}

// Screen is what a cabinet shows. Text names the sentence.
type Screen struct {
	Screen    string   `json:"screen"`
	Text      string   `json:"text"`
	Sentence  string   `json:"sentence"`
	Buttons   []string `json:"buttons"`
	Operation string   `json:"operation"`
	Doors     []int    `json:"doors"`
	OpenDoors []int    `json:"open_doors"`
	Offline   bool     `json:"offline"`
}

// String is how a person tells of a screen.
func (s Screen) String() string {
	return fmt.Sprintf("screen %s %q (%s), open doors %v, offline %t", s.Screen, s.Sentence, s.Text, s.OpenDoors, s.Offline)
}

// Cell is a cell as it stands, and what the cabinet believes of it.
type Cell struct {
	Number     int      `json:"number"`
	Size       string   `json:"size"`
	DoorOpen   bool     `json:"door_open"`
	Jammed     bool     `json:"jammed"`
	Content    []string `json:"content"`
	Pulses     int      `json:"pulses"` // that its lock ever got
	State      string   `json:"state"`
	Doubtful   bool     `json:"doubtful"`
	Generation int64    `json:"generation"`
	Shipment   string   `json:"shipment"`
}

// Status is how a cabinet stands with its server.
type Status struct {
	Online bool  `json:"online"`
	Keyed  bool  `json:"keyed"`
	Unsent int64 `json:"unsent_facts"`
	// Epoch is that of its journal.
	Epoch int64 `json:"epoch"`
	// Directory is how many entries of the directory it knows.
	Directory int `json:"directory_entries"`
}

func (c Cabinet) path(rest string) string {
	return "/hands/lockers/" + url.PathEscape(c.Locker) + rest
}

// Screen reads the screen.
func (c Cabinet) Screen(ctx context.Context) (Screen, error) {
	var s Screen
	err := c.call(ctx, http.MethodGet, c.path("/screen")+c.side(), nil, nil, &s)
	return s, err
}

// Cells reads the cells.
func (c Cabinet) Cells(ctx context.Context) ([]Cell, error) {
	var list struct{ Cells []Cell }
	err := c.call(ctx, http.MethodGet, c.path("/cells"), nil, nil, &list)
	return list.Cells, err
}

// Content reads what really lies in a cell.
func (c Cabinet) Content(ctx context.Context, cell int) ([]string, error) {
	all, err := c.Cells(ctx)
	if err != nil {
		return nil, err
	}
	for _, found := range all {
		if found.Number == cell {
			return found.Content, nil
		}
	}
	return nil, fmt.Errorf("cabinet %s has no cell %d", c.Locker, cell)
}

// Status reads whether it is online and has its key.
func (c Cabinet) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.call(ctx, http.MethodGet, c.path(""), nil, nil, &s)
	return s, err
}

// Scan holds something to the scanner and returns what the screen then shows.
func (c Cabinet) Scan(ctx context.Context, text string) (Screen, error) {
	return c.act(ctx, "/scan", map[string]any{"text": text})
}

// Keys types something.
func (c Cabinet) Keys(ctx context.Context, text string) (Screen, error) {
	return c.act(ctx, "/keys", map[string]any{"text": text})
}

// Press presses a button.
func (c Cabinet) Press(ctx context.Context, button string) (Screen, error) {
	return c.act(ctx, "/press", map[string]any{"button": button})
}

func (c Cabinet) act(ctx context.Context, what string, body any) (Screen, error) {
	var s Screen
	err := c.call(ctx, http.MethodPost, c.path(what)+c.side(), nil, body, &s)
	return s, err
}

// Put puts a thing into a cell whose door is open.
func (c Cabinet) Put(ctx context.Context, cell int, thing string) error {
	return c.atCell(ctx, cell, "put", map[string]any{"thing": thing}, nil)
}

// Take takes everything out of a cell whose door is open.
func (c Cabinet) Take(ctx context.Context, cell int) ([]string, error) {
	var answer struct{ Taken []string }
	err := c.atCell(ctx, cell, "take", nil, &answer)
	return answer.Taken, err
}

// Close shuts a door.
func (c Cabinet) Close(ctx context.Context, cell int) error {
	return c.atCell(ctx, cell, "close", nil, nil)
}

// Jam has a lock not open any more.
func (c Cabinet) Jam(ctx context.Context, cell int) error {
	return c.atCell(ctx, cell, "jam", nil, nil)
}

// Unjam mends the lock.
func (c Cabinet) Unjam(ctx context.Context, cell int) error {
	return c.atCell(ctx, cell, "unjam", nil, nil)
}

// Line cuts the cabinet's network, or restores it.
func (c Cabinet) Line(ctx context.Context, cut bool) error {
	return c.turn(ctx, "line", cut, "cut", "restore")
}

// Power cuts the power of the cabinet's computer, or restores it.
func (c Cabinet) Power(ctx context.Context, cut bool) error {
	return c.turn(ctx, "power", cut, "cut", "restore")
}

// Warm has a cold module, counted from 1, be of a temperature in degrees Celsius.
func (c Cabinet) Warm(ctx context.Context, module int, celsius float64) error {
	return c.call(ctx, http.MethodPost, c.path("/climates/"+strconv.Itoa(module)), nil, map[string]float64{"celsius": celsius}, nil)
}

// Board takes a lock board off the bus, or puts it back. Boards count from 0.
func (c Cabinet) Board(ctx context.Context, n int, out bool) error {
	return c.turn(ctx, "boards/"+strconv.Itoa(n), out, "unplug", "plug")
}

func (c Cabinet) turn(ctx context.Context, what string, off bool, offWord, onWord string) error {
	word := onWord
	if off {
		word = offWord
	}
	return c.call(ctx, http.MethodPost, c.path("/"+what+"/"+word), nil, nil, nil)
}

// Pulses counts what the locks ever got.
func (c Cabinet) Pulses(ctx context.Context) (n int, err error) {
	cells, err := c.Cells(ctx)
	for _, cell := range cells {
		n += cell.Pulses
	}
	return n, err
}

// AwaitCell reads a cell until it fits.
func (c Cabinet) AwaitCell(ctx context.Context, number int, what string, fits func(Cell) bool) error {
	return Await(ctx, fmt.Sprintf("cell %d of cabinet %s to be %s", number, c.Locker, what), restEvery, func() (bool, string, error) {
		cells, err := c.Cells(ctx)
		for _, cell := range cells {
			if cell.Number == number {
				return fits(cell), fmt.Sprintf("%+v", cell), err
			}
		}
		return false, "no such cell", err
	})
}

// atCell moves a door, or what is behind it.
func (c Cabinet) atCell(ctx context.Context, cell int, what string, body, out any) error {
	if c.Back {
		cell += behind
	}
	return c.call(ctx, http.MethodPost, c.path("/cells/"+strconv.Itoa(cell)+"/"+what), nil, body, out)
}

// AwaitScreen reads the screen until it fits.
func (c Cabinet) AwaitScreen(ctx context.Context, what string, fits func(Screen) bool) (s Screen, err error) {
	err = Await(ctx, fmt.Sprintf("%s at cabinet %s", what, c.Locker), screenEvery, func() (bool, string, error) {
		s, err = c.Screen(ctx)
		return fits(s), s.String(), err
	})
	return s, err
}

// AwaitReady waits until the cabinet is online and can check codes.
func (c Cabinet) AwaitReady(ctx context.Context) error {
	return Await(ctx, fmt.Sprintf("cabinet %s to be online with its key", c.Locker), restEvery, func() (bool, string, error) {
		s, err := c.Status(ctx)
		if RefusedWith(err, http.StatusServiceUnavailable, "temporarily_unavailable") {
			return false, err.Error(), nil // it has just been started
		}
		return s.Online && s.Keyed, fmt.Sprintf("%+v", s), err
	})
}

// openOf are the doors of the screen's operation that stand open.
func openOf(s Screen) []int {
	return slices.DeleteFunc(slices.Clone(s.Doors), func(cell int) bool { return !slices.Contains(s.OpenDoors, cell) })
}
