package sms

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cubby/models"
)

const (
	maxBody    = 1600
	apiVersion = "2010-04-01"
)

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

func (p *Provider) handler() http.Handler {
	mux := http.NewServeMux()
	path := "/" + apiVersion + "/Accounts/{account}/Messages.json"
	mux.HandleFunc("POST "+path, p.known(p.create))
	mux.HandleFunc("GET "+path, p.known(p.list))
	mux.HandleFunc("GET /"+apiVersion+"/Accounts/{account}/Messages/{file}", p.known(p.fetch))
	return mux
}

// known lets the account in.
func (p *Provider) known(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		same := subtle.ConstantTimeCompare([]byte(user+":"+password), []byte(p.options.Account+":"+p.options.Token)) == 1
		switch {
		case !same:
			refuse(w, http.StatusUnauthorized, 20003, "Authenticate")
		case r.PathValue("account") != p.options.Account:
			refuse(w, http.StatusNotFound, 20404, "The requested resource was not found")
		default:
			next(w, r)
		}
	}
}

// refuse answers with an error as the provider writes it.
func refuse(w http.ResponseWriter, status, code int, message string) {
	answer(w, status, map[string]any{
		"code": code, "message": message, "more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(code), "status": status,
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the other side may be gone
}

func (p *Provider) create(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, 20001, "The request cannot be read")
		return
	}
	f := p.fault(ModeRefuse, ModeBusy, ModeBroken, ModeSlow, ModeDrop, ModeUnheard, ModeUndeliver, ModeRepeat, ModeSilent)
	switch f.Mode {
	case ModeBroken:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "<html><body><h1>503 Service Unavailable</h1></body></html>")
		return
	case ModeBusy:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, 20429, "Too Many Requests")
		return
	case ModeUnheard:
		panic(http.ErrAbortHandler)
	case ModeRefuse:
		refuse(w, http.StatusBadRequest, f.Code, "Refused, for "+r.Form.Get("To"))
		return
	}
	to, body := r.Form.Get("To"), r.Form.Get("Body")
	switch {
	case !e164.MatchString(to):
		refuse(w, http.StatusBadRequest, 21211, "Invalid 'To' Phone Number: "+to)
		return
	case body == "":
		refuse(w, http.StatusBadRequest, 21602, "Message body is required.")
		return
	case utf8.RuneCountInString(body) > maxBody:
		refuse(w, http.StatusBadRequest, 21617, "The concatenated message body exceeds the 1600 character limit.")
		return
	case r.Form.Get("From") == "" && r.Form.Get("MessagingServiceSid") == "":
		refuse(w, http.StatusBadRequest, 21603, "A 'From' phone number is required.")
		return
	}
	m, taken := p.take(r, f)
	if !taken {
		refuse(w, http.StatusBadRequest, 21610, "Attempt to send to unsubscribed recipient")
		return
	}
	if f.Mode == ModeSlow {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		case <-p.running.Done():
		}
	}
	p.callback(m, f)
	if f.Mode == ModeDrop || r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	answer(w, http.StatusCreated, p.resource(m))
	p.answered(m.SID)
}

func (p *Provider) answered(sid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.messages {
		if p.messages[i].SID == sid {
			p.messages[i].Answered = true
		}
	}
}

// take keeps a message, unless its recipient wants none.
func (p *Provider) take(r *http.Request, f Faults) (Message, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.optedOut[r.Form.Get("To")] {
		return Message{}, false
	}
	p.next++
	m := Message{
		SID: fmt.Sprintf("SM%032x", p.next), To: r.Form.Get("To"), From: r.Form.Get("From"), Service: r.Form.Get("MessagingServiceSid"),
		Body: r.Form.Get("Body"), Status: "queued", Callback: r.Form.Get("StatusCallback"), At: p.options.Now().UTC(),
	}
	if m.Service != "" {
		m.Status = "accepted"
	}
	if f.Mode == ModeUndeliver {
		m.Code = f.Code
	}
	p.messages = append(p.messages, m)
	if len(p.messages) > keptMessages {
		p.messages = slices.Delete(p.messages, 0, 1)
	}
	return m, true
}

// resource is a message as the provider writes it.
func (p *Provider) resource(m Message) map[string]any {
	segments, _ := models.SMSSegments(m.Body)
	created := m.At.Format(time.RFC1123Z)
	out := map[string]any{
		"account_sid": p.options.Account, "api_version": apiVersion, "body": m.Body, "date_created": created, "date_updated": created,
		"date_sent": nil, "direction": "outbound-api", "error_code": nil, "error_message": nil, "from": m.From,
		"messaging_service_sid": nil, "num_media": "0", "num_segments": strconv.Itoa(segments), "price": nil, "price_unit": "USD",
		"sid": m.SID, "status": m.Status, "to": m.To,
		"uri": "/" + apiVersion + "/Accounts/" + p.options.Account + "/Messages/" + m.SID + ".json",
	}
	if m.Service != "" {
		out["messaging_service_sid"] = m.Service
	}
	if m.Status == "accepted" {
		out["from"], out["num_segments"] = nil, "0"
	}
	if m.Status != "accepted" && m.Status != "queued" {
		out["date_sent"] = created
	}
	if m.Code != 0 && m.Status == "undelivered" {
		out["error_code"] = m.Code
	}
	return out
}

// list answers with one page, the newest first.
func (p *Provider) list(w http.ResponseWriter, r *http.Request) {
	if p.fault(ModeLoseLater).Mode != ModeNone {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	query := r.URL.Query()
	since, _ := time.Parse(time.RFC3339, query.Get("DateSent>"))
	size, err := strconv.Atoi(query.Get("PageSize"))
	if err != nil || size < 1 || size > 1000 {
		size = 50
	}
	found := []map[string]any{}
	messages := p.Messages()
	slices.Reverse(messages)
	for _, m := range messages {
		if to := query.Get("To"); (to == "" || to == m.To) && !m.At.Before(since) && len(found) < size {
			found = append(found, p.resource(m))
		}
	}
	p.asked(query.Get("To"), found)
	answer(w, http.StatusOK, map[string]any{
		"messages": found, "page": 0, "page_size": size, "start": 0, "end": max(len(found)-1, 0),
		"uri": r.URL.RequestURI(), "first_page_uri": r.URL.RequestURI(), "next_page_uri": nil, "previous_page_uri": nil,
	})
}

// asked keeps a question, and what was found.
func (p *Provider) asked(to string, found []map[string]any) {
	q := Question{At: p.options.Now().UTC(), To: to}
	for _, m := range found {
		q.Found = append(q.Found, fmt.Sprint(m["sid"]))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.questions = append(p.questions, q)
	if len(p.questions) > keptMessages {
		p.questions = slices.Delete(p.questions, 0, 1)
	}
}

func (p *Provider) fetch(w http.ResponseWriter, r *http.Request) {
	sid, _ := strings.CutSuffix(r.PathValue("file"), ".json")
	for _, m := range p.Messages() {
		if m.SID == sid {
			answer(w, http.StatusOK, p.resource(m))
			return
		}
	}
	refuse(w, http.StatusNotFound, 20404, "The requested resource was not found")
}

// callback tells the sender, in the background, how the message goes on.
func (p *Provider) callback(m Message, f Faults) {
	if f.Mode == ModeSilent || p.isSilent(m.To) {
		return
	}
	statuses := []string{"sent", "delivered"}
	if f.Mode == ModeUndeliver {
		statuses = []string{"sent", "undelivered"}
	}
	p.calls.Go(func() {
		for _, status := range statuses {
			p.settle(m.SID, status)
		}
		if f.Mode == ModeRepeat {
			statuses = []string{"delivered", "sent", "delivered", "sent"}
		}
		for _, status := range statuses {
			if err := p.Report(p.running, m, status); err != nil {
				p.options.Log.Warn("a callback failed", "sid", m.SID, "status", status, "error", err)
			}
		}
	})
}

func (p *Provider) isSilent(phone string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silent[phone]
}

func (p *Provider) settle(sid, status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.messages {
		if p.messages[i].SID == sid {
			p.messages[i].Status = status
		}
	}
}

// Report makes one status callback, signed.
func (p *Provider) Report(ctx context.Context, m Message, status string) error {
	if m.Callback == "" {
		return nil
	}
	form := map[string]string{
		"MessageSid": m.SID, "SmsSid": m.SID, "AccountSid": p.options.Account, "To": m.To, "From": m.From,
		"MessageStatus": status, "SmsStatus": status, "ApiVersion": apiVersion,
	}
	if m.Service != "" {
		form["MessagingServiceSid"] = m.Service
	}
	if status == "undelivered" && m.Code != 0 {
		form["ErrorCode"] = strconv.Itoa(m.Code)
	}
	return p.post(ctx, m.Callback, form)
}

// Receive has a phone send us a text. STOP and START are honoured here too.
func (p *Provider) Receive(ctx context.Context, from, to, body string) error {
	word := strings.ToUpper(strings.TrimSpace(body))
	p.mu.Lock()
	switch word {
	case "STOP":
		p.optedOut[from] = true
	case "START":
		delete(p.optedOut, from)
	}
	p.next++
	sid := fmt.Sprintf("SM%032x", p.next)
	p.mu.Unlock()
	form := map[string]string{
		"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": p.options.Account, "From": from, "To": to, "Body": body,
		"SmsStatus": "received", "NumMedia": "0", "NumSegments": "1", "ApiVersion": apiVersion,
	}
	if word == "STOP" || word == "START" {
		form["OptOutType"] = word
	}
	return p.post(ctx, p.options.Inbound, form)
}
