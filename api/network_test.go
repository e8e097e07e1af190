package api_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

func get(role, url string, status int, contains ...string) scenario {
	return scenario{name: role + " " + url, role: role, method: http.MethodGet, url: url, status: status, contains: contains}
}

func make201(url, body string, contains ...string) scenario {
	return scenario{name: "make " + url, role: "operator", method: http.MethodPost, url: url, body: body, status: 201, contains: contains}
}

func putLimits(role, body string, status int, contains ...string) scenario {
	return scenario{name: "put limits " + role + body[:min(len(body), 80)], role: role, method: http.MethodPut,
		url: "/api/v1/lockers/" + string(lockerID) + "/limits", body: body, status: status, contains: contains}
}

func refused(role, url, body string, pointers ...string) scenario {
	s := scenario{name: "refuse " + url + " " + body[:min(len(body), 50)], role: role, method: http.MethodPost, url: url, body: body, status: 400}
	for _, p := range pointers {
		s.contains = append(s.contains, `"pointer":"`+p+`"`)
	}
	return s
}

const location = `{"name":"Courtyard","address":"Street 1","city":"Berlin","country":"DE","time_zone":"Europe/Berlin","latitude":0,"longitude":13.4}`

func TestOperatorAndLockers(t *testing.T) {
	t.Parallel()
	org, lkr := string(carrierA), string(lockerID)
	for _, s := range []scenario{
		get("carrier", "/api/v1/shipments/"+string(shipID), 200, `"state":"created"`, `"parcels":[{`),
		get("shop", "/api/v1/shipments/"+string(shipID), 200),
		get("carrierB", "/api/v1/shipments/"+string(shipID), 404, `"code":"not_found"`),
		get("carrier", "/api/v1/shipments/%00", 404),
		get("carrier", "/api/v1/shipments/shp_short", 404),
		get("carrier", "/api/v1/shipments/"+string(shipID)+"/events?limit=1", 200, `"next_cursor":"0"`),
		get("carrier", "/api/v1/shipments/"+string(shipID)+"/events?after=4", 200, `"seq":5`),
		get("carrier", "/api/v1/shipments/"+string(shipID)+"/events?after=-2", 400, "query/after"),
		get("carrier", "/api/v1/shipments/"+string(shipID)+"/events?limit=0", 400, "query/limit"),
		get("carrier", "/api/v1/shipments/"+string(shipID)+"/events?limit=many", 400, "query/limit"),
		get("none", "/api/v1/lockers", 200, `"items":[{`, `"number":"L-001"`, `"location":{`),
		get("none", "/api/v1/lockers?limit=1&search=L-0", 200, `"next_cursor":"`+lkr+`"`),
		get("none", "/api/v1/lockers?limit=201", 400, "query/limit"),
		get("none", "/api/v1/lockers?limit=1&limit=2", 400, "query/limit"),
		get("none", "/api/v1/lockers?cursor=x", 400, "query/cursor"),
		get("none", "/api/v1/lockers?search=%00", 400, "query/search"),
		get("none", "/api/v1/lockers?search=%ff", 400, "query/search"),
		get("none", "/api/v1/lockers?sort=up", 400, "query/sort"),
		get("none", "/api/v1/lockers?a=%zz", 400),
		get("none", "/api/v1/lockers/"+lkr, 200, `"state":"active"`),
		get("none", "/api/v1/lockers/lkr_01hv0000000000000000000009", 404),
		get("none", "/api/v1/lockers/"+lkr+"/availability", 200, `{"easy_reach_free":1,"easy_reach_room":1,"free":4,"regime":"ambient","room":2,"size":"S"}`),
		get("", "/api/v1/lockers", 401, `"code":"unauthorized"`),
		get("stranger", "/api/v1/lockers", 401),
		get("carrier", "/api/v1/organizations", 403, `"code":"forbidden"`),
		get("operator", "/api/v1/organizations", 200, `{"items":[]}`),
		get("operator", "/api/v1/locations", 200),
		get("operator", "/api/v1/models", 200),
		get("operator", "/api/v1/incidents?open=true&locker="+lkr, 200, `"kind":"door_jammed"`, `"cell":3`),
		get("operator", "/api/v1/incidents?search=1-2", 200, `"kind":"door_jammed"`),
		get("operator", "/api/v1/incidents?search=1-57", 200, `"items":[]`),
		get("operator", "/api/v1/incidents?open=yes", 400, "query/open"),
		get("operator", "/api/v1/incidents?locker=x", 400, "query/locker"),

		make201("/api/v1/organizations", `{"name":"Carrier A","kind":"carrier","email":"ops@example.com"}`, `"kind":"carrier"`),
		{name: "an organization is changed", role: "operator", method: http.MethodPatch, url: "/api/v1/organizations/" + string(carrierA),
			body: `{"email":"it@example.com","language":"ru"}`, status: 200, contains: []string{`"email":"it@example.com"`, `"language":"ru"`, `"name":"carrier"`}},
		{name: "an organization without an address", role: "operator", method: http.MethodPatch, url: "/api/v1/organizations/" + string(carrierA),
			body: `{"email":""}`, status: 200, lacks: []string{`"email"`}},
		{name: "what is no address", role: "operator", method: http.MethodPatch, url: "/api/v1/organizations/" + string(carrierA),
			body: `{"email":"a b@example.com","language":"xx"}`, status: 400, contains: []string{"/email", "/language"}},
		{name: "no such organization", role: "operator", method: http.MethodPatch, url: "/api/v1/organizations/" + string(carrierB), body: `{}`, status: 404},
		refused("operator", "/api/v1/organizations", `{"name":" ","kind":"king","email":"x"}`, "/name", "/kind", "/email"),
		make201("/api/v1/keys", `{"organization":"`+org+`","name":"k","scopes":["shipments"]}`, `"secret":"cubby_secret"`),
		refused("operator", "/api/v1/keys", `{"organization":"`+org+`","name":"k","scopes":["shipments","shipments","all"]}`, "/scopes/1", "/scopes/2"),
		refused("operator", "/api/v1/keys", `{"organization":"`+org+`","name":"k","scopes":[]}`, "/scopes"),
		refused("operator", "/api/v1/keys", `{"organization":"`+org+`","name":"k","scopes":["operator"],"expires_at":"2026-03-01T12:00:00Z"}`, "/expires_at"),
		{name: "revoke", role: "operator", method: "DELETE", url: "/api/v1/keys/" + string(keyID), status: 204},
		{name: "revoke nothing", role: "operator", method: "DELETE", url: "/api/v1/keys/x", status: 404},
		make201("/api/v1/locations", location, `"latitude":0`),
		refused("operator", "/api/v1/locations", strings.NewReplacer("Europe/Berlin", "Local", `"DE"`, `"de"`, "13.4", "181", "Street 1", "a\\u0000").Replace(location), "/time_zone", "/country", "/longitude", "/address"),
		refused("operator", "/api/v1/locations", strings.Replace(location, "Europe/Berlin", "../../etc/passwd", 1), "/time_zone"),
		make201("/api/v1/models", `{"name":"M","modules":[{"name":"left","rows":[{"cells":3,"size":"S","inner":{"width_mm":1,"height_mm":1,"depth_mm":1}}]}]}`, `"cells":3`, `"side":"front"`, `"regime":"ambient"`),
		make201("/api/v1/models", `{"name":"M","modules":[{"name":"left","side":"both","rows":[{"cells":1,"size":"S","inner":{"width_mm":1,"height_mm":1,"depth_mm":1}}]}]}`, `"side":"both"`),
		refused("operator", "/api/v1/models", `{"name":"M","modules":[{"name":"left","side":"both","rows":[{"cells":1,"size":"S","inner":{"width_mm":1,"height_mm":1,"depth_mm":1}}]},`+
			`{"name":"right","rows":[{"cells":1,"size":"S","inner":{"width_mm":1,"height_mm":1,"depth_mm":1}}]}]}`, "/modules/1/side"),
		refused("operator", "/api/v1/models", `{"name":"M","modules":[{"name":"left","side":"top","rows":[{"cells":51,"size":"S","inner":{"width_mm":0,"height_mm":1}}]}]}`,
			"/modules/0/side", "/modules/0/rows/0/cells", "/modules/0/rows/0/inner/width_mm", "/modules/0/rows/0/inner/depth_mm"),
		refused("operator", "/api/v1/models", `{"name":"M","modules":[{"name":"left","rows":[`+strings.TrimSuffix(strings.Repeat(`{"cells":50,"size":"S","inner":{"width_mm":1,"height_mm":1,"depth_mm":1}},`, 21), ",")+`]}]}`, "/modules"),
		make201("/api/v1/lockers", `{"number":"L-001","location":"`+string(locID)+`","model":"`+string(modelID)+`"}`, `"location":"`+string(locID)+`"`),
		refused("operator", "/api/v1/lockers", `{"number":"L 1","location":"x","model":"y"}`, "/number", "/location", "/model"),
		get("operator", "/api/v1/lockers/"+lkr+"/limits", 200, `{"items":[{"carrier":"`+org+`","maximum":3,"minimum":1,"regime":"ambient","size":"S"}]}`),
		get("operator", "/api/v1/lockers/x/limits", 404),
		get("carrier", "/api/v1/lockers/"+lkr+"/limits", 403),
		putLimits("operator", `{"items":[{"carrier":"`+org+`","size":"S","minimum":2}]}`, 200, `{"items":[{"carrier":"`+org+`","minimum":2,"regime":"ambient","size":"S"}]}`),
		putLimits("operator", `{"items":[]}`, 200, `{"items":[]}`),
		putLimits("operator", `{"items":[{"carrier":"`+org+`","size":"S","minimum":3}]}`, 400, `"pointer":"/items/0/minimum"`),
		putLimits("operator", `{"items":[{"carrier":"x","size":"T","maximum":-1}]}`, 400, `"/items/0/carrier"`, `"/items/0/size"`, `"/items/0/maximum"`),
		putLimits("carrier", `{"items":[]}`, 403),
		{name: "pause", role: "operator", method: "POST", url: "/api/v1/lockers/" + lkr + "/pause", body: `{"reason":"rain"}`, status: 200, contains: []string{`"no_deposits"`, "rain"}},
		{name: "resume", role: "operator", method: "POST", url: "/api/v1/lockers/" + lkr + "/resume", body: `{"reason":"dry"}`, status: 200, contains: []string{`"active"`}},
		{name: "close", role: "operator", method: "POST", url: "/api/v1/lockers/" + lkr + "/close", body: `{"reason":"moved"}`, status: 200, contains: []string{`"out_of_service"`}},
		{name: "close and empty", role: "operator", method: "POST", url: "/api/v1/lockers/" + lkr + "/close", body: `{"reason":"moved","withdraw":true}`, status: 200, contains: []string{"all out"}},
		get("operator", "/api/v1/lockers/"+lkr+"/worklist", 200, `"cell":3`, `"reason":"closed"`, `"shipment":"`+string(shipID)+`"`, `{"cell":4,"doubtful":true,"state":"free"}`, `"expected":[{`),
		{name: "worklist of a carrier", role: "carrier", method: "GET", url: "/api/v1/lockers/" + lkr + "/worklist", status: 200, contains: []string{`"cell":3`}, lacks: []string{`"cell":4`}},
		get("none", "/api/v1/lockers/"+lkr+"/worklist", 403),
		{name: "close without a reason", role: "operator", method: "POST", url: "/api/v1/lockers/" + lkr + "/close", body: `{}`, status: 400, contains: []string{"/reason"}},
		{name: "pause by a carrier", role: "carrier", method: "POST", url: "/api/v1/lockers/" + lkr + "/pause", body: `{"reason":"x"}`, status: 403},
		{name: "locker by a carrier", role: "carrier", method: "POST", url: "/api/v1/lockers", body: `{}`, status: 403},
		{name: "resolve", role: "operator", method: "POST", url: "/api/v1/incidents/" + string(incID) + "/resolve", body: `{"reason":"cleaned"}`, status: 200, contains: []string{`"reason":"cleaned"`, `"resolved":`}},
		refused("operator", "/api/v1/incidents/"+string(incID)+"/resolve", `{"reason":""}`, "/reason"),
		{name: "no route", role: "carrier", method: "GET", url: "/api/v1/nothing", status: 404},
		{name: "no method", role: "carrier", method: "PUT", url: "/api/v1/shipments", status: 405, contains: []string{`"code":"method_not_allowed"`}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
}

func TestCouriers(t *testing.T) {
	t.Parallel()
	const url = "/api/v1/couriers"
	made := func(role, body string) (models.Courier, string) {
		p := &ports{}
		w := scenario{role: role, method: "POST", url: url, body: body, status: 201, lacks: []string{"1234", "pbkdf2"}}.run(t, handler(p, nil, nil))
		return p.courier.Courier, w.Body.String()
	}
	c, body := made("carrier", `{"badge":"BADGE-1","pin":"001234"}`)
	require.Equal(t, carrierA, c.Organization)
	require.Equal(t, models.RoleCourier, c.Role)
	require.True(t, models.CheckPIN(c.PINHash, "001234"))
	require.Contains(t, body, `"lockers":[]`)
	c, _ = made("operator", `{"badge":"BADGE-1","pin":"001234","organization":"`+string(carrierB)+`","lockers":["`+string(lockerID)+`"],"valid_until":"2026-04-01T00:00:00Z"}`)
	require.Equal(t, carrierB, c.Organization)
	require.Equal(t, models.RoleCourier, c.Role)
	require.Equal(t, []models.LockerID{lockerID}, c.Lockers)
	c, _ = made("operator", `{"badge":"BADGE-2","pin":"001234","role":"technician"}`)
	require.Equal(t, models.RoleTechnician, c.Role)
	require.Equal(t, operator, c.Organization)

	for _, s := range []scenario{
		refused("carrier", url, `{"badge":"abc","pin":"12a4","lockers":["x"]}`, "/badge", "/pin", "/lockers/0"),
		refused("carrier", url, `{"badge":"abcd","pin":"1234","role":"technician","organization":"`+string(carrierB)+`"}`, "/role", "/organization"),
		refused("carrier", url, `{"badge":"abcd","pin":"1234","valid_until":"2026-02-01T00:00:00Z"}`, "/valid_until"),
		refused("carrier", url, `{"badge":"abcd","pin":"1234","valid_from":"2026-05-01T00:00:00Z","valid_until":"2026-04-01T00:00:00Z"}`, "/valid_until"),
		{role: "shop", method: "POST", url: url, body: `{"badge":"abcd","pin":"1234"}`, status: 403},
		{role: "carrierB", method: "POST", url: url, body: `{"badge":"abcd","pin":"1234"}`, status: 403},
	} {
		s.run(t, handler(&ports{}, nil, nil))
	}
}

// Nothing of what goes wrong inside reaches a caller; the log has it, with the same id,
// and has no key, query or body.
func TestInternalErrorsStayInside(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error":   func() error { return errors.New("secret of the database") },
		"wrapped": func() error { return models.Wrap(models.CodeInternal, errors.New("secret of the database"), "x") },
		"panic":   func() error { panic("secret of the database") },
	} {
		var log bytes.Buffer
		s := get("carrier", "/api/v1/lockers?search=planted", 500, `"code":"internal"`, `"request_id":"mine-1"`)
		s.lacks, s.headers = []string{"secret of"}, map[string]string{"X-Request-Id": "mine-1"}
		s.run(t, handler(&ports{list: fail}, &log, nil))
		require.Contains(t, log.String(), "secret of the database", name)
		require.Contains(t, log.String(), `"request":"mine-1"`)
		for _, planted := range []string{"planted", "cubby_carrier"} {
			require.NotContains(t, log.String(), planted)
		}
	}
	late := get("carrier", "/api/v1/lockers", 503, `"code":"temporarily_unavailable"`)
	late.run(t, handler(&ports{list: func() error { return context.DeadlineExceeded }}, nil, nil))
}

func TestPlainPages(t *testing.T) {
	t.Parallel()
	down := errors.New("no database")
	ready := handler(&ports{}, nil, func(c *api.Config) { c.Ready = func(context.Context) error { return nil } })
	unready := handler(&ports{}, nil, func(c *api.Config) { c.Ready = func(context.Context) error { return down } })
	get("", "/healthz", 200, "ok").run(t, unready)
	get("", "/readyz", 200, "ready").run(t, ready)
	w := get("", "/readyz", 503).run(t, unready)
	require.NotContains(t, w.Body.String(), "no database")
	w = get("", "/", 302).run(t, ready)
	require.Equal(t, "/docs", w.Header().Get("Location"))
	get("", "/openapi.yaml", 200, "openapi: 3.0.3").run(t, ready)
	w = get("", "/docs", 200, "openapi.yaml", "data-testid").run(t, ready)
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.NotContains(t, w.Body.String(), "://")
	w = get("", "/docs/start.js", 200, "validatorUrl: null").run(t, ready)
	require.Contains(t, w.Header().Get("Content-Type"), "javascript")
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	for sent, kept := range map[string]bool{"abc-1.2_X": true, "a b": false, strings.Repeat("a", 65): false, "x\"y": false} {
		s := get("", "/healthz", 200)
		s.headers = map[string]string{"X-Request-Id": sent}
		got := s.run(t, h).Header().Get("X-Request-Id")
		require.Equal(t, kept, got == sent)
		require.NotEmpty(t, got)
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	p := &ports{keyOwner: func(string) (models.Actor, error) {
		return models.Actor{}, models.Errorf(models.CodeUnavailable, "later")
	}}
	for header, status := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, "Basic cubby_x": 401, "Bearer other_x": 401, "Bearer cubby_" + strings.Repeat("x", 300): 401,
		"bearer cubby_x": 503,
	} {
		s := get("", "/api/v1/lockers", status)
		s.headers = map[string]string{"Authorization": header}
		s.run(t, handler(p, nil, nil))
	}
}

// Headers of a proxy are not believed.
func TestRemoteAddress(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	handler(&ports{}, &log, nil).ServeHTTP(httptest.NewRecorder(), r)
	require.NotContains(t, log.String(), "203.0.113.9")
}

// TestMetricsHoldNoInventedMethods: a label's value is kept for good, and callers without a
// key can invent methods without end.
func TestMetricsHoldNoInventedMethods(t *testing.T) {
	t.Parallel()
	var seen []string
	h := handler(&ports{}, nil, func(c *api.Config) {
		c.Observe = func(method, route string, _ int, _ time.Duration) { seen = append(seen, method+" "+route) }
	})
	for _, method := range []string{"GET", "INVENTED"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/invented/too", nil))
	}
	require.Equal(t, []string{"GET ", "other "}, seen)
}
