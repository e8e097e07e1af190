package journal

import (
	"slices"
	"strconv"

	"cubby/agent/cabinet"
	"cubby/agent/mutant"
	"cubby/models"
)

// floorEveryMS is how much later the wall clock must be before its floor is kept anew.
const floorEveryMS = 60_000

// Keeper runs a cabinet's core and keeps its state on a disk. It is for one goroutine.
type Keeper struct {
	disk   Disk
	state  *cabinet.State
	shadow *shadow
	floor  int64 // Unix ms: the latest known wall clock that is kept
	broken error // after a failure of the disk nothing is done any more
}

// Open reads what the disk holds. A disk that holds nothing gives a cabinet that knows
// nothing; ErrDamaged says that what it holds cannot be believed.
func Open(disk Disk, l models.LockerID) (*Keeper, error) {
	rows, err := disk.Load()
	if err != nil {
		return nil, err
	}
	if mutant.On(mutant.LedgerLost) {
		rows = without(rows, TableOperation)
	}
	state, floor, err := restore(rows, l)
	if err != nil {
		return nil, err
	}
	k := &Keeper{disk: disk, state: state, shadow: newShadow(), floor: floor}
	k.shadow.changes(state, true) // what is on the disk is not written again
	return k, nil
}

func without(rows []Row, t Table) []Row {
	var kept []Row
	for _, r := range rows {
		if r.Table != t {
			kept = append(kept, r)
		}
	}
	return kept
}

// State is what the cabinet knows. It is to be read only, and until the next Step.
func (k *Keeper) State() *cabinet.State { return k.state }

// FloorMS is the latest wall clock that was known and kept, in Unix milliseconds: time has not
// run back behind it, whatever a clock says after a restart.
func (k *Keeper) FloorMS() int64 { return k.floor }

// Step gives the core an input and returns its effects once the new state is durable. An
// error of the disk ends the keeper: what is in memory is not what is kept any more, so no
// later step is taken and the program has to start anew.
func (k *Keeper) Step(now cabinet.Instant, in cabinet.Input) ([]cabinet.Effect, error) {
	if k.broken != nil {
		return nil, k.broken
	}
	effects := cabinet.Step(k.state, now, in)
	_, paged := in.(cabinet.DirectoryEntries)
	rows := k.shadow.changes(k.state, paged)
	if now.FloorMS >= k.floor+floorEveryMS || now.FloorMS > 0 && now.FloorMS < k.floor {
		k.floor = now.FloorMS
		rows = append(rows, Row{TableClock, "", strconv.AppendInt(nil, k.floor, 10)})
	}
	if len(rows) == 0 {
		return effects, nil
	}
	if k.broken = k.commit(rows, effects); k.broken != nil {
		return nil, k.broken
	}
	return effects, nil
}

func (k *Keeper) commit(rows []Row, effects []cabinet.Effect) error {
	if err := k.disk.Write(rows); err != nil {
		return err
	}
	if mutant.On(mutant.NoFsync) || mutant.On(mutant.PulseBeforeCommit) && drives(effects) {
		return nil
	}
	return k.disk.Sync()
}

// drives reports whether a lock is among the effects.
func drives(effects []cabinet.Effect) bool {
	return slices.ContainsFunc(effects, func(e cabinet.Effect) bool {
		_, pulse := e.(cabinet.Pulse)
		return pulse
	})
}

// Close closes the disk. Everything is kept already.
func (k *Keeper) Close() error { return k.disk.Close() }
