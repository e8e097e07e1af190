package measure

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"cubby/cmd/cubby-demo/people"
)

const (
	callLimit      = 30 * time.Second
	heartbeatEvery = 15 * time.Second
	enrollEvery    = time.Second
	maxAnswer      = 1 << 20
)

// agent is the line of a cabinet's program, written by docs/protocol.md alone: two thousand of the real program would
// not fit beside the server.
type agent struct {
	locker  string
	gateway string
	client  *http.Client
}

// message is one of the stream's.
type message struct {
	Type string `json:"type"`
	Body any    `json:"body"`
}

func serverPool(file string) (*x509.CertPool, error) {
	raw, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err == nil && !pool.AppendCertsFromPEM(raw) {
		err = fmt.Errorf("%s holds no certificate", file)
	}
	return pool, err
}

// newClient calls from a loopback address of its own, as cabinets do: the gateway bounds what one address may ask for.
func newClient(pool *x509.CertPool, certificates []tls.Certificate, n int) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(n/250), byte(1+n%250))}}
	return &http.Client{Transport: &http.Transport{
		DialContext:       dialer.DialContext,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool, Certificates: certificates},
		DisableKeepAlives: true,
	}}
}

// enroll exchanges a claim for a certificate. It waits as long as the gateway asks it to.
func enroll(ctx context.Context, gateway string, pool *x509.CertPool, locker, claim string, n int) (*agent, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"claim": claim, "csr": request})
	if err != nil {
		return nil, err
	}
	client := newClient(pool, nil, n)
	var answer struct{ Certificate string }
	err = people.Await(ctx, "the agent of "+locker+" to be enrolled", enrollEvery, func() (done bool, seen string, err error) {
		status, raw, err := post(ctx, client, "https://"+gateway+"/agent/v1/enroll", body)
		switch {
		case err != nil:
			return false, "", err
		case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
			return false, strconv.Itoa(status), nil
		case status != http.StatusOK:
			return false, "", fmt.Errorf("enroll: %d: %s", status, raw)
		}
		return true, "", json.Unmarshal(raw, &answer)
	})
	if err != nil {
		return nil, err
	}
	certificate := tls.Certificate{PrivateKey: key}
	for rest := []byte(answer.Certificate); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate.Certificate = append(certificate.Certificate, block.Bytes)
	}
	return &agent{locker, gateway, newClient(pool, []tls.Certificate{certificate}, n)}, nil
}

func post(ctx context.Context, client *http.Client, url string, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res.StatusCode, answer, errors.Join(err, res.Body.Close())
}

// connect opens the stream and says hello; it returns once the server has answered.
func (a *agent) connect(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "wss://"+a.gateway+"/agent/v1/stream", &websocket.DialOptions{HTTPClient: a.client})
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	hello := message{"hello", map[string]any{
		"agent": "measure", "protocol_min": 1, "protocol_max": 1, "epoch": 1, "last_seq": 0, "last_hash": "", "boot": "1",
		"nonce": hex.EncodeToString(nonce), "clock": "synced", "now_ms": time.Now().UnixMilli(), "cursor": map[string]int64{},
	}}
	if err = wsjson.Write(ctx, conn, hello); err == nil {
		var answer message
		if err = wsjson.Read(ctx, conn, &answer); err == nil && answer.Type != "continue_from" {
			err = fmt.Errorf("hello was answered with %s", answer.Type)
		}
	}
	if err != nil {
		_ = conn.CloseNow() // the error says why
		return nil, err
	}
	return conn, nil
}

// hold keeps the stream until the context ends: it takes what comes, which answers pings too, and beats. A stream that
// ends before is an error.
func (a *agent) hold(ctx context.Context, conn *websocket.Conn) error {
	defer func() { _ = conn.CloseNow() }() // it is over
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(heartbeatEvery):
			}
			beat := message{"heartbeat", map[string]any{"epoch": 1, "last_seq": 0, "inventory_digest": ""}}
			if wsjson.Write(ctx, conn, beat) != nil {
				return // the reader sees it
			}
		}
	}()
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("the line of %s ended: %w", a.locker, err)
		}
	}
}
