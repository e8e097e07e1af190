package simulation

import (
	"fmt"
	"slices"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// shipment is a shipment's life at the server, and where its parcels really are.
type shipment struct {
	id                    models.ShipmentID
	node                  *node
	life                  *models.Life
	entry                 models.DirectoryShipment
	labels                []string
	codes                 map[int]string   // by issue
	where                 map[string]place // by label
	refused               map[string]bool  // by label: its client put it back
	signalled             int64
	wakeAt                int64
	told                  []typedCode // that the client was told, in order
	client                *client
	ended                 bool   // as last shown
	wasFrozen, wasLeaving bool   // ever: a cabinet may not have heard yet that it is over
	wasEnded              bool   // the cabinet may have been told that nothing is to come any more
	excused               string // why the cabinet may not know it; empty: it must
}

// place is where a parcel really is.
type place int

// The places.
const (
	withCarrier place = iota
	inCell
	withClient
)

// typedCode is a code and whose it is.
type typedCode struct {
	code  string
	of    *shipment
	issue int
}

func policy(w *World) models.Policy {
	p := models.ReadyMadePolicies()[0]
	p.Storage = models.Seconds(w.between(12*3600, 48*3600))
	p.NeverDeposited = 3 * 24 * 3600
	p.PartialEnough = 3600
	if w.rng.IntN(8) == 0 {
		p.Proof = models.ProofAnswered
	}
	return p
}

// unpromisedEvery of the shipments one is announced without a promise, and reachAskedEvery one asks
// for cells that everybody reaches, of which there is one among reachEvery.
const (
	unpromisedEvery = 3
	reachAskedEvery = 7
	reachEvery      = 3
	lettersEvery    = 5 // of the shipments one has a code with letters
	sharedEvery     = 3 // one has parcels that may lie in one cell, two of which fit
)

// announce makes a shipment for a cabinet.
func (s *server) announce(n *node) *shipment {
	parcels := 1
	switch r := s.w.rng.IntN(20); {
	case r == 0:
		parcels = 6
	case r < 5:
		parcels = 2 + s.w.rng.IntN(2)
	}
	k := len(s.shipments) + 1
	sh := &shipment{id: models.ShipmentID(id(models.PrefixShipment, k)), node: n, where: map[string]place{}, refused: map[string]bool{}, codes: map[int]string{}}
	p := policy(s.w)
	sh.entry = models.DirectoryShipment{Shipment: sh.id, Carrier: carrierID, Number: fmt.Sprintf("N-%d", k), Policy: p}
	measures := models.Dimensions{}
	if k%sharedEvery == 0 {
		sh.entry.Policy.ShareCells = true
		measures = models.Dimensions{WidthMM: 300, HeightMM: 90, DepthMM: 400}
	}
	if k%lettersEvery == 0 {
		sh.entry.Codes = models.CodeBase32
	}
	var rows []models.Parcel
	for range parcels {
		s.parcels++
		parcel := models.ParcelID(id(models.PrefixParcel, s.parcels))
		label := fmt.Sprintf("LBL-%07d", s.parcels)
		size := models.SizeM
		if s.w.rng.IntN(4) == 0 {
			size = models.SizeL
		}
		regime := models.Ambient
		if n.chilled && s.w.rng.IntN(4) == 0 {
			regime = models.Chilled
		}
		sh.entry.Parcels = append(sh.entry.Parcels, models.DirectoryParcel{
			Parcel: parcel, Barcode: label, Size: size, Regime: regime, Dimensions: measures, Promised: k%unpromisedEvery != 0,
			EasyReach: k%reachAskedEvery == 0,
		})
		sh.labels = append(sh.labels, label)
		rows = append(rows, models.Parcel{ID: parcel})
	}
	sh.entry.Issue = sh.entry.Codes.ChooseIssue(n.key, sh.id, 1, s.takenCodes(sh))
	sh.life = models.NewLife(models.Shipment{
		ID: sh.id, Carrier: carrierID, Number: sh.entry.Number, Locker: n.id, NotifyBy: models.NotifyContact,
		CreatedAt: s.w.time(), Issue: sh.entry.Issue,
	}, rows, p)
	s.shipments, s.byID[sh.id] = append(s.shipments, sh), sh
	s.write(n, protocol.Entry{Kind: models.EntryShipment, Key: string(sh.id)}, sh.entry)
	s.wake(sh)
	return sh
}

func (s *server) takenCodes(but *shipment) map[string]bool {
	taken := map[string]bool{}
	for _, other := range s.shipments {
		if other.node != but.node || other == but || other.life.State.Final() {
			continue
		}
		for i := range models.CodeIssues {
			taken[other.code(other.life.Issue+i)] = true
		}
	}
	return taken
}

// wake has time move a life at its deadline.
func (s *server) wake(sh *shipment) {
	at, _, ok := sh.life.Deadline()
	if !ok {
		return
	}
	due := max(at.UnixMilli()-beginMS, s.w.now+1)
	if sh.wakeAt > s.w.now && sh.wakeAt <= due {
		return
	}
	sh.wakeAt = due
	s.w.in(due-s.w.now, func() {
		if sh.wakeAt != due {
			return
		}
		sh.wakeAt = 0
		if s.engine {
			s.show(sh, s.due(sh))
		}
		if !s.engine {
			sh.wakeAt = s.w.now + minute
			s.w.in(minute, func() { sh.wakeAt = 0; s.wake(sh) })
			return
		}
		s.wake(sh)
	})
}

// due has time move a life, as its workflow does: nobody is reminded and nothing expires on an
// old journal's word.
func (s *server) due(sh *shipment) []models.Event {
	now := s.w.time()
	if !sh.life.NeedsClock(now) {
		return sh.life.Due(now)
	}
	clock, outages := sh.life.AskClock().Clock, s.outages(sh.node)
	res := models.ClockResult{EndsAt: clock.End(nil, now.Location(), outages, now), Outages: outages, Current: s.current(sh)}
	events := sh.life.TakeClock(res, now)
	acts := sh.life.Due(now)
	if len(acts) > 0 && sh.excused == "" && !sh.node.holds(sh) {
		s.w.fail(sh.node, "%s: %s, though its cabinet knows that everything was taken", sh.id, acts[0].Type)
	}
	return append(events, acts...)
}

// current reports whether all that the shipment's cabinet knew a minute ago has come.
func (s *server) current(sh *shipment) bool {
	n, head := sh.node, s.at(sh.node).head
	j := n.state().Journal
	return n.connected() && n.link.conn != 0 && j.Epoch == head.Epoch && j.Seq == head.Seq && sh.signalled <= s.w.now
}

// holds reports whether the cabinet believes that a parcel of the shipment is in a cell.
func (n *node) holds(sh *shipment) bool {
	return slices.ContainsFunc(n.state().Cells, func(c *cabinet.Cell) bool { return c.Shipment == sh.id && len(c.Parcels) > 0 })
}

// outages lists when a cabinet was away, with the time that goes on.
func (s *server) outages(n *node) []models.Span {
	spans := slices.Clone(n.link.away)
	if n.link.conn == 0 {
		spans = append(spans, models.Span{From: s.w.at(n.link.goneAt)})
	}
	return spans
}

// show writes what happened in a life: it tells the cabinet and the client.
func (s *server) show(sh *shipment, events []models.Event) {
	defer s.wake(sh)
	if len(events) == 0 {
		return
	}
	wasFinal := sh.ended
	p := sh.life.Projection(events)
	if p.Withdrawal != nil {
		s.write(sh.node, protocol.Entry{Kind: models.EntryWithdrawal, Key: string(sh.id), Rev: p.Rev}, p.Withdrawal)
	}
	sh.wasFrozen = sh.wasFrozen || p.Frozen
	sh.wasLeaving = sh.wasLeaving || sh.life.Leave != ""
	final := p.State.Final()
	if thaws := sh.entry.Frozen != p.Frozen; thaws {
		sh.entry.Frozen = p.Frozen
		if !final && !wasFinal {
			s.write(sh.node, protocol.Entry{Kind: models.EntryShipment, Key: string(sh.id)}, sh.entry)
		}
	}
	switch {
	case final && !wasFinal:
		s.write(sh.node, protocol.Entry{Kind: models.EntryShipment, Key: string(sh.id), Deleted: true}, nil)
	case !final && wasFinal:
		s.write(sh.node, protocol.Entry{Kind: models.EntryShipment, Key: string(sh.id)}, sh.entry)
	}
	sh.ended = final
	sh.wasEnded = sh.wasEnded || final
	// Who is reminded comes anyway; who has everything does not, whatever the server believes.
	if sh.collected() {
		return
	}
	if slices.Contains(p.Notify, models.NoticeReady) || slices.Contains(p.Notify, models.NoticeCodeReissued) {
		s.tell(sh)
	}
}

// code is a shipment's code of an issue. It is asked for at each announcement.
func (sh *shipment) code(issue int) string {
	code, ok := sh.codes[issue]
	if !ok {
		code = sh.entry.Codes.Code(sh.node.key, sh.id, issue)
		sh.codes[issue] = code
	}
	return code
}

// tell sends the client the code.
func (s *server) tell(sh *shipment) {
	issue := sh.life.Issue
	sh.told = append(sh.told, typedCode{sh.code(issue), sh, issue})
	if sh.client == nil {
		sh.client = &client{of: sh}
	}
	sh.client.comeSoon()
}

// reissue gives a shipment a new code.
func (s *server) reissue(sh *shipment) {
	if sh.life.CheckReissue() != nil || !s.engine {
		return
	}
	sh.entry.Issue = sh.entry.Codes.ChooseIssue(sh.node.key, sh.id, sh.life.Issue+1, s.takenCodes(sh))
	s.write(sh.node, protocol.Entry{Kind: models.EntryShipment, Key: string(sh.id)}, sh.entry)
	s.show(sh, sh.life.Reissued(sh.entry.Issue, s.w.time()))
}

// unfreeze lets a shipment go, as soon as that is possible.
func (s *server) unfreeze(sh *shipment) {
	switch {
	case sh.life.CheckUnfreeze() != nil:
	case s.engine:
		s.show(sh, sh.life.Unfreeze(s.w.time()))
	default:
		s.w.in(minute, func() { s.unfreeze(sh) })
	}
}

// cancel gives a shipment up.
func (s *server) cancel(sh *shipment) {
	if sh.life.CheckCancel() == nil && s.engine {
		s.show(sh, sh.life.Cancel(s.w.time()))
	}
}

// parcelOf finds a parcel's id by its label.
func (sh *shipment) parcelOf(label string) models.ParcelID {
	for _, p := range sh.entry.Parcels {
		if p.Barcode == label {
			return p.Parcel
		}
	}
	return ""
}

// collected reports whether the client has every parcel.
func (sh *shipment) collected() bool {
	return !slices.ContainsFunc(sh.labels, func(label string) bool { return sh.where[label] != withClient })
}

// here counts the parcels that lie in a cell and that nobody left there by saying nothing.
func (sh *shipment) here() int {
	n := 0
	for _, l := range sh.labels {
		if cell := sh.node.steel.find(l); cell > 0 && !sh.node.steel.cell(cell).forgotten {
			n++
		}
	}
	return n
}

// wanted counts those of them that their client has not put back.
func (sh *shipment) wanted() int {
	n := sh.here()
	for _, l := range sh.labels {
		if sh.refused[l] && sh.where[l] == inCell {
			n--
		}
	}
	return n
}

// believed counts the parcels that the server believes to lie in a cell.
func (sh *shipment) believed() int {
	n := 0
	for _, p := range sh.life.Parcels {
		if p.State == models.ParcelInCell {
			n++
		}
	}
	return n
}
