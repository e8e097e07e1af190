package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

func patch(role, url, body string, status int, contains ...string) scenario {
	return scenario{name: role + " " + url + " " + body, role: role, method: http.MethodPatch, url: url, body: body, status: status, contains: contains}
}

func TestLockersAsTheyAreShown(t *testing.T) {
	t.Parallel()
	lkr := "/api/v1/lockers/" + string(lockerID)
	shown := []string{`"open_now":true`, `"kind":"courtyard"`, `"step_free":true`, `"indoor":false`, `"how_to_find":{"ru":"Во дворе"}`,
		`"photo":"https://example.com/l.jpg"`, `"cells":[{"cells":8,"inner":{"depth_mm":600,"height_mm":190,"width_mm":380},"max_weight_g":20000,"regime":"ambient","size":"M"}]`,
		`"functions":[]`, `"easy_reach":[]`, `"online":true`, `"time_zone":"Europe/Berlin"`}
	for _, s := range []scenario{
		get("carrier", lkr, 200, append(shown, `"aliases":[{"alias":"A-77","carrier":"`+string(carrierA)+`"}]`)...),
		get("operator", lkr, 200, `"A-77"`, `"B-5"`),
		{name: "another's alias", role: "shop", method: http.MethodGet, url: lkr, status: 200, contains: []string{`"aliases":[]`}, lacks: []string{"A-77", "B-5"}},
		get("carrier", "/api/v1/lockers?near=91,0", 400, "query/near"),
		get("carrier", "/api/v1/lockers?near=1", 400, "query/near"),
		get("carrier", "/api/v1/lockers?near=1,181", 400, "query/near"),
		get("carrier", "/api/v1/lockers?bbox=1,2,3", 400, "query/bbox"),
		get("carrier", "/api/v1/lockers?bbox=3,2,1,4", 400, "query/bbox"),
		get("carrier", "/api/v1/lockers?size=XXL", 400, "query/size"),
		get("carrier", "/api/v1/lockers?function=dancing", 400, "query/function"),
		get("carrier", "/api/v1/lockers?updated_since=yesterday", 400, "query/updated_since"),
		get("carrier", lkr+"/availability?at=soon", 400, "query/at"),

		patch("operator", lkr, `{"functions":["pickup","returns"],"easy_reach":[1,2],"number":"L-9"}`, 200, `"number":"L-9"`),
		patch("operator", lkr, `{"easy_reach":[5],"functions":["dancing"]}`, 400, "/functions/0"),
		patch("operator", lkr, `{"easy_reach":[5]}`, 400, "/easy_reach/0"),
		patch("operator", lkr, `{"state":"active"}`, 400, "/state"),
		patch("operator", "/api/v1/lockers/none", `{}`, 404),
		patch("carrier", lkr, `{"number":"L-9"}`, 403),
		patch("operator", "/api/v1/locations/"+string(locID), `{"name":"Yard","how_to_find":{"en":"Left"},"indoor":true,"photo":""}`, 200,
			`"name":"Yard"`, `"how_to_find":{"en":"Left"}`, `"indoor":true`, `"step_free":true`, `"time_zone":"Europe/Berlin"`),
		patch("operator", "/api/v1/locations/"+string(locID), `{"photo":"http://example.com","kind":"moon","how_to_find":{"xx":"?"}}`, 400,
			"/photo", "/kind", "/how_to_find/xx"),
		patch("operator", "/api/v1/locations/none", `{}`, 404),
		patch("carrier", "/api/v1/locations/"+string(locID), `{}`, 403),
		make201("/api/v1/lockers", `{"number":"L-2","location":"`+string(locID)+`","model":"`+string(modelID)+`","planned":true}`, `"state":"planned"`),
		make201("/api/v1/lockers", `{"number":"L-2","location":"`+string(locID)+`","model":"`+string(modelID)+`"}`, `"state":"active"`),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
}

func TestClosedNow(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, func(c *api.Config) { c.Now = func() time.Time { return testNow.Add(8 * time.Hour) } })
	get("carrier", "/api/v1/lockers/"+string(lockerID), 200, `"open_now":false`).run(t, h)
}

func TestWhatOfTheListIsAskedFor(t *testing.T) {
	t.Parallel()
	p := &ports{}
	h := handler(p, nil, nil)
	get("carrier", "/api/v1/lockers?near=48.1,-11.5&bbox=-1,170,1.5,-170&size=M&function=returns&updated_since=2026-01-01T00:00:00Z&limit=7", 200).run(t, h)
	since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, models.LockerQuery{
		Page: models.Page{Limit: 7}, Near: &models.Point{Latitude: 48.1, Longitude: -11.5},
		Box: &models.Box{South: -1, West: 170, North: 1.5, East: -170}, Size: models.SizeM, Function: models.FunctionReturns, UpdatedSince: &since,
	}, p.lockers)
	get("carrier", "/api/v1/lockers/"+string(lockerID)+"/availability?at=2026-04-01T00:00:00Z", 200).run(t, h)
	require.Equal(t, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), p.at.UTC())
	get("carrier", "/api/v1/lockers/"+string(lockerID)+"/availability", 200).run(t, h)
	require.Equal(t, testNow, p.at)
}

func TestAnUnchangedAnswerIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"/api/v1/lockers", "/api/v1/lockers/" + string(lockerID)} {
		p := &ports{}
		h := handler(p, nil, nil)
		first := get("carrier", url, 200).run(t, h)
		tag := first.Header().Get("ETag")
		require.NotEmpty(t, tag)
		for _, header := range []string{tag, `"other", ` + tag, tag[2:], "*"} {
			again := scenario{role: "carrier", method: http.MethodGet, url: url, headers: map[string]string{"If-None-Match": header}, status: 304}
			w := again.run(t, h)
			require.Empty(t, w.Body.String())
			require.Equal(t, tag, w.Header().Get("ETag"))
		}
		other := scenario{role: "carrier", method: http.MethodGet, url: url, headers: map[string]string{"If-None-Match": `"other"`}, status: 200}
		other.run(t, h)
		// Somebody else sees something else.
		theirs := scenario{role: "operator", method: http.MethodGet, url: url, headers: map[string]string{"If-None-Match": tag}, status: 200}
		theirs.run(t, h)
		p.seen = testNow.Add(time.Minute)
		same := scenario{role: "carrier", method: http.MethodGet, url: url, headers: map[string]string{"If-None-Match": tag}, status: 304}
		same.run(t, h)
	}
}

// TestLockersByName: reads find a locker by its number, and by what the caller's own organization calls it.
func TestLockersByName(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	for _, after := range []string{"", "/availability"} {
		get("carrier", "/api/v1/lockers/A-77"+after, 200).run(t, h)
		get("shop", "/api/v1/lockers/L-001"+after, 200).run(t, h)
		get("carrierB", "/api/v1/lockers/A-77"+after, 404, `"not_found"`).run(t, h)
	}
	get("carrier", "/api/v1/lockers/A-77/worklist", 200, string(shipID)).run(t, h)
}

func TestAliases(t *testing.T) {
	t.Parallel()
	url := "/api/v1/lockers/" + string(lockerID) + "/aliases"
	put := func(role, body string, status int, contains ...string) scenario {
		return scenario{name: role + " " + body, role: role, method: http.MethodPut, url: url, body: body, status: status, contains: contains}
	}
	for _, s := range []scenario{
		put("carrier", `{"alias":"P 17"}`, 200, `{"alias":"P 17","carrier":"`+string(carrierA)+`"}`),
		put("carrier", `{"alias":""}`, 200),
		put("carrier", `{"alias":"x","carrier":"`+string(carrierB)+`"}`, 400, "/carrier"),
		put("carrier", `{"alias":" x"}`, 400, "/alias"),
		put("carrier", `{}`, 400, "/alias"),
		put("operator", `{"alias":"x","carrier":"`+string(carrierB)+`"}`, 200, string(carrierB)),
		put("shop", `{"alias":"x"}`, 403),
		put("none", `{"alias":"x"}`, 403),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
}
