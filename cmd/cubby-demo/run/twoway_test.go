package run_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/browsertest"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/run"
)

// glass is the document of the screen in its frame.
const glass = `document.querySelector("#screen").contentDocument`

// said waits until the screen in the frame says something.
func said(t *testing.T, ctx context.Context, want string) {
	t.Helper()
	soon(t, ctx, "the screen that says "+want, fmt.Sprintf(`%s?.body?.innerText.includes(%q) === true`, glass, want))
}

// finger presses what there is on the screen in the frame, once it is there.
func finger(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	soon(t, ctx, "on the screen: "+selector, fmt.Sprintf(`(() => { const b = %s?.querySelector(%q); if (!b?.checkVisibility()) return false; b.click(); return true })()`, glass, selector))
}

// hand presses what there is at a cell. By script: the cells are drawn anew whenever anything is told, and a mouse that
// aims at a place may come too late.
func hand(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	soon(t, ctx, "at the cells: "+selector, fmt.Sprintf(`(() => { const b = document.querySelector(%q); b?.click(); return !!b })()`, selector))
}

// typed types on the pad of the screen in the frame.
func typed(t *testing.T, ctx context.Context, keys ...string) {
	t.Helper()
	for _, key := range keys {
		soon(t, ctx, "the key "+key, fmt.Sprintf(`(() => { const k = [...%s.querySelectorAll("#keys button")].find((b) => b.textContent === %q); k?.click(); return !!k })()`, glass, key))
	}
}

// turns looks at a cabinet from a side, on a glass of its size.
func turns(t *testing.T, ctx context.Context, number, side string, width, height int) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("view-"+number+"-"+side))))
	shows(t, ctx, "whose", number)
	soon(t, ctx, "the screen in its size", fmt.Sprintf(`document.querySelector("#screen").contentWindow.innerWidth === %d && document.querySelector("#screen").contentWindow.innerHeight === %d`, width, height))
}

// twoWay has a visitor move the two-way cabinet by the page alone: a parcel that has to be cold is brought at the back and
// collected in front; then its module is warmed, which the screen, the cells and the incidents tell, and cooled again.
func twoWay(t *testing.T, ctx context.Context, system *run.System) {
	t.Helper()
	turns(t, ctx, "L-001", "front", 1280, 800)
	turns(t, ctx, "L-002", "back", 1080, 1920)
	said(t, ctx, "badge")
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("badge-A1"))))
	said(t, ctx, "PIN")
	typed(t, ctx, append(strings.Split(system.PIN, ""), "OK")...)
	said(t, ctx, "Scan")
	// The label is chosen from the list, as by hand.
	number, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(() => {
		const list = document.querySelector("#label"), cold = [...list.options].find((o) => o.textContent.includes("chilled"));
		list.value = cold.value; list.dispatchEvent(new Event("change")); return cold.textContent.split(" ")[0] })()`))
	require.NoError(t, err)
	soon(t, ctx, "an open door at the back", `!!document.querySelector(".cell.open .hollow")`)
	browsertest.Keep(t, ctx, "two-way-back", chromedp.CaptureScreenshot())
	hand(t, ctx, ".cell.open .hollow button")
	soon(t, ctx, "the parcel behind the door", `!!document.querySelector(".cell.open .thing")`)
	cell, err := chromedp.Run(ctx, chromedp.Evaluate[int](`Number(document.querySelector(".cell.open .door b").textContent)`))
	require.NoError(t, err)
	require.Greater(t, cell, 12, "the cold module has cells 13 to 21")
	hand(t, ctx, ".cell.open .door")
	said(t, ctx, fmt.Sprintf("In cell %d", cell))
	finger(t, ctx, `[data-button="finish"]`)

	code := `[...document.querySelectorAll("#messages li")].find((m) => m.querySelector(".to")?.textContent.toUpperCase().includes("` + number + `"))?.querySelector("mark")?.textContent`
	soon(t, ctx, "the code", `!!`+code)
	digits, err := chromedp.Run(ctx, chromedp.Evaluate[string](code))
	require.NoError(t, err)
	turns(t, ctx, "L-002", "front", 1080, 1920)
	typed(t, ctx, strings.Split(strings.ReplaceAll(digits, " ", ""), "")...)
	soon(t, ctx, "the door in front", `!!document.querySelector(".cell.open .thing button")`)
	browsertest.Keep(t, ctx, "two-way-front", chromedp.CaptureScreenshot())
	hand(t, ctx, ".cell.open .thing button")
	soon(t, ctx, "an empty cell", `!document.querySelector(".cell.open .thing")`)
	hand(t, ctx, ".cell.open .door")
	at := people.Cabinet{Service: people.Service{Base: strings.TrimSuffix(system.StartURL, "/")}, Locker: system.Lockers[1].ID}
	require.NoError(t, at.AwaitCell(ctx, cell, "free", func(c people.Cell) bool { return c.State == "free" && len(c.Content) == 0 }))

	shows(t, ctx, "climates", "4.5 °C")
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("warm"))))
	shows(t, ctx, "climates", "read 12.0 °C")
	said(t, ctx, "not cold enough")
	shows(t, ctx, "incidents", "too_warm")
	soon(t, ctx, "cells that take nothing in", `document.querySelectorAll(".cell.out_of_service").length >= 8`)
	browsertest.Keep(t, ctx, "two-way-warm", chromedp.CaptureScreenshot())
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("cool"))))
	require.NoError(t, chromedp.Do(ctx, gone("incidents", "too_warm")))
	soon(t, ctx, "cells that take in again", `!document.querySelector(".cell.out_of_service")`)
	turns(t, ctx, "L-001", "front", 1280, 800)

	tab, cancel := chromedp.NewContext(ctx)
	defer cancel()
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(system.HandsURL+"?locker="+system.Lockers[1].ID), says("sentence", "Type your pickup code"),
		chromedp.SendKeys(browsertest.TestID("side"), "back"), says("sentence", "badge")), "the page of all hands has both sides too")
}
