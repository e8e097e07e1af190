package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// lastRequest is what the server was asked last.
func (r *rig) lastRequest(kind protocol.RequestKind) protocol.Request {
	r.t.Helper()
	require.NotEmpty(r.t, r.asked)
	last := r.asked[len(r.asked)-1]
	require.Equal(r.t, kind, last.Kind)
	return last
}

func (r *rig) reply(to protocol.Request, reply *protocol.RequestReply) {
	r.t.Helper()
	r.do(cabinet.Replied{ID: to.ID, Reply: reply})
}

// TestTheServerIsAskedOfALabel that nobody here knows: what it says is done at once.
func TestTheServerIsAskedOfALabel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply  func(r *rig) *protocol.RequestReply
		screen cabinet.ScreenID
		text   cabinet.TextKey
	}{
		"it is for here": {func(*rig) *protocol.RequestReply {
			return &protocol.RequestReply{Verdict: protocol.RequestHere}
		}, cabinet.ScreenDoor, cabinet.TextOpening},
		"it goes elsewhere": {func(*rig) *protocol.RequestReply {
			return &protocol.RequestReply{Verdict: protocol.RequestElsewhere, Place: "L-002, High Street 5"}
		}, cabinet.ScreenNotHere, cabinet.TextElsewhereTo},
		"nobody knows it": {func(*rig) *protocol.RequestReply {
			return &protocol.RequestReply{Verdict: protocol.RequestUnknown}
		}, cabinet.ScreenUnknown, cabinet.TextNotKnown},
		"an answer of nothing": {func(*rig) *protocol.RequestReply { return &protocol.RequestReply{} }, cabinet.ScreenUnknown, cabinet.TextNotKnown},
		"no answer":            {func(*rig) *protocol.RequestReply { return nil }, cabinet.ScreenUnknown, cabinet.TextAskOffline},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS).online()
			r.login()
			r.scan("shp_1-1")
			require.Contains(t, r.screen().Buttons, cabinet.ButtonAskServer)
			r.press(cabinet.ButtonAskServer)
			require.Equal(t, cabinet.TextAsking, r.screen().Text)
			asked, fetched := r.lastRequest(protocol.Lookup), r.fetches
			require.Equal(t, "shp_1-1", asked.Label)
			require.Equal(t, courier, asked.Courier)
			r.reply(asked, c.reply(r))
			if c.screen == cabinet.ScreenDoor {
				require.Equal(t, cabinet.TextAsking, r.screen().Text)
				require.Positive(t, r.fetches-fetched, "the directory is read")
				r.expect("shp_9", policy(), models.SizeS) // a page of it that has another
				require.Empty(t, r.pulses)
				r.expect("shp_1", policy(), models.SizeS)
				r.lead()
				require.Equal(t, models.OperationID(asked.ID), r.operation().ID)
			}
			require.Equal(t, c.screen, r.screen().Screen)
			require.Equal(t, c.text, r.screen().Text)
			if c.text == cabinet.TextElsewhereTo {
				_, d := r.lastFact(models.FactLoadFailed)
				require.Equal(t, models.LoadWrongLocker, d.Reason)
			}
			if c.text == cabinet.TextNotKnown || c.text == cabinet.TextAskOffline {
				require.Equal(t, []cabinet.Button{cabinet.ButtonList, cabinet.ButtonTakeBack}, r.screen().Buttons)
				r.press(cabinet.ButtonTakeBack)
				_, d := r.lastFact(models.FactLoadFailed)
				require.Equal(t, models.LoadLabelUnreadable, d.Reason)
			}
			n := len(r.pulses)
			r.reply(asked, &protocol.RequestReply{Verdict: protocol.RequestHere})
			require.Len(t, r.pulses, n, "an answer counts once")
		})
	}
}

// TestAskingOfALabelTakesItsTime, and without a line it says so at once.
func TestAskingOfALabelTakesItsTime(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).online()
	r.login()
	r.scan("X-1")
	r.press(cabinet.ButtonAskServer)
	r.wait(9_999)
	require.Equal(t, cabinet.TextAsking, r.screen().Text)
	r.wait(1)
	require.Equal(t, cabinet.TextAskOffline, r.screen().Text)

	r.scan("X-1")
	r.press(cabinet.ButtonAskServer)
	r.reply(r.lastRequest(protocol.Lookup), &protocol.RequestReply{Verdict: protocol.RequestHere})
	r.wait(10_000)
	require.Equal(t, cabinet.TextAskOffline, r.screen().Text, "the directory does not come")

	r.scan("X-1")
	r.press(cabinet.ButtonAskServer)
	asked := r.lastRequest(protocol.Lookup)
	r.press(cabinet.ButtonCancel)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
	r.reply(asked, &protocol.RequestReply{Verdict: protocol.RequestUnknown})
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen, "an answer of a page that is gone is nobody's")

	r.do(cabinet.LinkDown{})
	n := len(r.asked)
	r.scan("X-1")
	r.press(cabinet.ButtonAskServer)
	require.Equal(t, cabinet.TextAskOffline, r.screen().Text)
	require.Len(t, r.asked, n)

	// Who may leave it all the same can, once the server does not know it either.
	r = unannounced(t, models.SizeS).online()
	r.login()
	r.scan("X-1")
	r.press(cabinet.ButtonAskServer)
	r.reply(r.lastRequest(protocol.Lookup), &protocol.RequestReply{Verdict: protocol.RequestUnknown})
	require.Contains(t, r.screen().Buttons, cabinet.Button("leave_s"))
	r.press("leave_s")
	require.Len(t, r.pulses, 1)
}

// crammed is a cabinet whose one cell is taken, before which a courier stands with another parcel.
func crammed(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS)
	r.labels("shp_1", carrier, "AA-1")
	r.expect("shp_2", policy(), models.SizeS)
	r.load("AA-1")
	r.online()
	r.scan("shp_2-1")
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen)
	return r
}

func thereIsRoom() *protocol.RequestReply {
	return &protocol.RequestReply{Lockers: []models.NearbyLocker{
		{Locker: "lkr_2", Number: "L-002", Address: "High Street 5", DistanceM: 347, Room: 3},
		{Locker: "lkr_3", Number: "L-003", DistanceM: 12_345, Room: 1},
	}}
}

// TestSendItThere: a courier who finds no room sends the parcel to a locker that has some.
func TestSendItThere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply *protocol.RequestReply
		text  cabinet.TextKey
	}{
		"it goes there":     {&protocol.RequestReply{Verdict: protocol.RequestDone}, cabinet.TextSent},
		"it is full by now": {&protocol.RequestReply{Verdict: protocol.RequestRefused}, cabinet.TextNoRoomThere},
		"no answer":         {nil, cabinet.TextNotSent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := crammed(t)
			asked := r.lastRequest(protocol.Nearby)
			require.Equal(t, models.ShipmentID("shp_2"), asked.Shipment)
			require.Equal(t, courier, asked.Courier)
			_, d := r.lastFact(models.FactLoadFailed)
			require.Equal(t, models.LoadFull, d.Reason, "the carrier is told in any case")
			r.reply(asked, thereIsRoom())
			require.Equal(t, []cabinet.Item{
				{Key: "lkr_2", Label: "Send it to L-002, High Street 5: 350 m, room for 3"},
				{Key: "lkr_3", Label: "Send it to L-003: 12.3 km, room for 1"},
			}, r.screen().Items)
			r.wait(30_000)
			require.Len(t, r.screen().Items, 2, "they stay to be read")
			r.choose("lkr_9")
			require.Len(t, r.screen().Items, 2, "it is none of them")
			r.choose("lkr_2")
			asked = r.lastRequest(protocol.SendThere)
			require.Equal(t, protocol.Request{
				ID: asked.ID, Kind: protocol.SendThere, Shipment: "shp_2", Courier: courier, To: "lkr_2",
			}, asked)
			require.Equal(t, cabinet.TextAsking, r.screen().Text)
			require.Empty(t, r.screen().Items, "not twice")
			if c.reply == nil {
				r.wait(10_000)
			} else {
				r.reply(asked, c.reply)
			}
			require.Equal(t, c.text, r.screen().Text)
			r.wait(20_000)
			if c.text != cabinet.TextSent {
				require.Equal(t, c.text, r.screen().Text, "the parcel is still in the courier's hands")
				r.press(cabinet.ButtonTakeBack)
			}
			require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
		})
	}
}

// TestSendingNeedsALine: without one the directory's neighbours are told alone.
func TestSendingNeedsALine(t *testing.T) {
	t.Parallel()
	r := crammed(t)
	r.reply(r.lastRequest(protocol.Nearby), thereIsRoom())
	r.do(cabinet.LinkDown{})
	n := len(r.asked)
	r.choose("lkr_2")
	require.Equal(t, cabinet.TextNotSent, r.screen().Text)
	layout := r.state.Directory.Layout
	layout.Neighbours = []models.Neighbour{{Number: "L-002", DistanceM: 347}}
	r.entry(models.EntryLayout, string(locker), layout)
	r.scan("shp_2-1")
	require.Equal(t, cabinet.ScreenFull, r.screen().Screen)
	require.Len(t, r.asked, n)
	require.Empty(t, r.screen().Items)
	require.Len(t, r.screen().Neighbours, 1)
}

// TestTooHeavy: no cell bears it, or only some do.
func TestTooHeavy(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS)
	layout := r.state.Directory.Layout
	layout.Cells[0].MaxWeightG, layout.Cells[1].MaxWeightG = 5_000, 10_000
	r.entry(models.EntryLayout, string(locker), layout)
	s := shipment("shp_1", policy(), models.SizeS, models.SizeS, models.SizeS)
	for i, g := range []int{10_001, 9_000, 6_000} {
		s.Parcels[i].WeightG = g
	}
	r.entry(models.EntryShipment, "shp_1", s)
	r.login()
	r.scan("shp_1-1")
	require.Equal(t, cabinet.ScreenNotHere, r.screen().Screen)
	require.Equal(t, cabinet.TextTooHeavy, r.screen().Text)
	_, d := r.lastFact(models.FactLoadFailed)
	require.Equal(t, models.LoadTooHeavy, d.Reason)
	r.wait(10_000)
	require.Equal(t, cabinet.ScreenCourier, r.screen().Screen)
	require.Equal(t, 2, r.load("shp_1-2"))
	r.scan("shp_1-3")
	require.Equal(t, cabinet.TextFull, r.screen().Text, "the one that bears it is taken")
	r.finish()
	require.Contains(t, r.screen().Lines, "shp_1-1: too heavy")
}

// client is somebody whose code was just given, whose shipment may be called for.
func visiting(t *testing.T, callable bool) *rig {
	t.Helper()
	r := stored(t, policy(), 1)
	s := shipment("shp_1", policy(), models.SizeS)
	s.Callable = callable
	r.entry(models.EntryShipment, "shp_1", s)
	r.online()
	r.keyIn(r.code("shp_1"))
	r.lead()
	return r
}

// TestCallMeBack: the support is told whose client wants to be called, and no phone is asked for.
func TestCallMeBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply *protocol.RequestReply
		text  string
	}{
		"taken":     {&protocol.RequestReply{Verdict: protocol.RequestDone}, "We will call you at the number that we have for your parcel. Your number here: "},
		"refused":   {&protocol.RequestReply{Verdict: protocol.RequestRefused}, "We could not pass on your wish to be called."},
		"no answer": {nil, "We could not pass on your wish to be called."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := visiting(t, true)
			r.press(cabinet.ButtonHelp)
			require.Equal(t, []cabinet.Button{cabinet.ButtonProblem, cabinet.ButtonCallBack}, r.screen().Buttons)
			before := len(r.facts)
			number := r.screen().Params["session"]
			r.press(cabinet.ButtonCallBack)
			asked := r.lastRequest(protocol.CallBack)
			require.Equal(t, protocol.Request{ID: asked.ID, Kind: protocol.CallBack, Shipment: "shp_1", Session: number}, asked)
			require.Len(t, r.facts, before, "nothing of it is journalled")
			require.Equal(t, []string{"We are asking…"}, r.screen().Lines)
			n := len(r.asked)
			r.press(cabinet.ButtonCallBack)
			require.Len(t, r.asked, n, "once a visit")
			if c.reply == nil {
				r.wait(10_000)
			} else {
				r.reply(asked, c.reply)
			}
			require.Equal(t, cabinet.ScreenHelp, r.screen().Screen)
			require.Len(t, r.screen().Lines, 1)
			require.Contains(t, r.screen().Lines[0], c.text)
			require.NotContains(t, r.screen().Buttons, cabinet.ButtonCallBack)
		})
	}
}

// TestNobodyToCall: the support knows no phone, or there is no client, or no line.
func TestNobodyToCall(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]func(t *testing.T) *rig{
		"no phone is known": func(t *testing.T) *rig { return visiting(t, false) },
		"no line": func(t *testing.T) *rig {
			r := visiting(t, true)
			r.do(cabinet.LinkDown{})
			return r
		},
		"the visit is over": func(t *testing.T) *rig {
			r := visiting(t, true)
			r.open(1)
			r.close(1)
			r.press(cabinet.ButtonYesTaken)
			r.wait(20_000)
			require.Equal(t, cabinet.ScreenHome, r.screen().Screen)
			return r
		},
		"a courier": func(t *testing.T) *rig {
			r := stored(t, policy(), 1).online()
			r.login()
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := r(t)
			r.press(cabinet.ButtonHelp)
			n := len(r.asked)
			require.NotContains(t, r.screen().Buttons, cabinet.ButtonCallBack)
			r.press(cabinet.ButtonCallBack)
			require.Len(t, r.asked, n)
		})
	}
}
