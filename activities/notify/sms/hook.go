package sms

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/twilio/twilio-go/client"

	"cubby/models"
)

// ReadHook implements Hook: status callbacks of what we sent, and what phones send to us. The
// URL that was signed is our own by the settings, never by a header.
func (t *Twilio) ReadHook(query string, body []byte, signature string) (models.SMSHook, error) {
	signed := t.Public + HookPath
	if query != "" {
		signed += "?" + query
	}
	validator := client.NewRequestValidator(t.Token)
	if signature == "" || !validator.ValidateBody(signed, body, signature) {
		return models.SMSHook{}, models.Errorf(models.CodeForbidden, "The call is not signed by the SMS provider.")
	}
	asked, err := url.ParseQuery(query)
	if err != nil {
		return models.SMSHook{}, models.Errorf(models.CodeInvalid, "The query cannot be read.")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("AccountSid") != t.Account {
		return models.SMSHook{}, models.Errorf(models.CodeInvalid, "The call is of another account.")
	}
	if form.Get("MessageStatus") == "" {
		return models.SMSHook{Reply: t.reply(form)}, nil
	}
	return models.SMSHook{Report: t.report(asked, form)}, nil
}

// report is nil for a state that moves nothing.
func (t *Twilio) report(asked, form url.Values) *models.SMSReport {
	attempt, err := strconv.Atoi(asked.Get("a"))
	if err != nil || !models.ValidID(models.PrefixNotification, asked.Get("n")) {
		return nil
	}
	r := &models.SMSReport{
		Notification: models.NotificationID(asked.Get("n")), Attempt: attempt, Ref: form.Get("MessageSid"),
		Phone: models.PhoneHash(t.HashKey, form.Get("To")),
	}
	switch form.Get("MessageStatus") {
	case "accepted", "queued", "sending", "sent":
		r.State = models.NotificationSent
	case "delivered", "read":
		r.State = models.NotificationDelivered
	case "undelivered", "failed", "canceled":
		code, _ := strconv.Atoi(form.Get("ErrorCode")) // 0: the provider does not say why
		r.State, r.Refusal = models.NotificationUndelivered, refusal(code)
		if code == 0 {
			r.Refusal = models.Refusal{By: "SMS provider: not delivered", Final: true}
		}
	default:
		return nil
	}
	return r
}

// reply is nil for a text that asks for nothing.
func (t *Twilio) reply(form url.Values) *models.SMSReply {
	word := strings.ToUpper(strings.TrimSpace(form.Get("OptOutType")))
	if word == "" {
		word = strings.ToUpper(strings.Trim(form.Get("Body"), " \t\r\n.!"))
	}
	r := &models.SMSReply{Phone: models.PhoneHash(t.HashKey, form.Get("From"))}
	switch word {
	case "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "СТОП":
		r.Stop = true
	case "START", "UNSTOP", "YES", "СТАРТ":
	default:
		return nil
	}
	return r
}
