package gateway_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/activities"
	"cubby/agent/protocol"
	"cubby/models"
)

// healthy is a cabinet that works all the while: it takes commands, tells facts and asks.
type healthy struct {
	*computer
	done atomic.Int64 // rounds
	told chan protocol.Answer
	stop context.CancelFunc
	ran  sync.WaitGroup
}

// patience is how long the healthy cabinet's command, batch and ask may take together.
const patience = 5 * time.Second

func (n *network) healthy(t *testing.T) *healthy {
	t.Helper()
	h := &healthy{computer: n.enrolled(t), told: make(chan protocol.Answer, 1)}
	d := h.connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.stop = cancel
	h.ran.Go(func() { // its end of the line
		for {
			_, frame, err := d.conn.Read(ctx)
			if err != nil {
				if ctx.Err() == nil {
					t.Error("the healthy cabinet was cut off:", err)
				}
				return
			}
			m, err := protocol.Decode(frame)
			var answered protocol.Answer
			if err == nil && m.Type == protocol.TypeAnswer && m.Into(&answered) == nil {
				h.told <- answered
			}
			if err != nil || m.Type != protocol.TypeCommand {
				continue
			}
			var cmd protocol.Command
			if err := m.Into(&cmd); err != nil {
				t.Error(err)
				return
			}
			answer, err := protocol.Encode(protocol.TypeResult, protocol.Result{ID: cmd.ID, Operation: cmd.Open.Operation, Result: models.OpenResult{Outcome: models.Opened}})
			if err != nil || d.conn.Write(ctx, websocket.MessageText, answer) != nil && ctx.Err() == nil {
				t.Error("the healthy cabinet cannot answer:", err)
				return
			}
		}
	})
	h.ran.Go(func() {
		pace := time.NewTicker(100 * time.Millisecond) // within the rate of a cabinet
		defer pace.Stop()
		for ctx.Err() == nil {
			began := time.Now()
			res, err := n.gateway.Open(ctx, models.OpenInput{Locker: h.locker, Operation: "op_1"})
			if ctx.Err() != nil {
				return
			}
			if err != nil || res.Outcome != models.Opened {
				t.Error("the healthy cabinet's door does not open:", res, err)
				return
			}
			if status, body := h.upload(t, began); status != 200 {
				t.Errorf("the healthy cabinet's facts are refused: %d %s", status, body)
				return
			}
			if !h.asks(ctx, t, d) {
				return
			}
			if took := time.Since(began); took > patience {
				t.Error("the healthy cabinet waited for", took)
			}
			h.done.Add(1)
			<-pace.C
		}
	})
	return h
}

// upload sends facts, again for as long as it is patient: a connection may be among those that are too many.
func (h *healthy) upload(t *testing.T, began time.Time) (int, []byte) {
	t.Helper()
	raw, err := json.Marshal(protocol.JournalRequest{Facts: h.facts(2)})
	if err != nil {
		return 0, []byte(err.Error())
	}
	for {
		status, body, err := h.try(t, "POST", protocol.PathJournal, raw)
		switch {
		case err == nil:
			return status, body
		case time.Since(began) > patience:
			return 0, []byte(err.Error())
		}
	}
}

// asks has it ask the server, whose answer here is always no.
func (h *healthy) asks(ctx context.Context, t *testing.T, d *device) bool {
	t.Helper()
	a := ask(&world{ids: h.n.ids})
	frame, err := protocol.Encode(protocol.TypeAsk, a)
	if err == nil {
		err = d.conn.Write(ctx, websocket.MessageText, frame)
	}
	if err != nil {
		if ctx.Err() == nil {
			t.Error("the healthy cabinet cannot ask:", err)
		}
		return false
	}
	select {
	case got := <-h.told:
		if got.Operation != a.Operation || got.Verdict != protocol.Refused {
			t.Error("the healthy cabinet is answered wrongly:", got)
		}
		return true
	case <-time.After(patience):
		t.Error("the healthy cabinet is not answered")
	case <-ctx.Done():
	}
	return false
}

// told reports whether a line of the log since a mark has the reason and names the cabinet,
// if there is one to name.
func (l *logBook) told(mark int, reason string, who *computer) bool {
	for line := range strings.Lines(l.String()[mark:]) {
		var entry struct {
			Reason, Address string
			Locker          models.LockerID
		}
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Reason != reason {
			continue
		}
		if who == nil && entry.Address != "" || who != nil && entry.Locker == who.locker {
			return true
		}
	}
	return false
}

// secret is what hostile peers put into their messages: it must not get into the log.
const secret = "SECRET-4711"

// finish ends it and wants everything that it told to be there, once.
func (h *healthy) finish(t *testing.T) {
	t.Helper()
	h.stop()
	h.ran.Wait()
	head, err := h.n.Head(t.Context(), h.locker)
	require.NoError(t, err)
	require.Equal(t, []any{h.seq, h.hash}, []any{head.Seq, head.Hash})
}

// TestHostilePeers: whatever comes at the gateway is refused with a reason; a line of the
// log has that reason and the cabinet, or the address of one without a name that can be
// believed, and no secret; a healthy cabinet works on throughout and after it.
func TestHostilePeers(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		well := n.healthy(t)
		for _, attack := range []struct {
			name   string
			reason string                                   // in the log; empty: the library cuts it off below us
			run    func(t *testing.T, n *network) *computer // who it was
		}{
			{"no certificate", "unauthorized", noCertificate},
			{"a foreign authority", "unauthorized", foreignAuthority},
			{"another kind of certificate", "unauthorized", otherCertificates},
			{"a certificate that was never given", "certificate_unknown", unknownCertificate},
			{"another cabinet's journal", "sequence_gap", otherCabinet},
			{"a replayed batch", "repeat", replayedBatch},
			{"a gap", "sequence_gap", gap},
			{"a fork", "journal_fork", fork},
			{"a batch too large", "body_too_large", largeBatch},
			{"a message too large", "a message is over the limit", largeMessage},
			{"an unknown message", "malformed_frame", unknownMessage},
			{"a future version", "invalid_request", futureVersion},
			{"messages without end", "too many messages", messageFlood},
			{"calls without end", "too_many_requests", callFlood},
			{"calls at once", "too_many_requests", callsAtOnce},
			{"connections without end", "too many connections", connectionFlood},
			{"a slow header", "", slowHeader},
			{"a slow body", "malformed_frame", slowBody},
			{"a hello without end", "malformed_frame", endlessHello},
			{"no hello", "malformed_frame", noHello},
			{"an old TLS", "", oldTLS},
		} {
			before, mark := well.done.Load(), len(n.log.String())
			who := attack.run(t, n)
			if t.Failed() {
				t.Fatal("during: ", attack.name)
			}
			require.Eventually(t, func() bool { return well.done.Load() > before }, patience, time.Millisecond, "the healthy cabinet stands still during: %s", attack.name)
			over := well.done.Load() // the round after the next began when the attack was over
			require.Eventually(t, func() bool { return well.done.Load() >= over+2 }, 2*patience, time.Millisecond, "the healthy cabinet stands still after: %s", attack.name)
			require.Eventually(t, func() bool { return attack.reason == "" || n.log.told(mark, attack.reason, who) }, patience, time.Millisecond, "nothing in the log of: %s", attack.name)
			view, err := n.Locker(t.Context(), well.locker)
			require.NoError(t, err)
			require.True(t, view.Link.Online, attack.name)
		}
		well.finish(t)
		require.NotContains(t, n.log.String(), secret)
		require.NotEmpty(t, n.claims)
		for _, claim := range n.claims {
			require.NotContains(t, n.log.String(), claim)
		}
	})
}

func noCertificate(t *testing.T, n *network) *computer {
	nobody := &computer{n: n}
	for _, path := range []string{protocol.PathStream, protocol.PathDirectory, protocol.PathSnapshot} {
		nobody.refused(t, "GET", path, nil, models.CodeUnauthorized)
	}
	for _, path := range []string{protocol.PathJournal, protocol.PathRenew} {
		nobody.refused(t, "POST", path, struct{}{}, models.CodeUnauthorized)
	}
	return nil
}

// wrong calls everything with a certificate that an authority made for the computer.
func (c *computer) wrong(t *testing.T, a activities.Authority, want models.Code, change func(*x509.Certificate)) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1 << 40), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, URIs: []*url.URL{models.LockerURI(c.locker)},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.Certificate, key.Public(), a.Key)
	require.NoError(t, err)
	bad := &computer{n: c.n, locker: c.locker, certificate: &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
	bad.refused(t, "GET", protocol.PathDirectory, nil, want)
	bad.refused(t, "POST", protocol.PathRenew, protocol.EnrollRequest{CSR: csr(t, newKey(t))}, want)
	_, err = bad.dial(t)
	require.Error(t, err)
}

func foreignAuthority(t *testing.T, n *network) *computer {
	certificate, key := authority(t, "devices") // of the same name
	n.enrolled(t).wrong(t, activities.Authority{Certificate: certificate, Key: key}, models.CodeUnauthorized, func(*x509.Certificate) {})
	return nil // the name in it is worth nothing
}

func otherCertificates(t *testing.T, n *network) *computer {
	c, own := n.enrolled(t), n.cabinet.Authority
	none := func(*x509.Certificate) {}
	for _, change := range []func(*x509.Certificate){
		func(x *x509.Certificate) { x.URIs = nil },
		func(x *x509.Certificate) { x.URIs = append(x.URIs, models.LockerURI("lkr_other")) },
		func(x *x509.Certificate) { x.URIs[0].Host = "elsewhere" },
		func(x *x509.Certificate) { x.URIs[0].Path = "/locker/nonsense" },
		func(x *x509.Certificate) { x.URIs[0].RawQuery = "x=1" },
		func(x *x509.Certificate) { x.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
	} {
		c.wrong(t, own, models.CodeUnauthorized, change)
	}
	self := c.leaf(t) // a cabinet's certificate signs nobody's
	c.wrong(t, activities.Authority{Certificate: self, Key: c.key}, models.CodeUnauthorized, none)
	return nil
}

// unknownCertificate is right in form, of the right authority, and not in the database.
func unknownCertificate(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	c.wrong(t, n.cabinet.Authority, models.CodeCertificateUnknown, func(*x509.Certificate) {})
	return c
}

// otherCabinet: what a cabinet says is said for itself alone.
func otherCabinet(t *testing.T, n *network) *computer {
	victim, thief := n.enrolled(t), n.enrolled(t)
	status, body := victim.post(t, protocol.PathJournal, protocol.JournalRequest{Facts: victim.facts(2)})
	require.Equal(t, 200, status, "%s", body)
	head, err := n.Head(t.Context(), victim.locker)
	require.NoError(t, err)
	thief.refused(t, "POST", protocol.PathJournal+"?locker="+string(victim.locker), protocol.JournalRequest{Facts: victim.facts(1)}, models.CodeSequence)
	d := thief.connect(t)
	d.send(protocol.TypeHeartbeat, protocol.Heartbeat{})
	_, here := n.gateway.LastSeen(victim.locker)
	require.False(t, here)
	again, err := n.Head(t.Context(), victim.locker)
	require.NoError(t, err)
	require.Equal(t, head, again)
	return thief
}

func replayedBatch(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	batch := protocol.JournalRequest{Facts: c.facts(3)}
	for range 3 {
		status, body := c.post(t, protocol.PathJournal, batch)
		require.Equal(t, 200, status)
		require.JSONEq(t, `{"epoch":1,"seq":3}`, string(body))
	}
	batch.Facts = batch.Facts[:1]
	_, body := c.post(t, protocol.PathJournal, batch)
	require.JSONEq(t, `{"epoch":1,"seq":3}`, string(body))
	return c
}

func gap(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	facts := c.facts(3)
	c.refused(t, "POST", protocol.PathJournal, protocol.JournalRequest{Facts: append(facts[:1:1], facts[2])}, models.CodeSequence)
	head, err := n.Head(t.Context(), c.locker)
	require.NoError(t, err)
	require.Zero(t, head.Seq, "nothing of the batch was taken")
	return c
}

func fork(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	first := c.facts(1)
	status, _ := c.post(t, protocol.PathJournal, protocol.JournalRequest{Facts: first})
	require.Equal(t, 200, status)
	other := first[0]
	other.Boot = "another"
	other.Hash = other.ComputeHash()
	c.refused(t, "POST", protocol.PathJournal, protocol.JournalRequest{Facts: []models.Fact{other}}, models.CodeFork)
	open, err := n.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 10}, Open: true})
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, []any{models.IncidentFork, c.locker}, []any{open[0].Kind, open[0].Locker})
	return c
}

func largeBatch(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	c.refused(t, "POST", protocol.PathJournal, strings.Repeat("x", protocol.MaxBatchBytes), models.CodeTooLarge)
	c.refused(t, "POST", protocol.PathJournal, protocol.JournalRequest{Facts: c.facts(protocol.MaxBatch + 1)}, models.CodeTooLarge)
	c.refused(t, "GET", protocol.PathDirectory+"?since="+strings.Repeat("x", 70_000), nil, models.CodeTooLarge)
	return c
}

func largeMessage(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	d := c.connect(t)
	_ = d.conn.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte(secret), protocol.MaxMessage/len(secret)+2))
	require.Equal(t, websocket.StatusMessageTooBig, d.closed())
	return c
}

func unknownMessage(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	d := c.connect(t)
	for _, frame := range []string{
		`{"type":"teleport","body":{"pin":"` + secret + `"}}`, "\x00" + secret, `{"type":"` + secret + `"}`, `{"type":"result","body":{"id":"` + secret + `"}}`,
		`{"type":"ask","body":{"kind":"` + secret + `"}}`, `{"type":"heartbeat","body":"` + secret + `"}`, `{"type":"hello","body":{}}`,
	} {
		d.raw([]byte(frame))
		var p protocol.Problem
		d.until(protocol.TypeError, &p)
		require.Equal(t, models.CodeMalformedFrame, p.Code, frame)
	}
	return c // and its stream stays
}

func futureVersion(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	d, err := c.dial(t)
	require.NoError(t, err)
	future := hello(0, 0, "")
	future.Min, future.Max = 7, 9
	d.send(protocol.TypeHello, future)
	var p protocol.Problem
	d.expect(protocol.TypeError, &p)
	require.Equal(t, models.CodeInvalid, p.Code)
	require.Equal(t, websocket.StatusPolicyViolation, d.closed())
	return c
}

func messageFlood(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	d := c.connect(t)
	go func() {
		for d.conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"heartbeat","body":{}}`)) == nil {
			continue
		}
	}()
	require.Contains(t, []websocket.StatusCode{websocket.StatusPolicyViolation, -1}, d.closed())
	return c
}

func callFlood(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	client := c.client()
	client.Transport.(*http.Transport).DisableKeepAlives = false // as fast as it can
	for range 10_000 {
		resp, err := client.Get("https://" + n.address + protocol.PathSnapshot)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
		if resp.StatusCode == 429 {
			require.Equal(t, "1", resp.Header.Get("Retry-After"))
			require.True(t, resp.Close, "its connection keeps no room")
			return c
		}
	}
	t.Error("nobody stopped the flood")
	return c
}

// callsAtOnce: bodies that are slow to come take the cabinet's own places only.
func callsAtOnce(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	for range 4 {
		c.trickle(t)
	}
	require.Eventually(t, func() bool {
		status, _ := c.do(t, "GET", protocol.PathSnapshot, nil)
		return status == 429
	}, patience, time.Millisecond)
	return c
}

// handshake is a TLS connection of the computer that says what it is told to.
func (c *computer) handshake(t *testing.T) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", c.n.address, &tls.Config{RootCAs: c.n.servers, Certificates: []tls.Certificate{*c.certificate}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

// trickle begins a journal call whose body does not come.
func (c *computer) trickle(t *testing.T) *tls.Conn {
	t.Helper()
	conn := c.handshake(t)
	_, err := io.WriteString(conn, "POST "+protocol.PathJournal+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
	require.NoError(t, err)
	return conn
}

// connectionFlood: connections that say nothing, before the handshake or after it, with no
// certificate, take a bounded room, and another cabinet gets in.
func connectionFlood(t *testing.T, n *network) *computer {
	for range 3 * maxStrangers {
		plain, err := net.Dial("tcp", n.address)
		require.NoError(t, err)
		defer plain.Close()
	}
	for range 2 * maxStrangers {
		nobody, err := tls.Dial("tcp", n.address, &tls.Config{RootCAs: n.servers})
		require.NoError(t, err)
		defer nobody.Close()
	}
	n.enrolled(t).connect(t)
	return nil
}

// dribble says something, and then a byte now and again for as long as it may.
func dribble(t *testing.T, conn net.Conn, first, more string) {
	t.Helper()
	_, err := io.WriteString(conn, first)
	require.NoError(t, err)
	go func() {
		pace := time.NewTicker(20 * time.Millisecond)
		defer pace.Stop()
		for range pace.C {
			if _, err := io.WriteString(conn, more); err != nil {
				return
			}
		}
	}()
}

// slowHeader: bytes that come one by one gain no time, in the handshake or in a header.
func slowHeader(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	silent, err := net.Dial("tcp", n.address) // not even a handshake
	require.NoError(t, err)
	defer silent.Close()
	plain, err := net.Dial("tcp", n.address)
	require.NoError(t, err)
	defer plain.Close()
	dribble(t, plain, "\x16\x03\x01\x3f\xff\x01", "\x00") // the start of a long ClientHello
	slow := c.handshake(t)
	dribble(t, slow, "GET "+protocol.PathDirectory+" HTTP/1.1\r\nHost: x\r\nX-Slow: ", "x")
	for _, conn := range []net.Conn{silent, plain, slow} {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		rest, err := io.ReadAll(conn)
		var timeout net.Error
		if err != nil {
			require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "the connection stays open")
		}
		require.NotContains(t, string(rest), "200 OK")
	}
	return c
}

func slowBody(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	answer, err := io.ReadAll(c.trickle(t))
	require.NoError(t, err)
	require.Contains(t, string(answer), "400 Bad Request")
	require.Contains(t, string(answer), "did not arrive whole")
	return c
}

func endlessHello(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	d, err := c.dial(t)
	require.NoError(t, err)
	w, err := d.conn.Writer(t.Context(), websocket.MessageText)
	require.NoError(t, err)
	_, err = io.WriteString(w, `{"type":"hello","body":{"agent":"`)
	require.NoError(t, err)
	d.closed()
	return c
}

func noHello(t *testing.T, n *network) *computer {
	c := n.enrolled(t)
	d, err := c.dial(t)
	require.NoError(t, err)
	d.closed()
	c = n.enrolled(t)
	d, err = c.dial(t)
	require.NoError(t, err)
	d.send(protocol.TypeHeartbeat, protocol.Heartbeat{})
	d.expect(protocol.TypeError, nil)
	d.closed()
	return c
}

func oldTLS(t *testing.T, n *network) *computer {
	_, err := tls.Dial("tcp", n.address, &tls.Config{RootCAs: n.servers, MaxVersion: tls.VersionTLS12})
	require.ErrorContains(t, err, "protocol version")
	return nil
}

// TestSnapshotOverTheLine: what the server believes, with the parcels.
func TestSnapshotOverTheLine(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		c := n.enrolled(t)
		facts := c.facts(1)
		status, _ := c.post(t, protocol.PathJournal, protocol.JournalRequest{Facts: facts})
		require.Equal(t, 200, status)
		status, body := c.do(t, "GET", protocol.PathSnapshot, nil)
		require.Equal(t, 200, status)
		var got protocol.Snapshot
		require.NoError(t, json.Unmarshal(body, &got))
		require.Equal(t, []int64{1, 1}, []int64{got.Epoch, got.Seq})
		require.Len(t, got.Cells, 4)
		require.Equal(t, models.CellReport{Cell: 1, State: models.CellFree}, got.Cells[0].CellReport)
	})
}
