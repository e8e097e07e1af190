package notify

import (
	"html/template"
	"strings"

	"cubby/activities"
	"cubby/models"
	"cubby/models/catalogue"
)

// Renderer makes messages from the catalogue.
type Renderer struct {
	Texts  *catalogue.Catalogue
	Domain string // right side of the Message-ID
}

var _ activities.Renderer = (*Renderer)(nil)

// Render implements activities.Renderer.
func (r *Renderer) Render(n models.Notice, code string) (activities.Message, error) {
	params := map[string]string{
		"locker": n.Locker.Number, "address": n.Location.Address, "city": n.Location.City,
		"number": n.Shipment.Number, "code": spaced(code), "until": until(n),
		"incident": string(n.Incident.ID), "kind": string(n.Incident.Kind), "evidence": n.Incident.Evidence,
	}
	var lines []string
	switch n.Notification.Kind {
	case models.NoticeReady, models.NoticeCodeReissued, models.NoticeReminder, models.NoticeExtended:
		lines = []string{"greeting", "code", "where", "until", "how"}
	case models.NoticeContactChanged:
		lines = []string{"greeting", "code"}
	case models.NoticeIncident:
		lines = []string{"text", "next"}
	default:
		return activities.Message{}, models.Errorf(models.CodeInvalid, "there is no template for %s", n.Notification.Kind)
	}
	prefix := "message." + string(n.Notification.Kind) + "."
	texts := make([]string, len(lines))
	for i, line := range lines {
		texts[i] = r.Texts.Text(n.Language, prefix+line, params)
	}
	var html strings.Builder
	if err := page().Execute(&html, texts); err != nil {
		return activities.Message{}, err
	}
	return activities.Message{
		ID: string(n.Notification.ID) + "@" + r.Domain, To: n.To,
		Subject: r.Texts.Text(n.Language, prefix+"subject", params),
		Text:    strings.Join(texts, "\n\n") + "\n", HTML: html.String(),
	}, nil
}

// page escapes every text: an address or number is somebody's input.
func page() *template.Template {
	return template.Must(template.New("message").Parse(
		`<!doctype html><html><body style="font:16px/1.5 sans-serif">{{range .}}<p>{{.}}</p>{{end}}</body></html>`))
}

// spaced makes eight digits easier to read and type: "1234 5678". The cabinet's pad
// ignores the gap.
func spaced(code string) string {
	if len(code) == 8 {
		return code[:4] + " " + code[4:]
	}
	return code
}

// until is the end of storage by the locker's clock.
func until(n models.Notice) string {
	if n.Shipment.ExpiresAt == nil {
		return ""
	}
	return n.Shipment.ExpiresAt.In(n.Location.Zone()).Format("2006-01-02 15:04 MST")
}
