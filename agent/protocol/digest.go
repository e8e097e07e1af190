package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"cubby/models"
)

// InventoryDigest is a hex SHA-256 over a line for each cell in the order of numbers:
// "cell state doubtful generation shipment\n". Both sides compute it; when they differ
// with nothing under way, they reconcile.
func InventoryDigest(cells []models.CellReport) string {
	byNumber := func(a, b models.CellReport) int { return a.Cell - b.Cell }
	sorted := cells
	if !slices.IsSortedFunc(cells, byNumber) {
		sorted = slices.SortedFunc(slices.Values(cells), byNumber)
	}
	const line = 64 // bytes of a cell, about
	lines := make([]byte, 0, line*len(sorted))
	for _, c := range sorted {
		lines = strconv.AppendInt(lines, int64(c.Cell), 10)
		lines = append(append(append(lines, ' '), c.State...), ' ')
		lines = append(strconv.AppendBool(lines, c.Doubtful), ' ')
		lines = append(strconv.AppendInt(lines, c.Generation, 10), ' ')
		lines = append(append(lines, c.Shipment...), '\n')
	}
	sum := sha256.Sum256(lines)
	return hex.EncodeToString(sum[:])
}
