package simulation

import (
	"fmt"
	"slices"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// courierAccount is a courier as the server knows him.
type courierAccount struct {
	id        models.CourierID
	badge     string
	pin       string
	rev       int64
	suspended bool
}

// checksAVisit is how many cells in doubt a courier has time for.
const checksAVisit = 5

const courierPIN = "4711"

func newCourier(n *node, i int) *courierAccount {
	k := n.index*10 + i + 1
	return &courierAccount{
		id: models.CourierID(id(models.PrefixCourier, k)), badge: fmt.Sprintf("BADGE-%d", k), pin: courierPIN,
	}
}

// couriersHere remembers who works at a cabinet.
func (n *node) couriersHere(c *courierAccount) { n.watch.couriers = append(n.watch.couriers, c) }

// publish tells a cabinet of a courier as he is now.
func (s *server) publish(n *node, c *courierAccount) {
	c.rev++
	s.write(n, protocol.Entry{Kind: models.EntryCourier, Key: string(c.id), Rev: c.rev}, models.DirectoryCourier{
		Courier: c.id, Organization: carrierID, Role: models.RoleCourier, Badge: c.badge, PINHash: pinHash(c.pin), Suspended: c.suspended,
	})
}

// courier is a courier before a cabinet, with the parcels in his bag.
type courier struct {
	account *courierAccount
	bag     []*carried
	stage   int
	at      int // in the bag
	until   int64
	tries   int
	checks  int
	holding string   // what he scanned of the cell that he looks into
	hands   []string // what he has taken out, and not scanned yet
	seen    int      // of the things in the cell that he looks into: scanned
	cell    int
	out     bool // "does not fit" or "not placed" was pressed: the parcel is out again
}

// carried is one parcel of a shipment in a bag.
type carried struct {
	of    *shipment
	label string
}

// The stages of a visit.
const (
	showBadge = iota
	typePIN
	load
	asking // the server, of a label
	loading
	collect
	collecting
	look
	looking
	finish
)

// visit sends a courier with everything that is to be brought to a cabinet now.
func (n *node) visit() {
	v := &courier{account: n.watch.couriers[n.w.rng.IntN(len(n.watch.couriers))]}
	for _, sh := range n.w.server.shipments {
		if sh.node != n {
			continue
		}
		for _, l := range sh.labels {
			if sh.where[l] == withCarrier && n.w.rng.IntN(10) < 8 && !sh.life.State.Final() {
				v.bag = append(v.bag, &carried{sh, l})
			}
		}
		if len(v.bag) > 14 {
			break
		}
	}
	n.comes(v)
}

// act implements visitor.
func (c *courier) act(n *node) (int64, bool) {
	w := n.w
	if c.until == 0 {
		c.until = w.now + 40*minute
	}
	if w.now > c.until {
		return 0, true
	}
	v := n.view()
	if len(n.mine(v)) == 0 && n.above(v) {
		return w.between(second, 3*second), false
	}
	// A screen that went its own way has him begin again.
	if c.stage > typePIN && v.Courier == "" && v.Operation == "" {
		if c.tries++; c.tries > 6 {
			return 0, true
		}
		c.stage = showBadge
	}
	switch c.stage {
	case showBadge:
		n.fiddle(10)
		n.scans(c.account.badge)
		return c.login(n)
	case typePIN:
		n.types(c.account.pin)
		if n.running && n.view().Courier == c.account.id {
			n.checkLogin(c)
			c.stage = load
		} else {
			c.stage = showBadge
			if c.tries++; c.tries > 6 {
				return 0, true
			}
		}
		return w.between(500, 2*second), false
	case load:
		return c.loadNext(n)
	case asking:
		return c.hears(n, v)
	case loading:
		return c.watchDoor(n, v)
	case collect, collecting:
		return c.takeOut(n, v)
	case look, looking:
		return c.lookInto(n, v)
	}
	n.press(cabinet.ButtonFinish)
	return 0, true
}

func (c *courier) login(n *node) (int64, bool) {
	if !n.running {
		return second, false
	}
	v := n.view()
	switch {
	case v.Courier == c.account.id:
		n.checkLogin(c)
		c.stage = load
	case v.Text == cabinet.TextPIN || v.Text == cabinet.TextWrongPIN:
		c.stage = typePIN
		if n.w.chance(3) {
			n.types("0000")
		}
	default:
		if c.tries++; c.tries > 4 {
			return 0, true // dismissed, or somebody else's doors are open
		}
	}
	return n.w.between(second, 3*second), false
}

// loadNext scans the next label of the bag.
func (c *courier) loadNext(n *node) (int64, bool) {
	w := n.w
	for c.at < len(c.bag) && c.bag[c.at].of.where[c.bag[c.at].label] != withCarrier {
		c.at++
	}
	if c.at == len(c.bag) {
		c.stage, c.tries = collect, 0
		return w.between(500, second), false
	}
	b := c.bag[c.at]
	c.holding, c.cell, c.out = "", 0, false
	n.scans(b.label)
	if !n.running || w.failed != nil {
		return second, false
	}
	switch v := n.view(); v.Text {
	case cabinet.TextWait, cabinet.TextOpening, cabinet.TextPutIn, cabinet.TextSame:
		c.stage = loading
		return w.between(200, second), false
	default:
		if v.Screen == cabinet.ScreenUnknown && w.chance(70) {
			n.press(cabinet.ButtonAskServer)
			c.stage = asking
			return w.between(second, 5*second), false
		}
		c.at++ // not expected, no room, cancelled, in already: it goes back into the van
		return w.between(second, 2*second), false
	}
}

// hears waits for what the server says of a label that nobody here knows.
func (c *courier) hears(n *node, v cabinet.View) (int64, bool) {
	switch v.Text {
	case cabinet.TextAsking:
		return n.w.between(second, 3*second), false
	case cabinet.TextWait, cabinet.TextOpening, cabinet.TextPutIn:
		c.stage = loading
	default:
		n.press(cabinet.ButtonTakeBack)
		c.stage, c.at = load, c.at+1
	}
	return n.w.between(300, second), false
}

// watchDoor waits for the door of the parcel in hand, and puts it in.
func (c *courier) watchDoor(n *node, v cabinet.View) (int64, bool) {
	w, b := n.w, c.bag[c.at]
	if open := n.mine(v); len(open) > 0 && v.Text != cabinet.TextIsEmpty {
		return c.atDoor(n, b, open[0], v)
	}
	switch v.Text {
	case cabinet.TextWait:
		if w.chance(4) {
			w.faults.hit(n, cancelPressed)
			n.press(cabinet.ButtonCancel)
			c.stage, c.at = load, c.at+1
		}
	case cabinet.TextIsEmpty:
		answer, doors := cabinet.ButtonEmpty, n.find(v.Operation).Doors
		if len(n.steel.cell(doors[len(doors)-1].Cell).things) > 0 {
			answer = cabinet.ButtonNotEmpty
		}
		n.press(answer)
		c.out = false
	case cabinet.TextSame:
		switch r := w.rng.IntN(10); {
		case r < 6:
			n.press(cabinet.ButtonSameCell)
		case r < 8:
			n.press(cabinet.ButtonNewCell)
		case r < 9:
			n.press(cabinet.ButtonCancel)
		}
	case cabinet.TextTookOut:
		answer := cabinet.ButtonTaken
		if slices.Contains(n.steel.cell(n.find(v.Operation).Shares).things, b.label) {
			answer = cabinet.ButtonNotTaken
		}
		n.press(answer)
		c.out = false
	case cabinet.TextOpening, cabinet.TextPutIn, cabinet.TextTakeOut:
	default:
		c.stage, c.at = load, c.at+1
	}
	return w.between(300, 1500), false
}

// beside reports whether a parcel goes to others of its shipment, which alone are there.
func (c *courier) beside(op *cabinet.Operation, b *carried, box *compartment) bool {
	return op.Shares == box.number && !slices.ContainsFunc(box.things, func(thing string) bool { return !slices.Contains(b.of.labels, thing) })
}

// atDoor stands before an open door with a parcel.
func (c *courier) atDoor(n *node, b *carried, cell int, v cabinet.View) (int64, bool) {
	w, box := n.w, n.steel.cell(cell)
	c.cell = cell
	if v.Text == cabinet.TextTakeOut || c.out {
		c.takeBack(box, b)
		n.shut(cell)
		return w.between(300, second), false
	}
	op := n.find(v.Operation)
	another := !slices.Contains(op.Doors[len(op.Doors)-1].Parcels, b.of.parcelOf(b.label))
	if another || len(box.things) > 0 && !c.beside(op, b, box) || b.of.where[b.label] != withCarrier {
		// It is for another parcel, something is in it, or his parcel is in another cell: he says that he placed nothing.
		n.press(cabinet.ButtonCancel)
		c.out = true
		return w.between(300, second), false
	}
	switch r := w.rng.IntN(100); {
	case w.calm:
	case r < 4:
		n.fiddle(40)
		return w.between(5*second, 40*second), false
	case r < 7:
		n.press([]cabinet.Button{cabinet.ButtonNotFit, cabinet.ButtonCancel}[r%2])
		c.out = true
		return w.between(300, second), false
	case r < 8:
		w.faults.hit(n, walkAway)
		b.of.excused = "a courier went away with a parcel, and whoever shut the door had it taken for put in"
		return 0, true
	}
	box.put(b.label)
	b.of.where[b.label] = inCell
	if n.restored {
		b.of.excused = "it was put in by an old copy of the store, which the server overrules"
	}
	w.log(n, "courier puts %s of %s into cell %d", b.label, b.of.id, cell)
	if w.chance(1.5) {
		w.faults.hit(n, walkAway)
		return 0, true // without shutting the door
	}
	if w.chance(2) {
		n.press(cabinet.ButtonCancel) // changed his mind
		c.out = true
		return w.between(300, second), false
	}
	if c.at+1 < len(c.bag) && w.chance(15) {
		n.scans(c.bag[c.at+1].label) // its door opens once this one is shut
		c.stage, c.at = load, c.at+1
	}
	n.shut(cell)
	return w.between(300, second), false
}

// takeBack takes the courier's own parcel out again.
func (c *courier) takeBack(box *compartment, b *carried) {
	if box.lose(b.label) {
		b.of.where[b.label] = withCarrier
	}
}

// takeOut takes out what the list says.
func (c *courier) takeOut(n *node, v cabinet.View) (int64, bool) {
	w := n.w
	if open := n.mine(v); len(open) > 0 {
		return c.takeFrom(n, open[0])
	}
	switch v.Text {
	case cabinet.TextWait, cabinet.TextOpening, cabinet.TextTakeAndScan:
		return w.between(300, second), false
	case cabinet.TextJammed:
		n.press(cabinet.ButtonFinish)
	case cabinet.TextScanTaken, cabinet.TextNotThis:
		return c.scanTaken(n)
	case cabinet.TextCollectList:
		if c.tries++; c.tries > 8 {
			c.stage, c.tries = look, 0
			break
		}
		n.press(cabinet.ButtonOpenNext)
	default:
		if c.stage == collecting && v.Text == cabinet.TextNothingThere || c.tries > 8 {
			c.stage, c.tries = look, 0
			break
		}
		c.tries++
		c.stage = collecting
		n.press(cabinet.ButtonCollect)
	}
	return w.between(500, 2*second), false
}

func (c *courier) takeFrom(n *node, cell int) (int64, bool) {
	w := n.w
	c.cell = cell
	if w.chance(1) {
		w.faults.hit(n, walkAway)
		return 0, true
	}
	forgotten := n.steel.cell(cell).forgotten
	things := n.steel.cell(cell).takeOut()
	for _, thing := range things {
		of := n.w.server.owner(thing)
		if !of.wasLeaving && !of.refused[thing] && of.excused == "" && !n.restored && !forgotten {
			w.fail(n, "a courier takes %s of %s out of cell %d, and nobody withdrew it", thing, of.id, cell)
		}
		of.where[thing] = withClient // it leaves the cabinet for good
	}
	c.hands = things
	w.log(n, "courier takes %v out of cell %d", things, cell)
	if len(things) > 0 && w.rng.IntN(2) == 0 {
		n.scans(things[0])
	}
	n.shut(cell)
	return w.between(300, second), false
}

// scanTaken scans what was taken out, or says that nothing was there.
func (c *courier) scanTaken(n *node) (int64, bool) {
	if len(c.hands) == 0 {
		n.press(cabinet.ButtonMissing)
	} else {
		n.scans(c.hands[0])
		c.hands = c.hands[1:]
	}
	return n.w.between(500, 2*second), false
}

// lookInto opens cells in doubt.
func (c *courier) lookInto(n *node, v cabinet.View) (int64, bool) {
	w := n.w
	if open := n.mine(v); len(open) > 0 {
		c.cell = open[0]
		n.shut(open[0])
		return w.between(300, second), false
	}
	switch v.Text {
	case cabinet.TextWait, cabinet.TextOpening, cabinet.TextPleaseClose:
		return w.between(300, second), false
	case cabinet.TextWhatInside:
		c.cell = n.find(v.Operation).Doors[0].Cell
		things := n.steel.cell(c.cell).things
		switch {
		case len(things) == 0:
			n.press(cabinet.ButtonEmpty)
		case c.holding == things[0]: // scanned already: the cabinet does not know it
			n.press(cabinet.ButtonSomethingElse)
			n.steel.cell(c.cell).forgotten = true
		default:
			c.holding = things[0]
			n.scans(things[0])
		}
		return w.between(500, 2*second), false
	case cabinet.TextWhatElse:
		if things := n.steel.cell(c.cell).things; c.seen+1 < len(things) {
			c.seen++
			n.scans(things[c.seen])
		} else {
			n.press(cabinet.ButtonNothingElse)
		}
		return w.between(500, 2*second), false
	case cabinet.TextJammed:
		n.press(cabinet.ButtonFinish)
		return w.between(500, second), false
	}
	if c.checks++; c.checks > checksAVisit && !n.w.calm || c.checks > cellsPerNode || v.Text == cabinet.TextNothingDoubt {
		c.stage = finish
		return second, false
	}
	c.holding, c.seen = "", 0
	n.press(cabinet.ButtonCheck)
	return w.between(300, second), false
}

// owner is the shipment of a parcel's label.
func (s *server) owner(label string) *shipment {
	for _, sh := range s.shipments {
		if slices.Contains(sh.labels, label) {
			return sh
		}
	}
	return nil
}

// announceDaily has shipments announced, and couriers come all day.
func (w *World) announceDaily(n *node) {
	var announce, come func()
	announce = func() {
		if w.calm {
			return
		}
		for range w.between(1, 4) {
			w.server.announce(n)
		}
		w.in(w.between(40*minute, 120*minute), announce)
	}
	come = func() {
		if w.calm {
			return
		}
		n.visit()
		w.in(w.between(50*minute, 110*minute), come)
	}
	for range 12 {
		w.server.announce(n) // what is known before a line is cut
	}
	w.in(0, announce)
	w.in(w.between(minute, 30*minute), come)
	var service func()
	service = func() {
		if w.calm {
			return
		}
		n.comes(&technician{})
		w.in(w.between(4*hour, 16*hour), service)
	}
	w.in(w.between(hour, 8*hour), service)
	var carrier func()
	carrier = func() {
		if w.calm {
			return
		}
		w.changeMind(n)
		w.in(w.between(20*minute, 2*hour), carrier)
	}
	w.in(hour, carrier)
}

// changeMind is what carriers and operators do meanwhile.
func (w *World) changeMind(n *node) {
	s := w.server
	switch w.rng.IntN(8) {
	case 0, 1:
		if sh := s.some(n); sh != nil {
			s.cancel(sh)
		}
	case 2, 3:
		if sh := s.some(n); sh != nil {
			s.reissue(sh)
		}
	case 4:
		c := n.watch.couriers[w.rng.IntN(len(n.watch.couriers))]
		c.suspended = !c.suspended
		s.publish(n, c)
		if c.suspended {
			w.in(w.between(hour, 4*hour), func() { c.suspended = false; s.publish(n, c) })
		}
	case 6:
		if sh := s.some(n); sh != nil && s.engine && sh.life.CheckFreeze() == nil {
			s.show(sh, sh.life.Freeze(w.time()))
			w.in(w.between(hour, 12*hour), func() { s.unfreeze(sh) })
		}
	case 7:
		if sh := s.some(n); sh != nil && s.engine && sh.life.CheckExtend() == nil {
			s.show(sh, sh.life.Extend(w.time()))
		}
	case 5:
		for range w.between(1, 3) {
			s.openRemotely(n)
		}
		for range w.between(1, 3) {
			s.openGate(n)
		}
	}
}

// some is a shipment of a cabinet that has not ended.
func (s *server) some(n *node) *shipment {
	var live []*shipment
	for _, sh := range s.shipments {
		if sh.node == n && !sh.life.State.Final() {
			live = append(live, sh)
		}
	}
	if len(live) == 0 {
		return nil
	}
	return live[s.w.rng.IntN(len(live))]
}
