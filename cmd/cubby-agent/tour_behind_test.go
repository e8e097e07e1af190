package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

// loadingSide walks at the back of a two-way cabinet: a courier loads there while a client collects in front.
func loadingSide(t *testing.T, l cabinet.Language) {
	p := newPlaceOf(t, boards.Board{Address: 0, First: 1, Locks: 12}, boards.Board{Address: 1, First: boards.Door(1, true), Locks: 12})
	p.configure(map[string]any{"scanners": []any{map[string]any{"port": "serial:" + p.in("scanner") + "?baud=9600", "side": models.SideBack}}})
	w := walk(t, p, l, models.SideBoth)
	w.prefix = "D1-"
	w.shipment("one", nil, models.SizeS)
	w.comes("C1", cabinet.TextShowBadge)
	w.press(cabinet.Button("language_" + l))
	w.is(fmt.Sprintf(`document.documentElement.lang === %q`, l))
	w.at("C1", cabinet.TextShowBadge)
	w.scan("BADGE-1")
	w.comes("L1", cabinet.TextPIN)
	w.typed("4711")
	w.ok()
	w.at("L2", cabinet.TextCourier)
	w.scan("LABEL-one-1")
	w.comes("L4", cabinet.TextPutIn)
	shown, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.getElementById('doors').textContent`))
	require.NoError(t, err)
	cell, err := strconv.Atoi(shown)
	require.NoError(t, err)
	require.Less(t, cell, 7, "of the module that is the first from the front")
	w.is(fmt.Sprintf(`document.getElementById('places').textContent.includes(%q)`, cabinet.CatalogueOf(l).Texts[cabinet.TextUpperRight]))
	w.is(`document.querySelector('[data-cell="1"]').getBoundingClientRect().left > document.querySelector('[data-cell="7"]').getBoundingClientRect().left`)
	w.at("L4", cabinet.TextPutIn)
	w.shut(boards.Door(cell, true))
	w.comes("L2", cabinet.TextLoaded)

	w.inFront("keys", w.code("one"))
	state := func(is string) string {
		return fmt.Sprintf(`document.querySelector('[data-cell="%d"]').dataset.across === %q`, cell, is)
	}
	w.is(state("open"))
	w.is(`document.getElementById('map').getBoundingClientRect().height > 80`)
	w.at("L2", cabinet.TextLoaded, "pickup-open")
	w.shut(cell)
	w.is(state("collecting"))
	w.inFront("press", string(cabinet.ButtonYesTaken))
	w.is(`!document.querySelector('[data-across]')`)
	w.press(cabinet.ButtonFinish)
	w.at("L14", cabinet.TextGoodbye)
	w.pass(16 * time.Second)
	w.comes("C1", cabinet.TextShowBadge)
	require.NoError(t, w.r.bus.Unplug())
	w.at("C7", cabinet.TextLocksDead)
	require.NoError(t, w.r.bus.Plug())
	w.comes("C1", cabinet.TextShowBadge)
}

// inFront does something at the screen of the front.
func (w *tour) inFront(what, text string) {
	w.t.Helper()
	answer, err := http.Post(w.origin+"/"+what, "application/json", strings.NewReader(fmt.Sprintf(`{"text": %q}`, text)))
	require.NoError(w.t, err)
	require.NoError(w.t, answer.Body.Close())
	require.Equal(w.t, http.StatusOK, answer.StatusCode)
}
