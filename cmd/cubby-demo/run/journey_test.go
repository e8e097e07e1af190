package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/browsertest"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/run"
	"cubby/cmd/cubby-demo/sites"
)

// directory is how many entries a cabinet's directory has.
func directory(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	var snap sites.Snapshot
	require.NoError(t, json.NewDecoder(response.Body).Decode(&snap))
	return snap.Directory
}

// TestJourney is what a new user does first, in a real browser against the real programs:
// send oneself a parcel, follow the link to the cabinet, load it, and see it arrive.
func TestJourney(t *testing.T) {
	t.Parallel()
	bin := rigtest.Programs(t)
	var progress bytes.Buffer
	system, err := run.Start(t.Context(), run.Options{Bin: bin, Var: t.TempDir(), Progress: &progress, AutoClose: 2 * time.Second})
	require.NoError(t, err, progress.String())
	defer func() { require.NoError(t, system.Stop()) }()

	ctx := browsertest.New(t, 1400, 900)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(system.StartURL+"send")))
	// The first call's context is the browser's life; from here on two minutes are plenty.
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Click(chromedp.CSS(`form button`)), // the form holds an address already
		chromedp.WaitVisible(browsertest.TestID("barcode")),
	))
	parcel, err := chromedp.Run(ctx, chromedp.Location())
	require.NoError(t, err)
	label, err := chromedp.Run(ctx, chromedp.Text(browsertest.TestID("barcode")))
	require.NoError(t, err)
	hands, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('`+string(browsertest.TestID("hands"))+`').href`))
	require.NoError(t, err)
	// A label that comes before the news of its shipment is refused.
	require.Eventually(t, func() bool { return directory(t, system.HandsURL+"lockers/"+system.Lockers[0].ID) == 3 },
		40*time.Second, 50*time.Millisecond, "the cabinet knows its layout, the courier and the shipment")
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Navigate(hands),
		says("line", "online"),
		chromedp.SendKeys(browsertest.TestID("scan"), "CUB-BADGE-1\r"), says("sentence", "PIN"),
		chromedp.SendKeys(browsertest.TestID("code"), "1234\r"), says("sentence", "Scan a parcel"),
		chromedp.SendKeys(browsertest.TestID("scan"), label+"\r"), says("sentence", "Put the parcel into cell"),
		says("sentence", "In cell"), // the door has shut itself
	), "at the cabinet")
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Click(browsertest.TestID("network")), says("network", "cut"), says("strips", "Working without network"), says("line", "offline"),
		chromedp.Click(browsertest.TestID("network")), says("network", "whole"), says("line", "online"),
		gone("strips", "Working without network"),
		chromedp.Click(browsertest.TestID("board-1")), says("board-1", "unplugged"), says("cell-17", "out of service"),
		chromedp.Click(browsertest.TestID("board-1")), gone("board-1", "unplugged"), gone("cell-17", "out of service"),
	), "cutting the line, taking a board off")
	// A page that is opened while the power is off has its switch too.
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Click(browsertest.TestID("power")), says("power", "cut"), says("sentence", "L-001 has no power"),
		chromedp.Navigate(hands), says("sentence", "L-001 has no power"), says("line", "no power"),
		chromedp.Click(browsertest.TestID("power")), says("power", "on"), says("line", "online"), gone("sentence", "has no power"),
	), "cutting the power")
	nameless, err := chromedp.Run(ctx, chromedp.Evaluate[int](
		`[...document.querySelectorAll("button")].filter((b) => !(b.ariaLabel || b.textContent.trim()).match(/\w/)).length`))
	require.NoError(t, err)
	require.Zero(t, nameless, "every button has a name")
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](
		`{ const real = window.fetch; window.fetch = (url, o) => real(url.replace("/line/cut", "/line/halve"), o); true }`))
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("network")), says("problem", "A line can be cut and restored.")), "a refused act")
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(parcel), says("state", "loading")), "on the parcel's page")
}
