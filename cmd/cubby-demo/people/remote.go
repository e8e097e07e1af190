package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// RemoteOpening is a request to open doors from afar.
type RemoteOpening struct {
	ID          string `json:"id"`
	State       string `json:"state"`
	Reason      string `json:"reason"`
	RequestedBy string `json:"requested_by"`
	DecidedBy   string `json:"decided_by"`
	Doors       []struct {
		Cell      int    `json:"cell"`
		Outcome   string `json:"outcome"`
		Reason    string `json:"reason"`
		Operation string `json:"operation"`
		OpenedAt  string `json:"opened_at"`
	} `json:"doors"`
}

// OpenFromAfar asks for doors of a locker to be opened, for a reason. The key is the request's Idempotency-Key.
func (o Operator) OpenFromAfar(ctx context.Context, key, locker, purpose, reason string, cells ...int) (RemoteOpening, error) {
	var r RemoteOpening
	path, body := "/api/v1/lockers/"+url.PathEscape(locker)+"/open", map[string]any{"cells": cells, "purpose": purpose, "reason": reason}
	if len(cells) == 1 {
		path = o.cellsPath(locker, fmt.Sprintf("/%d/open", cells[0]))
		delete(body, "cells")
	}
	err := o.call(ctx, http.MethodPost, path, http.Header{"Idempotency-Key": {key}}, body, &r)
	return r, err
}

// Approve is a second person's yes to a request.
func (o Operator) Approve(ctx context.Context, key, id string) (RemoteOpening, error) {
	var r RemoteOpening
	err := o.call(ctx, http.MethodPost, "/api/v1/remote-openings/"+url.PathEscape(id)+"/approve", http.Header{"Idempotency-Key": {key}}, nil, &r)
	return r, err
}

// AwaitRemote reads a request until it is as wanted.
func (o Operator) AwaitRemote(ctx context.Context, id, what string, fits func(RemoteOpening) bool) (r RemoteOpening, err error) {
	err = Await(ctx, "remote opening "+id+" to be "+what, restEvery, func() (bool, string, error) {
		r = RemoteOpening{}
		err := o.call(ctx, http.MethodGet, "/api/v1/remote-openings/"+url.PathEscape(id), nil, nil, &r)
		return err == nil && fits(r), fmt.Sprintf("%+v", r), err
	})
	return r, err
}

// NewKey makes a further key of the operator's own organization and returns its secret.
func (o Operator) NewKey(ctx context.Context, name string, scopes ...string) (string, error) {
	var list struct {
		Items []struct{ ID, Kind string }
	}
	if err := o.call(ctx, http.MethodGet, "/api/v1/organizations?limit=200", nil, nil, &list); err != nil {
		return "", err
	}
	for _, of := range list.Items {
		if of.Kind == "operator" {
			var key struct{ Secret string }
			body := map[string]any{"organization": of.ID, "name": name, "scopes": scopes}
			err := o.call(ctx, http.MethodPost, "/api/v1/keys", nil, body, &key)
			return key.Secret, err
		}
	}
	return "", fmt.Errorf("there is no operator among %+v", list.Items)
}
