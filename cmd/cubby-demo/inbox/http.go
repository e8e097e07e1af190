package inbox

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
)

const (
	defaultLimit = 50
	maxLimit     = 200
	maxRequest   = 1 << 16
)

//go:embed assets
var assets embed.FS

// pagePolicy keeps the page to what this program serves.
const pagePolicy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"

// mailPolicy shows a foreign message without scripts, forms or anything from another host.
const mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

// Handler serves the pages and the API, all below /inbox/.
func (in *Inbox) Handler() http.Handler {
	pages := template.Must(template.ParseFS(assets, "assets/*.html"))
	static, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /inbox/api/messages", in.listMessages)
	mux.HandleFunc("DELETE /inbox/api/messages", in.deleteMessages)
	mux.HandleFunc("GET /inbox/api/messages/{id}", in.getMessage)
	mux.HandleFunc("GET /inbox/api/faults", in.getFaults)
	mux.HandleFunc("PUT /inbox/api/faults", in.putFaults)
	mux.HandleFunc("GET /inbox/{$}", func(w http.ResponseWriter, r *http.Request) { in.showList(w, r, pages) })
	mux.HandleFunc("GET /inbox/messages/{id}", func(w http.ResponseWriter, r *http.Request) { in.showMessage(w, r, pages) })
	mux.HandleFunc("GET /inbox/messages/{id}/html", in.showHTML)
	mux.Handle("GET /inbox/inbox.css", http.StripPrefix("/inbox/", http.FileServerFS(static)))
	mux.Handle("GET /inbox/inbox.js", http.StripPrefix("/inbox/", http.FileServerFS(static)))
	return mux
}

// messageList is a page of messages, oldest first.
type messageList struct {
	Items []Message `json:"items"`
	// Next is the "after" of the following page, where there is one.
	Next int64 `json:"next,omitempty"`
}

func (in *Inbox) listMessages(w http.ResponseWriter, r *http.Request) {
	want, err := readQuery(r.URL.Query())
	if err != nil {
		answerError(w, http.StatusBadRequest, err)
		return
	}
	list := messageList{Items: []Message{}}
	page, more := in.messages.page(want)
	list.Items = append(list.Items, page...)
	if more {
		list.Next = page[len(page)-1].ID
	}
	answer(w, http.StatusOK, list)
}

func readQuery(values url.Values) (query, error) {
	want := query{to: values.Get("to"), q: values.Get("q"), limit: defaultLimit}
	for name, field := range map[string]*int64{"after": &want.after, "before": &want.before} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return query{}, fmt.Errorf("%s must be the id of a message", name)
		}
		*field = n
	}
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return query{}, fmt.Errorf("limit must be between 1 and %d", maxLimit)
		}
		want.limit = n
	}
	return want, nil
}

// named finds the message that the path names.
func (in *Inbox) named(r *http.Request) (Message, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return Message{}, false
	}
	return in.messages.get(id)
}

func (in *Inbox) getMessage(w http.ResponseWriter, r *http.Request) {
	m, found := in.named(r)
	if !found {
		answerError(w, http.StatusNotFound, errors.New("no such message"))
		return
	}
	answer(w, http.StatusOK, m)
}

func (in *Inbox) deleteMessages(w http.ResponseWriter, _ *http.Request) {
	if err := in.messages.clear(); err != nil {
		answerError(w, http.StatusInternalServerError, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (in *Inbox) getFaults(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, in.faults.get())
}

func (in *Inbox) putFaults(w http.ResponseWriter, r *http.Request) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	decoder.DisallowUnknownFields()
	var wanted Faults
	if err := decoder.Decode(&wanted); err != nil {
		answerError(w, http.StatusBadRequest, err)
		return
	}
	if err := wanted.check(); err != nil {
		answerError(w, http.StatusBadRequest, err)
		return
	}
	in.faults.set(wanted)
	answer(w, http.StatusOK, wanted)
}

func answerError(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // to a client that may have gone
}
