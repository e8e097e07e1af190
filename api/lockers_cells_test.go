package api_test

import (
	"net/http"
	"testing"
)

func TestCells(t *testing.T) {
	t.Parallel()
	cells := "/api/v1/lockers/" + string(lockerID) + "/cells"
	post := func(role, url, body string, status int, contains ...string) scenario {
		return scenario{name: role + " " + url + " " + body, role: role, method: http.MethodPost, url: url, body: body, status: status, contains: contains}
	}
	for _, s := range []scenario{
		get("operator", cells, 200, `"number":3`, `"module":1`, `"row":2`, `"side":"front"`, `"size":"M"`, `"regime":"ambient"`,
			`"state":"occupied"`, `"doubtful":true`, `"generation":5`, `"since":"2026-03-01T12:00:00Z"`, `"shipment":"`+string(shipID)+`"`,
			`"out_of_service_ordered":false`),
		get("carrier", cells, 403),
		get("operator", "/api/v1/lockers/lkr_01hv0000000000000000000009/cells", 404),
		get("operator", "/api/v1/lockers/x/cells", 404),

		post("operator", cells+"/3/out-of-service", `{"reason":"broken hinge"}`, 200, `"out_of_service_ordered":true`, `"reason":"broken hinge"`, `"state":"occupied"`),
		post("operator", cells+"/3/in-service", `{"reason":"mended"}`, 200, `"out_of_service_ordered":false`),
		post("operator", cells+"/3/out-of-service", `{}`, 400, "/reason"),
		post("operator", cells+"/3/out-of-service", `{"reason":" "}`, 400, "/reason"),
		post("operator", cells+"/4/out-of-service", `{"reason":"x"}`, 404),
		post("operator", cells+"/three/out-of-service", `{"reason":"x"}`, 400),
		post("operator", "/api/v1/lockers/x/cells/3/out-of-service", `{"reason":"x"}`, 404),
		post("carrier", cells+"/3/out-of-service", `{"reason":"x"}`, 403),
		post("carrier", cells+"/3/in-service", `{"reason":"x"}`, 403),

		post("operator", cells+"/3/mark-checked", `{"generation":5,"found":"parcel","reason":"seen by the cleaner"}`, 200, `"doubtful":true`),
		post("operator", cells+"/3/mark-checked", `{"generation":5,"found":"empty","reason":"x"}`, 409, `"code":"invalid_state"`),
		post("operator", cells+"/3/mark-checked", `{"generation":4,"found":"parcel","reason":"x"}`, 409, `"code":"conflict"`),
		post("operator", cells+"/3/mark-checked", `{"generation":-1,"found":"all"}`, 400, "/generation", "/found", "/reason"),
		post("carrier", cells+"/3/mark-checked", `{"generation":5,"found":"parcel","reason":"x"}`, 403),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
}
