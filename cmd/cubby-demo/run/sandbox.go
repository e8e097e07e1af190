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

// sandbox makes what is missing of the sandbox.
func (s seeder) sandbox(ctx context.Context, n *Network) error {
	if n.Sandbox.Locker.ID == "" {
		var there struct{ Items []Locker }
		if err := s.call(ctx, *n, http.MethodGet, "lockers?search="+sandboxNumber, nil, &there); err != nil {
			return err
		}
		if len(there.Items) > 0 {
			n.Sandbox.Locker = there.Items[0]
		} else if err := s.call(ctx, *n, http.MethodPost, "lockers",
			object{"number": sandboxNumber, "location": n.Location, "model": n.Model, "test": true}, &n.Sandbox.Locker); err != nil {
			return err
		}
	}
	body := object{"organization": n.Operator, "badge": sandboxBadge, "pin": sandboxPIN, "lockers": []string{n.Sandbox.Locker.ID}}
	err := s.call(ctx, *n, http.MethodPost, "couriers", body, &struct{}{})
	var refused *refusal
	if err != nil && !(errors.As(err, &refused) && refused.status == http.StatusConflict) {
		return err
	}
	var key struct{ Secret string }
	err = s.call(ctx, *n, http.MethodPost, "keys", object{
		"organization": n.Carrier, "name": "Demo carrier, sandbox", "scopes": []string{"shipments", "couriers"}, "test": true,
	}, &key)
	if err == nil {
		n.Sandbox.Key, n.Sandbox.Badge = key.Secret, sandboxBadge
	}
	return err
}

// sites are the lockers whose cabinets run.
func (n Network) sites() []models.LockerID {
	var ids []models.LockerID
	for _, l := range append(n.Lockers[:len(n.Lockers):len(n.Lockers)], n.Sandbox.Locker) {
		ids = append(ids, models.LockerID(l.ID))
	}
	return ids
}
