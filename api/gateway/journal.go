package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"cubby/agent/protocol"
	"cubby/api"
	"cubby/models"
)

const (
	intakeWait  = 2 * time.Second
	bodyTimeout = 30 * time.Second // a cabinet may be on a slow radio link
	maxEnroll   = 4 << 10
	maxFactData = 256 << 10
	maxName     = 128
)

// journal takes a batch of facts in.
func (g *Gateway) journal(w http.ResponseWriter, r *http.Request, l models.LockerID) error {
	var batch protocol.JournalRequest
	if err := readJSON(w, r, protocol.MaxBatchBytes, &batch); err != nil {
		return err
	}
	if len(batch.Facts) > protocol.MaxBatch {
		return models.Errorf(models.CodeTooLarge, "A batch has at most %d facts.", protocol.MaxBatch)
	}
	for _, f := range batch.Facts {
		if err := checkFrame(f); err != nil {
			return err
		}
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
	head, err := g.Cabinets.TakeIn(r.Context(), l, batch.Facts)
	if err != nil {
		return err
	}
	return writeJSON(w, protocol.JournalReply{Epoch: head.Epoch, Seq: head.Seq})
}

// checkFrame refuses a fact whose frame cannot be kept at all. What a fact says is not
// judged here: a well-formed one is never refused.
func checkFrame(f models.Fact) error {
	for _, name := range []string{f.PrevHash, f.Hash, f.Boot, string(f.Clock), string(f.Type), string(f.Operation)} {
		if len(name) > maxName || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c > '~' }) {
			return models.Errorf(models.CodeMalformedFrame, "fact %d/%d: a name in its frame is too long or not printable", f.Epoch, f.Seq)
		}
	}
	if f.Epoch < 0 || f.Seq < 1 || f.Cell < 0 || f.Generation < 0 || f.Type == "" {
		return models.Errorf(models.CodeMalformedFrame, "fact %d/%d: a number or name in its frame is missing", f.Epoch, f.Seq)
	}
	// Databases keep no NUL in a text, and UTF-8 only.
	if len(f.Data) == 0 || len(f.Data) > maxFactData || bytes.Contains(f.Data, []byte(`\u0000`)) || !utf8.Valid(f.Data) {
		return models.Errorf(models.CodeMalformedFrame, "fact %d/%d: its data is missing, too large, not UTF-8 or holds a NUL", f.Epoch, f.Seq)
	}
	return nil
}

// enroll gives a cabinet its key, sealed to its computer.
func (g *Gateway) enroll(w http.ResponseWriter, r *http.Request, l models.LockerID) error {
	var in protocol.EnrollRequest
	if err := readJSON(w, r, maxEnroll, &in); err != nil {
		return err
	}
	sealed, err := g.Engine.Seal(r.Context(), models.SealInput{Locker: l, PublicKey: in.PublicKey})
	if err != nil {
		return err
	}
	return writeJSON(w, protocol.EnrollReply{Version: sealed.Version, Sealed: sealed.Sealed})
}

// readJSON reads a body of at most limit bytes. Fields that are not known are ignored:
// a newer cabinet may send more.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return models.Errorf(api.CodeMediaType, "The body must be sent with Content-Type: application/json.")
	}
	// A recorder in a test has no deadlines, and then there is no slow client either.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	_ = control.SetReadDeadline(time.Time{})
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
