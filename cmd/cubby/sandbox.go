package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"cubby/api"
	"cubby/models"
)

// sandbox has the cabinets of test lockers moved by the program that plays their people.
type sandbox struct {
	base   string // "http://host:port"
	client *http.Client
}

var _ api.Sandbox = (*sandbox)(nil)

// Deposit implements api.Sandbox.
func (s *sandbox) Deposit(ctx context.Context, id models.LockerID, barcodes []string) error {
	return s.act(ctx, id, "deposit", map[string]any{"barcodes": barcodes})
}

// Pickup implements api.Sandbox.
func (s *sandbox) Pickup(ctx context.Context, id models.LockerID, code string) error {
	return s.act(ctx, id, "pickup", map[string]any{"code": code})
}

// Jam implements api.Sandbox.
func (s *sandbox) Jam(ctx context.Context, id models.LockerID, cell int, jammed bool) error {
	return s.act(ctx, id, "jam", map[string]any{"cell": cell, "jammed": jammed})
}

// Offline implements api.Sandbox.
func (s *sandbox) Offline(ctx context.Context, id models.LockerID, offline bool) error {
	return s.act(ctx, id, "offline", map[string]any{"offline": offline})
}

func (s *sandbox) act(ctx context.Context, id models.LockerID, what string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/sandbox/lockers/"+url.PathEscape(string(id))+"/"+what, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	const away = "The sandbox does not answer. Please try again in a moment."
	res, err := s.client.Do(r)
	if err != nil {
		return models.Wrap(models.CodeUnavailable, err, away)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return models.Wrap(models.CodeUnavailable, err, away)
	}
	switch res.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusConflict, http.StatusNotFound:
		var no struct{ Detail string }
		if err := json.Unmarshal(raw, &no); err == nil && no.Detail != "" {
			return models.Errorf(models.CodeConflict, "At the cabinet: %s", no.Detail)
		}
	}
	return models.Wrap(models.CodeUnavailable, fmt.Errorf("%s: %d %.200s", what, res.StatusCode, raw), away)
}
