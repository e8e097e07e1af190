package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/browsertest"
	"cubby/models"
)

// browser is the headless browser that stands before a cabinet.
type browser struct {
	t   *testing.T
	ctx context.Context
}

func newBrowser(t *testing.T, url string) *browser {
	t.Helper()
	return newBrowserFor(t, url, 2*time.Minute)
}

// newBrowserFor has a browser stand there for so long at most.
func newBrowserFor(t *testing.T, url string, limit time.Duration) *browser {
	t.Helper()
	ctx := browsertest.New(t, 1280, 800)
	// The first call's context is the browser's life.
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url)))
	ctx, cancel := context.WithTimeout(ctx, limit)
	t.Cleanup(cancel)
	return &browser{t, ctx}
}

// is waits until something is true on the page.
func (b *browser) is(expression string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression,
		chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(soon)))
	if err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.documentElement.dataset.text + ': ' + document.body.innerText`)) // to tell with the failure
		require.NoError(b.t, err, "%s\n%s", expression, text)
	}
}

func (b *browser) says(sentence string) {
	b.t.Helper()
	b.is(fmt.Sprintf(`document.getElementById('sentence').textContent.includes(%q)`, sentence))
}

// tap presses the visible button that says this.
func (b *browser) tap(label string) {
	b.t.Helper()
	done, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(
		`(() => { const b = [...document.querySelectorAll('button')].find((b) => b.textContent === %q && b.checkVisibility()); b?.click(); return !!b })()`, label)))
	require.NoError(b.t, err)
	require.True(b.t, done, "there is no button %q", label)
}

func (b *browser) taps(digits string) {
	b.t.Helper()
	for _, d := range digits {
		b.tap(string(d))
	}
}

// misplaced lists what is wrong with where things are.
const misplaced = `(() => {
	const wrong = [], page = document.scrollingElement, box = (e) => e.getBoundingClientRect();
	for (const e of [page, ...document.querySelectorAll('body *')])
		if (e.tagName !== 'INPUT' && (e.scrollHeight > e.clientHeight + 1 && getComputedStyle(e).overflowY !== 'visible' ||
			e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible')) wrong.push('scrolls: ' + (e.id || e.tagName));
	if (page.scrollHeight > innerHeight || page.scrollWidth > innerWidth) wrong.push('the page scrolls');
	const things = [...document.querySelectorAll('button:not(#veil), input, #sentence, #doors li, #strips p, #screen')].filter((e) => e.checkVisibility());
	const classes = document.documentElement.classList, low = classes.contains('low');
	const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--mm'));
	// Keys are 20 mm, but those of who types beside the glass.
	const least = classes.contains('keypad') ? 15 : 20;
	things.forEach((e, i) => {
		const r = box(e), name = e.id || e.textContent;
		if (r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight) wrong.push('outside: ' + name);
		if (e.tagName === 'BUTTON' && r.height < 64) wrong.push('low: ' + name + ' ' + r.height);
		if (e.closest('#keys') && Math.min(r.width, r.height) < least * mm - .5)
			wrong.push('a small key: ' + name + ', ' + (r.width / mm).toFixed(1) + ' by ' + (r.height / mm).toFixed(1) + ' mm');
		if (e.closest('#keys') && (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)) wrong.push('too small for its name: ' + name);
		if (e.tagName === 'BUTTON' && (innerHeight > innerWidth || low) && r.top < innerHeight / 2) wrong.push('too high to reach: ' + name);
		if (e.tagName === 'LI' && things.filter((o) => o.tagName === 'LI').length === 1 && r.height < 300) wrong.push('a small door number: ' + r.height);
		for (const o of things.slice(i + 1)) {
			const q = box(o);
			if (r.left < q.right - .5 && q.left < r.right - .5 && r.top < q.bottom - .5 && q.top < r.bottom - .5) wrong.push(name + ' overlaps ' + (o.id || o.textContent));
		}
	});
	return wrong.join('; ');
})()`

// crowded is as much as the page must hold beside its digits.
const crowded = `(() => {
	const fill = (id, tag, texts) => document.getElementById(id).replaceChildren(...texts.map((text) => Object.assign(document.createElement(tag), { textContent: text })));
	fill('strips', 'p', ['Cell 12 is open, please close it.', 'Working without network; collecting works.']);
	fill('buttons', 'button', ['Send my code again', 'Something is wrong']);
	document.getElementById('sentence').textContent = 'Nobody announced this parcel. Choose a size to leave it here, or take it back.';
})()`

// fits checks the page as it is now, on a screen that lies and one that stands.
func (b *browser) fits(name string) {
	b.t.Helper()
	for _, size := range [][2]int64{{1080, 1920}, {1280, 800}} {
		require.NoError(b.t, chromedp.Do(b.ctx, chromedp.EmulateViewport(size[0], size[1])))
		// As on a panel of 21.5" and one of 10.1".
		mm := map[int64]string{1080: "4.05px", 1280: "5.9px"}[size[0]]
		require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.documentElement.style.setProperty('--mm', %q)", mm))))
		b.is(fmt.Sprintf(`innerWidth === %d && innerHeight === %d`, size[0], size[1]))
		b.settled()
		wrong, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](misplaced))
		require.NoError(b.t, err)
		browsertest.Keep(b.t, b.ctx, fmt.Sprintf("screen-%s-%d", name, size[0]), chromedp.CaptureScreenshot())
		require.Empty(b.t, wrong, "%s at %v", name, size)
	}
}

// settled waits until the page has taken in how high its footer is.
func (b *browser) settled() {
	b.t.Helper()
	b.is(`getComputedStyle(document.documentElement).getPropertyValue('--foot') === document.querySelector('footer').offsetHeight + 'px'`)
}

// TestScreen: what people see and touch, in a real browser before a real cabinet.
func TestScreen(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 12)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String() // a restart must find it again
	require.NoError(t, free.Close())
	p.configure(map[string]any{"screen": address})
	pin, err := models.HashPIN("47110815", rand.Reader)
	require.NoError(t, err)
	p.cabinet().Tell(models.EntryCourier, "cou_1", models.DirectoryCourier{
		Courier: "cou_1", Organization: "org_1", Role: models.RoleCourier, Badge: "BADGE-1", PINHash: pin,
	})
	p.cabinet().Tell(models.EntryShipment, "shp_1", models.DirectoryShipment{
		Shipment: "shp_1", Carrier: "org_1", Number: "N-1", Issue: 1, Policy: models.ReadyMadePolicies()[0],
		Parcels: []models.DirectoryParcel{{Parcel: "par_1", Barcode: "LABEL-1", Size: models.SizeM, Regime: models.Ambient}},
	})
	r := p.enroll().run()
	r.eventually(func(st state) bool { return st.Directory == 3 }, "it knows of them")
	b := newBrowser(t, "http://"+address)

	b.says("Type your pickup code")
	b.fits("home")
	require.NoError(t, chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](crowded)))
	b.fits("crowded")
	p.cabinet().Tell(models.EntryShipment, "shp_letters", models.DirectoryShipment{
		Shipment: "shp_letters", Carrier: "org_1", Number: "N-2", Issue: 1, Codes: models.CodeBase32, Policy: models.ReadyMadePolicies()[0],
	})
	b.is(`document.querySelectorAll('#keys.base32 button').length === 34`)
	require.NoError(t, chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](crowded)))
	b.fits("crowded-letters")
	require.NoError(t, chromedp.Do(b.ctx, chromedp.Reload()))
	b.is(`document.querySelectorAll('#buttons button').length === 0`)
	b.says("Type your pickup code")

	require.NoError(t, p.scanner.Scan("BADGE-1"))
	b.says("Type your PIN.")
	b.is(`document.getElementById('typed').type === 'password'`)
	b.taps("47110815")
	b.is(`document.getElementById('typed').value === '47110815'`)
	b.fits("pin")
	b.tap("OK")
	b.says("Scan a parcel.")
	b.is(`document.getElementById('typed').type === 'text' && document.getElementById('typed').value === ''`)
	b.fits("courier")
	require.NoError(t, p.scanner.Scan("LABEL-1"))
	b.says("Put the parcel into cell")
	b.fits("put_in")
	cell := p.standsOpen()
	require.NoError(t, p.steel.Put(cell, "LABEL-1"))
	require.NoError(t, p.steel.Close(cell))
	b.says(fmt.Sprintf("In cell %d.", cell))
	b.tap("Finish")
	b.says("You are logged out.")

	b.taps(models.PickupCode(p.cabinet().Key(), "shp_other", 1))
	b.says("This is not a code of this locker.")
	b.fits("wrong_code")
	b.taps(models.PickupCode(p.cabinet().Key(), "shp_1", 1)) // and no OK
	b.says("Take it from cell")
	require.Equal(t, cell, p.standsOpen())
	b.is(fmt.Sprintf(`document.getElementById('doors').textContent === '%d'`, cell))
	b.fits("take")

	p.gateway.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusBadGateway) })
	p.gateway.HangUp()
	b.is(`document.getElementById('strips').textContent.includes('Working without network')`)
	b.fits("offline")
	p.gateway.Intercept(nil)
	_, err = p.steel.Take(cell, "LABEL-1")
	require.NoError(t, err)
	require.NoError(t, p.steel.Close(cell))
	b.says("Everything taken?")
	b.fits("everything")
	b.tap("Yes, everything")
	b.says("Thank you, good-bye.")

	require.NoError(t, r.stop())
	b.says("One moment, please.")
	b.is(`[...document.querySelectorAll('button')].every((b) => !b.checkVisibility())`)
	b.fits("lost")
	p.run()
	b.says("Type your pickup code")
	b.fits("again")
	for _, typed := range []string{"47110815", models.PickupCode(p.cabinet().Key(), "shp_1", 1)} {
		require.False(t, strings.Contains(r.log.String(), typed), "what is typed is not logged")
	}
}

// standsOpen waits for the one door that stands open.
func (p *place) standsOpen() (cell int) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		for n := 1; n <= 12; n++ {
			if p.steel.Truth(n).Open {
				cell = n
				return true
			}
		}
		return false
	}, soon, often, "a door is open")
	return cell
}
