package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
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
			if slices.Contains(op.Tags, "Shipments") && op.Extensions["x-scope"] == string(models.ScopeShipments) {
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

// TestEveryOperationByScope: a key that has one scope alone calls what needs it, what needs none, and nothing else; without a
// key nothing is called. Own and foreign objects are the matter of the tests of each operation.
func TestEveryOperationByScope(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	answer := func(role, method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, scenario{role: role, method: method, url: path}.request())
		return w
	}
	for path, item := range specification(t).Paths.Map() {
		for method, op := range item.Operations() {
			url := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "x")
			needs, _ := op.Extensions["x-scope"].(string)
			require.NotEmpty(t, needs, "%s says which scope it needs", op.OperationID)
			require.Equal(t, http.StatusUnauthorized, answer("", method, url).Code, op.OperationID)
			for _, scope := range models.Scopes() {
				w := answer("only-"+string(scope), method, url)
				refused := w.Code == http.StatusForbidden && strings.Contains(w.Body.String(), "This needs a key with the scope")
				may := needs == "any" || needs == string(scope) || scope == models.ScopeOperator
				require.Equal(t, !may, refused, "%s with the scope %s: %d %s", op.OperationID, scope, w.Code, w.Body)
			}
		}
	}
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
