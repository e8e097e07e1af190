package hands

import (
	"bytes"
	"html/template"
	"net/http"
)

// index serves the page; its script draws the cabinets from the same API.
func (h *Hands) index(w http.ResponseWriter, r *http.Request) {
	t, err := template.ParseFS(page, "page/index.html")
	if err != nil {
		h.fail(w, r, err)
		return
	}
	var out bytes.Buffer
	if err := t.Execute(&out, struct{ Lockers []lockerView }{h.list(r.Context())}); err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'self'")
	_, _ = w.Write(out.Bytes()) // the caller went away
}

func (h *Hands) asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := page.ReadFile(name)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(raw) // the caller went away
	}
}
