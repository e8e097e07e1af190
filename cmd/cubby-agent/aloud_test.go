package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// listened keeps what the page gives to the voice, which a test cannot hear.
const listened = `window.said = []; speechSynthesis.speak = (u) => window.said.push(u.lang + ': ' + u.text)`

// TestAloud: who has a keypad and no eyes is told what is on the page, and what they move to.
func TestAloud(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4)
	address := freeAddress(t)
	p.configure(map[string]any{"screen": address})
	p.enroll().run()
	b := newBrowser(t, "http://"+address)
	b.is(`document.querySelectorAll('#keys button').length > 9`)
	require.NoError(t, chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](listened)))
	key := func(keys string) {
		t.Helper()
		for _, k := range keys {
			require.NoError(t, chromedp.Do(b.ctx, chromedp.KeyEvent(string(k))))
		}
	}
	last := func(text string) {
		t.Helper()
		b.is(fmt.Sprintf(`window.said.at(-1)?.includes(%q)`, text))
	}
	key("*")
	b.is(`document.getElementById('screen').textContent === 'C2'`)
	b.is(`window.said.length === 0`)
	key("4")
	last("en: Choose what helps you.")
	last("Press 4: Read aloud, switched on.")
	key("1")
	last("Press 1: Big text, switched on.")
	key("+")
	last("en: Big text, switched on")
	key("+")
	last("en: High contrast")
	key("7")
	last("en: Type your pickup code")
	key("-")
	last("en: Help")
	b.tap("Deutsch")
	last("de: Geben Sie Ihren Abholcode ein")
	key("*")
	last("de: Wählen Sie")
	key("4")
	b.is(`document.getElementById('screen').textContent === 'C2' && !document.documentElement.classList.contains('speech')`)
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`window.said.length`))
	require.NoError(t, err)
	key("+")
	b.is(`document.activeElement.dataset.button === 'back'`)
	b.is(fmt.Sprintf(`window.said.length === %d`, n))
}
