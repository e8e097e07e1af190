package cabinet

import (
	"slices"
	"strconv"

	"cubby/models"
)

// needsCalm reports whether doors are to open one after the other: who reads with the ears, or
// reaches low alone, cannot watch four, and a battery cannot open them.
func (t *turn) needsCalm() bool {
	a := t.Session.Access
	return a.Low || a.Speech || t.Power.OnBattery
}

// askSeveral says how many doors are to open before they do; false: there is no need.
func (t *turn) askSeveral(e *Expected, cells []*Cell) bool {
	if len(cells) < 2 || len(cells) <= doorsAtOnce && !t.needsCalm() {
		return false
	}
	var list []int
	for _, c := range cells {
		list = append(list, c.Number())
	}
	t.await(ScreenSeveral, TextSeveral, "cells", numbers(list), "count", strconv.Itoa(len(list)))
	t.Session.Several = e.Shipment
	return true
}

// openSeveral opens them: whoever is asked has just given the code.
func (t *turn) openSeveral() {
	e := t.Directory.Shipments[t.Session.Several]
	if e == nil {
		return
	}
	t.Session.Agreed = true
	t.pickup(e, e.Issue)
	t.Session.Agreed = false
}

// progress is which of its doors an operation is at, and how many there are.
func (op *Operation) progress() (k, n int) {
	for _, d := range op.Doors {
		if d.State != DoorWaiting {
			k++
		}
	}
	return max(k, 1), len(op.Doors)
}

// places says where doors are, as a person sees them who stands before a side of the cabinet.
func (s *State) places(cells []int, side models.Side, l Language) map[int]string {
	places := map[int]string{}
	for _, n := range cells {
		if place := s.place(s.cell(n), side); place != "" {
			places[n] = l.sentence(place, nil)
		}
	}
	return places
}

// place is where a cell is among those of a side: in which third from the top, and from the left. Modules and the cells of a
// row are counted from the left as the front is seen: at the back the last is the first. A layout that does not say has no
// places.
func (s *State) place(c *Cell, side models.Side) TextKey {
	if c.Layout.Row < 1 {
		return ""
	}
	if !atSide(c.Layout, side) {
		side = sideOfCell(c.Layout)
	}
	var modules, row []int
	rows := 0
	for _, other := range s.Cells {
		if !atSide(other.Layout, side) {
			continue
		}
		if !slices.Contains(modules, other.Layout.Module) {
			modules = append(modules, other.Layout.Module)
		}
		if other.Layout.Module != c.Layout.Module {
			continue
		}
		rows = max(rows, other.Layout.Row)
		if other.Layout.Row == c.Layout.Row {
			row = append(row, other.Number())
		}
	}
	slices.Sort(modules)
	columns := len(modules) * len(row)
	column := slices.Index(modules, c.Layout.Module)*len(row) + slices.Index(row, c.Number())
	if side == models.SideBack {
		column = columns - 1 - column
	}
	high := third(c.Layout.Row-1, rows)
	if columns < 2 {
		return []TextKey{TextUpper, TextMiddle, TextLower}[high]
	}
	return [3][3]TextKey{
		{TextUpperLeft, TextUpperMiddle, TextUpperRight},
		{TextMiddleLeft, TextMiddleMiddle, TextMiddleRight},
		{TextLowerLeft, TextLowerMiddle, TextLowerRight},
	}[high][third(column, columns)]
}

// third is in which third of n the middle of the i-th is, counted from 0.
func third(i, n int) int { return (2*i + 1) * 3 / (2 * n) }

// sideOfCell is the face at which a cell with one door has it; one with two has both.
func sideOfCell(l models.LayoutCell) models.Side {
	if l.Side == models.SideBack {
		return models.SideBack
	}
	return models.SideFront
}

// atSide reports whether a cell has a door at a face.
func atSide(l models.LayoutCell, side models.Side) bool {
	return l.Side == models.SideBoth || sideOfCell(l) == side
}
