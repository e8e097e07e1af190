package client

import (
	"context"
	"net/http"
)

// WithKey sends an API key with every call.
func WithKey(secret string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+secret)
		return nil
	})
}
