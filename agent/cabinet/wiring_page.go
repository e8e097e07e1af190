package cabinet

import (
	"maps"
	"slices"
	"strconv"

	"cubby/models"
)

const (
	wiringPage   = 8 // lines that are shown at once
	wiringLately = 8 // findings that are shown while it runs
)

// WiringPage is how far it has come that the wiring is found.
type WiringPage struct {
	Commission
	Done, Total int
	Shut        []int // cells whose doors somebody has to shut
	Findings    []WiringFound
	Stickers    []Sticker // of every cell, once it has ended
	Ended       bool
	Acceptable  bool   // each channel was looked at
	Error       string // why it ended; in English
	Page        int    // of the lists
	Seconds     int    // until it leaves everything as it is
}

// WiringFound is what came of driving one channel.
type WiringFound struct {
	Board   string
	Channel int
	Doubt   string // empty: the door of the number opened
	Cells   []int  // whose doors moved
}

// Sticker is what is written at a door: the channel of its lock. No channel: none opens it.
type Sticker struct {
	Cell    int
	Side    models.Side
	Board   string
	Channel int
}

// doubts are the words for what is doubtful about a channel.
func doubts() map[string]TextKey {
	return map[string]TextKey{
		"":              TextDoubtNone,
		"dead_board":    TextDoubtDeadBoard,
		"not_driven":    TextDoubtNotDriven,
		"nothing_moved": TextDoubtNothing,
		"already_open":  TextDoubtOpen,
		"many_moved":    TextDoubtMany,
		"other_moved":   TextDoubtOther,
		"other_board":   TextDoubtOtherBoard,
		"switch_turned": TextDoubtTurned,
		"shared":        TextDoubtShared,
		"left_out":      TextDoubtLeftOut,
	}
}

// Doubts lists the doubts that a page has words for.
func Doubts() []string { return slices.Sorted(maps.Keys(doubts())) }

// lines are those of its lists: what is doubtful, and then the stickers.
func (p WiringPage) lines() []ReportLine {
	var lines []ReportLine
	if p.Error != "" {
		lines = append(lines, ReportLine{p.Language.sentence(TextNameError, nil), p.Error, true})
	}
	for _, f := range p.doubtful() {
		lines = append(lines, p.found(f))
	}
	for _, s := range p.Stickers {
		lines = append(lines, p.sticker(s))
	}
	return lines
}

// Turned is the page with the next lines of its lists; after the last come the first.
func (p WiringPage) Turned() WiringPage {
	if p.Page++; p.Page*wiringPage >= len(p.lines()) {
		p.Page = 0
	}
	return p
}

func (p WiringPage) doubtful() []WiringFound {
	return slices.DeleteFunc(slices.Clone(p.Findings), func(f WiringFound) bool { return f.Doubt == "" })
}

func (p WiringPage) channel(board string, channel int) string {
	return p.Language.sentence(TextNameChannel, map[string]string{"board": board, "channel": strconv.Itoa(channel)})
}

func (p WiringPage) found(f WiringFound) ReportLine {
	value := p.Language.sentence(doubts()[f.Doubt], map[string]string{"cells": numbers(slices.Clone(f.Cells))})
	return ReportLine{p.channel(f.Board, f.Channel), value, f.Doubt != ""}
}

func (p WiringPage) sticker(s Sticker) ReportLine {
	name := TextStaffCell
	if s.Side == models.SideBack {
		name = TextNameBehind
	}
	line := ReportLine{p.Language.sentence(name, map[string]string{"cell": strconv.Itoa(s.Cell)}), p.channel(s.Board, s.Channel), s.Channel == 0}
	if s.Channel == 0 {
		line.Value = p.Language.sentence(TextWiringNone, nil)
	}
	return line
}

// View is what the screen of a side shows.
func (p WiringPage) View(side models.Side) View {
	if side != p.Side {
		v := blank(p.Public)
		v.Screen, v.Text, v.Params = ScreenOut, TextService, map[string]string{"call": p.Call}
		v.Sentence = p.Public.sentence(v.Text, v.Params)
		return v
	}
	v := blank(p.Language)
	v.Screen, v.Access = ScreenWiring, p.Access
	doubtful := len(p.doubtful())
	v.Params = map[string]string{
		"done": strconv.Itoa(p.Done), "total": strconv.Itoa(p.Total), "doubtful": strconv.Itoa(doubtful), "cells": numbers(slices.Clone(p.Shut)),
	}
	switch {
	case !p.Ended && p.Total == 0:
		v.Text, v.Buttons = TextWiringBegins, []Button{ButtonStop}
	case !p.Ended && len(p.Shut) > 0:
		v.Text, v.Buttons, v.Doors = TextWiringShut, []Button{ButtonStop}, slices.Clone(p.Shut)
	case !p.Ended:
		v.Text, v.Buttons = TextWiringRuns, []Button{ButtonStop}
		for _, f := range slices.Backward(p.Findings[max(0, len(p.Findings)-wiringLately):]) {
			v.Report = append(v.Report, p.found(f))
		}
	default:
		p.result(&v, doubtful)
	}
	v.Sentence = p.Language.sentence(v.Text, v.Params)
	for _, b := range v.Buttons {
		v.Labels[b] = p.Language.label(b)
	}
	v.speak()
	return v
}

// result is what was found, and what can be done about it.
func (p WiringPage) result(v *View, doubtful int) {
	lines := p.lines()
	from, to, more := pageOf(p.Page, wiringPage, len(lines))
	v.Report, v.Seconds = lines[from:to], p.Seconds
	switch {
	case p.Error != "":
		v.Text = TextWiringFailed
	case !p.Acceptable:
		v.Text = TextWiringStopped
	case doubtful > 0:
		v.Text = TextWiringDoubt
	default:
		v.Text = TextWiringFound
	}
	if p.Acceptable {
		v.Buttons = append(v.Buttons, ButtonAccept)
	}
	if doubtful > 0 || !p.Acceptable {
		v.Buttons = append(v.Buttons, ButtonTryDoubtful)
	}
	v.Buttons = append(v.Buttons, ButtonLeaveWiring)
	if more {
		v.Buttons = append(v.Buttons, ButtonMore)
	}
}
