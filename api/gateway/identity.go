package gateway

import (
	"net/http"

	"cubby/agent/protocol"
	"cubby/models"
)

// DevIdentity believes the header protocol.HeaderLocker. It is for the development
// listener alone, which has no TLS and is bound to loopback.
type DevIdentity struct{}

var _ Identity = DevIdentity{}

// Identify implements Identity.
func (DevIdentity) Identify(r *http.Request) (models.LockerID, error) {
	id := r.Header.Get(protocol.HeaderLocker)
	if !models.ValidID(models.PrefixLocker, id) {
		return "", models.Errorf(models.CodeUnauthorized, "The header %s must hold the cabinet's id.", protocol.HeaderLocker)
	}
	return models.LockerID(id), nil
}
