package cabinet_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// emptied is a cabinet of three empty cells and a technician at work.
func emptied(t *testing.T) *rig {
	return newRig(t).furnish(models.SizeS, models.SizeS, models.SizeM).technicians(nil).serve()
}

// commissions are the effects that have the wiring found.
func commissions(effects []cabinet.Effect) (all []cabinet.Commission) {
	for _, e := range effects {
		if c, ok := e.(cabinet.Commission); ok {
			all = append(all, c)
		}
	}
	return all
}

// begin presses a button, and returns what has the wiring found.
func (r *rig) begin(b cabinet.Button) []cabinet.Commission {
	r.t.Helper()
	return commissions(r.do(cabinet.Pressed{Button: b, ID: r.id()}))
}

// TestWiringIsForAnEmptyCabinet: every door is opened, so nobody may have anything behind one.
func TestWiringIsForAnEmptyCabinet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(r *rig)
		cells  int // that the overview counts
	}{
		"a parcel": {func(r *rig) {
			r.expect("shp_1", policy(), models.SizeS)
			r.login()
			r.load("shp_1-1")
			r.finish()
			r.wait(20_000)
		}, 1},
		"a cell in doubt":   {func(r *rig) { r.cell(1).Doubtful, r.cell(3).Doubtful = true, true }, 2},
		"a door that opens": {func(r *rig) { r.open(3) }, 1},
		"a battery":         {func(r *rig) { r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true}}) }, 0},
		"what a client just left": {func(r *rig) {
			r.expect("shp_1", policy(), models.SizeS)
			r.login()
			cell := r.load("shp_1-1")
			r.finish()
			r.wait(20_000)
			r.keyIn(r.code("shp_1"))
			r.open(cell)
			r.close(cell)
			r.press(cabinet.ButtonYesTaken)
			r.wait(20_000)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeM).technicians(nil)
			c.before(r)
			r.serve()
			require.NotContains(t, r.screen().Buttons, cabinet.ButtonWiring)
			if c.cells > 0 {
				require.Contains(t, r.report(cabinet.TextNameWiring).Value, "empty and shut "+strconv.Itoa(c.cells)+" cells")
			}
			for _, b := range []cabinet.Button{cabinet.ButtonWiring, cabinet.ButtonStart} {
				require.Empty(t, r.begin(b))
				require.Equal(t, cabinet.ScreenOverview, r.screen().Screen)
			}
		})
	}
}

// TestWiringIsAskedFor: a technician says so twice, and it is a fact before anything opens.
func TestWiringIsAskedFor(t *testing.T) {
	t.Parallel()
	r := emptied(t)
	n := len(r.facts)
	require.Equal(t, []cabinet.Button{cabinet.ButtonDoors, cabinet.ButtonDevices, cabinet.ButtonLeave, cabinet.ButtonWiring}, r.screen().Buttons)
	require.Empty(t, r.begin(cabinet.ButtonStart), "that is of another page")
	require.Empty(t, r.begin(cabinet.ButtonWiring))
	require.Equal(t, cabinet.ScreenWiring, r.screen().Screen)
	require.Equal(t, []cabinet.Button{cabinet.ButtonStart, cabinet.ButtonBack}, r.screen().Buttons)
	r.press(cabinet.ButtonBack)
	require.Equal(t, cabinet.ScreenOverview, r.screen().Screen)
	require.Len(t, r.facts, n)

	r.press("language_de")
	r.press("access_keypad")
	r.press(cabinet.ButtonWiring)
	wanted := r.begin(cabinet.ButtonStart)
	require.Len(t, wanted, 1)
	require.Equal(t, technician, wanted[0].Technician)
	require.Equal(t, models.SideFront, wanted[0].Side)
	require.Equal(t, cabinet.Language("de"), wanted[0].Language)
	require.Equal(t, cabinet.English, wanted[0].Public)
	require.True(t, wanted[0].Access.Keypad)
	require.NotEmpty(t, wanted[0].Call)
	require.Equal(t, []models.FactType{models.FactStaffAct}, r.types(n), "with the effect, which is carried out once that is durable")
	_, data := r.lastFact(models.FactStaffAct)
	require.Equal(t, models.FactData{Courier: technician, Reason: models.StaffCommission}, data)
	require.Equal(t, cabinet.TextWiringBegins, r.screen().Text)
	require.Empty(t, r.begin(cabinet.ButtonStart), "once is enough")
	require.Empty(t, r.screen().Buttons)
	require.Empty(t, r.pulses)
}

// TestWiringOfACabinetThatChanged between the question and the answer does not begin.
func TestWiringOfACabinetThatChanged(t *testing.T) {
	t.Parallel()
	r := emptied(t)
	r.press(cabinet.ButtonWiring)
	r.open(2)
	require.Empty(t, r.begin(cabinet.ButtonStart))
	require.Equal(t, cabinet.ScreenOverview, r.screen().Screen)
	r.close(2)
	r.press(cabinet.ButtonWiring)
	r.technicians(func(c *models.DirectoryCourier) { c.Suspended = true })
	require.Empty(t, r.begin(cabinet.ButtonStart), "nor for who may not work here any more")
	require.Equal(t, cabinet.TextDismissed, r.screen().Text)
}

// TestWiringAtTheBack: the technician's screen is the one that shows it.
func TestWiringAtTheBack(t *testing.T) {
	t.Parallel()
	r := twoWay(t).technicians(nil)
	r.at(models.SideBack, cabinet.Scanned{Text: staffBadge})
	r.at(models.SideBack, cabinet.Keyed{Text: pin})
	r.at(models.SideBack, cabinet.Pressed{Button: "service_repair"})
	r.at(models.SideBack, cabinet.Pressed{Button: cabinet.ButtonWiring})
	wanted := commissions(r.do(cabinet.Pressed{Button: cabinet.ButtonStart, ID: r.id(), Side: models.SideBack}))
	require.Len(t, wanted, 1)
	require.Equal(t, models.SideBack, wanted[0].Side)
	p := cabinet.WiringPage{Commission: wanted[0], Done: 1, Total: 2}
	require.Equal(t, cabinet.TextService, p.View(models.SideFront).Text)
	require.Empty(t, p.View(models.SideFront).Buttons)
	require.Equal(t, cabinet.TextWiringRuns, p.View(models.SideBack).Text)
}

func TestWiringAccepted(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).technicians(nil)
	r.do(cabinet.WiringAccepted{Technician: technician})
	_, data := r.lastFact(models.FactStaffAct)
	require.Equal(t, models.FactData{Courier: technician, Reason: models.StaffWiring}, data)
}

// TestWiringPages: what is shown while it runs and once it has ended.
func TestWiringPages(t *testing.T) {
	t.Parallel()
	for _, l := range cabinet.Languages() {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			p := cabinet.WiringPage{Commission: cabinet.Commission{Side: models.SideFront, Language: l, Public: l, Access: cabinet.Access{Speech: true}}}
			shows := func(text cabinet.TextKey, buttons ...cabinet.Button) cabinet.View {
				t.Helper()
				v := p.View(models.SideFront)
				require.Equal(t, cabinet.ScreenWiring, v.Screen)
				require.Equal(t, text, v.Text)
				require.Equal(t, buttons, v.Buttons)
				require.NotContains(t, v.Sentence, "{")
				require.NotEmpty(t, v.Spoken)
				require.Equal(t, cabinet.CatalogueOf(l).Direction, v.Direction)
				for _, b := range buttons {
					require.NotEmpty(t, v.Labels[b])
				}
				for _, line := range v.Report {
					require.NotContains(t, line.Name+line.Value, "{")
					require.NotEmpty(t, line.Value)
				}
				return v
			}
			shows(cabinet.TextWiringBegins, cabinet.ButtonStop)
			p.Total = len(cabinet.Doubts())
			shows(cabinet.TextWiringRuns, cabinet.ButtonStop)
			for i, doubt := range cabinet.Doubts() {
				p.Done = i + 1
				p.Findings = append(p.Findings, cabinet.WiringFound{Board: "A", Channel: i + 1, Doubt: doubt, Cells: []int{7, 3}})
				v := shows(cabinet.TextWiringRuns, cabinet.ButtonStop)
				require.Equal(t, doubt != "", v.Report[0].Wrong, "the last one comes first")
				require.LessOrEqual(t, len(v.Report), 8)
			}
			p.Shut = []int{2, 3}
			require.Equal(t, []int{2, 3}, shows(cabinet.TextWiringShut, cabinet.ButtonStop).Doors)

			p.Shut, p.Ended = nil, true
			shows(cabinet.TextWiringStopped, cabinet.ButtonTryDoubtful, cabinet.ButtonLeaveWiring, cabinet.ButtonMore)
			p.Error = "the disk is full"
			require.Equal(t, "the disk is full", shows(cabinet.TextWiringFailed, cabinet.ButtonTryDoubtful, cabinet.ButtonLeaveWiring, cabinet.ButtonMore).Report[0].Value)
			p.Error, p.Acceptable = "", true
			for n := range 12 {
				p.Stickers = append(p.Stickers, cabinet.Sticker{Cell: n + 1, Side: models.SideBack, Board: "A", Channel: n})
			}
			all := map[string]bool{}
			for range 3 {
				v := shows(cabinet.TextWiringDoubt, cabinet.ButtonAccept, cabinet.ButtonTryDoubtful, cabinet.ButtonLeaveWiring, cabinet.ButtonMore)
				for _, line := range v.Report {
					all[line.Name+line.Value] = line.Wrong
				}
				p = p.Turned()
			}
			require.Len(t, all, 10+12, "what is doubtful, and every sticker")
			require.Zero(t, p.Page, "after the last comes the first")
			p.Findings, p.Stickers = p.Findings[:1], p.Stickers[1:3]
			v := shows(cabinet.TextWiringFound, cabinet.ButtonAccept, cabinet.ButtonLeaveWiring)
			require.Len(t, v.Report, 2)
			require.False(t, v.Report[0].Wrong)
		})
	}
}
