package people_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
)

// answers serves each request with the next handler; the last serves all that follow.
func answers(t *testing.T, handlers ...http.HandlerFunc) people.Service {
	t.Helper()
	next := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := handlers[min(next, len(handlers)-1)]
		next++
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	return people.Service{Base: srv.URL, Key: "secret", Client: srv.Client()}
}

func problem(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "detail": "because"})
	}
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func TestAnnounceIsRepeatedAsItWas(t *testing.T) {
	t.Parallel()
	var keys, bodies []string
	note := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(raw))
			next(w, r)
		}
	}
	service := answers(t,
		note(problem(http.StatusServiceUnavailable, "temporarily_unavailable")),
		note(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), // killed before its answer
		note(problem(http.StatusConflict, "request_in_progress")),
		note(body(`{"id":"shp_1","state":"created","parcels":[{"barcode":"B1"}]}`)))
	service.Persist = true
	s, err := people.Carrier{Service: service}.Announce(t.Context(), "k1", people.Announcement{Number: "N1", Locker: "lkr_1"})
	require.NoError(t, err)
	require.Equal(t, "shp_1", s.ID)
	require.Equal(t, []string{`"k1"`, `"k1"`, `"k1"`, `"k1"`}, keys)
	for _, b := range bodies {
		require.Equal(t, bodies[0], b)
		require.NotContains(t, b, "contact", "an empty contact is left out")
	}
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, refused := range []struct {
		status int
		code   string
	}{{http.StatusNotFound, "not_found"}, {http.StatusInternalServerError, "internal"}, {http.StatusConflict, "number_used"}} {
		service := answers(t, problem(refused.status, refused.code), body(`{"id":"shp_1"}`))
		service.Persist = true
		_, err := people.Carrier{Service: service}.Shipment(t.Context(), "shp_1")
		require.True(t, people.RefusedWith(err, refused.status, refused.code), "%v", err)
		require.ErrorContains(t, err, "GET /api/v1/shipments/shp_1: ")
	}
}

func TestWithoutPersistNothingIsRepeated(t *testing.T) {
	t.Parallel()
	service := answers(t, problem(http.StatusServiceUnavailable, "temporarily_unavailable"), body(`{}`))
	_, err := people.Carrier{Service: service}.Shipment(t.Context(), "shp_1")
	require.True(t, people.RefusedWith(err, http.StatusServiceUnavailable, "temporarily_unavailable"))
}

func TestEventsReadEveryPage(t *testing.T) {
	t.Parallel()
	service := answers(t,
		body(`{"items":[{"seq":0,"type":"shipment.created"},{"seq":1,"type":"shipment.in_transit"}],"next_cursor":"1"}`),
		func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("after") == "1" {
				body(`{"items":[{"seq":2,"type":"parcel.deposited"}]}`)(w, r)
			}
		})
	events, err := people.Carrier{Service: service}.Events(t.Context(), "shp_1")
	require.NoError(t, err)
	require.Equal(t, []string{"shipment.created", "shipment.in_transit", "parcel.deposited"}, people.EventTypes(events))
}

func TestAwaitSaysWhatItSaw(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	err := people.Await(ctx, "the moon", time.Nanosecond, func() (bool, string, error) {
		if asked++; asked == 3 {
			cancel()
		}
		return false, "the sun", nil
	})
	require.ErrorContains(t, err, "for the moon; seen last: the sun")
	err = people.Await(t.Context(), "the moon", time.Hour, func() (bool, string, error) { return false, "", errors.New("blind") })
	require.EqualError(t, err, "waiting for the moon: blind")
	require.NoError(t, people.Await(t.Context(), "the moon", time.Hour, func() (bool, string, error) { return true, "", nil }))
}
