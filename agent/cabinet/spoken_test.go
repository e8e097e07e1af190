package cabinet_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

const spokenFile = "testdata/spoken.txt"

// aloud is a screen as it is shown to somebody who has it read aloud.
func (r *rig) aloud() cabinet.View {
	r.state.Session.Access.Speech = true
	return r.screen()
}

// screens has somebody come to each of them.
func screens() map[cabinet.ScreenID]func(t *testing.T) *rig {
	after := func(prepare func(t *testing.T) *rig, acts ...func(r *rig)) func(t *testing.T) *rig {
		return func(t *testing.T) *rig {
			r := prepare(t)
			for _, act := range acts {
				act(r)
			}
			return r
		}
	}
	parcels := func(n int) func(t *testing.T) *rig {
		return func(t *testing.T) *rig { return stored(t, policy(), n) }
	}
	presses := func(b cabinet.Button) func(r *rig) { return func(r *rig) { r.press(b) } }
	waits := func(ms int64) func(r *rig) { return func(r *rig) { r.wait(ms) } }
	scans := func(label string) func(r *rig) { return func(r *rig) { r.scan(label) } }
	opens := func(cell int) func(r *rig) { return func(r *rig) { r.open(cell) } }
	shuts := func(cell int) func(r *rig) { return func(r *rig) { r.close(cell) } }
	code := func(r *rig) { r.keyIn(r.code("shp_1")) }
	wrong := func(r *rig) { r.keyIn(r.wrongCode()) }
	empty := func(t *testing.T) *rig { return newRig(t).furnish(models.SizeS, models.SizeM) }
	layout := func(change func(l *models.DirectoryLayout)) func(r *rig) {
		return func(r *rig) {
			l := r.state.Directory.Layout
			change(&l)
			r.entry(models.EntryLayout, string(locker), l)
		}
	}
	served := func(t *testing.T) *rig {
		r := newRig(t).furnish(models.SizeS, models.SizeS).technicians(nil)
		r.do(cabinet.DevicesTold{Devices: []cabinet.Device{{Kind: "board", Name: "A", Up: true}, {Kind: "scanner", Name: "S"}}})
		return r.serve()
	}
	return map[cabinet.ScreenID]func(t *testing.T) *rig{
		cabinet.ScreenHome:    after(parcels(1), opens(2), waits(30_000)),
		cabinet.ScreenAccess:  after(empty, presses(cabinet.ButtonAccess)),
		cabinet.ScreenStill:   after(parcels(1), wrong, waits(45_000)),
		cabinet.ScreenWait:    after(parcels(1), func(r *rig) { r.online() }, code),
		cabinet.ScreenHelp:    after(empty, layout(func(l *models.DirectoryLayout) { l.Screen.Phone = "112" }), presses(cabinet.ButtonHelp)),
		cabinet.ScreenTrouble: after(parcels(1), code, opens(1), presses(cabinet.ButtonProblem)),
		cabinet.ScreenOut: after(empty, layout(func(l *models.DirectoryLayout) {
			l.State = models.LockerOutOfService
			l.Neighbours = []models.Neighbour{{Number: "L-002", Address: "High Street 5", DistanceM: 347}}
		})),
		cabinet.ScreenPower: after(empty, opens(2), func(r *rig) {
			r.do(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: true, Low: true}})
		}),
		cabinet.ScreenCode:      after(parcels(1), wrong),
		cabinet.ScreenPaused:    after(parcels(1), wrong, wrong, wrong, wrong, wrong),
		cabinet.ScreenCollected: after(parcels(1), func(r *rig) { r.withdraw("shp_1", false) }, code),
		cabinet.ScreenSeveral:   after(parcels(5), code),
		cabinet.ScreenTake:      after(parcels(2), code, opens(1), waits(300), opens(2)),
		cabinet.ScreenLeftOpen:  after(parcels(1), code, opens(1), waits(30_000)),
		cabinet.ScreenJammed:    after(parcels(1), code, waits(7000)),
		cabinet.ScreenDone:      after(parcels(1), code, opens(1), shuts(1)),
		cabinet.ScreenRefuse:    after(parcels(1), code, opens(1), presses(cabinet.ButtonRefuse)),
		cabinet.ScreenPayment: after(parcels(1), func(r *rig) {
			s := shipment("shp_1", policy(), models.SizeS)
			s.DueMinor, s.Currency = 1205, "EUR"
			r.entry(models.EntryShipment, "shp_1", s)
		}, code),
		cabinet.ScreenStopped:   after(func(t *testing.T) *rig { return interrupted(t, policy(), 1, 1) }, code),
		cabinet.ScreenCodeAgain: after(parcels(1), wrong, presses(cabinet.ButtonCodeAgain)),
		cabinet.ScreenLogin:     after(empty, scans(badge)),
		cabinet.ScreenCourier:   justLoaded,
		cabinet.ScreenList:      after(listed, presses(cabinet.ButtonList)),
		cabinet.ScreenDoor:      after(listed, scans("AA-00001111"), opens(1)),
		cabinet.ScreenSame:      after(func(t *testing.T) *rig { return sharing(t, nil) }, scans("shp_1-2")),
		cabinet.ScreenBigger:    after(listed, scans("AA-00001111"), opens(1), presses(cabinet.ButtonNotFit), shuts(1)),
		cabinet.ScreenCancel:    after(listed, scans("AA-00001111"), opens(1), presses(cabinet.ButtonCancel)),
		cabinet.ScreenUnknown: after(func(t *testing.T) *rig { return unannounced(t, models.SizeS, models.SizeM) },
			func(r *rig) { r.login() }, scans("X-1")),
		cabinet.ScreenFull: after(crammed, func(r *rig) {
			r.reply(r.asked[len(r.asked)-1], thereIsRoom())
		}),
		cabinet.ScreenNotHere: after(listed, scans("CC-00001111")),
		cabinet.ScreenSize:    after(listed, func(r *rig) { r.expect("shp_4", policy(), "") }, scans("shp_4-1")),
		cabinet.ScreenAway:    after(listed, waits(120_000)),
		cabinet.ScreenFinish:  after(justLoaded, presses(cabinet.ButtonFinish)),
		cabinet.ScreenCollect: after(toWithdraw, presses(cabinet.ButtonCollect)),
		cabinet.ScreenTakeOut: after(toWithdraw, presses(cabinet.ButtonCollect), presses(cabinet.ButtonOpenNext), opens(1)),
		cabinet.ScreenCheck:   after(doubted, waits(300), presses(cabinet.ButtonCheck), opens(1), shuts(1)),
		cabinet.ScreenStaff: after(empty, func(r *rig) { r.technicians(nil) }, scans(staffBadge),
			func(r *rig) { r.keyIn(pin) }),
		cabinet.ScreenOverview: served,
		cabinet.ScreenDoors:    after(served, presses(cabinet.ButtonDoors)),
		cabinet.ScreenWiring:   after(served, presses(cabinet.ButtonWiring)),
		cabinet.ScreenDevices:  after(served, presses(cabinet.ButtonDevices)),
		cabinet.ScreenLeave:    after(served, opens(2), presses(cabinet.ButtonLeave)),
	}
}

// TestSpoken keeps what is read aloud of each screen as it is, and holds it to all that is shown there,
// in every language.
func TestSpoken(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	come := screens()
	for _, id := range cabinet.Screens() {
		require.Contains(t, come, id)
		r := come[id](t)
		v := r.aloud()
		require.Equal(t, id, v.Screen, v.Sentence)
		fmt.Fprintf(&said, "%s: %s\n", id, v.Spoken)
		for _, l := range cabinet.Languages() {
			r.state.Session.Language = l
			saysAll(t, r.screen())
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(spokenFile, []byte(said.String()), 0o644))
	}
	kept, err := os.ReadFile(spokenFile)
	require.NoError(t, err)
	require.Equal(t, string(kept), said.String(), "go test ./agent/cabinet -run TestSpoken -update")
}

// saysAll: nothing that is shown goes unsaid, and no name of a text is said.
func saysAll(t *testing.T, v cabinet.View) {
	t.Helper()
	shown := append([]string{v.Sentence}, v.Strips...)
	shown = append(shown, v.Lines...)
	for _, place := range v.Places {
		shown = append(shown, place)
	}
	for _, item := range v.Items {
		shown = append(shown, item.Label)
	}
	for _, line := range v.Report {
		shown = append(shown, line.Name, line.Value)
	}
	for _, n := range v.Neighbours {
		shown = append(shown, n.Number, n.Address)
	}
	for b, label := range v.Labels {
		if b != cabinet.ButtonAccess { // "Aa" is for the eye
			shown = append(shown, label)
		}
	}
	if v.Seconds > 0 {
		shown = append(shown, fmt.Sprint(v.Seconds))
	}
	for _, text := range shown {
		require.Contains(t, v.Spoken, strings.TrimRight(text, "."), "%s in %s", v.Screen, v.Language)
	}
	require.NotContains(t, v.Spoken, "{")
	require.NotContains(t, v.Spoken, "say_")
	require.NotContains(t, v.Spoken, "key_")
}

// TestSpokenKeys: what is chosen by a digit is said with it, and where digits are typed there is none.
func TestSpokenKeys(t *testing.T) {
	t.Parallel()
	r := screens()[cabinet.ScreenTake](t)
	require.Contains(t, r.aloud().Spoken, "Press 1: I do not want it. Press 2: Something is wrong.")
	require.Contains(t, r.screen().Spoken, "Press slash: Help")
	r = screens()[cabinet.ScreenCode](t)
	require.NotContains(t, r.aloud().Spoken, "Press 1")
	require.Contains(t, r.screen().Spoken, "Plus and minus move on, Enter presses.")
	r.press(cabinet.ButtonHelp)
	require.Contains(t, r.screen().Spoken, "Press slash: Back")
	r = screens()[cabinet.ScreenAccess](t)
	r.press(buttonBig)
	require.Equal(t, map[cabinet.Button]string{buttonBig: "Big text, switched on", buttonSpeech: "Read aloud, switched on"}, r.aloud().Aloud)
	require.Contains(t, r.screen().Spoken, "Press 1: Big text, switched on. Press 2: High contrast. ")
}

// TestSpokenAtNight: to who has asked for it in this visit, and to nobody else.
func TestSpokenAtNight(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	layout := r.state.Directory.Layout
	layout.Screen = models.ScreenProfile{}.At(models.Location{TimeZone: "UTC", QuietHours: &models.QuietHours{From: "22:00", To: "07:00"}})
	r.entry(models.EntryLayout, string(locker), layout)
	r.now.WallMS = time.Date(2026, 6, 1, 23, 0, 0, 0, time.UTC).UnixMilli()
	r.do(cabinet.Touched{})
	require.True(t, r.screen().Quiet)
	require.Empty(t, r.screen().Spoken)
	r.press(cabinet.ButtonAccess)
	r.press(buttonSpeech)
	r.press(cabinet.ButtonDone)
	require.NotEmpty(t, r.screen().Spoken)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	require.NotEmpty(t, r.screen().Spoken)
	r.close(1)
	r.press(cabinet.ButtonYesTaken)
	r.wait(30_000)
	require.Empty(t, r.screen().Spoken, "of the next one's visit")
	require.Empty(t, r.screen().Aloud)
}
