package uplink

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

func TestStream(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.furnish()
	r.run().online()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "the layout came down and the inventory went up")
	require.True(t, r.Status().Connected)
	require.Empty(t, r.Status().Error)
	require.Equal(t, r.gateway.URL(), r.Status().Server)
	hello := r.cabinet().Hellos()[0]
	require.Equal(t, "test", hello.Agent)
	require.Len(t, hello.Nonce, 2*nonceLen)

	r.cabinet().Tell(models.EntryShipment, "shp_1", models.DirectoryShipment{Shipment: "shp_1", Issue: 1})
	r.eventually(func() bool { return count[cabinet.DirectoryEntries](r.core) >= 2 }, "a change is fetched")

	r.gateway.HangUp()
	r.eventually(func() bool { return len(r.cabinet().Hellos()) == 2 }, "it dials again")
	require.Equal(t, 1, count[cabinet.LinkDown](r.core))
	require.NotEqual(t, hello.Nonce, r.cabinet().Hellos()[1].Nonce)
	r.cancel()
	require.NoError(t, <-r.ended)
}

// TestEndIsNoError: whatever ended the program, as the signal does since Go 1.26.
func TestEndIsNoError(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { r.ended <- r.Run(ctx, r.core) }()
	r.online()
	cancel(errors.New("terminated signal received"))
	require.NoError(t, <-r.ended)
}

// TestEndOfTheCore ends the line with the core's error.
func TestEndOfTheCore(t *testing.T) {
	t.Parallel()
	r := newRig(t).run().online()
	full := errors.New("disk full")
	r.core.mu.Lock()
	r.core.fail = full
	r.core.mu.Unlock()
	r.gateway.HangUp()
	require.ErrorIs(t, <-r.ended, full)
}

// TestStrangeMessages: one that is not understood is answered, an error is not, and neither
// ends the stream.
func TestStrangeMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t).run().online()
	r.cabinet().Say("news_of_a_later_version", struct{}{})
	r.cabinet().Say(protocol.TypeCommand, "no command")
	r.cabinet().Say(protocol.TypeHello, protocol.Hello{}) // not for a cabinet
	r.cabinet().Say(protocol.TypeError, protocol.Problem{Code: models.CodeInternal})
	r.cabinet().Say(protocol.TypeCommand, protocol.Command{ID: "cmd", Open: models.OpenInput{Operation: "op_unknown"}})
	r.eventually(func() bool { return len(r.cabinet().Outcomes()) == 1 }, "what comes after them is heard")
	require.Equal(t, []models.OpenOutcome{models.Refused}, r.cabinet().Outcomes())
	require.Len(t, r.cabinet().Problems(), 3)
	require.Len(t, r.cabinet().Hellos(), 1)
}

// fallSilent has the server's first stream send its greeting and then nothing, and its first calls never be answered: it
// is frozen, with all its connections.
func (r *rig) fallSilent() {
	r.timing.pingEvery, r.timing.pongWithin = 10*time.Millisecond, 30*time.Millisecond
	silent := make(chan struct{})
	r.t.Cleanup(func() { close(silent) })
	var streams, journals atomic.Int64
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		switch {
		case req.URL.Path == protocol.PathJournal && journals.Add(1) == 1:
			<-silent
			return
		case req.URL.Path != protocol.PathStream || streams.Add(1) > 1:
			serve.ServeHTTP(w, req)
			return
		}
		conn, err := websocket.Accept(w, req, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }() // it is over
		frame, err := protocol.Encode(protocol.TypeContinueFrom, protocol.ContinueFrom{Epoch: 1})
		if err != nil {
			r.t.Error(err)
		}
		_ = conn.Write(req.Context(), websocket.MessageText, frame) // and then nothing
		<-silent
	})
}

// TestSilentServer: one that sends no pong is hung up on, and dialled again.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fallSilent()
	r.run()
	r.eventually(func() bool { return len(r.cabinet().Hellos()) > 0 }, "it dials again")
	require.Equal(t, 1, count[cabinet.LinkDown](r.core))
}

// TestSilentServerHoldsNoFacts: a call that it took and does not answer ends with its stream, and the facts go up over the
// next one, long before the call's own limit.
func TestSilentServerHoldsNoFacts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fallSilent()
	r.furnish()
	r.run()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "the inventory is up")
}

// TestSlowServer: messages that are not taken end the stream, and nobody waits for them.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, end := context.WithCancelCause(t.Context())
	s := &stream{out: make(chan []byte, queue), end: end} // nobody writes
	r.use(s)
	r.Send(protocol.TypeHello, protocol.Hello{})
	for range queue - 1 {
		r.Send(protocol.TypeHeartbeat, protocol.Heartbeat{})
	}
	require.NoError(t, ctx.Err())
	r.Send(protocol.TypeHeartbeat, protocol.Heartbeat{})
	require.ErrorIs(t, context.Cause(ctx), errSlow)
}

// TestHelloIsFirst: what the core still sends for the stream before is not sent on the next.
func TestHelloIsFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := &stream{out: make(chan []byte, queue), end: func(error) {}}
	r.Send(protocol.TypeResult, protocol.Result{}) // there is none
	r.use(s)
	r.Send(protocol.TypeResult, protocol.Result{})
	r.Send(protocol.TypeHello, protocol.Hello{})
	r.Send(protocol.TypeHeartbeat, protocol.Heartbeat{})
	require.Len(t, s.out, 2)
	m, err := protocol.Decode(<-s.out)
	require.NoError(t, err)
	require.Equal(t, protocol.TypeHello, m.Type)
}

// TestPauses: they grow, each with a random part, and never undercut what the server asks.
func TestPauses(t *testing.T) {
	t.Parallel()
	p := pause{timing: usualTiming(), rand: rand.Reader}
	next := p.retryFirst
	for range 12 {
		d := p.grow(0)
		require.GreaterOrEqual(t, d, next/2)
		require.Less(t, d, next)
		next = min(2*next, p.retryLast)
	}
	require.Equal(t, p.retryLast, next)
	least := pause{timing: usualTiming(), rand: bytes.NewReader(make([]byte, 8*20))}
	require.Equal(t, least.retryFirst/2, least.grow(0))
	require.Equal(t, least.retryFirst, least.grow(0))
	require.Equal(t, time.Minute, least.grow(time.Minute))
	least.reset()
	require.Equal(t, least.retryFirst/2, least.grow(0))
	dry := pause{timing: usualTiming(), rand: bytes.NewReader(nil)}
	require.Equal(t, dry.retryFirst/2, dry.grow(0), "it waits without randomness too")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, p.wait(ctx, time.Hour))
}

// TestServerThatEndsEachStream is dialled less and less often, although it answers: a second
// computer with the same identity would have both dial without end.
func TestServerThatEndsEachStream(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.timing.retryFirst, r.timing.retryLast, r.timing.steady = 2*time.Millisecond, time.Hour, time.Minute
	r.run()
	for n := 1; n < 6; n++ {
		r.eventually(func() bool { return len(r.cabinet().Hellos()) == n && r.core.live() }, "it dials")
		began := time.Now()
		r.gateway.HangUp()
		r.eventually(func() bool { return len(r.cabinet().Hellos()) == n+1 }, "it dials again")
		require.GreaterOrEqual(t, time.Since(began), time.Millisecond<<(n-1), "pause %d", n)
	}
}

// TestStreamThatStood: after one that stood for a while the next comes soon.
func TestStreamThatStood(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.timing.retryFirst, r.timing.retryLast, r.timing.steady = 2*time.Millisecond, time.Hour, time.Nanosecond
	r.run()
	for n := range 20 { // 2 ms twenty times doubled is half an hour
		r.eventually(func() bool { return len(r.cabinet().Hellos()) == n+1 && r.core.live() }, "it dials")
		r.gateway.HangUp()
	}
}

// TestRefusedStream: the server's pause is kept to, and its reason is shown.
func TestRefusedStream(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var first, second atomic.Int64
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		if first.CompareAndSwap(0, time.Now().UnixNano()) {
			w.Header().Set("Retry-After", "1")
			gatewaytest.Refuse(w, http.StatusServiceUnavailable, models.Errorf(models.CodeUnavailable, "no lease yet"))
			return
		}
		second.CompareAndSwap(0, time.Now().UnixNano())
		serve.ServeHTTP(w, req)
	})
	r.run()
	r.eventually(func() bool { return r.Status().Error != "" }, "it notes why")
	require.Contains(t, r.Status().Error, "no lease yet")
	require.False(t, r.Status().Connected)
	r.online()
	require.GreaterOrEqual(t, time.Duration(second.Load()-first.Load()), time.Second)
}

// TestNoRandomness: without a nonce there is no stream.
func TestNoRandomness(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Rand = bytes.NewReader(nil)
	require.ErrorIs(t, r.hold(t.Context(), r.core), io.EOF)
	require.Zero(t, count[cabinet.LinkUp](r.core))
}
