package gateway

import (
	"net/http"

	"cubby/agent/protocol"
	"cubby/models"
)

const (
	maxRequest = 4 << 10
	maxLabel   = 300
)

// request does what a person at a screen asks for. The answer tells nothing of what came of it.
func (g *Gateway) request(w http.ResponseWriter, r *http.Request, p Peer) error {
	var in protocol.Request
	if err := g.readJSON(w, r, maxRequest, &in); err != nil {
		return err
	}
	if in.Kind != protocol.ResendCode {
		return models.Errorf(models.CodeInvalid, "There is no request %.40q.", string(in.Kind))
	}
	if in.Label == "" || len(in.Label) > maxLabel {
		return models.Errorf(models.CodeInvalid, "A label has 1 to %d characters.", maxLabel)
	}
	if g.requests.Take(string(p.Locker)+" "+string(in.Kind), 1, g.Now()) {
		if err := g.Cabinets.ResendCode(r.Context(), p.Locker, in.Label); err != nil {
			return err
		}
	}
	return writeJSON(w, struct{}{})
}
