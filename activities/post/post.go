// Package post posts webhooks to receivers that nobody here knows: it goes to public addresses
// only, follows nobody elsewhere, and reads little of what they answer.
package post

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cubby/activities"
	"cubby/models"
)

const (
	answerWithin = 15 * time.Second
	dialWithin   = 5 * time.Second
	// replyKept is how much of an answer the log keeps; replyRead is read so that the connection
	// may serve again.
	replyKept = 1 << 10
	replyRead = 16 << 10
	// Of all receivers, and of one host.
	connections        = 200
	connectionsPerHost = 4
)

// Options say what a poster may do.
type Options struct {
	// Private allows endpoints on this machine and its network, to try things out.
	Private bool
	// TLS is for tests; nil: the system's roots.
	TLS *tls.Config
	Now func() time.Time
}

// Poster implements activities.Poster.
type Poster struct {
	options Options
	client  *http.Client
	plain   *http.Client // to this machine
}

var _ activities.Poster = (*Poster)(nil)

// New makes a poster.
func New(o Options) *Poster {
	return &Poster{options: o, client: o.client(false), plain: o.client(true)}
}

// errAddress is why a connection was not made.
var errAddress = errors.New("its address is not public")

// client checks the address that is dialled, after the name was resolved: a name that points
// elsewhere the next time is checked the next time.
func (o Options) client(plain bool) *http.Client {
	dialer := net.Dialer{Timeout: dialWithin, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !models.WebhookAddress(to.Addr(), o.Private, plain) {
			return errAddress
		}
		return nil
	}}
	return &http.Client{
		Timeout:       answerWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: o.TLS, TLSHandshakeTimeout: dialWithin,
			MaxIdleConns: connections, MaxIdleConnsPerHost: connectionsPerHost, MaxConnsPerHost: connectionsPerHost,
			IdleConnTimeout: 30 * time.Second, DisableCompression: true, MaxResponseHeaderBytes: replyRead,
			ForceAttemptHTTP2: true,
		},
	}
}

// Post implements activities.Poster. Plain http goes to this machine only.
func (p *Poster) Post(ctx context.Context, to string, header map[string]string, body []byte) models.WebhookAnswer {
	if problem := models.CheckWebhookURL(to, p.options.Private); problem != "" {
		return models.WebhookAnswer{Problem: "the URL " + problem}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return models.WebhookAnswer{Problem: "the URL cannot be used"}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Cubby-Webhooks/1")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	client := p.client
	if request.URL.Scheme == "http" {
		client = p.plain
	}
	began := p.options.Now()
	response, err := client.Do(request)
	answer := models.WebhookAnswer{Latency: p.options.Now().Sub(began)}
	if err != nil {
		answer.Problem = problemOf(err)
		return answer
	}
	defer func() { _ = response.Body.Close() }()                     // nothing of it is needed any more
	reply, _ := io.ReadAll(io.LimitReader(response.Body, replyRead)) // what came before an error is kept
	answer.Status, answer.Latency = response.StatusCode, p.options.Now().Sub(began)
	answer.Reply = text(reply[:min(len(reply), replyKept)])
	answer.RetryAfter = retryAfter(response.Header.Get("Retry-After"), p.options.Now())
	return answer
}

// text is what a database keeps of bytes from elsewhere.
func text(raw []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "\uFFFD")
}

// problemOf names why there was no answer, without what is in the URL.
func problemOf(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	var of *url.Error
	switch {
	case errors.Is(err, errAddress):
		return errAddress.Error()
	case errors.As(err, &dns):
		return "its name cannot be resolved"
	case errors.As(err, &certificate):
		return "its certificate is not valid"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "it refuses connections"
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %s", answerWithin)
	case errors.As(err, &of):
		return text([]byte(fmt.Sprintf("%.200s", of.Err)))
	}
	return "the connection failed"
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	const most = 366 * 24 * 60 * 60
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
