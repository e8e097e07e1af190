package run

import (
	"context"
	"errors"
	"net/http"

	"cubby/models"
)

// The courier of the sandbox is the operator's, who may load any carrier's parcels, at the test locker alone.
const (
	sandboxNumber = "T-001"
	sandboxBadge  = "CUB-SANDBOX"
	sandboxPIN    = "4321"
)

// Sandbox is the test locker of the demo network, and the carrier's key for it.
type Sandbox struct {
	Locker Locker `json:"locker"`
	Key    string `json:"key"`
	Badge  string `json:"badge"`
}

// testLocker makes the sandbox's locker, if an interrupted start has not.
func (s seeder) testLocker(ctx context.Context, n *Network) error {
	var there struct{ Items []Locker }
	if err := s.call(ctx, *n, http.MethodGet, "lockers?search="+sandboxNumber, nil, &there); err != nil {
		return err
	}
	if len(there.Items) > 0 {
		n.Sandbox.Locker = there.Items[0]
		return nil
	}
	return s.call(ctx, *n, http.MethodPost, "lockers",
		object{"number": sandboxNumber, "location": n.Location, "model": n.Model, "test": true}, &n.Sandbox.Locker)
}

// testCourier makes the courier of the sandbox; one that an interrupted start has made is as good.
func (s seeder) testCourier(ctx context.Context, n *Network) error {
	body := object{"organization": n.Operator, "badge": sandboxBadge, "pin": sandboxPIN, "lockers": []string{n.Sandbox.Locker.ID}}
	err := s.call(ctx, *n, http.MethodPost, "couriers", body, &struct{}{})
	var refused *refusal
	if err != nil && !(errors.As(err, &refused) && refused.status == http.StatusConflict) {
		return err
	}
	n.Sandbox.Badge = sandboxBadge
	return nil
}

// testKey makes the carrier's key for the sandbox.
func (s seeder) testKey(ctx context.Context, n *Network) error {
	var key struct{ Secret string }
	err := s.call(ctx, *n, http.MethodPost, "keys", object{
		"organization": n.Carrier, "name": "Demo carrier, sandbox", "scopes": []string{"shipments", "couriers", "codes:read", "webhooks", "messages"}, "test": true,
	}, &key)
	n.Sandbox.Key = key.Secret
	return err
}

// sites are the lockers whose cabinets run.
func (n Network) sites() []models.LockerID {
	var ids []models.LockerID
	for _, l := range append(n.Lockers[:len(n.Lockers):len(n.Lockers)], n.Sandbox.Locker) {
		if !l.Waiting {
			ids = append(ids, models.LockerID(l.ID))
		}
	}
	return ids
}
