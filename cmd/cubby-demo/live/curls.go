package live

import (
	"encoding/json"
	"fmt"
	"strings"

	"cubby/cmd/cubby-demo/people"
)

// actText is a button.
type actText struct {
	Name, Number, Title, Text string
}

func actTexts() []actText {
	return []actText{
		{"announce", "1", "Announce", "a carrier’s one REST call; room is kept"},
		{"deposit", "2", "Courier: badge, scan", "the cabinet chooses a cell"},
		{"message", "3", "Message with the code", "sent by the parcel’s workflow"},
		{"pickup", "4", "Type it, take it", "the cabinet checks the code itself"},
		{"cable", "5", "Pull the cable", "bring and collect offline, then plug in"},
		{"jam", "6", "Jam a door", "doubtful cell, incident"},
	}
}

// Curl is how an act is done without the page.
type Curl struct {
	Act  string `json:"act"`
	Text string `json:"text"`
}

// curls are the calls of the acts with what is known of the latest parcel.
func (w *watch) curls(parcels []parcel, incidents []IncidentView) []Curl {
	label, code, email, cell := "LABEL", "CODE", "ADDRESS", "N"
	a := w.acts.announcement()
	if len(parcels) > 0 {
		p := parcels[0]
		a.Number, a.Contact = p.shipment.Number, people.Contact{Email: p.email, Phone: p.phone}
		label, email = p.shipment.Parcels[0].Barcode, p.email
		if p.code != "" {
			code = p.code
		}
		if p.cell > 0 {
			cell = fmt.Sprint(p.cell)
		}
	} else {
		a.Number, a.Contact = "DEMO-1", people.Contact{Email: "you@example.com", Phone: "+12025550100"}
	}
	incident := "INCIDENT"
	if len(incidents) > 0 {
		incident = incidents[0].ID
	}
	hand := func(what string, body any) string {
		text := "curl -s -X POST " + strings.TrimSuffix(w.cfg.Public, "/") + "/hands/lockers/" + w.cfg.LockerNumber + what
		if body != nil {
			text += " -d '" + encoded(body) + "'"
		}
		return text
	}
	who := w.cfg.Badges[0]
	rest := func(method, path, key string) string {
		return fmt.Sprintf("curl -s -X %s %s/api/v1/%s -H 'Authorization: Bearer %s'", method, w.cfg.Carrier.Base, path, key)
	}
	const asJSON = " -H 'Content-Type: application/json'"
	type texts = []string
	list := []struct {
		act   string
		lines texts
	}{
		{"announce", texts{rest("POST", "shipments", w.cfg.Carrier.Key) + ` -H 'Idempotency-Key: "` + a.Number + `"'` + asJSON + " -d '" + encoded(a) + "'"}},
		{"deposit", texts{
			hand("/scan", map[string]string{"text": who.Badge}), hand("/keys", map[string]string{"text": who.PIN}),
			hand("/scan", map[string]string{"text": label}), "# its door opens", hand("/cells/"+cell+"/put", map[string]string{"thing": label}),
			hand("/cells/"+cell+"/close", nil), hand("/press", map[string]string{"button": "finish"}),
		}},
		{"message", texts{"# nobody calls: it comes by itself. To read it:", "curl -s '" + strings.TrimSuffix(w.cfg.Public, "/") + "/inbox/api/messages?to=" + email + "'"}},
		{"pickup", texts{
			hand("/keys", map[string]string{"text": code}), "# its door opens", hand("/cells/"+cell+"/take", nil), hand("/cells/"+cell+"/close", nil),
		}},
		{"cable", texts{hand("/line/cut", nil), "# then as in 2 and 4", hand("/line/restore", nil)}},
		{"jam", texts{hand("/cells/"+cell+"/jam", nil), hand("/keys", map[string]string{"text": code}), rest("GET", "incidents?open=true", w.cfg.Operator.Key)}},
		{"resolve", texts{
			hand("/cells/"+cell+"/unjam", nil), hand("/keys", map[string]string{"text": code}), "# then at the desk, or by REST:",
			rest("POST", "incidents/"+incident+"/resolve", w.cfg.Operator.Key) + asJSON + ` -d '{"reason":"The lock was mended."}'`,
		}},
	}
	out := make([]Curl, len(list))
	for i, c := range list {
		out[i] = Curl{c.act, strings.Join(c.lines, "\n")}
	}
	return out
}

// encoded is a body that a shell may have in single quotes: what is in it has none.
func encoded(body any) string {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return strings.ReplaceAll(string(raw), "'", "")
}
