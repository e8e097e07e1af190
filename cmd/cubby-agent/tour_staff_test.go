package main

import (
	"strconv"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// staffEvent has the page believe that somebody presses it, or a key, and goes on doing so.
func (w *tour) staffEvent(event string) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.ctx, chromedp.Evaluate[chromedp.Void](event)))
	w.comes("T1", cabinet.TextStaffBadge)
}

// holding finds a cell that a parcel is in, or none.
func (w *tour) holding(parcel bool) (cell int) {
	w.t.Helper()
	w.r.eventually(func(st state) bool {
		for _, c := range st.Cells {
			if c.Operation == "" && !c.Open && !c.Doubtful && (parcel && c.State == models.CellOccupied || !parcel && c.State == models.CellFree) {
				cell = c.Number
				return true
			}
		}
		return false
	}, "such a cell")
	return cell
}

// cell has a technician choose a cell of the list.
func (w *tour) cell(n int) {
	w.t.Helper()
	w.is(`(() => { const b = document.querySelector('[data-item="` + strconv.Itoa(n) + `"]'); b?.click(); return !!b })()`)
	w.comes("T3", cabinet.TextStaffCell)
}

// device has a technician choose a device of the list, by its key.
func (w *tour) device(key string) {
	w.t.Helper()
	w.is(`(() => { const b = document.querySelector('[data-item^="` + key + `"]'); b?.click(); return !!b })()`)
	w.comes("T5", cabinet.TextStaffDevice)
}

// opened waits for a technician's door, and shuts it once it was looked at.
func (w *tour) opened(look bool) {
	w.t.Helper()
	w.comes("T3", cabinet.TextStaffWork)
	cell := w.open(1)[0]
	if look {
		w.at("T3", cabinet.TextStaffWork)
	}
	w.shut(cell)
	w.comes("T3", cabinet.TextStaffInside)
}

// technician: from the screen of help to the end of a visit.
func (w *tour) technician() {
	w.pass(200 * time.Second) // nobody's cell may be opened again
	w.home()
	w.press(cabinet.ButtonHelp)
	w.comes("C5", cabinet.TextHelp)
	w.staffEvent(`document.getElementById('say').dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))`)
	w.at("T1", cabinet.TextStaffBadge)
	w.press(cabinet.ButtonCancel)
	w.comes("C1", cabinet.TextHome)
	w.scan("STAFF-1")
	w.at("T1", cabinet.TextPIN)
	w.typed("4711")
	w.ok()
	w.at("T1", cabinet.TextStaffWhy)
	w.press("service_repair")
	w.is(`document.querySelectorAll('#report div').length > 8`)
	w.on("T2")
	w.at("T2", w.text())

	free, full := w.holding(false), w.holding(true)
	w.press(cabinet.ButtonDoors)
	w.at("T3", cabinet.TextStaffDoors)
	w.cell(free)
	w.at("T3", cabinet.TextStaffCell)
	w.press(cabinet.ButtonOpen)
	w.opened(true)
	w.at("T3", cabinet.TextStaffInside)
	w.press(cabinet.ButtonNotEmpty)
	w.comes("T3", cabinet.TextStaffCell)
	w.press(cabinet.ButtonOpen)
	w.opened(false)
	w.press(cabinet.ButtonEmpty)
	w.comes("T3", cabinet.TextStaffCell)
	w.press(cabinet.ButtonOutOfService)
	w.is(`!!document.querySelector('[data-button="in_service"]')`)
	w.at("T3", cabinet.TextStaffCell, "isolated")
	w.press(cabinet.ButtonInService)
	w.is(`!!document.querySelector('[data-button="out_of_service"]')`)
	w.press(cabinet.ButtonBack)
	w.comes("T3", cabinet.TextStaffDoors)
	w.cell(full)
	w.press(cabinet.ButtonOpen)
	w.at("T3", cabinet.TextStaffEntry)
	w.press("entry_lock")
	w.opened(false)
	w.at("T3", cabinet.TextStaffInside, "occupied")
	w.press(cabinet.ButtonSomethingElse)
	w.comes("T3", cabinet.TextStaffCell)
	for _, why := range []cabinet.Button{"entry_stuck", "entry_leak", "entry_request"} {
		w.press(cabinet.ButtonOpen)
		w.comes("T3", cabinet.TextStaffEntry)
		w.press(why)
		w.opened(false)
		w.press(cabinet.ButtonFound)
		w.comes("T3", cabinet.TextStaffCell)
	}
	w.press(cabinet.ButtonBack)
	w.comes("T3", cabinet.TextStaffDoors)
	w.press(cabinet.ButtonBack)
	w.on("T2")

	w.press(cabinet.ButtonDevices)
	w.at("T5", cabinet.TextStaffDevices)
	w.device("scanner")
	w.at("T5", cabinet.TextStaffDevice)
	w.press(cabinet.ButtonTestScanner)
	w.at("T5", cabinet.TextStaffScan)
	w.scan("ABC-1")
	w.at("T5", cabinet.TextStaffScanned)
	w.press(cabinet.ButtonBack)
	w.comes("T5", cabinet.TextStaffDevice)
	w.press(cabinet.ButtonBack)
	w.comes("T5", cabinet.TextStaffDevices)
	w.device("screen")
	w.at("T5", cabinet.TextStaffDevice, "screen")
	w.press(cabinet.ButtonTestSound)
	w.at("T5", cabinet.TextStaffSound)
	w.press(cabinet.ButtonUnheard)
	w.comes("T5", cabinet.TextStaffDevice)
	w.press(cabinet.ButtonTestSound)
	w.comes("T5", cabinet.TextStaffSound)
	w.press(cabinet.ButtonHeard)
	w.comes("T5", cabinet.TextStaffDevice)
	w.press(cabinet.ButtonTestTouch)
	w.at("T5", cabinet.TextStaffTouch)
	for n := range 12 {
		w.choose(n)
	}
	w.at("T5", cabinet.TextStaffTouched)
	for _, text := range []cabinet.TextKey{cabinet.TextStaffDevice, cabinet.TextStaffDevices} {
		w.press(cabinet.ButtonBack)
		w.comes("T5", text)
	}
	w.press(cabinet.ButtonBack)
	w.on("T2")
	w.press(cabinet.ButtonLeave)
	w.at("T6", cabinet.TextStaffLeave)
	w.press(cabinet.ButtonBack)
	w.on("T2")
	w.press(cabinet.ButtonLeave)
	w.comes("T6", cabinet.TextStaffLeave)
	w.press(cabinet.ButtonFinish)
	w.home()
	for _, why := range []cabinet.Button{"service_inspection", "service_cleaning", "service_installation"} {
		w.badge(why)
		w.press(cabinet.ButtonLeave)
		w.comes("T6", cabinet.TextStaffLeave)
		w.press(cabinet.ButtonFinish)
		w.home()
	}
}

// badge logs a technician in from the first page.
func (w *tour) badge(why cabinet.Button) {
	w.t.Helper()
	w.home()
	w.scan("STAFF-1")
	w.comes("T1", cabinet.TextPIN)
	w.typed("4711")
	w.ok()
	w.comes("T1", cabinet.TextStaffWhy)
	w.press(why)
	w.on("T2")
}

// wiring: two locks are crossed; a technician has that found, and from then on each door is the right
// one.
func (w *tour) wiring() {
	w.r.steel.WireLock(1, 2)
	w.r.steel.WireLock(2, 1)
	w.badge("service_repair")
	w.press(cabinet.ButtonWiring)
	w.at("T4", cabinet.TextWiring)
	w.press(cabinet.ButtonBack)
	w.on("T2")
	w.press(cabinet.ButtonWiring)
	w.comes("T4", cabinet.TextWiring)
	w.press(cabinet.ButtonStart)
	w.at("T4", cabinet.TextWiringShut)
	w.r.steel.SetAutoClose(shutsIn)
	w.shut(2)
	w.at("T4", cabinet.TextWiringRuns)
	w.press(cabinet.ButtonStop)
	w.at("T4", cabinet.TextWiringStopped)
	w.press(cabinet.ButtonLeaveWiring)
	w.badge("service_repair")
	w.press(cabinet.ButtonWiring)
	w.comes("T4", cabinet.TextWiring)
	w.press(cabinet.ButtonStart)
	w.at("T4", cabinet.TextWiringDoubt)
	w.press(cabinet.ButtonMore)
	w.is(`document.querySelectorAll('#report .wrong').length === 0`)
	w.at("T4", cabinet.TextWiringDoubt, "stickers")
	w.press(cabinet.ButtonTryDoubtful)
	w.is(`document.documentElement.dataset.text !== 'wiring_doubt'`)
	w.comes("T4", cabinet.TextWiringDoubt)
	w.press(cabinet.ButtonAccept)
	w.home()
	w.r.eventually(func(st state) bool { return st.Online && st.Directory > 0 }, "it serves")
	w.r.steel.SetAutoClose(0)
}

// technicianWithKeypad opens a cell and leaves without a finger on the glass.
func (w *tour) technicianWithKeypad() {
	w.home()
	w.keyed("*")
	w.comes("C2", cabinet.TextAccess)
	w.keyed("6")
	w.is(`document.documentElement.classList.contains('keypad')`)
	w.keyed("7")
	w.comes("C1", cabinet.TextHome)
	w.keyed("/")
	w.comes("C5", cabinet.TextHelp)
	w.staffEvent(`window.dispatchEvent(new KeyboardEvent('keydown', { key: '0' }))`)
	w.scan("STAFF-1")
	w.comes("T1", cabinet.TextPIN)
	w.keyed("4711\r")
	w.comes("T1", cabinet.TextStaffWhy)
	w.keyed("2")
	w.on("T2")
	free := w.holding(false)
	w.keyed("1")
	w.comes("T3", cabinet.TextStaffDoors)
	w.keyed(strconv.Itoa(free))
	w.is(`document.getElementById('typed').checkVisibility()`)
	w.at("T3", cabinet.TextStaffDoors, "keypad")
	w.keyed("\r")
	w.comes("T3", cabinet.TextStaffCell)
	w.at("T3", cabinet.TextStaffCell, "keypad")
	w.keyed("1")
	w.opened(false)
	w.keyed("1")
	w.comes("T3", cabinet.TextStaffCell)
	w.keyed("3")
	w.comes("T3", cabinet.TextStaffDoors)
	w.keyed("0\r") // back
	w.on("T2")
	w.keyed("3")
	w.comes("T6", cabinet.TextStaffLeave)
	w.keyed("1")
	w.home()
}
