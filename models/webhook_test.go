package models_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestSignaturesOfTheStandard: the vectors of Standard Webhooks, of both versions.
func TestSignaturesOfTheStandard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key      models.WebhookKey
		id       models.EventID
		at       int64
		body     string
		expected string
	}{
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`,
			"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_1", 1674087231, `{"a":1}`, "v1,ufv45WIonjonlsB4RtxC24Ig4CisWfbJI1o6/4Uarps="},
		{"whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`,
			"v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="},
	} {
		signature, err := models.SignWebhook(c.id, time.Unix(c.at, 0), []byte(c.body), c.key)
		require.NoError(t, err)
		require.Equal(t, c.expected, signature)
	}
}

// TestTheStandardsLibraryVerifies: what is signed with two keys, by a receiver who knows one.
func TestTheStandardsLibraryVerifies(t *testing.T) {
	t.Parallel()
	old, _ := models.NewWebhookKey(models.SigningHMAC, bytes.Repeat([]byte{1}, models.WebhookKeyBytes))
	fresh, _ := models.NewWebhookKey(models.SigningHMAC, bytes.Repeat([]byte{2}, models.WebhookKeyBytes))
	private, public := models.NewWebhookKey(models.SigningEd25519, bytes.Repeat([]byte{3}, models.WebhookKeyBytes))
	body, now := []byte(`{"type":"webhook.test"}`), time.Now()
	header := func(keys ...models.WebhookKey) http.Header {
		signature, err := models.SignWebhook("evt_1", now, body, keys...)
		require.NoError(t, err)
		h := http.Header{}
		h.Set("webhook-id", "evt_1")
		h.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
		h.Set("webhook-signature", signature)
		return h
	}
	for _, known := range []models.WebhookKey{old, fresh} {
		receiver, err := standardwebhooks.NewWebhook(string(known))
		require.NoError(t, err)
		require.NoError(t, receiver.Verify(body, header(private, fresh, old)))
		require.Error(t, receiver.Verify(append(body, ' '), header(fresh, old)))
		require.Error(t, receiver.Verify(body, header(private)))
	}
	point, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(public, "whpk_"))
	require.NoError(t, err)
	signature := strings.TrimPrefix(header(private).Get("webhook-signature"), "v1a,")
	raw, err := base64.StdEncoding.DecodeString(signature)
	require.NoError(t, err)
	require.True(t, ed25519.Verify(point, fmt.Appendf(nil, "evt_1.%d.%s", now.Unix(), body), raw))

	for _, bad := range []models.WebhookKey{"", "whsec_?", "whsk_AAAA"} {
		_, err := models.SignWebhook("evt_1", now, body, bad)
		require.Equal(t, models.CodeInternal, models.ErrorCode(err))
	}
}

func TestAWebhooksKeyIsTheWorkersToRead(t *testing.T) {
	t.Parallel()
	mine, err := models.DeriveWebhookSealKey(bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	other, err := models.DeriveWebhookSealKey(bytes.Repeat([]byte{2}, 32))
	require.NoError(t, err)
	sealed, err := models.SealWebhookKey("whsec_secret", "whk_1", mine.PublicKey().Bytes())
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "secret")
	key, err := models.OpenWebhookKey(sealed, "whk_1", mine)
	require.NoError(t, err)
	require.Equal(t, models.WebhookKey("whsec_secret"), key)
	_, err = models.OpenWebhookKey(sealed, "whk_2", mine)
	require.Error(t, err, "that of another endpoint")
	_, err = models.OpenWebhookKey(sealed, "whk_1", other)
	require.Error(t, err)
	_, err = models.SealWebhookKey("whsec_secret", "whk_1", []byte("short"))
	require.Equal(t, models.CodeInternal, models.ErrorCode(err))
}

func TestAddressesThatAreNotPublic(t *testing.T) {
	t.Parallel()
	for _, a := range []string{
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "127.255.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3",
		"224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:100.64.0.1", "::7f00:1", "fe80::1",
		"fc00::1", "fd00::1", "ff02::1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:1::1", "2001:db8::1", "fec0::1",
	} {
		address := netip.MustParseAddr(a)
		require.False(t, models.PublicAddress(address), a)
		require.False(t, models.WebhookAddress(address, false, false), a)
	}
	for _, a := range []string{"1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1"} {
		address := netip.MustParseAddr(a)
		require.True(t, models.WebhookAddress(address, false, false), a)
		require.False(t, models.WebhookAddress(address, true, true), "plain http leaves the machine for nobody: "+a)
	}
	for a, want := range map[string][2]bool{ // https, http
		"127.0.0.1": {true, true}, "::1": {true, true}, "10.0.0.1": {true, false}, "169.254.169.254": {false, false}, "0.0.0.0": {false, false},
	} {
		address := netip.MustParseAddr(a)
		require.Equal(t, want, [2]bool{models.WebhookAddress(address, true, false), models.WebhookAddress(address, true, true)}, a)
	}
}

func TestCheckWebhookURL(t *testing.T) {
	t.Parallel()
	for url, private := range map[string]bool{
		"https://example.com/hook": false, "https://example.com:8443/hook?a=b": false, "https://1.1.1.1/": false,
		"http://localhost:9/hook": true, "http://127.0.0.1/": true, "https://[::1]:7/": true, "https://10.0.0.1/": true,
	} {
		require.Empty(t, models.CheckWebhookURL(url, true), url)
		if private {
			require.NotEmpty(t, models.CheckWebhookURL(url, false), url)
		} else {
			require.Empty(t, models.CheckWebhookURL(url, false), url)
		}
	}
	for _, url := range []string{
		"", "example.com", "https://", "ftp://example.com", "http://example.com/", "https://u:p@example.com/", "https://example.com/#x",
		"https://[fe80::1%25eth0]/", "https://169.254.169.254/latest", "https://example.com/" + strings.Repeat("a", 2000), "https:example.com", "http://10.0.0.1/",
	} {
		require.NotEmpty(t, models.CheckWebhookURL(url, true), url)
	}
}

func TestWebhookWaits(t *testing.T) {
	t.Parallel()
	failed := models.WebhookAnswer{Status: 500}
	total := time.Duration(0)
	for attempt := 1; ; attempt++ {
		least, over := failed.Wait(attempt, 0)
		if over {
			require.Equal(t, 10, attempt)
			break
		}
		middle, _ := failed.Wait(attempt, 0.5)
		most, _ := failed.Wait(attempt, 1)
		require.Equal(t, middle*9/10, least)
		require.Equal(t, middle*11/10, most)
		total += middle
	}
	require.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, total)

	wait := func(attempt int, a models.WebhookAnswer) time.Duration {
		w, _ := a.Wait(attempt, 0.5)
		return w
	}
	for _, status := range []int{429, 502, 504} {
		require.Equal(t, time.Minute, wait(1, models.WebhookAnswer{Status: status}))
	}
	require.Equal(t, time.Hour, wait(2, models.WebhookAnswer{Status: 503, RetryAfter: time.Hour}))
	require.Equal(t, 5*time.Minute, wait(2, models.WebhookAnswer{Status: 503, RetryAfter: time.Second}), "never before the schedule")
	require.Equal(t, 24*time.Hour, wait(1, models.WebhookAnswer{Status: 429, RetryAfter: 1000 * time.Hour}))
	for status, delivered := range map[int]bool{0: false, 200: true, 204: true, 299: true, 301: false, 304: false, 410: false, 500: false} {
		require.Equal(t, delivered, models.WebhookAnswer{Status: status}.Delivered(), status)
	}
}

func TestWants(t *testing.T) {
	t.Parallel()
	w := models.Webhook{Types: []string{"shipment.*", "parcel.deposited"}}
	for kind, want := range map[models.EventType]bool{
		models.EventReady: true, models.EventParcelIn: true, models.EventParcelOut: false, "shipment": false, "shipments.x": false,
	} {
		require.Equal(t, want, w.Wants(kind), kind)
	}
	require.True(t, models.Webhook{}.Wants("any.thing"))
	require.True(t, models.Webhook{Types: []string{"*"}}.Wants("any.thing"))
}
