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

	"cubby/models"
)

// right says who may call an operation on a shipment with a key of the scope `shipments`: the
// shipment's carrier and its shop. An operator may call each; for everyone else the shipment
// does not exist.
type right struct {
	operation string // operationId in openapi.yaml
	carrier   bool
	shop      bool
}

// shipmentRights is the table of who may do what with a shipment, which docs/api.md shows.
func shipmentRights() []right {
	both := func(operation string) right { return right{operation: operation, carrier: true, shop: true} }
	return []right{
		both("ListShipments"),
		both("CreateShipment"),
		both("CreateShipments"),
		both("GetShipment"),
		both("EditShipment"),
		both("ListShipmentEvents"),
		both("GetPdfLabels"),
		both("GetZplLabels"),
		{operation: "CreateCarrierEvent", carrier: true},
		both("CancelShipment"),
		both("ExtendStorage"),
		both("RerouteShipment"),
		both("ReissueCode"),
		both("FreezeShipment"),
		both("UnfreezeShipment"),
		both("EraseContact"),
	}
}

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
	for _, r := range shipmentRights() {
		c, known := calls[r.operation]
		require.True(t, known, r.operation)
		delete(calls, r.operation)
		of := strings.Contains(c.path, "{id}")
		for role, want := range map[string]int{
			"carrier": map[bool]int{true: 200, false: 403}[r.carrier], "shop": map[bool]int{true: 200, false: 403}[r.shop],
			"operator": 200, "carrierB": map[bool]int{true: 404, false: 200}[of], "none": 403, "": 401,
		} {
			if role == "carrierB" && !of {
				continue // what it lists and announces is its own
			}
			s := scenario{role: role, method: c.method, url: strings.ReplaceAll(c.path, "{id}", string(shipID)), body: bodies()[r.operation]}
			w := httptest.NewRecorder()
			handler(&ports{}, nil, nil).ServeHTTP(w, s.request())
			if want == 200 && w.Code == http.StatusCreated {
				want = http.StatusCreated
			}
			require.Equal(t, want, w.Code, "%s as %s: %s", r.operation, role, w.Body)
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
	for _, r := range shipmentRights() {
		fmt.Fprintf(&rights, "| `%s` | %s | %s | yes | no |\n", r.operation, yes(r.carrier), yes(r.shop))
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
