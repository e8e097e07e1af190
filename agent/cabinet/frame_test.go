package cabinet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

const (
	buttonGerman = cabinet.Button("language_de")
	buttonBig    = cabinet.Button("access_big")
	buttonSlow   = cabinet.Button("access_slow")
	buttonSpeech = cabinet.Button("access_speech")
	buttonLow    = cabinet.Button("access_low")
)

// mistyped is a code with its first digit wrong.
func (r *rig) mistyped(id models.ShipmentID) string {
	code := r.code(id)
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}

// TestALanguageIsForOneVisit: the next person finds the screen as the locker has it.
func TestALanguageIsForOneVisit(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.press(buttonGerman)
	r.press(buttonGerman)
	require.Equal(t, cabinet.Language("de"), r.screen().Language)
	r.press(cabinet.ButtonAccess)
	r.press(buttonBig)
	r.press(cabinet.ButtonDone)
	require.True(t, r.screen().Access.Big)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	require.Equal(t, cabinet.Language("de"), r.screen().Language)
	require.Equal(t, "Nehmen", strings.Fields(r.screen().Sentence)[0])
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	require.Equal(t, cabinet.TextThanks, r.screen().Text)
	require.Equal(t, cabinet.Language("de"), r.screen().Language)
	r.wait(30_000)
	v := r.screen()
	require.Equal(t, cabinet.TextHome, v.Text)
	require.Equal(t, cabinet.English, v.Language)
	require.Equal(t, cabinet.Access{}, v.Access)
}

// TestALanguageThatNobodyStaysFor: who chooses one and walks away leaves nothing behind.
func TestALanguageThatNobodyStaysFor(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.wait(60_000)
	require.True(t, r.screen().Dim)
	r.press(buttonGerman)
	require.False(t, r.screen().Dim, "the first touch wakes it")
	require.Equal(t, cabinet.English, r.screen().Language, "and does nothing else")
	r.press(buttonGerman)
	require.Equal(t, cabinet.Language("de"), r.screen().Language)
	r.wait(59_999)
	require.Equal(t, cabinet.Language("de"), r.screen().Language)
	r.wait(1)
	require.Equal(t, cabinet.English, r.screen().Language)
	require.True(t, r.screen().Dim)
}

func TestADimScreenTakesAScanAtOnce(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.wait(60_000)
	require.True(t, r.screen().Dim)
	r.scan(r.code("shp_1"))
	require.Len(t, r.pulses, 1)
	require.False(t, r.screen().Dim)
}

func TestATouchWakesTheScreen(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.wait(60_000)
	require.True(t, r.screen().Dim)
	r.do(cabinet.Touched{})
	require.False(t, r.screen().Dim)
	r.wait(59_999)
	require.False(t, r.screen().Dim)
	r.wait(1)
	require.True(t, r.screen().Dim)
}

// TestStillHere: a page that waits for the person asks before it goes away, later for those
// who need longer.
func TestStillHere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asks        cabinet.Button
		idle, still int64
	}{
		"usual":      {"", 45_000, 20_000},
		"low reach":  {buttonLow, 45_000, 20_000},
		"big text":   {buttonBig, 90_000, 40_000},
		"read aloud": {buttonSpeech, 90_000, 40_000},
		"more time":  {buttonSlow, 90_000, 40_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			if c.asks != "" {
				r.do(cabinet.Touched{})
				r.press(c.asks)
			}
			r.keyIn(r.mistyped("shp_1"))
			r.wait(c.idle - 1)
			require.Equal(t, cabinet.ScreenCode, r.screen().Screen)
			r.wait(1)
			v := r.screen()
			require.Equal(t, cabinet.ScreenStill, v.Screen)
			require.Equal(t, []cabinet.Button{cabinet.ButtonMoreTime, cabinet.ButtonFinish}, v.Buttons)
			require.Equal(t, int(c.still/1000), v.Seconds)
			r.wait(5_500)
			require.Equal(t, int(c.still/1000)-5, r.screen().Seconds, "counted up")

			r.press(cabinet.ButtonMoreTime)
			require.Equal(t, cabinet.ScreenCode, r.screen().Screen, "where the person was")
			r.wait(c.idle)
			require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
			r.wait(c.still - 1)
			require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
			r.wait(1)
			v = r.screen()
			require.Equal(t, cabinet.ScreenHome, v.Screen)
			require.Equal(t, cabinet.Access{}, v.Access)
		})
	}
}

func TestStillHereIsFinished(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.press(buttonGerman)
	r.press(buttonGerman)
	r.keyIn(r.mistyped("shp_1"))
	r.wait(45_000)
	r.press(cabinet.ButtonFinish)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	require.Equal(t, cabinet.English, r.screen().Language)
}

// TestTypingIsBeingThere: whoever types is not asked whether they are there.
func TestTypingIsBeingThere(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.mistyped("shp_1"))
	for range 10 {
		r.wait(30_000)
		r.do(cabinet.Touched{})
		require.Equal(t, cabinet.ScreenCode, r.screen().Screen)
	}
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
	r.do(cabinet.Touched{})
	require.Equal(t, cabinet.ScreenCode, r.screen().Screen, "a touch is an answer")
}

// TestNothingResetsWithADoorOpen: however long it stands open.
func TestNothingResetsWithADoorOpen(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.press(buttonGerman)
	r.press(buttonGerman)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(2000)
	r.press(cabinet.ButtonHelp)
	require.Equal(t, cabinet.ScreenHelp, r.screen().Screen)
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenLeftOpen, r.screen().Screen, "help goes away, what is beneath stays")
	r.wait(60_000)
	require.Equal(t, cabinet.Language("de"), r.screen().Language)
	require.Equal(t, cabinet.ScreenLeftOpen, r.screen().Screen)
}

// TestHelpSaysWhatHappens on the page beneath it, and what to do there.
func TestHelpSaysWhatHappens(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	help := func(now, do string) {
		t.Helper()
		r.press(cabinet.ButtonHelp)
		require.Equal(t, cabinet.ScreenHelp, r.screen().Screen)
		require.Len(t, r.screen().Lines, 2)
		require.Equal(t, "Just now: "+now, r.screen().Lines[0])
		require.Contains(t, r.screen().Lines[1], do)
		r.press(cabinet.ButtonBack)
	}
	help(r.screen().Sentence, "type the code of your message")
	r.keyIn(r.mistyped("shp_1"))
	help(r.screen().Sentence, "Press Back to go on")
	r.keyIn(r.code("shp_1"))
	r.open(1)
	help("Take it from cell 1 and close the door.", "close the door once you are done")
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.wait(200_000)
	r.board(false, 1, 2)
	r.do(cabinet.Touched{}) // it was dim
	help(r.screen().Sentence, "come back later")
}

// TestHelpSaysWhereYouAre: what the support asks for first.
func TestHelpSaysWhereYouAre(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.mistyped("shp_1"))
	r.press(cabinet.ButtonHelp)
	v := r.screen()
	require.Equal(t, cabinet.ScreenHelp, v.Screen)
	require.Equal(t, cabinet.TextHelpNoPhone, v.Text)
	require.Equal(t, "L-001", v.Params["number"])
	require.Equal(t, "P1", v.Params["screen"])
	require.NotEmpty(t, v.Params["session"])
	require.NotContains(t, v.Sentence, "{")
	require.Contains(t, v.Frame, cabinet.ButtonBack)
	require.NotContains(t, v.Frame, cabinet.ButtonHelp)
	r.press(cabinet.ButtonBack)
	require.Equal(t, cabinet.ScreenCode, r.screen().Screen)

	layout := r.state.Directory.Layout
	layout.Screen.Phone = "+49 30 1234"
	r.entry(models.EntryLayout, string(locker), layout)
	r.press(cabinet.ButtonHelp)
	require.Equal(t, cabinet.TextHelp, r.screen().Text)
	require.Contains(t, r.screen().Sentence, "+49 30 1234")
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
	r.wait(20_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
}

// TestHelpAndTroubleNameTheScreen: the one that the person had before them, also in an operation.
func TestHelpAndTroubleNameTheScreen(t *testing.T) {
	t.Parallel()
	client := func(acts ...func(r *rig)) func(t *testing.T) *rig {
		return func(t *testing.T) *rig {
			r := stored(t, policy(), 1)
			r.keyIn(r.code("shp_1"))
			for _, act := range acts {
				act(r)
			}
			return r
		}
	}
	opens, closes := func(r *rig) { r.open(1) }, func(r *rig) { r.close(1) }
	press := func(b cabinet.Button) func(r *rig) { return func(r *rig) { r.press(b) } }
	for screen, make := range map[cabinet.ScreenID]func(t *testing.T) *rig{
		cabinet.ScreenHome:     func(t *testing.T) *rig { return newRig(t).furnish(models.SizeS) },
		cabinet.ScreenWait:     func(t *testing.T) *rig { r := stored(t, policy(), 1).online(); r.keyIn(r.code("shp_1")); return r },
		cabinet.ScreenTake:     client(opens),
		cabinet.ScreenLeftOpen: client(opens, func(r *rig) { r.wait(30_000) }),
		cabinet.ScreenJammed:   client(func(r *rig) { r.wait(7_000) }),
		cabinet.ScreenDone:     client(opens, closes),
		cabinet.ScreenRefuse:   client(opens, press(cabinet.ButtonRefuse)),
		cabinet.ScreenCourier:  func(t *testing.T) *rig { r := newRig(t).furnish(models.SizeS); r.login(); return r },
		cabinet.ScreenDoor: func(t *testing.T) *rig {
			r := newRig(t).furnish(models.SizeS)
			r.expect("shp_1", policy(), models.SizeS)
			r.login()
			r.scan("shp_1-1")
			r.open(1)
			return r
		},
		cabinet.ScreenTakeOut: func(t *testing.T) *rig { r := toWithdraw(t); r.press(cabinet.ButtonOpenNext); r.open(1); return r },
		cabinet.ScreenCheck: func(t *testing.T) *rig {
			r := client(opens, press(cabinet.ButtonProblem), press(cabinet.ButtonBack), closes)(t)
			r.login()
			r.wait(300)
			r.press(cabinet.ButtonCheck)
			r.open(1)
			return r
		},
	} {
		t.Run(string(screen), func(t *testing.T) {
			t.Parallel()
			r := make(t)
			require.Equal(t, screen, r.screen().Screen)
			r.press(cabinet.ButtonHelp)
			require.Equal(t, string(screen), r.screen().Params["screen"])
			require.Contains(t, r.screen().Sentence, "screen "+string(screen))
			r.press(cabinet.ButtonProblem)
			r.press(trouble(models.TroubleOther))
			_, data := r.lastFact(models.FactTrouble)
			require.Equal(t, string(screen), data.Screen)
		})
	}
}

// TestLanguagesOffered: those of the locker's profile that there are texts for, its own first.
func TestLanguagesOffered(t *testing.T) {
	t.Parallel()
	offered := func(v cabinet.View) (all []string) {
		for _, b := range v.Frame {
			if l, ok := strings.CutPrefix(string(b), "language_"); ok {
				all = append(all, l)
				require.Equal(t, cabinet.CatalogueOf(cabinet.Language(l)).Name, v.Labels[b])
			}
		}
		return all
	}
	r := newRig(t).furnish(models.SizeS)
	require.Equal(t, []string{"en", "ar", "de", "ru"}, offered(r.screen()))
	layout := r.state.Directory.Layout
	layout.Screen.Languages = []string{"de", "tlh", "ar"}
	r.entry(models.EntryLayout, string(locker), layout)
	require.Equal(t, []string{"de", "ar"}, offered(r.screen()))
	require.Equal(t, cabinet.Language("de"), r.screen().Language)
	r.press("language_ar")
	require.Equal(t, "rtl", r.screen().Direction)
	layout.Screen.Languages = []string{"ru"}
	r.entry(models.EntryLayout, string(locker), layout)
	require.Empty(t, offered(r.screen()), "of one there is nothing to choose")
	r.keyIn("12345670")
	require.Empty(t, offered(r.screen()))
	require.NotContains(t, r.screen().Frame, cabinet.ButtonLanguages)
}

// TestTheLanguageOfEveryScreen: whoever came by a scanned code has never seen the first one.
func TestTheLanguageOfEveryScreen(t *testing.T) {
	t.Parallel()
	for id, come := range screens() {
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			r := come(t)
			r.do(cabinet.Touched{})
			v := r.screen()
			if id == cabinet.ScreenStill {
				require.NotEqual(t, id, v.Screen, "whoever touches it is there")
				return
			}
			if id != cabinet.ScreenHome {
				require.Contains(t, v.Frame, cabinet.ButtonLanguages)
				require.NotContains(t, v.Frame, buttonGerman)
				r.press(cabinet.ButtonLanguages)
			}
			for _, l := range cabinet.Languages() {
				require.Contains(t, r.screen().Frame, cabinet.Button("language_"+l))
			}
			r.press(buttonGerman)
			after := r.screen()
			require.Equal(t, cabinet.Language("de"), after.Language)
			require.Equal(t, v.Operation, after.Operation)
			require.Equal(t, v.Courier, after.Courier)
			require.Equal(t, v.Buttons, after.Buttons)
			require.Equal(t, id, after.Screen)
			require.Equal(t, v.Frame, after.Frame)
		})
	}
}

// TestTheOtherLanguageOfTwo is one press away.
func TestTheOtherLanguageOfTwo(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	layout := r.state.Directory.Layout
	layout.Screen.Languages = []string{"en", "de"}
	r.entry(models.EntryLayout, string(locker), layout)
	r.scan(r.qr("shp_1", 1))
	r.open(1)
	require.Equal(t, []cabinet.Button{buttonGerman, cabinet.ButtonAccess, cabinet.ButtonHelp}, r.screen().Frame)
	r.press(buttonGerman)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	require.Equal(t, []cabinet.Button{"language_en", cabinet.ButtonAccess, cabinet.ButtonHelp}, r.screen().Frame)
	require.Len(t, r.pulses, 1)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.wait(20_000)
	require.Equal(t, cabinet.English, r.screen().Language, "for one visit")
}

// TestLanguagesAreShutAgain: by back, by whatever else is done, and by the time.
func TestLanguagesAreShutAgain(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(r *rig){
		"back":      func(r *rig) { r.press(cabinet.ButtonBack) },
		"once more": func(r *rig) { r.press(cabinet.ButtonLanguages) },
		"a code":    func(r *rig) { r.keyIn(r.wrongCode()) },
		"a scan":    func(r *rig) { r.scan("NOBODY KNOWS") },
		"a button":  func(r *rig) { r.press(cabinet.ButtonCodeAgain) },
		"an access": func(r *rig) { r.press(buttonBig) },
		"nothing":   func(r *rig) { r.wait(45_000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			r.keyIn(r.wrongCode())
			r.press(cabinet.ButtonLanguages)
			require.Equal(t, cabinet.ButtonBack, r.screen().Frame[4])
			require.Equal(t, cabinet.ScreenCode, r.screen().Screen)
			act(r)
			require.Equal(t, []cabinet.Button{cabinet.ButtonLanguages, cabinet.ButtonAccess, cabinet.ButtonHelp}, r.screen().Frame)
		})
	}
}

// TestAccessModes: each is turned on and off where it is seen at once.
func TestAccessModes(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.press(cabinet.ButtonAccess)
	require.Equal(t, cabinet.ScreenAccess, r.screen().Screen)
	for b, on := range map[cabinet.Button]func(cabinet.Access) bool{
		buttonBig:         func(a cabinet.Access) bool { return a.Big },
		"access_contrast": func(a cabinet.Access) bool { return a.Contrast },
		buttonLow:         func(a cabinet.Access) bool { return a.Low },
		buttonSpeech:      func(a cabinet.Access) bool { return a.Speech },
		buttonSlow:        func(a cabinet.Access) bool { return a.Slow },
		"access_keypad":   func(a cabinet.Access) bool { return a.Keypad },
	} {
		require.Contains(t, r.screen().Buttons, b)
		r.press(b)
		require.True(t, on(r.screen().Access), b)
		r.press(b)
		require.False(t, on(r.screen().Access), b)
	}
	r.press(cabinet.ButtonDone)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.press(cabinet.ButtonAccess)
	r.wait(45_000)
	require.Equal(t, cabinet.ScreenStill, r.screen().Screen)
}

// TestACourierIsAskedForABadge: and the screen does not stay so.
func TestACourierIsAskedForABadge(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.press(cabinet.ButtonCourier)
	require.Equal(t, cabinet.ScreenLogin, r.screen().Screen)
	require.Equal(t, cabinet.TextShowBadge, r.screen().Text)
	r.scan(badge)
	require.Equal(t, cabinet.TextPIN, r.screen().Text)
	require.Equal(t, cabinet.PadPIN, r.screen().Pad)
	r.wait(30_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
	r.keyIn(pin)
	require.Empty(t, r.screen().Courier, "the badge is forgotten")
	r.press(cabinet.ButtonCancel)
	r.press(cabinet.ButtonCourier)
	r.wait(30_000)
	require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
}
