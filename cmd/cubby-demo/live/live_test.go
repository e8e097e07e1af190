package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/live"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sites"
)

// mailed is a source with one message.
type mailed struct{}

func (mailed) Messages(context.Context, int) ([]live.Message, error) {
	return []live.Message{{Kind: "sms", ID: "1", To: "+12025550100", Text: "Code 1234 5678", At: time.Unix(1, 0)}}, nil
}

// begin serves a page whose cabinet is not there.
func begin(t *testing.T, free *atomic.Bool) string {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"items":[]}`)) }))
	t.Cleanup(api.Close)
	set := sites.New(sites.Config{})
	page := live.New(live.Config{
		Set: set, Locker: "lkr_1", LockerNumber: "L-001", Own: api.URL, Public: "http://127.0.0.1:8070/", TemporalUI: "http://127.0.0.1:8233", Namespace: "cubby",
		Operator: people.Operator{Service: people.Service{Base: api.URL, Key: "operator-key"}},
		Carrier:  people.Carrier{Service: people.Service{Base: api.URL, Key: "carrier-key"}},
		Badges:   []live.Badge{{Name: "A1", Badge: "BADGE", PIN: "1234"}}, Sources: []live.Source{mailed{}},
		Filling: func() live.Filling { return live.Filling{Free: free.Load()} }, Log: slog.New(slog.DiscardHandler),
	})
	server := httptest.NewServer(page.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(page.Close) // first: it ends the streams that the server waits for
	return server.URL
}

func post(t *testing.T, url string) (status int, detail string) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	defer response.Body.Close()
	var problem struct{ Detail string }
	_ = json.NewDecoder(response.Body).Decode(&problem)
	return response.StatusCode, problem.Detail
}

func TestActs(t *testing.T) {
	t.Parallel()
	var free atomic.Bool
	url := begin(t, &free)
	status, _ := post(t, url+"/live/acts/dance")
	require.Equal(t, http.StatusNotFound, status)
	status, detail := post(t, url+"/live/acts/announce")
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, detail, "L-001")
	status, _ = post(t, url+"/live/reset")
	require.Equal(t, http.StatusConflict, status, "this network has nothing to go back to")

	free.Store(true)
	status, _ = post(t, url+"/live/acts/announce")
	require.Equal(t, http.StatusAccepted, status)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/live/events", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var state live.State
	for in := bufio.NewScanner(response.Body); ; {
		require.True(t, in.Scan(), "the stream ended: %v", in.Err())
		raw, data := strings.CutPrefix(in.Text(), "data: ")
		if !data {
			continue
		}
		require.NoError(t, json.Unmarshal([]byte(raw), &state))
		if state.Act != nil && !state.Act.Running {
			break
		}
	}
	require.Contains(t, state.Act.Failed, "there is no cabinet")
	require.NotEmpty(t, state.Act.Advice)
	require.NotEmpty(t, state.Cabinets[0].Dark)
	require.Len(t, state.Messages, 1)
	curls := map[string]string{}
	for _, c := range state.Curls {
		curls[c.Act] = c.Text
	}
	require.Contains(t, curls["announce"], "/api/v1/shipments -H 'Authorization: Bearer carrier-key'")
	require.Contains(t, curls["deposit"], `curl -s -X POST http://127.0.0.1:8070/hands/lockers/L-001/scan -d '{"text":"BADGE"}'`)
	require.Contains(t, curls["cable"], "/line/cut")
	require.Contains(t, curls["resolve"], "operator-key")
}

func TestScreenOfNoCabinet(t *testing.T) {
	t.Parallel()
	var free atomic.Bool
	response, err := http.Get(begin(t, &free) + "/screen/lkr_2/view")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNotFound, response.StatusCode)
}
