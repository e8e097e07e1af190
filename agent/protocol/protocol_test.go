package protocol_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

func TestEncodeDecode(t *testing.T) {
	t.Parallel()
	for kind, body := range map[protocol.Type]any{
		protocol.TypeHello: &protocol.Hello{Agent: "1", Min: 1, Max: 1, Epoch: 2, Seq: 3, Hash: "h", Boot: "b", Nonce: "n",
			Clock: models.ClockGuessed, NowMS: 5, Cursor: protocol.Cursor{"network": 1}},
		protocol.TypeContinueFrom:     &protocol.ContinueFrom{Protocol: 1, Epoch: 2, Seq: 3, NowMS: 4},
		protocol.TypeNewEpoch:         &protocol.NewEpoch{Protocol: 1, Epoch: 2, NowMS: 3, Reason: "r"},
		protocol.TypeAsk:              &protocol.Ask{Operation: "op_1", Kind: models.Pickup, Shipment: "shp_1", Cells: []models.OpenCell{{Cell: 1, Generation: 2, Parcel: "par_1"}}, ValidForMS: 9},
		protocol.TypeAnswer:           &protocol.Answer{Operation: "op_1", Verdict: protocol.Refused, Reason: "r"},
		protocol.TypeCommand:          &protocol.Command{ID: "cmd_1", Open: models.OpenInput{Locker: "lkr_1", Operation: "op_1"}},
		protocol.TypeResult:           &protocol.Result{ID: "cmd_1", Operation: "op_1", Result: models.OpenResult{Outcome: models.Opened}, Epoch: 1, Seq: 2},
		protocol.TypeHeartbeat:        &protocol.Heartbeat{Epoch: 1, Seq: 2, Digest: "d"},
		protocol.TypeDirectoryChanged: &protocol.DirectoryChanged{Cursor: protocol.Cursor{"network": 7}},
		protocol.TypeError:            &protocol.Problem{Code: models.CodeMalformedFrame, Detail: "d"},
	} {
		frame, err := protocol.Encode(kind, body)
		require.NoError(t, err)
		m, err := protocol.Decode(frame)
		require.NoError(t, err)
		require.Equal(t, kind, m.Type)
		got := map[string]any{}
		require.NoError(t, m.Into(&got))
		want, err := json.Marshal(body)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(m.Body))
	}
	_, err := protocol.Encode(protocol.TypeHello, func() {})
	require.Error(t, err)
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, frame := range map[string][]byte{
		"nothing": nil, "no JSON": []byte("x"), "list": []byte("[]"), "no type": []byte(`{"body":{}}`), "type is a number": []byte(`{"type":1}`),
		"over the limit": bytes.Repeat([]byte(" "), protocol.MaxMessage+1),
	} {
		_, err := protocol.Decode(frame)
		require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err), name)
	}
	for _, frame := range []string{`{"type":"hello"}`, `{"type":"hello","body":[]}`, `{"type":"hello","body":{"last_seq":"1"}}`} {
		m, err := protocol.Decode([]byte(frame))
		require.NoError(t, err)
		require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(m.Into(&protocol.Hello{})))
	}
}

// A newer side's fields are ignored.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	t.Parallel()
	m, err := protocol.Decode([]byte(`{"type":"heartbeat","later":1,"body":{"epoch":4,"mood":"good"}}`))
	require.NoError(t, err)
	var h protocol.Heartbeat
	require.NoError(t, m.Into(&h))
	require.Equal(t, int64(4), h.Epoch)
}

func TestCursor(t *testing.T) {
	t.Parallel()
	c := protocol.Cursor{"network": 4, "locker:lkr_1": 12, "organization:org_1": 0}
	require.Equal(t, "locker:lkr_1=12,network=4,organization:org_1=0", c.String())
	back, err := protocol.ParseCursor(c.String())
	require.NoError(t, err)
	require.Equal(t, c, back)
	back, err = protocol.ParseCursor("")
	require.NoError(t, err)
	require.Empty(t, back)
	for _, s := range []string{"network", "network=", "=1", "network=-1", "network=1,", "network=1x", "network=99999999999999999999"} {
		_, err := protocol.ParseCursor(s)
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err), s)
	}
}

func TestInventoryDigest(t *testing.T) {
	t.Parallel()
	cells := []models.CellReport{
		{Cell: 1, State: models.CellFree, Generation: 3},
		{Cell: 2, State: models.CellOccupied, Generation: 1, Shipment: "shp_1"},
		{Cell: 10, State: models.CellFree, Doubtful: true},
	}
	digest := protocol.InventoryDigest(cells)
	require.Len(t, digest, 64)
	turned := slices.Clone(cells)
	slices.Reverse(turned)
	require.Equal(t, digest, protocol.InventoryDigest(turned), "the order of the list does not matter")
	require.Equal(t, 10, turned[0].Cell, "the list itself is not sorted")
	for name, change := range map[string]func(c *models.CellReport){
		"state":      func(c *models.CellReport) { c.State = models.CellReserved },
		"doubt":      func(c *models.CellReport) { c.Doubtful = !c.Doubtful },
		"generation": func(c *models.CellReport) { c.Generation++ },
		"shipment":   func(c *models.CellReport) { c.Shipment = "shp_2" },
		"number":     func(c *models.CellReport) { c.Cell = 99 },
	} {
		other := slices.Clone(cells)
		change(&other[1])
		require.NotEqual(t, digest, protocol.InventoryDigest(other), name)
	}
	// The published form, so that another implementation can be tested against it.
	require.Equal(t, "a444f294c7b011ad54673b5e8ad39cba7d4bebe2e52f97e6e87d4035b24c62f3",
		protocol.InventoryDigest([]models.CellReport{{Cell: 1, State: models.CellFree, Generation: 3}}))
}

// bodies makes an empty body of each type.
func bodies() map[protocol.Type]func() any {
	return map[protocol.Type]func() any{
		protocol.TypeHello:            func() any { return new(protocol.Hello) },
		protocol.TypeContinueFrom:     func() any { return new(protocol.ContinueFrom) },
		protocol.TypeNewEpoch:         func() any { return new(protocol.NewEpoch) },
		protocol.TypeCommand:          func() any { return new(protocol.Command) },
		protocol.TypeResult:           func() any { return new(protocol.Result) },
		protocol.TypeHeartbeat:        func() any { return new(protocol.Heartbeat) },
		protocol.TypeDirectoryChanged: func() any { return new(protocol.DirectoryChanged) },
		protocol.TypeAsk:              func() any { return new(protocol.Ask) },
		protocol.TypeAnswer:           func() any { return new(protocol.Answer) },
		protocol.TypeError:            func() any { return new(protocol.Problem) },
	}
}

// FuzzDecode: no frame of any type panics, what is refused is a malformed_frame, and what
// decodes says the same after it went over the line once more.
func FuzzDecode(f *testing.F) {
	for _, frame := range []string{
		`{"type":"hello","body":{"agent":"1","protocol_min":1,"protocol_max":1,"epoch":1,"last_seq":2,"last_hash":"x","boot":"b","nonce":"n","clock":"guessed","now_ms":5,"cursor":{"network":1}}}`,
		`{"type":"hello","body":{"last_seq":"1"}}`,
		`{"type":"hello","body":null}`,
		`{"type":"hello"}`,
		`{"type":"hello","body":` + strings.Repeat("[", 100),
		`{"type":"continue_from","body":{"protocol":1,"epoch":2,"seq":3,"now_ms":4}}`,
		`{"type":"continue_from","body":{"seq":1e3}}`,
		`{"type":"new_epoch","body":{"protocol":1,"epoch":2,"now_ms":3,"reason":"r"}}`,
		`{"type":"new_epoch","body":{"epoch":9223372036854775808}}`,
		`{"type":"ask","body":{"operation":"op_1","kind":"pickup","shipment":"shp_1","cells":[{"cell":1,"generation":2,"parcel":"par_1"}],"valid_for_ms":9}}`,
		`{"type":"ask","body":{"cells":{"cell":1}}}`,
		`{"type":"answer","body":{"operation":"op_1","verdict":"refused","reason":"r"}}`,
		`{"type":"answer","body":{"verdict":1}}`,
		`{"type":"command","body":{"id":"cmd_1","open":{"locker":"lkr_1","operation":"op_1","kind":"deposit","cells":[{"cell":1}]}}}`,
		`{"type":"command","body":{"id":"cmd_1","open":{},"remote":{"grant":"e30=","signer":"s","signature":"AA=="}}}`,
		`{"type":"command","body":{"remote":{"grant":"not base 64"}}}`,
		`{"type":"result","body":{"id":"cmd_1","operation":"op_1","result":{"outcome":"opened","cells":[{"cell":1,"outcome":"opened"}]},"epoch":1,"seq":2}}`,
		`{"type":"result","body":{"result":[]}}`,
		`{"type":"heartbeat","body":{"epoch":1,"last_seq":2,"inventory_digest":"d"}}`,
		`{"type":"heartbeat","body":{"inventory_digest":{}}}`,
		`{"type":"directory_changed","body":{"cursor":{"network":7}}}`,
		`{"type":"directory_changed","body":{"cursor":{"network":-1.5}}}`,
		`{"type":"error","body":{"code":"malformed_frame","detail":"d"}}`,
		`{"type":"error","body":[]}`,
		`{"type":"teleport","body":{}}`, `{"type":"","body":{}}`, `{"type":1}`, `[]`, ``, "\xff",
	} {
		f.Add([]byte(frame))
	}
	of := bodies()
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := protocol.Decode(frame)
		if err != nil {
			require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err))
			return
		}
		require.NotEmpty(t, m.Type)
		body, ok := of[m.Type]
		if !ok {
			return
		}
		first := body()
		if err := m.Into(first); err != nil {
			require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err))
			return
		}
		again, err := protocol.Encode(m.Type, first)
		require.NoError(t, err)
		m2, err := protocol.Decode(again)
		if len(again) > protocol.MaxMessage { // escapes may make it longer
			require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err))
			return
		}
		require.NoError(t, err)
		require.Equal(t, m.Type, m2.Type)
		second := body()
		require.NoError(t, m2.Into(second))
		same, err := protocol.Encode(m.Type, second)
		require.NoError(t, err)
		require.Equal(t, string(again), string(same))
	})
}

// FuzzCursor: what parses comes out the same.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "network=1", "a=1,b=2", "a=1,a=2", "=,=", "a=+1", "a=b=3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := protocol.ParseCursor(s)
		if err != nil {
			return
		}
		again, err := protocol.ParseCursor(c.String())
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}
