package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

func TestAccessIsKeptSealed(t *testing.T) {
	t.Parallel()
	url := "/api/v1/locations/" + string(locID) + "/access"
	put := func(role, body string, status int, contains ...string) scenario {
		return scenario{name: role + body, role: role, method: http.MethodPut, url: url, body: body, status: status, contains: contains}
	}
	p := &ports{}
	h := handler(p, nil, nil)
	get("operator", url, 404).run(t, h)
	put("operator", `{"gate_codes":"4711#","steps":"Left","valid_until":"2026-06-01T00:00:00Z"}`, 200, `"gate_codes":"4711#"`).run(t, h)
	require.NotContains(t, string(p.access.Sealed), "4711")
	require.NotContains(t, string(p.access.Sealed), "Left")
	get("operator", url, 200, `"gate_codes":"4711#"`, `"steps":"Left"`, `"valid_until":"2026-06-01T00:00:00Z"`).run(t, h)
	get("carrier", url, 200, `"gate_codes":"4711#"`).run(t, h)
	get("carrierB", url, 404).run(t, h)
	get("shop", url, 404).run(t, h)
	get("host", url, 403).run(t, h)
	get("none", url, 403).run(t, h)
	get("operator", "/api/v1/locations/none/access", 404).run(t, h)
	put("carrier", `{}`, 403).run(t, h)
	put("operator", `{"valid_from":"2026-06-01T00:00:00Z","valid_until":"2026-06-01T00:00:00Z"}`, 400, "/valid_until").run(t, h)
	without := handler(p, nil, func(c *api.Config) { c.DataKey = nil })
	put("operator", `{}`, 503).run(t, without)
	get("operator", url, 503).run(t, without)
	other := handler(p, nil, func(c *api.Config) { c.DataKey = make(models.DataKey, models.DataKeyBytes) })
	s := get("operator", url, 500)
	s.lacks = []string{"4711"}
	s.run(t, other)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	body := `{"courier":"` + string(courierID) + `","date":"2026-03-01","stops":[{"locker":"` + string(lockerID) + `","bring":["` + string(shipID) + `"]}]}`
	post := func(role, body string, status int, contains ...string) scenario {
		return scenario{name: role + body, role: role, method: http.MethodPost, url: "/api/v1/routes", body: body, status: status, contains: contains}
	}
	p := &ports{}
	h := handler(p, nil, nil)
	post("carrier", body, 201, `"done":1`, `"failed":1`, `"left":1`, `"reason":"full"`, `"state":"left"`).run(t, h)
	require.Equal(t, models.Route{Courier: courierID, Date: "2026-03-01", Stops: []models.RouteStop{
		{Locker: lockerID, Bring: []models.ShipmentID{shipID}, Take: []models.ShipmentID{}},
	}}, p.route.Route)
	require.Empty(t, p.route.IdempotencyKey, "it may be left out")
	repeatable := post("carrier", body, 201)
	repeatable.headers = map[string]string{"Idempotency-Key": `"k"`}
	repeatable.run(t, h)
	require.Equal(t, "k", p.route.IdempotencyKey)
	require.Len(t, p.route.Fingerprint, 64)
	repeatable.headers["Idempotency-Key"], repeatable.status = `"k`, 400
	repeatable.run(t, h)
	for _, s := range []scenario{
		post("carrierB", body, 403),
		post("carrier", `{"courier":"x","date":"2026-02-30","stops":[]}`, 400, "/courier", "/stops"),
		post("carrier", `{"courier":"`+string(courierID)+`","date":"2026-02-30","stops":[{"locker":"`+string(lockerID)+`"}]}`, 400, "/date"),
		get("carrier", "/api/v1/routes/"+string(routeID), 200, `"date":"2026-03-01"`),
		get("shop", "/api/v1/routes/"+string(routeID), 404),
		get("operator", "/api/v1/routes/"+string(routeID), 200),
		get("carrier", "/api/v1/routes/none", 404),
		get("carrierB", "/api/v1/routes", 403),
		get("carrier", "/api/v1/routes?date=today", 400, "query/date"),
	} {
		s.run(t, h)
	}
	get("carrier", "/api/v1/routes?date=2026-03-01&courier="+string(courierID)+"&limit=1", 200, `"next_cursor":"`+string(routeID)+`"`).run(t, h)
	require.Equal(t, models.RouteQuery{Page: models.Page{Limit: 1}, Courier: courierID, Date: "2026-03-01"}, p.routes)
}

// TestAHostSeesItsLockers and their room, and nothing of what lies in them.
func TestAHostSeesItsLockers(t *testing.T) {
	t.Parallel()
	lkr := "/api/v1/lockers/" + string(lockerID)
	p := &ports{}
	h := handler(p, nil, nil)
	get("host", lkr, 404).run(t, h)
	get("host", lkr+"/availability", 404).run(t, h)
	p.host = "org_h"
	get("host", lkr, 200, `"state":"active"`, `"aliases":[]`).run(t, h)
	get("host", lkr+"/availability", 200).run(t, h)
	get("host", lkr+"/worklist", 403).run(t, h)
	get("host", "/api/v1/shipments/"+string(shipID), 403).run(t, h)
	get("operator", lkr, 200, `"host":"org_h"`).run(t, h)
	s := get("carrier", lkr, 200)
	s.lacks = []string{"org_h"}
	s.run(t, h)
}
