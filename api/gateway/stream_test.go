package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
	"cubby/models"
)

func TestHello(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for _, c := range []struct {
		name       string
		head       models.Head
		hello      protocol.Hello
		kind       protocol.Type
		epoch, seq int64
	}{
		{"both empty", models.Head{}, hello(0, 0, ""), protocol.TypeContinueFrom, 0, 0},
		{"first epoch begun", models.Head{}, hello(1, 1, a), protocol.TypeContinueFrom, 1, 0},
		{"level", models.Head{Epoch: 1, Seq: 4, Hash: a}, hello(1, 4, a), protocol.TypeContinueFrom, 1, 4},
		{"cabinet further", models.Head{Epoch: 1, Seq: 4, Hash: a}, hello(1, 9, b), protocol.TypeContinueFrom, 1, 4},
		{"cabinet in a new epoch", models.Head{Epoch: 1, Seq: 4, Hash: a}, hello(2, 2, b), protocol.TypeContinueFrom, 2, 0},
		{"cabinet lost facts", models.Head{Epoch: 1, Seq: 4, Hash: a}, hello(1, 3, b), protocol.TypeNewEpoch, 2, 0},
		{"fresh store", models.Head{Epoch: 3, Seq: 4, Hash: a}, hello(0, 0, ""), protocol.TypeNewEpoch, 4, 0},
		{"old epoch", models.Head{Epoch: 3, Seq: 4, Hash: a}, hello(2, 90, b), protocol.TypeNewEpoch, 4, 0},
		{"fork", models.Head{Epoch: 1, Seq: 4, Hash: a}, hello(1, 4, b), protocol.TypeNewEpoch, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.cabinets.head = c.head
			d := w.dial(t, w.locker)
			d.send(protocol.TypeHello, c.hello)
			m := d.next()
			require.Equal(t, c.kind, m.Type)
			var got struct {
				Protocol   int
				Epoch, Seq int64
				NowMS      int64 `json:"now_ms"`
			}
			require.NoError(t, m.Into(&got))
			require.Equal(t, []int64{1, c.epoch, c.seq}, []int64{int64(got.Protocol), got.Epoch, got.Seq})
			require.Positive(t, got.NowMS)
		})
	}
}

func TestHelloRefused(t *testing.T) {
	t.Parallel()
	old := hello(0, 0, "")
	old.Min, old.Max = 7, 9
	for _, c := range []struct {
		name    string
		send    func(*device)
		headErr error
		code    models.Code
		status  websocket.StatusCode
	}{
		{"silence", func(*device) {}, nil, models.CodeMalformedFrame, -1},
		{"another message first", func(d *device) { d.send(protocol.TypeHeartbeat, protocol.Heartbeat{}) }, nil, models.CodeMalformedFrame, websocket.StatusPolicyViolation},
		{"no JSON", func(d *device) { d.raw([]byte("hello")) }, nil, models.CodeMalformedFrame, websocket.StatusPolicyViolation},
		{"no common version", func(d *device) { d.send(protocol.TypeHello, old) }, nil, models.CodeInvalid, websocket.StatusPolicyViolation},
		{"seq without a hash", func(d *device) { d.send(protocol.TypeHello, hello(1, 4, "")) }, nil, models.CodeMalformedFrame, websocket.StatusPolicyViolation},
		{"an epoch too far ahead", func(d *device) { d.send(protocol.TypeHello, hello(models.MaxEpochLeap+1, 1, "h")) }, nil, models.CodeMalformedFrame, websocket.StatusPolicyViolation},
		{"unknown locker", func(d *device) { d.send(protocol.TypeHello, hello(0, 0, "")) }, models.Errorf(models.CodeNotFound, "no such locker"), models.CodeNotFound, websocket.StatusPolicyViolation},
		{"database down", func(d *device) { d.send(protocol.TypeHello, hello(0, 0, "")) }, models.Errorf(models.CodeUnavailable, "later"), models.CodeUnavailable, websocket.StatusTryAgainLater},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *gateway.Config) { cfg.HelloTimeout = time.Second })
			w.cabinets.headErr = c.headErr
			d := w.dial(t, w.locker)
			c.send(d)
			if c.status != -1 { // a cut connection tells nothing
				var p protocol.Problem
				d.expect(protocol.TypeError, &p)
				require.Equal(t, c.code, p.Code)
			}
			require.Equal(t, c.status, d.closed())
			require.Zero(t, w.gateway.Connections())
		})
	}
}

func ask(w *world) protocol.Ask {
	return protocol.Ask{
		Operation: models.OperationID(w.ids.New(models.PrefixOperation)), Kind: models.Deposit,
		Shipment: models.ShipmentID(w.ids.New(models.PrefixShipment)),
		Cells:    []models.OpenCell{{Cell: 3, Generation: 1, Parcel: "par_x"}}, ValidForMS: 60_000,
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		err     error
		down    bool
		verdict protocol.Verdict
		reason  string
	}{
		{"accepted", nil, false, protocol.Accepted, ""},
		{"refused", models.Errorf(models.CodeInvalidState, "picked_up"), false, protocol.Refused, "picked_up"},
		{"unknown life", models.Errorf(models.CodeNotFound, "no life"), false, protocol.DecideLocally, ""},
		{"unavailable", models.Errorf(models.CodeUnavailable, "later"), false, protocol.DecideLocally, ""},
		{"internal", errors.New("secret"), false, protocol.DecideLocally, ""},
		{"engine down", nil, true, protocol.DecideLocally, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.engine.down = c.down
			a := ask(w)
			asked := make(chan models.AskInput, 1)
			w.engine.ask = func(_ context.Context, s models.ShipmentID, in models.AskInput) error {
				if s != a.Shipment {
					return errors.New("another shipment")
				}
				asked <- in
				return c.err
			}
			d := w.connect(t)
			before := time.Now()
			d.send(protocol.TypeAsk, a)
			var got protocol.Answer
			d.expect(protocol.TypeAnswer, &got)
			require.Equal(t, protocol.Answer{Operation: a.Operation, Verdict: c.verdict, Reason: c.reason}, got)
			if c.down {
				require.Empty(t, asked)
				return
			}
			in := <-asked
			require.Equal(t, w.locker, in.Locker)
			require.Equal(t, "gateway-g1", in.Queue)
			require.WithinRange(t, in.NotAfter, before, time.Now().Add(protocol.AcceptTimeout))
		})
	}
}

// An ask that hangs is answered when its time is over, and holds up nothing meanwhile.
func TestAskHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.engine.ask = func(ctx context.Context, _ models.ShipmentID, _ models.AskInput) error {
		<-ctx.Done()
		return ctx.Err()
	}
	d := w.connect(t)
	hanging := ask(w)
	hanging.ValidForMS = 300
	d.send(protocol.TypeAsk, hanging)
	d.send("teleport", struct{}{})
	d.expect(protocol.TypeError, nil)
	var got protocol.Answer
	d.expect(protocol.TypeAnswer, &got)
	require.Equal(t, protocol.DecideLocally, got.Verdict)
	// More at once than a cabinet may have: the rest is decided there, at once.
	for range 20 {
		d.send(protocol.TypeAsk, ask(w))
	}
	d.expect(protocol.TypeAnswer, &got)
	require.Equal(t, protocol.DecideLocally, got.Verdict)
}

func TestCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.connect(t)
	in := models.OpenInput{Locker: w.locker, Operation: "op_1", Kind: models.Deposit, Shipment: "shp_1", Cells: []models.OpenCell{{Cell: 2}}}
	type answer struct {
		result models.OpenResult
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		result, err := w.gateway.Open(t.Context(), in)
		answered <- answer{result, err}
	}()
	var cmd protocol.Command
	d.expect(protocol.TypeCommand, &cmd)
	require.Equal(t, in, cmd.Open)
	require.NotEmpty(t, cmd.ID)

	other := models.OpenResult{Outcome: models.Refused}
	d.send(protocol.TypeResult, protocol.Result{ID: "cmd_other", Operation: "op_1", Result: other})
	d.send(protocol.TypeResult, protocol.Result{ID: cmd.ID, Operation: "op_2", Result: other})
	d.send(protocol.TypeResult, protocol.Result{ID: cmd.ID, Operation: "op_1", Result: models.OpenResult{Outcome: "perhaps"}})
	d.expect(protocol.TypeError, nil)
	require.Empty(t, answered)

	// Another cabinet cannot answer for this one.
	thief := &world{gateway: w.gateway, url: w.url, locker: models.LockerID(w.ids.New(models.PrefixLocker))}
	foreign := thief.dial(t, thief.locker)
	foreign.send(protocol.TypeHello, hello(0, 0, ""))
	foreign.expect(protocol.TypeContinueFrom, nil)
	foreign.send(protocol.TypeResult, protocol.Result{ID: cmd.ID, Operation: "op_1", Result: other})
	foreign.send("flush", struct{}{})
	foreign.expect(protocol.TypeError, nil)
	require.Empty(t, answered)

	// The cabinet reconnects before it answers: the result counts all the same.
	again := w.connect(t)
	want := models.OpenResult{Outcome: models.Opened, Cells: []models.CellOutcome{{Cell: 2, Outcome: models.Opened}}}
	again.send(protocol.TypeResult, protocol.Result{ID: cmd.ID, Operation: "op_1", Result: want})
	got := <-answered
	require.NoError(t, got.err)
	require.Equal(t, want, got.result)
}

func TestCommandWithoutResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		d.expect(protocol.TypeCommand, nil)
		cancel()
	}()
	result, err := w.gateway.Open(ctx, models.OpenInput{Locker: w.locker, Operation: "op_1"})
	require.NoError(t, err)
	require.Equal(t, models.OpenResult{Outcome: models.Unknown}, result)
}

func TestNotHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, err := w.gateway.Open(t.Context(), models.OpenInput{Locker: w.locker})
	require.True(t, gateway.IsNotHere(err))
	require.False(t, gateway.IsNotHere(models.Errorf(models.CodeNotFound, "another thing")))
	d := w.connect(t)
	require.NoError(t, d.conn.Close(websocket.StatusNormalClosure, ""))
	require.Eventually(t, func() bool {
		// Until the gateway has noticed, an open goes out and waits for its answer.
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := w.gateway.Open(ctx, models.OpenInput{Locker: w.locker})
		return gateway.IsNotHere(err)
	}, 5*time.Second, time.Millisecond)
}

func TestNewerConnectionTakesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	first := w.connect(t)
	second := w.connect(t)
	require.Equal(t, websocket.StatusPolicyViolation, first.closed())
	go func() { _, _ = w.gateway.Open(t.Context(), models.OpenInput{Locker: w.locker, Operation: "op_1"}) }()
	second.expect(protocol.TypeCommand, nil)
	require.Equal(t, 1, w.gateway.Connections())
}

// TestFencedStreamIsNotHeard: what the replaced stream still says changes nothing, also
// about a command that it was given.
func TestFencedStreamIsNotHeard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.engine.ask = func(context.Context, models.ShipmentID, models.AskInput) error {
		t.Error("the replaced stream was asked for")
		return nil
	}
	first := w.connect(t)
	answered := make(chan models.OpenResult, 1)
	go func() {
		result, err := w.gateway.Open(t.Context(), models.OpenInput{Locker: w.locker, Operation: "op_1"})
		if err != nil {
			t.Error(err)
		}
		answered <- result
	}()
	var cmd protocol.Command
	first.expect(protocol.TypeCommand, &cmd)
	second := w.connect(t)
	late := protocol.Result{ID: cmd.ID, Operation: "op_1", Result: models.OpenResult{Outcome: models.NotOpened}}
	first.send(protocol.TypeResult, late)
	first.send(protocol.TypeAsk, ask(w))
	require.Equal(t, websocket.StatusPolicyViolation, first.closed())
	require.Eventually(t, func() bool {
		w.cabinets.mu.Lock()
		defer w.cabinets.mu.Unlock()
		return slices.Contains(w.cabinets.ended, 1)
	}, 10*time.Second, time.Millisecond)
	require.Empty(t, answered)
	late.Result.Outcome = models.Opened
	second.send(protocol.TypeResult, late)
	require.Equal(t, models.Opened, (<-answered).Outcome)
}

// fragile is a log that breaks whoever tells it of a refused message.
type fragile struct{ slog.Handler }

func (f fragile) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "message refused" {
		panic("it breaks")
	}
	return f.Handler.Handle(ctx, r)
}

// TestAPanicEndsOneLineAlone: what one cabinet brings about ends nobody else's line.
func TestAPanicEndsOneLineAlone(t *testing.T) {
	t.Parallel()
	book := &logBook{}
	w := newWorld(t, func(cfg *gateway.Config) { cfg.Logger = slog.New(fragile{slog.NewJSONHandler(book, nil)}) })
	d := w.connect(t)
	mine := w.locker
	w.locker = models.LockerID(w.ids.New(models.PrefixLocker))
	other := w.connect(t)
	d.raw([]byte(`{`))
	d.closed()
	require.Eventually(t, func() bool { return w.gateway.Connections() == 1 }, 5*time.Second, time.Millisecond)
	require.Contains(t, book.String(), "a line ended in a panic")
	require.Contains(t, book.String(), string(mine))
	other.send(protocol.TypeHeartbeat, protocol.Heartbeat{})
	go func() { _, _ = w.gateway.Open(t.Context(), models.OpenInput{Locker: w.locker, Operation: "op_1"}) }()
	other.expect(protocol.TypeCommand, nil)
}

// TestLogLinesAreShort: a peer does not fill the log with what it sends.
func TestLogLinesAreShort(t *testing.T) {
	t.Parallel()
	book := &logBook{}
	w := newWorld(t, func(cfg *gateway.Config) { cfg.Logger = slog.New(slog.NewJSONHandler(book, nil)) })
	d := w.connect(t)
	long := strings.Repeat("1", 100_000)
	d.raw([]byte(`{"type":"heartbeat","body":{"epoch":` + long + `}}`))
	d.raw([]byte(`{"type":"error","body":{"code":"` + long + `"}}`))
	d.raw([]byte(`{"type":"result","body":{"operation":"` + long + `","result":{"outcome":"opened"}}}`))
	d.raw([]byte(`{"type":"` + long + `","body":{}}`))
	d.expect(protocol.TypeError, nil)
	d.expect(protocol.TypeError, nil)
	status, _, _ := w.call(t, "POST", protocol.PathJournal, "application/json", []byte(`{"facts":[{"seq":`+long+`}]}`))
	require.Equal(t, 400, status)
	require.Equal(t, 2, strings.Count(book.String(), "message refused"))
	for line := range strings.Lines(book.String()) {
		require.Less(t, len(line), 1000)
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.connect(t)
	for _, frame := range []string{
		`{`, `[]`, `{}`, `{"type":"teleport","body":{}}`, `{"type":"ask","body":7}`, `{"type":"ask"}`, `{"type":"ask","body":{}}`,
		`{"type":"result","body":{"id":3}}`, `{"type":"heartbeat","body":"x"}`, `{"type":"hello","body":{}}`, "\x00\xff",
	} {
		d.raw([]byte(frame))
		var p protocol.Problem
		d.expect(protocol.TypeError, &p)
		require.Equal(t, models.CodeMalformedFrame, p.Code, frame)
	}
	d.send(protocol.TypeHeartbeat, protocol.Heartbeat{Epoch: 1, Seq: 2, Digest: "x"})
	require.Eventually(t, func() bool { _, ok := w.gateway.LastSeen(w.locker); return ok }, 5*time.Second, time.Millisecond)
	_ = d.conn.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte(" "), protocol.MaxMessage+2))
	require.Equal(t, websocket.StatusMessageTooBig, d.closed())
}

func TestFloodIsCutOff(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	w := newWorld(t, func(cfg *gateway.Config) {
		cfg.Now = func() time.Time { return time.UnixMilli(1_700_000_000_000 + clock.Load()) }
	})
	d := w.connect(t)
	go func() {
		for d.conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"heartbeat","body":{}}`)) == nil {
			continue
		}
	}()
	require.Equal(t, websocket.StatusPolicyViolation, d.closed())
}

func TestSilenceIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *gateway.Config) {
		cfg.PingInterval, cfg.PongTimeout = 10*time.Millisecond, 50*time.Millisecond
	})
	w.connect(t) // and never read again: no pong
	require.Eventually(t, func() bool { return w.gateway.Connections() == 0 }, 10*time.Second, 5*time.Millisecond)
}

func TestPongsKeepItOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *gateway.Config) { cfg.PingInterval, cfg.PongTimeout = 5*time.Millisecond, 5*time.Second })
	d := w.connect(t)
	// Reading answers pings; the change comes after some of them.
	go func() {
		for range 10 {
			if d.conn.Ping(t.Context()) != nil {
				return
			}
		}
		w.cabinets.move("network", 1)
	}()
	d.expect(protocol.TypeDirectoryChanged, nil)
}

func TestDirectoryChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cabinets.move("network", 3)
	d := w.dial(t, w.locker)
	h := hello(0, 0, "")
	h.Cursor = protocol.Cursor{"network": 2}
	d.send(protocol.TypeHello, h)
	d.expect(protocol.TypeContinueFrom, nil)
	var got protocol.DirectoryChanged
	d.expect(protocol.TypeDirectoryChanged, &got)
	require.Equal(t, protocol.Cursor{"network": 3}, got.Cursor)

	w.cabinets.move("organization:org_new", 1) // a scope that did not exist when it connected
	d.expect(protocol.TypeDirectoryChanged, &got)
	require.Equal(t, protocol.Cursor{"network": 3, "organization:org_new": 1}, got.Cursor)

	w.cabinets.move("network", 1) // the database was restored
	d.expect(protocol.TypeDirectoryChanged, &got)
	require.Equal(t, int64(1), got.Cursor["network"])
}

func TestGoingAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.connect(t)
	w.stop()
	require.Equal(t, websocket.StatusGoingAway, d.closed())
	late := w.dial(t, w.locker)
	late.send(protocol.TypeHello, hello(0, 0, ""))
	require.NotEqual(t, websocket.StatusCode(-1), late.closed())
}
