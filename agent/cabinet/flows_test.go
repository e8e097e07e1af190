package cabinet_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

var update = flag.Bool("update", false, "write docs/screen-flows.md anew")

const flowsFile = "../../docs/screen-flows.md"

// What a person needs: a tap, typing included, takes a second; finding the scanner and holding
// something to it takes two; taking or putting a parcel and shutting the door takes six.
const (
	tapMS  = 1000
	scanMS = 2000
	doorMS = 6000
)

// person acts on a rig's screen, counts taps and scans, and notes when doors open.
type person struct {
	*rig
	began       int64
	taps, scans int
	opened      []string
}

func (p *person) tap(b cabinet.Button) {
	p.t.Helper()
	require.Contains(p.t, append(p.screen().Buttons, p.screen().Frame...), b, "on %s", p.screen().Screen)
	p.wait(tapMS)
	p.taps++
	p.press(b)
	p.doors()
}

func (p *person) types(text string) {
	p.t.Helper()
	require.NotEmpty(p.t, p.screen().Pad, "on %s", p.screen().Screen)
	p.wait(tapMS * int64(len(text)))
	p.taps += len(text)
	p.keyIn(text)
	p.doors()
}

func (p *person) holds(text string) {
	p.t.Helper()
	p.wait(scanMS)
	p.scans++
	p.scan(text)
	p.doors()
}

// shuts is the parcel out or in, and the door shut.
func (p *person) shuts(cell int) {
	p.t.Helper()
	p.wait(doorMS)
	p.close(cell)
	p.doors()
}

// doors opens what was driven, at once.
func (p *person) doors() {
	p.t.Helper()
	for {
		for _, op := range p.state.Operations {
			for _, cell := range op.Cells(cabinet.DoorPulsed) {
				p.open(cell)
				p.opened = append(p.opened, fmt.Sprintf("%.1f s", float64(p.now.UptimeMS-p.began)/1000))
			}
		}
		at, ok := cabinet.NextDeadline(p.state)
		if !ok || at > p.now.UptimeMS+300 {
			return
		}
		p.wait(at - p.now.UptimeMS)
	}
}

// flow is what somebody does from the dim screen to their last door.
type flow struct {
	name string
	rig  func(t *testing.T) *rig
	act  func(p *person)
	taps int // at most
}

func flows() []flow {
	parcels := func(n int) func(t *testing.T) *rig {
		return func(t *testing.T) *rig { return stored(t, policy(), n) }
	}
	login := func(p *person) {
		p.holds(badge)
		p.types(pin)
	}
	loading := func(t *testing.T) *rig {
		r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS)
		r.labels("shp_1", carrier, "AA-00001111", "AA-00002222", "AA-00003333")
		return r
	}
	return []flow{
		{"a client types the code", parcels(1), func(p *person) { p.types(p.code("shp_1")) }, 8},
		{"a client shows the QR", parcels(1), func(p *person) { p.holds(models.PickupQR(p.key, "shp_1", 1)) }, 0},
		{"a client types a code with letters", func(t *testing.T) *rig {
			r, _ := lettered(t)
			return r
		}, func(p *person) {
			p.types(models.CodeBase32.Code(p.key, "shp_1", models.CodeBase32.ChooseIssue(p.key, "shp_1", 1, nil)))
		}, 7},
		{"a client in another language types the code", parcels(1), func(p *person) {
			p.tap(buttonGerman)
			p.types(p.code("shp_1"))
		}, 9},
		{"a client with four parcels shows the QR", parcels(4), func(p *person) { p.holds(models.PickupQR(p.key, "shp_1", 1)) }, 0},
		{"a client with six parcels shows the QR", parcels(6), func(p *person) {
			p.holds(models.PickupQR(p.key, "shp_1", 1))
			p.tap(cabinet.ButtonOpen)
			p.shuts(1)
			p.shuts(2)
		}, 1},
		{"a client with three parcels and low reach", parcels(3), func(p *person) {
			p.tap(cabinet.ButtonAccess)
			p.tap(buttonLow)
			p.tap(cabinet.ButtonDone)
			p.holds(models.PickupQR(p.key, "shp_1", 1))
			p.tap(cabinet.ButtonOpen)
			p.shuts(1)
			p.shuts(2)
		}, 4},
		{"a client who forgot something types the code again", parcels(1), func(p *person) {
			p.types(p.code("shp_1"))
			p.shuts(1)
			p.tap(cabinet.ButtonOpenAgain)
		}, 9},
		{"a courier puts in three parcels", loading, func(p *person) {
			login(p)
			for cell, label := range []string{"AA-00001111", "AA-00002222", "AA-00003333"} {
				p.holds(label)
				p.shuts(cell + 1)
			}
		}, 4},
		{"a courier puts a second parcel of a client into the same cell", func(t *testing.T) *rig {
			r := sharing(t, nil)
			r.finish()
			return r
		}, func(p *person) {
			login(p)
			p.holds("shp_1-2")
			p.tap(cabinet.ButtonSameCell)
		}, 5},
		{"a courier types the end of a label", loading, func(p *person) {
			login(p)
			p.types("2222")
		}, 8},
		{"a courier finds a parcel in the list", loading, func(p *person) {
			login(p)
			p.tap(cabinet.ButtonList)
			p.wait(tapMS)
			p.taps++
			p.choose(p.screen().Items[0].Key)
			p.doors()
		}, 6},
		{"a courier takes three parcels out", func(t *testing.T) *rig {
			r := stored(t, policy(), 3)
			r.withdraw("shp_1", false)
			return r
		}, func(p *person) {
			login(p)
			p.tap(cabinet.ButtonCollect)
			p.tap(cabinet.ButtonOpenNext)
			for cell := 1; cell <= 3; cell++ {
				p.holds(fmt.Sprintf("shp_1-%d", cell))
				p.shuts(cell)
			}
		}, 6},
		{"a courier looks into a cell in doubt", func(t *testing.T) *rig {
			r := stored(t, policy(), 1)
			r.open(1)
			r.close(1)
			return r
		}, func(p *person) {
			login(p)
			p.tap(cabinet.ButtonCheck)
		}, 5},
	}
}

// TestFlows counts what people need from the dim screen to each of their doors, and keeps
// docs/screen-flows.md as it is.
func TestFlows(t *testing.T) {
	t.Parallel()
	var doc strings.Builder
	doc.WriteString(`# What people need at the screen

Counted by ` + "`TestFlows`" + ` in agent/cabinet, which drives the cabinet's core in virtual time and fails when this page is not
what it counts; ` + "`go test ./agent/cabinet -run TestFlows -update`" + ` writes it anew. Each flow begins at the dim screen, without
network. With one, a server that answers at once changes nothing, and one that does not costs 2 s, or 5 s when it accepts
and then falls silent.

A tap, typed characters included, is reckoned as 1 s, holding something to the scanner as 2 s, taking or putting a parcel and
shutting the door as 6 s; doors open as they are driven, 300 ms apart.

| who does what | taps | scans | doors open after |
|---|---|---|---|
`)
	for _, f := range flows() {
		p := &person{rig: f.rig(t)}
		p.wait(120_000)
		require.True(t, p.screen().Dim, f.name)
		p.do(cabinet.Touched{})
		p.began = p.now.UptimeMS
		f.act(p)
		require.NotEmpty(t, p.opened, f.name)
		require.LessOrEqual(t, p.taps, f.taps, f.name)
		fmt.Fprintf(&doc, "| %s | %d | %d | %s |\n", f.name, p.taps, p.scans, strings.Join(p.opened, ", "))
	}
	if *update {
		require.NoError(t, os.WriteFile(flowsFile, []byte(doc.String()), 0o644))
	}
	kept, err := os.ReadFile(flowsFile)
	require.NoError(t, err)
	require.Equal(t, doc.String(), string(kept), "go test ./agent/cabinet -run TestFlows -update")
}
