package api

import (
	"bytes"
	"context"
	"strings"

	"cubby/api/labels"
	"cubby/models"
)

// GetPdfLabels prints a shipment's labels as PDF.
func (s *server) GetPdfLabels(ctx context.Context, request GetPdfLabelsRequestObject) (GetPdfLabelsResponseObject, error) {
	raw, err := s.labels(ctx, request.Id, labels.PDF)
	if err != nil {
		return nil, err
	}
	return GetPdfLabels200ApplicationpdfResponse{Body: bytes.NewReader(raw), ContentLength: int64(len(raw))}, nil
}

// GetZplLabels prints a shipment's labels as ZPL.
func (s *server) GetZplLabels(ctx context.Context, request GetZplLabelsRequestObject) (GetZplLabelsResponseObject, error) {
	raw, err := s.labels(ctx, request.Id, labels.ZPL)
	if err != nil {
		return nil, err
	}
	return GetZplLabels200ApplicationzplResponse{Body: bytes.NewReader(raw), ContentLength: int64(len(raw))}, nil
}

// GetLabelSheet prints the labels of several shipments as one PDF.
func (s *server) GetLabelSheet(ctx context.Context, request GetLabelSheetRequestObject) (GetLabelSheetResponseObject, error) {
	var all []models.Label
	for id := range strings.SplitSeq(request.Params.Shipments, ",") {
		of, err := s.Shipments.Labels(ctx, callOf(ctx).actor, models.ShipmentID(id))
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	raw, err := labels.PDF(all)
	if err != nil {
		return nil, err
	}
	return GetLabelSheet200ApplicationpdfResponse{Body: bytes.NewReader(raw), ContentLength: int64(len(raw))}, nil
}

func (s *server) labels(ctx context.Context, id string, draw func([]models.Label) ([]byte, error)) ([]byte, error) {
	if err := known(models.PrefixShipment, id, "shipment"); err != nil {
		return nil, err
	}
	all, err := s.Shipments.Labels(ctx, callOf(ctx).actor, models.ShipmentID(id))
	if err != nil {
		return nil, err
	}
	return draw(all)
}
