package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"cubby/agent/protocol"
	"cubby/agent/protocol/session"
	"cubby/api"
	"cubby/models"
)

const intakeWait = 2 * time.Second

// journal takes a batch of facts in.
func (g *Gateway) journal(w http.ResponseWriter, r *http.Request, p Peer) error {
	var batch protocol.JournalRequest
	if err := g.readJSON(w, r, protocol.MaxBatchBytes, &batch); err != nil {
		return err
	}
	// After an outage every cabinet has a journal to send: they take turns.
	wait := time.NewTimer(intakeWait)
	defer wait.Stop()
	select {
	case g.intake <- struct{}{}:
		defer func() { <-g.intake }()
	case <-wait.C:
		return models.Errorf(models.CodeUnavailable, "Too many journals at once. Please try again.")
	case <-r.Context().Done():
		return r.Context().Err()
	}
	reply, err := session.Intake(batch.Facts, func(facts []models.Fact) (models.Head, error) {
		return g.Cabinets.TakeIn(r.Context(), p.Locker, facts)
	})
	if err != nil {
		return err
	}
	if ln := g.line(p.Locker); ln != nil {
		ln.inEpoch(reply.Epoch)
	}
	return writeJSON(w, reply)
}

// readJSON reads a body of at most limit bytes. Fields that are not known are ignored:
// a newer cabinet may send more.
func (g *Gateway) readJSON(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return models.Errorf(api.CodeMediaType, "The body must be sent with Content-Type: application/json.")
	}
	// A recorder in a test has no deadlines, and then there is no slow client either.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(g.BodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		// Else it stays: the server must not wait for the rest of a body that does not come.
		_ = control.SetReadDeadline(time.Time{})
	}
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return models.Errorf(models.CodeTooLarge, "The body is over the limit of %d bytes.", limit)
	case err != nil:
		return models.Wrap(models.CodeMalformedFrame, err, "The body did not arrive whole.")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return models.Wrap(models.CodeMalformedFrame, err, "The body is not the JSON of this call.")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	// A cabinet that went away asks again.
	_, _ = w.Write(raw)
	return nil
}
