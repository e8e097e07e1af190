package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabelsOfAShipment(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	base := "/api/v1/shipments/" + string(shipID) + "/labels."
	for _, role := range []string{"carrier", "shop", "operator"} {
		w := get(role, base+"pdf", 200, "%PDF-").run(t, h)
		require.Equal(t, "application/pdf", w.Header().Get("Content-Type"))
		w = get(role, base+"zpl", 200, "^XA", "CBABCDEFGH2345").run(t, h)
		require.Equal(t, "application/zpl", w.Header().Get("Content-Type"))
	}
	one, sheet := get("carrier", base+"pdf", 200).run(t, h).Body.Len(), "/api/v1/labels.pdf?shipments="+string(shipID)
	two := get("carrier", sheet+","+string(shipID), 200, "%PDF-", "/Count 2").run(t, h)
	require.Equal(t, "application/pdf", two.Header().Get("Content-Type"))
	require.Greater(t, two.Body.Len(), one)
	get("carrier", sheet+",", 400).run(t, h)
	get("carrier", "/api/v1/labels.pdf", 400).run(t, h)
	get("carrierB", sheet, 404).run(t, h)
	get("carrierB", base+"pdf", 404).run(t, h)
	get("carrierB", base+"zpl", 404).run(t, h)
	get("carrier", base+"png", 404).run(t, h)
	get("carrier", "/api/v1/shipments/none/labels.pdf", 404).run(t, h)
}
