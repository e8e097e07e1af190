package desk

import "cubby/models"

// module is a unit of a cabinet as it is drawn: rows from the top, cells from the left.
type module struct {
	Number int
	Back   bool // its doors are on the back
	Rows   []row
}

type row struct {
	Size  models.Size
	Cells []cellView
}

// cellView is a cell as it is drawn, and as its panel tells of it.
type cellView struct {
	models.CellView
	Chosen bool
	Of     *models.ShipmentView // what is recorded in it; nil: nothing that is known
}

// Look is what the drawing makes of a cell: doubt stands before everything but a cell that is
// out of service.
func (c cellView) Look() string {
	switch {
	case c.State == models.CellOutOfService:
		return "out_of_service"
	case c.Doubtful:
		return "doubtful"
	}
	return string(c.State)
}

// Waits reports whether the cabinet has not carried out yet what is wanted of the cell.
func (c cellView) Waits() bool {
	if c.Order.Rev == 0 {
		return false
	}
	if c.Order.OutOfService != (c.State == models.CellOutOfService) && c.Order.Reason != "" && !c.UpdatedAt.After(c.Order.UpdatedAt) {
		return true
	}
	looked := c.Order.Looked
	return c.Doubtful && looked.Found != "" && looked.Generation == c.Generation && !c.UpdatedAt.After(c.Order.UpdatedAt)
}

// MayTakeOut reports whether nobody wants it out of service yet.
func (c cellView) MayTakeOut() bool { return !c.Order.OutOfService }

// MayPutBack reports whether it is, or is to be, out of service.
func (c cellView) MayPutBack() bool {
	return c.Order.OutOfService || c.State == models.CellOutOfService
}

// MayBeEmpty reports whether a person's word that it is empty settles a doubt.
func (c cellView) MayBeEmpty() bool { return c.Doubtful && c.State != models.CellOccupied }

// MayBeFull reports whether a person's word that the recorded parcel is inside settles a doubt.
func (c cellView) MayBeFull() bool {
	return c.Doubtful && (c.State == models.CellOccupied || c.State == models.CellOutOfService)
}

// draw puts cells where they are in the cabinet.
func draw(cells []models.CellView, chosen int) []module {
	var modules []module
	for _, c := range cells {
		if n := len(modules); n == 0 || modules[n-1].Number != c.Layout.Module {
			modules = append(modules, module{Number: c.Layout.Module, Back: c.Layout.Side == models.SideBack})
		}
		m := &modules[len(modules)-1]
		for len(m.Rows) < c.Layout.Row {
			m.Rows = append(m.Rows, row{})
		}
		r := &m.Rows[c.Layout.Row-1]
		r.Size = c.Layout.Size
		r.Cells = append(r.Cells, cellView{CellView: c, Chosen: c.Number == chosen})
	}
	return modules
}
