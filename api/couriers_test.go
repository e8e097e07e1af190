package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestCouriersAreListedAndChanged(t *testing.T) {
	t.Parallel()
	one := "/api/v1/couriers/" + string(courierID)
	for _, s := range []scenario{
		get("carrier", "/api/v1/couriers?search=CUB&limit=1", 200, `"badge":"CUB-1"`, `"next_cursor":"`+string(courierID)+`"`),
		get("carrier", "/api/v1/couriers?organization="+string(carrierB), 404),
		get("carrier", "/api/v1/couriers?organization="+string(carrierA), 200),
		get("operator", "/api/v1/couriers?organization="+string(carrierB), 200),
		get("carrierB", "/api/v1/couriers", 403),
		{name: "no hash", role: "carrier", method: http.MethodGet, url: one, status: 200, contains: []string{`"badge":"CUB-1"`}, lacks: []string{"secret-hash"}},
		get("operator", one, 200),
		get("shop", one, 404),
		get("carrier", "/api/v1/couriers/none", 404),
		patch("carrier", one, `{"badge":"CUB-2","pin":"123456","lockers":["`+string(lockerID)+`"],"valid_until":"2027-01-01T00:00:00Z","unannounced":true}`, 200,
			`"badge":"CUB-2"`, `"lockers":["`+string(lockerID)+`"]`, `"valid_until":"2027-01-01T00:00:00Z"`, `"valid_from"`, `"unannounced":true`),
		patch("carrier", one, `{"valid_until":"2020-01-01T00:00:00Z"}`, 400, "/valid_until"),
		patch("carrier", one, `{"valid_from":"2026-01-01T00:00:00Z","unset":["valid_from"]}`, 400, "/unset"),
		patch("carrier", one, `{"pin":"12"}`, 400, "/pin"),
		patch("carrier", one, `{"organization":"`+string(carrierB)+`"}`, 400, "/organization"),
		patch("shop", one, `{}`, 404),
		patch("carrierB", one, `{}`, 403),
		patch("operator", one, `{}`, 200),
		{name: "unset", role: "carrier", method: http.MethodPatch, url: one, body: `{"unset":["valid_from"]}`, status: 200, lacks: []string{"valid_from"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
}

func TestAPINIsKeptAsAHash(t *testing.T) {
	t.Parallel()
	p := &ports{}
	patch("carrier", "/api/v1/couriers/"+string(courierID), `{"pin":"4711"}`, 200).run(t, handler(p, nil, nil))
	require.True(t, models.CheckPIN(p.courier.Courier.PINHash, "4711"))
	patch("carrier", "/api/v1/couriers/"+string(courierID), `{"badge":"CUB-3"}`, 200).run(t, handler(p, nil, nil))
	require.Equal(t, "secret-hash", p.courier.Courier.PINHash)
}

func TestFacts(t *testing.T) {
	t.Parallel()
	url := "/api/v1/lockers/" + string(lockerID) + "/facts"
	p := &ports{}
	h := handler(p, nil, nil)
	get("operator", url+"?limit=2&cursor=3-12", 200, `"next_cursor":"2-6"`, `"type":"deposited"`, `"parcel":"par_1"`, `"state":"occupied"`, `"doubtful":false`,
		`"at":"2026-03-01T12:00:00Z"`, `"quarantined":"its type is not known"`).run(t, h)
	require.Equal(t, models.FactQuery{BeforeEpoch: 3, BeforeSeq: 12, Limit: 2}, p.facts)
	get("operator", url, 200).run(t, h)
	require.Equal(t, models.FactQuery{Limit: 50}, p.facts)
	get("operator", url+"?cursor=x", 400, "query/cursor").run(t, h)
	get("operator", "/api/v1/lockers/none/facts", 404).run(t, h)
	get("carrier", url, 403).run(t, h)
}
