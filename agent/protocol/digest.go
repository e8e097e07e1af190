package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"cubby/models"
)

// InventoryDigest is a hex SHA-256 over a line for each cell in the order of numbers:
// "cell state doubtful generation shipment\n". Both sides compute it; when they differ
// with nothing under way, they reconcile.
func InventoryDigest(cells []models.CellReport) string {
	sorted := slices.SortedFunc(slices.Values(cells), func(a, b models.CellReport) int { return a.Cell - b.Cell })
	h := sha256.New()
	for _, c := range sorted {
		fmt.Fprintf(h, "%d %s %t %d %s\n", c.Cell, c.State, c.Doubtful, c.Generation, c.Shipment)
	}
	return hex.EncodeToString(h.Sum(nil))
}
