package cabinet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// promise expects a shipment for whose parcels the server has promised room.
func (r *rig) promise(id models.ShipmentID, of models.OrganizationID, sizes ...models.Size) {
	r.t.Helper()
	s := shipment(id, policy(), sizes...)
	s.Carrier = of
	for i := range s.Parcels {
		s.Parcels[i].Promised = true
	}
	r.entry(models.EntryShipment, string(id), s)
}

func TestRoomThatIsPromisedIsLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		promised []models.Size
		leave    []cabinet.Button // what the courier is offered for an unannounced parcel
	}{
		"nothing is promised":        {nil, []cabinet.Button{"leave_s", "leave_m", cabinet.ButtonAskServer, cabinet.ButtonTakeBack}},
		"the large one":              {[]models.Size{models.SizeM}, []cabinet.Button{"leave_s", cabinet.ButtonAskServer, cabinet.ButtonTakeBack}},
		"the small one, or a larger": {[]models.Size{models.SizeS}, []cabinet.Button{"leave_s", "leave_m", cabinet.ButtonAskServer, cabinet.ButtonTakeBack}},
		"all":                        {[]models.Size{models.SizeS, models.SizeM}, []cabinet.Button{cabinet.ButtonAskServer, cabinet.ButtonTakeBack}},
		"more than there is":         {[]models.Size{models.SizeM, models.SizeM}, []cabinet.Button{"leave_s", cabinet.ButtonAskServer, cabinet.ButtonTakeBack}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := unannounced(t, models.SizeS, models.SizeM)
			if len(c.promised) > 0 {
				r.promise("shp_1", "org_2", c.promised...)
			}
			r.login()
			r.scan("X-1")
			require.Equal(t, c.leave, r.screen().Buttons)
			if !slices.Contains(c.leave, "leave_m") {
				r.press("leave_m") // the page may be an older one
				require.Equal(t, cabinet.TextFull, r.screen().Text)
				require.Empty(t, r.pulses)
			}
		})
	}
}

// TestWhatIsNotPromisedAnyMore: room that was kept for a parcel is anyone's once it came, left
// or will not come.
func TestWhatIsNotPromisedAnyMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]func(r *rig){
		"deleted": func(r *rig) { r.give(deletion("shp_1")) },
		"to be withdrawn": func(r *rig) {
			r.entry(models.EntryWithdrawal, "shp_1", models.DirectoryWithdrawal{Shipment: "shp_1", Locker: locker, Reason: models.LeaveCancelled})
		},
		"picked up": func(r *rig) {
			cell := r.load("shp_1-1")
			r.finish()
			r.wait(300)
			r.keyIn(r.code("shp_1"))
			r.open(cell)
			r.close(cell)
			r.wait(300_000)
			r.login()
		},
		"not promised any more": func(r *rig) { r.expect("shp_1", policy(), models.SizeS) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := unannounced(t, models.SizeS)
			r.promise("shp_1", carrier, models.SizeS)
			r.login()
			r.scan("X-1")
			require.NotContains(t, r.screen().Buttons, cabinet.Button("leave_s"))
			r.press(cabinet.ButtonTakeBack)
			c(r)
			r.hold("X-1", "leave_s")
		})
	}
}

func TestAParcelInItsCellNeedsNoRoom(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS, models.SizeS)
	r.promise("shp_1", carrier, models.SizeS)
	r.load("shp_1-1")
	r.hold("X-1", "leave_s")
}

func TestADeadCellIsNoRoom(t *testing.T) {
	t.Parallel()
	r := unannounced(t, models.SizeS, models.SizeS)
	r.promise("shp_1", carrier, models.SizeS)
	r.board(false, 2)
	r.login()
	r.scan("X-1")
	require.Equal(t, []cabinet.Button{cabinet.ButtonAskServer, cabinet.ButtonTakeBack}, r.screen().Buttons)
}

func TestAParcelWithoutAPromiseWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.promise("shp_1", "org_2", models.SizeS)
	r.expect("shp_2", policy(), models.SizeS)
	r.login()
	r.scan("shp_2-1")
	require.Equal(t, cabinet.TextFull, r.screen().Text)
	require.Empty(t, r.pulses)
	r.give(deletion("shp_1"))
	require.Equal(t, 1, r.load("shp_2-1"))
}

// TestAPromisedParcelAlwaysGetsACell: its courier is never turned away for the sake of others.
func TestAPromisedParcelAlwaysGetsACell(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeM, models.SizeL)
	r.promise("shp_1", carrier, models.SizeS)
	r.promise("shp_2", "org_2", models.SizeM)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.press(cabinet.ButtonNotFit)
	r.close(1)
	r.press(cabinet.ButtonEmpty)
	r.wait(300)
	require.Equal(t, 2, r.pulses[1].Cell, "the other parcel fits the large one")
	r.open(2)
	r.press(cabinet.ButtonNotFit)
	r.close(2)
	r.press(cabinet.ButtonEmpty)
	r.wait(300)
	require.Equal(t, 3, r.pulses[2].Cell, "and now the medium one")

	r = newRig(t).furnish(models.SizeS, models.SizeM)
	r.promise("shp_1", carrier, models.SizeS)
	r.promise("shp_2", "org_2", models.SizeM)
	r.login()
	r.scan("shp_1-1")
	r.open(1)
	r.press(cabinet.ButtonNotFit)
	r.close(1)
	r.press(cabinet.ButtonEmpty)
	r.wait(300)
	require.Len(t, r.pulses, 2, "it does not fit its own class, and the courier stands here")
	require.Equal(t, 2, r.pulses[1].Cell)
}

// TestPromisesAreKept: whatever is left here unannounced, or comes without a promise, every
// parcel for which the server promised room finds a cell.
func TestPromisesAreKept(t *testing.T) {
	t.Parallel()
	refused := 0
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		var sizes []models.Size
		cells := models.Demand{}
		for range 3 + rnd.IntN(6) {
			s := models.Sizes()[rnd.IntN(4)]
			sizes = append(sizes, s)
			cells.Add(models.CellClass{Regime: models.Ambient, Size: s}, 1)
		}
		r := unannounced(t, sizes...)
		promised := models.Demand{}
		var waiting []string
		for i := range 10 {
			s, id := models.Sizes()[rnd.IntN(4)], models.ShipmentID(fmt.Sprintf("shp_%d", i))
			if more := (models.Demand{{Regime: models.Ambient, Size: s}: 1}); models.Fits(promised, more, cells) {
				promised = promised.Plus(more)
				r.promise(id, carrier, s)
				waiting = append(waiting, string(id)+"-1")
			}
		}
		r.login()
		for i := range 20 {
			switch s := models.Sizes()[rnd.IntN(4)]; {
			case rnd.IntN(4) == 0 && len(waiting) > 0:
				r.load(waiting[0])
				waiting = waiting[1:]
			default:
				r.wait(300)
				n := len(r.pulses)
				if rnd.IntN(2) == 0 {
					r.scan(fmt.Sprintf("X-%d", i))
					r.press(map[models.Size]cabinet.Button{models.SizeS: "leave_s", models.SizeM: "leave_m", models.SizeL: "leave_l", models.SizeXL: "leave_xl"}[s])
				} else {
					id := models.ShipmentID(fmt.Sprintf("best_%d", i))
					r.expect(id, policy(), s)
					r.scan(string(id) + "-1")
				}
				if len(r.pulses) == n {
					require.Contains(t, []cabinet.TextKey{cabinet.TextFull, cabinet.TextTooBig}, r.screen().Text)
					refused++
					continue
				}
				cell := r.pulses[n].Cell
				r.open(cell)
				r.close(cell)
			}
		}
		for _, label := range waiting {
			r.load(label)
		}
	}
	require.Greater(t, refused, 100)
}

func TestALockerOutOfService(t *testing.T) {
	t.Parallel()
	for state, says := range map[models.LockerState]bool{
		models.LockerActive: false, models.LockerNoDeposits: false, models.LockerOutOfService: true, models.LockerDecommissioned: true,
	} {
		r := newRig(t).furnish(models.SizeS).online()
		layout := r.state.Directory.Layout
		layout.State = state
		r.entry(models.EntryLayout, string(locker), layout)
		require.Equal(t, says, len(r.screen().Strips) > 0, state)
	}
}
