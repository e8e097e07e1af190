package run

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/sites"
)

// register is as much of the API as the seeder needs, and fails at its failAt-th request to make something.
type register struct {
	made   []string
	bodies []object // what each was made of
	failAt int
}

func (r *register) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	path := strings.TrimPrefix(q.URL.Path, "/api/v1/")
	switch {
	case q.Header.Get("Authorization") != "Bearer operator":
		w.WriteHeader(http.StatusUnauthorized)
	case q.Method == http.MethodGet:
		items := []Locker{}
		for i, what := range r.made {
			if number, is := strings.CutPrefix(what, "lockers "); is && number == q.URL.Query().Get("search") {
				items = append(items, Locker{ID: fmt.Sprintf("id_%d", i+1), Number: number})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
	case len(r.made)+1 == r.failAt:
		r.failAt = 0
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		var body object
		_ = json.NewDecoder(q.Body).Decode(&body)
		number, _ := body["number"].(string)
		r.made, r.bodies = append(r.made, strings.TrimSpace(path+" "+number)), append(r.bodies, body)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"id": fmt.Sprintf("id_%d", len(r.made)), "number": number, "secret": fmt.Sprintf("cubby_%d", len(r.made)),
		})
	}
}

func TestSeedGoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	whole := []string{
		"organizations", "keys", "organizations", "keys", "locations", "models",
		"lockers L-001", "lockers L-002", "lockers L-003", "couriers",
		"lockers T-001", "couriers", "keys",
	}
	for failAt := range len(whole) + 1 {
		fake := &register{failAt: failAt}
		server := httptest.NewServer(fake)
		saved := Network{OperatorKey: "operator"}
		s := seeder{base: server.URL, client: server.Client(), save: func(n Network) error { saved = n; return nil }}
		_, err := s.run(t.Context(), saved)
		if failAt > 0 {
			require.ErrorContains(t, err, "503")
			_, err = s.run(t.Context(), saved)
		}
		require.NoError(t, err)
		require.Equal(t, whole, fake.made, "nothing twice, failing at %d", failAt)
		require.Equal(t, Network{
			OperatorKey: "operator", Carrier: "id_1", CarrierKey: "cubby_2", Shop: "id_3", ShopKey: "cubby_4", Location: "id_5", Model: "id_6",
			Lockers: []Locker{{ID: "id_7", Number: "L-001"}, {ID: "id_8", Number: "L-002"}, {ID: "id_9", Number: "L-003"}}, Badge: courierBadge, PIN: courierPIN,
			Sandbox: Sandbox{Locker: Locker{ID: "id_11", Number: "T-001"}, Key: "cubby_13", Badge: sandboxBadge},
		}, saved)
		_, err = s.run(t.Context(), saved)
		require.NoError(t, err)
		require.Len(t, fake.made, len(whole), "a second start makes nothing")
		server.Close()
	}
}

// TestTheWholeNetworksParties: the host has the place of L-003 and no other, and the shop a key of its own.
func TestTheWholeNetworksParties(t *testing.T) {
	t.Parallel()
	fake := &register{}
	server := httptest.NewServer(fake)
	defer server.Close()
	s := seeder{base: server.URL, client: server.Client(), save: func(Network) error { return nil }, full: true}
	n, err := s.run(t.Context(), Network{OperatorKey: "operator"})
	require.NoError(t, err)
	require.NotEmpty(t, n.Host)
	hosts, keys := map[any]any{}, map[any]string{}
	for i, what := range fake.made {
		switch what {
		case "locations":
			hosts[fake.bodies[i]["address"]] = fake.bodies[i]["host"]
		case "keys":
			keys[fake.bodies[i]["organization"]] = fmt.Sprintf("cubby_%d", i+1)
		}
	}
	for _, p := range places(time.Now()) {
		want := any(nil)
		if p.number == "L-003" {
			want = n.Host
		}
		require.Equal(t, want, hosts[p.location["address"]], p.number)
	}
	require.NotEmpty(t, n.ShopKey)
	require.Equal(t, keys[n.Shop], n.ShopKey)
}

// TestPlacesAreFound: of each it is told what it is, how to find it, whether it is indoors and reached without a step.
func TestPlacesAreFound(t *testing.T) {
	t.Parallel()
	located := []object{demoLocation()}
	for _, p := range places(time.Now()) {
		located = append(located, p.location)
	}
	for _, l := range located {
		require.NotEmpty(t, l["kind"], l["name"])
		require.IsType(t, true, l["indoor"], l["name"])
		require.IsType(t, true, l["step_free"], l["name"])
		for _, language := range []string{"en", "ru"} {
			require.NotEmpty(t, l["how_to_find"].(object)[language], l["name"])
		}
	}
}

func TestSeedWithAnotherDatabase(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&register{})
	defer server.Close()
	s := seeder{base: server.URL, client: server.Client(), save: func(Network) error { return nil }}
	_, err := s.run(t.Context(), Network{OperatorKey: "of a database that is gone"})
	require.ErrorIs(t, err, errStaleNetwork)
}

func TestDemoModelHasItsCells(t *testing.T) {
	t.Parallel()
	cells := map[any]int{}
	for _, size := range cellsOf(demoModel()) {
		cells[size]++
	}
	require.Equal(t, map[any]int{"S": 12, "M": 9, "L": 6, "XL": 3}, cells)
}

// TestEasyReach: the cells of a model whose floors everybody reaches, by the server's numbers.
func TestEasyReach(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{2, 4}, easyReach(object{"name": "M", "modules": []object{
		{"name": "A", "rows": []object{row("S", 1400, 1), row("S", 380, 1), row("S", 379, 1)}}, {"name": "B", "rows": []object{row("M", 1220, 1)}},
	}}))
}

// TestBuilds: each cabinet of the whole network has boards for all cells of its model.
func TestBuilds(t *testing.T) {
	t.Parallel()
	for _, p := range places(time.Now()) {
		cells := len(cellsOf(p.model))
		require.True(t, p.build.Cells == 0 || p.build.Cells == cells, p.number)
		n := Network{Whole: true, Lockers: []Locker{{ID: "lkr_1", Number: p.number}}}
		require.Equal(t, p.build, n.buildOf("lkr_1"))
		require.Equal(t, sites.Build{}, n.buildOf("lkr_2"))
	}
}

// cellsOf are the sizes of a model's cells.
func cellsOf(model object) (sizes []any) {
	for _, module := range model["modules"].([]object) {
		for _, row := range module["rows"].([]object) {
			for range row["cells"].(int) {
				sizes = append(sizes, row["size"])
			}
		}
	}
	return sizes
}
