// Package journal keeps what a cabinet knows on its disk: its journal of facts, the ledger
// of operations, its cells and its directory. A step of the core is durable before any of
// its effects is handed out.
package journal

import (
	"errors"

	"cubby/agent/cabinet"
)

// Table is a kind of row.
type Table string

// The tables. A row's key is unique in its table.
const (
	TableHead       Table = "head"       // one row: what is in no other table
	TableClock      Table = "clock"      // one row: the latest wall clock seen
	TableCell       Table = "cell"       // by number
	TableOperation  Table = "operation"  // by id
	TableWindow     Table = "window"     // by shipment
	TableBadge      Table = "badge"      // by courier
	TablePast       Table = "past"       // by shipment
	TableShipment   Table = "shipment"   // by id
	TableCourier    Table = "courier"    // by id
	TableWithdrawal Table = "withdrawal" // by shipment
	TableCellOrder  Table = "cell_order" // by number
	TableRev        Table = "rev"        // by kind and key of a signed entry
	TableLayout     Table = "layout"     // one row
	TableFact       Table = "fact"       // by epoch and seq
)

// Row is one thing that is kept. A nil value says that it is not kept any more.
type Row struct {
	Table Table
	Key   string
	Value []byte // JSON
}

// Disk keeps rows. It is SQLite on a cabinet, and simulated in the simulator.
type Disk interface {
	// Load returns every row.
	Load() ([]Row, error)
	// Write puts rows in place of those with the same keys, all or none of them. They are
	// durable only after Sync. An error takes back all that was written since the last one.
	Write(rows []Row) error
	// Sync makes what was written durable.
	Sync() error
	Close() error
}

// ErrDamaged says that a store cannot be believed: its file is corrupt, or what it holds
// contradicts itself. SetAside keeps it for whoever looks into it.
var ErrDamaged = errors.New("journal: the store is damaged")

// head is the row of everything that has no table of its own. It is the state itself with
// those parts left out, so that a new field is kept without a word here.
func head(s *cabinet.State) cabinet.State {
	h := *s
	h.Cells, h.Operations, h.Windows, h.Badges, h.Past = nil, nil, nil, nil, nil
	h.Journal.Facts = nil
	h.Directory = cabinet.Directory{Cursor: s.Directory.Cursor}
	// Given anew at each start.
	h.Devices = nil
	h.Key, h.Signers, h.Link, h.Session, h.BackSession = nil, nil, cabinet.Link{}, cabinet.Session{}, cabinet.Session{}
	return h
}
