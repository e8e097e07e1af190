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
	// Link is the address of a client's page; empty, or a nil function: there is none.
	Link func(models.Shipment) string
}

var _ activities.Renderer = (*Renderer)(nil)

// Render implements activities.Renderer.
func (r *Renderer) Render(n models.Notice, code string) (activities.Message, error) {
	params := r.params(n, code)
	msg := activities.Message{ID: string(n.Notification.ID) + "@" + r.Domain, To: n.To}
	if n.Notification.Channel == models.ChannelSMS {
		if n.Notification.Kind == models.NoticeIncident {
			return msg, noTemplate(n.Notification.Kind)
		}
		// What a text ends with may be empty.
		msg.Text = strings.TrimSpace(r.Texts.Text(n.Language, "sms."+string(n.Notification.Kind), params))
		return msg, nil
	}
	lines := emailLines(n.Notification.Kind)
	if lines == nil {
		return msg, noTemplate(n.Notification.Kind)
	}
	prefix := "message." + string(n.Notification.Kind) + "."
	var texts []string
	for _, line := range lines {
		texts = append(texts, r.Texts.Text(n.Language, prefix+line, params))
	}
	if params["link"] != "" {
		texts = append(texts, params["link"])
	}
	var html strings.Builder
	if err := page().Execute(&html, texts); err != nil {
		return msg, err
	}
	msg.Subject = r.Texts.Text(n.Language, prefix+"subject", params)
	msg.Text, msg.HTML = strings.Join(texts, "\n\n")+"\n", html.String()
	return msg, nil
}

func noTemplate(k models.NoticeKind) error {
	return models.Errorf(models.CodeInvalid, "there is no template for %s", k)
}

// emailLines are the paragraphs of an e-mail of a kind; nil for an unknown one.
func emailLines(k models.NoticeKind) []string {
	switch k {
	case models.NoticeReady, models.NoticeCodeReissued, models.NoticeReminder, models.NoticeExtended:
		return []string{"greeting", "code", "where", "until", "how"}
	case models.NoticeIncident:
		return []string{"text", "next"}
	}
	return nil
}

// params are the values of the placeholders.
func (r *Renderer) params(n models.Notice, code string) map[string]string {
	params := map[string]string{
		"locker": n.Locker.Number, "address": n.Location.Address, "city": n.Location.City,
		"number": n.Shipment.Number, "code": spaced(code), "until": until(n), "link": "",
		"incident": string(n.Incident.ID), "kind": string(n.Incident.Kind), "evidence": n.Incident.Evidence,
	}
	if r.Link != nil && n.Shipment.ID != "" {
		params["link"] = r.Link(n.Shipment)
	}
	return params
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
