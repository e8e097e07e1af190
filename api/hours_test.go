package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHours(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	put := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, scenario{role: "operator", method: http.MethodPut, url: "/api/v1/locations/" + string(locID) + "/hours", body: body}.request())
		return w
	}
	// What is set comes back as it was.
	body := `{"hours":{"week":{"monday":[{"from":"08:00","to":"12:00"},{"from":"13:00","to":"24:00"}],"sunday":[]},
		"exceptions":[{"date":"2026-12-25","open":[]},{"date":"2026-12-31","open":[{"from":"08:00","to":"12:00"}]}]},
		"quiet_hours":{"from":"21:00","to":"08:00"}}`
	w := put(body)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var sent, got map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(body), &sent))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	for name := range sent {
		require.JSONEq(t, string(sent[name]), string(got[name]))
	}
	w = put(`{}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.NotContains(t, w.Body.String(), "hours")

	for body, pointer := range map[string]string{
		`{"hours":{"week":{"monday":[{"from":"12:00","to":"08:00"}]}}}`:                        "/hours/week/monday/0",
		`{"hours":{"week":{"monday":[{"from":"8:00","to":"12:00"}]}}}`:                         "/hours/week/monday/0/from",
		`{"hours":{"week":{"montag":[]}}}`:                                                     "/hours/week/montag",
		`{"hours":{"week":{},"exceptions":[{"date":"2026-02-30","open":[]}]}}`:                 "/hours/exceptions/0/date",
		`{"quiet_hours":{"from":"21:00","to":"21:00"}}`:                                        "/quiet_hours",
		`{"hours":{"week":{},"exceptions":[{"date":"2026-02-03","open":[{"from":"08:00"}]}]}}`: "/hours/exceptions/0/open/0/to",
	} {
		w := put(body)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", body, w.Body)
		require.Contains(t, w.Body.String(), `"pointer":"`+pointer+`"`, body)
	}
}
