package simulation

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"cubby/agent/cabinet"
	"cubby/agent/journal"
	"cubby/agent/protocol"
	"cubby/models"
)

// remoteAnHour is how many doors may be opened from afar within an hour (design, principle 8).
const remoteAnHour = 12

// reopenSlack is how much longer than the policy's window a reopening may begin: doors that
// are open, objections and answers hold the window.
const reopenSlack = 3 * minute

// watch is what was seen of a cabinet, for judging what it does.
type watch struct {
	couriers  []*courierAccount
	pulsed    map[cabinet.Pulse]bool
	jammed    map[attempt]bool
	abandoned map[models.OperationID]bool
	used      map[models.ShipmentID]int   // the newest issue of a code that opened something
	moved     map[models.ShipmentID]int64 // when a door of the shipment's last moved, in powered ms
	known     map[models.CourierID]knownCourier
	frozen    map[models.ShipmentID]bool // as the cabinet was last told
	remote    []int64                    // when doors were driven from afar
	gates     []int64                    // when the gate was
	cells     []cabinet.Cell
	sessions  [2]cabinet.Session // in front, and at the back
	busy      [2][]int           // doors of each that stood open, and not for long
	order     int64
	facts     int64
	epoch     int64
	head      factKey
	hash      string
}

type attempt struct {
	op   models.OperationID
	cell int
	n    int
}

type knownCourier struct {
	rev       int64
	suspended bool
}

func newWatch() watch {
	w := watch{pulsed: map[cabinet.Pulse]bool{}, jammed: map[attempt]bool{}, abandoned: map[models.OperationID]bool{}}
	w.forget()
	return w
}

// forget drops what a cabinet whose store was lost cannot know any more.
func (w *watch) forget() {
	w.frozen = map[models.ShipmentID]bool{}
	w.used, w.moved, w.known = map[models.ShipmentID]int{}, map[models.ShipmentID]int64{}, map[models.CourierID]knownCourier{}
	w.head, w.hash, w.order, w.facts, w.epoch, w.cells, w.remote, w.gates = factKey{}, "", 0, 0, 0, nil, nil, nil
}

// before remembers the cells as they are before a step.
func (w *watch) before(n *node) {
	w.cells = w.cells[:0]
	for _, c := range n.state().Cells {
		w.cells = append(w.cells, *c)
	}
	w.sessionsBefore(n)
}

// check judges a step.
func (n *node) check(in cabinet.Input) {
	s := n.state()
	if err := s.Check(); err != nil {
		n.w.fail(n, "after %T: %v", in, err)
		return
	}
	if in, ok := in.(cabinet.DirectoryEntries); ok {
		n.learn(in.Entries)
	}
	n.checkOperations(in)
	n.checkCells(in)
	n.checkSessions(in)
	n.checkAnswered(in)
	n.checkLeftOpen()
	n.checkFacts()
}

// learn remembers which revision of a courier the cabinet has seen.
func (n *node) learn(entries []protocol.Entry) {
	for _, e := range entries {
		if e.Kind == models.EntryShipment {
			var s models.DirectoryShipment
			n.watch.frozen[models.ShipmentID(e.Key)] = !e.Deleted && json.Unmarshal(e.Body, &s) == nil && s.Frozen
		}
		id := models.CourierID(e.Key)
		if e.Kind != models.EntryCourier || e.Deleted || e.Rev <= n.watch.known[id].rev {
			continue
		}
		var c models.DirectoryCourier
		if json.Unmarshal(e.Body, &c) == nil {
			n.watch.known[id] = knownCourier{e.Rev, c.Suspended}
		}
	}
}

// checkLogin: whoever the cabinet knows to be suspended is let in nowhere. While a door of his is open, or its board is
// dead and nobody saw it shut, the screen still waits for that.
func (n *node) checkLogin(c *courier) {
	if n.watch.known[c.account.id].suspended && n.view().Operation == "" {
		n.w.fail(n, "courier %s is let in, and the cabinet was told that he is suspended", c.account.id)
	}
}

func (n *node) checkOperations(in cabinet.Input) {
	for _, op := range slices.Backward(n.state().Operations) {
		if op.State == cabinet.StateAbandoned {
			n.watch.abandoned[op.ID] = true
		}
		if op.Order > n.watch.order {
			n.began(op, in)
		}
	}
	n.watch.order = max(n.watch.order, n.state().Begun)
}

// began judges an operation that has just begun.
func (n *node) began(op *cabinet.Operation, in cabinet.Input) {
	n.w.Stats.Operations++
	n.checkPower(op)
	if op.Service != "" {
		n.w.Stats.Services++
		if _, is := n.queues[n.side].people[0].(*technician); !is {
			n.w.fail(n, "cell %d is opened for service, and no technician is here", op.Doors[0].Cell)
		}
	}
	if op.Kind != models.Pickup {
		return
	}
	switch in.(type) {
	case cabinet.Keyed, cabinet.Scanned:
		c := n.lastCode
		switch {
		case c.of == nil || c.of.id != op.Shipment:
			n.w.fail(n, "a code of another shipment begins a pickup of %s", op.Shipment)
		case c.issue < n.watch.used[op.Shipment]:
			n.w.fail(n, "the code of issue %d of %s opens, after issue %d was used", c.issue, op.Shipment, n.watch.used[op.Shipment])
		}
		n.watch.used[op.Shipment] = c.issue
		if n.watch.frozen[op.Shipment] && !op.Reopens {
			n.w.fail(n, "a code opens cells of %s, and the cabinet was told that it is frozen", op.Shipment)
		}
	}
	if !op.Reopens {
		return
	}
	if since := n.poweredMS() - n.watch.moved[op.Shipment]; since > op.Policy.Reopen.Duration().Milliseconds()+reopenSlack {
		n.w.fail(n, "cells of %s are opened again %d s after its last door moved", op.Shipment, since/second)
	}
}

func (n *node) checkCells(in cabinet.Input) {
	for i, c := range n.state().Cells {
		if i < len(n.watch.cells) {
			n.checkCell(&n.watch.cells[i], c)
		}
		if d, ok := in.(cabinet.DoorChanged); ok && d.Cell == c.Number() && c.Shipment != "" {
			n.watch.moved[c.Shipment] = n.poweredMS()
		}
	}
}

func (n *node) checkCell(before, now *cabinet.Cell) {
	if n.restored {
		return // what it believes is old, and nobody has told it
	}
	box := n.steel.cell(now.Number())
	if op := n.find(now.Operation); op != nil && op.Shares == now.Number() && before.Operation != now.Operation {
		n.checkShared(before, op)
	} else if op != nil && op.Kind == models.Deposit && before.Operation != now.Operation {
		if before.State != models.CellFree || before.Doubtful || before.Dead || before.Broken {
			n.w.fail(n, "cell %d is offered for %s: it was %s, doubtful %t", now.Number(), op.ID, before.State, before.Doubtful)
		}
		n.checkDevices(before, op)
		n.checkPromises(op, now)
		n.checkReach(op, now)
		if len(box.things) > 0 && !box.forgotten {
			n.w.fail(n, "cell %d is offered for %s, and %v is inside", now.Number(), op.ID, box.things)
		}
	}
	idle := now.Operation == "" && !anyOpen(now) && !box.reachable()
	if idle && now.State == models.CellFree && !now.Doubtful && len(box.things) > 0 && !box.forgotten && before.Operation == "" {
		n.w.fail(n, "cell %d is free, and %v is inside", now.Number(), box.things)
	}
	if now.Generation < before.Generation {
		n.w.fail(n, "cell %d goes back from generation %d to %d", now.Number(), before.Generation, now.Generation)
	}
}

// checkShared: a parcel goes only to one of its own shipment, and only to where nothing is in doubt.
func (n *node) checkShared(before *cabinet.Cell, op *cabinet.Operation) {
	n.w.Stats.Shared++
	if before.State != models.CellOccupied || before.Doubtful || before.Dead || before.Shipment != op.Shipment || before.Refusal != "" {
		n.w.fail(n, "cell %d is offered for %s of %s beside what is in it: it was %s of %s, doubtful %t", before.Number(), op.ID, op.Shipment,
			before.State, before.Shipment, before.Doubtful)
	}
}

func (n *node) find(id models.OperationID) *cabinet.Operation {
	if id == "" {
		return nil
	}
	for _, op := range slices.Backward(n.state().Operations) {
		if op.ID == id {
			return op
		}
	}
	return nil
}

// checkFacts judges the facts of the step: a door is told open only if it really was.
func (n *node) checkFacts() {
	j := &n.state().Journal
	if j.Epoch != n.watch.epoch {
		n.watch.epoch, n.watch.facts = j.Epoch, 0
		n.watch.facts = j.Seq // what is told again was judged before
	}
	for _, f := range slices.Backward(j.Facts) {
		if f.Seq <= n.watch.facts {
			break
		}
		n.checkFact(f)
	}
	n.watch.facts = j.Seq
	n.watch.head, n.watch.hash = factKey{j.Epoch, j.Seq}, j.Hash
}

func (n *node) checkFact(f models.Fact) {
	if f.Type == models.FactDoorOpened {
		if !n.steel.cell(f.Cell).wasOpen(n.w.now) && !n.boardOf(f.Cell).dead {
			n.w.fail(n, "door %d is told to have opened, and it did not", f.Cell)
		}
	}
	if f.Type == models.FactDeposited && n.believed(f.Cell).Sensed == cabinet.SensedEmpty {
		n.w.fail(n, "a parcel is told to be in cell %d, and its sensor sees none", f.Cell)
	}
	n.remember(f)
}

// remember keeps what a fact means for judging what comes after it.
func (n *node) remember(f models.Fact) {
	d, err := f.Payload()
	if err != nil {
		n.w.fail(n, "a fact cannot be read: %v", err)
		return
	}
	switch f.Type {
	case models.FactDoorJammed:
		n.watch.jammed[attempt{f.Operation, f.Cell, d.Attempt}] = true
	case models.FactPickedUp:
		n.watch.moved[d.Shipment] = n.poweredMS()
	}
}

// checkPulse judges a pulse at the moment at which it is handed out.
func (n *node) checkPulse(p cabinet.Pulse) {
	if n.watch.pulsed[p] {
		n.w.fail(n, "pulse %+v comes twice", p)
	}
	n.watch.pulsed[p] = true
	op := n.find(p.Operation)
	if op == nil {
		n.w.fail(n, "pulse %+v is of no operation", p)
		return
	}
	i := slices.IndexFunc(op.Doors, func(d cabinet.Door) bool { return d.Cell == p.Cell && d.Attempt == p.Attempt })
	switch {
	case i < 0:
		n.w.fail(n, "pulse %+v is of no door of its operation: %+v", p, op.Doors)
	case n.watch.abandoned[op.ID]:
		n.w.fail(n, "pulse %+v is of an operation that was abandoned", p)
	case p.Attempt > 1 && !n.watch.jammed[attempt{p.Operation, p.Cell, p.Attempt - 1}]:
		n.w.fail(n, "pulse %+v, and the attempt before did not fail", p)
	case n.w.failed == nil:
		n.checkSide(p, op)
		n.checkAuthority(p, op, op.Doors[i])
	}
}

// checkAuthority: what allows a pulse is on the disk, and it is for this cell as it is.
func (n *node) checkAuthority(p cabinet.Pulse, op *cabinet.Operation, d cabinet.Door) {
	var kept cabinet.Operation
	raw := n.disk.durable[rowKey{journal.TableOperation, string(op.ID)}]
	if json.Unmarshal(raw, &kept) != nil || kept.Authority == "" ||
		!slices.ContainsFunc(kept.Doors, func(k cabinet.Door) bool {
			return k.Cell == p.Cell && k.Attempt == p.Attempt && k.State == cabinet.DoorPulsed
		}) {
		n.w.fail(n, "pulse %+v, and its intent is not on the disk: %s", p, raw)
		return
	}
	c := n.state().Cells[p.Cell-1]
	if d.Generation != c.Generation || c.Operation != op.ID {
		n.w.fail(n, "pulse %+v is for generation %d of the cell, which is at %d, held by %q", p, d.Generation, c.Generation, c.Operation)
	}
	switch busy := n.doorsBusy(); {
	case n.power.OnBattery && busy > 1:
		n.w.fail(n, "pulse %+v on battery makes %d doors open or about to be", p, busy)
	case busy > protocol.DoorsAtOnce:
		n.w.fail(n, "pulse %+v makes %d doors open or about to be", p, busy)
	}
	switch op.Kind {
	case models.Pickup:
		if c.Shipment != op.Shipment {
			n.w.fail(n, "pulse %+v opens the cell of %q for %s", p, c.Shipment, op.Shipment)
		}
	case models.RemoteOpen:
		n.checkRemote(p, c)
	}
}

// doorsBusy counts the doors that are open or about to be, but for those that were told of as left open, and those of a
// dead board, of which nobody knows.
func (n *node) doorsBusy() int {
	busy := 0
	for _, c := range n.state().Cells {
		pulsing := false
		if op := n.find(c.Operation); op != nil {
			pulsing = slices.ContainsFunc(op.Doors, func(d cabinet.Door) bool {
				return d.Cell == c.Number() && d.State == cabinet.DoorPulsed
			})
		}
		counts := !c.Dead && (c.Open && !c.LeftOpen || c.Load != nil && c.Load.Open && !c.Load.LeftOpen)
		if counts || pulsing {
			busy++
		}
	}
	return busy
}

func (n *node) checkRemote(p cabinet.Pulse, c *cabinet.Cell) {
	g := n.w.server.grants[p.Operation]
	n.watch.remote = slices.DeleteFunc(n.watch.remote, func(at int64) bool { return at <= n.poweredMS()-hour })
	n.watch.remote = append(n.watch.remote, n.poweredMS())
	switch {
	case g == nil:
		n.w.fail(n, "pulse %+v is of a grant that nobody signed", p)
	case g.used:
		n.w.fail(n, "the grant of %s is used twice", p.Operation)
	case g.grant.Cell != p.Cell || g.grant.Generation != c.Generation:
		n.w.fail(n, "pulse %+v: the grant is for cell %d, generation %d of it; it is at %d", p, g.grant.Cell, g.grant.Generation, c.Generation)
	case g.grant.Nonce != n.link.nonce:
		n.w.fail(n, "pulse %+v: the grant is for session %s, this is %s", p, g.grant.Nonce, n.link.nonce)
	case n.w.now > g.expires+10*second: // messages take their time
		n.w.fail(n, "pulse %+v: the grant expired %d s ago", p, (n.w.now-g.expires)/second)
	case len(n.watch.remote) > remoteAnHour:
		n.w.fail(n, "%d doors were opened from afar within an hour", len(n.watch.remote))
	default:
		g.used = true
		n.w.in(n.w.between(10*second, 40*second), func() { n.shutAt(p.Cell, models.SideFront) })
	}
}

// checkAck: what the server acknowledges, it has.
func (n *node) checkAck(facts []models.Fact, reply protocol.JournalReply) {
	kept := n.w.server.at(n).hashes
	for _, f := range facts {
		if f.Epoch == reply.Epoch && f.Seq <= reply.Seq && kept[factKey{f.Epoch, f.Seq}] != f.Hash {
			n.w.fail(n, "fact %d/%d is acknowledged, and the server does not have it", f.Epoch, f.Seq)
			return
		}
	}
}

// relearn takes in what of couriers the store knows beyond what was seen: a cabinet that dies in
// a commit may have made it durable.
func (n *node) relearn() {
	kept := n.state().Directory
	for id := range n.watch.frozen {
		e := kept.Shipments[id]
		n.watch.frozen[id] = e != nil && e.Frozen
	}
	for _, c := range n.watch.couriers {
		if rev := kept.Revs[string(models.EntryCourier)+"/"+string(c.id)]; rev > n.watch.known[c.id].rev {
			n.watch.known[c.id] = knownCourier{rev, kept.Couriers[c.id].Suspended}
		}
	}
}

// checkRestart: what was durable before a stop is there after it.
func (n *node) checkRestart() {
	j := &n.state().Journal
	was := n.watch.head
	n.relearn()
	if was.seq == 0 { // another store than before: what it holds was judged in its time
		n.watch.order, n.watch.epoch, n.watch.facts = n.state().Begun, j.Epoch, j.Seq
		for _, c := range n.watch.couriers {
			kept := n.state().Directory
			n.watch.known[c.id] = knownCourier{kept.Revs[string(models.EntryCourier)+"/"+string(c.id)], kept.Couriers[c.id].Suspended}
		}
	}
	if was.seq == 0 || j.Epoch > was.epoch {
		return
	}
	if j.Epoch < was.epoch || j.Seq < was.seq {
		n.w.fail(n, "after a restart the journal ends at %d/%d; it had reached %d/%d", j.Epoch, j.Seq, was.epoch, was.seq)
		return
	}
	for _, f := range j.Facts {
		if f.Epoch == n.watch.epoch && f.Seq > n.watch.facts {
			n.remember(f) // durable in the moment of its death
		}
		if f.Seq == was.seq && f.Hash != n.watch.hash {
			n.w.fail(n, "after a restart fact %d/%d is another one", was.epoch, was.seq)
		}
	}
	n.watch.facts = j.Seq
}

// pinHash is models.HashPIN with one round: thousands of logins are simulated.
func pinHash(pin string) string {
	salt := []byte("simulated")
	sum, err := pbkdf2.Key(sha256.New, pin, salt, 1, 32)
	if err != nil {
		panic(err) // the length is right
	}
	return fmt.Sprintf("pbkdf2-sha256$1$%s$%s", hex.EncodeToString(salt), hex.EncodeToString(sum))
}
