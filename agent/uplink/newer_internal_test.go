package uplink

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
)

// further is a message as a newer server might write it: each object in it says more.
func further(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if key != "cursor" { // its keys are scopes, of which there may be any
				v[key] = further(value)
			}
		}
		v["a_later_field"] = map[string]any{"of": []any{"a", 2.0, nil}}
	case []any:
		for i := range v {
			v[i] = further(v[i])
		}
	}
	return v
}

// TestNewerServer: fields that are not known here change nothing of what a message says.
func TestNewerServer(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../protocol/testdata/session-1.jsonl")
	require.NoError(t, err)
	seen := map[protocol.Type]bool{}
	for line := range bytes.Lines(raw) {
		var said struct {
			From  string
			Frame map[string]any
		}
		require.NoError(t, json.Unmarshal(line, &said))
		if said.From != "server" || said.Frame == nil {
			continue
		}
		frame, err := json.Marshal(said.Frame)
		require.NoError(t, err)
		want, err := decode(frame)
		require.NoError(t, err)
		if frame, err = json.Marshal(further(said.Frame)); err != nil {
			t.Fatal(err)
		}
		require.Contains(t, string(frame), "a_later_field")
		got, err := decode(frame)
		require.NoError(t, err, "%s", frame)
		require.Equal(t, want, got)
		seen[protocol.Type(said.Frame["type"].(string))] = true
	}
	for _, kind := range []protocol.Type{protocol.TypeContinueFrom, protocol.TypeNewEpoch, protocol.TypeAnswer, protocol.TypeCommand,
		protocol.TypeDirectoryChanged, protocol.TypeError} {
		require.True(t, seen[kind], kind)
	}
}
