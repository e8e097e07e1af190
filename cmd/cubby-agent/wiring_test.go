package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/host"
	"cubby/agent/lock"
	"cubby/agent/lock/commission"
	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

// shutsIn is how soon a person shuts a door that was opened.
const shutsIn = 600 * time.Millisecond

// stand is a cabinet with a technician before its screen, who shuts each door.
type stand struct {
	*running
	address string
	time    *passing
}

// newStand furnishes a cabinet and runs it; before is done while it does not run yet.
func newStand(t *testing.T, before func(p *place), locks ...int) *stand {
	t.Helper()
	p := newPlace(t, locks...)
	s := &stand{address: freeAddress(t), time: &passing{}}
	p.time = host.ClockSources{Wall: host.Computer.Wall, Uptime: s.time.uptime, Synced: func() bool { return true }}
	p.configure(map[string]any{"screen": s.address})
	p.technician()
	before(p)
	s.running = p.enroll().run()
	s.knows()
	return s
}

// technician lets one in.
func (p *place) technician() {
	p.t.Helper()
	pin, err := models.HashPIN("4711", rand.Reader)
	require.NoError(p.t, err)
	p.cabinet().Tell(models.EntryCourier, "cou_3", models.DirectoryCourier{
		Courier: "cou_3", Organization: "org_3", Operator: true, Role: models.RoleTechnician, Badge: "STAFF-1", PINHash: pin,
	})
}

func (s *stand) knows() {
	s.t.Helper()
	s.eventually(func(st state) bool { return st.Directory >= 2 }, "it knows the badge")
}

// view is what the screen of a side shows; nothing while one server takes over from another.
func (s *stand) view(side string) (v cabinet.View) {
	s.t.Helper()
	res, err := http.Get("http://" + s.address + "/view?side=" + side)
	if err != nil {
		return v
	}
	defer res.Body.Close()
	if json.NewDecoder(res.Body).Decode(&v) != nil {
		return cabinet.View{}
	}
	return v
}

// shows waits until the screen says something.
func (s *stand) shows(text cabinet.TextKey) (v cabinet.View) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { v = s.view(""); return v.Text == text }, 2*soon, often, "%s; it shows %+v", text, s.view(""))
	return v
}

func (s *stand) act(what, text string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	require.NoError(s.t, err)
	answer, err := http.Post(fmt.Sprintf("http://%s/%s", s.address, what), "application/json", bytes.NewReader(body))
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	require.Equal(s.t, http.StatusOK, answer.StatusCode)
}

func (s *stand) press(b cabinet.Button) { s.t.Helper(); s.act("press", string(b)) }

// overview logs the technician in.
func (s *stand) overview() cabinet.View {
	s.t.Helper()
	require.NoError(s.t, s.scanner.Scan("STAFF-1"))
	s.shows(cabinet.TextPIN)
	s.act("keys", "4711")
	s.press("service_repair")
	return s.view("")
}

// find has the wiring found, from the overview on.
func (s *stand) find() {
	s.t.Helper()
	s.overview()
	require.Eventually(s.t, func() bool { return slices.Contains(s.view("").Buttons, cabinet.ButtonWiring) }, soon, often, "it is offered")
	s.press(cabinet.ButtonWiring)
	s.shows(cabinet.TextWiring)
	s.press(cabinet.ButtonStart)
}

// serves waits until the cabinet serves again.
func (s *stand) serves() {
	s.t.Helper()
	s.shows(cabinet.TextHome)
	s.eventually(func(st state) bool { return st.Online && st.Unsent == 0 }, "it serves again")
}

// acted lists what the server knows of the technician's acts.
func (s *stand) acted() (acts []string) {
	s.t.Helper()
	for _, f := range s.cabinet().Facts() {
		if d, err := f.Payload(); err == nil && f.Type == models.FactStaffAct && d.Courier == "cou_3" {
			acts = append(acts, d.Reason)
		}
	}
	return acts
}

// dead lists the cells that the server was told cannot be opened.
func (p *place) dead() (cells []int) {
	p.t.Helper()
	for _, f := range p.cabinet().Facts() {
		d, err := f.Payload()
		require.NoError(p.t, err)
		if f.Type != models.FactBoardDown && f.Type != models.FactBoardUp {
			continue
		}
		for _, c := range d.Cells {
			cells = slices.DeleteFunc(cells, func(n int) bool { return n == c.Cell })
			if f.Type == models.FactBoardDown {
				cells = append(cells, c.Cell)
			}
		}
	}
	return cells
}

// nothingDoubtful demands that an empty cabinet knows itself to be empty.
func (s *stand) nothingDoubtful() {
	s.t.Helper()
	st, err := s.status()
	require.NoError(s.t, err)
	dead := s.dead()
	for _, c := range st.Cells {
		if !slices.Contains(dead, c.Number) {
			require.Equal(s.t, models.CellFree, c.State, "cell %d", c.Number)
		}
		require.False(s.t, c.Doubtful, "cell %d", c.Number)
	}
}

// TestWiringAtTheScreen: what is crossed, missing and doubled is found by a technician at the screen,
// a dead board later than the other; then every door that opens is the right one.
func TestWiringAtTheScreen(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(p *place) {
		p.steel.WireLock(1, 2)
		p.steel.WireLock(2, 1)
		p.steel.WireLock(4)    // there is none
		p.steel.WireLock(5, 3) // a second one of door 3
		p.steel.SetAutoClose(shutsIn)
		p.bus.Misbehave(1, boards.FaultSilence)
	}, 6, 2)
	s.find()
	require.Eventually(t, func() bool {
		return s.view("").Params["total"] == "8" && s.view("back").Text == cabinet.TextService
	}, soon, often)
	_, err := s.status()
	require.ErrorIs(t, err, errNotRunning, "nothing else drives a lock")
	_, err = s.call("open", "--cell", "1")
	require.ErrorContains(t, err, "another program runs this cabinet")

	v := s.shows(cabinet.TextWiringDoubt)
	require.Equal(t, "7", v.Params["doubtful"], "two that are crossed, one that is missing, two that open one door, and a board of two")
	require.Equal(t, []cabinet.Button{cabinet.ButtonAccept, cabinet.ButtonTryDoubtful, cabinet.ButtonLeaveWiring, cabinet.ButtonMore}, v.Buttons)
	require.Contains(t, v.Report, cabinet.ReportLine{Name: "Board B, channel 1", Value: "its board does not answer", Wrong: true})
	s.press(cabinet.ButtonMore)
	require.Eventually(t, func() bool {
		return slices.Contains(s.view("").Report, cabinet.ReportLine{Name: "Cell 5", Value: cabinet.CatalogueOf(cabinet.English).Texts[cabinet.TextWiringNone], Wrong: true})
	}, soon, often, "the stickers: %+v", s.view("").Report)

	s.bus.Misbehave(1, boards.FaultNone)
	s.press(cabinet.ButtonTryDoubtful)
	require.Eventually(t, func() bool { return s.view("").Params["doubtful"] == "5" && s.view("").Text == cabinet.TextWiringDoubt }, 2*soon, often)
	for channel, times := range map[int]int{1: 2, 2: 2, 3: 2, 4: 2, 5: 2, 6: 1, 7: 1, 8: 1} {
		require.Equal(t, times, s.steel.Truth(channel).Pulses, "channel %d: what is sure is not tried again", channel)
	}
	require.NoFileExists(t, s.in("data/wiring.json"))
	s.press(cabinet.ButtonAccept)
	s.serves()
	s.nothingDoubtful()
	require.Equal(t, []string{models.StaffCommission, models.StaffWiring}, s.acted())
	require.Equal(t, []int{5}, s.dead(), "nobody is sent to a cell that no lock opens")
	opened := s.opened()
	slices.Sort(opened)
	require.Equal(t, []int{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8}, opened, "the server knows of every opening")

	s.steel.SetAutoClose(0)
	s.eventually(func(st state) bool {
		return !slices.ContainsFunc(st.Cells, func(c host.CellStatus) bool { return c.Open })
	}, "all doors are shut")
	for _, cell := range []int{1, 2, 3, 6, 7, 8} {
		_, err := s.call("open", "--cell", fmt.Sprint(cell))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return s.steel.Truth(cell).Open }, soon, often, "cell %d", cell)
		for other := 1; other <= 8; other++ {
			require.Equal(t, other == cell, s.steel.Truth(other).Open, "door %d, when cell %d was to open", other, cell)
		}
		require.NoError(t, s.steel.Close(cell))
		s.eventually(func(st state) bool { return !st.Cells[cell-1].Open }, "it is seen shut")
	}
	_, err = s.call("open", "--cell", "5")
	require.Error(t, err, "its lock opens another's door")
	require.False(t, s.steel.Truth(3).Open)
	out, _ := s.call("check")
	require.Equal(t, "found", row(t, out, "wiring", "-")[2])

	require.NoError(t, s.stop())
	s.running = s.place.run()
	_, err = s.call("open", "--cell", "1")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.steel.Truth(1).Open }, soon, often, "also after the next start")
	require.False(t, s.steel.Truth(2).Open)
	require.NoError(t, s.steel.Close(1))
	require.NoError(t, s.stop())
	require.NoError(t, os.Remove(s.in("data/wiring.json")))
	s.running = s.place.run()
	require.Eventually(t, func() bool { return len(s.dead()) == 0 }, soon, often, "without the file it is as configured")
}

// TestWiringIsStopped: nothing is changed by it, and the next look goes on from there. What nobody
// decides about is left.
func TestWiringIsStopped(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(p *place) { p.steel.SetAutoClose(shutsIn) }, 4)
	s.find()
	require.Eventually(t, func() bool { return s.view("").Params["done"] == "1" }, soon, often)
	s.press(cabinet.ButtonStop)
	v := s.shows(cabinet.TextWiringStopped)
	require.Equal(t, []cabinet.Button{cabinet.ButtonTryDoubtful, cabinet.ButtonLeaveWiring}, v.Buttons, "half of it is not accepted")
	require.Positive(t, v.Seconds)
	s.press(cabinet.ButtonAccept)
	s.time.mu.Lock()
	s.time.ahead += (5 * time.Minute).Milliseconds()
	s.time.mu.Unlock()
	s.serves()
	s.nothingDoubtful()
	require.NoFileExists(t, s.in("data/wiring.json"))
	tried := s.steel.Truth(1).Pulses + s.steel.Truth(2).Pulses
	require.Zero(t, s.steel.Truth(4).Pulses)
	require.Subset(t, []int{tried, tried + 1}, []int{len(s.opened())}, "what was written down and not driven any more is told too")

	s.find()
	v = s.shows(cabinet.TextWiringFound)
	require.Equal(t, []cabinet.Button{cabinet.ButtonAccept, cabinet.ButtonLeaveWiring}, v.Buttons)
	require.Len(t, v.Report, 4, "the stickers alone")
	require.Equal(t, 1, s.steel.Truth(1).Pulses, "it went on")
	s.press(cabinet.ButtonLeaveWiring)
	s.serves()
	require.NoFileExists(t, s.in("data/wiring.json"))
	require.Equal(t, []string{models.StaffCommission, models.StaffCommission}, s.acted())

	s.find()
	s.shows(cabinet.TextWiringFound)
	require.Equal(t, 2, s.steel.Truth(1).Pulses, "a look that came to its end is followed by a new one")
	require.NoError(t, s.stop(), "who ends the program meanwhile ends it")
}

// TestWiringAndPowerCut: the program is gone in the middle. The next one serves, tells of each
// opening, and is in doubt about nothing that is empty.
func TestWiringAndPowerCut(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4)
	s := &stand{address: freeAddress(t), running: &running{place: p}}
	p.configure(map[string]any{"screen": s.address})
	p.technician()
	p.steel.SetAutoClose(shutsIn)
	cmd := p.enroll().start()
	s.knows()
	s.find()
	require.Eventually(t, func() bool { return s.view("").Params["done"] == "1" }, soon, often)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	tried := 0
	for channel := 1; channel <= 4; channel++ {
		tried += p.steel.Truth(channel).Pulses
	}
	raw, err := os.ReadFile(p.in("data/spool.jsonl"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, bytes.Count(raw, []byte("\n")), tried, "each opening was written down before")

	p.start()
	s.serves()
	s.nothingDoubtful()
	require.Len(t, s.opened(), bytes.Count(raw, []byte("\n")))
	require.Equal(t, []string{models.StaffCommission}, s.acted())
	require.NoFileExists(t, p.in("data/wiring.json"))
}

// TestWiringWithAParcelInside is refused: every door would be opened.
func TestWiringWithAParcelInside(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(*place) {}, 3)
	s.running.cabinet().Tell(models.EntryShipment, "shp_1", models.DirectoryShipment{
		Shipment: "shp_1", Carrier: theirs, Issue: 1,
		Parcels: []models.DirectoryParcel{{Parcel: "par_1", Barcode: "P-1", Size: models.SizeM, Regime: models.Ambient}},
	})
	s.eventually(func(st state) bool { return st.Directory == 3 }, "it knows the shipment")
	out, err := s.contents("cell,barcode,carrier,state\n2,P-1,"+theirs+",sure\n", "--rest", "empty")
	require.NoError(t, err, out)
	v := s.overview()
	require.NotContains(t, v.Buttons, cabinet.ButtonWiring)
	require.Contains(t, v.Report, cabinet.ReportLine{Name: "Finding the wiring", Value: "first empty and shut 1 cells: it opens every door"})
	for _, b := range []cabinet.Button{cabinet.ButtonWiring, cabinet.ButtonStart} {
		s.press(b)
		require.Equal(t, cabinet.ScreenOverview, s.view("").Screen)
	}
	require.Empty(t, s.acted())
	for n := 1; n <= 3; n++ {
		require.Zero(t, s.steel.Truth(n).Pulses)
	}
}

// laid is a configuration of two boards with what was found laid over it.
func laid(t *testing.T, change func(w *wiring)) (config, string, error) {
	t.Helper()
	c := config{Dir: t.TempDir(), Buses: []bus{
		{Port: "serial:/dev/x", Boards: []lock.Board{{Name: "A", Dialect: lock.DialectKerongCU48, FirstCell: 1, Channels: 4, Feedback: lock.ClosedWhenLocked, Unfitted: []int{4}}}},
		{Port: "serial:/dev/y", Boards: []lock.Board{{Name: "B", Dialect: lock.DialectKerongCU48, FirstCell: 5, Channels: 2, Feedback: lock.ClosedWhenLocked}}},
	}}
	w := wiring{AtMS: 1, Boards: slices.Clone(c.Buses[0].Boards)}
	w.Boards[0].Locks, w.Boards[0].Inverted, w.Boards[0].Unfitted = map[int]int{1: 2, 2: 1}, []int{2}, []int{3}
	change(&w)
	raw, err := json.Marshal(w)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.wiringFile(), raw, 0o600))
	var said bytes.Buffer
	c, err = c.wired(slog.New(slog.NewTextHandler(&said, nil)))
	return c, said.String(), err
}

// TestWiringThatWasFound counts before what is configured, as long as it can be of the same boards.
func TestWiringThatWasFound(t *testing.T) {
	t.Parallel()
	c, said, err := laid(t, func(*wiring) {})
	require.NoError(t, err)
	require.Empty(t, said)
	require.Equal(t, map[int]int{1: 2, 2: 1}, c.Buses[0].Boards[0].Locks)
	require.Equal(t, []int{2}, c.Buses[0].Boards[0].Inverted)
	require.Equal(t, []int{3, 4}, c.Buses[0].Boards[0].Unfitted)
	require.Nil(t, c.Buses[1].Boards[0].Locks)
	require.Nil(t, c.asTyped().Buses[0].Boards[0].Locks)
	require.Equal(t, []int{4}, c.tried(0)[0].Unfitted, "what was left out is tried the next time")

	c, said, err = laid(t, func(w *wiring) { w.Boards = append(w.Boards, lock.Board{Name: "C"}) })
	require.NoError(t, err)
	require.Contains(t, said, "board=C")
	require.NotNil(t, c.Buses[0].Boards[0].Locks)

	for name, change := range map[string]func(w *wiring){
		"another dialect":      func(w *wiring) { w.Boards[0].Dialect = lock.DialectKerongCU16 },
		"other cells":          func(w *wiring) { w.Boards[0].FirstCell = 2 },
		"one channel of two":   func(w *wiring) { w.Boards[0].Locks = map[int]int{1: 2} },
		"a cell that it lacks": func(w *wiring) { w.Boards[0].Locks = map[int]int{9: 1} },
	} {
		_, _, err := laid(t, change)
		require.ErrorContains(t, err, "Remove the file, or find the wiring again: cubby-agent commission --accept", name)
	}
}

// TestWhatWasLeftOutStaysOut until its own door is seen to open.
func TestWhatWasLeftOutStaysOut(t *testing.T) {
	t.Parallel()
	c, _, err := laid(t, func(*wiring) {})
	require.NoError(t, err)
	f := commission.Finding{Board: "A", Channel: 3, Cell: 3, Doubt: commission.DeadBoard}
	require.Equal(t, []int{3}, c.proposals([]commission.Finding{f})[0].Without)
	require.Equal(t, map[int]int{1: 2, 2: 1}, c.proposals([]commission.Finding{f})[0].Boards[0].Locks)
	f.Doubt, f.Pulsed, f.Opened = commission.NoDoubt, true, []int{3}
	require.Empty(t, c.proposals([]commission.Finding{f})[0].Without)
	require.Equal(t, []int{4}, c.proposals([]commission.Finding{f})[0].Boards[0].Unfitted)
}

// TestWiringFileThatIsBroken stops the program, and says what to do; and that helps.
func TestWiringFileThatIsBroken(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 2).enroll()
	p.steel.WireLock(1, 2)
	p.steel.WireLock(2, 1)
	p.steel.SetAutoClose(shutsIn)
	require.NoError(t, os.WriteFile(p.in("data/wiring.json"), []byte("{"), 0o600))
	for _, command := range []string{"run", "check"} {
		_, err := p.call(command)
		require.ErrorContains(t, err, "find the wiring again: cubby-agent commission --accept", command)
	}
	out, err := p.call("commission", "--accept", "--watch", "5s")
	require.ErrorContains(t, err, "2 of 2 channels need a look")
	require.Contains(t, out, "the boards count as they are configured")
	require.Contains(t, out, "accepted: the locks are driven so")
	require.NoFileExists(t, p.in("data/commission.json"), "the next look begins anew")
	out, _ = p.call("check")
	require.Equal(t, "found", row(t, out, "wiring", "-")[2])
	p.steel.SetAutoClose(0)
	_, err = p.call("open", "--cell", "1")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.steel.Truth(1).Open }, soon, often)
	require.False(t, p.steel.Truth(2).Open)
}

// TestHalfIsNotAccepted, nor what cannot be kept.
func TestHalfIsNotAccepted(t *testing.T) {
	t.Parallel()
	c, _, err := laid(t, func(*wiring) {})
	require.NoError(t, err)
	in := commissioning{config: c}
	require.Equal(t, 5, in.channels())
	var all []commission.Finding
	for channel := 1; channel <= 3; channel++ {
		all = append(all, commission.Finding{Board: "A", Channel: channel, Cell: channel, Pulsed: true, Opened: []int{channel}})
	}
	before, err := os.ReadFile(c.wiringFile())
	require.NoError(t, err)
	require.ErrorIs(t, in.accept(all, "cou_3", time.Now()), errUnfinished)
	all = append(all, commission.Finding{Board: "B", Channel: 1, Cell: 5, Doubt: commission.DeadBoard}, commission.Finding{Board: "B", Channel: 2, Cell: 6, Doubt: commission.DeadBoard})
	require.NoError(t, os.Mkdir(c.spool(), 0o700))
	require.Error(t, in.accept(all, "cou_3", time.Now()), "it is written down first who did it")
	after, err := os.ReadFile(c.wiringFile())
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, os.Remove(c.spool()))
	require.NoError(t, in.accept(all, "cou_3", time.Now()))
	spool, err := os.ReadFile(c.spool())
	require.NoError(t, err)
	require.True(t, strings.Contains(string(spool), `"wiring_accepted":"cou_3"`))
}

// TestEveryDoubtHasWords on the screen.
func TestEveryDoubtHasWords(t *testing.T) {
	t.Parallel()
	var all []string
	for _, d := range []commission.Doubt{
		commission.NoDoubt, commission.DeadBoard, commission.NotDriven, commission.NothingMoved, commission.AlreadyOpen, commission.ManyMoved,
		commission.OtherMoved, commission.OtherBoard, commission.SwitchTurned, commission.Shared, commission.LeftOut,
	} {
		all = append(all, string(d))
	}
	require.ElementsMatch(t, all, cabinet.Doubts())
}

// TestTheBackIsItsCells: what is opened at the back of a two-way cabinet is written down by its cell.
func TestTheBackIsItsCells(t *testing.T) {
	t.Parallel()
	in := commissioning{config: config{Dir: t.TempDir()}}
	require.Nil(t, in.spoolFirst())
	require.NoError(t, os.WriteFile(in.store(), nil, 0o600))
	require.NoError(t, in.spoolFirst()(lock.Door(2, models.SideBack)))
	raw, err := os.ReadFile(in.spool())
	require.NoError(t, err)
	all := parseSpool(raw, slog.New(slog.DiscardHandler))
	require.Len(t, all, 1)
	require.Equal(t, 2, all[0].Cell)
	require.Equal(t, []cabinet.Sticker{
		{Cell: 1, Side: models.SideBack, Board: "R", Channel: 2}, {Cell: 2, Side: models.SideBack, Board: "R"},
		{Cell: 4, Side: models.SideBack, Board: "R", Channel: 4},
	}, stickersOf(commission.Proposal{
		Boards: []lock.Board{{Name: "R", FirstCell: 1001, Channels: 4, Locks: map[int]int{1001: 2}, Unfitted: []int{1002, 1003}}}, Without: []int{1002},
	}))
	require.Equal(t, []int{1, 2}, cellsOfDoors([]int{1002, 2, 1}))
}
