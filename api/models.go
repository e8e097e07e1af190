package api

import (
	"context"
	"fmt"
	"slices"

	"cubby/models"
)

// maxCells is the largest cabinet.
const maxCells = 1000

// ListModels lists cabinet models.
func (s *server) ListModels(ctx context.Context, request ListModelsRequestObject) (ListModelsResponseObject, error) {
	p := page(request.Params.Cursor, request.Params.Limit, request.Params.Search)
	list, err := s.Network.Models(ctx, p)
	if err != nil {
		return nil, err
	}
	return ListModels200JSONResponse{
		Items:      each(list, modelBody),
		NextCursor: nextCursor(list, p.Limit, func(m models.CabinetModel) string { return string(m.ID) }),
	}, nil
}

// CreateModel makes a cabinet model.
func (s *server) CreateModel(ctx context.Context, request CreateModelRequestObject) (CreateModelResponseObject, error) {
	m := models.CabinetModel{Name: request.Body.Name, Modules: each(request.Body.Modules, newModule)}
	if n := cells(m); n > maxCells {
		var f models.Fields
		f.Add("/modules", "must have at most %d cells together, not %d", maxCells, n)
		return nil, f.Err()
	}
	if i := mixed(m); i >= 0 {
		var f models.Fields
		f.Add(fmt.Sprintf("/modules/%d/side", i), "must be both where another module has it: couriers of such a cabinet work at its back alone, and clients at its front")
		return nil, f.Err()
	}
	made, err := s.Network.CreateModel(ctx, callOf(ctx).request(), m)
	if err != nil {
		return nil, err
	}
	return CreateModel201JSONResponse(modelBody(made)), nil
}

// mixed is the first module with doors at one face in a cabinet that has others with doors at both, or -1.
func mixed(m models.CabinetModel) int {
	both := func(v models.Module) bool { return v.Side == models.SideBoth }
	if !slices.ContainsFunc(m.Modules, both) {
		return -1
	}
	return slices.IndexFunc(m.Modules, func(v models.Module) bool { return !both(v) })
}

func cells(m models.CabinetModel) int {
	n := 0
	for _, module := range m.Modules {
		for _, row := range module.Rows {
			n += row.Cells
		}
	}
	return n
}

func newModule(b Module) models.Module {
	return models.Module{
		Name: b.Name, Regime: models.Regime(or(b.Regime, Ambient)), Side: models.Side(or(b.Side, Front)),
		Rows: each(b.Rows, func(r Row) models.Row {
			return models.Row{
				Cells: r.Cells, Size: models.Size(r.Size), MaxWeightG: or(r.MaxWeightG, 0), FloorMM: or(r.FloorMm, 0),
				Inner: models.Dimensions{WidthMM: r.Inner.WidthMm, HeightMM: r.Inner.HeightMm, DepthMM: r.Inner.DepthMm},
			}
		}),
	}
}

func modelBody(m models.CabinetModel) CabinetModel {
	return CabinetModel{
		Id: string(m.ID), Name: m.Name, Cells: cells(m), CreatedAt: m.CreatedAt,
		Modules: each(m.Modules, func(v models.Module) Module {
			regime, side := Regime(v.Regime), ModuleSide(v.Side)
			return Module{Name: v.Name, Regime: &regime, Side: &side, Rows: each(v.Rows, rowBody)}
		}),
	}
}

func rowBody(r models.Row) Row {
	return Row{
		Cells: r.Cells, Size: Size(r.Size), MaxWeightG: optional(r.MaxWeightG), FloorMm: &r.FloorMM,
		Inner: Inner{WidthMm: r.Inner.WidthMM, HeightMm: r.Inner.HeightMM, DepthMm: r.Inner.DepthMM},
	}
}
