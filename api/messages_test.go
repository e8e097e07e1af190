package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/activities/notify"
	"cubby/api"
	"cubby/models"
	"cubby/models/catalogue"
)

const ntfID = "ntf_01hv0000000000000000000001"

func texts() *notify.Renderer {
	loaded, err := catalogue.Load()
	if err != nil {
		panic(err)
	}
	return &notify.Renderer{Texts: loaded, Domain: "cubby.localhost"}
}

func (p *ports) Notifications(_ context.Context, q models.NotificationQuery) ([]models.NotificationView, error) {
	return []models.NotificationView{{
		Notification: models.Notification{ID: ntfID, Kind: q.Kind, Channel: models.ChannelSMS, State: models.NotificationFailed, Problem: "SMS provider answered 21211"},
		Recipient:    "+4…21", Shipment: shipID,
	}}, nil
}

func (p *ports) Resend(_ context.Context, r models.Request, id models.NotificationID) (models.NotificationView, error) {
	if !r.Actor.Operator() && r.Actor.Organization != carrierA {
		return models.NotificationView{}, models.Errorf(models.CodeNotFound, "There is no such notification.")
	}
	return models.NotificationView{Notification: models.Notification{ID: id, Channel: models.ChannelSMS, State: models.NotificationQueued}}, nil
}

func (p *ports) Templates(_ context.Context, of models.OrganizationID) ([]models.Template, error) {
	return []models.Template{{Organization: of, Kind: models.NoticeReady, Channel: models.ChannelSMS, Language: "en", Body: "{code}", Version: 3}}, nil
}

func (p *ports) Template(_ context.Context, of models.OrganizationID, k models.NoticeKind, c models.Channel, language string) (models.Template, error) {
	switch k {
	case models.NoticeReady:
		return models.Template{Organization: of, Kind: k, Channel: c, Language: language, Body: "own", Version: 1}, nil
	case models.NoticeReminder:
		return models.Template{Kind: k, Channel: c, Language: language, Body: "of the network", Version: 1}, nil
	}
	return models.Template{}, models.Errorf(models.CodeNotFound, "There is no such template.")
}

func (p *ports) PutTemplate(_ context.Context, _ models.Request, t models.Template) (models.Template, error) {
	t.Version = 1
	return t, nil
}

func (p *ports) DeleteTemplate(context.Context, models.Request, models.Template) error { return nil }

func TestMessages(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	base := "/api/v1/templates/"
	put := func(role, url, body string, status int, contains ...string) scenario {
		return scenario{name: role + " put " + url, role: role, method: http.MethodPut, url: base + url, body: body, status: status, contains: contains}
	}
	preview := func(body string, status int, contains ...string) scenario {
		return scenario{name: "preview", role: "carrier", method: http.MethodPost, url: base + "preview", body: body, status: status, contains: contains}
	}
	for _, s := range []scenario{
		get("carrier", "/api/v1/notifications?kind=ready&state=failed&channel=sms&limit=1", 200, `"recipient":"+4…21"`, `"state":"failed"`, `"kind":"ready"`, `"next_cursor":"`+ntfID),
		get("carrier", "/api/v1/notifications?state=lost", 400, "query/state"),
		get("shop", "/api/v1/notifications", 403),
		{name: "resend", role: "carrier", method: http.MethodPost, url: "/api/v1/notifications/" + ntfID + "/resend", status: 200, contains: []string{`"queued"`}},
		{name: "resend nothing", role: "carrier", method: http.MethodPost, url: "/api/v1/notifications/x/resend", status: 404},

		get("carrier", "/api/v1/templates", 200, `"source":"own"`),
		get("operator", "/api/v1/templates", 200, `"source":"own"`),
		get("carrier", "/api/v1/templates?organization=org_other", 404),
		get("carrier", base+"ready/sms/en", 200, `"own"`),
		get("carrier", base+"reminder/sms/en", 200, `"source":"network"`),
		get("carrier", base+"expired/sms/ru", 200, `"source":"built_in"`, "Срок"),
		get("carrier", base+"incident/email/en", 404),
		get("carrier", base+"ready/pigeon/en", 404),
		get("carrier", base+"ready/sms/xx", 404),

		put("carrier", "ready/sms/en", `{"body":"{code} in {locker}"}`, 200, `"organization":"`+string(carrierA)+`"`),
		put("operator", "ready/sms/en?organization="+string(carrierA), `{"body":"{code}"}`, 200, string(carrierA)),
		put("carrier", "ready/sms/en?organization=org_other", `{"body":"{code}"}`, 404),
		put("carrier", "ready/sms/en", `{"body":"come to {locker}"}`, 400, "/body", "{code}"),
		put("carrier", "moved/sms/en", `{"body":"{lokcer}"}`, 400, "{lokcer}"),
		put("carrier", "ready/email/en", `{"body":"{code}","subject":"{code}"}`, 400, "/subject"),
		put("carrier", "ready/email/en", `{"body":"{code}"}`, 400, "/subject"),
		{name: "delete", role: "carrier", method: http.MethodDelete, url: base + "ready/sms/en", status: 204},
		{name: "delete foreign", role: "carrier", method: http.MethodDelete, url: base + "ready/sms/en?organization=org_other", status: 404},

		preview(`{"kind":"ready","channel":"sms","language":"ru","body":"Код {code} {nothing}"}`, 200, `"segments":1`, `"ucs-2"`, "0123 4567", "{nothing}", `"warnings":["`),
		preview(`{"kind":"ready","channel":"sms","language":"en","body":"`+strings.Repeat("word ", 70)+`"}`, 200, `"segments":3`, "more than two SMS", "must contain {code}"),
		preview(`{"kind":"ready","channel":"email","language":"en","subject":"S","body":"<b>{code}"}`, 200, `\u003cb\u003e`, `"warnings":[]`),
		preview(`{"kind":"incident","channel":"email","language":"en","body":"x"}`, 400, "/kind"),
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, s.request())
		require.Equal(t, s.status, w.Code, "%s: %s", s.name, w.Body)
		for _, part := range s.contains {
			require.Contains(t, w.Body.String(), part, s.name)
		}
	}
}

// hook is a provider that signs with the word "good", and keeps what was taken in.
type hook struct {
	told    models.SMSHook
	reports []models.SMSReport
	out     map[string]bool
	err     error
}

func (k *hook) ReadHook(query string, body []byte, signature string) (models.SMSHook, error) {
	if signature != "good" || query != "n=1" || string(body) != "a=b" {
		return models.SMSHook{}, models.Errorf(models.CodeForbidden, "not signed")
	}
	return k.told, nil
}

func (k *hook) Report(_ context.Context, r models.SMSReport) error {
	k.reports = append(k.reports, r)
	return k.err
}

func (k *hook) OptOut(_ context.Context, phone string, out bool) error {
	k.out[phone] = out
	return k.err
}

func TestProvidersCalls(t *testing.T) {
	t.Parallel()
	k := &hook{out: map[string]bool{}, told: models.SMSHook{Report: &models.SMSReport{Ref: "SM1"}}}
	h := handler(&ports{}, nil, func(c *api.Config) { c.SMS, c.SMSReports = k, k })
	call := func(signature, body string) int {
		r := httptest.NewRequest(http.MethodPost, "/hooks/twilio?n=1", strings.NewReader(body))
		r.Header.Set("X-Twilio-Signature", signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, http.StatusForbidden, call("", "a=b"))
	require.Equal(t, http.StatusForbidden, call("bad", "a=b"))
	require.Equal(t, http.StatusBadRequest, call("good", strings.Repeat("x", 1<<17)))
	require.Empty(t, k.reports)
	require.Equal(t, http.StatusOK, call("good", "a=b"))
	require.Len(t, k.reports, 1)
	k.told = models.SMSHook{Reply: &models.SMSReply{Phone: "hash", Stop: true}}
	require.Equal(t, http.StatusOK, call("good", "a=b"))
	require.True(t, k.out["hash"])
	k.err = models.Errorf(models.CodeUnavailable, "away")
	require.Equal(t, http.StatusServiceUnavailable, call("good", "a=b"), "the provider may tell it again")

	w := httptest.NewRecorder()
	handler(&ports{}, nil, nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/twilio?n=1", strings.NewReader("a=b")))
	require.Equal(t, http.StatusNotFound, w.Code, "without a provider there is no such page")
}
