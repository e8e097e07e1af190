package session

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"cubby/agent/mutant"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	maxFactData = 256 << 10
	maxName     = 128
)

// Intake takes a batch of facts in. commit makes those that are new durable, with all that
// follows from them, and returns the head after them; only what it has committed is
// acknowledged. body_too_large and malformed_frame refuse the whole batch before it.
func Intake(facts []models.Fact, commit func([]models.Fact) (models.Head, error)) (protocol.JournalReply, error) {
	if len(facts) > protocol.MaxBatch {
		return protocol.JournalReply{}, models.Errorf(models.CodeTooLarge, "A batch has at most %d facts.", protocol.MaxBatch)
	}
	for _, f := range facts {
		if err := checkFrame(f); err != nil {
			return protocol.JournalReply{}, err
		}
	}
	if n := len(facts); n > 0 && mutant.On(mutant.AckBeforeCommit) {
		_, _ = commit(facts)
		return protocol.JournalReply{Epoch: facts[n-1].Epoch, Seq: facts[n-1].Seq}, nil
	}
	head, err := commit(facts)
	if err != nil {
		return protocol.JournalReply{}, err
	}
	return protocol.JournalReply{Epoch: head.Epoch, Seq: head.Seq}, nil
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
	if len(f.Data) == 0 || len(f.Data) > maxFactData || holdsNUL(f.Data) || !utf8.Valid(f.Data) {
		return models.Errorf(models.CodeMalformedFrame, "fact %d/%d: its data is missing, too large, not UTF-8 or holds a NUL", f.Epoch, f.Seq)
	}
	return nil
}

// holdsNUL reports whether a JSON text has the escape of a NUL. A backslash that is escaped
// itself begins none: a label may read so, and its fact must not be refused for ever.
func holdsNUL(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return false
		}
		if bytes.HasPrefix(text[i:], []byte(`\u0000`)) {
			return true
		}
		text = text[i+2:]
	}
}
