package lock

import "cubby/models"

// Behind is added to a cell's number to name the door at its back: to a bus the two doors of a
// two-way cell are two cells. A board at the back has first_cell 1001.
const Behind = 1000

// Door is what a bus calls the door of a cell at a side.
func Door(cell int, side models.Side) int {
	if side == models.SideBack {
		return cell + Behind
	}
	return cell
}

// CellOf is the inverse of Door.
func CellOf(door int) (cell int, side models.Side) {
	if door > Behind {
		return door - Behind, models.SideBack
	}
	return door, models.SideFront
}
