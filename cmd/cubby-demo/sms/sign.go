package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" // what the provider signs with
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const callbackTimeout = 15 * time.Second

// Signature is X-Twilio-Signature of a form that is posted to a URL.
func Signature(token, to string, form map[string]string) string {
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, to)
	for _, key := range slices.Sorted(maps.Keys(form)) {
		io.WriteString(mac, key+form[key])
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post sends a signed form.
func (p *Provider) post(ctx context.Context, to string, form map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	values := url.Values{}
	for key, value := range form {
		values.Set(key, value)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(values.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	request.Header.Set("User-Agent", "TwilioProxy/1.1")
	request.Header.Set("X-Twilio-Signature", Signature(p.options.Token, to, form))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("answered with %s", response.Status)
	}
	return nil
}
