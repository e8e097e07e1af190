package sms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"cubby/activities"
	"cubby/models"
)

// HookPath is where Twilio calls back, under the public URL.
const HookPath = "/hooks/twilio"

// maxTimeout keeps two calls, a question and a sending, within one attempt of the activity.
const maxTimeout = 6 * time.Second

// Twilio sends through Twilio's REST API of 2010-04-01. The library has no setting for its
// address, no context and no way to the answer's headers: a transport of our own has them.
type Twilio struct {
	URL     string // "https://api.twilio.com"
	Account string // "AC…"
	Token   string // the account's auth token: password, and key of signatures
	From    string // a number, a name, or a messaging service, "MG…"
	Public  string // our own URL, for callbacks
	Timeout time.Duration
	// HashKey is the key of the hashes of phones.
	HashKey []byte
	// Transport is the way to the provider; nil: http.DefaultTransport.
	Transport http.RoundTripper
}

var (
	_ activities.Texter = (*Twilio)(nil)
	_ Hook              = (*Twilio)(nil)
)

// Check returns what is wrong with the settings.
func (t *Twilio) Check() error {
	for _, s := range []struct{ name, url string }{{"SMS provider", t.URL}, {"public", t.Public}} {
		u, err := url.Parse(s.url)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("%s URL %q is not https://host", s.name, s.url)
		}
		ip := net.ParseIP(u.Hostname())
		if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
			return fmt.Errorf("%s URL %q: only this machine is reached without TLS", s.name, s.url)
		}
	}
	switch {
	case !alphanumeric(t.Account) || !alphanumeric(t.Token):
		return errors.New("SMS account and token are letters and digits")
	case t.From == "":
		return errors.New("SMS needs a sender")
	case t.Timeout <= 0 || t.Timeout > maxTimeout:
		return fmt.Errorf("the SMS timeout must be over 0 and at most %s", maxTimeout)
	}
	return nil
}

func alphanumeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// exchange is one call to the provider: it goes to our address, ends with the context, and keeps
// what the library drops of the answer.
type exchange struct {
	ctx        context.Context
	base       *url.URL
	next       http.RoundTripper
	status     int
	retryAfter time.Duration
}

// RoundTrip implements http.RoundTripper. The Host header stays the provider's own.
func (e *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(e.ctx)
	out.Host = r.URL.Host
	out.URL.Scheme, out.URL.Host = e.base.Scheme, e.base.Host
	res, err := e.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	e.status = res.StatusCode
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 3600 {
		e.retryAfter = time.Duration(seconds) * time.Second
	}
	return res, nil
}

// call makes the library's service for one call.
func (t *Twilio) call(ctx context.Context) (*openapi.ApiService, *exchange, error) {
	base, err := url.Parse(t.URL)
	if err != nil {
		return nil, nil, errors.New("the SMS provider's URL cannot be read")
	}
	e := &exchange{ctx: ctx, base: base, next: t.Transport}
	if e.next == nil {
		e.next = http.DefaultTransport
	}
	c := &client.Client{
		Credentials: client.NewCredentials(t.Account, t.Token),
		HTTPClient: &http.Client{
			Transport: e, Timeout: t.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.SetAccountSid(t.Account)
	return openapi.NewApiService(client.NewRequestHandler(c)), e, nil
}

// Send implements activities.Texter.
func (t *Twilio) Send(ctx context.Context, text activities.Text) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	service, e, err := t.call(ctx)
	if err != nil {
		return "", &activities.NotTaken{Reason: err.Error()}
	}
	params := &openapi.CreateMessageParams{}
	params.SetTo(text.To)
	if strings.HasPrefix(t.From, "MG") {
		params.SetMessagingServiceSid(t.From)
	} else {
		params.SetFrom(t.From)
	}
	params.SetBody(text.Body)
	// A text that the provider changes would not be found again.
	params.SetSmartEncoded(false)
	params.SetStatusCallback(t.Public + HookPath + "?" + callback(text).Encode())
	made, err := service.CreateMessage(params)
	if err != nil {
		return "", e.failure(err)
	}
	if made == nil || made.Sid == nil || *made.Sid == "" {
		return "", errors.New("the SMS provider's answer names no message")
	}
	return *made.Sid, nil
}

func callback(text activities.Text) url.Values {
	return url.Values{"n": {string(text.Notification)}, "a": {strconv.Itoa(text.Attempt)}}
}

// pageSize is the most of a phone's latest messages that are looked through: since one day, to
// one phone, there are never so many.
const pageSize = 200

// Find implements activities.Texter. The filter has the precision of a day and may leave out
// what has not gone on yet by "sent": the moment is compared here.
func (t *Twilio) Find(ctx context.Context, to string, since time.Time, matches func(string) bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	service, e, err := t.call(ctx)
	if err != nil {
		return "", err
	}
	params := &openapi.ListMessageParams{}
	params.SetTo(to)
	params.SetDateSentAfter(since.UTC().Truncate(24 * time.Hour))
	params.SetPageSize(pageSize)
	page, err := service.PageMessage(params, "", "")
	if err != nil {
		return "", e.failure(err)
	}
	for _, m := range page.Messages {
		if m.Sid == nil || m.Body == nil || m.To == nil || *m.To != to || m.DateCreated == nil {
			continue
		}
		made, err := mail.ParseDate(*m.DateCreated)
		if err == nil && !made.Before(since) && matches(*m.Body) {
			return *m.Sid, nil
		}
	}
	return "", nil
}

// failure says what is known after a call. Neither the library's errors nor those of net/http
// may go on: they hold the phone.
func (e *exchange) failure(err error) error {
	var no *client.TwilioRestError
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &no) && no.Status < 500 && e.status < 500:
		r := refusal(no.Code)
		if e.retryAfter > 0 && r.After > 0 {
			r.After = e.retryAfter
		}
		return &activities.Rejected{Refusal: r}
	case errors.As(err, &op) && op.Op == "dial":
		return &activities.NotTaken{Reason: "the SMS provider cannot be reached"}
	case errors.As(err, &certificate):
		return &activities.NotTaken{Reason: "the SMS provider's certificate is not trusted"}
	case e.status == 0:
		return errors.New("the SMS provider did not answer")
	}
	return fmt.Errorf("the SMS provider answered with status %d", e.status)
}

// refusal says what a code of Twilio's means for a message.
func refusal(code int) models.Refusal {
	r := models.Refusal{By: "SMS provider", Code: code}
	switch code {
	case 20429: // too many requests
		r.After = 30 * time.Second
	case 21611, 30001: // a queue is full
		r.After, r.Retries = 5*time.Minute, 2
	case 30003: // the handset is off or out of reach
		r.After, r.Retries = 30*time.Minute, 2
	case 30008: // unknown, at the carrier
		r.After, r.Retries = 5*time.Minute, 1
	case 21610: // the recipient sent STOP
		r.Final, r.OptedOut = true, true
	case 21211, 21217, 21612, 21614, 21408, 30004, 30005, 30006, 30007, 21617: // this number, or this text
		r.Final = true
	case 20003, 20404, 21606, 21212, 21601, 21659, 21660, 30002, 30034: // our account or sender
		r.Alarm = true
	default: // also 21608, of a trial account
		r.Final, r.Alarm = true, true
	}
	return r
}
