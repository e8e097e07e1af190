// Package gatewaytest is the device side of a server for tests of a cabinet's program: true
// TLS, certificates, sockets and messages, a memory that a test looks into, and a policy of
// saying yes. It is linked into no program.
package gatewaytest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"cubby/agent/protocol"
	"cubby/models"
)

// Gateway serves the locker protocol to any number of cabinets.
type Gateway struct {
	t       testing.TB
	servers *authority
	devices *authority
	server  *httptest.Server
	signer  models.Signer
	mux     *http.ServeMux

	mu        sync.Mutex
	claims    map[string]*claim
	cabinets  map[models.LockerID]*Cabinet
	lifetime  time.Duration // of a certificate
	intercept func(w http.ResponseWriter, r *http.Request, serve http.Handler)
	conns     int
}

// claim is a one-time code: the first key that uses it has it.
type claim struct {
	locker models.LockerID
	public *ecdsa.PublicKey // nil: not used yet
	reply  protocol.EnrollReply
}

// Cabinet is what the gateway knows of one cabinet.
type Cabinet struct {
	g      *Gateway
	locker models.LockerID
	key    models.CabinetKey

	head     models.Head
	facts    []models.Fact
	entries  []protocol.Entry
	hellos   []protocol.Hello
	results  []protocol.Result
	problems []protocol.Problem
	requests []protocol.Request
	replies  func(protocol.Request) protocol.RequestReply
	beats    int
	serials  []string // of the certificates that streams came with
	verdict  protocol.Verdict
	held     bool // operations are not answered
	conn     *websocket.Conn
}

// Signer is the worker's key that cabinets believe.
func Signer() models.Signer {
	return models.Signer{ID: "signer-1", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
}

// New starts a gateway, which ends with the test.
func New(t testing.TB) *Gateway {
	t.Helper()
	g := &Gateway{
		t: t, servers: newAuthority(t, "servers"), devices: newAuthority(t, "devices"),
		signer: Signer(),
		claims: map[string]*claim{}, cabinets: map[models.LockerID]*Cabinet{}, lifetime: 46 * 24 * time.Hour, mux: http.NewServeMux(),
	}
	g.mux.HandleFunc("POST "+protocol.PathEnroll, g.enroll)
	g.mux.HandleFunc("POST "+protocol.PathRenew, g.identified(g.renew))
	g.mux.HandleFunc("GET "+protocol.PathStream, g.identified(g.stream))
	g.mux.HandleFunc("POST "+protocol.PathJournal, g.identified(g.journal))
	g.mux.HandleFunc("GET "+protocol.PathDirectory, g.identified(g.directory))
	g.mux.HandleFunc("GET "+protocol.PathSnapshot, g.identified(g.snapshot))
	g.mux.HandleFunc("POST "+protocol.PathRequests, g.identified(g.request))
	g.server = httptest.NewUnstartedServer(http.HandlerFunc(g.serve))
	g.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	g.server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			g.mu.Lock()
			g.conns++
			g.mu.Unlock()
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := g.servers.server(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	devices := x509.NewCertPool()
	devices.AddCert(g.devices.cert)
	g.server.TLS = &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{leaf}, PrivateKey: key}},
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: devices, NextProtos: []string{"http/1.1"},
	}
	g.server.StartTLS()
	t.Cleanup(g.Close)
	return g
}

// Close ends the gateway: nobody listens any more.
func (g *Gateway) Close() {
	g.HangUp()
	g.server.CloseClientConnections()
	g.server.Close()
}

// Address is host:port.
func (g *Gateway) Address() string { return g.server.Listener.Addr().String() }

// URL is what a cabinet has for its server.
func (g *Gateway) URL() string { return "https://" + g.Address() }

// CA is the authority of the gateway's certificate, in PEM.
func (g *Gateway) CA() []byte { return g.servers.pem() }

// OtherCA is an authority that signed nothing here, in PEM.
func (g *Gateway) OtherCA() []byte { return newAuthority(g.t, "others").pem() }

// Connections counts the connections that were ever made.
func (g *Gateway) Connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.conns
}

// Intercept has each later request go through f; nil: no more.
func (g *Gateway) Intercept(f func(w http.ResponseWriter, r *http.Request, serve http.Handler)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.intercept = f
}

// CertificatesLive sets how long later certificates are valid.
func (g *Gateway) CertificatesLive(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lifetime = d
}

// Claim makes a claim for a cabinet.
func (g *Gateway) Claim(l models.LockerID) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	code := rand.Text()
	g.claims[code] = &claim{locker: l}
	return code
}

// HangUp ends every stream.
func (g *Gateway) HangUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.cabinets {
		if c.conn != nil {
			_ = c.conn.CloseNow() // that is the point
			c.conn = nil
		}
	}
}

// Cabinet is what the gateway knows of a cabinet.
func (g *Gateway) Cabinet(l models.LockerID) *Cabinet {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cabinet(l)
}

func (g *Gateway) cabinet(l models.LockerID) *Cabinet {
	if g.cabinets[l] == nil {
		g.cabinets[l] = &Cabinet{g: g, locker: l, key: models.CabinetKey{7}, verdict: protocol.Accepted}
	}
	return g.cabinets[l]
}

// Key is the cabinet's key, of which its codes are made.
func (c *Cabinet) Key() models.CabinetKey { return c.key }

// Facts are those that were taken in.
func (c *Cabinet) Facts() []models.Fact {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return slices.Clone(c.facts)
}

// Has reports whether a fact of a type was taken in.
func (c *Cabinet) Has(t models.FactType) bool {
	return slices.ContainsFunc(c.Facts(), func(f models.Fact) bool { return f.Type == t })
}

// Reply has requests answered so.
func (c *Cabinet) Reply(how func(protocol.Request) protocol.RequestReply) {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	c.replies = how
}

// Requests are those that came.
func (c *Cabinet) Requests() []protocol.Request {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return slices.Clone(c.requests)
}

// Hellos are those that came.
func (c *Cabinet) Hellos() []protocol.Hello {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return slices.Clone(c.hellos)
}

// Serials are those of the certificates that streams came with.
func (c *Cabinet) Serials() []string {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return slices.Clone(c.serials)
}

// Problems are the error messages that came.
func (c *Cabinet) Problems() []protocol.Problem {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return slices.Clone(c.problems)
}

// Outcomes are those of the results that came.
func (c *Cabinet) Outcomes() []models.OpenOutcome {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	var all []models.OpenOutcome
	for _, r := range c.results {
		all = append(all, r.Result.Outcome)
	}
	return all
}

// Hold has the gateway not answer the cabinet's operations, or answer them again.
func (c *Cabinet) Hold(hold bool) {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	c.held = hold
}

// SetHead makes the gateway believe that it has another journal.
func (c *Cabinet) SetHead(h models.Head) {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	c.head = h
}

// Tell puts an entry into the cabinet's directory, signed if it grants, and says so on the
// stream.
func (c *Cabinet) Tell(kind models.DirectoryKind, key string, body any) {
	c.g.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		c.g.t.Fatal(err)
	}
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	e := protocol.Entry{Kind: kind, Key: key, Body: raw}
	if kind.Granting() {
		e.Rev, e.Signer = int64(len(c.entries)+1), c.g.signer.ID
		e.Signature = c.g.signer.SignGrant(models.Grant{Kind: kind, Key: key, Rev: e.Rev, Body: raw})
	}
	c.entries = append(c.entries, e)
	c.send(protocol.TypeDirectoryChanged, protocol.DirectoryChanged{})
}

// Say sends a message to the cabinet.
func (c *Cabinet) Say(t protocol.Type, body any) {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	c.send(t, body)
}

// send writes to the stream, if there is one. The mutex is held.
func (c *Cabinet) send(t protocol.Type, body any) {
	frame, err := protocol.Encode(t, body)
	if err != nil {
		c.g.t.Error(err)
	}
	if c.conn != nil {
		_ = c.conn.Write(c.g.t.Context(), websocket.MessageText, frame) // it may be gone
	}
}
