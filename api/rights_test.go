package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

// bodies are bodies of operations that need one.
func bodies() map[string]string {
	return map[string]string{
		"CreateShipment": announcement(`{"carrier":"` + string(carrierA) + `"}`), "EditShipment": `{"language":"ru"}`, "CreateCarrierEvent": `{"type":"accepted"}`,
		"CreateShipments": `{"items":[` + announcement(`{"carrier":"`+string(carrierA)+`"}`) + `]}`,
		"RerouteShipment": `{"locker":"` + string(lockerID) + `"}`, "FreezeShipment": `{"reason":"why"}`, "UnfreezeShipment": `{"reason":"why"}`,
	}
}

// TestShipmentRights: every operation on shipments does with each kind of key what the table
// says, on an own shipment and on a foreign one.
func TestShipmentRights(t *testing.T) {
	t.Parallel()
	type call struct{ method, path string }
	calls := map[string]call{}
	for path, item := range specification(t).Paths.Map() {
		for method, op := range item.Operations() {
			if slices.Contains(op.Tags, "Shipments") {
				calls[op.OperationID] = call{method, path}
			}
		}
	}
	for _, right := range api.ShipmentRights() {
		c, known := calls[right.Operation]
		require.True(t, known, right.Operation)
		delete(calls, right.Operation)
		of := strings.Contains(c.path, "{id}")
		for role, want := range map[string]int{
			"carrier": map[bool]int{true: 200, false: 403}[right.Carrier], "shop": map[bool]int{true: 200, false: 403}[right.Shop],
			"operator": 200, "carrierB": map[bool]int{true: 404, false: 200}[of], "none": 403, "": 401,
		} {
			if role == "carrierB" && !of {
				continue // what it lists and announces is its own
			}
			s := scenario{role: role, method: c.method, url: strings.ReplaceAll(c.path, "{id}", string(shipID)), body: bodies()[right.Operation]}
			w := httptest.NewRecorder()
			handler(&ports{}, nil, nil).ServeHTTP(w, s.request())
			if want == 200 && w.Code == http.StatusCreated {
				want = http.StatusCreated
			}
			require.Equal(t, want, w.Code, "%s as %s: %s", right.Operation, role, w.Body)
		}
	}
	require.Empty(t, calls, "operations that the table does not have")
}

// TestDocsShowTheTables: docs/api.md has the tables as the code has them.
func TestDocsShowTheTables(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	yes := func(may bool) string { return map[bool]string{true: "yes", false: "no"}[may] }

	var rights strings.Builder
	rights.WriteString("| operation | its carrier | its shop | an operator | anyone else |\n|---|---|---|---|---|\n")
	for _, r := range api.ShipmentRights() {
		fmt.Fprintf(&rights, "| `%s` | %s | %s | yes | no |\n", r.Operation, yes(r.Carrier), yes(r.Shop))
	}
	require.Contains(t, string(raw), rights.String())

	var edits strings.Builder
	edits.WriteString("| state |")
	for _, f := range models.EditFields() {
		fmt.Fprintf(&edits, " `%s` |", f)
	}
	edits.WriteString("\n|---|" + strings.Repeat("---|", len(models.EditFields())) + "\n")
	for _, state := range models.ShipmentStates() {
		fmt.Fprintf(&edits, "| `%s` |", state)
		for _, f := range models.EditFields() {
			fmt.Fprintf(&edits, " %s |", yes(state.MayEdit(f)))
		}
		edits.WriteString("\n")
	}
	require.Contains(t, string(raw), edits.String())

	var actions strings.Builder
	actions.WriteString("| state | allowed actions |\n|---|---|\n")
	for _, state := range models.ShipmentStates() {
		fmt.Fprintf(&actions, "| `%s` | %s |\n", state, strings.Join(state.AllowedActions(false), ", "))
	}
	require.Contains(t, string(raw), actions.String())
}
