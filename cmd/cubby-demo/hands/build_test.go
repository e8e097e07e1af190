package hands_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/boards"
	"cubby/cmd/cubby-demo/sites"
	"cubby/models"
)

// TestTwoSides: a parcel is brought at the back of a two-way cabinet and collected in front, each at a screen, a scanner
// and doors of its own.
func TestTwoSides(t *testing.T) {
	t.Parallel()
	s := newStandWith(t, sites.Build{Cells: 2, TwoWay: true, Panel: sites.Portrait()})
	require.Equal(t, sites.Portrait(), s.snapshot().Panel)
	require.Equal(t, "other_side", s.must("/scan", `{"text":"BADGE-1"}`)["text"])
	require.Equal(t, "L1", s.must("/scan?side=back", `{"text":"BADGE-1"}`)["screen"])
	require.Equal(t, "L2", s.must("/keys?side=back", `{"text":"4711"}`)["screen"])
	s.must("/scan?side=back", `{"text":"LABEL-1"}`)
	s.eventually("the door at the back opens", func(snap sites.Snapshot) bool { return snap.Cells[0].Back.Open })
	require.False(t, s.snapshot().Cells[0].DoorOpen)
	status, _ := s.do(http.MethodPost, "/hands/lockers/L-001/cells/1/put", `{"thing":"LABEL-1"}`)
	require.Equal(t, http.StatusConflict, status, "the door in front is shut")
	s.must("/cells/1001/put", `{"thing":"LABEL-1"}`)
	s.eventually("the door is seen open", func(sites.Snapshot) bool { return s.gateway.Cabinet(locker).Has(models.FactDoorOpened) })
	s.must("/cells/1001/close", ``)
	s.eventually("the parcel is in", func(snap sites.Snapshot) bool { return snap.Cells[0].State == models.CellOccupied })
	require.Equal(t, "goodbye", s.must("/press?side=back", `{"button":"finish"}`)["text"])

	s.must("/keys", `{"text":"`+models.PickupCode(s.gateway.Cabinet(locker).Key(), "shp_1", 1)+`"}`)
	s.doorOpens(1)
	require.False(t, s.snapshot().Cells[0].Back.Open)
	require.Equal(t, []any{"LABEL-1"}, s.must("/cells/1/take", ``)["taken"])
}

// TestOneSide: there is nothing at the back of a cabinet with one face.
func TestOneSide(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for path, want := range map[string]int{
		"/scan?side=back": http.StatusNotFound, "/keys?side=back": http.StatusNotFound, "/keys?side=top": http.StatusBadRequest,
		"/cells/1001/close": http.StatusNotFound, "/climates/1": http.StatusBadRequest,
	} {
		status, _ := s.do(http.MethodPost, "/hands/lockers/L-001"+path, `{}`)
		require.Equal(t, want, status, path)
	}
	status, _ := s.do(http.MethodPost, "/hands/lockers/L-001/climates/1", `{"celsius":4}`)
	require.Equal(t, http.StatusNotFound, status, "it has no thermometer")
}

// TestWarm: a cold module that a hand warms is told of, at the screen and to the server, and again when it is cold.
func TestWarm(t *testing.T) {
	t.Parallel()
	s := newStandWith(t, sites.Build{Cold: 1})
	told := func(state models.DeviceState) bool {
		for _, f := range s.gateway.Cabinet(locker).Facts() {
			if d, err := f.Payload(); err == nil && f.Type == models.FactDevice && d.State == state {
				return true
			}
		}
		return false
	}
	s.eventually("the thermometer is read", func(snap sites.Snapshot) bool {
		return snap.Climates[0].Told != nil && *snap.Climates[0].Told == 4.5 && told(models.DeviceOK)
	})
	s.must("/climates/1", `{"celsius":12}`)
	require.InDelta(t, 12, s.snapshot().Climates[0].Celsius, 0)
	require.Eventually(t, func() bool { return told(models.DeviceTooWarm) }, time.Minute, often)
	s.eventually("its cells take nothing in", func(snap sites.Snapshot) bool { return snap.Cells[0].State == models.CellOutOfService })
	s.must("/climates/1", `{"celsius":5}`)
	s.eventually("they do again", func(snap sites.Snapshot) bool { return snap.Cells[0].State == models.CellFree })
}

// TestSensors: a door that is shut on nothing is no deposit where a sensor sees that nothing is inside.
func TestSensors(t *testing.T) {
	t.Parallel()
	s := newStandWith(t, sites.Build{Family: boards.FamilyKerongCU16, Cells: 2, Sensors: true})
	s.stop() // a cabinet that knows its cells when it starts has heard their sensors by then
	s.start()
	s.eventually("the line stands again", func(snap sites.Snapshot) bool { return snap.Online })
	s.login()
	s.must("/scan", `{"text":"LABEL-1"}`)
	s.doorIsSeenOpen(1, 1)
	s.must("/cells/1/close", ``)
	s.eventually("the courier is asked", func(snap sites.Snapshot) bool { return snap.Screen.Text == "is_empty" })
	require.False(t, s.gateway.Cabinet(locker).Has(models.FactDeposited))
	_, err := sites.New(sites.Config{Dir: t.TempDir(), Build: func(models.LockerID) sites.Build { return sites.Build{Sensors: true} }}).Add(t.Context(), locker)
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err), "these boards have none")
}
