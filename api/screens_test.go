package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScreens(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	call := func(method, url, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, scenario{role: "operator", method: method, url: "/api/v1" + url, body: body}.request())
		return w
	}
	network, locker := "/network/screen", "/lockers/"+string(lockerView().Locker.ID)+"/screen"
	const whole = `{"languages":["ru","en"],"phone":"+4930123456","operator":"o","colour":"#003a70","notices":{"en":"Closed on 1 May."},
		"logo":"data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="}`
	w := call(http.MethodPut, network, whole)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.JSONEq(t, whole, w.Body.String(), "what is set comes back")
	w = call(http.MethodGet, network, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.JSONEq(t, `{"phone":"112"}`, w.Body.String())

	w = call(http.MethodPut, locker, `{"operator":"p"}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.JSONEq(t, `{"own":{"operator":"p"},"shown":{"operator":"p","phone":"112"},"quiet_hours":{"from":"22:00","to":"07:00"}}`, w.Body.String())
	w = call(http.MethodGet, locker, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.JSONEq(t, `{"own":{},"shown":{"phone":"112"},"quiet_hours":{"from":"22:00","to":"07:00"}}`, w.Body.String())
	require.Equal(t, http.StatusNotFound, call(http.MethodGet, "/lockers/x/screen", "").Code)
	require.Equal(t, http.StatusNotFound, call(http.MethodPut, "/lockers/x/screen", "{}").Code)

	for body, says := range map[string]string{
		`{"colour":"#767676"}`:    `neither black nor white text on it reaches a contrast of 7:1`,
		`{"languages":["gr"]}`:    `"pointer":"/languages/0"`,
		`{"phone":"030 123"}`:     `"pointer":"/phone"`,
		`{"logo":"https://a.b/"}`: `"pointer":"/logo"`,
		`{"logo":"data:image/png;base64,` + strings.Repeat("A", 24<<10) + `"}`: `"pointer":"/logo"`,
		`{"quiet":{"from":"22:00","to":"07:00"}}`:                              `"pointer":"/quiet"`,
	} {
		for _, url := range []string{network, locker} {
			w := call(http.MethodPut, url, body)
			require.Equal(t, http.StatusBadRequest, w.Code, w.Body)
			require.Contains(t, w.Body.String(), says)
		}
	}
}
