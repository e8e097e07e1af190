package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// envLanguages has the tour walk in every language, and not in English alone.
const envLanguages = "CUBBY_SCREENS_IN"

// unpressed are the buttons that it leaves to the tests of the core: one leaves a cell in doubt that another scene wants,
// one ends the visit that goes on.
var unpressed = map[string]bool{"L7 not_taken": true, "L14 finish": true}

// TestTour walks through the screens in a true browser before a true cabinet, its boards and its
// scanner; time passes at the cabinet's clock.
func TestTour(t *testing.T) {
	t.Parallel()
	languages := []cabinet.Language{cabinet.English}
	if all := os.Getenv(envLanguages); all != "" {
		languages = nil
		for l := range strings.SplitSeq(all, ",") {
			languages = append(languages, cabinet.Language(l))
		}
	}
	for _, l := range languages {
		t.Run(string(l)+" behind", func(t *testing.T) {
			t.Parallel()
			loadingSide(t, l)
		})
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			w := newTour(t, l)
			w.frame()
			w.codes()
			w.wiring()
			w.courier()
			w.client()
			w.technician()
			w.technicianWithKeypad()
			w.letters()
			w.shared()
			w.troubles()
			w.corrections()
			w.objections()
			w.checks()
			w.interrupted()
			w.power()
			w.breaks()
			for _, s := range cabinet.Screens() {
				require.True(t, w.seen[string(s)], "screen %s was looked at", s)
			}
			for button := range w.offered {
				assert.Equal(t, !unpressed[button], w.pressed[button], "whether %s was pressed", button)
			}
		})
	}
}

// frame: languages, access, help, "are you still here?".
func (w *tour) frame() {
	w.home()
	w.at("C1", cabinet.TextHome)
	w.pass(61 * time.Second)
	w.is(`!!document.getElementById('veil')`)
	w.at("C1", cabinet.TextHome, "dim")
	w.home()
	w.press(cabinet.ButtonAccess)
	w.at("C2", cabinet.TextAccess)
	for _, mode := range []string{"big", "contrast", "low", "speech", "slow", "keypad"} {
		w.press(cabinet.Button("access_" + mode))
		w.is(`document.documentElement.classList.contains('` + mode + `')`)
		if mode != "speech" && mode != "slow" { // those change nothing that is seen
			w.at("C2", cabinet.TextAccess, mode)
		}
	}
	w.press(cabinet.ButtonDone)
	w.at("C1", cabinet.TextHome, "access")
	for _, l := range cabinet.Languages() {
		w.press(cabinet.Button("language_" + l))
		w.is(`document.documentElement.lang === "` + string(l) + `"`)
	}
	w.press(cabinet.Button("language_" + w.language))
	w.press(cabinet.ButtonAccess)
	for _, mode := range []string{"big", "contrast", "low", "speech", "slow", "keypad"} {
		w.press(cabinet.Button("access_" + mode))
	}
	w.press(cabinet.ButtonDone)
	w.comes("C1", cabinet.TextHome)
	w.press(cabinet.ButtonHelp)
	w.is(`document.getElementById('phone').getBoundingClientRect().width >= 120 && document.querySelectorAll('#lines li').length === 2`)
	w.at("C5", cabinet.TextHelp)
	w.press(cabinet.ButtonBack)
	w.comes("C1", cabinet.TextHome)
}

// codes: what comes of typed codes that open nothing.
func (w *tour) codes() {
	right := w.code("other")
	w.typed(mistyped(right))
	w.at("P1", cabinet.TextMistyped)
	w.press(cabinet.ButtonLanguages)
	w.is(`document.querySelectorAll('#frame [lang]').length > 3`)
	w.at("P1", cabinet.TextMistyped, "languages")
	w.press("language_ru")
	w.is(`document.documentElement.lang === 'ru'`)
	w.comes("P1", cabinet.TextMistyped)
	w.press(cabinet.ButtonLanguages)
	w.press(cabinet.Button("language_" + w.language))
	w.is(`document.documentElement.lang === "` + string(w.language) + `" && !document.querySelector('#frame [lang]')`)
	w.pass(46 * time.Second)
	w.at("C3", cabinet.TextStillHere)
	w.press(cabinet.ButtonMoreTime)
	w.comes("P1", cabinet.TextMistyped)
	w.pass(46 * time.Second)
	w.comes("C3", cabinet.TextStillHere)
	w.press(cabinet.ButtonFinish)
	w.home()
	for range 4 {
		w.typed(right)
		w.comes("P1", cabinet.TextWrongCode)
	}
	w.at("P1", cabinet.TextWrongCode)
	w.press(cabinet.ButtonCodeAgain)
	w.at("P12", cabinet.TextCodeAgain)
	w.press(cabinet.ButtonCancel)
	w.comes("C1", cabinet.TextHome)
	w.typed(right)
	w.at("P2", cabinet.TextPaused)
	w.press(cabinet.ButtonCancel)
	w.pass(6 * time.Minute)
	w.home()
	w.scan("NOBODY KNOWS")
	w.at("P1", cabinet.TextUnknownScan)
	w.press(cabinet.ButtonCancel)
	w.comes("C1", cabinet.TextHome)
}

// mistyped is a code with its last digit wrong.
func mistyped(code string) string { return code[:7] + string('0'+(code[7]-'0'+1)%10) }

// login shows a badge and types its PIN.
func (w *tour) login() {
	w.home()
	w.scan("BADGE-1")
	w.comes("L1", cabinet.TextPIN)
	w.typed("4711")
	w.ok()
	w.comes("L2", cabinet.TextCourier)
}

// load puts a parcel in, and says into which cell.
func (w *tour) load(label string) int {
	w.scan(label)
	w.comes("L4", cabinet.TextPutIn)
	cell := w.open(1)[0]
	w.shut(cell)
	w.comes("L2", cabinet.TextLoaded)
	return cell
}

// leave ends a courier's visit.
func (w *tour) leave() {
	w.press(cabinet.ButtonFinish)
	w.comes("L14", cabinet.TextGoodbye)
	w.pass(16 * time.Second)
}

// courier: from the badge to the end of a visit.
func (w *tour) courier() {
	w.shipment("one", nil, models.SizeS)
	w.shipment("two", nil, models.SizeS, models.SizeM)
	w.shipment("big", nil, models.SizeXL)
	w.shipment("large", nil, models.SizeL, models.SizeL, models.SizeL)
	w.shipment("reach", func(s *models.DirectoryShipment) { s.Parcels[0].EasyReach = true }, models.SizeS)
	w.shipment("heavy", func(s *models.DirectoryShipment) { s.Parcels[0].WeightG = 20_001 }, models.SizeS)
	w.shipment("foreign", func(s *models.DirectoryShipment) { s.Carrier = "org_2" }, models.SizeS)
	w.home()
	w.scan("LABEL-one-1")
	w.comes("C1", cabinet.TextBadgeFirst)
	w.press(cabinet.ButtonCourier)
	w.at("L1", cabinet.TextShowBadge)
	w.press(cabinet.ButtonCancel)
	w.comes("C1", cabinet.TextHome)
	w.scan("BADGE-1")
	w.at("L1", cabinet.TextPIN)
	w.typed("1234")
	w.ok()
	w.comes("L1", cabinet.TextWrongPIN)
	w.typed("4711")
	w.ok()
	w.at("L2", cabinet.TextCourier)

	w.press(cabinet.ButtonCheck)
	w.comes("L2", cabinet.TextNothingDoubt)
	w.press(cabinet.ButtonCollect)
	w.comes("L2", cabinet.TextNothingThere)
	w.press(cabinet.ButtonList)
	w.at("L3", cabinet.TextHere)
	w.press(cabinet.ButtonCancel)
	w.comes("L2", cabinet.TextCourier)
	w.press(cabinet.ButtonList)
	w.comes("L3", cabinet.TextHere)
	goOn := w.time.stop()
	w.r.cabinet().Hold(true)
	w.choose(5) // of the list by labels
	w.at("C4", cabinet.TextWait)
	w.press(cabinet.ButtonCancel)
	w.r.cabinet().Hold(false)
	goOn()
	w.comes("L2", cabinet.TextCourier)
	w.scan("LABEL-one-1")
	w.comes("L4", cabinet.TextPutIn)
	cell := w.open(1)[0]
	w.at("L4", cabinet.TextPutIn)
	w.press(cabinet.ButtonCancel)
	w.at("L7", cabinet.TextTakeOut)
	w.shut(cell)
	w.at("L7", cabinet.TextIsEmpty)
	w.press(cabinet.ButtonEmpty)
	w.comes("L2", cabinet.TextCourier)

	w.scan("LABEL-one-1")
	w.comes("L4", cabinet.TextPutIn)
	cell = w.open(1)[0]
	w.press(cabinet.ButtonNotFit)
	w.comes("L7", cabinet.TextTakeOut)
	w.shut(cell)
	w.at("L6", cabinet.TextIsEmpty)
	w.press(cabinet.ButtonEmpty)
	w.comes("L4", cabinet.TextPutIn)
	w.shut(w.open(1)[0])
	w.at("L2", cabinet.TextLoaded)
	w.load("LABEL-two-1")
	w.load("LABEL-two-2")
	w.shipment("unsized", nil, "")
	w.scan("LABEL-unsized-1")
	w.at("L11", cabinet.TextSize)
	w.is(`(() => { const [s, m, l] = ['s', 'm', 'l'].map((size) => document.querySelector('[data-button="size_' + size + '"]'));
		return 1.5 * s.offsetHeight < m.offsetHeight && 1.5 * m.offsetHeight < l.offsetHeight && [s, m, l].every((b) => /\d/.test(b.textContent)); })()`)
	w.press(cabinet.ButtonCancel)
	w.comes("L2", cabinet.TextCourier)
	w.scan("LABEL-unsized-1")
	w.comes("L11", cabinet.TextSize)
	w.press("size_s")
	w.comes("L4", cabinet.TextPutIn)
	w.shut(w.open(1)[0])
	w.comes("L2", cabinet.TextLoaded)
	w.scan("LABEL-one-1")
	w.at("L10", cabinet.TextAlreadyIn)
	w.scan("LABEL-heavy-1")
	w.at("L10", cabinet.TextTooHeavy)
	w.scan("LABEL-foreign-1")
	w.at("L10", cabinet.TextOtherCarrier)
	w.press(cabinet.ButtonFinish)
	w.at("L14", cabinet.TextGoodbye)

	w.login()
	w.scan("LABEL-big-1")
	w.at("L9", cabinet.TextTooBig)
	w.press(cabinet.ButtonTakeBack)
	w.comes("L2", cabinet.TextCourier)
	w.scan("LABEL-reach-1")
	w.at("L9", cabinet.TextNoEasyReach)
	w.press(cabinet.ButtonTakeBack)
	w.comes("L2", cabinet.TextCourier)
	w.load("LABEL-large-1")
	w.load("LABEL-large-2")
	w.scan("LABEL-large-3")
	w.at("L9", cabinet.TextFull)
	w.press(cabinet.ButtonCollect)
	w.comes("L2", cabinet.TextNothingThere)
	w.asks()

	for n, size := range []cabinet.Button{"leave_s", "leave_m"} {
		w.scan("NOBODY-" + string(size))
		w.comes("L8", cabinet.TextLeaveHere)
		if n == 0 {
			w.at("L8", cabinet.TextLeaveHere)
		}
		w.press(size)
		w.comes("L4", cabinet.TextPutIn)
		w.shut(w.open(1)[0])
		w.comes("L2", cabinet.TextLoaded)
	}
	w.scan("NOBODY-back")
	w.comes("L8", cabinet.TextLeaveHere)
	w.press(cabinet.ButtonTakeBack)
	w.comes("L2", cabinet.TextCourier)
	w.keyboard()
	for _, b := range []cabinet.Button{cabinet.ButtonList, cabinet.ButtonTakeBack} {
		w.press("keyboard")
		w.typed("XYZ-77")
		w.ok()
		w.comes("L8", cabinet.TextUnknownLabel)
		if b == cabinet.ButtonList {
			w.at("L8", cabinet.TextUnknownLabel)
		}
		w.press(b)
		w.is(`document.getElementById('screen').textContent !== 'L8'`)
	}
	w.pass(121 * time.Second)
	w.at("L13", cabinet.TextAway)
	w.scan("BADGE-1")
	w.comes("L2", cabinet.TextCourier)
	w.leave()
}

// keyboard: for labels that no scanner reads, also with low reach and large text, when a third of its keys is shown at a
// time where a screen lies.
func (w *tour) keyboard() {
	w.press("keyboard")
	w.at("L2", cabinet.TextCourier, "keyboard")
	w.lowAndBig()
	w.press("keyboard")
	w.is(`innerHeight > innerWidth || document.querySelectorAll('#keys.letters button').length === 17`)
	w.at("L2", cabinet.TextCourier, "keyboard-low")
	w.tap("N–Z")
	w.at("L2", cabinet.TextCourier, "keyboard-low-sheet")
	w.lowAndBig()
}

// lowAndBig switches both on or off, from a courier's page.
func (w *tour) lowAndBig() {
	w.press(cabinet.ButtonAccess)
	w.comes("C2", cabinet.TextAccess)
	w.press("access_low")
	w.press("access_big")
	w.press(cabinet.ButtonDone)
	w.comes("L2", cabinet.TextCourier)
}

// client: from the code to the good-bye.
func (w *tour) client() {
	w.paying()
	w.several()
	w.typed(w.code("two"))
	w.comes("P5", cabinet.TextTake)
	doors := w.open(2)
	w.at("P5", cabinet.TextTake)
	w.pass(31 * time.Second)
	w.at("P6", cabinet.TextPleaseClose)
	w.is(`document.documentElement.classList.contains('reminds')`)
	w.press(cabinet.ButtonRefuse)
	w.comes("P9", cabinet.TextWhichCell)
	w.press(cabinet.ButtonKeep)
	w.comes("P6", cabinet.TextPleaseClose)
	for _, cell := range doors {
		w.shut(cell)
	}
	w.at("P8", cabinet.TextEverything)
	w.press(cabinet.ButtonYesTaken)
	w.at("C1", cabinet.TextThanks)
	w.reopened()
	w.refusals()
	w.jammed()
}

// paying: what is to be paid for is not had here.
func (w *tour) paying() {
	due := func(s *models.DirectoryShipment) { s.DueMinor, s.Currency = 1205, "EUR" }
	w.shipment("unsized", due, models.SizeS)
	w.home()
	w.typed(w.code("unsized"))
	w.at("P10", cabinet.TextPayment)
	w.press(cabinet.ButtonCancel)
	w.shipment("unsized", nil, models.SizeS)
	w.home()
}

// several: who reaches low alone is told how many doors there are, and has them one by one.
func (w *tour) several() {
	w.shipment("calm", nil, models.SizeS, models.SizeS)
	w.login()
	w.load("LABEL-calm-1")
	w.load("LABEL-calm-2")
	w.leave()
	w.home()
	w.press(cabinet.ButtonAccess)
	w.comes("C2", cabinet.TextAccess)
	w.press("access_low")
	w.press(cabinet.ButtonDone)
	w.at("C1", cabinet.TextHome, "low")
	w.typed(mistyped(w.code("calm")))
	w.at("P1", cabinet.TextMistyped, "low")
	w.press(cabinet.ButtonCancel)
	for _, b := range []cabinet.Button{cabinet.ButtonCancel, cabinet.ButtonOpen} {
		w.comes("C1", cabinet.TextHome)
		w.typed(w.code("calm"))
		w.at("P4", cabinet.TextSeveral)
		w.press(b)
	}
	for range 2 {
		w.comes("P5", cabinet.TextTake)
		w.is(`/\d\D+2/.test(document.getElementById('places').textContent)`) // of 2
		w.shut(w.open(1)[0])
		w.closed()
	}
	w.comes("P8", cabinet.TextEverything)
	w.press(cabinet.ButtonYesTaken)
	w.comes("C1", cabinet.TextThanks)
	w.home()
}

// shutTwo shuts the two doors of a client who reopened them.
func (w *tour) shutTwo() {
	w.comes("P5", cabinet.TextTake)
	for _, cell := range w.open(2) {
		w.shut(cell)
	}
	w.comes("P8", cabinet.TextEverything)
}

// reopened: a client who forgot something, and once more, and then it is enough.
func (w *tour) reopened() {
	w.pass(16 * time.Second)
	w.home()
	w.typed(w.code("two"))
	w.shutTwo()
	w.press(cabinet.ButtonOpenAgain)
	w.shutTwo()
	w.press(cabinet.ButtonYesTaken)
	w.home()
	w.typed(w.code("two"))
	w.on("P3")
	w.at("P3", w.text())
	w.press(cabinet.ButtonCancel)
	w.home()
}

// refusals: what a client does not want.
func (w *tour) refusals() {
	w.typed(w.code("one"))
	w.comes("P5", cabinet.TextTake)
	cell := w.open(1)[0]
	w.press(cabinet.ButtonRefuse)
	w.at("P9", cabinet.TextPutBack)
	w.press(cabinet.ButtonKeep)
	w.comes("P5", cabinet.TextTake)
	w.press(cabinet.ButtonRefuse)
	w.comes("P9", cabinet.TextPutBack)
	for _, why := range []cabinet.Button{cabinet.ButtonDamaged, cabinet.ButtonNotOrdered, cabinet.ButtonOther} {
		w.press(why)
	}
	w.shut(cell)
	w.at("C1", cabinet.TextPutBackThanks)
}

// jammed: doors that do not open, and a client who has a keypad alone.
func (w *tour) jammed() {
	w.login()
	w.shipment("stuck", nil, models.SizeS)
	cell := w.load("LABEL-stuck-1")
	w.leave()
	w.home()
	w.r.steel.Jam(cell, true)
	w.keyed("*")
	w.comes("C2", cabinet.TextAccess)
	w.keyed("6")
	w.is(`document.documentElement.classList.contains('keypad')`)
	w.keyed("7")
	w.comes("C1", cabinet.TextHome)
	w.keyed(w.code("stuck"))
	w.comes("P5", cabinet.TextOpening)
	w.pass(8 * time.Second)
	w.at("P7", cabinet.TextJammed)
	w.r.steel.Jam(cell, false)
	w.keyed("1") // try again
	w.comes("P5", cabinet.TextTake)
	w.shut(w.open(1)[0])
	w.comes("P8", cabinet.TextEverything)
	w.keyed("1") // everything is taken
	w.comes("C1", cabinet.TextThanks)
	w.home()
	w.login()
	w.shipment("stuck2", nil, models.SizeS)
	cell = w.load("LABEL-stuck2-1")
	w.stuck = cell
	w.leave()
	w.home()
	w.r.steel.Jam(cell, true)
	w.typed(w.code("stuck2"))
	w.comes("P5", cabinet.TextOpening)
	w.pass(8 * time.Second)
	w.comes("P7", cabinet.TextJammed)
	w.press(cabinet.ButtonTryAgain)
	w.comes("P5", cabinet.TextOpening)
	w.pass(8 * time.Second)
	w.comes("P7", cabinet.TextJammed)
	w.press(cabinet.ButtonFinish)
	w.at("C1", cabinet.TextStuck)
	w.r.steel.Jam(cell, false)
}

// letters: a code that has some, on the screen's keys, with a typing mistake and by a keypad beside
// the glass, which moves over them.
func (w *tour) letters() {
	issue := models.CodeBase32.ChooseIssue(w.r.cabinet().Key(), "shp_letters", 1, nil)
	w.shipment("letters", func(s *models.DirectoryShipment) { s.Codes, s.Issue = models.CodeBase32, issue }, models.SizeS)
	w.login()
	w.load("LABEL-letters-1")
	w.leave()
	w.home()
	w.is(`document.querySelectorAll('#keys.base32 button').length === 34`)
	w.at("C1", cabinet.TextHome, "letters")
	code := models.CodeBase32.Code(w.r.cabinet().Key(), "shp_letters", issue)
	other := "Z"
	if code[6] == 'Z' {
		other = "Y"
	}
	w.typed(code[:6] + other)
	w.at("P1", cabinet.TextMistyped, "letters")
	wrong := models.CodeBase32.Code(w.r.cabinet().Key(), "shp_other", models.CodeBase32.ChooseIssue(w.r.cabinet().Key(), "shp_other", 1, nil))
	w.typed(wrong)
	w.at("P1", cabinet.TextWrongCode, "letters")
	w.press(cabinet.ButtonCancel)
	w.home()
	w.press(cabinet.ButtonAccess)
	w.press("access_low")
	w.press("access_big")
	w.press(cabinet.ButtonDone)
	w.is(`innerHeight > innerWidth || document.querySelector('#keys button')?.getBoundingClientRect().top >= innerHeight / 2`)
	w.at("C1", cabinet.TextHome, "letters-low")
	w.is(`innerHeight > innerWidth || document.querySelectorAll('#keys.base32 button').length === 15`)
	w.tap("N–Z")
	w.at("C1", cabinet.TextHome, "letters-low-sheet")
	for _, c := range code[:4] {
		switch {
		case c <= '9':
			w.tap("0–9")
		case c <= 'M':
			w.tap("A–M")
		default:
			w.tap("N–Z")
		}
		w.tap(string(c))
	}
	w.keyed(strings.NewReplacer("0", "o", "1", "l").Replace(strings.ToLower(code[4:])))
	w.comes("P5", cabinet.TextTake)
	w.shut(w.open(1)[0])
	w.comes("P8", cabinet.TextEverything)
	w.press(cabinet.ButtonYesTaken)
	w.home()
}

// asks: what a courier has the server asked.
func (w *tour) asks() {
	w.r.cabinet().Reply(func(r protocol.Request) protocol.RequestReply {
		switch r.Kind {
		case protocol.Lookup:
			return protocol.RequestReply{Verdict: protocol.RequestUnknown}
		case protocol.Nearby:
			return protocol.RequestReply{Lockers: []models.NearbyLocker{
				{Locker: "lkr_2", Number: "L-002", Address: "High Street 5", DistanceM: 347, Room: 3},
				{Locker: "lkr_3", Number: "L-003", Address: "Am Alten Güterbahnhof 117", DistanceM: 2345, Room: 1},
			}}
		}
		return protocol.RequestReply{Verdict: protocol.RequestDone}
	})
	w.scan("LABEL-large-3")
	w.comes("L9", cabinet.TextFull)
	w.is(`document.querySelectorAll('#items button').length === 2`)
	w.at("L9", cabinet.TextFull, "others")
	w.choose(0)
	w.at("L9", cabinet.TextSent)
	w.press(cabinet.ButtonTakeBack)
	w.comes("L2", cabinet.TextCourier)
	w.scan("NOBODY-asked")
	w.comes("L8", cabinet.TextLeaveHere)
	w.press(cabinet.ButtonAskServer)
	w.at("L8", cabinet.TextNotKnown)
	w.press(cabinet.ButtonTakeBack)
	w.comes("L2", cabinet.TextCourier)
}

// shared: two parcels of one client in one cell, and a client who wants to be called.
func (w *tour) shared() {
	w.shipment("pair", func(s *models.DirectoryShipment) {
		s.Policy.ShareCells, s.Callable = true, true
		for i := range s.Parcels {
			s.Parcels[i].Dimensions = models.Dimensions{WidthMM: 200, HeightMM: 50, DepthMM: 300}
		}
	}, models.SizeS, models.SizeS)
	w.login()
	cell := w.load("LABEL-pair-1")
	w.scan("LABEL-pair-2")
	w.at("L5", cabinet.TextSame)
	w.press(cabinet.ButtonCancel)
	w.comes("L2", cabinet.TextCourier)
	w.scan("LABEL-pair-2")
	w.comes("L5", cabinet.TextSame)
	w.press(cabinet.ButtonNewCell)
	w.taken(cabinet.ButtonCancel, "L7", cabinet.ButtonEmpty)
	w.comes("L2", cabinet.TextCourier)
	w.scan("LABEL-pair-2")
	w.comes("L5", cabinet.TextSame)
	w.press(cabinet.ButtonSameCell)
	w.comes("L4", cabinet.TextPutIn)
	require.Equal(w.t, []int{cell}, w.open(1))
	w.press(cabinet.ButtonCancel)
	w.comes("L7", cabinet.TextTakeOut)
	w.shut(cell)
	w.at("L7", cabinet.TextTookOut)
	w.press(cabinet.ButtonTaken)
	w.comes("L2", cabinet.TextCourier)
	w.scan("LABEL-pair-2")
	w.comes("L5", cabinet.TextSame)
	w.press(cabinet.ButtonSameCell)
	w.comes("L4", cabinet.TextPutIn)
	w.open(1)
	w.shut(cell)
	w.comes("L2", cabinet.TextLoaded)
	w.leave()
	w.home()
	w.typed(w.code("pair"))
	w.comes("P5", cabinet.TextTake)
	w.open(1)
	w.shut(cell)
	w.comes("P8", cabinet.TextEverything)
	w.press(cabinet.ButtonHelp)
	w.at("C5", cabinet.TextHelp, "client")
	w.press(cabinet.ButtonCallBack)
	w.is(`document.getElementById('lines').textContent.includes('1-')`)
	w.at("C5", cabinet.TextHelp, "called")
	w.press(cabinet.ButtonBack)
	w.home()
}

// troubles: what people say is wrong, and who looks into it.
func (w *tour) troubles() {
	for _, reason := range models.Troubles() {
		w.home()
		w.press(cabinet.ButtonHelp)
		w.comes("C5", cabinet.TextHelp)
		w.press(cabinet.ButtonProblem)
		w.comes("C6", cabinet.TextTrouble)
		if !w.seen["C6"] {
			w.at("C6", cabinet.TextTrouble)
		}
		w.press(cabinet.Button("trouble_" + reason))
		w.is(`document.documentElement.dataset.text !== 'trouble'`)
		w.at("C6", w.text())
		w.press(cabinet.ButtonDone)
	}
	w.withdrawals()
}

// withdrawals: what a courier takes out.
func (w *tour) withdrawals() {
	w.tell(models.EntryWithdrawal, "shp_one", models.DirectoryWithdrawal{Shipment: "shp_one", Locker: locker, Reason: models.LeaveRefused})
	w.tell(models.EntryWithdrawal, "shp_large", models.DirectoryWithdrawal{Shipment: "shp_large", Locker: locker, Reason: models.LeaveExpired})
	w.login()
	w.press(cabinet.ButtonCollect)
	w.comes("L15", cabinet.TextCollectList)
	w.is(`document.querySelectorAll('#map .mark').length === document.querySelectorAll('#items button').length && !!document.querySelector('#map .mark')?.checkVisibility()`)
	w.at("L15", cabinet.TextCollectList)
	w.press(cabinet.ButtonCancel)
	w.comes("L2", cabinet.TextCourier)
	w.press(cabinet.ButtonCollect)
	w.comes("L15", cabinet.TextCollectList)
	w.press(cabinet.ButtonOpenNext)
	w.comes("L16", cabinet.TextTakeAndScan)
	cell := w.open(1)[0]
	w.at("L16", cabinet.TextTakeAndScan)
	w.scan("LABEL-foreign-1")
	w.at("L16", cabinet.TextNotThis)
	w.press(cabinet.ButtonPutBack)
	w.comes("L16", cabinet.TextTakeAndScan)
	w.press(cabinet.ButtonUnreadable)
	w.at("L16", cabinet.TextConfirmLabel)
	w.press(cabinet.ButtonPutBack)
	w.comes("L16", cabinet.TextTakeAndScan)
	w.press(cabinet.ButtonUnreadable)
	w.comes("L16", cabinet.TextConfirmLabel)
	w.press(cabinet.ButtonConfirm)
	w.shut(cell)
	w.closed()
	w.restOut()
}

// restOut: the next doors open by themselves: what is not taken, what is not there, another
// parcel in its place, and one that is scanned after its door was shut.
func (w *tour) restOut() {
	next := func() {
		w.comes("L16", cabinet.TextTakeAndScan)
		w.shut(w.open(1)[0])
		w.comes("L16", cabinet.TextScanTaken)
	}
	next()
	w.at("L16", cabinet.TextScanTaken)
	w.press(cabinet.ButtonNotEmpty)
	w.comes("L15", cabinet.TextCollectList)
	w.press(cabinet.ButtonOpenNext)
	next()
	w.press(cabinet.ButtonMissing)
	w.comes("L16", cabinet.TextTakeAndScan)
	cell := w.open(1)[0]
	w.scan("LABEL-foreign-1")
	w.comes("L16", cabinet.TextNotThis)
	w.press(cabinet.ButtonTakeAnyway)
	w.comes("L16", cabinet.TextPleaseClose)
	w.shut(cell)
	w.on("L2")
	w.press(cabinet.ButtonCollect)
	w.comes("L15", cabinet.TextCollectList)
	w.press(cabinet.ButtonOpenNext)
	next()
	w.press(cabinet.ButtonMissing)
	for _, label := range []string{"NOBODY-leave_s", "NOBODY-leave_m"} {
		next()
		w.scan(label)
	}
	w.at("L14", cabinet.TextSoFar)
	w.press(cabinet.ButtonBack)
	w.comes("L2", cabinet.TextCourier)
	w.leave()
}

// checks: a courier looks into the cells that are in doubt: one is as it should be, in one there
// is something, and nothing in the others.
func (w *tour) checks() {
	w.login()
	answers := []cabinet.Button{cabinet.ButtonSomethingElse, cabinet.ButtonEmpty, cabinet.ButtonEmpty, cabinet.ButtonEmpty, cabinet.ButtonEmpty}
	for range 1 + len(answers) {
		w.press(cabinet.ButtonCheck)
		w.at("L17", cabinet.TextPleaseClose)
		cell := w.open(1)[0]
		w.shut(cell)
		w.at("L17", cabinet.TextWhatInside)
		if cell == w.stuck {
			w.scan("LABEL-stuck2-1")
		} else {
			w.press(answers[0])
			answers = answers[1:]
		}
		w.on("L2")
	}
	w.leave()
}

// interrupted: the cabinet's program stops while a door is open, and starts again.
func (w *tour) interrupted() {
	answers := map[string]cabinet.Button{"again": cabinet.ButtonOpenAgain, "left": cabinet.ButtonNotTaken, "had": cabinet.ButtonTaken}
	w.login()
	for name := range answers {
		w.shipment(name, nil, models.SizeS)
		w.load("LABEL-" + name + "-1")
	}
	w.leave()
	for name, answer := range answers {
		w.home()
		w.typed(w.code(name))
		w.comes("P5", cabinet.TextTake)
		cell := w.open(1)[0]
		require.NoError(w.t, w.r.stop())
		w.shut(cell)
		w.r = w.r.run()
		w.home()
		w.typed(w.code(name))
		w.at("P11", cabinet.TextInterrupted)
		w.press(answer)
		if answer == cabinet.ButtonOpenAgain {
			w.comes("P5", cabinet.TextTake)
			w.shut(w.open(1)[0])
			w.closed()
		}
	}
}

// power: the mains fail, and the lock boards are gone.
func (w *tour) power() {
	w.home()
	w.ups.Set("OB")
	w.is(`document.querySelectorAll('#strips p').length > 0`)
	w.at("C1", cabinet.TextHome, "battery")
	w.ups.Set("OB LB")
	w.at("C8", cabinet.TextSwitchingOff)
	w.ups.Set("OL")
	w.home()
	require.NoError(w.t, w.r.bus.Unplug())
	w.at("C7", cabinet.TextLocksDead)
	require.NoError(w.t, w.r.bus.Plug())
	w.home()
}

// breaks: the cabinet is away.
func (w *tour) breaks() {
	require.NoError(w.t, w.r.stop())
	w.at("C4", "lost")
}
