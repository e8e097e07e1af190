package cabinets_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/cmd/cubby-demo/cabinets"
	"cubby/models"
)

// TestAnotherJournalAtTheGateway: an answer that names another place than the end of the
// batch has the cabinet say hello anew, not send for ever.
func TestAnotherJournalAtTheGateway(t *testing.T) {
	t.Parallel()
	const id = models.LockerID("lkr_00000000000000000000000001")
	for name, reply := range map[string]protocol.JournalReply{
		"further on": {Epoch: 1, Seq: 1000}, "a later epoch": {Epoch: 7, Seq: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hellos, uploads atomic.Int64
			mux := http.NewServeMux()
			mux.HandleFunc("GET "+protocol.PathStream, func(w http.ResponseWriter, r *http.Request) {
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
					if m, _ := protocol.Decode(frame); m.Type == protocol.TypeHello {
						hellos.Add(1)
						frame, _ := protocol.Encode(protocol.TypeContinueFrom, protocol.ContinueFrom{Protocol: 1, Epoch: 1})
						_ = conn.Write(r.Context(), websocket.MessageText, frame)
					}
				}
			})
			mux.HandleFunc("POST "+protocol.PathJournal, func(w http.ResponseWriter, _ *http.Request) {
				uploads.Add(1)
				_ = json.NewEncoder(w).Encode(reply)
			})
			mux.HandleFunc("GET "+protocol.PathDirectory, func(w http.ResponseWriter, _ *http.Request) {
				body, _ := json.Marshal(models.DirectoryLayout{Locker: id, Cells: []models.LayoutCell{{Number: 1, Size: models.SizeS}}})
				_ = json.NewEncoder(w).Encode(protocol.DirectoryReply{
					Entries: []protocol.Entry{{Kind: models.EntryLayout, Key: string(id), Body: body}},
				})
			})
			srv := httptest.NewServer(mux)
			set := cabinets.New(cabinets.Config{
				Dir: t.TempDir(), GatewayURL: srv.URL, Lockers: []models.LockerID{id},
				Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Random: rand.Reader, Client: srv.Client(),
			})
			require.NoError(t, set.Start(t.Context()))
			t.Cleanup(func() {
				set.Stop()
				srv.Close()
			})
			require.Eventually(t, func() bool { return hellos.Load() >= 3 }, 10*time.Second, 5*time.Millisecond)
			require.LessOrEqual(t, uploads.Load(), 2*hellos.Load(), "one try for each hello")
		})
	}
}
