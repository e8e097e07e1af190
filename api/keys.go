package api

import (
	"context"

	"cubby/models"
)

// CreateKey makes an API key.
func (s *server) CreateKey(ctx context.Context, request CreateKeyRequestObject) (CreateKeyResponseObject, error) {
	b := request.Body
	if b.ExpiresAt != nil && !b.ExpiresAt.After(s.Now()) {
		var f models.Fields
		f.Add("/expires_at", "must be in the future")
		return nil, f.Err()
	}
	k, secret, err := s.Keys.CreateKey(ctx, models.NewKey{
		Request: callOf(ctx).request(), Organization: models.OrganizationID(b.Organization), Name: b.Name,
		Scopes: each(b.Scopes, func(v Scope) models.Scope { return models.Scope(v) }), Test: or(b.Test, false), ExpiresAt: b.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	return CreateKey201JSONResponse{
		Id: string(k.ID), Organization: string(k.Organization), Name: k.Name,
		Scopes: each(k.Scopes, func(v models.Scope) Scope { return Scope(v) }),
		Test:   optional(k.Test), CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, Secret: secret,
	}, nil
}

// DeleteKey revokes an API key.
func (s *server) DeleteKey(ctx context.Context, request DeleteKeyRequestObject) (DeleteKeyResponseObject, error) {
	if err := known(models.PrefixKey, request.Id, "key"); err != nil {
		return nil, err
	}
	if err := s.Keys.RevokeKey(ctx, callOf(ctx).request(), models.KeyID(request.Id)); err != nil {
		return nil, err
	}
	return DeleteKey204Response{}, nil
}
