package cabinet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// stored is a cabinet with a shipment of so many parcels in its cells, and nobody there.
func stored(t *testing.T, p models.Policy, parcels int) *rig {
	t.Helper()
	var sizes, wanted []models.Size
	for range parcels {
		wanted = append(wanted, models.SizeS)
	}
	for range parcels + 1 {
		sizes = append(sizes, models.SizeS)
	}
	r := newRig(t).furnish(sizes...)
	r.expect("shp_1", p, wanted...)
	for i := range parcels {
		r.load("shp_1-" + string(rune('1'+i)))
		r.wait(300)
	}
	r.finish()
	r.wait(60_000)
	r.pulses = nil
	return r
}

func TestCodes(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	code := r.code("shp_1")
	typo := "0" + code[1:]
	if code[0] == '0' {
		typo = "1" + code[1:]
	}
	for range 30 {
		r.keyIn(typo)
		require.Equal(t, cabinet.TextMistyped, r.screen().Text, "a typing mistake is no attempt")
	}
	wrong := models.PickupCode(r.key, "shp_other", 1)
	for range 4 {
		r.keyIn(wrong)
		require.Equal(t, cabinet.TextWrongCode, r.screen().Text)
	}
	r.keyIn(wrong)
	require.Equal(t, cabinet.ScreenPaused, r.screen().Screen)
	f, data := r.lastFact(models.FactPadPaused)
	require.NotContains(t, string(f.Data), wrong)
	require.Empty(t, data.Shipment)
	r.keyIn(code)
	require.Empty(t, r.pulses, "the pad is paused")
	r.scan(code)
	require.Len(t, r.pulses, 1, "scanning is not")
}

func TestPadPausesGrowAndSurviveARestart(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	wrong := models.PickupCode(r.key, "shp_other", 1)
	for _, minutes := range []int64{5, 10, 20} {
		for range 5 {
			r.keyIn(wrong)
		}
		require.Equal(t, cabinet.ScreenPaused, r.screen().Screen)
		r.wait(60_000)
		r.do(cabinet.Tick{})
		r.now.UptimeMS = 100 // the computer starts anew
		r.do(cabinet.Started{Boot: "boot-" + string(rune('a'+minutes))})
		r.wait((minutes-1)*60_000 - 1)
		r.keyIn(r.code("shp_1"))
		require.Empty(t, r.pulses)
		r.wait(1)
	}
	for range 5 {
		r.keyIn(wrong)
	}
	r.wait(12 * 3600_000)
	r.keyIn(r.code("shp_1"))
	require.Empty(t, r.pulses, "20 wrong codes are enough for a day")
	r.wait(12 * 3600_000)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1)
}

// TestGuessingByTheScanner: it stays open while the pad is paused, yet not without end.
func TestGuessingByTheScanner(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	for i := range 60 {
		r.scan(models.PickupCode(r.key, models.ShipmentID(fmt.Sprint("shp_other_", i)), 1))
		require.Equal(t, cabinet.TextWrongScan, r.screen().Text, i)
	}
	r.scan(r.code("shp_1"))
	require.Equal(t, cabinet.TextScansPaused, r.screen().Text)
	require.Empty(t, r.pulses)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1, "the pad is none of it")
	r.wait(24 * 3600_000)
	r.scan(r.code("shp_1"))
	require.Len(t, r.pulses, 2, "a day later")
}

func TestReissuedCodeRetiresTheOlder(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(models.PickupCode(r.key, "shp_1", 3))
	require.Len(t, r.pulses, 1)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonProblem)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	r.wait(60_000)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextWrongCode, r.screen().Text)
	r.expect("shp_1", policy(), models.SizeS) // the directory still says issue 1
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.TextWrongCode, r.screen().Text)
	r.keyIn(models.PickupCode(r.key, "shp_1", 3))
	require.Len(t, r.pulses, 2, "a doubtful cell opens for its own parcel")
	r.keyIn(models.PickupCode(r.key, "shp_1", 6))
	require.Len(t, r.pulses, 2)
}

func TestReopening(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	take := func() {
		r.keyIn(r.code("shp_1"))
		r.open(1)
		r.close(1)
		r.wait(8000)
	}
	take()
	require.Len(t, r.pulses, 1)
	for i := range 2 {
		r.wait(179_000)
		take()
		require.Len(t, r.pulses, i+2)
		require.True(t, r.operation().Reopens)
		require.Equal(t, models.CellReserved, r.cell(1).State)
	}
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenCollected, r.screen().Screen)
	require.Len(t, r.pulses, 3, "two reopenings and no more")
	picked := 0
	for _, kind := range r.types(0) {
		if kind == models.FactPickedUp {
			picked++
		}
	}
	require.Equal(t, 1, picked)
	r.wait(180_000)
	require.Equal(t, models.CellFree, r.cell(1).State)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 3, "the window is over")
}

func TestOpenAgainAtOnce(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonOpenAgain)
	require.Equal(t, models.FactPickedUp, r.types(0)[len(r.facts)-1])
	r.wait(300)
	require.Len(t, r.pulses, 2)
	r.open(1)
	r.close(1)
	r.press(cabinet.ButtonProblem)
	require.True(t, r.cell(1).Doubtful)
	r.wait(600_000)
	require.Equal(t, models.Occupancy{State: models.CellReserved, Doubtful: true}, r.cell(1).Occupancy, "doubt outlives the window")
}

func TestProofs(t *testing.T) {
	t.Parallel()
	answered := policy()
	answered.Proof = models.ProofAnswered
	for _, c := range []struct {
		name   string
		policy models.Policy
		press  cabinet.Button
		want   models.FactType
		cell   models.Occupancy
	}{
		{"closed, silence", policy(), "", models.FactPickedUp, models.Occupancy{State: models.CellReserved}},
		{"closed, yes", policy(), cabinet.ButtonYesTaken, models.FactPickedUp, models.Occupancy{State: models.CellReserved}},
		{"closed, objection", policy(), cabinet.ButtonProblem, models.FactCellDoubtful, models.Occupancy{State: models.CellOccupied, Doubtful: true}},
		{"answered, silence", answered, "", models.FactCellDoubtful, models.Occupancy{State: models.CellOccupied, Doubtful: true}},
		{"answered, yes", answered, cabinet.ButtonYesTaken, models.FactPickedUp, models.Occupancy{State: models.CellReserved}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, c.policy, 1)
			r.keyIn(r.code("shp_1"))
			r.open(1)
			r.close(1)
			if c.press != "" {
				r.press(c.press)
			} else {
				r.wait(8000)
			}
			r.lastFact(c.want)
			require.Equal(t, c.cell, r.cell(1).Occupancy)
			require.Equal(t, cabinet.StateDone, r.operation().State)
		})
	}
}

func TestFourDoorsAtOnce(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 6)
	r.keyIn(r.code("shp_1"))
	require.Equal(t, cabinet.ScreenSeveral, r.screen().Screen)
	r.press(cabinet.ButtonOpen)
	for i := 1; i <= 4; i++ {
		require.Len(t, r.pulses, i)
		r.open(r.pulses[i-1].Cell)
		require.Len(t, r.pulses, i, "300 ms apart")
		r.wait(300)
	}
	r.wait(5000)
	require.Len(t, r.pulses, 4)
	r.close(2)
	require.Len(t, r.pulses, 5, "the next as one closes")
	r.close(3)
	r.wait(300)
	require.Len(t, r.pulses, 6)
}

func TestJammedDoorAmongThree(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 3)
	r.online()
	r.keyIn(r.code("shp_1"))
	r.lead()
	r.open(1)
	r.wait(600)
	r.open(3)
	r.close(1)
	r.close(3)
	require.Empty(t, r.results())
	r.wait(6700)
	require.Equal(t, models.OpenResult{Outcome: models.Opened, Cells: []models.CellOutcome{
		{Cell: 1, Outcome: models.Opened}, {Cell: 2, Outcome: models.NotOpened, Reason: "jammed"}, {Cell: 3, Outcome: models.Opened},
	}}, r.lastResult().Result)
	require.Equal(t, cabinet.ScreenJammed, r.screen().Screen)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(2).Occupancy)
	op := r.operation().ID
	for attempt := 2; attempt <= 3; attempt++ {
		r.press(cabinet.ButtonTryAgain)
		require.Equal(t, cabinet.Pulse{Operation: op, Cell: 2, Attempt: attempt}, r.pulses[len(r.pulses)-1])
		r.wait(7000)
	}
	n := len(r.pulses)
	r.press(cabinet.ButtonTryAgain)
	r.wait(60_000)
	require.Len(t, r.pulses, n, "three attempts and no more")
	require.Equal(t, cabinet.StateDone, r.operation().State)
	require.Equal(t, models.CellOccupied, r.cell(2).State, "the parcel is still there")
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.lastAsk().Cells, 1, "and its code still opens it")
}

func TestTryAgainReadsTheDoorFirst(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.wait(7000)
	r.open(1) // late
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	r.press(cabinet.ButtonTryAgain)
	require.Len(t, r.pulses, 1)
	r.close(1)
	r.wait(8000)
	require.Contains(t, r.types(0), models.FactPickedUp)
}

func TestDeletionTouchesNoParcel(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.give(protocol.Entry{Kind: models.EntryShipment, Key: "shp_1", Deleted: true})
	require.Equal(t, models.CellOccupied, r.cell(1).State)
	r.keyIn(r.code("shp_1"))
	require.Empty(t, r.pulses)
	require.Equal(t, cabinet.TextWithdrawn, r.screen().Text)
	r.expect("shp_1", policy(), models.SizeS)
	r.keyIn(r.code("shp_1"))
	require.Len(t, r.pulses, 1)
}

func TestStaleEntryBringsNothingBack(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	before := protocol.Seen{Epoch: r.head.Epoch, Seq: r.head.Seq}
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(600_000)
	body := shipment("shp_1", policy(), models.SizeS)
	r.give(protocol.Entry{Kind: models.EntryShipment, Key: "shp_1", Seen: before, Body: encode(t, body)})
	r.login()
	r.scan("shp_1-1")
	require.Equal(t, cabinet.TextGone, r.screen().Text)
	before.Epoch, before.Seq = before.Epoch-1, 1000
	r.give(protocol.Entry{Kind: models.EntryShipment, Key: "shp_1", Seen: before, Body: encode(t, body)})
	r.scan("shp_1-1")
	require.Equal(t, cabinet.TextGone, r.screen().Text, "of an older epoch, however far")
	r.expect("shp_1", policy(), models.SizeS) // now the server knows, and sends it again
	r.scan("shp_1-1")
	require.Len(t, r.pulses, 2)
}

func TestACodeThatIsNotGivenOutYet(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	e := shipment("shp_1", policy(), models.SizeS)
	e.Issue = 0
	r.entry(models.EntryShipment, "shp_1", e)
	r.load("shp_1-1")
	r.finish()
	r.wait(300)
	for issue := range 4 {
		r.keyIn(models.PickupCode(r.key, "shp_1", issue))
	}
	require.Len(t, r.pulses, 1)
}

func TestTheCodeAgainBeforeAnyObjection(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.close(1)
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	r.lastFact(models.FactPickedUp)
	require.Len(t, r.pulses, 2, "its last pickup is over once the code is used again")
	require.True(t, r.operation().Reopens)
}

func TestTheNextClientNeedNotWait(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.expect("shp_2", policy(), models.SizeS)
	r.load("shp_1-1")
	r.load("shp_2-1")
	r.finish()
	r.wait(300)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.wait(300)
	r.keyIn(r.code("shp_2"))
	require.Len(t, r.pulses, 3, "not while a door is open")
	r.close(1)
	r.keyIn(r.code("shp_2"))
	require.Len(t, r.pulses, 4, "at once, though an objection could still come")
	r.wait(8000)
	r.lastFact(models.FactPickedUp)
}

func TestAnObjectionBeforeTheDoorIsShut(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.keyIn(r.code("shp_1"))
	r.open(1)
	r.press(cabinet.ButtonProblem)
	require.False(t, r.cell(1).Doubtful)
	r.close(1)
	require.Equal(t, models.Occupancy{State: models.CellOccupied, Doubtful: true}, r.cell(1).Occupancy)
	r.wait(60_000)
	require.NotContains(t, r.types(0), models.FactPickedUp)
}
