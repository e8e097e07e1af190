package api

import (
	"strings"
	"sync"

	"cubby/models"
)

const headerIdempotencyKey = "Idempotency-Key"

// longestIdempotencyKey is in characters, without quotes.
const longestIdempotencyKey = 255

// idempotencyKey reads the header: a Structured Field string (RFC 9651) in quotes, or the
// same bare. Both spellings of a key are one key.
func idempotencyKey(values []string) (string, error) {
	if len(values) == 0 || len(values) == 1 && strings.TrimSpace(values[0]) == "" {
		return "", models.Errorf(models.CodeKeyRequired, "Send an Idempotency-Key header, fresh for each new request, such as a UUID.")
	}
	key, ok := "", len(values) == 1
	if ok {
		key, ok = unquote(strings.TrimSpace(values[0]))
	}
	if !ok || key == "" || len(key) > longestIdempotencyKey {
		var f models.Fields
		f.Add("header/"+headerIdempotencyKey, "must be one value of 1 to %d printable ASCII characters, quoted or bare", longestIdempotencyKey)
		return "", f.Err()
	}
	return key, nil
}

// unquote takes the quotes off a Structured Field string; a bare value is itself.
func unquote(s string) (string, bool) {
	quoted := strings.HasPrefix(s, `"`)
	if quoted {
		if len(s) < 2 || !strings.HasSuffix(s, `"`) {
			return "", false
		}
		s = s[1 : len(s)-1]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c < ' ' || c > '~':
			return "", false
		case !quoted:
		case c == '"':
			return "", false
		case c == '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
			c = s[i]
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// running are the idempotent requests that this process works on now. The database
// guards the key for good; this only answers a second sender at once, who would
// otherwise wait for the first one's row.
type running struct {
	mu   sync.Mutex
	keys map[runningKey]bool
}

type runningKey struct {
	organization models.OrganizationID
	key          string
}

func newRunning() *running { return &running{keys: map[runningKey]bool{}} }

// begin takes the key; the function that it returns gives it back.
func (r *running) begin(o models.OrganizationID, key string) (end func(), err error) {
	k := runningKey{o, key}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys[k] {
		return nil, models.Errorf(models.CodeInProgress, "A request with this Idempotency-Key is still running.")
	}
	r.keys[k] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.keys, k)
	}, nil
}
