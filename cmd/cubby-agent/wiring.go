package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/durable"
	"cubby/agent/host"
	"cubby/agent/lock"
	"cubby/agent/lock/commission"
	"cubby/models"
)

// wiring is how the locks were found to be wired, once that was accepted: it counts before what the
// configuration says of the boards' locks, inverted and unfitted cells.
type wiring struct {
	AtMS   int64        `json:"at_ms"`
	Boards []lock.Board `json:"boards"`
}

func (c config) wiringFile() string { return filepath.Join(c.Dir, "wiring.json") }

// wired is the configuration with the boards as they were found to be wired. Without its file it
// stays as it is; one that cannot be used is an error, since doors would open that nobody asked for.
func (c config) wired(log *slog.Logger) (config, error) {
	raw, err := os.ReadFile(c.wiringFile())
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	var w wiring
	if err == nil {
		err = json.Unmarshal(raw, &w)
	}
	if err == nil {
		c, err = c.lay(w, log)
	}
	if err != nil {
		return c, fmt.Errorf("the wiring that was found cannot be used: %s: %w\nRemove the file, or find the wiring again: cubby-agent commission --accept", c.wiringFile(), err)
	}
	return c, nil
}

// lay lays the wiring over the boards of its names.
func (c config) lay(w wiring, log *slog.Logger) (config, error) {
	typed, known := c.Buses, map[string]bool{}
	var all []lock.Board
	c.Buses = nil
	for _, b := range typed {
		b.Boards = slices.Clone(b.Boards)
		for i, board := range b.Boards {
			at := slices.IndexFunc(w.Boards, func(found lock.Board) bool { return found.Name == board.Name })
			if at < 0 {
				continue
			}
			found := w.Boards[at]
			if !sameBoard(board, found) {
				return c, fmt.Errorf("board %s is configured otherwise than when its wiring was found", board.Name)
			}
			known[board.Name] = true
			b.Boards[i].Locks, b.Boards[i].Inverted, b.Boards[i].Unfitted = found.Locks, found.Inverted, union(board.Unfitted, found.Unfitted)
		}
		c.Buses, all = append(c.Buses, b), append(all, b.Boards...)
	}
	for _, found := range w.Boards {
		if !known[found.Name] {
			log.Warn("the wiring that was found is of a board too that is not configured", "board", found.Name)
		}
	}
	c.typed, c.wiring = typed, &w
	return c, lock.CheckBoards(all)
}

// sameBoard reports whether two boards number their cells and read their doors alike.
func sameBoard(a, b lock.Board) bool {
	return a.Dialect == b.Dialect && a.Address == b.Address && a.FirstCell == b.FirstCell && a.Channels == b.Channels && a.Feedback == b.Feedback
}

func union(a, b []int) []int {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// asTyped is the configuration without what was found.
func (c config) asTyped() config {
	if c.wiring != nil {
		c.Buses, c.typed, c.wiring = c.typed, nil, nil
	}
	return c
}

// leftOut lists the cells of a line's board that no lock is known to open: only what was found leaves
// them out, and nobody may be sent to them.
func (c config) leftOut(line, board int) (cells []int) {
	for _, door := range c.Buses[line].Boards[board].Unfitted {
		if !slices.Contains(c.asTyped().Buses[line].Boards[board].Unfitted, door) {
			cell, _ := lock.CellOf(door)
			cells = append(cells, cell)
		}
	}
	return cells
}

// takeOut has the cabinet offer no cell that is left out, as if its board did not answer. It is told
// by the board when the lock is there again.
func (c config) takeOut(ctx context.Context, h *host.Host) error {
	for line := range c.Buses {
		for i, b := range c.Buses[line].Boards {
			cells := c.leftOut(line, i)
			if len(cells) == 0 {
				continue
			}
			if err := h.Tell(ctx, cabinet.BoardChanged{Board: b.Name, Cells: cells}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tried are the boards of a line whose wiring is looked for: as they are driven, with the cells that
// only an earlier look has left out.
func (c config) tried(line int) []lock.Board {
	boards := slices.Clone(c.Buses[line].Boards)
	for i := range boards {
		boards[i].Unfitted = c.asTyped().Buses[line].Boards[i].Unfitted
		boards[i].Locks = maps.Clone(boards[i].Locks)
		maps.DeleteFunc(boards[i].Locks, func(cell, _ int) bool { return slices.Contains(boards[i].Unfitted, cell) })
	}
	return boards
}

// proposals are what is proposed of each line, by what was found. A cell that an earlier look left out
// stays so until its door is seen to open.
func (c config) proposals(findings []commission.Finding) []commission.Proposal {
	var all []commission.Proposal
	for line := range c.Buses {
		boards := c.tried(line)
		its := slices.DeleteFunc(slices.Clone(findings), func(f commission.Finding) bool {
			return !slices.ContainsFunc(boards, func(board lock.Board) bool { return board.Name == f.Board })
		})
		p := commission.Propose(boards, its)
		for i := range p.Boards {
			b := &p.Boards[i]
			for _, cell := range c.Buses[line].Boards[i].Unfitted {
				if slices.Contains(b.Cells(), cell) && !slices.ContainsFunc(its, func(f commission.Finding) bool { return f.Opens(cell) }) {
					b.Unfitted, p.Without = union(b.Unfitted, []int{cell}), append(p.Without, cell)
					delete(b.Locks, cell)
				}
			}
		}
		all = append(all, p)
	}
	return all
}

// channels counts those that are looked at.
func (c config) channels() (n int) {
	for line := range c.Buses {
		for _, b := range c.tried(line) {
			n += len(b.Cells())
		}
	}
	return n
}

// errUnfinished says that what was found cannot be accepted yet.
var errUnfinished = errors.New("not every channel was looked at")

// accept has the locks driven as they were found to be wired, from the next start of the program on.
// by is a technician at the screen, whose word is written down first for the journal; empty: it is
// whoever gives commands at the computer. The next look begins anew.
func (in commissioning) accept(findings []commission.Finding, by models.CourierID, now time.Time) error {
	if len(findings) < in.channels() {
		return errUnfinished
	}
	w := wiring{AtMS: now.UnixMilli()}
	for _, p := range in.proposals(findings) {
		w.Boards = append(w.Boards, p.Boards...)
	}
	if _, err := in.asTyped().lay(w, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	if by != "" {
		if err := in.spoolLine(spooled{Accepted: by, AtMS: w.AtMS}); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(in.wiringFile(), append(raw, '\n')); err != nil {
		return err
	}
	if err := durable.Remove(in.file()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
