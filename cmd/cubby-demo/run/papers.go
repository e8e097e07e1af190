package run

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"cubby/api/client"
	"cubby/cmd/cubby-demo/live"
	"cubby/cmd/cubby-demo/people"
)

// papers are what a courier has in hand: the labels of what is expected, and the way in to a cabinet behind a gate. It
// asks the public API for both, as the operator that prints for all carriers, and as the carrier.
type papers struct {
	templates *template.Template
	operator  *client.ClientWithResponses
	carrier   people.Carrier
	behind    Locker // the gate
	expected  func() []live.Label
}

// papersView is what the page of papers shows.
type papersView struct {
	Expected []live.Label
	Behind   Locker
	Access   people.Access
	Error    string // why there is no access
}

func newPapers(api, operatorKey, carrierKey string, behind Locker, expected func() []live.Label) http.Handler {
	operator, err := client.NewClientWithResponses(api, client.WithKey(operatorKey))
	if err != nil {
		panic(err) // the address is this program's own
	}
	p := &papers{
		templates: template.Must(template.ParseFS(pageFiles, "page/*.html")), operator: operator,
		carrier: people.Carrier{Service: people.Service{Base: api, Key: carrierKey}}, behind: behind, expected: expected,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /papers", p.page)
	mux.HandleFunc("GET /papers/labels.pdf", p.labels)
	return mux
}

func (p *papers) page(w http.ResponseWriter, r *http.Request) {
	view := papersView{Expected: p.expected(), Behind: p.behind}
	var err error
	if view.Access, err = p.carrier.Access(r.Context(), p.behind.ID); err != nil {
		_, view.Error = explain(err)
	}
	render(w, p.templates, http.StatusOK, "papers.html", view)
}

// labels prints those of all that is expected.
func (p *papers) labels(w http.ResponseWriter, r *http.Request) {
	var ids []string
	for _, l := range p.expected() {
		ids = append(ids, l.Shipment)
	}
	if len(ids) == 0 {
		http.Error(w, "Nothing is expected yet.", http.StatusNotFound)
		return
	}
	res, err := p.operator.GetLabelSheetWithResponse(r.Context(), &client.GetLabelSheetParams{Shipments: strings.Join(ids, ",")})
	if err == nil && !bytes.HasPrefix(res.Body, []byte("%PDF-")) {
		err = errors.New(string(res.Body))
	}
	if err != nil {
		http.Error(w, "The API does not print them: "+err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="labels.pdf"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(res.Body) // to a browser that may have gone
}
