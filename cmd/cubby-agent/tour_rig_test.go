package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/host"
	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

// envScreens names a folder that the tour leaves its pictures in: one for each language.
const envScreens = "CUBBY_SCREENS"

// heldStill is for how long a code counts as held to the scanner still, with what a busy machine takes to read it.
const heldStill = 3 * time.Second

// mostBytes is how large a picture may be.
const mostBytes = 150_000

// tour is a walk through the screens of a true cabinet, in one language, before a true browser:
// it looks at each screen as it lies and as it stands, and takes its picture.
type tour struct {
	*browser
	r         *running
	language  cabinet.Language
	time      *passing
	screen    string // where it is
	ups       *boards.UPS
	seen      map[string]bool
	offered   map[string]bool // "P5 problem": the buttons of a screen
	pressed   map[string]bool
	pictures  string // folder; empty: none are taken
	prefix    string // of their names
	origin    string // of its page
	axe       string
	told      int // entries since it began
	stuck     int // the cell that a jammed door left in doubt
	scanned   string
	scannedAt time.Time
}

// newTour furnishes a cabinet of three sizes and switches it on.
func newTour(t *testing.T, language cabinet.Language) *tour {
	return walk(t, newPlace(t, 12), language, models.SideFront)
}

// walk furnishes a cabinet of three sizes, whose cells have their doors at a side or at both, and switches it on: who walks
// stands at the front, or at the back of one with both.
func walk(t *testing.T, p *place, language cabinet.Language, side models.Side) *tour {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String() // a restart must find it again
	require.NoError(t, free.Close())
	p.configure(map[string]any{"screen": address})
	ups, err := boards.NewUPS("cabinet", "", "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, ups.Close()) })
	p.configure(map[string]any{"power": map[string]any{"address": ups.Address(), "ups": "cabinet"}})
	clock := &passing{}
	p.time = host.ClockSources{Wall: host.Computer.Wall, Uptime: clock.uptime, Synced: func() bool { return true }}
	layout := models.DirectoryLayout{
		Locker: locker, Number: "L-001", Address: "Station Square 5", State: models.LockerActive,
		Screen: models.ScreenProfile{Phone: "+49301234567", Operator: "Cubby", Languages: []string{"en", "ru", "de", "ar"}},
	}
	for n := range 12 {
		size, high := models.SizeS, 110
		if n >= 6 {
			size, high = models.SizeM, 200
		}
		if n >= 10 {
			size, high = models.SizeL, 410
		}
		layout.Cells = append(layout.Cells, models.LayoutCell{
			Number: n + 1, Module: 1 + n/6, Row: 1 + n%6, Size: size, Regime: models.Ambient, Side: side,
			Inner: models.Dimensions{WidthMM: 420, HeightMM: high, DepthMM: 600}, MaxWeightG: 20_000,
		})
	}
	p.cabinet().Tell(models.EntryLayout, string(locker), layout)
	for n, badge := range []string{"BADGE-1", "BADGE-2"} {
		p.tellCourier(fmt.Sprintf("cou_%d", n+1), models.DirectoryCourier{
			Organization: models.OrganizationID(fmt.Sprintf("org_%d", n+1)), Role: models.RoleCourier, Badge: badge, Unannounced: true,
		})
	}
	p.tellCourier("cou_3", models.DirectoryCourier{Organization: "org_3", Operator: true, Role: models.RoleTechnician, Badge: "STAFF-1"})
	r := p.enroll().run()
	url := "http://" + address
	if side == models.SideBoth {
		url += "?side=back"
	}
	w := &tour{
		browser: newBrowserFor(t, url, 10*time.Minute), r: r, language: language, time: clock, origin: "http://" + address,
		ups: ups, seen: map[string]bool{}, offered: map[string]bool{}, pressed: map[string]bool{},
	}
	raw, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	require.NoError(t, err, "make web fetches it")
	w.axe = string(raw)
	if folder := os.Getenv(envScreens); folder != "" {
		w.pictures = filepath.Join(folder, string(language))
		require.NoError(t, os.MkdirAll(w.pictures, 0o755))
	}
	return w
}

// tellCourier announces one whose PIN is 4711.
func (p *place) tellCourier(id string, c models.DirectoryCourier) {
	p.t.Helper()
	pin, err := models.HashPIN("4711", rand.Reader)
	require.NoError(p.t, err)
	c.Courier, c.PINHash = models.CourierID(id), pin
	p.cabinet().Tell(models.EntryCourier, id, c)
}

// passing is the cabinet's uptime: the computer's, that much later, or not passing at all.
type passing struct {
	mu    sync.Mutex
	ahead int64 // ms
	still int64 // 0: it passes
}

func (p *passing) uptime() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.still > 0 {
		return p.still
	}
	return host.Computer.Uptime() + p.ahead
}

// stop has no time pass until the returned function is called.
func (p *passing) stop() (goOn func()) {
	now := p.uptime()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.still > 0 {
		return func() {}
	}
	p.still = now
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.still, p.ahead = 0, now-host.Computer.Uptime()
	}
}

// pass has time go by for the cabinet.
func (w *tour) pass(d time.Duration) {
	w.time.mu.Lock()
	defer w.time.mu.Unlock()
	w.time.ahead += d.Milliseconds()
}

// shipment announces a shipment with parcels of some sizes, labelled with its name.
func (w *tour) shipment(name string, change func(*models.DirectoryShipment), sizes ...models.Size) {
	s := models.DirectoryShipment{
		Shipment: models.ShipmentID("shp_" + name), Carrier: "org_1", Number: "N-" + name, Issue: 1, Policy: models.ReadyMadePolicies()[0],
	}
	for i, size := range sizes {
		s.Parcels = append(s.Parcels, models.DirectoryParcel{
			Parcel: models.ParcelID(fmt.Sprintf("par_%s_%d", name, i+1)), Barcode: fmt.Sprintf("LABEL-%s-%d", name, i+1), Size: size, Regime: models.Ambient,
		})
	}
	if change != nil {
		change(&s)
	}
	w.tell(models.EntryShipment, string(s.Shipment), s)
}

// tell puts an entry into the directory, and waits until the cabinet has it: entries come in
// order, and what comes last is counted.
func (w *tour) tell(kind models.DirectoryKind, key string, body any) {
	w.t.Helper()
	before, err := w.r.status()
	require.NoError(w.t, err)
	w.r.cabinet().Tell(kind, key, body)
	w.told++
	id := models.ShipmentID(fmt.Sprintf("shp_told_%d", w.told))
	w.r.cabinet().Tell(models.EntryShipment, string(id), models.DirectoryShipment{Shipment: id, Carrier: "org_9"})
	w.r.eventually(func(st state) bool { return st.Directory > before.Directory }, "the cabinet has the entry")
}

func (w *tour) code(name string) string {
	return models.PickupCode(w.r.cabinet().Key(), models.ShipmentID("shp_"+name), 1)
}

// scan holds a code to the scanner: the same one only after the time within which it counts as
// held there still.
func (w *tour) scan(text string) {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return text != w.scanned || time.Since(w.scannedAt) > heldStill }, soon, often)
	require.NoError(w.t, w.r.scanner.Scan(text))
	w.scanned, w.scannedAt = text, time.Now()
}

// type types on the pad, by finger.
func (w *tour) typed(text string) {
	w.t.Helper()
	for _, c := range text {
		w.key(string(c))
	}
}

// keyed types on a keypad beside the glass.
func (w *tour) keyed(keys string) {
	w.t.Helper()
	for _, k := range keys {
		require.NoError(w.t, chromedp.Do(w.ctx, chromedp.KeyEvent(string(k))))
	}
}

// ok submits what was typed.
func (w *tour) ok() { w.t.Helper(); w.key("OK") }

// key presses a key of the pad.
func (w *tour) key(name string) {
	w.t.Helper()
	done, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](fmt.Sprintf(
		`(() => { const k = [...document.querySelectorAll('#keys button')].find((b) => b.textContent === %q); k?.click(); return !!k })()`, name)))
	require.NoError(w.t, err)
	require.True(w.t, done, "%s has no key %s", w.screen, name)
}

// press presses a button of the screen that it is at.
func (w *tour) press(b cabinet.Button) {
	w.t.Helper()
	if b == "keyboard" {
		w.is(`(() => { const b = document.getElementById('keyboard'); if (!b.checkVisibility()) return false; b.click(); return true })()`)
		return
	}
	w.is(fmt.Sprintf(`(() => { const b = document.querySelector('[data-button="%s"]'); b?.click(); return !!b })()`, b))
	w.pressed[w.screen+" "+string(b)], w.pressed["frame "+string(b)] = true, true
}

// choose presses a line of a list, counted from 0.
func (w *tour) choose(n int) {
	w.t.Helper()
	w.is(fmt.Sprintf(`(() => { const b = document.querySelectorAll('#items button')[%d]; b?.click(); return !!b })()`, n))
}

// comes waits until a screen with a text is there.
func (w *tour) comes(screen cabinet.ScreenID, text cabinet.TextKey) {
	w.t.Helper()
	w.is(fmt.Sprintf(`document.getElementById('screen').textContent === %q && document.documentElement.dataset.text === %q`, screen, text))
	w.on(screen)
}

// on waits until a screen is there, whatever it says, and notes its buttons.
func (w *tour) on(screen cabinet.ScreenID) {
	w.t.Helper()
	w.is(fmt.Sprintf(`document.getElementById('screen').textContent === %q`, screen))
	w.screen = string(screen)
	offered, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('[data-button]')].map((b) => (b.closest('footer') ? 'frame ' : document.getElementById('screen').textContent + ' ') + b.dataset.button)`))
	require.NoError(w.t, err)
	for _, b := range offered {
		w.offered[b] = true
	}
}

// text is what the screen says now, by its key.
func (w *tour) text() cabinet.TextKey {
	w.t.Helper()
	key, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.documentElement.dataset.text`))
	require.NoError(w.t, err)
	return cabinet.TextKey(key)
}

// at looks at a screen: where things are, whether everybody can use it, and its picture.
func (w *tour) at(screen cabinet.ScreenID, text cabinet.TextKey, variant ...string) {
	w.t.Helper()
	w.comes(screen, text)
	defer w.time.stop()() // it stays while it is looked at
	w.seen[string(screen)] = true
	name := w.prefix + strings.Join(append([]string{string(screen)}, append([]string{strings.ReplaceAll(string(text), "_", "-")}, variant...)...), "-")
	for _, size := range panels {
		w.turn(size)
		w.is(`document.getAnimations().every((a) => a.playState !== 'running' || a.effect.getComputedTiming().iterations === Infinity)`)
		w.settled()
		wrong, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](misplaced))
		require.NoError(w.t, err)
		if w.pictures != "" {
			picture, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
			require.NoError(w.t, err)
			require.Less(w.t, len(picture), mostBytes, name)
			require.NoError(w.t, os.WriteFile(filepath.Join(w.pictures, name+"-"+size.name+".png"), picture, 0o644))
		}
		require.Empty(w.t, wrong, "%s, %s, in %s", name, size.name, w.language)
	}
	w.accessible(name)
}

// panel is a screen as it hangs there.
type panel struct {
	name       string
	wide, high int64
	mm         string // a millimetre, in pixels
}

// panels are of 10.1" and of 21.5".
var panels = []panel{{"portrait", 1080, 1920, "4.05px"}, {"landscape", 1280, 800, "5.9px"}}

func (w *tour) turn(p panel) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.ctx, chromedp.EmulateViewport(p.wide, p.high)))
	w.is(fmt.Sprintf(`innerWidth === %d && innerHeight === %d`, p.wide, p.high))
	require.NoError(w.t, chromedp.Do(w.ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.documentElement.style.setProperty('--mm', %q)", p.mm))))
}

// audit asks axe-core, with the rules of WCAG 2.0 to 2.2 AA and the contrast of AAA.
const audit = `axe.run(document, {
	runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
	rules: { 'color-contrast-enhanced': { enabled: true }, 'color-contrast': { enabled: true } },
}).then((r) => r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
	.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120) + ' ' + (n.any[0]?.message || '')).join(' | ')).join('; '))`

func (w *tour) accessible(name string) {
	w.t.Helper()
	has, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`!!window.axe`))
	require.NoError(w.t, err)
	if !has {
		require.NoError(w.t, chromedp.Do(w.ctx, chromedp.Evaluate[chromedp.Void](w.axe)))
	}
	found, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](audit, chromedp.EvalAwaitPromise))
	require.NoError(w.t, err)
	require.Empty(w.t, found, "%s in %s", name, w.language)
}

// open waits for the doors that stand open, and that the cabinet has seen so.
func (w *tour) open(n int) []int {
	w.t.Helper()
	var open []int
	w.r.eventually(func(st state) bool {
		open = open[:0]
		for _, c := range st.Cells {
			if c.Open {
				open = append(open, c.Number)
			}
		}
		return len(open) == n
	}, fmt.Sprintf("%d doors stand open", n))
	return open
}

// closed waits until the cabinet has seen every door shut, or the next one open.
func (w *tour) closed() {
	w.t.Helper()
	last := 0
	w.r.eventually(func(st state) bool {
		now := 0
		for _, c := range st.Cells {
			if c.Open {
				now = c.Number
			}
		}
		if last == 0 {
			last = now
		}
		return now != last || now == 0
	}, "the door is seen shut")
}

func (w *tour) shut(cell int) { require.NoError(w.t, w.r.steel.Close(cell)) }

// home brings the screen home, in the tour's language.
func (w *tour) home() {
	w.t.Helper()
	const home = `document.getElementById('screen').textContent === 'C1' && document.documentElement.dataset.text === 'home'`
	require.Eventually(w.t, func() bool {
		w.pass(25 * time.Second) // what is said there now has its time
		_, err := chromedp.Run(w.ctx, chromedp.Poll[bool](home, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(3*time.Second)))
		return err == nil
	}, soon, often, "it comes home")
	w.screen = "C1"
	require.NoError(w.t, chromedp.Do(w.ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById('veil')?.click()`)))
	w.is(`!document.getElementById('veil')`)
	w.press(cabinet.Button("language_" + w.language))
	w.is(fmt.Sprintf(`document.documentElement.lang === %q`, w.language))
}
