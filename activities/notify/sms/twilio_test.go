package sms_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/activities"
	"cubby/activities/notify/sms"
	provider "cubby/cmd/cubby-demo/sms"
	"cubby/models"
)

const (
	account = "AC0123456789abcdef0123456789abcdef"
	token   = "fedcba9876543210fedcba9876543210"
	phone   = "+4915112345621"
	ntf     = "ntf_00000000000000000000000001"
)

// hooks is our own side of the callbacks.
type hooks struct {
	mu     sync.Mutex
	twilio *sms.Twilio
	told   []models.SMSHook
	errs   []error
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	var told models.SMSHook
	if err == nil {
		told, err = h.twilio.ReadHook(r.URL.RawQuery, body, r.Header.Get("X-Twilio-Signature"))
	}
	if err != nil {
		h.errs = append(h.errs, err)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	h.told = append(h.told, told)
}

func (h *hooks) all() ([]models.SMSHook, []error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]models.SMSHook(nil), h.told...), append([]error(nil), h.errs...)
}

func begin(t *testing.T) (*provider.Provider, *sms.Twilio, *hooks) {
	t.Helper()
	h := &hooks{}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	p, err := provider.Start(t.Context(), provider.Options{
		Address: "127.0.0.1:0", Account: account, Token: token, Inbound: srv.URL + sms.HookPath,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	h.twilio = &sms.Twilio{URL: p.URL, Account: account, Token: token, From: "+15005550006", Public: srv.URL,
		Timeout: 5 * time.Second, HashKey: []byte("key")}
	require.NoError(t, h.twilio.Check())
	return p, h.twilio, h
}

var text = activities.Text{Notification: ntf, Attempt: 1, To: phone, Body: "Код 0123 4567 — до 5.5."}

func TestSendAndCallbacks(t *testing.T) {
	t.Parallel()
	p, twilio, h := begin(t)
	p.SetFaults(provider.Faults{Mode: provider.ModeRepeat, Count: 1})
	ref, err := twilio.Send(t.Context(), text)
	require.NoError(t, err)
	taken := p.Messages()
	require.Len(t, taken, 1)
	require.Equal(t, ref, taken[0].SID)
	require.Equal(t, text.Body, taken[0].Body)
	require.Equal(t, phone, taken[0].To)
	require.Eventually(t, func() bool { told, _ := h.all(); return len(told) == 4 }, 10*time.Second, 5*time.Millisecond)
	told, errs := h.all()
	require.Empty(t, errs)
	for i, want := range []models.NotificationState{models.NotificationDelivered, models.NotificationSent, models.NotificationDelivered, models.NotificationSent} {
		require.Equal(t, models.SMSReport{Notification: ntf, Attempt: 1, Ref: ref, State: want,
			Phone: models.PhoneHash([]byte("key"), phone)}, *told[i].Report)
	}
	twilio.From = "MG0123456789abcdef0123456789abcdef"
	_, err = twilio.Send(t.Context(), text)
	require.NoError(t, err)
	require.Equal(t, twilio.From, p.Messages()[1].Service)
}

func TestFind(t *testing.T) {
	t.Parallel()
	p, twilio, _ := begin(t)
	p.SetFaults(provider.Faults{Mode: provider.ModeDrop, Count: 1})
	began := time.Now().Add(-time.Minute)
	same := func(body string) bool { return body == text.Body }
	ref, err := twilio.Find(t.Context(), phone, began, same)
	require.NoError(t, err)
	require.Empty(t, ref)
	_, err = twilio.Send(t.Context(), text)
	require.Error(t, err)
	var no *activities.Rejected
	var away *activities.NotTaken
	require.False(t, errors.As(err, &no) || errors.As(err, &away), "nobody knows")
	require.Len(t, p.Messages(), 1)
	ref, err = twilio.Find(t.Context(), phone, began, same)
	require.NoError(t, err)
	require.Equal(t, p.Messages()[0].SID, ref)
	asked := p.Questions()
	require.Len(t, asked, 2)
	require.Equal(t, []any{phone, []string(nil)}, []any{asked[0].To, asked[0].Found})
	require.Equal(t, []any{phone, []string{ref}}, []any{asked[1].To, asked[1].Found})
	for _, c := range []struct {
		to    string
		since time.Time
		body  func(string) bool
	}{
		{"+4915112345622", began, same},
		{phone, time.Now().Add(time.Hour), same}, // an older one with the same text
		{phone, began, func(string) bool { return false }},
	} {
		ref, err = twilio.Find(t.Context(), c.to, c.since, c.body)
		require.NoError(t, err)
		require.Empty(t, ref)
	}
	p.SetFaults(provider.Faults{Mode: provider.ModeLoseLater, Count: 1})
	_, err = twilio.Find(t.Context(), phone, began, same)
	require.Error(t, err, "no answer is not a no")
}

// TestWhatIsKnownAfterAFault also looks that no error holds the phone: errors get into histories.
func TestWhatIsKnownAfterAFault(t *testing.T) {
	t.Parallel()
	p, twilio, _ := begin(t)
	twilio.Timeout = 300 * time.Millisecond
	for _, c := range []struct {
		name  string
		fault provider.Faults
		taken bool
		want  models.Refusal // zero: nothing is known
	}{
		{"busy", provider.Faults{Mode: provider.ModeBusy}, false, models.Refusal{By: "SMS provider", Code: 20429, After: time.Second}},
		{"broken", provider.Faults{Mode: provider.ModeBroken}, false, models.Refusal{}},
		{"unheard", provider.Faults{Mode: provider.ModeUnheard}, false, models.Refusal{}},
		{"slow", provider.Faults{Mode: provider.ModeSlow, Delay: time.Minute}, true, models.Refusal{}},
		{"dropped", provider.Faults{Mode: provider.ModeDrop}, true, models.Refusal{}},
		{"bad number", provider.Faults{Mode: provider.ModeRefuse, Code: 21211}, false, models.Refusal{By: "SMS provider", Code: 21211, Final: true}},
		{"stop", provider.Faults{Mode: provider.ModeRefuse, Code: 21610}, false, models.Refusal{By: "SMS provider", Code: 21610, Final: true, OptedOut: true}},
		{"account", provider.Faults{Mode: provider.ModeRefuse, Code: 20003}, false, models.Refusal{By: "SMS provider", Code: 20003, Alarm: true}},
		{"new", provider.Faults{Mode: provider.ModeRefuse, Code: 29999}, false, models.Refusal{By: "SMS provider", Code: 29999, Final: true, Alarm: true}},
	} {
		before := len(p.Messages())
		p.SetFaults(c.fault)
		began := time.Now()
		_, err := twilio.Send(t.Context(), text)
		require.Error(t, err, c.name)
		require.Less(t, time.Since(began), 10*time.Second, c.name)
		require.Equal(t, c.taken, len(p.Messages()) > before, c.name)
		var no *activities.Rejected
		if c.want == (models.Refusal{}) {
			require.False(t, errors.As(err, &no), c.name)
		} else {
			require.ErrorAs(t, err, &no, c.name)
			require.Equal(t, c.want, no.Refusal, c.name)
		}
		require.NotContains(t, err.Error(), phone[1:], c.name)
		require.NotContains(t, err.Error(), "Код", c.name)
		_, err = twilio.Find(t.Context(), phone, began, func(string) bool { return false })
		require.NoError(t, err)
	}
	p.SetFaults(provider.Faults{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := twilio.Send(ctx, text)
	require.Error(t, err, "a context that ended reaches the call")
	require.NotContains(t, err.Error(), phone[1:])
	_, err = twilio.Find(ctx, phone, time.Now(), nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), phone[1:], "nor does that of a question, whose URL has it")

	twilio.Token = "another"
	_, err = twilio.Send(t.Context(), text)
	var no *activities.Rejected
	require.ErrorAs(t, err, &no)
	require.True(t, no.Alarm)
	require.False(t, no.Final)

	twilio.URL = "http://127.0.0.1:1"
	_, err = twilio.Send(t.Context(), text)
	var away *activities.NotTaken
	require.ErrorAs(t, err, &away)
	_, err = twilio.Find(t.Context(), phone, time.Now(), nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), phone[1:])
}

func TestUndelivered(t *testing.T) {
	t.Parallel()
	p, twilio, h := begin(t)
	for code, want := range map[int]models.Refusal{
		30003: {By: "SMS provider", Code: 30003, After: 30 * time.Minute, Retries: 2},
		30008: {By: "SMS provider", Code: 30008, After: 5 * time.Minute, Retries: 1},
		30006: {By: "SMS provider", Code: 30006, Final: true},
		0:     {By: "SMS provider: not delivered", Final: true},
	} {
		before, _ := h.all()
		p.SetFaults(provider.Faults{Mode: provider.ModeUndeliver, Count: 1, Code: code})
		_, err := twilio.Send(t.Context(), text)
		require.NoError(t, err)
		require.Eventually(t, func() bool { told, _ := h.all(); return len(told) == len(before)+2 }, 10*time.Second, 5*time.Millisecond)
		told, _ := h.all()
		last := told[len(told)-1].Report
		require.Equal(t, models.NotificationUndelivered, last.State)
		require.Equal(t, want, last.Refusal)
	}
}

func TestStopAndStart(t *testing.T) {
	t.Parallel()
	p, twilio, h := begin(t)
	hash := models.PhoneHash([]byte("key"), phone)
	for i, c := range []struct {
		body string
		want *models.SMSReply
	}{
		{"STOP", &models.SMSReply{Phone: hash, Stop: true}},
		{" стоп! ", &models.SMSReply{Phone: hash, Stop: true}},
		{"Start", &models.SMSReply{Phone: hash}},
		{"Where is my parcel?", nil},
	} {
		require.NoError(t, p.Receive(t.Context(), phone, twilio.From, c.body))
		told, _ := h.all()
		require.Len(t, told, i+1)
		require.Equal(t, c.want, told[i].Reply)
		require.Nil(t, told[i].Report)
	}
	require.NoError(t, p.Receive(t.Context(), phone, twilio.From, "STOP"))
	_, err := twilio.Send(t.Context(), text)
	var no *activities.Rejected
	require.ErrorAs(t, err, &no)
	require.True(t, no.OptedOut)
}

// TestSignatures: the vendor's own vector, and what a stranger tries.
func TestSignatures(t *testing.T) {
	t.Parallel()
	require.Equal(t, "vOEb5UThFn24KEfnOFLQY2AE5FY=", provider.Signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", map[string]string{
		"Digits": "1234", "CallSid": "CA1234567890ABCDE", "To": "+18005551212", "Caller": "+14158675309", "From": "+14158675309",
		"ReasonConferenceEnded": "test", "Reason": "Participant",
	}))
	twilio := &sms.Twilio{Account: account, Token: token, Public: "https://cubby.example"}
	query := "a=1&n=" + ntf
	form := map[string]string{"AccountSid": account, "MessageSid": "SM1", "MessageStatus": "delivered", "To": phone}
	body := "AccountSid=" + account + "&MessageSid=SM1&MessageStatus=delivered&To=%2B" + phone[1:]
	good := provider.Signature(token, "https://cubby.example"+sms.HookPath+"?"+query, form)
	told, err := twilio.ReadHook(query, []byte(body), good)
	require.NoError(t, err)
	require.Equal(t, models.NotificationDelivered, told.Report.State)
	for name, c := range map[string]struct{ query, body, signature string }{
		"no signature":   {query, body, ""},
		"another token":  {query, body, provider.Signature("other", "https://cubby.example"+sms.HookPath+"?"+query, form)},
		"another host":   {query, body, provider.Signature(token, "https://evil.example"+sms.HookPath+"?"+query, form)},
		"another row":    {strings.Replace(query, "a=1", "a=2", 1), body, good},
		"another state":  {query, strings.Replace(body, "delivered", "undelivered", 1), good},
		"one more field": {query, body + "&ErrorCode=30003", good},
		"a JSON body":    {query + "&bodySHA256=00", body, good},
	} {
		_, err := twilio.ReadHook(c.query, []byte(c.body), c.signature)
		require.Equal(t, models.CodeForbidden, models.ErrorCode(err), name)
	}
	form["AccountSid"] = "ACother"
	_, err = twilio.ReadHook(query, []byte(strings.Replace(body, account, "ACother", 1)),
		provider.Signature(token, "https://cubby.example"+sms.HookPath+"?"+query, form))
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := sms.Twilio{URL: "https://api.twilio.com", Account: account, Token: token, From: "Cubby", Public: "https://cubby.example", Timeout: time.Second}
	require.NoError(t, good.Check())
	for name, spoil := range map[string]func(*sms.Twilio){
		"plain provider": func(c *sms.Twilio) { c.URL = "http://api.twilio.com" },
		"plain callback": func(c *sms.Twilio) { c.Public = "http://cubby.example" },
		"a path":         func(c *sms.Twilio) { c.Public = "https://cubby.example/x" },
		"token":          func(c *sms.Twilio) { c.Token = "a-b" },
		"sender":         func(c *sms.Twilio) { c.From = "" },
		"timeout":        func(c *sms.Twilio) { c.Timeout = time.Minute },
	} {
		c := good
		spoil(&c)
		require.Error(t, c.Check(), name)
	}
}
