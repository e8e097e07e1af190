package host

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/uplink"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

const (
	wallLocker = models.LockerID("lkr_00000000000000000000000001")
	wallParcel = "PARCEL-1"
	decade     = 10 * 365 * 24 * time.Hour
)

// wallClock is the computer's clock as a test sets it: away from the true time, and known to be
// right or not. The uptime is true.
type wallClock struct {
	began  time.Time
	away   atomic.Int64 // of the wall clock, a time.Duration
	synced atomic.Bool
}

func (w *wallClock) clock(floor int64) *Clock {
	return newClock("boot-1", floor, ClockSources{
		Wall:   func() time.Time { return time.Now().Add(time.Duration(w.away.Load())) },
		Uptime: func() int64 { return 1 + time.Since(w.began).Milliseconds() },
		Synced: w.synced.Load,
	})
}

// in1970 is how far away 1970 is.
func in1970() time.Duration { return -time.Since(time.Unix(60, 0)) }

// site is a whole cabinet with a true line to a gateway: host, store, uplink and TLS.
type site struct {
	*stand
	wall    *wallClock
	gateway *gatewaytest.Gateway
	config  uplink.Config
	path    string
}

func newSite(t *testing.T, away time.Duration, synced bool) *site {
	t.Helper()
	s := &site{gateway: gatewaytest.New(t), wall: &wallClock{began: time.Now()}, path: filepath.Join(t.TempDir(), "cabinet.db")}
	s.wall.away.Store(int64(away))
	s.wall.synced.Store(synced)
	s.config = uplink.Config{
		Server: s.gateway.URL(), ServerCA: s.gateway.CA(), Dir: t.TempDir(), Agent: "test",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Rand: rand.Reader, Time: s.wall.clock(0).Time,
	}
	at := s.gateway.Cabinet(wallLocker)
	layout := models.DirectoryLayout{Locker: wallLocker, Number: "L-001", State: models.LockerActive}
	for n := range 4 {
		layout.Cells = append(layout.Cells, models.LayoutCell{Number: n + 1, Module: 1, Row: n + 1, Size: models.SizeM, Regime: models.Ambient})
	}
	at.Tell(models.EntryLayout, string(wallLocker), layout)
	hash, err := pbkdf2.Key(sha256.New, "1234", []byte("salt"), 1000, 32)
	require.NoError(t, err)
	until := time.Now().Add(time.Hour)
	at.Tell(models.EntryCourier, "cou_1", models.DirectoryCourier{
		Courier: "cou_1", Organization: "org_1", Role: models.RoleCourier, Badge: "BADGE", ValidUntil: &until,
		PINHash: fmt.Sprintf("pbkdf2-sha256$1000$%s$%s", hex.EncodeToString([]byte("salt")), hex.EncodeToString(hash)),
	})
	at.Tell(models.EntryShipment, "shp_1", models.DirectoryShipment{
		Shipment: "shp_1", Carrier: "org_1", Number: "N-1", Issue: 1,
		Policy:  models.Policy{Name: "test", Version: 1, Storage: 3600, Objection: 8, Reopen: 180, Proof: models.ProofClosed},
		Parcels: []models.DirectoryParcel{{Parcel: "par_1", Barcode: wallParcel, Size: models.SizeM, Regime: models.Ambient}},
	})
	return s
}

// enroll gets the cabinet its identity, by the computer's clock.
func (s *site) enroll(t *testing.T) error {
	t.Helper()
	_, err := uplink.Enroll(t.Context(), s.config, s.gateway.Claim(wallLocker))
	return err
}

// start runs the enrolled cabinet with its line.
func (s *site) start(t *testing.T) *uplink.Uplink {
	t.Helper()
	s.stand = prepareAt(t, s.path, wallLocker)
	s.Clock = s.wall.clock(s.Keeper.FloorMS())
	s.config.Time = s.Clock.Time
	id, err := uplink.LoadIdentity(s.config.Dir)
	require.NoError(t, err)
	line, err := uplink.New(s.config, id)
	require.NoError(t, err)
	s.Line = line
	s.run()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- line.Run(ctx, s.Host) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return line
}

func (s *site) live() (live bool) {
	_ = s.Read(context.Background(), func(st *cabinet.State) { live = st.Link.Live && len(st.Directory.Shipments) > 0 }) // it may have stopped
	return live
}

func (s *site) do(in cabinet.Input) {
	s.t.Helper()
	require.NoError(s.t, s.Tell(s.t.Context(), in))
}

// door waits for a pulse and opens the door, as the lock does, and shuts it.
func (s *site) door(pulses int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return len(s.a.pulsed()) == pulses }, 2*soon, often)
	cell := s.a.pulsed()[pulses-1]
	s.a.move(cell, true)
	require.Eventually(s.t, func() bool { return s.open(cell) }, soon, often)
	s.a.move(cell, false)
	require.Eventually(s.t, func() bool { return !s.open(cell) }, soon, often)
}

func (s *site) text() cabinet.TextKey {
	s.t.Helper()
	st, err := s.Status(s.t.Context())
	require.NoError(s.t, err)
	return st.View.Text
}

func (s *site) deposit() {
	s.t.Helper()
	s.do(cabinet.Scanned{Text: "BADGE", ID: s.Operation()})
	s.do(cabinet.Keyed{Text: "1234", ID: s.Operation()})
	s.do(cabinet.Scanned{Text: wallParcel, ID: s.Operation()})
	s.door(1)
	s.do(cabinet.Pressed{Button: cabinet.ButtonFinish, ID: s.Operation()})
}

// collect has the client open the cell with the code; pulses counts those that there are then.
func (s *site) collect(pulses int) {
	s.t.Helper()
	s.do(cabinet.Keyed{Text: models.PickupCode(s.gateway.Cabinet(wallLocker).Key(), "shp_1", 1), ID: s.Operation()})
	s.door(pulses)
}

// dated checks that every fact since a moment has a date between that and now.
func dated(t *testing.T, facts []models.Fact, since time.Time) {
	t.Helper()
	require.NotEmpty(t, facts)
	for _, f := range facts {
		require.WithinRange(t, f.At(), since.Add(-time.Second), time.Now().Add(time.Second), "%s %d", f.Type, f.Seq)
	}
}

// TestACabinetIn1970: it is enrolled and connects, takes the time from its server, and serves.
func TestACabinetIn1970(t *testing.T) {
	t.Parallel()
	s := newSite(t, in1970(), false)
	began := time.Now()
	require.NoError(t, s.enroll(t))
	s.start(t)
	require.Eventually(t, s.live, 2*soon, often)
	s.deposit()
	s.collect(2)
	s.do(cabinet.Pressed{Button: cabinet.ButtonYesTaken, ID: s.Operation()})
	at := s.gateway.Cabinet(wallLocker)
	require.Eventually(t, func() bool { return at.Has(models.FactPickedUp) }, 2*soon, often)
	dated(t, at.Facts(), began)
	require.Greater(t, s.quit(t), began.UnixMilli()-1, "the time that it learned is kept")
}

// TestACabinetTenYearsAhead: its server's certificate seems to have ended, so there is no line;
// people are served all the same. Once its clock is right, everything is as if nothing had been.
func TestACabinetTenYearsAhead(t *testing.T) {
	t.Parallel()
	s := newSite(t, 0, true)
	began := time.Now()
	require.NoError(t, s.enroll(t))
	s.start(t)
	require.Eventually(t, s.live, 2*soon, often)
	s.deposit()
	at := s.gateway.Cabinet(wallLocker)
	require.Eventually(t, func() bool { return at.Has(models.FactDeposited) }, 2*soon, often)
	s.quit(t)

	s.wall.away.Store(int64(decade))
	s.wall.synced.Store(false)
	line := s.start(t)
	require.Eventually(t, func() bool { return line.Status().Error != "" }, 2*soon, often)
	require.Contains(t, line.Status().Error, "expired")
	s.collect(1)
	require.False(t, s.live())

	s.wall.away.Store(0)
	s.wall.synced.Store(true)
	before := len(at.Facts())
	require.Eventually(t, s.live, 60*time.Second, often, "its line stands by itself")
	s.do(cabinet.Pressed{Button: cabinet.ButtonYesTaken, ID: s.Operation()})
	require.Eventually(t, func() bool { return at.Has(models.FactPickedUp) }, 2*soon, often)
	facts := at.Facts()
	for _, f := range facts[before:] {
		if f.Type == models.FactPickedUp {
			dated(t, []models.Fact{f}, began)
		} else if f.At().After(time.Now().Add(time.Hour)) {
			require.Equal(t, models.ClockGuessed, f.Clock, "what was dated ahead says that it is a guess")
		}
	}
	require.Less(t, s.quit(t), time.Now().UnixMilli()+1, "nothing of the guess is kept")
}

// TestAClockThatJumps in the middle of operations ends none of them: no code, objection or window
// runs by it, and the facts are dated right.
func TestAClockThatJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{decade, in1970(), -48 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 0, true)
			began := time.Now()
			require.NoError(t, s.enroll(t))
			s.start(t)
			require.Eventually(t, s.live, 2*soon, often)
			jumped := func(then func()) {
				t.Helper()
				s.wall.away.Store(int64(jump))
				then()
				s.wall.away.Store(0)
			}
			jumped(s.deposit)
			jumped(func() { s.collect(2) })
			require.Equal(t, cabinet.TextEverything, s.text(), "the time to object has only begun")
			jumped(func() {
				require.Never(t, func() bool { return s.text() != cabinet.TextEverything }, 500*time.Millisecond, 50*time.Millisecond)
			})
			s.do(cabinet.Pressed{Button: cabinet.ButtonYesTaken, ID: s.Operation()})
			// Within the window the code opens the cell once more, wherever the clock is.
			jumped(func() { s.collect(3) })
			at := s.gateway.Cabinet(wallLocker)
			require.Eventually(t, func() bool { return at.Has(models.FactPickedUp) }, 2*soon, often)
			dated(t, at.Facts(), began)
			require.True(t, s.live(), "the line stands")
			floor := s.quit(t)
			require.WithinRange(t, time.UnixMilli(floor), began.Add(-time.Second), time.Now())
		})
	}
}

// quit ends the cabinet and returns the floor that its store keeps.
func (s *site) quit(t *testing.T) int64 {
	t.Helper()
	require.NoError(t, s.stop())
	<-s.Stopped()
	require.NoError(t, s.Keeper.Close())
	return s.Keeper.FloorMS()
}
