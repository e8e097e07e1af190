package api

import (
	"context"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"cubby/models"
)

// maxHookBody bounds a provider's call.
const maxHookBody = 1 << 16

// SMSHook reads the calls of the provider of SMS.
type SMSHook interface {
	// ReadHook returns what a call tells, of which the raw query, body and signature are given.
	// It returns forbidden for one that the provider did not sign.
	ReadHook(query string, body []byte, signature string) (models.SMSHook, error)
}

// SMSReports takes in what the provider of SMS tells. What was told before changes nothing.
type SMSReports interface {
	Report(ctx context.Context, r models.SMSReport) error
	// OptOut records that a phone, hashed, wants no SMS, or wants them again.
	OptOut(ctx context.Context, phone string, out bool) error
}

// twilioHook takes what the provider calls back with: how a message went on, or a text that a
// phone sent. It needs no key: the provider's signature is looked at before anything else.
func (s *server) twilioHook(c echo.Context) error {
	r := c.Request()
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxHookBody))
	if err != nil {
		return models.Wrap(models.CodeInvalid, err, "The body cannot be read.")
	}
	told, err := s.SMS.ReadHook(r.URL.RawQuery, body, r.Header.Get("X-Twilio-Signature"))
	if err != nil {
		return err
	}
	if told.Report != nil {
		err = s.SMSReports.Report(ctx, *told.Report)
	}
	if err == nil && told.Reply != nil {
		err = s.SMSReports.OptOut(ctx, told.Reply.Phone, told.Reply.Stop)
	}
	if err != nil {
		return err
	}
	// An empty document of TwiML: nothing is answered to a phone.
	return c.Blob(http.StatusOK, "text/xml", []byte("<Response></Response>"))
}
