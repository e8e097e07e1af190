package session_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/agent/protocol/session"
	"cubby/models"
)

// FuzzGreet: whatever a hello says, it is refused with a documented code, or the answer
// leads both sides to one place: a version that both speak, and a journal that neither
// loses facts nor uses a number twice.
func FuzzGreet(f *testing.F) {
	for _, hello := range []string{
		`{"protocol_min":1,"boot":"b","protocol_max":1,"epoch":3,"last_seq":7,"last_hash":"h"}`,
		`{"protocol_min":1,"boot":"b","protocol_max":9,"epoch":3,"last_seq":9,"last_hash":"x","cursor":{"network":1}}`,
		`{"protocol_min":1,"boot":"b","protocol_max":1,"epoch":3,"last_seq":7,"last_hash":"other"}`,
		`{"protocol_min":1,"boot":"b","protocol_max":1,"epoch":3,"last_seq":6,"last_hash":"g"}`,
		`{"protocol_min":1,"boot":"b","protocol_max":1,"epoch":4,"last_seq":0,"last_hash":""}`,
		`{"protocol_min":1,"boot":"b","protocol_max":1,"epoch":1,"last_seq":7,"last_hash":""}`,
		`{"protocol_min":2,"protocol_max":1}`,
		`{"protocol_min":7,"protocol_max":9}`,
		`{"protocol_min":-9223372036854775808,"protocol_max":9223372036854775807,"epoch":9223372036854775807}`,
		`{}`, `null`, `[]`,
	} {
		f.Add([]byte(hello), int64(3), int64(7), "h")
		f.Add([]byte(hello), int64(0), int64(0), "")
	}
	f.Fuzz(func(t *testing.T, body []byte, epoch, seq int64, hash string) {
		var h protocol.Hello
		if (protocol.Message{Body: body}).Into(&h) != nil {
			return
		}
		// The server's own head: no epoch comes near the end of the numbers by itself.
		head := models.Head{Epoch: max(0, epoch&(1<<62-1)), Seq: max(0, seq), Hash: hash}
		g, err := session.Greet(h, head, now())
		common := h.Min <= protocol.Version && h.Max >= protocol.VersionMin && h.Min <= h.Max
		if err != nil {
			code := models.ErrorCode(err)
			require.Contains(t, []models.Code{models.CodeInvalid, models.CodeMalformedFrame}, code)
			require.Equal(t, !common, code == models.CodeInvalid, "invalid_request tells of the versions alone")
			return
		}
		require.True(t, common)
		require.True(t, h.Min <= g.Version && g.Version <= h.Max && protocol.VersionMin <= g.Version && g.Version <= protocol.Version)
		switch b := g.Body.(type) {
		case protocol.ContinueFrom:
			require.Equal(t, protocol.TypeContinueFrom, g.Type)
			require.Equal(t, []int64{int64(g.Version), h.Epoch, now().UnixMilli()}, []int64{int64(b.Protocol), b.Epoch, b.NowMS})
			require.True(t, 0 <= b.Seq && b.Seq <= h.Seq, "a cabinet goes on from what it has")
			require.GreaterOrEqual(t, b.Epoch, head.Epoch)
			if b.Epoch == head.Epoch {
				require.Equal(t, head.Seq, b.Seq, "nothing is asked for twice or left out")
			} else {
				require.Zero(t, b.Seq)
			}
		case protocol.NewEpoch:
			require.Equal(t, protocol.TypeNewEpoch, g.Type)
			require.Equal(t, []int64{int64(g.Version), now().UnixMilli()}, []int64{int64(b.Protocol), b.NowMS})
			require.Greater(t, b.Epoch, max(head.Epoch, h.Epoch), "no number is used twice")
			require.NotEmpty(t, b.Reason)
		default:
			require.Fail(t, "no answer to a hello", "%#v", g.Body)
		}
		_, err = protocol.Encode(g.Type, g.Body)
		require.NoError(t, err)
	})
}

// FuzzAsk: an ask that reaches a workflow is for the connected cabinet, within every limit,
// and ends no later than the cabinet waits.
func FuzzAsk(f *testing.F) {
	good, err := json.Marshal(ask())
	require.NoError(f, err)
	f.Add(good)
	for _, change := range [][2]string{
		{`"pickup"`, `"deposit"`}, {`"pickup"`, `"withdrawal"`}, {`"pickup"`, `"remote_open"`}, {`"pickup"`, `"check"`},
		{`op_`, `shp_`}, {`shp_0`, `shp_o`}, {`500`, `0`}, {`500`, `-1`}, {`500`, `9223372036854775807`}, {`500`, `2001`}, {`[{`, `[{},{`},
		{`"cells":[`, `"cells":[` + strings.Repeat("{},", 50)}, {`"cell":1`, `"cell":-1`}, {`{"operation"`, `{"locker":"lkr_other","operation"`},
	} {
		require.Contains(f, string(good), change[0])
		f.Add([]byte(strings.Replace(string(good), change[0], change[1], 1)))
	}
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a protocol.Ask
		if (protocol.Message{Body: body}).Into(&a) != nil {
			return
		}
		in, err := session.Ask(a, "lkr_mine", "queue", now())
		if err != nil {
			require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err))
			require.Zero(t, in)
			return
		}
		require.Equal(t, models.AskInput{
			Operation: a.Operation, Kind: a.Kind, Locker: "lkr_mine", Queue: "queue", Cells: a.Cells, NotAfter: in.NotAfter,
		}, in)
		require.True(t, slices.Contains([]models.OperationKind{models.Deposit, models.Pickup, models.Withdrawal}, in.Kind))
		require.True(t, models.ValidID(models.PrefixOperation, string(in.Operation)) && models.ValidID(models.PrefixShipment, string(a.Shipment)))
		require.True(t, 1 <= len(in.Cells) && len(in.Cells) <= 50)
		require.True(t, in.NotAfter.After(now()))
		want := min(a.ValidForMS, protocol.AcceptTimeout.Milliseconds())
		require.Equal(t, time.Duration(want)*time.Millisecond, in.NotAfter.Sub(now()))
	})
}
