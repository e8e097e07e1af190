package cabinet_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// TestADirectoryOfANewerServer: entries of a kind that is not known are passed over, and so are fields.
func TestADirectoryOfANewerServer(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	raw, err := json.Marshal(shipment("shp_1", policy(), models.SizeS))
	require.NoError(t, err)
	var body map[string]any
	require.NoError(t, json.Unmarshal(raw, &body))
	body["colour"] = map[string]any{"of": "wrapping"}
	body["parcels"].([]any)[0].(map[string]any)["scent"] = "pine"
	raw, err = json.Marshal(body)
	require.NoError(t, err)
	r.do(cabinet.DirectoryEntries{DirectoryReply: protocol.DirectoryReply{
		Entries: []protocol.Entry{
			{Kind: "tariff_2", Key: "x", Body: json.RawMessage(`{"price":1}`)},
			{Kind: models.EntryShipment, Key: "shp_1", Body: raw},
			{Kind: "weather", Key: "y", Deleted: true},
		},
		Cursor: protocol.Cursor{"network": 9, "a_later_scope:1": 4},
	}})
	require.Equal(t, 1, r.load("shp_1-1"), "what came between is known")
	require.Equal(t, int64(4), r.state.Directory.Cursor["a_later_scope:1"], "and what was passed over is not asked for again")
}
