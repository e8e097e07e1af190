package cabinet_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// order gives the cabinet an order about cell 1 as a worker signs it.
func (r *rig) order(out bool, check *models.CellCheck) {
	r.t.Helper()
	r.entry(models.EntryCell, "1", models.DirectoryCell{Locker: locker, Cell: 1, OutOfService: out, Check: check})
}

// looked is a check of cell 1 as it is now.
func (r *rig) looked(found string) *models.CellCheck {
	return &models.CellCheck{Generation: r.cell(1).Generation, Found: found, Epoch: r.head.Epoch, Seq: r.head.Seq}
}

// forced is a cabinet whose cell 1 is empty and in doubt: its door stood open.
func forced(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.open(1)
	r.wait(120_000)
	r.close(1)
	require.Equal(t, models.Occupancy{State: models.CellFree, Doubtful: true}, r.cell(1).Occupancy)
	return r
}

func TestACellIsTakenOutOfServiceAndPutBack(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.expect("shp_2", policy(), models.SizeS)
	r.order(true, nil)
	_, data := r.lastFact(models.FactCellOutOfService)
	require.Equal(t, models.CellReport{Cell: 1, State: models.CellOutOfService}, *data.After)
	n := len(r.facts)
	r.order(true, nil)
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Len(t, r.facts, n, "asked again, and started again: nothing changes")
	require.Equal(t, 2, r.load("shp_1-1"), "it is not offered")
	r.order(false, nil)
	_, data = r.lastFact(models.FactCellInService)
	require.Equal(t, models.CellFree, data.After.State)
	require.Equal(t, 1, r.load("shp_2-1"))
}

func TestACellOutOfServiceGivesOutWhatIsInIt(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.order(true, nil)
	_, data := r.lastFact(models.FactCellOutOfService)
	require.Equal(t, models.CellOutOfService, data.After.State)
	require.Equal(t, models.ShipmentID("shp_1"), data.After.Shipment)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(8000 + 180_000)
	r.lastFact(models.FactPickedUp)
	_, data = r.lastFact(models.FactCellFreed)
	require.Equal(t, models.CellOutOfService, data.After.State, "and is offered to nobody after it")
}

// TestACellIsOrderedOutWhileACourierIsAtIt: he has the door before him, and the parcel goes in.
func TestACellIsOrderedOutWhileACourierIsAtIt(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.order(true, nil)
	r.close(1)
	_, data := r.lastFact(models.FactDeposited)
	require.Equal(t, models.CellReport{Cell: 1, State: models.CellOutOfService, Generation: 1, Shipment: "shp_1"}, *data.After)
	require.Equal(t, models.CellOccupied, r.cell(1).State)
}

func TestAnOrderClearsDoubt(t *testing.T) {
	t.Parallel()
	r := forced(t)
	r.order(false, r.looked(models.FoundEmpty))
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
	_, data := r.lastFact(models.FactCellChecked)
	require.Equal(t, "marked_empty", data.Reason)
	require.Equal(t, 1, r.load("shp_1-1"))
	r.wait(300)
	r.finish()
	r.open(1) // by itself
	r.close(1)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	r.order(false, r.looked(models.FoundParcel))
	require.Equal(t, models.Occupancy{State: models.CellOccupied}, r.cell(1).Occupancy)
	require.Equal(t, models.ShipmentID("shp_1"), r.cell(1).Shipment)
	_, data = r.lastFact(models.FactCellChecked)
	require.Equal(t, "marked_found", data.Reason)
}

// TestAnOrderWithBoth: what the order itself changes does not stand against its check.
func TestAnOrderWithBoth(t *testing.T) {
	t.Parallel()
	r := forced(t)
	r.order(true, r.looked(models.FoundEmpty))
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
	require.True(t, r.cell(1).Withheld)
}

// TestAnOrderThatDoesNotFit changes nothing: a parcel never goes unseen.
func TestAnOrderThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rig    func(t *testing.T) *rig
		change func(r *rig, c *models.CellCheck)
		after  func(r *rig) // the check was ordered, and before it came
	}{
		"empty, of a cell with a parcel": {doubted, func(_ *rig, c *models.CellCheck) { c.Found = models.FoundEmpty }, nil},
		"a parcel, of an empty cell":     {forced, func(_ *rig, c *models.CellCheck) { c.Found = models.FoundParcel }, nil},
		"neither":                        {forced, func(_ *rig, c *models.CellCheck) { c.Found = "" }, nil},
		"of an older generation":         {doubted, func(_ *rig, c *models.CellCheck) { c.Generation-- }, nil},
		"of another epoch":               {forced, func(_ *rig, c *models.CellCheck) { c.Epoch++ }, nil},
		"of facts that are not here":     {forced, func(_ *rig, c *models.CellCheck) { c.Seq = 1 << 40 }, nil},
		"the door was opened since":      {forced, nil, func(r *rig) { r.open(1); r.close(1) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.rig(t)
			check := r.looked(models.FoundEmpty)
			if r.cell(1).State == models.CellOccupied {
				check.Found = models.FoundParcel
			}
			if c.change != nil {
				c.change(r, check)
			}
			if c.after != nil {
				c.after(r)
			}
			was, n := *r.cell(1), len(r.facts)
			r.order(false, check)
			require.Equal(t, was, *r.cell(1))
			require.Len(t, r.facts, n)
			r.wait(24 * 3600_000)
			require.True(t, r.cell(1).Doubtful)
		})
	}
}

// TestACheckIsCarriedOutOnce: the same order, read once more, says nothing of a later doubt.
func TestACheckIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	r := forced(t)
	check := r.looked(models.FoundEmpty)
	r.order(false, check)
	require.False(t, r.cell(1).Doubtful)
	r.open(1)
	r.wait(120_000)
	r.close(1)
	require.True(t, r.cell(1).Doubtful)
	r.order(false, check)
	r.wait(3600_000)
	require.True(t, r.cell(1).Doubtful)
}

// TestACheckWaits: while the client may still reach into the cell, the order stands by.
func TestACheckWaits(t *testing.T) {
	t.Parallel()
	r := doubted(t)
	r.finish()
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(8000)
	r.lastFact(models.FactPickedUp)
	require.Equal(t, models.Occupancy{State: models.CellReserved, Doubtful: true}, r.cell(1).Occupancy)
	n := len(r.facts)
	r.order(false, r.looked(models.FoundEmpty))
	require.Len(t, r.facts, n, "the cell is still its client's")
	r.wait(180_000)
	require.Equal(t, models.Occupancy{State: models.CellFree}, r.cell(1).Occupancy)
}

// TestACheckWaitsForTheDoor: what is put in while the door stands open was seen by nobody, nor is a
// cell settled that a courier looks into.
func TestACheckWaitsForTheDoor(t *testing.T) {
	t.Parallel()
	t.Run("open", func(t *testing.T) {
		t.Parallel()
		r := forced(t)
		r.open(1)
		r.wait(120_000)
		n := len(r.facts)
		r.order(false, r.looked(models.FoundEmpty))
		require.Len(t, r.facts, n)
		require.True(t, r.cell(1).Doubtful)
	})
	t.Run("a courier's check", func(t *testing.T) {
		t.Parallel()
		r := forced(t)
		r.login()
		r.press(cabinet.ButtonCheck)
		require.NotEmpty(t, r.cell(1).Operation)
		n := len(r.facts)
		r.order(false, r.looked(models.FoundEmpty))
		require.Len(t, r.facts, n)
		require.True(t, r.cell(1).Doubtful)
	})
}

// TestAnOrderWaitsForTheInventory: what an old copy of a store believes is told of no cell.
func TestAnOrderWaitsForTheInventory(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.do(cabinet.LinkUp{Nonce: "nonce", Agent: "test"})
	r.do(cabinet.NewEpoch{NewEpoch: protocol.NewEpoch{Epoch: 2}})
	n := len(r.facts)
	r.order(true, r.looked(models.FoundEmpty))
	require.Len(t, r.facts, n)
	r.do(cabinet.SnapshotTaken{})
	require.Equal(t, []models.FactType{models.FactInventory, models.FactCellOutOfService}, r.types(n))
	require.True(t, r.cell(1).Doubtful, "the check is of before")
}

// TestAnOrderComesBeforeItsCell, in whatever order the directory lists them.
func TestAnOrderComesBeforeItsCell(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.order(true, nil)
	require.Empty(t, r.facts)
	r.furnish(models.SizeS)
	require.Equal(t, []models.FactType{models.FactInventory, models.FactCellOutOfService}, r.types(0))
}

func TestAnOrderThatNobodySigned(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*protocol.Entry){
		"as it was signed":       nil,
		"not signed":             func(e *protocol.Entry) { e.Signature = nil },
		"of another cell":        func(e *protocol.Entry) { e.Key = "2" },
		"by a signer of nobody":  func(e *protocol.Entry) { e.Signer = "signer-2" },
		"with another body":      func(e *protocol.Entry) { e.Body = append(e.Body[:len(e.Body)-1], " }"...) },
		"with a higher revision": func(e *protocol.Entry) { e.Rev++ },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeS)
			body, err := json.Marshal(models.DirectoryCell{Locker: locker, Cell: 1, OutOfService: true})
			require.NoError(t, err)
			e := protocol.Entry{Kind: models.EntryCell, Key: "1", Body: body, Rev: 7, Signer: signer().ID}
			e.Signature = signer().SignGrant(models.Grant{Kind: e.Kind, Key: e.Key, Rev: e.Rev, Body: body})
			if change != nil {
				change(&e)
			}
			r.give(e)
			require.Equal(t, change == nil, r.cell(1).Withheld)
		})
	}
}

// TestAnOrderForAnotherCabinet: a signature is of one cabinet's cell.
func TestAnOrderForAnotherCabinet(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.entry(models.EntryCell, "1", models.DirectoryCell{Locker: "lkr_2", Cell: 1, OutOfService: true})
	require.False(t, r.cell(1).Withheld)
	r.entry(models.EntryCell, "2", models.DirectoryCell{Locker: locker, Cell: 1, OutOfService: true})
	require.False(t, r.cell(1).Withheld, "nor of another cell's entry")
}

// TestAnOldOrderIsNotPlayedBack over a later one.
func TestAnOldOrderIsNotPlayedBack(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.order(true, nil)
	r.order(false, nil)
	r.revs -= 2
	r.order(true, nil)
	require.False(t, r.cell(1).Withheld)
}
