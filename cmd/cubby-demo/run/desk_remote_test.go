package run_test

import (
	"context"
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

// onPhone is a person with the desk on a phone, signed in.
func onPhone(t *testing.T, system *run.System, login, password string) desk {
	t.Helper()
	browser := browsertest.New(t, 360, 740)
	require.NoError(t, chromedp.Do(browser, chromedp.Navigate(system.APIURL+"/desk")))
	browser, stop := context.WithTimeout(browser, 3*time.Minute)
	t.Cleanup(stop)
	d := desk{t, browser}
	d.do("signing in", chromedp.EmulateViewport(360, 740), chromedp.SendKeys(chromedp.CSS("input[name=login]"), login),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), password+"\r"), chromedp.WaitVisible(browsertest.TestID("sign-out")))
	return d
}

// fits wants a page that a phone shows well.
func (d desk) fits(name string) {
	d.t.Helper()
	wrong, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](poor))
	require.NoError(d.t, err)
	browsertest.Keep(d.t, d.ctx, "desk-"+name+"-phone", chromedp.FullScreenshot(100))
	require.Empty(d.t, wrong, name)
}

// where is the address of the page.
func (d desk) where() string {
	d.t.Helper()
	at, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](`location.origin + location.pathname`))
	require.NoError(d.t, err)
	return at
}

// asks has a person ask for several doors of a locker, and returns the request's page.
func (d desk) asks(locker, cells, why string) string {
	d.t.Helper()
	d.do("asking for "+cells, chromedp.Navigate(locker), click("open-cells"),
		chromedp.SendKeys(chromedp.CSS(`form:has([data-testid="open-cells-go"]) input[name=cells]`), cells),
		because("open-cells-go", why), click("open-cells-go"), says("done", "It is asked for"))
	return d.where()
}

// TestRemoteOpeningAtTheDesk opens doors from afar with two people at the desk, each on a phone, against a real cabinet's
// program: one alone has a door opened and is told of one that does not open; four doors need the other one, who
// approves or rejects; and who asked can take it back, and not approve it.
func TestRemoteOpeningAtTheDesk(t *testing.T) {
	t.Parallel()
	bin := rigtest.Programs(t)
	var progress strings.Builder
	system, err := run.Start(t.Context(), run.Options{Bin: bin, Var: t.TempDir(), Progress: &progress})
	require.NoError(t, err, progress.String())
	defer func() { require.NoError(t, system.Stop()) }()
	passwords := hire(t, system, "vera", "boris")

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	at := people.Cabinet{Service: people.Service{Base: strings.TrimSuffix(system.StartURL, "/")}, Locker: system.Lockers[0].ID}
	require.NoError(t, at.AwaitReady(ctx))
	vera, boris := onPhone(t, system, "vera", passwords["vera"]), onPhone(t, system, "boris", passwords["boris"])
	locker := system.APIURL + "/desk/lockers/" + at.Locker

	vera.do("one door", chromedp.Navigate(locker+"?cell=5"), click("open"), because("open-go", "the client's phone is broken"), click("open-go"),
		says("state", "done"), says("door-5", "opened"))
	vera.fits("remote-done")
	require.NoError(t, at.Close(ctx, 5))

	require.NoError(t, at.Jam(ctx, 4))
	vera.do("one that is stuck", chromedp.Navigate(locker+"?cell=4"), click("open"), because("open-go", "it is stuck"), click("open-go"),
		says("door-4", "did not open"), says("state", "done"))
	vera.fits("remote-refused")
	pulses, err := at.Pulses(ctx)
	require.NoError(t, err)

	page := vera.asks(locker, "6, 7, 8, 9", "water comes in")
	vera.do("waiting", says("state", "waits for a second person"), gone("state", "done"))
	own, err := chromedp.Run(vera.ctx, chromedp.Evaluate[bool](`document.querySelector('[data-testid=approve]') !== null`))
	require.NoError(t, err)
	require.False(t, own, "who asked does not approve")
	vera.fits("remote-waiting")
	now, err := at.Pulses(ctx)
	require.NoError(t, err)
	require.Equal(t, pulses, now, "nothing is driven before the second person's word")
	boris.do("approving", chromedp.Navigate(system.APIURL+"/desk/remote"), click("remote"), says("state", "waits for a second person"))
	boris.fits("remote-second")
	boris.do("approving", click("approve"), says("done", "Approved"))
	for _, cell := range []int{6, 7, 8, 9} {
		vera.do("it is seen without a word", says(fmt.Sprint("door-", cell), "opened"))
		require.NoError(t, at.Close(ctx, cell))
	}
	vera.do("done", says("state", "done"))
	require.Equal(t, page, vera.where())

	page = vera.asks(locker, "10, 11, 12, 13", "water comes in here too")
	boris.do("rejecting", chromedp.Navigate(page), click("reject"), because("reject-go", "nobody "), redrawn(), redrawn(), because("reject-go", "told me"),
		click("reject-go"), says("done", "Rejected"), says("state", "rejected"))
	vera.do("it is seen", says("state", "rejected"))
	vera.asks(locker, "14, 15, 16, 17", "and here")
	vera.do("taking it back", says("state", "waits for a second person"), click("reject"), because("reject-go", "it was the wrong locker"), click("reject-go"),
		says("state", "rejected"))
	boris.do("nothing is left to decide", chromedp.Navigate(system.APIURL+"/desk/remote?state=waiting_for_approval"), says("empty", "none in this state"))
	boris.fits("remote-list-empty")
	boris.do("all of it", chromedp.Navigate(system.APIURL+"/desk/remote"), settles("the list does not say who asked", `document.querySelector("#list")?.textContent.includes("Vera") === true`))
	boris.fits("remote-list")
	cells, err := at.Cells(ctx)
	require.NoError(t, err)
	for _, c := range cells {
		require.False(t, c.DoorOpen && c.Number >= 10 && c.Number <= 17, "cell %d was refused", c.Number)
	}
}

// redrawn waits until the page has looked again by itself.
func redrawn() chromedp.Action[chromedp.Void] {
	return settles("it is not drawn anew", `(() => {
		const drawn = document.getElementById('remote');
		const anew = window.drawn !== undefined && window.drawn !== drawn;
		window.drawn = anew ? undefined : window.drawn ?? drawn;
		return anew;
	})()`)
}
