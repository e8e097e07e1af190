package inbox

import (
	"bytes"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// pageSize is how many messages the page lists.
const pageSize = 25

// listView is what the list page shows.
type listView struct {
	To, Q    string
	Items    []itemView
	Filtered bool
	Older    string // address of the older messages; empty without
	Newest   string // address of the first page; empty on it
}

// itemView is a message on a page.
type itemView struct {
	Message
	Link string
	Time string
	Back string // address of the list that it was opened from
}

func (in *Inbox) showList(w http.ResponseWriter, r *http.Request, pages *template.Template) {
	want, err := readQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	want.newest, want.limit = true, pageSize
	filter := url.Values{}
	if want.to != "" {
		filter.Set("to", want.to)
	}
	if want.q != "" {
		filter.Set("q", want.q)
	}
	view := listView{To: want.to, Q: want.q, Filtered: len(filter) > 0}
	page, more := in.messages.page(want)
	for _, m := range page {
		view.Items = append(view.Items, item(m, filter))
	}
	if want.before > 0 {
		view.Newest = "/inbox/" + suffix(filter)
	}
	if more {
		older := url.Values{"before": {strconv.FormatInt(page[len(page)-1].ID, 10)}}
		for name, values := range filter {
			older[name] = values
		}
		view.Older = "/inbox/" + suffix(older)
	}
	render(w, pages, "list.html", view)
}

func (in *Inbox) showMessage(w http.ResponseWriter, r *http.Request, pages *template.Template) {
	m, found := in.named(r)
	if !found {
		w.WriteHeader(http.StatusNotFound)
		render(w, pages, "missing.html", nil)
		return
	}
	filter := url.Values{}
	for _, name := range []string{"to", "q"} {
		if value := r.URL.Query().Get(name); value != "" {
			filter.Set(name, value)
		}
	}
	render(w, pages, "message.html", item(m, filter))
}

// showHTML is the frame with the message as its sender styled it.
func (in *Inbox) showHTML(w http.ResponseWriter, r *http.Request) {
	m, found := in.named(r)
	if !found || m.HTML == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, m.HTML) // to a browser that may have gone
}

func item(m Message, filter url.Values) itemView {
	return itemView{
		Message: m,
		Link:    "/inbox/messages/" + strconv.FormatInt(m.ID, 10) + suffix(filter),
		Time:    m.At.Local().Format(time.DateTime),
		Back:    "/inbox/" + suffix(filter),
	}
}

func suffix(values url.Values) string {
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

func render(w http.ResponseWriter, pages *template.Template, name string, view any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = page.WriteTo(w) // to a browser that may have gone
}
