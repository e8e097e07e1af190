package gateway_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"cubby/activities"
	"cubby/agent/protocol"
	"cubby/api/gateway"
	"cubby/models"
	"cubby/models/store"
)

// logBook keeps what was logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// network is a gateway with a real store behind real TLS. Its engine is the worker's
// activity, called directly.
type network struct {
	*store.Store
	cabinet *activities.Cabinet
	master  []byte
	gateway *gateway.Gateway
	address string
	servers *x509.CertPool
	devices *x509.CertPool
	// certificate is the servers'.
	certificate *tls.Certificate

	log      *logBook
	ids      *models.IDs
	template models.Locker
	lockers  int
	claims   []string
	ahead    atomic.Int64 // how far the store's clock is ahead, in nanoseconds
}

// clock is the store's.
func (n *network) clock() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

// Up, Ask and Enroll make the network its gateway's engine.
func (n *network) Up() bool { return true }

func (n *network) Reroute(context.Context, models.ShipmentID, models.RerouteInput) (models.ActionResult, error) {
	return models.ActionResult{}, models.Errorf(models.CodeUnavailable, "no workflows run here")
}

func (n *network) Ask(context.Context, models.ShipmentID, models.AskInput) error {
	return models.Errorf(models.CodeInvalidState, "nobody asks here")
}

// engine is the network without the store's methods, of which one has the same name.
type directEngine struct{ *network }

func (e directEngine) Enroll(ctx context.Context, in models.EnrollInput) (models.EnrollResult, error) {
	res, err := e.cabinet.EnrollComputer(ctx, in)
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		err = models.Errorf(models.Code(app.Type()), "%s", app.Message())
	}
	return res, err
}

// onNetwork runs a test on SQLite and on Postgres.
func onNetwork(t *testing.T, test func(t *testing.T, n *network)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newNetwork(t, "sqlite:"+filepath.Join(t.TempDir(), "cubby.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newNetwork(t, postgresURL(t)))
	})
}

// postgresURL makes a schema of the test's own, dropped at its end.
func postgresURL(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("CUBBY_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("NOT TESTED ON POSTGRES: set CUBBY_TEST_POSTGRES to the URL of a server")
	}
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	schema := models.NewIDs(time.Now, rand.Reader).New("test")
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

// maxStrangers is few, so that a flood is soon one.
const maxStrangers = 64

func newNetwork(t *testing.T, database string) *network {
	t.Helper()
	n := &network{ids: models.NewIDs(time.Now, rand.Reader), master: bytes.Repeat([]byte{7}, 32), log: &logBook{}}
	logger := slog.New(slog.NewJSONHandler(n.log, nil))
	var err error
	n.Store, err = store.Open(t.Context(), store.Options{URL: database, IDs: n.ids, Now: n.clock, Rand: rand.Reader, Logger: logger})
	require.NoError(t, err)
	require.NoError(t, n.Migrate(t.Context()))
	n.furnish(t)

	devices, deviceKey := authority(t, "devices")
	n.cabinet = &activities.Cabinet{
		Keys: activities.Keyring{Master: n.master}, Authority: activities.Authority{Certificate: devices, Key: deviceKey},
		Signers: []models.Signer{{ID: "sig_1", Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))}}, Store: n.Store, Now: time.Now, Rand: rand.Reader,
	}
	n.devices = x509.NewCertPool()
	n.devices.AddCert(devices)
	n.servers, n.certificate = serverCertificate(t)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	n.gateway, n.address = n.serve(t, "g1")
	return n
}

// serve runs a gateway of the network until the test's end.
func (n *network) serve(t *testing.T, instance string) (g *gateway.Gateway, address string) {
	t.Helper()
	g = gateway.New(gateway.Config{
		Cabinets: n.Store, Engine: directEngine{n}, Identity: gateway.Certificates{Authority: n.devices, Now: time.Now},
		Instance: instance, Queue: models.QueueGateway(instance), Logger: slog.New(slog.NewJSONHandler(n.log, nil)), Now: time.Now, Rand: rand.Reader,
		PollInterval: 20 * time.Millisecond, HelloTimeout: time.Second, HeaderTimeout: time.Second, BodyTimeout: time.Second,
		MaxStrangers: maxStrangers,
	})
	srv := g.Server(gateway.TLS(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return n.certificate, nil }, n.devices))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = g.Run(ctx) })
	running.Go(func() { _ = srv.Serve(tls.NewListener(l, srv.TLSConfig)) })
	t.Cleanup(func() {
		cancel()
		_ = srv.Close()
		running.Wait()
	})
	return g, l.Addr().String()
}

func (n *network) furnish(t *testing.T) {
	t.Helper()
	by := models.Request{ID: "req"}
	place, err := n.CreateLocation(t.Context(), by, models.Location{Name: "station"})
	require.NoError(t, err)
	model, err := n.CreateModel(t.Context(), by, models.CabinetModel{Name: "four", Modules: []models.Module{{
		Name: "m", Regime: models.Ambient, Side: models.SideFront, Rows: []models.Row{{Cells: 4, Size: models.SizeM}}}}})
	require.NoError(t, err)
	n.template = models.Locker{Location: place.ID, Model: model.ID}
}

func authority(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c, key
}

func serverCertificate(t *testing.T) (*x509.CertPool, *tls.Certificate) {
	t.Helper()
	ca, caKey := authority(t, "servers")
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, key.Public(), caKey)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool, &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func csr(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "lkr_i_want_to_be"}}, key)
	require.NoError(t, err)
	return der
}

// newLocker makes a cabinet without a computer.
func (n *network) newLocker(t *testing.T) models.LockerID {
	t.Helper()
	l := n.template
	n.lockers++
	l.Number = fmt.Sprint("L-", n.lockers)
	l, err := n.CreateLocker(t.Context(), models.Request{}, l)
	require.NoError(t, err)
	return l.ID
}

func (n *network) newClaim(t *testing.T, l models.LockerID) string {
	t.Helper()
	code, _, err := n.CreateClaim(t.Context(), models.Request{}, l)
	require.NoError(t, err)
	n.claims = append(n.claims, code, strings.ReplaceAll(code, "-", ""))
	return code
}

// computer is a cabinet's computer: a key, and a certificate if it has one.
type computer struct {
	n           *network
	locker      models.LockerID
	key         *ecdsa.PrivateKey
	certificate *tls.Certificate
	seq         int64
	hash        string
	boot        string // of its hello; empty: the usual
	at          string // of the gateway that it goes to; empty: the first
}

// enrolled is a computer with its certificate, by the way that every computer goes.
func (n *network) enrolled(t *testing.T) *computer {
	t.Helper()
	c := &computer{n: n, locker: n.newLocker(t), key: newKey(t)}
	status, body := c.post(t, protocol.PathEnroll, protocol.EnrollRequest{Claim: n.newClaim(t, c.locker), CSR: csr(t, c.key)})
	require.Equal(t, 200, status, "%s", body)
	c.take(t, body)
	return c
}

// take reads an enrolment's answer.
func (c *computer) take(t *testing.T, body []byte) protocol.EnrollReply {
	t.Helper()
	var reply protocol.EnrollReply
	require.NoError(t, json.Unmarshal(body, &reply))
	require.Equal(t, c.locker, reply.Locker)
	block, rest := pem.Decode([]byte(reply.Certificate))
	require.Empty(t, rest)
	c.certificate = &tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: c.key}
	return reply
}

// leaf is the computer's certificate.
func (c *computer) leaf(t *testing.T) *x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(c.certificate.Certificate[0])
	require.NoError(t, err)
	return leaf
}

// client is a new connection each time: what a certificate is worth is asked at each.
func (c *computer) client() *http.Client {
	conf := &tls.Config{RootCAs: c.n.servers, MinVersion: tls.VersionTLS13}
	if c.certificate != nil {
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.certificate, nil }
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true}, Timeout: 10 * time.Second}
}

func (c *computer) do(t *testing.T, method, path string, body []byte) (int, []byte) {
	t.Helper()
	status, raw, err := c.try(t, method, path, body)
	require.NoError(t, err)
	return status, raw
}

// try is do, of which nothing may come.
func (c *computer) try(t *testing.T, method, path string, body []byte) (int, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+cmp.Or(c.at, c.n.address)+path, bytes.NewReader(body))
	require.NoError(t, err)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.client().Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, raw, err
}

func (c *computer) post(t *testing.T, path string, body any) (int, []byte) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	return c.do(t, "POST", path, raw)
}

// refused calls and wants a refusal with a code.
func (c *computer) refused(t *testing.T, method, path string, body any, want models.Code) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	status, answer := c.do(t, method, path, raw)
	require.GreaterOrEqual(t, status, 400, "%s", answer)
	require.Contains(t, string(answer), `"code":"`+string(want)+`"`)
}

// facts makes the next n facts of the computer's journal.
func (c *computer) facts(n int) []models.Fact {
	var facts []models.Fact
	for range n {
		c.seq++
		f := models.Fact{Epoch: 1, Seq: c.seq, PrevHash: c.hash, Boot: "b", Type: models.FactInventory, Data: json.RawMessage(`{}`)}
		if c.seq > 1 {
			f.Type = models.FactDoorOpened
		}
		f.Hash = f.ComputeHash()
		c.hash = f.Hash
		facts = append(facts, f)
	}
	return facts
}

// dial opens the stream; an error is the handshake's.
func (c *computer) dial(t *testing.T) (*device, error) {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "https://"+cmp.Or(c.at, c.n.address)+protocol.PathStream, &websocket.DialOptions{HTTPClient: c.client()})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(protocol.MaxMessage)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &device{t, conn}, nil
}

// connect opens the stream and says hello.
func (c *computer) connect(t *testing.T) *device {
	t.Helper()
	d, err := c.dial(t)
	require.NoError(t, err)
	d.send(protocol.TypeHello, c.hello())
	d.expect(protocol.TypeContinueFrom, nil)
	if c.at == "" {
		require.Eventually(t, func() bool { _, ok := c.n.gateway.LastSeen(c.locker); return ok }, 5*time.Second, time.Millisecond)
	}
	return d
}

func (c *computer) hello() protocol.Hello {
	h := hello(1, c.seq, c.hash)
	if c.seq == 0 {
		h.Epoch = 0
	}
	h.Boot = cmp.Or(c.boot, h.Boot)
	return h
}

// until reads messages up to one of a type.
func (d *device) until(kind protocol.Type, body any) {
	d.t.Helper()
	for {
		m := d.next()
		if m.Type != kind {
			continue
		}
		if body != nil {
			require.NoError(d.t, m.Into(body))
		}
		return
	}
}
