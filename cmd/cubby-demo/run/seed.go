package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The demo network's file in the data folder, and the courier that everybody may play.
const (
	networkFile  = "demo.json"
	courierBadge = "CUB-BADGE-1"
	courierPIN   = "1234"
)

// Locker is a cabinet of the demo network.
type Locker struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	// Waiting: no cabinet runs for it, it waits for its claim code.
	Waiting bool `json:"waiting,omitempty"`
}

// Courier is one whom anybody may play.
type Courier struct {
	Name  string `json:"name"`
	Badge string `json:"badge"`
	PIN   string `json:"pin"`
}

// Network is what was made at the first start. It is saved after each step, so that an interrupted start goes on.
type Network struct {
	Operator    string   `json:"operator"`
	OperatorKey string   `json:"operator_key"`
	SecondKey   string   `json:"second_key"` // of a second person of the operator's, for doors from afar
	Carrier     string   `json:"carrier"`
	CarrierKey  string   `json:"carrier_key"`
	Shop        string   `json:"shop"`
	ShopKey     string   `json:"shop_key"`
	Location    string   `json:"location"`
	Model       string   `json:"model"`
	Lockers     []Locker `json:"lockers"`
	Badge       string   `json:"badge"`
	PIN         string   `json:"pin"`
	Sandbox     Sandbox  `json:"sandbox"`
	Webhook     Webhook  `json:"webhook,omitzero"`
	Staff       Staff    `json:"staff,omitzero"`

	// These are of the whole network alone.
	CarrierB    string    `json:"carrier_b,omitempty"`
	CarrierBKey string    `json:"carrier_b_key,omitempty"`
	Host        string    `json:"host,omitempty"`
	Policies    bool      `json:"policies,omitempty"`
	Whole       bool      `json:"whole,omitempty"` // its lockers are made
	Couriers    []Courier `json:"couriers,omitempty"`
}

// errStaleNetwork is a folder of which a part was removed.
var errStaleNetwork = errors.New("the server does not know the keys in " + networkFile +
	": its database was removed or replaced. Remove the whole data folder to begin anew")

// seeder makes what is missing of the demo network, by the REST API.
type seeder struct {
	base   string
	client *http.Client
	save   func(Network) error
	full   bool // the whole network
}

// seedStep is something to be made once.
type seedStep struct {
	done bool
	make func() error
}

// lockersStep is where the lockers are made among the steps.
const lockersStep = 6

func (s seeder) run(ctx context.Context, n Network) (Network, error) {
	steps := []seedStep{
		{n.Carrier != "", func() error {
			return s.made(ctx, n, "organizations", object{"name": "Demo carrier", "kind": "carrier"}, &n.Carrier)
		}},
		{n.CarrierKey != "", func() error { return s.carrierKey(ctx, &n) }},
		{n.Shop != "", func() error {
			return s.made(ctx, n, "organizations", object{"name": "Demo shop", "kind": "shop"}, &n.Shop)
		}},
		{n.ShopKey != "", func() error { return s.shopKey(ctx, &n) }},
		{n.Location != "", func() error { return s.made(ctx, n, "locations", demoLocation(), &n.Location) }},
		{n.Model != "", func() error { return s.made(ctx, n, "models", demoModel(), &n.Model) }},
		{len(n.Lockers) > 0, func() error { return s.lockers(ctx, &n) }},
		{n.Badge != "", func() error { return s.courier(ctx, &n) }},
		{n.Sandbox.Locker.ID != "", func() error { return s.testLocker(ctx, &n) }},
		{n.Sandbox.Badge != "", func() error { return s.testCourier(ctx, &n) }},
		{n.Sandbox.Key != "", func() error { return s.testKey(ctx, &n) }},
	}
	if s.full {
		// Each locker has a place and a model of its own, but for the test locker.
		steps[lockersStep] = seedStep{n.Whole, func() error { return s.wholeLockers(ctx, &n) }}
		steps = slices.Insert(steps, lockersStep, seedStep{n.Host != "", func() error {
			return s.made(ctx, n, "organizations", object{"name": "Demo host", "kind": "host"}, &n.Host)
		}})
		steps = append(steps, s.whole(ctx, &n)...)
	}
	if err := s.call(ctx, n, http.MethodGet, "lockers?limit=1", nil, &struct{}{}); err != nil {
		return n, err
	}
	for _, step := range steps {
		if step.done {
			continue
		}
		if err := step.make(); err != nil {
			return n, err
		}
		if err := s.save(n); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s seeder) made(ctx context.Context, n Network, what string, body object, id *string) error {
	var made struct{ ID string }
	err := s.call(ctx, n, http.MethodPost, what, body, &made)
	*id = made.ID
	return err
}

func (s seeder) carrierKey(ctx context.Context, n *Network) error {
	var key struct{ Secret string }
	err := s.call(ctx, *n, http.MethodPost, "keys", object{
		"organization": n.Carrier, "name": "Demo carrier", "scopes": []string{"shipments", "couriers", "codes:read", "webhooks", "messages"},
	}, &key)
	n.CarrierKey = key.Secret
	return err
}

func (s seeder) shopKey(ctx context.Context, n *Network) error {
	var key struct{ Secret string }
	body := object{"organization": n.Shop, "name": "Demo shop", "scopes": []string{"shipments"}}
	err := s.call(ctx, *n, http.MethodPost, "keys", body, &key)
	n.ShopKey = key.Secret
	return err
}

// lockers makes those that an interrupted start has not made.
func (s seeder) lockers(ctx context.Context, n *Network) error {
	var all []Locker
	for i := 1; i <= 3; i++ {
		locker, err := s.locker(ctx, *n, fmt.Sprintf("L-%03d", i), func() (location, model string, err error) { return n.Location, n.Model, nil })
		if err != nil {
			return err
		}
		all = append(all, locker)
	}
	n.Lockers = all
	return nil
}

// locker finds the locker of a number, or makes it where and how place says.
func (s seeder) locker(ctx context.Context, n Network, number string, place func() (location, model string, err error)) (Locker, error) {
	var there struct{ Items []Locker }
	if err := s.call(ctx, n, http.MethodGet, "lockers?search="+url.QueryEscape(number), nil, &there); err != nil {
		return Locker{}, err
	}
	if len(there.Items) > 0 {
		return there.Items[0], nil
	}
	location, model, err := place()
	if err != nil {
		return Locker{}, err
	}
	var locker Locker
	err = s.call(ctx, n, http.MethodPost, "lockers", object{"number": number, "location": location, "model": model}, &locker)
	return locker, err
}

// courier makes the demo's courier; one that an interrupted start has made is as good.
func (s seeder) courier(ctx context.Context, n *Network) error {
	var made struct{ ID string }
	body := object{"organization": n.Carrier, "badge": courierBadge, "pin": courierPIN}
	err := conflictIsDone(s.call(ctx, *n, http.MethodPost, "couriers", body, &made))
	if err == nil {
		n.Badge, n.PIN = courierBadge, courierPIN
	}
	return err
}

// conflictIsDone forgives that an interrupted start has made it.
func conflictIsDone(err error) error {
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusConflict {
		return nil
	}
	return err
}

type object map[string]any

func demoLocation() object {
	return site{
		name: "Main station", address: "Station Square 1", latitude: 52.525, longitude: 13.369, kind: "institution", indoor: true, stepFree: true,
		en: "In the main hall, left of the ticket office.", ru: "В главном зале, слева от касс.",
	}.location()
}

// demoModel is two modules of three columns: 12 S, 9 M, 6 L and 3 XL, the large ones low, where heavy parcels go.
func demoModel() object {
	return object{"name": "Demo 30", "modules": []object{
		{"name": "A", "rows": []object{
			row("M", 1400, 3), row("S", 1270, 3), row("S", 1140, 3), row("S", 1010, 3), row("S", 880, 3), row("M", 670, 3), row("L", 250, 3),
		}},
		{"name": "B", "rows": []object{row("L", 1080, 3), row("M", 870, 3), row("XL", 250, 3)}},
	}}
}

// refusal is an answer of the API that is not a success.
type refusal struct {
	call   string
	status int
	detail string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %d %s", r.call, r.status, r.detail) }

func (s seeder) call(ctx context.Context, n Network, method, path string, in object, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, s.base+"/api/v1/"+path, &body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+n.OperatorKey)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusUnauthorized:
		return errStaleNetwork
	case response.StatusCode/100 != 2:
		return &refusal{method + " /api/v1/" + path, response.StatusCode, string(raw)}
	}
	return json.Unmarshal(raw, out)
}
