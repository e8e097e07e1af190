package gateway_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
	"cubby/models"
)

// cabinets is a fake of the store: funcs where a test cares, a small memory elsewhere.
type cabinets struct {
	mu         sync.Mutex
	head       models.Head
	headErr    error
	n          int64
	positions  map[string]int64
	takeIn     func(facts []models.Fact) (models.Head, error)
	directory  func(since map[string]int64, limit int) ([]models.DirectoryRow, map[string]int64, bool, error)
	beat       func(first bool) (bool, error)
	left       atomic.Bool
	ended      []int64
	claim      error
	trusted    error
	revoked    []string
	cells      []models.StoredCell
	parcels    []models.Parcel
	current    []string
	currentErr error
	differs    []string
	resent     []string // codes sent once more
	asked      []string // what else was asked for
	lookedUp   models.LookedUp
	nearby     []models.NearbyLocker
	refused    error // of what is asked for
}

// ask records what is asked for.
func (c *cabinets) ask(what ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, fmt.Sprint(what...))
	return c.refused
}

func (c *cabinets) LookUp(_ context.Context, l models.LockerID, by models.CourierID, label string) (models.LookedUp, error) {
	return c.lookedUp, c.ask("look up ", l, " ", by, " ", label)
}

func (c *cabinets) NearbyFor(_ context.Context, l models.LockerID, by models.CourierID, s models.ShipmentID) ([]models.NearbyLocker, error) {
	return c.nearby, c.ask("nearby ", l, " ", by, " ", s)
}

func (c *cabinets) SendThere(_ context.Context, l models.LockerID, by models.CourierID, s models.ShipmentID, to models.LockerID) error {
	return c.ask("send ", l, " ", by, " ", s, " ", to)
}

func (c *cabinets) CallBack(_ context.Context, l models.LockerID, s models.ShipmentID, session string) error {
	return c.ask("call ", l, " ", s, " ", session)
}

func (c *cabinets) Head(context.Context, models.LockerID) (models.Head, error) {
	return c.head, c.headErr
}

func (c *cabinets) TakeIn(_ context.Context, _ models.LockerID, facts []models.Fact) (models.Head, error) {
	return c.takeIn(facts)
}

func (c *cabinets) Directory(_ context.Context, _ models.LockerID, since map[string]int64, limit int) ([]models.DirectoryRow, map[string]int64, bool, error) {
	return c.directory(since, limit)
}

func (c *cabinets) Positions(context.Context) (map[string]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	positions := map[string]int64{}
	for scope, n := range c.positions {
		positions[scope] = n
	}
	return positions, nil
}

func (c *cabinets) move(scope string, to int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.positions[scope] = to
}

// DirectoryScopes lists every scope that has a position.
func (c *cabinets) DirectoryScopes(context.Context, models.LockerID) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var scopes []string
	for scope := range c.positions {
		scopes = append(scopes, scope)
	}
	return scopes, nil
}

func (c *cabinets) Connect(context.Context, models.LockerID, string, string) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n, nil
}

func (c *cabinets) Disconnect(_ context.Context, _ models.LockerID, n int64, _ time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = append(c.ended, n)
	return nil
}

func (c *cabinets) Beat(_ context.Context, _, _ string, first bool) (bool, error) {
	if c.beat == nil {
		return false, nil
	}
	return c.beat(first)
}

func (c *cabinets) Leave(context.Context, string, string) error { c.left.Store(true); return nil }

func (c *cabinets) CheckClaim(context.Context, string, string) error { return c.claim }

func (c *cabinets) Trusted(context.Context, models.LockerID, string) error { return c.trusted }

func (c *cabinets) RevokedSince(context.Context, time.Time) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.revoked), nil
}

func (c *cabinets) Snapshot(context.Context, models.LockerID) (models.Head, []models.StoredCell, []models.Parcel, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head, c.cells, c.parcels, c.headErr
}

func (c *cabinets) JournalCurrent(_ context.Context, _ models.LockerID, n int64, current bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.currentErr != nil {
		return c.currentErr
	}
	c.current = append(c.current, fmt.Sprintf("%d: %t", n, current))
	return nil
}

func (c *cabinets) ResendCode(_ context.Context, l models.LockerID, label string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resent = append(c.resent, string(l)+" "+label)
	return nil
}

func (c *cabinets) InventoryDiffers(_ context.Context, _ models.LockerID, evidence string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.differs = append(c.differs, evidence)
	return nil
}

type engine struct {
	ask     func(ctx context.Context, s models.ShipmentID, in models.AskInput) error
	enroll  func(in models.EnrollInput) (models.EnrollResult, error)
	reroute func(s models.ShipmentID, in models.RerouteInput) error
	down    bool
}

func (e *engine) Reroute(_ context.Context, s models.ShipmentID, in models.RerouteInput) (models.ActionResult, error) {
	return models.ActionResult{}, e.reroute(s, in)
}

func (e *engine) Ask(ctx context.Context, s models.ShipmentID, in models.AskInput) error {
	return e.ask(ctx, s, in)
}

func (e *engine) Enroll(_ context.Context, in models.EnrollInput) (models.EnrollResult, error) {
	return e.enroll(in)
}

func (e *engine) Up() bool { return !e.down }

// headerIdentity believes a header: these tests are about what comes after TLS.
type headerIdentity struct{ notAfter time.Time }

const headerLocker = "Test-Locker"

func (i headerIdentity) Identify(r *http.Request, _ time.Duration) (gateway.Peer, error) {
	id := r.Header.Get(headerLocker)
	if !models.ValidID(models.PrefixLocker, id) {
		return gateway.Peer{}, models.Errorf(models.CodeUnauthorized, "no cabinet")
	}
	return gateway.Peer{Locker: models.LockerID(id), Serial: "serial-" + id, NotAfter: i.notAfter}, nil
}

// world is a gateway behind a real server.
type world struct {
	cabinets *cabinets
	engine   *engine
	gateway  *gateway.Gateway
	url      string
	ids      *models.IDs
	locker   models.LockerID
	stop     context.CancelFunc
	ran      chan error // what Run returned
}

func newWorld(t *testing.T, change func(*gateway.Config)) *world {
	t.Helper()
	w := &world{
		cabinets: &cabinets{positions: map[string]int64{}}, engine: &engine{},
		ids: models.NewIDs(time.Now, rand.Reader),
	}
	w.locker = models.LockerID(w.ids.New(models.PrefixLocker))
	cfg := gateway.Config{
		Cabinets: w.cabinets, Engine: w.engine, Identity: headerIdentity{time.Now().Add(time.Hour)}, Instance: "g1", Queue: models.QueueGateway("g1"),
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Rand: rand.Reader,
		PollInterval: 5 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	w.gateway = gateway.New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	w.stop = cancel
	w.ran = make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.ran <- w.gateway.Run(ctx)
	}()
	server := httptest.NewServer(w.gateway.Handler())
	w.url = server.URL
	t.Cleanup(func() {
		cancel()
		<-done
		server.Close()
	})
	return w
}

// device is a cabinet's end of a stream.
type device struct {
	t    *testing.T
	conn *websocket.Conn
}

func (w *world) dial(t *testing.T, l models.LockerID) *device {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), w.url+protocol.PathStream, &websocket.DialOptions{
		HTTPHeader: http.Header{headerLocker: {string(l)}},
	})
	require.NoError(t, err)
	conn.SetReadLimit(protocol.MaxMessage)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &device{t, conn}
}

// connect dials and says a hello that fits an empty journal.
func (w *world) connect(t *testing.T) *device {
	t.Helper()
	d := w.dial(t, w.locker)
	d.send(protocol.TypeHello, hello(0, 0, ""))
	d.expect(protocol.TypeContinueFrom, nil)
	require.Eventually(t, func() bool { return w.gateway.Connections() > 0 }, 5*time.Second, time.Millisecond)
	return d
}

func hello(epoch, seq int64, hash string) protocol.Hello {
	return protocol.Hello{Agent: "test", Min: 1, Max: 1, Epoch: epoch, Seq: seq, Hash: hash, Boot: "b", Nonce: "n"}
}

func (d *device) send(kind protocol.Type, body any) {
	d.t.Helper()
	frame, err := protocol.Encode(kind, body)
	require.NoError(d.t, err)
	d.raw(frame)
}

func (d *device) raw(frame []byte) {
	d.t.Helper()
	require.NoError(d.t, d.conn.Write(d.t.Context(), websocket.MessageText, frame))
}

// next reads a message; the test's own deadline is the bound.
func (d *device) next() protocol.Message {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	_, frame, err := d.conn.Read(ctx)
	require.NoError(d.t, err)
	m, err := protocol.Decode(frame)
	require.NoError(d.t, err)
	return m
}

func (d *device) expect(kind protocol.Type, body any) {
	d.t.Helper()
	m := d.next()
	require.Equal(d.t, kind, m.Type, "%s", m.Body)
	if body != nil {
		require.NoError(d.t, m.Into(body))
	}
}

// closed reads until the connection ends and returns its status.
func (d *device) closed() websocket.StatusCode {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	for {
		if _, _, err := d.conn.Read(ctx); err != nil {
			require.NoError(d.t, ctx.Err(), "the connection stays open")
			return websocket.CloseStatus(err)
		}
	}
}

func (w *world) call(t *testing.T, method, path, contentType string, body []byte) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set(headerLocker, string(w.locker))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, raw
}

func fact(seq int64) models.Fact {
	f := models.Fact{Epoch: 1, Seq: seq, Boot: "b", Type: models.FactDoorOpened, Data: json.RawMessage(`{}`)}
	f.Hash = f.ComputeHash()
	return f
}

func journalBody(t *testing.T, facts ...models.Fact) []byte {
	t.Helper()
	raw, err := json.Marshal(protocol.JournalRequest{Facts: facts})
	require.NoError(t, err)
	return raw
}

func TestJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	tooMany := make([]models.Fact, protocol.MaxBatch+1)
	for i := range tooMany {
		tooMany[i] = fact(int64(i + 1))
	}
	nul := fact(1)
	nul.Data = json.RawMessage(`{"shipment":"\u0000"}`)
	latin := fact(1)
	latin.Data = json.RawMessage("{\"shipment\":\"\xff\"}")
	unnamed := fact(1)
	unnamed.Boot = strings.Repeat("b", 200)
	const isJSON = "application/json"
	for _, c := range []struct {
		name        string
		contentType string
		body        []byte
		err         error
		status      int
		must        string
	}{
		{"taken in", isJSON, journalBody(t, fact(1)), nil, 200, `{"epoch":1,"seq":1}`},
		{"empty", isJSON, []byte(`{}`), nil, 200, `{"epoch":1,"seq":0}`},
		{"gap", isJSON, journalBody(t, fact(2)), models.Errorf(models.CodeSequence, "expected fact 1/1"), 409, `"code":"sequence_gap"`},
		{"fork", isJSON, journalBody(t, fact(1)), models.Errorf(models.CodeFork, "differs"), 409, `"code":"journal_fork"`},
		{"wrong hash", isJSON, journalBody(t, fact(1)), models.Errorf(models.CodeMalformedFrame, "hash"), 400, `"code":"malformed_frame"`},
		{"database down", isJSON, journalBody(t, fact(1)), models.Errorf(models.CodeUnavailable, "later"), 503, `"code":"temporarily_unavailable"`},
		{"broken inside", isJSON, journalBody(t, fact(1)), io.ErrUnexpectedEOF, 500, `"code":"internal"`},
		{"unknown locker", isJSON, journalBody(t, fact(1)), models.Errorf(models.CodeNotFound, "no such"), 404, `"code":"not_found"`},
		{"not JSON", isJSON, []byte(`{"facts":`), nil, 400, `"code":"malformed_frame"`},
		{"another type", "text/plain", []byte(`{}`), nil, 415, `"code":"unsupported_media_type"`},
		{"too many", isJSON, journalBody(t, tooMany...), nil, 413, `"code":"body_too_large"`},
		{"too large", isJSON, bytes.Repeat([]byte(" "), protocol.MaxBatchBytes+1), nil, 413, `"code":"body_too_large"`},
		{"NUL", isJSON, journalBody(t, nul), nil, 400, `"code":"malformed_frame"`},
		{"not UTF-8", isJSON, journalBody(t, latin), nil, 400, `"code":"malformed_frame"`},
		{"endless name", isJSON, journalBody(t, unnamed), nil, 400, `"code":"malformed_frame"`},
		{"seq 0", isJSON, journalBody(t, fact(0)), nil, 400, `"code":"malformed_frame"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.cabinets.takeIn = func(facts []models.Fact) (models.Head, error) {
				return models.Head{Epoch: 1, Seq: int64(len(facts))}, c.err
			}
			status, header, body := w.call(t, "POST", protocol.PathJournal, c.contentType, c.body)
			require.Equal(t, c.status, status, "%s", body)
			require.Contains(t, string(body), c.must)
			require.NotContains(t, string(body), "unexpected EOF")
			if status >= 400 {
				require.Equal(t, "application/problem+json", header.Get("Content-Type"))
			}
			if status == 503 {
				require.Equal(t, "1", header.Get("Retry-After"))
			}
		})
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cabinets.directory = func(since map[string]int64, limit int) ([]models.DirectoryRow, map[string]int64, bool, error) {
		require.Equal(t, map[string]int64{"network": 3}, since)
		require.Positive(t, limit)
		return []models.DirectoryRow{
			{Kind: models.EntryCourier, Key: "c1", Body: []byte(`{"badge":"x"}`), SeenEpoch: 1, SeenSeq: 7, Rev: 2, Signer: "sig_1", Signature: []byte("s")},
			{Kind: models.EntryShipment, Key: "s1", Deleted: true, Body: []byte(`{"left":"over"}`)},
		}, map[string]int64{"network": 5}, true, nil
	}
	status, _, body := w.call(t, "GET", protocol.PathDirectory+"?since=network%3D3", "", nil)
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"entries":[{"kind":"courier","key":"c1","seen":{"epoch":1,"seq":7},"body":{"badge":"x"},"rev":2,"signer":"sig_1","signature":"cw=="},
		{"kind":"shipment","key":"s1","deleted":true,"seen":{"epoch":0,"seq":0}}],"cursor":{"network":5},"more":true}`, string(body))
	status, _, body = w.call(t, "GET", protocol.PathDirectory+"?since=nonsense", "", nil)
	require.Equal(t, 400, status, "%s", body)
}

func TestWithoutIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.locker = "lkr_nonsense"
	for _, path := range []string{protocol.PathStream, protocol.PathDirectory, protocol.PathSnapshot} {
		status, _, body := w.call(t, "GET", path, "", nil)
		require.Equal(t, 401, status, "%s", body)
		require.Contains(t, string(body), `"code":"unauthorized"`)
	}
}
