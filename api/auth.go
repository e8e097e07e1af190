package api

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/labstack/echo/v4"

	"cubby/models"
)

// keyPrefix begins every key's secret.
const keyPrefix = "cubby_"

// longestSecret bounds what is hashed for a caller who is not known yet.
const longestSecret = 200

// authorize finds out who calls, whether the operation's scope allows it, and whether the
// query and the idempotency key have their form: all before a byte of the body is read.
func (s *server) authorize(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op, ok := s.operation(c)
		if !ok {
			return next(c)
		}
		r := c.Request()
		secret, err := bearer(r.Header.Get(echo.HeaderAuthorization))
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(secret))
		info := callOf(r.Context())
		if info.actor, err = s.Keys.Authenticate(r.Context(), hex.EncodeToString(sum[:])); err != nil {
			return err
		}
		if err := s.quotas.take(c.Response().Header(), info.actor.Key, s.Now()); err != nil {
			return err
		}
		if op.scope != scopeAny && !info.actor.Can(op.scope) {
			return models.Errorf(models.CodeForbidden, "This needs a key with the scope %s.", op.scope)
		}
		if err := checkQuery(r.URL.RawQuery, op.parameters, s.contract.patterns); err != nil {
			return err
		}
		if _, given := r.Header[headerIdempotencyKey]; op.idempotent || op.repeatable && given {
			if info.idempotencyKey, err = idempotencyKey(r.Header.Values(headerIdempotencyKey)); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// bearer takes the secret out of an Authorization header.
func bearer(header string) (string, error) {
	scheme, secret, _ := strings.Cut(header, " ")
	secret = strings.TrimSpace(secret)
	switch {
	case !strings.EqualFold(scheme, "Bearer") || secret == "":
		return "", models.Errorf(models.CodeUnauthorized, "Send your key as Authorization: Bearer %s…", keyPrefix)
	case !strings.HasPrefix(secret, keyPrefix) || len(secret) > longestSecret:
		return "", models.Errorf(models.CodeUnauthorized, "The key is not valid.")
	}
	return secret, nil
}

// binder is Echo's way to hand a request's body to the generated code.
type binder struct{ contract contract }

// Bind implements echo.Binder: the body only, checked against its schema.
func (b binder) Bind(into any, c echo.Context) error {
	op := b.contract.operations[c.Request().Method+" "+c.Path()]
	body, err := readBody(c.Response().Writer, c.Request())
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	info := callOf(c.Request().Context())
	info.fingerprint = hex.EncodeToString(sum[:])
	info.faults, err = decodeBody(body, op.body, b.contract.patterns, into)
	return err
}
