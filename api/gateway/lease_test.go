package gateway_test

import (
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
	"cubby/models"
)

// beats is a lease whose next answer a test sets.
type beats struct {
	lost, taken, away atomic.Bool
	n                 atomic.Int64
}

func (b *beats) beat(bool) (bool, error) {
	b.n.Add(1)
	switch {
	case b.taken.Load():
		return false, models.Errorf(models.CodeConflict, "another process")
	case b.away.Load():
		return false, models.Errorf(models.CodeUnavailable, "later")
	}
	return b.lost.Swap(false), nil
}

func newLeasedWorld(t *testing.T) (*world, *beats) {
	t.Helper()
	b := &beats{}
	w := newWorld(t, func(cfg *gateway.Config) {
		cfg.BeatInterval = time.Millisecond
		cfg.Cabinets.(*cabinets).beat = b.beat
	})
	return w, b
}

func TestALostLeaseEndsTheStreams(t *testing.T) {
	t.Parallel()
	w, b := newLeasedWorld(t)
	d := w.connect(t)
	b.away.Store(true)
	before := b.n.Load()
	require.Eventually(t, func() bool { return b.n.Load() > before+3 }, 5*time.Second, time.Millisecond)
	require.Equal(t, 1, w.gateway.Connections(), "the database is away: nobody is cut off for that")
	b.away.Store(false)
	b.lost.Store(true)
	require.Equal(t, websocket.StatusGoingAway, d.closed())
	w.connect(t)
}

func TestATakenNameEndsTheGateway(t *testing.T) {
	t.Parallel()
	w, b := newLeasedWorld(t)
	d := w.connect(t)
	b.taken.Store(true)
	require.Equal(t, websocket.StatusGoingAway, d.closed())
	require.Equal(t, models.CodeConflict, models.ErrorCode(<-w.ran))
	w.ran <- nil // as newWorld's end wants it
}

func TestWithoutALeaseNobodyConnects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *gateway.Config) {
		cfg.HelloTimeout = 50 * time.Millisecond
		cfg.Cabinets.(*cabinets).beat = func(bool) (bool, error) { return false, errors.New("away") }
	})
	d := w.dial(t, w.locker)
	d.send(protocol.TypeHello, hello(0, 0, ""))
	var p protocol.Problem
	d.expect(protocol.TypeError, &p)
	require.Equal(t, models.CodeUnavailable, p.Code)
	require.Equal(t, websocket.StatusTryAgainLater, d.closed())
}

func TestDisconnectionsAreRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	first := w.connect(t)
	w.connect(t)
	first.closed()
	ended := func() []int64 {
		w.cabinets.mu.Lock()
		defer w.cabinets.mu.Unlock()
		return append([]int64(nil), w.cabinets.ended...)
	}
	require.Eventually(t, func() bool { return len(ended()) == 1 }, 5*time.Second, time.Millisecond)
	require.Equal(t, []int64{1}, ended())
	w.stop()
	require.NoError(t, <-w.ran)
	w.ran <- nil
	require.True(t, w.cabinets.left.Load(), "one statement ends the rest")
	require.Len(t, ended(), 1)
}

func TestACertificateEndsWhileConnected(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := newWorld(t, func(cfg *gateway.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	d := w.connect(t)
	ahead.Store(int64(2 * time.Hour))
	require.Equal(t, websocket.StatusPolicyViolation, d.closed())
}

func TestUntrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cabinets.trusted = models.Errorf(models.CodeUnavailable, "the database is away")
	for _, path := range []string{protocol.PathStream, protocol.PathDirectory, protocol.PathSnapshot} {
		status, _, body := w.call(t, "GET", path, "", nil)
		require.Equal(t, http.StatusServiceUnavailable, status, "%s: in doubt it is not trusted: %s", path, body)
	}
}

// TestInventoryDiffers: one incident, once the digest differed for long with the journal
// standing still.
func TestInventoryDiffers(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := newWorld(t, func(cfg *gateway.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		cfg.Identity = headerIdentity{time.Now().Add(1000 * time.Hour)}
	})
	cell := models.StoredCell{Number: 1, State: models.CellOccupied, Generation: 4, Shipment: "shp_1"}
	w.cabinets.head = models.Head{Epoch: 1, Seq: 7, Hash: "h"}
	w.cabinets.cells = []models.StoredCell{cell}
	d := w.dial(t, w.locker)
	d.send(protocol.TypeHello, hello(1, 7, "h"))
	d.expect(protocol.TypeContinueFrom, nil)
	told := func() int {
		w.cabinets.mu.Lock()
		defer w.cabinets.mu.Unlock()
		return len(w.cabinets.differs)
	}
	free := cell.Report()
	free.State = models.CellFree
	right := protocol.Heartbeat{Epoch: 1, Seq: 7, Digest: protocol.InventoryDigest([]models.CellReport{cell.Report()})}
	wrong := protocol.Heartbeat{Epoch: 1, Seq: 7, Digest: protocol.InventoryDigest([]models.CellReport{free})}
	// beat sends a heartbeat some time later, and again until the comparison is made: one
	// that meets another under way is passed over.
	beat := func(later time.Duration, hb protocol.Heartbeat) {
		ahead.Add(int64(later))
		d.send(protocol.TypeHeartbeat, hb)
		d.send("flush", struct{}{})
		d.until(protocol.TypeError, nil)
	}
	for range 50 {
		beat(time.Minute, right)
		beat(time.Minute, protocol.Heartbeat{Epoch: 1, Seq: 8, Digest: wrong.Digest}) // its facts are on their way
		beat(time.Minute, protocol.Heartbeat{Epoch: 2, Seq: 7, Digest: wrong.Digest})
	}
	require.Zero(t, told())
	minutes := 0
	require.Eventually(t, func() bool { beat(time.Minute, wrong); minutes++; return told() == 1 }, 10*time.Second, time.Millisecond)
	require.GreaterOrEqual(t, minutes, 6, "someone may be at the screen")
	for range 50 {
		beat(time.Minute, wrong)
	}
	require.Equal(t, 1, told())
	require.Contains(t, w.cabinets.differs[0], `at fact 1/7: cabinet "`+wrong.Digest[:16]+`", server `+right.Digest[:16])
	// A digest that no database keeps is told of all the same.
	hostile := protocol.Heartbeat{Epoch: 1, Seq: 7, Digest: "\x00\n"}
	require.Eventually(t, func() bool { beat(time.Minute, hostile); return told() == 2 }, 10*time.Second, time.Millisecond)
	require.Contains(t, w.cabinets.differs[1], `cabinet "\x00\n", server`)
}

// TestJournalCurrent: written when it changes, and not for facts that are on their way for a
// moment.
func TestJournalCurrent(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := newWorld(t, func(cfg *gateway.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		cfg.Identity = headerIdentity{time.Now().Add(1000 * time.Hour)}
	})
	w.cabinets.head = models.Head{Epoch: 2, Seq: 7, Hash: "h"}
	d := w.dial(t, w.locker)
	d.send(protocol.TypeHello, hello(2, 7, "h"))
	d.expect(protocol.TypeContinueFrom, nil)
	written := func() []string {
		w.cabinets.mu.Lock()
		defer w.cabinets.mu.Unlock()
		return slices.Clone(w.cabinets.current)
	}
	beat := func(later time.Duration, epoch, seq int64) {
		ahead.Add(int64(later))
		d.send(protocol.TypeHeartbeat, protocol.Heartbeat{Epoch: epoch, Seq: seq, Digest: "d"})
		d.send("flush", struct{}{})
		d.until(protocol.TypeError, nil)
	}
	head := func(seq int64, err error) {
		w.cabinets.mu.Lock()
		defer w.cabinets.mu.Unlock()
		w.cabinets.head.Seq, w.cabinets.currentErr = seq, err
	}
	// Again until the comparison is made: one that meets another under way is passed over.
	until := func(later time.Duration, epoch, seq int64, want ...string) {
		require.Eventually(t, func() bool { beat(later, epoch, seq); return slices.Equal(want, written()) }, 10*time.Second, time.Millisecond)
	}
	for range 20 {
		beat(time.Second, 2, 9)
		beat(time.Second, 3, 1)
	}
	require.Empty(t, written(), "it has facts that are not here")
	head(9, errors.New("the database is away"))
	beat(time.Second, 2, 9)
	head(9, nil)
	until(time.Second, 2, 9, "1: true")
	for range 20 {
		beat(time.Second, 2, 10)
	}
	head(10, nil)
	for range 20 {
		beat(time.Minute, 2, 10)
	}
	require.Equal(t, []string{"1: true"}, written(), "facts on their way are nothing new")
	until(10*time.Second, 2, 11, "1: true", "1: false")
	head(11, nil)
	until(time.Second, 2, 11, "1: true", "1: false", "1: true")
}
