package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"cubby/models"
)

// CreateShipments announces many shipments, each by itself.
func (s *server) CreateShipments(ctx context.Context, request CreateShipmentsRequestObject) (CreateShipmentsResponseObject, error) {
	info := callOf(ctx)
	end, err := s.running.begin(info.actor.Organization, info.idempotencyKey)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := s.Shipments.ClaimKey(ctx, info.actor.Organization, info.idempotencyKey, info.fingerprint); err != nil {
		return nil, err
	}
	items := make([]BatchItem, len(request.Body.Items))
	for i, b := range request.Body.Items {
		v, err := s.createItem(ctx, i, b)
		if items[i], err = s.batchItem(ctx, v, err); err != nil {
			return nil, err
		}
	}
	return CreateShipments200JSONResponse{Items: items}, nil
}

// createItem announces one shipment of a batch. Its key is made of the batch's key and its
// place: a line break keeps it apart from every key that a caller can send.
func (s *server) createItem(ctx context.Context, i int, b NewShipment) (models.ShipmentView, error) {
	info := callOf(ctx)
	if err := info.faults[i]; err != nil {
		return models.ShipmentView{}, err
	}
	if err := ctx.Err(); err != nil {
		return models.ShipmentView{}, err
	}
	n, err := newShipment(info.actor, s.Now(), b)
	if err != nil {
		return models.ShipmentView{}, err
	}
	sum := sha256.Sum256([]byte(info.idempotencyKey))
	n.Request, n.Fingerprint = info.request(), info.fingerprint
	n.IdempotencyKey = "batch\n" + hex.EncodeToString(sum[:]) + "\n" + strconv.Itoa(i)
	v, _, err := s.Shipments.CreateShipment(ctx, n)
	return v, err
}

// batchItem is the answer to one item.
func (s *server) batchItem(ctx context.Context, v models.ShipmentView, err error) (BatchItem, error) {
	if err == nil {
		body := shipmentBody(v)
		return BatchItem{Status: http.StatusCreated, Shipment: &body}, nil
	}
	info := callOf(ctx)
	doc, status := problem(domainError(err), "/api/v1/shipments", info.id)
	if status == http.StatusInternalServerError {
		s.Logger.ErrorContext(ctx, "an item of a batch", "request", info.id, "error", err)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return BatchItem{}, err
	}
	var p Problem
	err = json.Unmarshal(raw, &p)
	return BatchItem{Status: status, Problem: &p}, err
}
