package simulation

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"

	"cubby/agent/journal"
)

// disk is a cabinet's store as a database on a disk is: a write is whole or not at all, and
// what was not synced is lost in a crash, or a part of it is there, in order.
type disk struct {
	durable map[rowKey][]byte
	pending [][]journal.Row
	dies    diskDeath
	rotten  bool // what it holds cannot be believed
}

type rowKey struct {
	table journal.Table
	key   string
}

// diskDeath is where in a commit the cabinet dies.
type diskDeath int

const (
	diskLives diskDeath = iota
	diesBeforeWrite
	diesBeforeSync
	diesAfterSync
)

var errDied = errors.New("simulation: the power is gone, or the disk")

func newDisk() *disk { return &disk{durable: map[rowKey][]byte{}} }

// Load implements journal.Disk.
func (d *disk) Load() ([]journal.Row, error) {
	if d.rotten {
		return nil, journal.ErrDamaged
	}
	keys := slices.SortedFunc(maps.Keys(d.durable), func(a, b rowKey) int {
		if a.table != b.table {
			return compare(string(a.table), string(b.table))
		}
		return compare(a.key, b.key)
	})
	rows := make([]journal.Row, 0, len(keys))
	for _, k := range keys {
		rows = append(rows, journal.Row{Table: k.table, Key: k.key, Value: d.durable[k]})
	}
	return rows, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Write implements journal.Disk.
func (d *disk) Write(rows []journal.Row) error {
	if d.dies == diesBeforeWrite {
		return errDied
	}
	d.pending = append(d.pending, rows)
	return nil
}

// Sync implements journal.Disk.
func (d *disk) Sync() error {
	if d.dies == diesBeforeSync {
		return errDied
	}
	for _, rows := range d.pending {
		d.apply(rows)
	}
	d.pending = nil
	if d.dies == diesAfterSync {
		return errDied
	}
	return nil
}

func (d *disk) apply(rows []journal.Row) {
	for _, r := range rows {
		k := rowKey{r.Table, r.Key}
		if r.Value == nil {
			delete(d.durable, k)
		} else {
			d.durable[k] = r.Value
		}
	}
}

// Close implements journal.Disk.
func (d *disk) Close() error { return nil }

// crash loses what was not synced, or all but its first part.
func (d *disk) crash(rng *rand.Rand) {
	kept := rng.IntN(len(d.pending) + 1)
	for _, rows := range d.pending[:kept] {
		d.apply(rows)
	}
	d.pending, d.dies = nil, diskLives
}

// image is a copy of what is durable.
func (d *disk) image() *disk { return &disk{durable: maps.Clone(d.durable)} }
