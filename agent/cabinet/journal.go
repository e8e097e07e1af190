package cabinet

import (
	"slices"

	"cubby/models"
)

// keptFacts is how many acknowledged facts stay, for a server that was restored.
const keptFacts = 500

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
	t.write(models.FactInventory, "", nil, models.FactData{Cells: t.Reports()})
}

// beginEpoch starts the journal afresh with an inventory. Facts that never reached the
// server and name a shipment follow it, without their old view of the cell: the
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
		if err != nil || data.Shipment == "" {
			continue
		}
		data.After = nil
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
}

// acknowledged takes the server's word for what it keeps.
func (t *turn) acknowledged(epoch, seq int64) {
	j := &t.Journal
	if epoch != j.Epoch || seq > j.Seq || seq < j.Acked {
		return // of another epoch, or late
	}
	j.Acked = seq
	if over := len(j.Facts) - int(j.Seq-j.Acked) - keptFacts; over > 0 {
		j.Facts = slices.Clone(j.Facts[over:])
	}
	t.journalMoved()
}
