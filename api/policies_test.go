package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	call := func(method, url, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, scenario{role: "operator", method: method, url: "/api/v1/policies" + url, body: body}.request())
		return w
	}
	rest := `"never_deposited":60,"partial_enough":5,"ready_delay":1,"objection":1,"reopen":5,"proof":"closed"`
	whole := `"storage":20,"reminders":[10,5],"extension":10,"extensions":1,"withdrawal_overdue":5,"returned_after":5,"default_size":"S",` + rest
	w := call(http.MethodPut, "/brief", "{"+whole+"}")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.JSONEq(t, `{"name":"brief","version":2,`+whole+"}", w.Body.String(), "what is set comes back")
	w = call(http.MethodGet, "", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"name":"express"`)

	for body, pointer := range map[string]string{
		`{"storage":20,"reminders":[20],` + rest + `}`:   "/reminders/0",
		`{"storage":20,"reminders":[5,10],` + rest + `}`: "/reminders/1",
		`{"storage":20,"extensions":1,` + rest + `}`:     "/extension",
		`{"storage":0,` + rest + `}`:                     "/storage",
		`{"storage":9,"default_size":"XS",` + rest + `}`: "/default_size",
		`{"storage":20,"withdrawal":1,` + rest + `}`:     "/withdrawal",
		`{` + rest + `}`: "/storage",
	} {
		w := call(http.MethodPut, "/brief", body)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", body, w.Body)
		require.Contains(t, w.Body.String(), `"pointer":"`+pointer+`"`, body)
	}
	require.Equal(t, http.StatusBadRequest, call(http.MethodPut, "/Brief%20one", "{"+whole+"}").Code)
}
