package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"time"

	"cubby/api"
	"cubby/models"
	"cubby/models/store"
)

// The kinds of calls, as the report names them.
const (
	growthList   = "list"
	growthSearch = "search"
	growthCreate = "create"
)

// growthWarm is how many samples of each call are thrown away first.
const growthWarm = 20

// growthReport is what 'bench growth --json' prints. Each ratio is that of the kind's worst call.
type growthReport struct {
	Shipments   [2]int                `json:"shipments"`
	Lockers     int                   `json:"lockers"`
	Samples     int                   `json:"samples"`
	FillS       [2]float64            `json:"fill_s"`
	ListRatio   float64               `json:"list_ratio"`
	SearchRatio float64               `json:"search_ratio"`
	CreateRatio float64               `json:"create_ratio"`
	Calls       map[string]growthCall `json:"calls"`
}

// growthCall is one call: p50 on the small database and on the large one.
type growthCall struct {
	Kind    string  `json:"kind"`
	SmallMS float64 `json:"small_ms"`
	LargeMS float64 `json:"large_ms"`
	Ratio   float64 `json:"ratio"`
}

func runBenchGrowth(ctx context.Context, p program, args []string) error {
	flags := p.flags("bench growth")
	dsn := flags.String("postgres", os.Getenv("CUBBY_TEST_POSTGRES"), "a Postgres in which the run may make schemas of its own")
	small := flags.Int("small", 10_000, "shipments in the small database")
	large := flags.Int("large", 1_000_000, "shipments in the large database")
	lockers := flags.Int("lockers", 10_000, "lockers in both")
	samples := flags.Int("samples", 300, "samples of each call on each database, alternating")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case *dsn == "":
		return errors.New("bench: --postgres or CUBBY_TEST_POSTGRES is needed: bin/cubby-demo rig --postgres -- bin/cubby bench growth")
	case *small < 1000 || *large < *small || *large > 10_000_000 || *lockers < 100 || *samples < 3:
		return errors.New("bench: small is at least 1,000, large between it and 10,000,000, lockers at least 100, samples at least 3")
	}
	p.log = slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	report := growthReport{Shipments: [2]int{*small, *large}, Lockers: *lockers, Samples: *samples, Calls: map[string]growthCall{}}
	var sides [2]*grown
	for i, n := range report.Shipments {
		began := time.Now()
		side, err := grow(ctx, p, *dsn, *lockers, n)
		if err != nil {
			return fmt.Errorf("bench: filling %d shipments: %w", n, err)
		}
		defer side.stop()
		sides[i], report.FillS[i] = side, time.Since(began).Seconds()
	}
	if err := report.measure(ctx, sides); err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(p.out).Encode(report)
	}
	return report.print(p.out)
}

// grown is a filled database behind the REST API on loopback.
type grown struct {
	db     *store.Store
	drop   func(ctx context.Context) error
	log    *slog.Logger
	rnd    *mathrand.Rand
	server *http.Server
	client *http.Client
	base   string

	shipments, incidents, lockers int
	operator, carrier             string // keys
	made                          int    // announcements by the bench itself
}

// serve puts the API before the database, as the server does. No call that is measured needs the engine.
func (g *grown) serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	g.base = "http://" + listener.Addr().String() + "/api/v1"
	g.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	g.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: api.New(api.Config{
		Keys: g.db, Shipments: g.db, Lockers: g.db, Enrolment: g.db, Network: g.db, Incidents: g.db,
		Logger: g.log, Now: time.Now, Rand: rand.Reader,
	})}
	go func() {
		if err := g.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			g.log.Error("the API ended", "error", err)
		}
	}()
	return nil
}

func (g *grown) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := errors.Join(g.server.Shutdown(ctx), g.drop(ctx), g.db.Close()); err != nil {
		g.log.Warn("bench growth did not end cleanly", "error", err)
	}
}

// growthSample makes one request; its answer must have the status.
type growthSample struct {
	kind, name string
	status     int
	request    func(g *grown) (method, path, key string, body any)
}

// some is a number from 1 to n.
func (g *grown) some(n int) int { return 1 + g.rnd.IntN(n) }

func (g *grown) get(key, path string, args ...any) (string, string, string, any) {
	return http.MethodGet, fmt.Sprintf(path, args...), key, nil
}

// announce is an announcement that nothing but its arguments can refuse. Barcode may be empty.
func (g *grown) announce(number, barcode string) (string, string, string, any) {
	g.made++
	parcel := map[string]any{"size": "M"}
	if barcode != "" {
		parcel["barcode"] = barcode
	}
	return http.MethodPost, "/shipments", g.carrier, map[string]any{
		"number": number, "locker": growthID(models.PrefixLocker, g.some(g.lockers)), "contact": map[string]any{"email": "client@example.test"},
		"parcels": []any{parcel},
	}
}

// open is a shipment of the measuring carrier that is still open.
func (g *grown) open() int {
	last := g.shipments / growthCarriers
	return (last - g.rnd.IntN(last*growthOpenPercent/100)) * growthCarriers
}

func growthSamples() []growthSample {
	return []growthSample{
		{growthList, "incidents, open", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.operator, "/incidents?open=true&limit=50")
		}},
		{growthList, "incidents, first page", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.operator, "/incidents?limit=50")
		}},
		{growthList, "incidents, a page deep in", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.operator, "/incidents?limit=50&cursor=%s", growthID(models.PrefixIncident, g.incidents/2))
		}},
		{growthList, "incidents, of a locker", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.operator, "/incidents?limit=50&locker=%s", growthID(models.PrefixLocker, growthNoisy))
		}},
		{growthList, "incidents, of a locker, open", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.operator, "/incidents?open=true&limit=50&locker=%s", growthID(models.PrefixLocker, growthNoisy))
		}},
		{growthList, "events of a shipment", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.operator, "/shipments/%s/events", growthID(models.PrefixShipment, g.some(g.shipments)))
		}},
		{growthList, "lockers, first page", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.carrier, "/lockers?limit=50")
		}},
		{growthList, "lockers, a page deep in", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.carrier, "/lockers?limit=50&cursor=%s", growthID(models.PrefixLocker, g.lockers/2))
		}},
		{growthList, "availability of a locker", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.carrier, "/lockers/%s/availability", growthID(models.PrefixLocker, g.some(g.lockers)))
		}},
		{growthSearch, "shipment by id", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.operator, "/shipments/%s", growthID(models.PrefixShipment, g.some(g.shipments)))
		}},
		{growthSearch, "locker by number", 200, func(g *grown) (string, string, string, any) {
			return g.get(g.carrier, "/lockers?search=%s", url.QueryEscape(growthLockerNumber(g.some(g.lockers))))
		}},
		{growthSearch, "number in use", 409, func(g *grown) (string, string, string, any) {
			return g.announce(growthNumber(g.open()), "")
		}},
		{growthSearch, "barcode in use", 409, func(g *grown) (string, string, string, any) {
			return g.announce(g.fresh(), growthBarcode(g.open()))
		}},
		{growthCreate, "announcement", 201, func(g *grown) (string, string, string, any) {
			return g.announce(g.fresh(), "")
		}},
	}
}

// fresh is a number that no shipment has.
func (g *grown) fresh() string { return "bench-" + strconv.Itoa(g.made) }

// take makes a sample's request and returns how long it took.
func (g *grown) take(ctx context.Context, s growthSample) (time.Duration, error) {
	method, path, key, body := s.request(g)
	var raw bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&raw).Encode(body); err != nil {
			return 0, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, g.base+path, &raw)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", strconv.Quote("bench "+strconv.Itoa(g.made)))
	}
	began := time.Now()
	response, err := g.client.Do(request)
	if err != nil {
		return 0, err
	}
	answer, err := io.ReadAll(response.Body)
	took := time.Since(began)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return 0, err
	}
	if response.StatusCode != s.status {
		return 0, fmt.Errorf("bench: %s: %s %s answers %d: %s", s.name, method, path, response.StatusCode, answer)
	}
	return took, nil
}

// measure takes every call on both databases in turn.
func (r *growthReport) measure(ctx context.Context, sides [2]*grown) error {
	taken := map[string]*[2][]time.Duration{}
	for round := range growthWarm + r.Samples {
		for _, s := range growthSamples() {
			if taken[s.name] == nil {
				taken[s.name] = &[2][]time.Duration{}
			}
			for turn := range 2 {
				side := (turn + round) % 2
				took, err := sides[side].take(ctx, s)
				if err != nil {
					return err
				}
				if round >= growthWarm {
					taken[s.name][side] = append(taken[s.name][side], took)
				}
			}
		}
	}
	for _, s := range growthSamples() {
		c := growthCall{Kind: s.kind}
		for side, to := range []*float64{&c.SmallMS, &c.LargeMS} {
			slices.Sort(taken[s.name][side])
			*to = quantile(taken[s.name][side], .5)
		}
		c.Ratio = c.LargeMS / c.SmallMS
		r.Calls[s.name] = c
		worst := map[string]*float64{growthList: &r.ListRatio, growthSearch: &r.SearchRatio, growthCreate: &r.CreateRatio}[s.kind]
		*worst = max(*worst, c.Ratio)
	}
	return nil
}

func (r *growthReport) print(w io.Writer) error {
	for _, name := range slices.Sorted(maps.Keys(r.Calls)) {
		c := r.Calls[name]
		if _, err := fmt.Fprintf(w, "%-7s %-30s %7.2f ms %7.2f ms  %.2f\n", c.Kind, name, c.SmallMS, c.LargeMS, c.Ratio); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "list %.2f, search %.2f, create %.2f\n", r.ListRatio, r.SearchRatio, r.CreateRatio)
	return err
}
