// Package cabinet is what a cabinet decides: a pure function of its state, the time and
// one input. It has no goroutine, clock, randomness or I/O, so that the simulator can run
// many cabinets through many hours and replay each failure.
//
// Persist, then act: whoever runs it makes the new state durable before it carries out
// the effects that Step returned. An effect lost in a crash is then known from the
// state; an effect without its state would be a door that nobody ordered.
package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

// Instant is when something happens. WallMS is Unix milliseconds and only dates facts and
// couriers' validity; every timer runs on UptimeMS, which never jumps.
type Instant struct {
	WallMS   int64               `json:"wall_ms"`
	UptimeMS int64               `json:"uptime_ms"`
	Clock    models.ClockQuality `json:"clock"`
	// FloorMS is the latest wall clock that is more than a guess; it is kept over restarts.
	FloorMS int64 `json:"floor_ms"`
}

// State is everything that a cabinet knows. It is one struct with a JSON form, so that it
// can be kept whole. Times in it are uptimes in milliseconds; 0 means "none".
type State struct {
	Locker models.LockerID `json:"locker"`
	Boot   string          `json:"boot"`
	Uptime int64           `json:"uptime_ms"` // of the last step
	// Key and Signers are given anew at each start, and Link and Session begin anew: the
	// store keeps none of them.
	Key     *models.CabinetKey `json:"key,omitempty"`
	Signers []models.SignerKey `json:"signers,omitempty"`

	Journal     Journal            `json:"journal"`
	LostStore   bool               `json:"lost_store,omitempty"` // what is in the cells to come is not known
	SetAside    bool               `json:"set_aside,omitempty"`  // the store was damaged; the next inventory says so
	OldCopy     bool               `json:"old_copy,omitempty"`   // the server knew of later things; the next inventory says so
	Unsure      bool               `json:"unsure,omitempty"`     // it listens to the server's snapshot
	NextEpoch   int64              `json:"next_epoch,omitempty"` // to begin once the snapshot is here; 0: none
	Snapshot    *protocol.Snapshot `json:"snapshot,omitempty"`   // until the layout is here too
	Directory   Directory          `json:"directory"`
	Cells       []*Cell            `json:"cells"`      // by number
	Operations  []*Operation       `json:"operations"` // in the order in which they began
	Begun       int64              `json:"begun,omitempty"`
	Windows     []*Window          `json:"windows,omitempty"`
	Power       Power              `json:"power,omitzero"`
	PulsedAt    int64              `json:"pulsed_at,omitempty"`    // the last pulse, of any door
	RemoteAt    []int64            `json:"remote_at,omitempty"`    // remote openings of the last hour
	Climates    []Climate          `json:"climates,omitempty"`     // by the order in which they came
	Outputs     []Output           `json:"outputs,omitempty"`      // by the order in which they came
	Gates       []GateOrder        `json:"gates,omitempty"`        // of the last hour
	Tampers     []Tamper           `json:"tampers,omitempty"`      // by the order in which they came
	AlarmUntil  int64              `json:"alarm_until,omitempty"`  // siren and light call for help
	RemindUntil int64              `json:"remind_until,omitempty"` // the light calls somebody to a screen or door
	Visitors    []models.CourierID `json:"visitors,omitempty"`     // technicians who are here
	ResentAt    []int64            `json:"resent_at,omitempty"`    // codes asked for in the last hour
	// Devices are told anew after each start.
	Devices []Device                    `json:"devices,omitempty"`
	Link    Link                        `json:"link"`
	Pad     Pad                         `json:"pad"`
	Badges  map[models.CourierID]*Badge `json:"badges,omitempty"`
	Past    map[models.ShipmentID]Past  `json:"past,omitempty"` // what is over here
	// Session is of who stands before the front, BackSession at the back of a two-way cabinet.
	Session     Session `json:"session"`
	BackSession Session `json:"back_session"`
}

// New is the state of a cabinet that knows nothing yet: no cell, no journal.
func New(l models.LockerID) *State {
	return &State{
		Locker:  l,
		Journal: Journal{Epoch: 1},
		Session: newSession(), BackSession: newSession(),
	}
}

// Cell is one cell: its place in the layout, what is known of its content, its door.
type Cell struct {
	Layout models.LayoutCell `json:"layout"`
	models.Occupancy
	Generation int64              `json:"generation"`
	Shipment   models.ShipmentID  `json:"shipment,omitempty"`
	Parcels    []models.ParcelID  `json:"parcels,omitempty"`
	Operation  models.OperationID `json:"operation,omitempty"` // the one that has the cell now
	Leaf                          // its door; of a two-way cell that in front, for its client
	// Load is the door at the back of a two-way cell, for couriers; nil: it has none.
	Load     *Leaf  `json:"load,omitempty"`
	Dead     bool   `json:"dead,omitempty"`     // its board does not answer
	Broken   bool   `json:"broken,omitempty"`   // someone on site found it unusable
	Withheld bool   `json:"withheld,omitempty"` // out of service by order of the operator
	Isolated bool   `json:"isolated,omitempty"` // out of service by a technician on site
	Unfit    bool   `json:"unfit,omitempty"`    // its module is not as cold as it must be
	Sensed   Sensed `json:"sensed,omitempty"`   // by its parcel sensor

	// Lock is how the lock has worked, and LoadLock that at the back of a two-way cell; nil: it was
	// never driven.
	Lock     *LockRecord `json:"lock,omitempty"`
	LoadLock *LockRecord `json:"load_lock,omitempty"`

	// Label is the barcode of a parcel that nobody announced, and Holder whose courier left
	// it; such a cell has no shipment.
	Label  string                `json:"label,omitempty"`
	Holder models.OrganizationID `json:"holder,omitempty"`
	// Interrupted is the pickup in the middle of which the program stopped: the client is
	// asked what came of it.
	Interrupted models.OperationID `json:"interrupted,omitempty"`
	// TakenOver is what a takeover said of the cell, so that it is said once: a row's carrier
	// and barcode, or takenOverRest. It outlives what was in the cell.
	TakenOver string `json:"taken_over,omitempty"`
	// Refusal is why its client gave back what is in it; empty: they did not. Until RefusedUntil
	// their code opens it once more.
	Refusal      string `json:"refusal,omitempty"`
	RefusedUntil int64  `json:"refused_until,omitempty"`
	// SinceMS is when its parcel was put in, in Unix milliseconds by the wall clock; 0: unknown.
	SinceMS int64 `json:"since_ms,omitempty"`
}

// usable reports whether the cell's lock can be driven.
func (c *Cell) usable() bool { return !c.Dead && !c.Broken }

// serves reports whether a parcel may be put into the cell. One that is withheld by an order, or
// isolated by a technician, still gives out what is in it.
func (c *Cell) serves() bool {
	return c.usable() && !c.Withheld && !c.Isolated && (!c.Unfit || mutant.On(mutant.WarmCell))
}

// offerable reports whether a parcel may be given the cell, once its door is shut and nobody is
// at it. Where a sensor sees something nothing is put on top of it.
func (c *Cell) offerable() bool { return c.Offerable() && c.serves() && !c.sensedFull() }

// Number is the cell's number.
func (c *Cell) Number() int { return c.Layout.Number }

// Report is the cell as facts and digests tell it.
// What cannot be used is out of service to everybody else, and still holds what it holds.
func (c *Cell) Report() models.CellReport {
	state := c.State
	if !c.serves() {
		state = models.CellOutOfService
	}
	return models.CellReport{Cell: c.Layout.Number, State: state, Doubtful: c.Doubtful, Generation: c.Generation, Shipment: c.Shipment}
}

// apply has an event change the occupancy. A free cell holds nothing of anyone.
func (c *Cell) apply(e models.CellEvent) bool {
	next, ok := c.Next(e)
	c.Occupancy = next
	if c.State == models.CellFree {
		c.Shipment, c.Parcels, c.Label, c.Holder, c.Interrupted = "", nil, "", "", ""
		c.Refusal, c.RefusedUntil, c.SinceMS = "", 0, 0
	}
	return ok
}

// Reports lists every cell, by number.
func (s *State) Reports() []models.CellReport {
	reports := make([]models.CellReport, 0, len(s.Cells))
	for _, c := range s.Cells {
		reports = append(reports, c.Report())
	}
	return reports
}

func (s *State) cell(number int) *Cell {
	i, ok := slices.BinarySearchFunc(s.Cells, number, func(c *Cell, n int) int { return c.Layout.Number - n })
	if !ok {
		return nil
	}
	return s.Cells[i]
}

// holding lists the cells in which parcels of the shipment are.
func (s *State) holding(id models.ShipmentID) []*Cell {
	var cells []*Cell
	for _, c := range s.Cells {
		if c.Shipment == id && c.State == models.CellOccupied {
			cells = append(cells, c)
		}
	}
	return cells
}

// doorsBusy counts the doors that are open or about to be. One that was left open and told of has no share in it, and
// nobody knows of those of a dead board: they would keep every other door shut for as long as nobody mends them.
func (s *State) doorsBusy() int {
	n := 0
	for _, c := range s.Cells {
		if c.reachable() && !c.Dead || s.pulsing(c) {
			n++
		}
	}
	return n
}

// roomFromAfar reports whether a cell may be opened from afar beside what stands open, also for long: nobody at the
// cabinet answers for what a signer asks for, who may not be the one that they seem.
func (s *State) roomFromAfar(c *Cell) bool {
	n := 0
	for _, other := range s.Cells {
		if other != c && (other.anyOpen() && !other.Dead || s.pulsing(other)) {
			n++
		}
	}
	return n < doorsAtOnce
}

func (s *State) pulsing(c *Cell) bool {
	op := s.operation(c.Operation)
	if op == nil {
		return false
	}
	d := op.door(c.Number())
	return d != nil && d.State == DoorPulsed
}
