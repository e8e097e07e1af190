package uplink

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

// TestJournalGoesUp: in batches, in order, once, and over one connection beside the stream.
func TestJournalGoesUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.furnish()
	r.run().online()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "the inventory is up")
	r.gateway.HangUp()
	r.eventually(func() bool { return count[cabinet.LinkDown](r.core) == 1 }, "the line is down")
	var mu sync.Mutex
	var batches []int
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		if req.URL.Path == protocol.PathJournal {
			raw, err := io.ReadAll(req.Body)
			if err != nil {
				t.Error(err)
			}
			var in protocol.JournalRequest
			if err := json.Unmarshal(raw, &in); err != nil {
				t.Error(err)
			}
			mu.Lock()
			batches = append(batches, len(in.Facts))
			mu.Unlock()
			req.Body = io.NopCloser(bytes.NewReader(raw))
		}
		serve.ServeHTTP(w, req)
	})
	r.write(1200)
	r.eventually(func() bool { return len(r.cabinet().Facts()) == 1201 }, "everything is up")
	for i, f := range r.cabinet().Facts() {
		require.EqualValues(t, i+1, f.Seq)
	}
	mu.Lock()
	defer mu.Unlock()
	sum := 0
	for _, n := range batches {
		require.LessOrEqual(t, n, protocol.MaxBatch)
		sum += n
	}
	require.Equal(t, 1200, sum, "each fact went up once")
}

// TestConnectionsAreUsedAgain: a long answer does not cost a handshake.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.gateway.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		_ = json.NewEncoder(w).Encode(protocol.DirectoryReply{}) // the test would notice
		w.(http.Flusher).Flush()                                 // in chunks
		_, _ = w.Write(bytes.Repeat([]byte(" "), 10_000))
	})
	before := r.gateway.Connections()
	for range 10 {
		var page protocol.DirectoryReply
		require.NoError(t, r.call(t.Context(), http.MethodGet, protocol.PathDirectory, nil, &page))
	}
	require.LessOrEqual(t, r.gateway.Connections(), before+1)
}

// TestBatch: by number and by size; a fact that is over the size goes alone.
func TestBatch(t *testing.T) {
	t.Parallel()
	state := func(data ...int) *cabinet.State {
		s := cabinet.New(locker)
		s.Link.Live = true
		for _, n := range data {
			s.Journal.Seq++
			s.Journal.Facts = append(s.Journal.Facts, models.Fact{Seq: s.Journal.Seq, Data: make([]byte, n)})
		}
		return s
	}
	require.Empty(t, batch(state()))
	require.Len(t, batch(state(make([]int, 700)...)), protocol.MaxBatch)
	require.Len(t, batch(state(protocol.MaxBatchBytes/2, protocol.MaxBatchBytes/2-2*frameSize, 1)), 2)
	require.Len(t, batch(state(2*protocol.MaxBatchBytes, 1)), 1)
	down := state(1)
	down.Link.Live = false
	require.Empty(t, batch(down), "nobody said where it goes on")
}

// TestFork: a server that keeps another journal has the cabinet begin a new epoch.
func TestFork(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.furnish()
	r.run().online()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "the inventory is up")
	r.write(4)
	r.eventually(func() bool { return len(r.cabinet().Facts()) == 5 }, "the facts are up")
	facts := r.cabinet().Facts()
	other := facts[4]
	r.cabinet().SetHead(models.Head{Epoch: other.Epoch, Seq: other.Seq, Hash: "of another journal"})
	r.write(1)
	r.eventually(func() bool { return count[cabinet.JournalForked](r.core) == 1 }, "it is told")
	r.eventually(func() bool {
		facts := r.cabinet().Facts()
		return facts[len(facts)-1].Epoch == 2
	}, "a new epoch goes up")
	require.Equal(t, models.FactInventory, r.cabinet().Facts()[5].Type)
	require.GreaterOrEqual(t, len(r.cabinet().Hellos()), 2, "with a new hello")
}

// TestBusyServer: the pause that it asks for is kept to, on the same stream.
func TestBusyServer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.furnish()
	var first, second atomic.Int64
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		switch {
		case req.URL.Path != protocol.PathJournal:
		case first.CompareAndSwap(0, time.Now().UnixNano()):
			w.Header().Set("Retry-After", "1")
			gatewaytest.Refuse(w, http.StatusServiceUnavailable, models.Errorf(models.CodeUnavailable, "busy"))
			return
		default:
			second.CompareAndSwap(0, time.Now().UnixNano())
		}
		serve.ServeHTTP(w, req)
	})
	r.run().online()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "it goes up")
	require.GreaterOrEqual(t, time.Duration(second.Load()-first.Load()), time.Second)
	require.Len(t, r.cabinet().Hellos(), 1)
}

// TestRefusedFacts: what the server will never take is not sent without end. A new hello
// settles where the journal goes on.
func TestRefusedFacts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.furnish()
	var refused atomic.Int64
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		if req.URL.Path == protocol.PathJournal && refused.Add(1) <= 2 {
			gatewaytest.Refuse(w, http.StatusConflict, models.Errorf(models.CodeSequence, "a gap"))
			return
		}
		serve.ServeHTTP(w, req)
	})
	r.run().online()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "it goes up at last")
	require.Len(t, r.cabinet().Hellos(), 3)
}

// TestServerWithAnotherEnd: an answer that is not the batch's end is settled by a hello too.
func TestServerWithAnotherEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.furnish()
	var once atomic.Bool
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		if req.URL.Path == protocol.PathJournal && once.CompareAndSwap(false, true) {
			_ = json.NewEncoder(w).Encode(protocol.JournalReply{Epoch: 1, Seq: 0}) // the test would notice
			return
		}
		serve.ServeHTTP(w, req)
	})
	r.run().online()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "it goes up")
	require.Len(t, r.cabinet().Hellos(), 2)
}

// TestCallsAreTriedAgain: the directory and the snapshot are wanted until they are there.
func TestCallsAreTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.furnish()
	r.cabinet().SetHead(models.Head{Epoch: 3, Seq: 9, Hash: "of the store before"}) // so that it wants a snapshot
	var directory, snapshot atomic.Int64
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		tries := map[string]*atomic.Int64{protocol.PathDirectory: &directory, protocol.PathSnapshot: &snapshot}[req.URL.Path]
		if tries != nil && tries.Add(1) < 3 {
			gatewaytest.Refuse(w, http.StatusBadGateway, models.Errorf(models.CodeUnavailable, "later"))
			return
		}
		serve.ServeHTTP(w, req)
	})
	r.run().online()
	r.eventually(func() bool { return r.cabinet().Has(models.FactInventory) }, "it begins anew")
	require.Equal(t, 1, count[cabinet.SnapshotTaken](r.core))
	require.EqualValues(t, 4, r.cabinet().Facts()[0].Epoch)
}

// TestRequestsAreMadeOnce: one that fails is not made again, since nobody waits for it.
func TestRequestsAreMadeOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var refused atomic.Int64
	r.gateway.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
		if req.URL.Path == protocol.PathRequests && refused.Add(1) == 1 {
			gatewaytest.Refuse(w, http.StatusBadGateway, models.Errorf(models.CodeUnavailable, "later"))
			return
		}
		serve.ServeHTTP(w, req)
	})
	r.run().online()
	r.Request(protocol.Request{Kind: protocol.ResendCode, Label: "LP1"})
	r.Request(protocol.Request{Kind: protocol.ResendCode, Label: "LP2"})
	r.eventually(func() bool { return len(r.cabinet().Requests()) == 1 }, "the second comes")
	require.Equal(t, "LP2", r.cabinet().Requests()[0].Label)
	require.EqualValues(t, 2, refused.Load())
}
