package api

import (
	"context"
	"strconv"
	"time"

	"cubby/models"
)

// EditShipment changes a shipment.
func (s *server) EditShipment(ctx context.Context, request EditShipmentRequestObject) (EditShipmentResponseObject, error) {
	v, err := s.shipment(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	e, err := shipmentEdit(s.Now(), *request.Body)
	if err != nil {
		return nil, err
	}
	e.Request, e.Shipment = callOf(ctx).request(), v.Shipment.ID
	if v, err = s.after(ctx, v, s.Shipments.EditShipment(ctx, e)); err != nil {
		return nil, err
	}
	return EditShipment200JSONResponse(shipmentBody(v)), nil
}

// shipmentEdit makes an edit of a body that fits its schema.
func shipmentEdit(now time.Time, b ShipmentEdit) (models.ShipmentEdit, error) {
	e := models.ShipmentEdit{NotifyBy: models.NotifyBy(or(b.NotifyBy, "")), Language: string(or(b.Language, "")), ExpectedAt: b.ExpectedAt, EasyReach: b.EasyReach}
	var f models.Fields
	if b.Contact != nil {
		c := newContact(*b.Contact)
		e.Contact = &c
	}
	checkExpected(e.ExpectedAt, now, &f)
	for i, p := range or(b.Parcels, nil) {
		edit := models.ParcelEdit{
			ID: models.ParcelID(p.Id), Size: models.Size(or(p.Size, "")), WeightG: or(p.WeightG, 0),
			Dimensions: models.Dimensions{WidthMM: or(p.WidthMm, 0), HeightMM: or(p.HeightMm, 0), DepthMM: or(p.DepthMm, 0)},
		}
		checkDimensions("/parcels/"+strconv.Itoa(i), edit.Dimensions, &f)
		e.Parcels = append(e.Parcels, edit)
	}
	if len(e.Fields()) == 0 {
		f.Add("", "must change something")
	}
	return e, f.Err()
}

// EraseContact erases how a shipment's client is reached.
func (s *server) EraseContact(ctx context.Context, request EraseContactRequestObject) (EraseContactResponseObject, error) {
	v, err := s.shipment(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	if err := s.Shipments.EraseContact(ctx, callOf(ctx).request(), v.Shipment.ID); err != nil {
		return nil, err
	}
	if v, err = s.shipment(ctx, request.Id); err != nil {
		return nil, err
	}
	return EraseContact200JSONResponse(shipmentBody(v)), nil
}
