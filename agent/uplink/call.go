package uplink

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cubby/agent/protocol"
	"cubby/models"
)

const (
	callLimit  = 30 * time.Second
	maxReply   = 8 << 20
	maxWait    = 5 * time.Minute // however long a server asks for
	maxProblem = 64 << 10
)

// refusal is an answer that is not a success.
type refusal struct {
	status int
	code   models.Code
	detail string
	wait   time.Duration // as Retry-After says
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the server answered %d %s: %s", r.status, r.code, r.detail)
}

// temporary: the same call may succeed later.
func (r *refusal) temporary() bool {
	return r.status == http.StatusTooManyRequests || r.status >= 500 || r.status == http.StatusUnauthorized || r.status == http.StatusForbidden
}

// waitOf is how long the server asked to wait.
func waitOf(err error) time.Duration {
	var r *refusal
	if errors.As(err, &r) {
		return min(r.wait, maxWait)
	}
	return 0
}

// client makes the HTTP client of a cabinet: TLS 1.3 to the pinned authority, by a forward
// proxy where there is one, with the certificate of the identity where there is one.
func client(cfg Config, identity func() *Identity) (*http.Client, *url.URL, error) {
	base, err := url.Parse(cfg.Server)
	if err != nil || base.Scheme != "https" || base.Host == "" {
		return nil, nil, fmt.Errorf("uplink: the server must be https://host:port, not %q", cfg.Server)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(cfg.ServerCA) {
		return nil, nil, errors.New("uplink: the server's CA holds no certificate in PEM")
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS13,
			NextProtos: []string{"http/1.1"}, // a websocket needs it
			// VerifyConnection below does all of it, by our time.
			InsecureSkipVerify: true,
			VerifyConnection:   verifier(roots, base.Hostname(), cfg.Time),
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if id := identity(); id != nil {
					return &id.certificate, nil
				}
				return &tls.Certificate{}, nil // enrolment shows none
			},
		},
		MaxIdleConns: 2, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: callLimit,
	}
	if cfg.Proxy != "" {
		proxy, err := url.Parse(cfg.Proxy)
		if err != nil || proxy.Host == "" {
			return nil, nil, fmt.Errorf("uplink: the proxy must be http://host:port, not %q", cfg.Proxy)
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the server's address is what it is
	}}, base, nil
}

// verifier checks a server's chain against the pinned authority. While the clock is only
// guessed, "not yet valid" is not held against it: a cabinet whose clock battery is empty
// wakes up in 1970 and must still find its server, which tells the time.
func verifier(roots *x509.CertPool, host string, now func() (time.Time, models.ClockQuality)) func(tls.ConnectionState) error {
	return func(c tls.ConnectionState) error {
		if len(c.PeerCertificates) == 0 {
			return errors.New("uplink: the server shows no certificate")
		}
		at, quality := now()
		between := x509.NewCertPool()
		for i, cert := range c.PeerCertificates {
			if i > 0 {
				between.AddCert(cert)
			}
			if quality != models.ClockSynced && cert.NotBefore.After(at) {
				at = cert.NotBefore
			}
		}
		_, err := c.PeerCertificates[0].Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: between, DNSName: host, CurrentTime: at,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		})
		return err
	}
}

// caller makes the HTTP calls.
type caller struct {
	client *http.Client
	base   *url.URL
}

// call makes one call. What is not a success is a *refusal.
func (c caller) call(ctx context.Context, method, path string, in, out any) error {
	ctx, done := context.WithTimeout(ctx, callLimit)
	defer done()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	at := *c.base
	at.Path, at.RawQuery, _ = strings.Cut(path, "?")
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		return refused(res)
	}
	reply := io.LimitReader(res.Body, maxReply)
	if err := json.NewDecoder(reply).Decode(out); err != nil {
		return err
	}
	// A connection is used again only if its answer was read to the end.
	_, err = io.Copy(io.Discard, reply)
	return err
}

func refused(res *http.Response) error {
	var p protocol.Problem
	_ = json.NewDecoder(io.LimitReader(res.Body, maxProblem)).Decode(&p) // the status says enough
	r := &refusal{status: res.StatusCode, code: p.Code, detail: p.Detail}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		r.wait = min(time.Duration(s)*time.Second, maxWait)
	}
	return r
}
