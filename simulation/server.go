package simulation

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/agent/protocol/session"
	"cubby/models"
)

const (
	carrierID     = models.OrganizationID("org_00000000000000000000000001")
	operatorID    = models.OrganizationID("org_00000000000000000000000002")
	directoryPage = 7
	stalePages    = 12
	gatewayQueue  = "gateway-simulated"
)

// server is the other side: the product's session and lives over tables in memory. What it
// has committed survives; what it was doing does not.
type server struct {
	w         *World
	up        bool // the gateway answers
	engine    bool // workflows run
	database  bool // commits succeed
	slow      int64
	signer    models.Signer
	lockers   []*locker // by the nodes' order
	shipments []*shipment
	byID      map[models.ShipmentID]*shipment
	couriers  []*courierAccount
	grants    map[models.OperationID]*remoteGrant
	parcels   int
	remotes   int
	// gateOrders are the orders for gates that were signed, and gates counts those that were tried.
	gateOrders map[models.OperationID]*gateOrder
	gates      int
}

// locker is what the server knows of a cabinet.
type locker struct {
	node     *node
	head     models.Head
	hashes   map[factKey]string // of every fact ever taken in
	facts    int
	cells    map[int]models.CellReport
	contents map[int][]models.ParcelID // what facts have put into a cell
	rows     []directoryRow            // the latest of each key, by position
	position int64
	hello    protocol.Hello
	stale    [][]protocol.Entry // old pages, for whoever replays them
}

type factKey struct{ epoch, seq int64 }

type directoryRow struct {
	position int64
	entry    protocol.Entry
}

func newServer(w *World) *server {
	seed := make([]byte, ed25519.SeedSize)
	return &server{
		w: w, up: true, engine: true, database: true, byID: map[models.ShipmentID]*shipment{},
		grants: map[models.OperationID]*remoteGrant{}, gateOrders: map[models.OperationID]*gateOrder{},
		signer: models.Signer{ID: "signer", Key: ed25519.NewKeyFromSeed(seed)},
	}
}

func (s *server) at(n *node) *locker { return s.lockers[n.index] }

// furnish makes a cabinet's locker, its layout and couriers.
func (s *server) furnish(n *node) {
	l := &locker{node: n, hashes: map[factKey]string{}, cells: map[int]models.CellReport{}, contents: map[int][]models.ParcelID{}}
	s.lockers = append(s.lockers, l)
	layout := models.DirectoryLayout{Locker: n.id, Number: fmt.Sprintf("L-%03d", n.index+1), State: models.LockerActive}
	for i := range cellsPerNode {
		size := models.SizeM
		if i%2 == 1 {
			size = models.SizeL
		}
		c := models.LayoutCell{Number: i + 1, Module: 1, Row: i + 1, Size: size, Regime: models.Ambient, EasyReach: i%reachEvery == 0,
			Inner: models.Dimensions{WidthMM: 380, HeightMM: 95 * size.Rank(), DepthMM: 580}}
		if n.steel.cell(i + 1).chilled {
			c.Module, c.Row, c.Regime = chilledModule, i+1-ambientCells, models.Chilled
		}
		if n.twoWay {
			c.Side = models.SideBoth
		}
		layout.Cells = append(layout.Cells, c)
	}
	s.write(n, protocol.Entry{Kind: models.EntryLayout, Key: string(n.id)}, layout)
	for i := range 2 {
		c := newCourier(n, i)
		s.couriers = append(s.couriers, c)
		n.couriersHere(c)
		s.publish(n, c)
	}
	s.hire(n)
}

// write puts an entry into a cabinet's directory, and tells the cabinet.
func (s *server) write(n *node, e protocol.Entry, body any) {
	l := s.at(n)
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			panic(err) // plain structs: cannot happen
		}
		e.Body = raw
	}
	if e.Kind.Granting() && !e.Deleted {
		e.Signer = s.signer.ID
		e.Signature = s.signer.SignGrant(models.Grant{Kind: e.Kind, Key: e.Key, Rev: e.Rev, Body: e.Body})
	}
	e.Seen = protocol.Seen{Epoch: l.head.Epoch, Seq: l.head.Seq}
	for i := range l.rows {
		if l.rows[i].entry.Kind == e.Kind && l.rows[i].entry.Key == e.Key {
			l.rows = append(l.rows[:i], l.rows[i+1:]...)
			break
		}
	}
	l.position++
	l.rows = append(l.rows, directoryRow{l.position, e})
	s.w.in(s.w.between(0, second), func() {
		if n.link.conn != 0 && s.up {
			s.down(n, n.link.conn, cabinet.DirectoryChanged{})
		}
	})
}

// down sends to a cabinet.
func (s *server) down(n *node, conn int, in cabinet.Input) {
	if n.link.conn == conn && n.connected() {
		n.sendDown(conn, in)
	}
}

// directory is a page. A gateway that misbehaves gives an old one, whose cursor brings the
// cabinet back.
func (s *server) directory(n *node, since int64) protocol.DirectoryReply {
	l := s.at(n)
	scope := models.ScopeOfLocker(n.id)
	if n.chatter > s.w.now && len(l.stale) > 0 && s.w.chance(40) {
		return protocol.DirectoryReply{Entries: l.stale[s.w.rng.IntN(len(l.stale))], Cursor: protocol.Cursor{scope: since}, More: true}
	}
	reply := protocol.DirectoryReply{Entries: []protocol.Entry{}, Cursor: protocol.Cursor{scope: l.position}}
	for _, r := range l.rows {
		if r.position <= since {
			continue
		}
		if len(reply.Entries) == directoryPage {
			reply.More = true
			break
		}
		reply.Entries = append(reply.Entries, r.entry)
		reply.Cursor[scope] = r.position
	}
	if len(reply.Entries) > 0 && len(l.stale) < stalePages {
		l.stale = append(l.stale, reply.Entries)
	} else if len(reply.Entries) > 0 && s.w.rng.IntN(4) == 0 {
		l.stale[1+s.w.rng.IntN(stalePages-1)] = reply.Entries // the first one, which has the couriers, stays
	}
	return reply
}

func (s *server) snapshot(n *node) protocol.Snapshot {
	l := s.at(n)
	snapshot := protocol.Snapshot{Epoch: l.head.Epoch, Seq: l.head.Seq}
	for i := 1; i <= cellsPerNode; i++ {
		report, known := l.cells[i]
		if !known {
			continue
		}
		c := protocol.SnapshotCell{CellReport: report}
		if report.State == models.CellOccupied && len(l.contents[i]) > 0 {
			c.Parcels = slices.Clone(l.contents[i])
		}
		snapshot.Cells = append(snapshot.Cells, c)
	}
	return snapshot
}

// journal takes facts in, as the gateway does.
func (s *server) journal(n *node, facts []models.Fact) (protocol.JournalReply, error) {
	return session.Intake(facts, func(facts []models.Fact) (models.Head, error) {
		if !s.database {
			return models.Head{}, models.Errorf(models.CodeUnavailable, "the database is away")
		}
		l := s.at(n)
		fresh, err := l.head.CheckChain(facts)
		if err != nil {
			return models.Head{}, err
		}
		for _, f := range fresh {
			s.takeIn(l, f)
		}
		if k := len(fresh); k > 0 {
			last := fresh[k-1]
			l.head = models.Head{Epoch: last.Epoch, Seq: last.Seq, Hash: last.Hash}
		}
		return l.head, nil
	})
}

func (s *server) takeIn(l *locker, f models.Fact) {
	k := factKey{f.Epoch, f.Seq}
	if _, again := l.hashes[k]; again {
		s.w.fail(l.node, "fact %d/%d is taken in twice", f.Epoch, f.Seq)
	}
	l.hashes[k] = f.Hash
	l.facts++
	d, err := f.Payload()
	if err != nil {
		s.w.fail(l.node, "fact %d/%d cannot be read: %v", f.Epoch, f.Seq, err)
		return
	}
	for _, r := range d.Cells {
		if r.Shipment != l.cells[r.Cell].Shipment {
			l.contents[r.Cell] = nil
		}
		l.cells[r.Cell] = r
	}
	if d.After != nil {
		l.inside(f.Type, d, l.cells[d.After.Cell])
		l.cells[d.After.Cell] = *d.After
	}
	if sh := s.byID[d.Shipment]; sh != nil {
		s.signal(sh, f.Signal(l.node.id, d, s.w.time()))
	}
}

// inside keeps what is in a cell, which was as told before.
func (l *locker) inside(t models.FactType, d models.FactData, before models.CellReport) {
	cell := d.After.Cell
	if d.After.State != models.CellOccupied || d.After.Shipment != before.Shipment || d.After.Generation != before.Generation {
		l.contents[cell] = nil
	}
	switch t {
	case models.FactDeposited, models.FactCellChecked:
		if d.Parcel != "" && d.After.State == models.CellOccupied && !slices.Contains(l.contents[cell], d.Parcel) {
			l.contents[cell] = append(l.contents[cell], d.Parcel)
		}
	case models.FactMissing, models.FactPickedUp, models.FactWithdrawn, models.FactUnloaded:
		l.contents[cell] = slices.DeleteFunc(l.contents[cell], func(p models.ParcelID) bool { return p == d.Parcel })
	}
}

// signal brings a fact to a life, in order, while workflows run.
func (s *server) signal(sh *shipment, f models.FactSignal) {
	sh.signalled = max(sh.signalled, s.w.now+s.w.between(20, 2*second))
	s.w.in(sh.signalled-s.w.now, func() { s.deliver(sh, f) })
}

func (s *server) deliver(sh *shipment, f models.FactSignal) {
	if !s.engine {
		sh.signalled = max(sh.signalled, s.w.now+30*second)
		s.w.in(30*second, func() { s.deliver(sh, f) })
		return
	}
	take := sh.life.ApplyFact
	if sh.life.Elsewhere(f) {
		take = sh.life.ApplyElsewhere
	}
	s.show(sh, take(f))
}

// receive takes a message of a stream.
func (s *server) receive(n *node, conn int, t protocol.Type, body any) {
	switch body := body.(type) {
	case protocol.Hello:
		s.greet(n, conn, body)
	case protocol.Ask:
		s.ask(n, conn, body)
	case protocol.Result:
		s.result(body)
	}
}

func (s *server) greet(n *node, conn int, h protocol.Hello) {
	l := s.at(n)
	l.hello = h
	g, err := session.Greet(h, l.head, s.w.time())
	if err != nil {
		s.w.fail(n, "a hello was refused: %v", err)
		return
	}
	switch m := g.Body.(type) {
	case protocol.ContinueFrom:
		s.down(n, conn, cabinet.ContinueFrom{ContinueFrom: m})
	case protocol.NewEpoch:
		s.w.log(n, "is told to begin epoch %d: %s", m.Epoch, m.Reason)
		s.down(n, conn, cabinet.NewEpoch{NewEpoch: m})
	}
}

// think is how long a workflow takes now.
func (s *server) think() int64 {
	if s.slow > s.w.now {
		return s.w.between(500, 5*second)
	}
	return s.w.between(5, 150)
}

func (s *server) ask(n *node, conn int, a protocol.Ask) {
	in, err := session.Ask(a, n.id, gatewayQueue, s.w.time())
	if err != nil {
		s.w.fail(n, "an ask was malformed: %v", err)
		return
	}
	sh := s.byID[a.Shipment]
	if !s.engine || sh == nil {
		s.down(n, conn, cabinet.Answer{Answer: session.Answer(a.Operation, models.Errorf(models.CodeUnavailable, "away"))})
		return
	}
	s.w.in(s.think(), func() {
		if !s.up || !s.engine {
			return
		}
		_, known := sh.life.Outcome(in.Operation)
		err := sh.life.CheckAsk(in, s.w.time())
		s.down(n, conn, cabinet.Answer{Answer: session.Answer(a.Operation, err)})
		if err != nil || known {
			return
		}
		sh.life.Begin(in)
		s.w.in(s.think(), func() {
			s.down(n, conn, cabinet.Command{Command: protocol.Command{ID: "cmd-" + string(a.Operation), Open: models.OpenInput{
				Locker: n.id, Operation: a.Operation, Kind: a.Kind, Shipment: a.Shipment, Cells: a.Cells,
			}}})
		})
	})
}

func (s *server) result(r protocol.Result) {
	if g := s.grants[r.Operation]; g != nil {
		return
	}
	for _, sh := range s.shipments {
		if _, known := sh.life.Outcome(r.Operation); known {
			sh.life.Finish(r.Operation, r.Result.Outcome)
			return
		}
	}
}

// remoteGrant is a remote opening that was signed, and what is true of it.
type remoteGrant struct {
	node    *node
	command protocol.Command
	grant   models.RemoteGrant
	expires int64 // in the world's time
	used    bool
}

// openRemotely signs an opening of a cell for somebody who stands there, as the server
// believes the cabinet to be, and sends it.
func (s *server) openRemotely(n *node) {
	l := s.at(n)
	cell := int(s.w.between(1, cellsPerNode))
	if n.link.conn == 0 || l.hello.Nonce == "" {
		return
	}
	s.remotes++
	op := models.OperationID(id(models.PrefixOperation, 90_000_000+s.remotes))
	life := s.w.between(2*second, 50*second)
	g := models.RemoteGrant{
		Locker: n.id, Epoch: l.head.Epoch, Nonce: l.hello.Nonce, Cell: cell, Generation: l.cells[cell].Generation,
		Purpose: "help", Operation: op, NotAfterMS: s.w.time().Add(time.Duration(life) * time.Millisecond).UnixMilli(),
	}
	if s.w.chance(15) && g.Generation > 0 {
		g.Generation-- // an old one
	}
	raw, sig, err := s.signer.SignRemote(g)
	if err != nil {
		panic(err) // plain structs: cannot happen
	}
	r := &remoteGrant{node: n, grant: g, expires: s.w.now + life, command: protocol.Command{
		ID: "cmd-" + string(op), Open: models.OpenInput{Locker: n.id, Operation: op, Kind: models.RemoteOpen,
			Cells: []models.OpenCell{{Cell: cell, Generation: g.Generation}}},
		Remote: &protocol.RemoteOpening{Grant: raw, Signer: s.signer.ID, Signature: sig},
	}}
	s.grants[op] = r
	deliver := func() {
		if n.link.conn != 0 {
			s.down(n, n.link.conn, cabinet.Command{Command: r.command})
		}
	}
	if s.w.chance(40) { // held back by whoever owns the gateway, for another moment or session
		s.w.in(s.w.between(second, 2*minute), deliver)
		if s.w.chance(50) {
			s.w.in(second/2, n.cutOff)
		}
		return
	}
	deliver()
	if s.w.chance(30) {
		s.w.in(s.w.between(second, 2*minute), deliver)
	}
}
