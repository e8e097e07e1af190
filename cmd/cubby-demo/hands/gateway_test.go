package hands_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

// gateway is the device side of a server in a few lines: real sockets and messages, and
// a policy of saying yes.
type gateway struct {
	*httptest.Server
	key models.CabinetKey

	mu       sync.Mutex
	head     models.Head
	facts    []models.Fact
	entries  []protocol.Entry
	results  []protocol.Result
	hellos   []protocol.Hello
	unready  int // answers of 503 before enrolment works
	strange  []protocol.Problem
	commands map[string]models.OpenInput
	conn     *websocket.Conn
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{key: models.CabinetKey{7}, unready: 1, commands: map[string]models.OpenInput{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+protocol.PathStream, g.stream)
	mux.HandleFunc("POST "+protocol.PathJournal, g.journal)
	mux.HandleFunc("GET "+protocol.PathDirectory, g.directory)
	mux.HandleFunc("POST "+protocol.PathEnroll, g.enroll)
	g.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		g.CloseClientConnections()
		g.Close()
	})
	return g
}

func (g *gateway) enroll(w http.ResponseWriter, r *http.Request) {
	var in protocol.EnrollRequest
	_ = json.NewDecoder(r.Body).Decode(&in)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unready > 0 {
		g.unready--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	sealed, err := models.SealCabinetKey(g.key, models.LockerID(r.Header.Get(protocol.HeaderLocker)), in.PublicKey)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(protocol.EnrollReply{Version: 1, Sealed: sealed})
}

func (g *gateway) journal(w http.ResponseWriter, r *http.Request) {
	var in protocol.JournalRequest
	_ = json.NewDecoder(r.Body).Decode(&in)
	g.mu.Lock()
	defer g.mu.Unlock()
	fresh, err := g.head.CheckChain(in.Facts)
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		return
	}
	g.facts = append(g.facts, fresh...)
	if n := len(fresh); n > 0 {
		g.head.Epoch, g.head.Seq, g.head.Hash = fresh[n-1].Epoch, fresh[n-1].Seq, fresh[n-1].Hash
	}
	_ = json.NewEncoder(w).Encode(protocol.JournalReply{Epoch: g.head.Epoch, Seq: g.head.Seq})
}

func (g *gateway) directory(w http.ResponseWriter, r *http.Request) {
	since, err := protocol.ParseCursor(r.URL.Query().Get("since"))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	scope := models.ScopeOfLocker(models.LockerID(r.Header.Get(protocol.HeaderLocker)))
	g.mu.Lock()
	defer g.mu.Unlock()
	// One entry a page, so that paging is used.
	at := int(since[scope])
	end := min(at+1, len(g.entries))
	_ = json.NewEncoder(w).Encode(protocol.DirectoryReply{
		Entries: g.entries[at:end], Cursor: protocol.Cursor{scope: int64(end)}, More: end < len(g.entries),
	})
}

func (g *gateway) stream(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for {
		_, frame, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		m, err := protocol.Decode(frame)
		if err != nil {
			return
		}
		g.message(r.Context(), conn, m)
	}
}

func (g *gateway) message(ctx context.Context, conn *websocket.Conn, m protocol.Message) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch m.Type {
	case protocol.TypeHello:
		var hello protocol.Hello
		_ = m.Into(&hello)
		g.hellos = append(g.hellos, hello)
		g.conn = conn
		send(ctx, conn, protocol.TypeContinueFrom, protocol.ContinueFrom{Protocol: 1, Epoch: g.head.Epoch, Seq: g.head.Seq})
		send(ctx, conn, "news_of_a_later_version", struct{}{})
	case protocol.TypeAsk:
		var ask protocol.Ask
		_ = m.Into(&ask)
		open := models.OpenInput{Operation: ask.Operation, Kind: ask.Kind, Shipment: ask.Shipment, Cells: ask.Cells}
		g.commands["cmd-"+string(ask.Operation)] = open
		send(ctx, conn, protocol.TypeAnswer, protocol.Answer{Operation: ask.Operation, Verdict: protocol.Accepted})
		send(ctx, conn, protocol.TypeCommand, protocol.Command{ID: "cmd-" + string(ask.Operation), Open: open})
	case protocol.TypeResult:
		var result protocol.Result
		_ = m.Into(&result)
		g.results = append(g.results, result)
	case protocol.TypeError:
		var p protocol.Problem
		_ = m.Into(&p)
		g.strange = append(g.strange, p)
	}
}

func send(ctx context.Context, conn *websocket.Conn, t protocol.Type, body any) {
	frame, err := protocol.Encode(t, body)
	if err == nil {
		_ = conn.Write(ctx, websocket.MessageText, frame)
	}
}

// tellDirectory adds an entry and says so on the stream.
func (g *gateway) tellDirectory(t *testing.T, kind models.DirectoryKind, key string, body any) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entries = append(g.entries, protocol.Entry{Kind: kind, Key: key, Body: raw})
	if g.conn != nil {
		send(t.Context(), g.conn, protocol.TypeDirectoryChanged, protocol.DirectoryChanged{})
	}
}

func (g *gateway) has(t models.FactType) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(g.facts, func(f models.Fact) bool { return f.Type == t })
}

func (g *gateway) outcomes() []models.OpenOutcome {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []models.OpenOutcome
	for _, r := range g.results {
		all = append(all, r.Result.Outcome)
	}
	return all
}
