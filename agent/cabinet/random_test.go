package cabinet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// chaos drives one cabinet from one seed: people who hesitate and give up, doors that
// jam, a line that comes and goes, a server that says yes, no, late or nothing, crashes.
type chaos struct {
	*rig
	rnd       *rand.Rand
	shipments []models.ShipmentID
	boots     int
	far       farSide
	epochs    bool // the journal may have to begin anew
}

// TestRandomLives asserts after every step what must always hold.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := &chaos{rig: newRig(t), rnd: rand.New(rand.NewPCG(seed, 1)), boots: 1, epochs: seed%4 == 0}
			c.keepEvery = 16
			c.furnish(slices.Repeat([]models.Size{models.SizeS, models.SizeM, models.SizeL, models.SizeXL}, 6)...)
			layout := c.state.Directory.Layout
			for i := range layout.Cells {
				layout.Cells[i].EasyReach, layout.Cells[i].MaxWeightG = i%3 == 0, 10_000
				layout.Cells[i].Inner = models.Dimensions{WidthMM: 100, HeightMM: 120, DepthMM: 100}
			}
			c.entry(models.EntryLayout, string(locker), layout)
			c.staff(courier, carrier, badge, func(e *models.DirectoryCourier) { e.Unannounced = true })
			c.technicians(nil)
			for range 400 {
				c.one()
			}
			c.settle()
			c.heal()
			c.eachEndIsTold()
		})
	}
}

// one does one random thing, and checks it against what was true before it.
func (c *chaos) one() {
	c.t.Helper()
	before, refused := map[int]models.Occupancy{}, map[int]int64{}
	for _, cell := range c.state.Cells {
		before[cell.Number()] = cell.Occupancy
		if cell.Refusal != "" {
			refused[cell.Number()] = max(cell.RefusedUntil, 1)
		}
	}
	pulsed, written, asked := len(c.pulses), len(c.facts), c.asks()
	began, known := c.now.UptimeMS, map[models.OperationID]bool{}
	for _, op := range c.state.Operations {
		known[op.ID] = true
	}
	c.act()
	for _, op := range c.state.Operations {
		if known[op.ID] || op.Kind != models.Pickup {
			continue
		}
		for _, d := range op.Doors {
			if until, was := refused[d.Cell]; was {
				require.Less(c.t, began, until, "cell %d is to be opened for who gave it back", d.Cell)
			}
		}
	}
	if c.asks() > asked && c.rnd.IntN(2) == 0 {
		c.server() // in time, for once
	}
	for _, p := range c.pulses[pulsed:] {
		i := slices.IndexFunc(c.state.Operations, func(op *cabinet.Operation) bool { return op.ID == p.Operation })
		require.GreaterOrEqual(c.t, i, 0)
		op := c.state.Operations[i]
		require.NotEmpty(c.t, op.Authority, "no pulse without authority in the state")
		switch {
		case op.Service != "":
			require.Equal(c.t, technician, op.Courier)
			require.Equal(c.t, op.Service == models.EntryFree, c.openedFor(op), "an occupied cell was opened as a free one, or the other way round")
		case op.Kind == models.Deposit && op.Shares == p.Cell:
			require.Equal(c.t, models.Occupancy{State: models.CellOccupied}, before[p.Cell], "there is nothing to share")
			require.Equal(c.t, op.Shipment, c.cell(p.Cell).Shipment, "a cell was shared with another shipment")
		case op.Kind == models.Deposit:
			require.NotEqual(c.t, models.CellOccupied, before[p.Cell].State, "an occupied cell was offered")
		case op.Kind == models.Withdrawal && op.Label == "" && p.Attempt == 1:
			cell := c.cell(p.Cell)
			if w, ok := c.state.Directory.Withdrawals[cell.Shipment]; ok && op.Listed == (len(w.Parcels) > 0) {
				require.True(c.t, w.Allows(cell.Parcels), "%v is not to be taken out by %+v", cell.Parcels, w)
			}
		}
	}
	in := map[string]int{}
	for _, cell := range c.state.Cells {
		for _, name := range append([]string{cell.Label + string(cell.Holder)}, strs(cell.Parcels)...) {
			require.False(c.t, name != "" && in[name] > 0, "%s is in cells %d and %d", name, in[name], cell.Number())
			in[name] = cell.Number()
		}
		if was := before[cell.Number()]; was.State != models.CellFree && cell.State == models.CellFree {
			c.provedFree(cell.Number(), was, c.facts[written:])
		}
	}
}

func (c *chaos) asks() (n int) {
	for _, s := range c.sent {
		if s.Type == protocol.TypeAsk {
			n++
		}
	}
	return n
}

// provedFree: a cell became free by a window's end, a check, or because its door never
// opened.
func (c *chaos) provedFree(cell int, was models.Occupancy, facts []models.Fact) {
	c.t.Helper()
	reserved := was.State == models.CellReserved
	for _, f := range facts {
		if f.Cell != cell {
			continue
		}
		switch f.Type {
		case models.FactPickedUp:
			reserved = true // time enough passed for its window too
		case models.FactCellFreed, models.FactDoorJammed, models.FactOperationDone:
			if reserved {
				return
			}
		case models.FactCellChecked, models.FactWithdrawn, models.FactMissing, models.FactUnloaded:
			return
		}
	}
	require.Fail(c.t, "a cell became free without evidence", "cell %d was %v", cell, was)
}

// openedFor reports whether a technician had a free cell opened, by the fact that tells of it: there
// is one before the lock is driven.
func (c *chaos) openedFor(op *cabinet.Operation) (free bool) {
	c.t.Helper()
	i := slices.IndexFunc(c.facts, func(f models.Fact) bool { return f.Type == models.FactStaffOpen && f.Operation == op.ID })
	require.GreaterOrEqual(c.t, i, 0, "no fact tells that a technician opens a cell")
	data, err := c.facts[i].Payload()
	require.NoError(c.t, err)
	require.Equal(c.t, technician, data.Courier)
	if data.After.State == models.CellOutOfService && data.After.Doubtful {
		return op.Service == models.EntryFree // the fact does not tell whether it is free beneath that
	}
	return data.Shipment == "" && data.Label == "" && data.After.State != models.CellOccupied
}

// service is a technician who comes, and does this and that.
func (c *chaos) service() {
	c.t.Helper()
	v := c.screen()
	if !strings.HasPrefix(string(v.Screen), "T") {
		c.scan(staffBadge)
		c.keyIn(pin)
		c.press("service_repair")
		return
	}
	switch n := c.rnd.IntN(6); {
	case n < 2 && len(v.Items) > 0:
		c.do(cabinet.Chose{Key: v.Items[c.rnd.IntN(len(v.Items))].Key, ID: c.id()})
	case n < 5 && len(v.Buttons) > 0:
		c.press(v.Buttons[c.rnd.IntN(len(v.Buttons))])
	default:
		c.doors()
	}
}

func (c *chaos) act() {
	c.t.Helper()
	if strings.HasPrefix(string(c.screen().Screen), "T") && c.rnd.IntN(3) > 0 {
		c.service()
		return
	}
	switch n := c.rnd.IntN(100); {
	case n < 8:
		id := models.ShipmentID(fmt.Sprintf("shp_%d", len(c.shipments)))
		p := policy()
		if c.rnd.IntN(3) == 0 {
			p.Proof = models.ProofAnswered
		}
		sizes := []models.Size{models.SizeS, models.SizeM, models.SizeL}[:1+c.rnd.IntN(3)]
		p.ShareCells = c.rnd.IntN(3) == 0
		s, reach := shipment(id, p, sizes...), c.rnd.IntN(4) == 0
		for i := range s.Parcels {
			s.Parcels[i].Dimensions = models.Dimensions{WidthMM: 100, HeightMM: 10 * (1 + c.rnd.IntN(10)), DepthMM: 100}
			s.Parcels[i].EasyReach, s.Parcels[i].WeightG = reach, c.rnd.IntN(12_000)
		}
		c.entry(models.EntryShipment, string(id), s)
		c.shipments = append(c.shipments, id)
	case n < 10 && len(c.shipments) > 0 && c.rnd.IntN(3) == 0:
		c.give(protocol.Entry{Kind: models.EntryShipment, Key: string(c.any()), Deleted: true})
	case n < 11 && len(c.shipments) > 0 && c.rnd.IntN(2) == 0:
		id := c.any()
		w := models.DirectoryWithdrawal{
			Shipment: id, Locker: locker, Reason: "cancelled", Collectable: c.rnd.IntN(2) == 0, Over: c.rnd.IntN(3) == 0,
		}
		if c.rnd.IntN(3) == 0 {
			w.Reason, w.Collectable, w.Parcels = models.LeaveRefused, true, []models.ParcelID{models.ParcelID("par_" + string(id) + "-1")}
		}
		c.entry(models.EntryWithdrawal, string(id), w)
	case n < 12 && c.rnd.IntN(4) == 0:
		c.do(cabinet.BoardChanged{Board: "A", Cells: []int{1, 2, 3, 4, 5, 6}, Up: c.rnd.IntN(3) > 0})
	case n < 13 && c.rnd.IntN(10) == 0:
		off := c.rnd.IntN(2) == 0
		if c.rnd.IntN(3) == 0 {
			c.technicians(func(e *models.DirectoryCourier) { e.Suspended = off })
			return
		}
		c.staff(courier, carrier, badge, func(e *models.DirectoryCourier) { e.Unannounced, e.Suspended = true, off })
	case n < 14 && c.rnd.IntN(10) == 0:
		c.takeOver()
	case n < 13 && c.rnd.IntN(2) == 0:
		c.service()
	case n < 14:
		if c.rnd.IntN(3) == 0 {
			c.keyIn([]string{"0000", "12345678", "\x00\x1b" + pin, models.PickupCode(c.key, "shp_other", 1)}[c.rnd.IntN(4)])
			return
		}
		c.scan(badge)
		c.keyIn(pin)
	case n < 16:
		c.scan(fmt.Sprintf("shp_%d-1", len(c.shipments)+c.rnd.IntN(2))) // announced later, or never
		c.press(cabinet.Button([]string{"leave_s", "leave_m"}[c.rnd.IntN(2)]))
	case n < 30 && len(c.shipments) > 0:
		c.scan(fmt.Sprintf("%s-%d", c.any(), 1+c.rnd.IntN(3)))
	case n < 42 && len(c.shipments) > 0:
		code := models.PickupCode(c.key, c.anyStored(), 1+c.rnd.IntN(20)/18)
		if c.rnd.IntN(2) == 0 {
			c.keyIn(code)
		} else {
			c.scan(code)
		}
		if c.screen().Screen == cabinet.ScreenStopped {
			c.press(c.screen().Buttons[c.rnd.IntN(3)])
		}
	case n < 48:
		buttons, v := cabinet.Buttons(), c.screen()
		if items := v.Items; len(items) > 0 && c.rnd.IntN(3) == 0 {
			c.do(cabinet.Chose{Key: items[c.rnd.IntN(len(items))].Key, ID: c.id()})
			return
		}
		if len(v.Buttons) > 0 && c.rnd.IntN(2) == 0 {
			buttons = v.Buttons
		}
		c.press(buttons[c.rnd.IntN(len(buttons))])
	case n < 60:
		c.network()
	case n < 61 && c.rnd.IntN(2) == 0:
		c.restart()
	case n < 61 && c.rnd.IntN(2) == 0:
		c.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: c.rnd.IntN(2) == 0, Low: c.rnd.IntN(6) == 0}})
	case n < 61 && c.rnd.IntN(2) == 0:
		c.relayed()
	case n < 62 && len(c.state.Cells) > 0:
		c.fromAfar()
	case n < 70:
		c.server()
	case n < 92:
		c.doors()
	default:
		c.wait([]int64{1, 300, 1000, 2500, 2500, 8000, 60_000, 200_000}[c.rnd.IntN(8)])
	}
}

func strs(parcels []models.ParcelID) []string {
	var all []string
	for _, p := range parcels {
		all = append(all, string(p))
	}
	return all
}

// takeOver gives a list of contents in the middle of life, with whatever is wrong in it, and
// then once more: the second time nothing may change.
func (c *chaos) takeOver() {
	c.t.Helper()
	in := cabinet.Takeover{RestEmpty: c.rnd.IntN(2) == 0, Partial: c.rnd.IntN(4) > 0}
	for range 1 + c.rnd.IntN(4) {
		in.Rows = append(in.Rows, cabinet.TakeoverRow{
			Cell: c.rnd.IntN(len(c.state.Cells) + 2), Barcode: fmt.Sprintf("shp_%d-1", c.rnd.IntN(len(c.shipments)+3)),
			Carrier: []models.OrganizationID{carrier, carrier, "org_2"}[c.rnd.IntN(3)], Sure: c.rnd.IntN(2) == 0,
		})
	}
	c.do(in)
	before := slices.Clone(c.facts)
	c.do(in)
	require.Equal(c.t, before, c.facts, "the same list changed something again")
}

func (c *chaos) any() models.ShipmentID {
	// Mostly the newest ones, so that lives meet each other.
	n := len(c.shipments)
	return c.shipments[max(0, n-1-c.rnd.IntN(4))]
}

// anyStored prefers a shipment that has a parcel in a cell.
func (c *chaos) anyStored() models.ShipmentID {
	for _, cell := range c.state.Cells {
		if cell.Shipment != "" && c.rnd.IntN(3) == 0 {
			return cell.Shipment
		}
	}
	return c.any()
}

// server answers something that was asked, at once or late, or repeats an old command.
func (c *chaos) server() {
	c.t.Helper()
	if n := len(c.asked); n > 0 && c.rnd.IntN(3) == 0 {
		answer := cabinet.Replied{ID: c.asked[max(0, n-1-c.rnd.IntN(3))].ID}
		if c.rnd.IntN(4) > 0 {
			answer.Reply = &protocol.RequestReply{
				Verdict: []string{protocol.RequestHere, protocol.RequestElsewhere, protocol.RequestUnknown, protocol.RequestDone, protocol.RequestRefused}[c.rnd.IntN(5)],
				Place:   "L-002", Lockers: []models.NearbyLocker{{Locker: "lkr_2", Number: "L-002"}},
			}
		}
		c.hear(answer)
	}
	var asks []protocol.Ask
	for _, s := range c.sent {
		if ask, ok := s.Body.(protocol.Ask); ok {
			asks = append(asks, ask)
		}
	}
	if len(asks) == 0 {
		return
	}
	ask := asks[max(0, len(asks)-1-c.rnd.IntN(3))]
	verdict := []protocol.Verdict{protocol.Accepted, protocol.Accepted, protocol.Accepted, protocol.Refused, protocol.DecideLocally}[c.rnd.IntN(5)]
	if c.rnd.IntN(4) > 0 {
		c.hear(cabinet.Answer{Answer: protocol.Answer{Operation: ask.Operation, Verdict: verdict, Reason: "no"}})
	}
	if c.rnd.IntN(3) > 0 {
		cells := slices.Clone(ask.Cells)
		if c.rnd.IntN(6) == 0 {
			cells[0].Generation--
		}
		command := protocol.Command{ID: fmt.Sprintf("cmd-%d", c.rnd.IntN(1000)), Open: models.OpenInput{
			Locker: locker, Operation: ask.Operation, Kind: ask.Kind, Shipment: ask.Shipment, Cells: cells,
		}}
		for range 1 + c.rnd.IntN(2) {
			c.hear(cabinet.Command{Command: command})
		}
	}
}

// fromAfar sends a remote opening, now and then with something wrong. Any of them may come
// again, in this session or another.
func (c *chaos) fromAfar() {
	c.t.Helper()
	cell := c.state.Cells[c.rnd.IntN(len(c.state.Cells))]
	g := models.RemoteGrant{
		Locker: locker, Epoch: c.state.Journal.Epoch, Nonce: c.state.Link.Nonce, Cell: cell.Number(),
		Generation: cell.Generation - int64(c.rnd.IntN(8)/7), Purpose: models.PurposeService, Operation: c.id(),
		NotAfterMS: c.state.Link.ServerMS + c.now.UptimeMS - c.state.Link.ServerAt + int64(c.rnd.IntN(40_000)),
	}
	c.hear(remote(c.t, fmt.Sprintf("far-%d", c.steps), g, signer()))
}

// relayed moves what hangs on relays: they come and go, orders for the gate come with and without
// right, and what came of a drive is told late, again or never. Each order pulses the gate once.
func (c *chaos) relayed() {
	c.t.Helper()
	all := models.Outputs()
	c.do(cabinet.OutputChanged{Output: all[c.rnd.IntN(len(all))], Up: c.rnd.IntN(4) > 0})
	c.do(cabinet.TamperRead{Tamper: models.TamperHousing, Alarm: c.rnd.IntN(2) == 0, Known: c.rnd.IntN(4) > 0})
	c.do(cabinet.OutputTried{Output: all[c.rnd.IntN(len(all))]})
	g := c.gate(c.id())
	g.NotAfterMS = c.state.Link.ServerMS + c.now.UptimeMS - c.state.Link.ServerAt + int64(c.rnd.IntN(40_000))
	if c.rnd.IntN(3) == 0 {
		g.Purpose, g.Cell = models.PurposeHelp, c.rnd.IntN(2)
	}
	order := remote(c.t, fmt.Sprintf("gate-%d", c.steps), g, signer())
	order.Open.Cells = nil
	c.hear(order)
	pulsed := map[models.OperationID]int{}
	for _, d := range c.drives {
		if d.Output == models.OutputGate {
			pulsed[d.Operation]++
			require.Equal(c.t, 1, pulsed[d.Operation], "%s pulses the gate again", d.Operation)
		}
	}
	if n := len(c.drives); n > 0 && c.rnd.IntN(4) > 0 {
		c.do(cabinet.OutputDriven{Drive: c.drives[max(0, n-1-c.rnd.IntN(3))], Done: c.rnd.IntN(3) > 0, Unsure: c.rnd.IntN(3) == 0})
	}
}

// hear gives the cabinet a message now, or keeps it for later; it may come again.
func (c *chaos) hear(in cabinet.Input) {
	c.t.Helper()
	c.far.messages = append(c.far.messages, in)
	if c.rnd.IntN(4) > 0 {
		c.do(in)
	}
}

// doors moves a door: mostly one that was just driven, or one that is open.
func (c *chaos) doors() {
	c.t.Helper()
	if c.rnd.IntN(200) == 0 {
		c.open(1 + c.rnd.IntN(len(c.state.Cells))) // by itself
		return
	}
	for _, op := range c.state.Operations {
		if cells := op.Cells(cabinet.DoorPulsed); len(cells) > 0 && c.rnd.IntN(15) > 0 {
			c.open(cells[0])
			return
		}
	}
	for _, cell := range c.state.Cells {
		if cell.Open && c.rnd.IntN(2) == 0 {
			c.close(cell.Number())
			return
		}
	}
}

func (c *chaos) restart() {
	c.t.Helper()
	var open []int
	for _, cell := range c.state.Cells {
		if cell.Open && c.rnd.IntN(3) > 0 || c.rnd.IntN(100) == 0 {
			open = append(open, cell.Number())
		}
	}
	c.boots++
	if c.rnd.IntN(2) == 0 {
		c.now.UptimeMS = int64(c.rnd.IntN(5000))
	}
	c.do(cabinet.Started{Boot: fmt.Sprintf("boot-%d", c.boots), Open: open})
}

// settle shuts every door and lets everybody go: then nothing may be left under way.
func (c *chaos) settle() {
	c.t.Helper()
	c.do(cabinet.LinkDown{})
	for range 10 {
		for _, cell := range c.state.Cells {
			if cell.Open {
				c.close(cell.Number())
			}
		}
		c.wait(300_000)
	}
	for _, op := range c.state.Operations {
		require.Contains(c.t, []cabinet.OperationState{cabinet.StateDone, cabinet.StateAbandoned}, op.State, "%s: %+v", op.ID, op)
	}
	require.Empty(c.t, c.state.Windows)
}

// eachEndIsTold: of every operation that was asked a fact names the shipment, and one
// parcel is not picked up twice in a row.
func (c *chaos) eachEndIsTold() {
	c.t.Helper()
	told := map[models.OperationID]bool{}
	in := map[models.ParcelID]bool{}
	for _, f := range c.facts {
		d, err := f.Payload()
		require.NoError(c.t, err)
		told[f.Operation] = told[f.Operation] || d.Shipment != ""
		if d.After == nil {
			continue // carried over into a new epoch
		}
		switch f.Type {
		case models.FactWithdrawn, models.FactMissing, models.FactUnloaded:
			in[d.Parcel] = false
		case models.FactCellChecked:
			in[d.Parcel] = in[d.Parcel] || d.Reason == "found"
		case models.FactRefused, models.FactDamaged:
			in[d.Parcel] = true
		case models.FactDeposited:
			require.False(c.t, in[d.Parcel], "%s was deposited twice", d.Parcel)
			in[d.Parcel] = true
		case models.FactPickedUp:
			require.True(c.t, in[d.Parcel], "%s was picked up, yet it was not there", d.Parcel)
			delete(in, d.Parcel)
		}
	}
	for _, s := range c.sent {
		if ask, ok := s.Body.(protocol.Ask); ok {
			require.True(c.t, told[ask.Operation], "no fact tells how %s ended", ask.Operation)
		}
	}
}
