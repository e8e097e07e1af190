package cabinet

import (
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

// places says where doors are, as a person sees them who stands before the cabinet.
func (s *State) places(cells []int, l Language) map[int]string {
	places := map[int]string{}
	for _, n := range cells {
		if place := s.place(s.cell(n)); place != "" {
			places[n] = l.sentence(place, nil)
		}
	}
	return places
}

// place is where a cell is among those of its side: in which third from the top, and from the
// left. A layout that does not say has no places.
func (s *State) place(c *Cell) TextKey {
	if c.Layout.Row < 1 {
		return ""
	}
	var modules []int
	rows := 0
	for _, other := range s.Cells {
		if sideOfCell(other.Layout) != sideOfCell(c.Layout) {
			continue
		}
		if len(modules) == 0 || modules[len(modules)-1] != other.Layout.Module {
			modules = append(modules, other.Layout.Module)
		}
		if other.Layout.Module == c.Layout.Module {
			rows = max(rows, other.Layout.Row)
		}
	}
	column := 0
	for i, m := range modules {
		if m == c.Layout.Module {
			column = i
		}
	}
	high, wide := third(c.Layout.Row-1, rows), third(column, len(modules))
	if len(modules) < 2 {
		return []TextKey{TextUpper, TextMiddle, TextLower}[high]
	}
	return [3][3]TextKey{
		{TextUpperLeft, TextUpperMiddle, TextUpperRight},
		{TextMiddleLeft, TextMiddleMiddle, TextMiddleRight},
		{TextLowerLeft, TextLowerMiddle, TextLowerRight},
	}[high][wide]
}

// third is in which third of n the middle of the i-th is, counted from 0.
func third(i, n int) int { return (2*i + 1) * 3 / (2 * n) }

func sideOfCell(l models.LayoutCell) models.Side {
	if l.Side == models.SideBack {
		return models.SideBack
	}
	return models.SideFront
}
