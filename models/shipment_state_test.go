package models_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestShipmentTable: every pair has an answer that stays within the states, and a refusal
// changes nothing.
func TestShipmentTable(t *testing.T) {
	t.Parallel()
	for _, s := range models.ShipmentStates() {
		for _, e := range models.ShipmentEvents() {
			next, ok := s.Next(e)
			require.Contains(t, models.ShipmentStates(), next, "%s on %s", s, e)
			if !ok {
				require.Equal(t, s, next, "%s on %s", s, e)
			}
		}
	}
}

// TestFactsAreNeverRefused: physical truth wins in every state, final ones too.
func TestFactsAreNeverRefused(t *testing.T) {
	t.Parallel()
	for _, s := range models.ShipmentStates() {
		for _, e := range []models.ShipmentEvent{models.OnDeposited, models.OnPickedUpSome, models.OnPickedUpAll,
			models.OnLoadFailed, models.OnRefused, models.OnMissing, models.OnWithdrawalBegun, models.OnEmptiedReturn, models.OnEmptiedCancel, models.OnEmptiedReroute} {
			_, ok := s.Next(e)
			require.True(t, ok, "%s refuses the fact %s", s, e)
		}
		// A parcel that lies in a cell again is never in a final state.
		next, _ := s.Next(models.OnDeposited)
		require.False(t, next.Final(), "%s stays final with a parcel in a cell", s)
	}
}

// TestWishesNeverLeaveAFinalState: only facts do.
func TestWishesNeverLeaveAFinalState(t *testing.T) {
	t.Parallel()
	for _, s := range models.ShipmentStates() {
		if !s.Final() {
			continue
		}
		for _, e := range []models.ShipmentEvent{models.DoReady, models.DoExpire, models.DoExtend, models.DoNeverDeposited,
			models.DoCancel, models.DoReroute, models.DoClose, models.DoReturned, models.DoLose, models.OnCarrierHasIt} {
			_, ok := s.Next(e)
			require.False(t, ok, "%s takes %s", s, e)
		}
	}
}

// TestDrawing: docs/lifecycle.md draws the arrows of the table, no more and no fewer.
func TestDrawing(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/lifecycle.md")
	require.NoError(t, err)
	var drawn, real []string
	for _, m := range regexp.MustCompile(`(?m)^    (\w+) --> (\w+): (\w+)$`).FindAllSubmatch(raw, -1) {
		drawn = append(drawn, fmt.Sprintf("%s %s %s", m[1], m[2], m[3]))
	}
	for _, s := range models.ShipmentStates() {
		for _, e := range models.ShipmentEvents() {
			if next, ok := s.Next(e); ok && next != s {
				real = append(real, fmt.Sprintf("%s %s %s", s, next, e))
			}
		}
	}
	slices.Sort(drawn)
	slices.Sort(real)
	require.Equal(t, real, drawn)
}
