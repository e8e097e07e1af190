package notify

import (
	"html/template"
	"slices"
	"strings"
	"time"

	"cubby/activities"
	"cubby/models"
	"cubby/models/catalogue"
)

// Renderer makes messages from the catalogue.
type Renderer struct {
	Texts  *catalogue.Catalogue
	Domain string // right side of the Message-ID
	// Link is the address of a client's page; empty, or a nil function: there is none.
	Link func(models.Shipment) (string, error)
}

var _ activities.Renderer = (*Renderer)(nil)

// Render implements activities.Renderer.
func (r *Renderer) Render(n models.Notice, code string) (activities.Message, error) {
	msg := activities.Message{ID: string(n.Notification.ID) + "@" + r.Domain, To: n.To}
	own := n.Own
	if own == nil {
		builtIn, err := r.BuiltIn(n.Notification.Kind, n.Notification.Channel, n.Language)
		if err != nil {
			return msg, err
		}
		own = &builtIn
	}
	params, err := r.params(n, code)
	if err != nil {
		return msg, err
	}
	msg.Subject, msg.Text, msg.HTML, err = fill(*own, params)
	return msg, err
}

// BuiltIn is the text of the catalogue; invalid_request for a kind that has none.
func (r *Renderer) BuiltIn(k models.NoticeKind, c models.Channel, language string) (models.Template, error) {
	t := models.Template{Kind: k, Channel: c, Language: language}
	if c == models.ChannelSMS {
		if !slices.Contains(models.ClientKinds(), k) {
			return t, noTemplate(k)
		}
		t.Body = r.Texts.Text(language, "sms."+string(k), nil)
		return t, nil
	}
	lines := emailLines(k)
	if lines == nil {
		return t, noTemplate(k)
	}
	prefix := "message." + string(k) + "."
	for i, line := range lines {
		lines[i] = r.Texts.Text(language, prefix+line, nil)
	}
	if k == models.NoticeReady {
		lines = slices.Insert(lines, slices.Index(emailLines(k), "where")+1, "{how_to_find}")
	}
	if !k.OfIncident() {
		lines = append(lines, "{link}")
	}
	t.Subject, t.Body = r.Texts.Text(language, prefix+"subject", nil), strings.Join(lines, "\n\n")
	return t, nil
}

// fill makes a message of a template. Paragraphs with nothing in them are left out.
func fill(t models.Template, params map[string]string) (subject, text, html string, err error) {
	var paragraphs []string
	for p := range strings.SplitSeq(strings.ReplaceAll(t.Body, "\r\n", "\n"), "\n\n") {
		if filled := strings.TrimSpace(models.Filled(p, params)); filled != "" {
			paragraphs = append(paragraphs, filled)
		}
	}
	text = strings.Join(paragraphs, "\n\n")
	if t.Channel == models.ChannelSMS {
		return "", text, "", nil
	}
	var b strings.Builder
	if err := page().Execute(&b, paragraphs); err != nil {
		return "", "", "", err
	}
	// A header is one line, whatever somebody's address holds.
	subject = strings.Join(strings.Fields(models.Filled(t.Subject, params)), " ")
	return subject, text + "\n", b.String(), nil
}

// Preview fills a template in with an example. It returns invalid_request for a kind that has none.
func (r *Renderer) Preview(t models.Template) (models.TemplatePreview, error) {
	ends := time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)
	n := models.Notice{
		Notification: models.Notification{Kind: t.Kind, Channel: t.Channel}, Language: t.Language,
		Shipment: models.Shipment{Number: "AB-1234567", ExpiresAt: &ends},
		Locker:   models.Locker{Number: "L-001"},
		Location: models.Location{Address: "12 Example Street", City: "Exampletown", TimeZone: "UTC", HowToFind: map[string]string{
			"en": "Through the gate, left of the entrance.", "ru": "Через ворота, слева от входа.",
		}},
	}
	params, err := r.params(n, "01234567")
	if err != nil {
		return models.TemplatePreview{}, err
	}
	// As long as a real one, which names its shipment by 128 bits.
	params["link"] = "https://example.org/t/0123456789abcdefghijkl"
	p := models.TemplatePreview{Unknown: t.UnknownPlaceholders()}
	if p.Subject, p.Text, p.HTML, err = fill(t, params); err != nil {
		return p, err
	}
	if t.Channel == models.ChannelSMS {
		p.Segments, p.Encoding = models.SMSSegments(p.Text)
	}
	return p, nil
}

func noTemplate(k models.NoticeKind) error {
	return models.Errorf(models.CodeInvalid, "there is no template for %s", k)
}

// emailLines are the paragraphs of an e-mail of a kind; nil for an unknown one.
func emailLines(k models.NoticeKind) []string {
	switch k {
	case models.NoticeReady, models.NoticeCodeReissued, models.NoticeReminder, models.NoticeExtended:
		return []string{"greeting", "code", "where", "until", "how"}
	case models.NoticeCodeAgain: // storage may be over: nothing is said of its end
		return []string{"greeting", "code", "where", "how"}
	case models.NoticeLockerBack:
		return []string{"greeting", "code", "where", "until"}
	case models.NoticeExpired:
		return []string{"greeting", "code", "where"}
	case models.NoticeAnnounced, models.NoticeLockerDown, models.NoticeMoved, models.NoticePickedUp, models.NoticeWithdrawn:
		return []string{"greeting", "where", "next"}
	case models.NoticeContactChanged:
		return []string{"greeting", "code"}
	case models.NoticeIncident:
		return []string{"text", "next"}
	case models.NoticeWebhook:
		return []string{"greeting", "why", "next"}
	}
	return nil
}

// params are the values of the placeholders.
func (r *Renderer) params(n models.Notice, code string) (map[string]string, error) {
	params := map[string]string{
		"locker": n.Locker.Number, "address": n.Location.Address, "city": n.Location.City,
		"number": n.Shipment.Number, "code": models.SpacedCode(code), "until": until(n), "link": "",
		"incident": string(n.Incident.ID), "kind": string(n.Incident.Kind), "evidence": n.Incident.Evidence,
	}
	if n.Notification.Kind == models.NoticeWebhook {
		why := "message.webhook_disabled.failed"
		if n.Webhook.DisabledReason == models.DisabledGone {
			why = "message.webhook_disabled.gone"
		}
		params["webhook"], params["host"], params["reason"] = string(n.Webhook.ID), n.Webhook.Host(), r.Texts.Text(n.Language, why, nil)
	}
	params["how_to_find"], _ = n.Location.Directions(n.Language)
	var err error
	// Whoever opens the page can collect: a former contact never gets its address, whatever the template.
	if r.Link != nil && n.Shipment.ID != "" && n.Notification.Kind != models.NoticeContactChanged {
		params["link"], err = r.Link(n.Shipment)
	}
	return params, err
}

// page escapes every text: an address or number is somebody's input. A paragraph that is an
// address on the web is a link.
func page() *template.Template {
	address := func(p string) bool { return strings.HasPrefix(p, "https://") || strings.HasPrefix(p, "http://") }
	return template.Must(template.New("message").Funcs(template.FuncMap{"address": address}).Parse(
		`<!doctype html><html><body style="font:16px/1.5 sans-serif">{{range .}}<p>{{if address .}}<a href="{{.}}">{{.}}</a>{{else}}{{.}}{{end}}</p>{{end}}</body></html>`))
}

// until is the end of storage by the locker's clock. An SMS has no room for the year and zone.
func until(n models.Notice) string {
	if n.Shipment.ExpiresAt == nil {
		return ""
	}
	format := "2006-01-02 15:04 MST"
	if n.Notification.Channel == models.ChannelSMS {
		format = "02.01 15:04"
		if n.Language != "ru" {
			format = "2 Jan 15:04"
		}
	}
	return n.Shipment.ExpiresAt.In(n.Location.Zone()).Format(format)
}
