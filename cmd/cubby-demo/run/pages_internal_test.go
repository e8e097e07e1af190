package run

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
)

// fakeAPI answers as the REST API does, and remembers what was announced.
type fakeAPI struct {
	*httptest.Server
	state     string
	refuse    int // status to refuse with
	announced people.Announcement
}

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	f := &fakeAPI{state: "created"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/shipments", func(w http.ResponseWriter, r *http.Request) {
		if f.refuse != 0 {
			f.problem(w, f.refuse, "no_capacity", "There is no room for it.")
			return
		}
		require.NoError(t, json.NewDecoder(r.Body).Decode(&f.announced))
		f.answer(w, http.StatusCreated)
	})
	mux.HandleFunc("GET /api/v1/shipments/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != "shp_1" {
			f.problem(w, http.StatusNotFound, "not_found", "There is no such shipment.")
			return
		}
		f.answer(w, http.StatusOK)
	})
	mux.HandleFunc("GET /api/v1/shipments/shp_1/events", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[{"seq":0,"type":"shipment.created","at":"2026-01-02T03:04:05Z"}]}`))
	})
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "Bearer cubby_carrier", r.Header.Get("Authorization"))
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeAPI) answer(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(people.Shipment{
		ID: "shp_1", Number: "DEMO-1", Locker: "lkr_2", State: f.state,
		Parcels: []people.Parcel{{Barcode: "CB<1>", Cell: 7}},
	})
}

func (f *fakeAPI) problem(w http.ResponseWriter, status int, code, detail string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "detail": detail})
}

func (f *fakeAPI) do(t *testing.T, method, target string, form url.Values) (*httptest.ResponseRecorder, *goquery.Document) {
	t.Helper()
	view := startView{
		Links: []link{{"Inbox", "http://127.0.0.1:8070/inbox/", "mail"}}, CarrierKey: "cubby_carrier", ShopKey: "cubby_shop",
		Lockers: []Locker{{ID: "lkr_1", Number: "L-001"}, {ID: "lkr_2", Number: "L-002"}}, Sizes: []string{"S", "M"}, Badge: "BADGE", PIN: "1234", Size: "M",
	}
	handler := newPages(view, people.Carrier{Service: people.Service{Base: f.URL, Key: "cubby_carrier"}})
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form.Encode()))
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, request)
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(w.Body.String()))
	require.NoError(t, err)
	return w, doc
}

func one(t *testing.T, doc *goquery.Document, id string) *goquery.Selection {
	t.Helper()
	found := doc.Find("[data-testid=" + id + "]")
	require.Equal(t, 1, found.Length(), id)
	return found
}

func TestStartPage(t *testing.T) {
	t.Parallel()
	w, doc := newFakeAPI(t).do(t, http.MethodGet, "/send", nil)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, pagePolicy, w.Header().Get("Content-Security-Policy"))
	require.Equal(t, "cubby_carrier", one(t, doc, "key").Text())
	require.Equal(t, "cubby_shop", one(t, doc, "shop-key").Text())
	require.Equal(t, "http://127.0.0.1:8070/inbox/", one(t, doc, "link").AttrOr("href", ""))
	require.Equal(t, 2, doc.Find("select[name=locker] option").Length())
	require.Equal(t, "M", doc.Find("select[name=size] option[selected]").Text())
	for _, file := range []string{"/start.css", "/parcel.js"} {
		w, _ := newFakeAPI(t).do(t, http.MethodGet, file, nil)
		require.Equal(t, http.StatusOK, w.Code)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	api := newFakeAPI(t)
	form := url.Values{"email": {" me@example.com "}, "locker": {"lkr_2"}, "size": {"S"}}
	w, _ := api.do(t, http.MethodPost, "/parcels", form)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/parcels/shp_1", w.Header().Get("Location"))
	require.True(t, strings.HasPrefix(api.announced.Number, "DEMO-"))
	require.Equal(t, "lkr_2", api.announced.Locker)
	require.Equal(t, "me@example.com", api.announced.Contact.Email)
	require.Equal(t, []people.NewParcel{{Size: "S"}}, api.announced.Parcels)
}

func TestSendRefused(t *testing.T) {
	t.Parallel()
	api := newFakeAPI(t)
	for _, bad := range []string{"", "nobody", "Me <me@example.com>"} {
		w, doc := api.do(t, http.MethodPost, "/parcels", url.Values{"email": {bad}})
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Contains(t, one(t, doc, "error").Text(), "e-mail address")
	}
	form := url.Values{"email": {"me@example.com"}, "locker": {"lkr_2"}, "size": {"S"}}
	api.refuse = http.StatusConflict
	w, doc := api.do(t, http.MethodPost, "/parcels", form)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Equal(t, "The API refused: There is no room for it (no_capacity).", one(t, doc, "error").Text())
	require.Equal(t, "me@example.com", doc.Find("input[name=email]").AttrOr("value", ""), "what was typed is kept")
	require.Equal(t, "L-002", doc.Find("select[name=locker] option[selected]").Text())
	api.Close()
	w, doc = api.do(t, http.MethodPost, "/parcels", form)
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.Contains(t, one(t, doc, "error").Text(), "does not answer")
}

func TestParcelPage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		state      string
		done       int
		now        string
		live, over bool
	}{
		{"created", 1, "A courier puts it into a cell", true, false},
		{"in_transit", 1, "A courier puts it into a cell", true, false},
		{"loading", 2, "The pickup code is sent", true, false},
		{"ready_for_pickup", 3, "You pick it up", true, false},
		{"expired", 3, "You pick it up", true, false},
		{"picked_up", 4, "", false, true},
		{"withdrawing", 0, "", true, false},
		{"cancelled", 0, "", false, true},
	}
	for _, test := range tests {
		t.Run(test.state, func(t *testing.T) {
			t.Parallel()
			api := newFakeAPI(t)
			api.state = test.state
			w, doc := api.do(t, http.MethodGet, "/parcels/shp_1", nil)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, test.state, one(t, doc, "state").Text())
			require.Equal(t, test.done, doc.Find("[data-testid=step].done").Length())
			require.Equal(t, test.now, doc.Find("[data-testid=step].now h3").Text())
			require.Equal(t, test.live, doc.Find("#progress[data-live]").Length() == 1)
			require.Equal(t, test.over, doc.Find("[data-testid=over]").Length() == 1)
			require.Contains(t, one(t, doc, "event").Text(), "shipment.created")
			switch test.state {
			case "created":
				require.Equal(t, "CB<1>", one(t, doc, "barcode").Text())
				require.Equal(t, "/hands/?locker=lkr_2", one(t, doc, "hands").AttrOr("href", ""))
				require.Equal(t, "hands of locker L-002", one(t, doc, "hands").Text())
			case "ready_for_pickup":
				require.Equal(t, "/inbox/?q=DEMO-1", one(t, doc, "inbox").AttrOr("href", ""))
				require.Contains(t, doc.Find(".now").Text(), "cell 7")
			}
		})
	}
}

func TestParcelPageWithoutParcel(t *testing.T) {
	t.Parallel()
	api := newFakeAPI(t)
	w, doc := api.do(t, http.MethodGet, "/parcels/shp_2", nil)
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Contains(t, one(t, doc, "error").Text(), "no such shipment")
}
