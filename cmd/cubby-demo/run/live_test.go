package run_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/browsertest"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rigtest"
	"cubby/cmd/cubby-demo/run"
)

// lines may be written and read by several.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// soon waits until an expression holds on the page.
func soon(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	look := chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(4*time.Minute))
	_, err := chromedp.Run(ctx, look)
	// A page that loads itself again takes away what is being evaluated in it: the look is begun anew.
	for err != nil && (strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "context with specified id")) {
		_, err = chromedp.Run(ctx, look)
	}
	if err != nil {
		said, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("#now").innerText + "\n" + document.querySelector("#filling").innerText + document.querySelector("#timeline").innerText`))
		browsertest.Keep(t, ctx, "start-failed", chromedp.FullScreenshot(100))
		require.NoError(t, err, "%s never comes; the page says:\n%s", what, said)
	}
}

// press presses a button and waits until its act is over.
func press(t *testing.T, ctx context.Context, act string) {
	t.Helper()
	began := time.Now()
	button := string(browsertest.TestID("act-" + act))
	soon(t, ctx, "the button of "+act, `document.querySelector('`+button+`')?.disabled === false`)
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("act-"+act))))
	soon(t, ctx, act, `document.querySelector('`+button+`').matches(".ok, .bad")`)
	failed, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("#failed").textContent`))
	require.NoError(t, err)
	require.Empty(t, failed, act)
	t.Logf("%s took %.1f s", act, time.Since(began).Seconds())
}

func shows(t *testing.T, ctx context.Context, id, want string) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, says(id, want)))
}

// TestLivePage plays the whole start page in a real browser against the real programs: the demo network fills itself, the
// six buttons and the resolution move the real cabinet, and Reset puts everything back.
func TestLivePage(t *testing.T) {
	t.Parallel()
	bin := rigtest.Programs(t)
	var said lines
	began := time.Now()
	system, err := run.Start(t.Context(), run.Options{Bin: bin, Var: t.TempDir(), Progress: &said, Full: true, AutoClose: time.Minute, Pace: 600 * time.Millisecond})
	require.NoError(t, err, said.String())
	waiting, stopWaiting := context.WithCancel(t.Context())
	waited := make(chan error, 1)
	go func() { waited <- system.Wait(waiting) }()
	defer func() {
		stopWaiting()
		require.NoError(t, <-waited)
		require.NoError(t, system.Stop())
	}()

	ctx := browsertest.New(t, 1600, 1000)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(system.StartURL)))
	ctx, cancel := context.WithTimeout(ctx, 9*time.Minute)
	defer cancel()
	soon(t, ctx, "a free cabinet", `!!document.querySelector("#cabinet .cell") && document.querySelector('[data-act="announce"]').disabled === false`)
	t.Logf("the buttons are free %.1f s after the start began", time.Since(began).Seconds())

	soon(t, ctx, "the whole network and a copy of it", `document.querySelector("#reset").disabled === false`)
	t.Logf("the network is filled %.1f s after the start began", time.Since(began).Seconds())
	require.NotContains(t, said.String(), "not whole")
	states := byState(t, system)
	t.Logf("cells: %v", states)

	soon(t, ctx, "the labels of what is expected", `document.querySelectorAll("#label option").length === 13`)
	withinReach(t, system)
	papers(t, ctx, system)
	twoWay(t, ctx, system)
	press(t, ctx, "announce")
	shows(t, ctx, "timeline", "shipment.created")
	shows(t, ctx, "curl", "/api/v1/shipments")
	workflow, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('`+string(browsertest.TestID("workflow"))+`').href`))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(workflow, system.TemporalUIURL+"/namespaces/cubby/workflows/shipment-shp_"), workflow)
	page, err := http.Get(strings.Replace(workflow, "/namespaces/", "/api/v1/namespaces/", 1))
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	require.Equal(t, http.StatusOK, page.StatusCode, "the Temporal UI's own API knows the workflow %s", workflow)

	press(t, ctx, "deposit")
	shows(t, ctx, "timeline", "parcel.deposited")
	press(t, ctx, "message")
	shows(t, ctx, "messages", "SMS")
	shows(t, ctx, "messages", "Pickup code")
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("act-pickup"))))
	soon(t, ctx, "an open door with the parcel behind it", `!!document.querySelector(".cell.open .thing")`)
	text := `document.querySelector("#screen").contentDocument.body.innerText`
	soon(t, ctx, "the real screen in its frame to tell of the open door", text+`.includes("Take")`)
	// The door swings for half a second: the picture is of one that stands open.
	// On a busy machine the client may be faster, and then there is no such picture.
	soon(t, ctx, "the door to stand open, with the parcel in it still", `document.querySelector('[data-act="pickup"]').matches(".ok") ||
		document.querySelector(".cell.open .door")?.getAnimations().length === 0 && !!document.querySelector(".cell.open .thing")`)
	browsertest.Keep(t, ctx, "start", chromedp.CaptureScreenshot()) // docs/images/start.png
	soon(t, ctx, "the pickup", `document.querySelector('[data-act="pickup"]').matches(".ok")`)
	shows(t, ctx, "timeline", "shipment.picked up")

	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("act-cable"))))
	soon(t, ctx, "the cable to be out", `document.querySelector("#line").textContent.includes("pulled")`)
	soon(t, ctx, "facts to wait on the cabinet's disk", `document.querySelector("#facts").textContent.match(/waits? to be sent/) !== null`)
	browsertest.Keep(t, ctx, "cable", chromedp.CaptureScreenshot())
	soon(t, ctx, "the facts to arrive", `document.querySelector('[data-act="cable"]').matches(".ok") && document.querySelector("#facts").textContent.includes("all sent")`)

	desk, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('nav a')].find((a) => a.textContent === "Desk")?.title ?? ""`))
	require.NoError(t, err)
	require.Contains(t, desk, system.Staff.Password, "who is to sign in at the desk is told how")
	require.NotEmpty(t, system.Staff.Password)
	press(t, ctx, "jam")
	shows(t, ctx, "incidents", "door jammed")
	soon(t, ctx, "a doubtful cell", `!!document.querySelector(".cell.doubtful.jammed")`)
	browsertest.Keep(t, ctx, "jam", chromedp.CaptureScreenshot())
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("act-resolve"))))
	soon(t, ctx, "the resolution", `document.querySelector('[data-act="resolve"]').matches(".ok, .bad")`)
	shows(t, ctx, "steps", "Now the desk")
	require.NoError(t, chromedp.Do(ctx, gone("failed", "did not work")))
	soon(t, ctx, "the cell that is mended, and still in doubt", `!document.querySelector(".cell.jammed") && !!document.querySelector(".cell.doubtful")`)
	atDesk(t, ctx, system)
	browsertest.Keep(t, ctx, "resolved", chromedp.CaptureScreenshot())

	require.NoError(t, chromedp.Do(ctx, chromedp.Click(browsertest.TestID("reset"))))
	soon(t, ctx, "the page to tell of the reset", `!document.querySelector("#away").hidden`)
	resetBegan := time.Now()
	soon(t, ctx, "the network to be back", `document.querySelector("#away").hidden && document.querySelector('[data-act="announce"]').disabled === false && !document.querySelector("#parcels li")`)
	t.Logf("reset took %.1f s", time.Since(resetBegan).Seconds())
	require.Equal(t, states, byState(t, system), "it is as it was")
	press(t, ctx, "announce")

	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	require.NoError(t, err)
	require.False(t, wide, "a phone need not scroll sideways")
	browsertest.Keep(t, ctx, "phone", chromedp.FullScreenshot(100))
}

// atDesk resolves the incident that the page shows, and then its cell in doubt, as a person of the staff in another tab. The
// page sees both go.
func atDesk(t *testing.T, page context.Context, system *run.System) {
	t.Helper()
	// A lock that did not open may have an incident of its own: it stays until the lock is known to be well.
	const jammed = `[...document.querySelectorAll("#incidents li")].find((i) => i.textContent.includes("door jammed"))`
	url, err := chromedp.Run(page, chromedp.Evaluate[string](jammed+`.querySelector('`+string(browsertest.TestID("desk"))+`').href`))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(url, system.APIURL+"/desk/incidents/inc_"), url)
	shows(t, page, "incidents", system.Staff.Password)
	tab, cancel := chromedp.NewContext(page)
	defer cancel()
	d := desk{t, tab}
	d.do("signing in", chromedp.Navigate(url), chromedp.SendKeys(chromedp.CSS("input[name=login]"), system.Staff.Login),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), system.Staff.Password+"\r"), says("state", "open"))
	browsertest.Keep(t, tab, "desk-incident-of-the-demo", chromedp.FullScreenshot(100))
	d.do("resolving", because("resolve", "the lock is mended"), click("resolve"), says("state", "resolved"))
	soon(t, page, "the incident to go", `!`+jammed)
	d.do("the cell", click("incident-locker"), says("cell", "doubtful"),
		settles("the page is never whole", `document.readyState === "complete"`)) // it scrolls to the cell, away from under the mouse
	d.do("marking checked",
		// The page may still move away from under a mouse.
		settles("that it is empty is never chosen", `(() => { const s = document.querySelector("[data-testid=check]"); if (s && !s.parentElement.open) s.click(); const r = document.querySelector("input[value=empty]"); if (r?.checkVisibility() && !r.checked) r.click(); return r?.checked === true })()`), because("check-go", "the technician looked"), click("check-go"), says("done", "The cabinet is told"), gone("cell", "doubtful"))
	soon(t, page, "no cell in doubt", `!document.querySelector(".cell.doubtful")`)
}

// withinReach: what is for a client who does not reach every cell lies in one that everybody reaches. It is
// brought first: any other small parcel would lie in cell 4, which is too high.
func withinReach(t *testing.T, system *run.System) {
	t.Helper()
	carrier, err := client.NewClientWithResponses(system.APIURL, client.WithKey(system.CarrierKey))
	require.NoError(t, err)
	number, locker := "COURTYARD-08", system.Lockers[0].Number
	res, err := carrier.ListShipmentsWithResponse(t.Context(), &client.ListShipmentsParams{Number: &number, Locker: &locker})
	require.NoError(t, err)
	require.NotNil(t, res.JSON200, string(res.Body))
	require.Len(t, res.JSON200.Items, 1)
	require.NotNil(t, res.JSON200.Items[0].Parcels[0].Cell)
	at, err := carrier.GetLockerWithResponse(t.Context(), system.Lockers[0].ID, &client.GetLockerParams{})
	require.NoError(t, err)
	require.NotNil(t, at.JSON200, string(at.Body))
	require.Contains(t, at.JSON200.EasyReach, *res.JSON200.Items[0].Parcels[0].Cell)
}

// papers looks at what a courier has in hand.
func papers(t *testing.T, page context.Context, system *run.System) {
	t.Helper()
	look := func(path, kind string) string {
		response, err := http.Get(system.StartURL + path)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Contains(t, response.Header.Get("Content-Type"), kind)
		raw, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(raw)
	}
	shown := look("papers", "text/html")
	require.Contains(t, shown, "code 7391", "the way in to L-003, where parcels of the carrier lie")
	require.Equal(t, 12, strings.Count(shown, `data-testid="expected"`))
	require.Contains(t, look("papers/labels.pdf", "application/pdf"), "/Count 12", "a page for each label")
	tab, cancel := chromedp.NewContext(page)
	defer cancel()
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(390, 844), chromedp.Navigate(system.StartURL+"papers"), says("access", "7391")))
	wide, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	require.NoError(t, err)
	require.False(t, wide, "a phone need not scroll sideways")
	browsertest.Keep(t, tab, "papers", chromedp.FullScreenshot(100))
}

// byState counts cells by what their cabinets say of them, and what really lies in them.
func byState(t *testing.T, system *run.System) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, l := range system.Lockers {
		if l.Waiting {
			continue
		}
		at := people.Cabinet{Service: people.Service{Base: strings.TrimSuffix(system.StartURL, "/")}, Locker: l.ID}
		cells, err := at.Cells(t.Context())
		require.NoError(t, err)
		for _, c := range cells {
			if c.State == "occupied" { // one that was just emptied is kept for its client for a moment: free or reserved
				counts[l.Number+" occupied"]++
			}
			if c.Doubtful {
				counts[l.Number+" doubtful"]++
			}
			counts[l.Number+" things"] += len(c.Content)
		}
	}
	return counts
}
