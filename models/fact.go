package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// FactType says what happened at a cabinet. Wire names: added, never renamed.
type FactType string

// The facts.
const (
	FactInventory     FactType = "inventory"        // opens an epoch: every cell as the cabinet knows it
	FactDoorOpened    FactType = "door_opened"      // a door was seen open
	FactDoorClosed    FactType = "door_closed"      // a door was seen closed
	FactDoorJammed    FactType = "door_jammed"      // pulsed, not seen open in time
	FactDeposited     FactType = "deposited"        // a parcel is in a cell
	FactPickedUp      FactType = "picked_up"        // a parcel was taken by the client
	FactCellFreed     FactType = "cell_freed"       // evidence says empty
	FactCellDoubtful  FactType = "cell_doubtful"    // the content is not known
	FactCellChecked   FactType = "cell_checked"     // someone on site looked
	FactOperationDone FactType = "operation_done"   // an operation that deposited or took nothing has ended
	FactPadPaused     FactType = "pad_paused"       // too many wrong codes
	FactWithdrawn     FactType = "withdrawn"        // a courier took a parcel out
	FactMissing       FactType = "missing"          // a parcel that should be in a cell is not there
	FactHeld          FactType = "held"             // an unannounced parcel was left in a cell
	FactBoardDown     FactType = "board_down"       // a lock board does not answer: its cells are out of service
	FactBoardUp       FactType = "board_up"         // it answers again
	FactRefused       FactType = "refused"          // the client put a parcel back and shut the door: it stays in its cell
	FactDamaged       FactType = "damaged"          // the same, because it is damaged
	FactLoadFailed    FactType = "load_failed"      // a courier did not get a parcel in
	FactUnloaded      FactType = "unloaded"         // a courier took out again what they had just put in
	FactTrouble       FactType = "trouble_reported" // somebody at the screen says that something is wrong
	FactDevice        FactType = "device"           // a device stands otherwise than before, or a thermometer tells
	FactOutput        FactType = "output_driven"    // a relay that is no lock's was driven: the device names it, the reason says why
	// By order of the operator a cell is offered no more, and again.
	FactCellOutOfService FactType = "cell_out_of_service"
	FactCellInService    FactType = "cell_in_service"
	// What a technician does at the cabinet's screen.
	FactStaffIn   FactType = "staff_in"   // the badge, its PIN and a reason were given
	FactStaffOut  FactType = "staff_out"  // the visit is over
	FactStaffOpen FactType = "staff_open" // a cell is to be opened: told before its lock is driven
	FactStaffAct  FactType = "staff_act"  // something that is of no cell
)

// Known reports whether the server understands the type. A fact of another type is
// stored quarantined and opens an incident.
func (t FactType) Known() bool {
	switch t {
	case FactInventory, FactDoorOpened, FactDoorClosed, FactDoorJammed, FactDeposited, FactPickedUp,
		FactCellFreed, FactCellDoubtful, FactCellChecked, FactOperationDone, FactPadPaused,
		FactWithdrawn, FactMissing, FactHeld, FactBoardDown, FactBoardUp, FactRefused, FactDamaged, FactLoadFailed,
		FactCellOutOfService, FactCellInService, FactTrouble, FactUnloaded, FactDevice, FactOutput,
		FactStaffIn, FactStaffOut, FactStaffOpen, FactStaffAct:
		return true
	}
	return false
}

// Why a courier did not get a parcel in: the reason of a load_failed fact and of its event.
const (
	LoadFull             = "full"              // no cell that it fits is free
	LoadTooBig           = "too_big"           // it fits no cell of the locker
	LoadNoEasyReach      = "no_easy_reach"     // no cell that everybody reaches, and that it fits, is free
	LoadTooHeavy         = "too_heavy"         // no cell of the locker bears it
	LoadCellBroken       = "cell_broken"       // the cells that it was to go into do not open
	LoadLabelUnreadable  = "label_unreadable"  // what its label says is no parcel of this locker
	LoadWrongLocker      = "wrong_locker"      // it goes to another locker
	LoadCourierCancelled = "courier_cancelled" // the courier took it away again
)

// Why a client does not want a parcel: the reason of refused and damaged facts and of their
// events.
const (
	RefusedDamaged    = "damaged"
	RefusedNotOrdered = "not_ordered"
	RefusedOther      = "other"
)

// ClockQuality says how far a cabinet's wall clock may be trusted.
type ClockQuality string

// The qualities.
const (
	ClockSynced  ClockQuality = "synced"
	ClockGuessed ClockQuality = "guessed"
)

// Fact is an entry of a cabinet's journal. (cabinet, Epoch, Seq) orders facts; Hash
// chains each to the one before. AtMS is Unix milliseconds by the cabinet's wall clock,
// UptimeMS milliseconds since its boot. A fact holds ids, never a code, phone or name.
type Fact struct {
	Epoch      int64        `json:"epoch"`
	Seq        int64        `json:"seq"`
	PrevHash   string       `json:"prev_hash"`
	Hash       string       `json:"hash"`
	AtMS       int64        `json:"at_ms"`
	Boot       string       `json:"boot"`
	UptimeMS   int64        `json:"uptime_ms"`
	Clock      ClockQuality `json:"clock"`
	Type       FactType     `json:"type"`
	Operation  OperationID  `json:"operation,omitempty"`
	Cell       int          `json:"cell,omitempty"`
	Generation int64        `json:"generation,omitempty"`
	// Data is a FactData object. Its exact bytes are part of the hash, so fields that a
	// newer cabinet adds survive a server that does not know them.
	Data json.RawMessage `json:"data"`
}

// At is the fact's time by the cabinet's clock.
func (f Fact) At() time.Time { return time.UnixMilli(f.AtMS).UTC() }

// Payload decodes Data. Unknown fields are ignored.
func (f Fact) Payload() (FactData, error) {
	var d FactData
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return d, Wrap(CodeMalformedFrame, err, "a fact's data is not the object that its type needs")
	}
	return d, nil
}

// Signal is the fact as a life needs it, from its decoded Data. A cabinet's clock that
// runs ahead must not put off what follows from the fact: nothing happens after it was
// told.
func (f Fact) Signal(l LockerID, d FactData, received time.Time) FactSignal {
	at := f.At()
	if at.After(received) {
		at = received.Truncate(time.Millisecond)
	}
	return FactSignal{
		Locker: l, Epoch: f.Epoch, Seq: f.Seq, At: at, Type: f.Type, Operation: f.Operation,
		Cell: f.Cell, Generation: f.Generation, Parcel: d.Parcel, Reason: d.Reason,
	}
}

// Encode gives the bytes for Fact.Data.
func (d FactData) Encode() json.RawMessage {
	raw, err := json.Marshal(d)
	if err != nil {
		panic("models: fact data has no JSON form: " + err.Error()) // strings and numbers only: cannot happen
	}
	return raw
}

// FactData is what a fact says beside its frame; each type uses some of it.
type FactData struct {
	Shipment ShipmentID `json:"shipment,omitempty"`
	Parcel   ParcelID   `json:"parcel,omitempty"`
	Courier  CourierID  `json:"courier,omitempty"`
	Attempt  int        `json:"attempt,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Label    string     `json:"label,omitempty"`  // a barcode that the cabinet knew no parcel of, or not until now
	Size     Size       `json:"size,omitempty"`   // deposited: what the parcel was found to be, if that was not known
	Screen   string     `json:"screen,omitempty"` // trouble_reported: the one that they were at
	Board    string     `json:"board,omitempty"`  // board_down, board_up: its name at the cabinet
	// Of a device: its name, how it stands, and what it measured, in tenths of a degree Celsius.
	Device   string      `json:"device,omitempty"`
	State    DeviceState `json:"state,omitempty"`
	Measured *int        `json:"measured,omitempty"`
	Lock     *LockReport `json:"lock,omitempty"` // of a lock
	// Counts are of a board, scanner or board of relays.
	Counts *DeviceCounts `json:"counts,omitempty"`
	// After is the cell's state once the fact is true; the server's view takes it over.
	After *CellReport  `json:"after,omitempty"`
	Cells []CellReport `json:"cells,omitempty"` // inventory: every cell; board_down, board_up: its cells
}

// CellReport is a cell as its cabinet knows it.
type CellReport struct {
	Cell       int        `json:"cell"`
	State      CellState  `json:"state"`
	Doubtful   bool       `json:"doubtful,omitempty"`
	Generation int64      `json:"generation"`
	Shipment   ShipmentID `json:"shipment,omitempty"`
}

// ComputeHash is the hex SHA-256 of these, each followed by a line feed: prev_hash,
// epoch, seq, at_ms, boot, uptime_ms, clock, type, operation, cell, generation; then
// the bytes of data as they stand in the message.
func (f Fact) ComputeHash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n%d\n%d\n%s\n%d\n%s\n%s\n%s\n%d\n%d\n",
		f.PrevHash, f.Epoch, f.Seq, f.AtMS, f.Boot, f.UptimeMS, f.Clock, f.Type, f.Operation, f.Cell, f.Generation)
	h.Write(f.Data)
	return hex.EncodeToString(h.Sum(nil))
}

// Head is how far a cabinet's journal has been taken in.
type Head struct {
	Locker    LockerID  `gorm:"primaryKey" json:"-"`
	Epoch     int64     `json:"epoch"`
	Seq       int64     `json:"seq"`
	Hash      string    `json:"hash"`
	UpdatedAt time.Time `json:"-"`
}

// TableName is the table of heads.
func (Head) TableName() string { return "journal_heads" }

// MaxEpochLeap bounds how far ahead of the server a cabinet's epoch may be. A cabinet begins
// them one by one; a hostile one must not use up the numbers, which its successor needs.
const MaxEpochLeap = 1 << 20

// CheckChain tests that facts follow the head without gap or fork: same epoch, seq by
// ones, each hash right. Facts at or before the head are repeats and are skipped: it
// returns those that are new. A first fact of a later epoch must be an inventory with
// seq 1 and no previous hash.
func (h Head) CheckChain(facts []Fact) ([]Fact, error) {
	for i, f := range facts {
		if f.Hash != f.ComputeHash() {
			return nil, Errorf(CodeMalformedFrame, "fact %d/%d: its hash does not match its content", f.Epoch, f.Seq)
		}
		if f.Epoch < h.Epoch || f.Epoch == h.Epoch && f.Seq <= h.Seq {
			if f.Epoch == h.Epoch && f.Seq == h.Seq && f.Hash != h.Hash {
				return nil, Errorf(CodeFork, "fact %d/%d differs from the one already taken in", f.Epoch, f.Seq)
			}
			continue
		}
		fresh := facts[i:]
		epoch, seq, hash := h.Epoch, h.Seq, h.Hash
		for _, f := range fresh {
			if f.Epoch > epoch {
				if f.Epoch-epoch > MaxEpochLeap {
					return nil, Errorf(CodeMalformedFrame, "epoch %d is too far ahead of %d", f.Epoch, epoch)
				}
				epoch, seq, hash = f.Epoch, 0, ""
				if f.Type != FactInventory {
					return nil, Errorf(CodeSequence, "epoch %d must open with an inventory", f.Epoch)
				}
			}
			switch {
			case f.Epoch != epoch || f.Seq != seq+1:
				return nil, Errorf(CodeSequence, "expected fact %d/%d, got %d/%d", epoch, seq+1, f.Epoch, f.Seq)
			case f.PrevHash != hash:
				return nil, Errorf(CodeFork, "fact %d/%d does not follow the one before", f.Epoch, f.Seq)
			case f.Hash != f.ComputeHash():
				return nil, Errorf(CodeMalformedFrame, "fact %d/%d: its hash does not match its content", f.Epoch, f.Seq)
			}
			seq, hash = f.Seq, f.Hash
		}
		return fresh, nil
	}
	return nil, nil
}

// StoredFact is a fact's row. Quarantined facts were well formed but could not be
// applied; they are acknowledged all the same, so one never blocks a journal.
type StoredFact struct {
	Locker      LockerID `gorm:"primaryKey"`
	Epoch       int64    `gorm:"primaryKey"`
	Seq         int64    `gorm:"primaryKey"`
	Type        FactType
	Shipment    ShipmentID
	Operation   OperationID
	Quarantined string     // why, or empty
	Incident    IncidentID // of which it told, or empty
	Body        Fact       `gorm:"serializer:json"`
	ReceivedAt  time.Time
}

// TableName is the table of facts.
func (StoredFact) TableName() string { return "facts" }

// Number is how a cabinet's screen names a fact to people, who tell it to the support.
func (f Fact) Number() string { return fmt.Sprintf("%d-%d", f.Epoch, f.Seq) }

// ParseFactNumber is the inverse of Fact.Number; ok is false for every other text.
func ParseFactNumber(text string) (epoch, seq int64, ok bool) {
	before, after, ok := strings.Cut(text, "-")
	if !ok {
		return 0, 0, false
	}
	epoch, wrong := strconv.ParseInt(before, 10, 64)
	seq, also := strconv.ParseInt(after, 10, 64)
	return epoch, seq, wrong == nil && also == nil && epoch > 0 && seq > 0
}

// Key names a fact in the whole network.
func (f Fact) Key(l LockerID) string { return fmt.Sprintf("%s/%d/%d", l, f.Epoch, f.Seq) }
