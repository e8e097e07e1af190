package api

import (
	"context"

	"cubby/models"
)

// ListCells lists a locker's cells.
func (s *server) ListCells(ctx context.Context, request ListCellsRequestObject) (ListCellsResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	cells, err := s.Lockers.Cells(ctx, models.LockerID(request.Id))
	if err != nil {
		return nil, err
	}
	return ListCells200JSONResponse{Items: each(cells, cellBody)}, nil
}

// TakeCellOut has nothing more put into a cell.
func (s *server) TakeCellOut(ctx context.Context, request TakeCellOutRequestObject) (TakeCellOutResponseObject, error) {
	v, err := s.orderCell(ctx, request.Id, request.N, models.CellChange{Action: models.CellTakeOut, Reason: request.Body.Reason})
	return TakeCellOut200JSONResponse(cellBody(v)), err
}

// PutCellBack lets a cell be used again.
func (s *server) PutCellBack(ctx context.Context, request PutCellBackRequestObject) (PutCellBackResponseObject, error) {
	v, err := s.orderCell(ctx, request.Id, request.N, models.CellChange{Action: models.CellPutBack, Reason: request.Body.Reason})
	return PutCellBack200JSONResponse(cellBody(v)), err
}

// MarkCellChecked says that a person looked into a cell.
func (s *server) MarkCellChecked(ctx context.Context, request MarkCellCheckedRequestObject) (MarkCellCheckedResponseObject, error) {
	b := request.Body
	v, err := s.orderCell(ctx, request.Id, request.N, models.CellChange{
		Action: models.CellMarkSeen, Reason: b.Reason, Generation: b.Generation, Found: string(b.Found),
	})
	return MarkCellChecked200JSONResponse(cellBody(v)), err
}

func (s *server) orderCell(ctx context.Context, id string, cell int, c models.CellChange) (models.CellView, error) {
	if err := known(models.PrefixLocker, id, "locker"); err != nil {
		return models.CellView{}, err
	}
	return s.Network.OrderCell(ctx, callOf(ctx).request(), models.LockerID(id), cell, c)
}

func cellBody(v models.CellView) LockerCell {
	return LockerCell{
		Number: v.Number, Module: v.Layout.Module, Row: v.Layout.Row, Side: string(v.Layout.Side),
		Size: Size(v.Size), Regime: Regime(v.Regime), State: string(v.State), Doubtful: v.Doubtful,
		Generation: v.Generation, Since: v.Since, Shipment: optional(string(v.Shipment)),
		OutOfServiceOrdered: v.Order.OutOfService, Reason: optional(v.Order.Reason),
	}
}
