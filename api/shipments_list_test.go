package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestListShipments(t *testing.T) {
	t.Parallel()
	p := &ports{}
	h := handler(p, nil, nil)
	get("shop", "/api/v1/shipments", 200, `"items":[{`, `"next_cursor":"`+string(shipID)+`"`).run(t, h)
	require.Equal(t, models.ShipmentQuery{Limit: 50}, p.listed)

	since := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	get("carrier", "/api/v1/shipments?state=expired&locker="+string(lockerID)+"&number=A-1&barcode=B%201&ends=12-4&limit=7"+
		"&updated_since=2026-03-01T10:00:00%2B01:00&cursor=1772366400000000-"+string(shipID), 200).run(t, h)
	require.True(t, since.Equal(*p.listed.UpdatedSince))
	p.listed.UpdatedSince = nil
	require.Equal(t, models.ShipmentQuery{
		State: models.StateExpired, Locker: lockerID, Number: "A-1", Barcode: "B 1", Ends: "12-4", Limit: 7,
		Cursor: "1772366400000000-" + string(shipID),
	}, p.listed)

	for role, name := range map[string]string{"carrier": "A-77", "carrierB": "B-5", "shop": "L-001"} {
		get(role, "/api/v1/shipments?locker="+name, 200).run(t, h)
		require.Equal(t, models.ShipmentQuery{Locker: lockerID, Limit: 50}, p.listed, name)
	}

	for _, wrong := range []string{"state=gone", "locker=A-78", "locker=B-5", "locker=", "ends=123", "updated_since=yesterday", "cursor=lkr_01hv0000000000000000000001",
		"limit=0", "limit=201", "number=", "order=asc"} {
		t.Run(wrong, func(t *testing.T) {
			get("carrier", "/api/v1/shipments?"+wrong, 400, `"invalid_request"`).run(t, h)
		})
	}
	get("none", "/api/v1/shipments", 403).run(t, h)
}
