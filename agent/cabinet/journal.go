package cabinet

import (
	"slices"

	"cubby/agent/mutant"
	"cubby/models"
)

// Acknowledged facts stay for a server that was restored: so long, and so many bytes of
// them. They are pruned some at a time.
const (
	keptFactsMS    = 14 * dayMS
	keptFactsBytes = 64 << 20
	factFrameBytes = 600 // of a fact beside its data, about
	pruneAtOnce    = 64
)

// Journal is the hash chain of facts: its head, how far the server has it, and the facts
// that are still here, which end at the head.
type Journal struct {
	Epoch int64         `json:"epoch"`
	Seq   int64         `json:"seq"`
	Hash  string        `json:"hash"`
	Acked int64         `json:"acked"`
	Facts []models.Fact `json:"facts,omitempty"`
}

// Unacknowledged returns up to limit facts that the server is not known to have.
func (j *Journal) Unacknowledged(limit int) []models.Fact {
	i := len(j.Facts) - int(j.Seq-j.Acked)
	return slices.Clone(j.Facts[i:min(len(j.Facts), i+limit)])
}

// Unsent returns up to limit facts to send now: none without a live stream, and none before
// an epoch that is to begin. Its inventory must not tell the server what an old copy of a
// store believes, before the server was asked.
func (s *State) Unsent(limit int) []models.Fact {
	if !s.Link.Live || s.NextEpoch > 0 {
		return nil
	}
	return s.Journal.Unacknowledged(limit)
}

// reaches reports whether the facts after seq are all here.
func (j *Journal) reaches(seq int64) bool {
	return seq <= j.Seq && j.Seq-seq <= int64(len(j.Facts))
}

// write appends a fact. The cell's state after it is part of it.
func (t *turn) write(kind models.FactType, op models.OperationID, c *Cell, data models.FactData) models.Fact {
	if t.Journal.Seq == 0 && kind != models.FactInventory {
		t.inventory()
	}
	f := models.Fact{Operation: op}
	if c != nil {
		f.Cell, f.Generation = c.Number(), c.Generation
		after := c.Report()
		data.After = &after
	}
	f.AtMS, f.Boot, f.UptimeMS, f.Clock = t.now.WallMS, t.Boot, t.now.UptimeMS, t.now.Clock
	f.Type, f.Data = kind, data.Encode()
	return t.chain(f)
}

func (t *turn) chain(f models.Fact) models.Fact {
	j := &t.Journal
	f.Epoch, f.Seq, f.PrevHash = j.Epoch, j.Seq+1, j.Hash
	f.Hash = f.ComputeHash()
	j.Seq, j.Hash = f.Seq, f.Hash
	j.Facts = append(j.Facts, f)
	t.wrote = true
	return f
}

func (t *turn) inventory() {
	data := models.FactData{Cells: t.Reports()}
	switch {
	case t.SetAside:
		data.Reason = reasonSetAside
	case t.OldCopy:
		data.Reason = reasonOldCopy
	}
	t.write(models.FactInventory, "", nil, data)
}

// beginEpoch starts the journal afresh with an inventory. Facts that never reached the
// server and name a shipment, label or device follow it, without their old view of the cell: the
// inventory knows better.
func (t *turn) beginEpoch(epoch int64) {
	j := &t.Journal
	unsent := j.Unacknowledged(len(j.Facts))
	*j = Journal{Epoch: epoch}
	if len(t.Cells) == 0 {
		return // the inventory comes with the layout
	}
	t.inventory()
	for _, f := range unsent {
		data, err := f.Payload()
		if err != nil || data.Shipment == "" && data.Label == "" && data.Device == "" {
			continue
		}
		data.After, data.Cells = nil, nil
		f.Data = data.Encode()
		told := t.chain(f)
		if e := t.Directory.Shipments[data.Shipment]; e != nil && f.Type == models.FactPickedUp {
			e.retell(data.Parcel, told)
		}
	}
}

// distrust is for a server that has facts which this cabinet does not: its store was lost
// or is an old copy, and things may lie in cells that it believes to be empty.
func (t *turn) distrust() {
	for _, c := range t.Cells {
		if c.State != models.CellOccupied {
			c.apply(models.CellDoubt)
		}
	}
	t.LostStore = len(t.Cells) == 0
	t.Unsure, t.OldCopy, t.Snapshot = true, true, nil
}

// acknowledged takes the server's word for what it keeps.
func (t *turn) acknowledged(epoch, seq int64) {
	j := &t.Journal
	if epoch != j.Epoch || seq > j.Seq || seq < j.Acked {
		return // of another epoch, or late
	}
	j.Acked = seq
	if mutant.On(mutant.FreeOnAck) {
		for _, c := range t.Cells {
			if c.Doubtful && c.Operation == "" {
				c.apply(models.CellCheckEmpty)
			}
		}
	}
	t.prune()
	t.journalMoved()
}

// prune removes old facts that the server has.
func (t *turn) prune() {
	j := &t.Journal
	acked := len(j.Facts) - int(j.Seq-j.Acked)
	if mutant.On(mutant.PruneUnacknowledged) {
		j.Facts = slices.Clone(j.Facts[len(j.Facts)/2:])
		return
	}
	size := 0
	for _, f := range j.Facts {
		size += len(f.Data) + factFrameBytes
	}
	over := 0
	for ; over < acked; over++ {
		f := j.Facts[over]
		if f.AtMS >= t.now.WallMS-keptFactsMS && size <= keptFactsBytes {
			break
		}
		size -= len(f.Data) + factFrameBytes
	}
	if over >= pruneAtOnce {
		j.Facts = slices.Clone(j.Facts[over:])
	}
}
