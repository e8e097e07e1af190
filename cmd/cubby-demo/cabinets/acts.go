package cabinets

import (
	"context"
	"slices"
	"strings"
	"time"

	"cubby/agent/cabinet"
	"cubby/models"
)

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
	AutoClose float64         `json:"auto_close_seconds"` // 0: off
	Cells     []CellView      `json:"cells"`
	Screen    cabinet.View    `json:"screen"`
}

// CellView is one cell: its place, its door and things, and what the core knows.
type CellView struct {
	Number     int                `json:"number"`
	Size       models.Size        `json:"size"`
	Module     int                `json:"module"`
	Row        int                `json:"row"`
	DoorOpen   bool               `json:"door_open"`
	Jammed     bool               `json:"jammed"`
	Content    []string           `json:"content"`
	State      models.CellState   `json:"state"`
	Doubtful   bool               `json:"doubtful"`
	Generation int64              `json:"generation"`
	Shipment   models.ShipmentID  `json:"shipment,omitempty"`
	Operation  models.OperationID `json:"operation,omitempty"`
}

// Locker is the cabinet's id.
func (c *Cabinet) Locker() models.LockerID { return c.locker }

// Snapshot returns the cabinet as it stands.
func (c *Cabinet) Snapshot(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	err := c.act(ctx, func() {
		state := c.state
		s = Snapshot{
			Locker: c.locker, Number: state.Directory.Layout.Number, Address: state.Directory.Layout.Address,
			Online: state.Link.Live, Keyed: state.Key != nil,
			Epoch: state.Journal.Epoch, Seq: state.Journal.Seq, Unsent: state.Journal.Seq - state.Journal.Acked,
			Directory: state.Directory.Entries(),
			AutoClose: c.autoClose.Seconds(), Cells: []CellView{}, Screen: state.View(c.now()),
		}
		for _, cell := range state.Cells {
			b := c.body.cell(cell.Number())
			s.Cells = append(s.Cells, CellView{
				Number: cell.Number(), Size: cell.Layout.Size, Module: cell.Layout.Module, Row: cell.Layout.Row,
				DoorOpen: b.Open, Jammed: b.Jammed, Content: append([]string{}, b.Things...),
				State: cell.State, Doubtful: cell.Doubtful, Generation: cell.Generation,
				Shipment: cell.Shipment, Operation: cell.Operation,
			})
		}
	})
	return s, err
}

// onCell runs f on a cell's body; not_found when the cabinet has no such cell.
func (c *Cabinet) onCell(ctx context.Context, n int, f func(b *compartment) error) error {
	var result error
	err := c.act(ctx, func() {
		if !slices.ContainsFunc(c.state.Cells, func(cell *cabinet.Cell) bool { return cell.Number() == n }) {
			result = models.Errorf(models.CodeNotFound, "this cabinet has no cell %d", n)
			return
		}
		result = f(c.body.cell(n))
	})
	if err != nil {
		return err
	}
	return result
}

// CloseDoor shuts a door by hand.
func (c *Cabinet) CloseDoor(ctx context.Context, n int) error {
	return c.onCell(ctx, n, func(b *compartment) error {
		if !b.Open {
			return models.Errorf(models.CodeConflict, "door %d is shut already", n)
		}
		c.moveDoor(n, false)
		return nil
	})
}

// Put puts a thing into a cell whose door is open.
func (c *Cabinet) Put(ctx context.Context, n int, thing string) error {
	return c.onCell(ctx, n, func(b *compartment) error {
		switch {
		case strings.TrimSpace(thing) == "":
			return models.Errorf(models.CodeInvalid, "say what to put in: {\"thing\": \"…\"}")
		case !b.Open:
			return models.Errorf(models.CodeConflict, "door %d is shut", n)
		}
		b.Things = append(b.Things, thing)
		c.keepBody()
		return nil
	})
}

// Take takes a thing out of a cell whose door is open, or everything if none is named.
func (c *Cabinet) Take(ctx context.Context, n int, thing string) (taken []string, err error) {
	err = c.onCell(ctx, n, func(b *compartment) error {
		switch {
		case !b.Open:
			return models.Errorf(models.CodeConflict, "door %d is shut", n)
		case thing == "":
			taken, b.Things = b.Things, nil
		default:
			i := slices.Index(b.Things, thing)
			if i < 0 {
				return models.Errorf(models.CodeConflict, "%q is not in cell %d", thing, n)
			}
			taken, b.Things = []string{thing}, slices.Delete(b.Things, i, i+1)
		}
		c.keepBody()
		return nil
	})
	return taken, err
}

// Jam has a lock not open from now on, or open again.
func (c *Cabinet) Jam(ctx context.Context, n int, jammed bool) error {
	return c.onCell(ctx, n, func(b *compartment) error {
		b.Jammed = jammed
		c.keepBody()
		return nil
	})
}

// Scan holds something to the scanner.
func (c *Cabinet) Scan(ctx context.Context, text string) error {
	return c.tell(ctx, cabinet.Scanned{Text: text, ID: c.operationID()})
}

// Keys types something on the pad.
func (c *Cabinet) Keys(ctx context.Context, text string) error {
	return c.tell(ctx, cabinet.Keyed{Text: text, ID: c.operationID()})
}

// Press presses a button of the screen.
func (c *Cabinet) Press(ctx context.Context, b cabinet.Button) error {
	if !slices.Contains(cabinet.Buttons(), b) {
		return models.Errorf(models.CodeInvalid, "there is no button %q; there are %v", b, cabinet.Buttons())
	}
	return c.tell(ctx, cabinet.Pressed{Button: b, ID: c.operationID()})
}

func (c *Cabinet) operationID() models.OperationID {
	return models.OperationID(c.ids.New(models.PrefixOperation))
}

// SetAutoClose has doors shut themselves after a while; 0: by hand only. Doors that are
// open now begin to wait anew.
func (c *Cabinet) SetAutoClose(ctx context.Context, after time.Duration) error {
	if after < 0 || after > time.Hour {
		return models.Errorf(models.CodeInvalid, "seconds is from 0 (off) to 3600")
	}
	return c.act(ctx, func() {
		c.autoClose = after
		for _, n := range c.body.openDoors() {
			c.body.cell(n).opening++ // the timers that run now shut nothing
			c.closeLater(n)
		}
	})
}
