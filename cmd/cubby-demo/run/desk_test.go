package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/browsertest"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/run"
)

// poor lists what is hard to use on a page as it is: what is wider than the screen, text that stands out too little from
// what is behind it (WCAG 2.2, 1.4.3), a field without a label, a thing to press without a name, and focus that is not seen.
const poor = `(() => {
	const found = [];
	if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the screen: " + document.documentElement.scrollWidth);
	const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
	const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
	const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
	for (const e of document.querySelectorAll("body *")) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!own || !e.checkVisibility() || e.matches("option, .skip") || e.closest("[disabled]")) continue;
		const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) found.push("contrast " + ratio.toFixed(1) + ": " + e.textContent.trim().slice(0, 40));
	}
	for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
		if (!e.labels?.length) found.push("no label: " + e.name);
	for (const e of document.querySelectorAll("a, button, summary")) {
		if (!(e.ariaLabel || e.textContent).trim()) found.push("no name: " + e.outerHTML.slice(0, 60));
		if (!e.checkVisibility()) continue;
		e.focus({ focusVisible: true, preventScroll: true });
		const style = getComputedStyle(e);
		if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) found.push("focus not seen: " + e.textContent.trim());
	}
	document.activeElement?.blur();
	return found.join("; ");
})()`

// desk is a person before the desk.
type desk struct {
	t   *testing.T
	ctx context.Context
}

func (d desk) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	for _, action := range actions {
		var err error
		require.Eventually(d.t, func() bool {
			err = chromedp.Do(d.ctx, action)
			// What is looked for may be of the page that is just giving way to the next.
			return err == nil || !strings.Contains(err.Error(), "Could not find node")
		}, time.Minute, 100*time.Millisecond, what)
		require.NoError(d.t, err, what)
	}
}

// looks checks the page as it is, at a desk and on a phone, and takes a picture of each.
func (d desk) looks(name string) {
	d.t.Helper()
	for _, size := range [][2]int64{{1280, 900}, {360, 740}} {
		d.do(name, chromedp.EmulateViewport(size[0], size[1]))
		wrong, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](poor))
		require.NoError(d.t, err)
		browsertest.Keep(d.t, d.ctx, fmt.Sprintf("desk-%s-%d", name, size[0]), chromedp.FullScreenshot(100))
		require.Empty(d.t, wrong, "%s at %v", name, size)
	}
	d.do(name, chromedp.EmulateViewport(1280, 900))
}

// drawn waits until a cell of the cabinet is drawn as it is wanted.
func drawn(cell int, look string) chromedp.Action[chromedp.Void] {
	return settles(fmt.Sprintf("cell %d is never %s", cell, look), fmt.Sprintf(`document.querySelector("#cell-%d.look-%s") !== null`, cell, look))
}

// chosen waits until a cell is the one that the page is about: the former one's words look the same.
func chosen(cell int) chromedp.Action[chromedp.Void] {
	return settles(fmt.Sprintf("cell %d is never chosen", cell), fmt.Sprintf(`document.querySelector("#cell-%d.chosen") !== null`, cell))
}

// because types a reason into the form of a button.
func because(button, reason string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(`form:has([data-testid="`+button+`"]) input[name=reason]`), reason)
}

// TestDesk does what a support person does, in a real browser against the real programs: finds a shipment by its last
// characters, reads its story, marks a cell checked, takes one out of service and back, resolves an incident.
func TestDesk(t *testing.T) {
	t.Parallel()
	bin := rigtest.Programs(t)
	var progress strings.Builder
	system, err := run.Start(t.Context(), run.Options{Bin: bin, Var: t.TempDir(), Progress: &progress})
	require.NoError(t, err, progress.String())
	defer func() { require.NoError(t, system.Stop()) }()
	password := login(t, system)

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	carrier := people.Carrier{Service: people.Service{Base: system.APIURL, Key: system.CarrierKey}}
	at := people.Cabinet{Service: people.Service{Base: strings.TrimSuffix(system.StartURL, "/")}, Locker: system.Lockers[0].ID}
	require.NoError(t, at.AwaitReady(ctx))
	shipment, err := carrier.Announce(ctx, "desk", people.Announcement{
		Number: "SHOP-2026-004711", Locker: at.Locker, Language: "en",
		Contact: people.Contact{Email: "client@example.com"}, Parcels: []people.NewParcel{{Size: "S"}},
	})
	require.NoError(t, err)
	// The first cell's door does not open, so the parcel goes into the second.
	const jammed = 4
	require.NoError(t, at.Jam(ctx, jammed))
	courier := people.Courier{Badge: system.Badge, PIN: system.PIN, At: at}
	require.NoError(t, courier.Deposit(ctx, shipment.Parcels[0].Barcode))
	_, err = carrier.AwaitState(ctx, shipment.ID, "ready_for_pickup")
	require.NoError(t, err)
	require.NoError(t, at.Unjam(ctx, jammed))

	browser := browsertest.New(t, 1280, 900)
	require.NoError(t, chromedp.Do(browser, chromedp.Navigate(system.APIURL+"/desk/shipments")))
	browser, stop := context.WithTimeout(browser, 2*time.Minute)
	defer stop()
	d := desk{t, browser}
	d.looks("sign-in")
	d.do("a wrong password", chromedp.SendKeys(chromedp.CSS("input[name=login]"), "vera"),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), "not the password\r"), says("problem", "wrong"))
	d.do("signing in", chromedp.SendKeys(chromedp.CSS("input[name=password]"), password+"\r"), says("shipment", "SHOP-2026-004711"))
	d.looks("shipments")
	d.do("finding by last characters", chromedp.SendKeys(browsertest.TestID("q"), "4711"), click("find"), says("shipment", "SHOP-2026-004711"))
	d.do("reading the story", click("shipment"), says("state", "ready for pickup"), says("timeline", "announced"), says("timeline", "parcel put in"),
		says("timeline", "e-mail: sent"), says("contact", "c•••@example.com"))
	d.looks("shipment")
	d.do("looking at the contact", click("show-contact"), says("contact", "client@example.com"), says("timeline", "looked at the client"))
	d.do("holding back", click("act-freeze"), because("go-freeze", "the client lost the phone"), click("go-freeze"),
		says("done", "held back"), says("state", "held back"), says("timeline", "the client lost the phone"))
	d.do("letting go", click("act-unfreeze"), because("go-unfreeze", "it was found"), click("go-unfreeze"), gone("state", "held back"))

	cell := fmt.Sprintf("%s/desk/lockers/%s?cell=%d", system.APIURL, at.Locker, jammed)
	d.do("marking checked", chromedp.Navigate(cell), says("cell", "doubtful"))
	d.looks("cell")
	d.do("marking checked", click("check"), chromedp.Click(chromedp.CSS("input[value=empty]"), chromedp.NodeVisible),
		because("check-go", "the cleaner looked"), click("check-go"), says("done", "The cabinet is told"), drawn(jammed, "free"), gone("cell", "doubtful"))
	d.do("another cell, without leaving the page", click("cell-20"), chosen(20), says("cell", "free"), click("out"), because("out-go", "the hinge is bent"), click("out-go"),
		says("cell", "the hinge is bent"), drawn(20, "out_of_service"))
	d.looks("out-of-service")
	d.do("and back", click("in"), because("in-go", "mended"), click("in-go"), drawn(20, "free"), gone("cell", "the hinge is bent"))

	// Nobody is there when a board is taken off: an incident that only people close may come and go, a dead board's stays.
	require.NoError(t, at.Board(ctx, 1, true))
	d.do("an incident", chromedp.Navigate(system.APIURL+"/desk/incidents"), says("incident", "A lock board does not answer"))
	d.looks("incidents")
	d.do("resolving it", click("incident"), says("state", "open"))
	d.looks("incident")
	d.do("resolving it", because("resolve", "the technician is on the way"), click("resolve"), says("done", "resolved"), says("state", "resolved"))
	d.do("the front page", chromedp.Navigate(system.APIURL+"/desk"))
	d.looks("front")
	d.do("the lockers", chromedp.Navigate(system.APIURL+"/desk/lockers"), says("locker", "L-001"))
	d.looks("lockers")
	d.do("computers that wait: none", chromedp.Navigate(system.APIURL+"/desk/enrolments"), says("empty", "No computer"))
	d.looks("enrolments")
	d.do("the lockers again", chromedp.Navigate(system.APIURL+"/desk/lockers"), says("locker", "L-001"))
	d.do("in Russian", chromedp.Click(chromedp.CSS(`button[name=language][value=ru]`)), says("sign-out", "Выйти"))
	d.looks("lockers-ru")
	d.do("leaving", click("sign-out"), chromedp.WaitVisible(chromedp.CSS("input[name=password]")), chromedp.Navigate(system.APIURL+"/desk"),
		chromedp.WaitVisible(chromedp.CSS("input[name=password]")))
}

// login makes a person of the staff while the server, which holds the database, rests.
func login(t *testing.T, system *run.System) (password string) {
	t.Helper()
	return hire(t, system, "vera")["vera"]
}

// hire makes people of the staff, and returns their passwords by their logins.
func hire(t *testing.T, system *run.System, logins ...string) map[string]string {
	t.Helper()
	require.NoError(t, system.Servers[0].Stop())
	passwords := map[string]string{}
	for _, login := range logins {
		out, err := system.Cubby(t.Context(), "staff", "add", "--login", login, "--name", strings.ToUpper(login[:1])+login[1:], "--json")
		require.NoError(t, err)
		var made struct{ Password string }
		require.NoError(t, json.Unmarshal(out, &made))
		passwords[login] = made.Password
	}
	require.NoError(t, system.Servers[0].Start(t.Context()))
	return passwords
}
