package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/activities/notify"
	"cubby/models"
	"cubby/models/catalogue"
)

func renderer(t *testing.T) (*notify.Renderer, models.Notice) {
	t.Helper()
	texts, err := catalogue.Load()
	require.NoError(t, err)
	until := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	return &notify.Renderer{Texts: texts, Domain: "cubby.localhost",
			Link: func(models.Shipment) (string, error) {
				return "https://lockers.example.org/t/0123456789abcdefghijkl", nil
			}},
		models.Notice{
			Shipment: models.Shipment{ID: "shp_1", Number: "{code}<i>", ExpiresAt: &until}, Locker: models.Locker{Number: "L-00001"},
			Location: models.Location{Address: "Street 5", City: "Town", TimeZone: "Europe/Berlin"},
		}
}

// TestEveryMessage of every kind, channel and language is complete, and an SMS is short.
func TestEveryMessage(t *testing.T) {
	t.Parallel()
	r, n := renderer(t)
	for _, language := range r.Texts.Languages() {
		for _, kind := range models.ClientKinds() {
			for _, channel := range []models.Channel{models.ChannelEmail, models.ChannelSMS} {
				n.Language, n.Notification = language, models.Notification{ID: "ntf_1", Kind: kind, Channel: channel}
				what := language + " " + string(kind) + " " + string(channel)
				m, err := r.Render(n, "01234567")
				require.NoError(t, err, what)
				require.Contains(t, m.Text, "L-00001", what)
				require.NotContains(t, m.Text, "message.", what)
				require.NotContains(t, m.Text, "sms.", what)
				require.Equal(t, kind.CarriesCode(), strings.Contains(m.Text, "0123 4567"), what)
				if channel == models.ChannelSMS {
					segments, _ := models.SMSSegments(m.Text)
					require.LessOrEqual(t, segments, 2, "%s: %s", what, m.Text)
					require.NotContains(t, m.Text, "{", what)
					require.Empty(t, m.Subject+m.HTML, what)
					continue
				}
				require.NotContains(t, m.Subject, "0123", what)
				require.Contains(t, m.Text, "{code}<i>", "a value is not filled in again")
				require.Contains(t, m.HTML, "{code}&lt;i&gt;", what)
				if kind != models.NoticeContactChanged {
					require.Contains(t, m.Text, "https://lockers.example.org/t/", what)
				}
			}
		}
	}
	n.Notification.Kind, n.Own = models.NoticeContactChanged, &models.Template{Channel: models.ChannelEmail, Subject: "{link}", Body: "{number} {link}"}
	m, err := r.Render(n, "")
	require.NoError(t, err)
	require.NotContains(t, m.Subject+m.Text+m.HTML, "/t/", "whoever has the address can collect: a former contact gets it by no template")
	n.Own = nil
	r.Link, n.Language = nil, "ru"
	n.Notification = models.Notification{Kind: models.NoticeReady, Channel: models.ChannelSMS}
	m, err = r.Render(n, "01234567")
	require.NoError(t, err)
	require.Equal(t, "Посылка в постамате L-00001, код 0123 4567, до 04.05 14:00.", m.Text)
	n.Notification.Kind = models.NoticeIncident
	_, err = r.Render(n, "")
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err), "operators get no SMS")
}

func TestAnOwnText(t *testing.T) {
	t.Parallel()
	r, n := renderer(t)
	n.Language = "en"
	n.Notification = models.Notification{ID: "ntf_1", Kind: models.NoticeReady, Channel: models.ChannelEmail}
	n.Own = &models.Template{Channel: models.ChannelEmail, Subject: "For {number}", Body: "<b>{code}</b>\r\n\r\n{link} {nothing}"}
	m, err := r.Render(n, "01234567")
	require.NoError(t, err)
	require.Equal(t, "For {code}<i>", m.Subject)
	require.Equal(t, "<b>0123 4567</b>\n\nhttps://lockers.example.org/t/0123456789abcdefghijkl {nothing}\n", m.Text)
	require.Contains(t, m.HTML, "&lt;b&gt;0123 4567&lt;/b&gt;")

	p, err := r.Preview(models.Template{Kind: models.NoticeReady, Channel: models.ChannelSMS, Language: "ru", Body: "Код {code} {nothing}"})
	require.NoError(t, err)
	require.Equal(t, models.TemplatePreview{Text: "Код 0123 4567 {nothing}", Segments: 1, Encoding: models.UCS2, Unknown: []string{"nothing"}}, p)
}

// TestHowToFindTheLocker stands in "ready" by e-mail, and wherever an own text wants it.
func TestHowToFindTheLocker(t *testing.T) {
	t.Parallel()
	r, n := renderer(t)
	n.Location.HowToFind = map[string]string{"en": "Left of the gate", "ru": "Слева от ворот"}
	for language, want := range n.Location.HowToFind {
		n.Language, n.Own = language, nil
		n.Notification = models.Notification{ID: "ntf_1", Kind: models.NoticeReady, Channel: models.ChannelEmail}
		m, err := r.Render(n, "01234567")
		require.NoError(t, err)
		require.Contains(t, m.Text, "Town\n\n"+want+"\n\n", "after the address")
		n.Notification.Channel = models.ChannelSMS
		n.Own = &models.Template{Channel: models.ChannelSMS, Body: "{code} {how_to_find}"}
		require.Empty(t, n.Own.UnknownPlaceholders())
		m, err = r.Render(n, "01234567")
		require.NoError(t, err)
		require.Equal(t, "0123 4567 "+want, m.Text)
	}
}

// TestTheOwnerOfAWebhookIsTold which one it is, why and what to do, and not the path of its address.
func TestTheOwnerOfAWebhookIsTold(t *testing.T) {
	t.Parallel()
	r, _ := renderer(t)
	for _, language := range r.Texts.Languages() {
		said := map[string]bool{}
		for _, reason := range []string{models.DisabledGone, "an event could not be delivered in 10 attempts"} {
			m, err := r.Render(models.Notice{
				Notification: models.Notification{ID: "ntf_1", Kind: models.NoticeWebhook, Channel: models.ChannelEmail}, Language: language, To: "it@example.org",
				Webhook: models.Webhook{ID: "whk_1", URL: "https://hooks.example.org/s3cret?key=1", DisabledReason: reason},
			}, "")
			require.NoError(t, err)
			require.Contains(t, m.Subject, "hooks.example.org")
			require.Contains(t, m.Text, "PATCH /api/v1/webhooks/whk_1")
			require.NotContains(t, m.Text+m.HTML, "s3cret")
			require.NotContains(t, m.Text, "message.")
			require.NotRegexp(t, `\{[a-z]+\}`, m.Text+m.Subject)
			said[m.Text] = true
		}
		require.Len(t, said, 2, "the reason is told in the owner's language")
	}
}
