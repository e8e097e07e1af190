package api_test

import (
	"cmp"
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

// right is a row of the table of rights: what an operation names by an id, who may name which, and what
// everyone else is answered.
type right struct {
	operation string // operationId of openapi.yaml
	at        string // where the id stands, such as "path id" or "body stops[].locker"
	object    string // what it names: a kind of the test's world
	// may names who may: "anyone", a kind of organization such as "carriers", or what the object is to the caller's
	// organization, such as "its shop". An operator may everything.
	may []string
	// told are those who are answered 403: it is no secret from them that the object exists, or they may never.
	told []string
	// without is the answer to everyone else, who is told nothing: it is that of an id that does not exist.
	without int
	// notByTest: with a test key it is 403.
	notByTest bool
	// onRecord: that it was asked for is in the audit, also where it is refused.
	onRecord bool
	// ofTest: it is of test lockers alone, for operators too.
	ofTest bool
}

const (
	anyone     = "anyone"
	carriers   = "carriers"
	shops      = "shops"
	partners   = "partners"
	clerks     = "operators' keys without the scope operator"
	itsCarrier = "its carrier"
	itsShop    = "its shop"
	itsHost    = "its host"
	itself     = "itself"
	itsOwner   = "its organization"
)

// lockerName names a locker by its id, or by its number.
const lockerName = "locker, or its number"

// badgeHolder is a carrier's courier, or a technician or a courier of the operator: those are an operator's alone.
const badgeHolder = "courier or technician"

// rights is the table, which docs/rights.md shows. The rows of an operation stand in the order in which they are looked at.
func rights() []right {
	table := slices.Concat(shipmentRights(), []right{
		{operation: "ListShipments", at: "query locker", object: "locker", may: []string{anyone}, without: 200},
		{operation: "GetPickupCode", at: "path id", object: "shipment", may: []string{itsCarrier, itsShop}},
		{operation: "GetLocker", at: "path id", object: lockerName, may: []string{anyone, itsHost}},
		{operation: "GetAvailability", at: "path id", object: lockerName, may: []string{anyone, itsHost}},
		{operation: "GetWorklist", at: "path id", object: lockerName, may: []string{anyone}},
		{operation: "SetAlias", at: "path id", object: lockerName, may: []string{anyone}},
		{operation: "SetAlias", at: "body carrier", object: "carrier", may: []string{itself}, told: []string{shops, partners, clerks}, without: 400},
		{operation: "GetAccess", at: "path id", object: "location", may: []string{itsCarrier}},

		{operation: "ListCouriers", at: "query organization", object: "organization", may: []string{itself}},
		{operation: "CreateCourier", at: "body organization", object: "carrier", may: []string{itself}, told: []string{shops, partners, clerks}, without: 400},
		{operation: "CreateCourier", at: "body lockers[]", object: "locker", may: []string{anyone}},
		{operation: "GetCourier", at: "path id", object: badgeHolder, may: []string{itsCarrier}},
		{operation: "UpdateCourier", at: "path id", object: badgeHolder, may: []string{itsCarrier}},
		{operation: "UpdateCourier", at: "body lockers[]", object: "locker", may: []string{anyone}},
		{operation: "SuspendCourier", at: "path id", object: badgeHolder, may: []string{itsCarrier}},
		{operation: "ResumeCourier", at: "path id", object: badgeHolder, may: []string{itsCarrier}},
		{operation: "ListRoutes", at: "query courier", object: "courier", may: []string{itsCarrier}, without: 200},
		{operation: "GetRoute", at: "path id", object: "route", may: []string{itsCarrier}},
		{operation: "CreateRoute", at: "body courier", object: "courier", may: []string{itsCarrier}},
		{operation: "CreateRoute", at: "body stops[].locker", object: "locker", may: []string{anyone}, without: 400},
		{operation: "CreateRoute", at: "body stops[].bring[]", object: "shipment", may: []string{itsCarrier}, without: 400},
		{operation: "CreateRoute", at: "body stops[].take[]", object: "shipment", may: []string{itsCarrier}, without: 400},

		{operation: "SandboxDeposit", at: "body shipment", object: "shipment", may: []string{itsCarrier, itsShop}},
		{operation: "SandboxDeposit", at: "path id", object: lockerName, may: []string{anyone}, ofTest: true},
		{operation: "SandboxPickup", at: "path id", object: lockerName, may: []string{anyone}, ofTest: true},
		{operation: "SandboxJam", at: "path id", object: lockerName, may: []string{anyone}, ofTest: true},
		{operation: "SandboxJam", at: "body cell", object: "cell", may: []string{anyone}},
		{operation: "SandboxOffline", at: "path id", object: lockerName, may: []string{anyone}, ofTest: true},
		{operation: "SandboxAdvanceClock", at: "path id", object: lockerName, may: []string{anyone}, ofTest: true},

		{operation: "ListNotifications", at: "query shipment", object: "shipment", may: []string{itsCarrier, itsShop}, without: 200},
		{operation: "ResendNotification", at: "path id", object: "notification", may: []string{itsCarrier, itsShop}},
		{operation: "ListTemplates", at: "query organization", object: "organization", may: []string{itself}},
		{operation: "GetTemplate", at: "query organization", object: "organization", may: []string{itself}},
		{operation: "PutTemplate", at: "query organization", object: "organization", may: []string{itself}, notByTest: true},
		{operation: "DeleteTemplate", at: "query organization", object: "organization", may: []string{itself}, notByTest: true},
		{operation: "ListEvents", at: "query organization", object: "organization", may: []string{itself}},

		{operation: "CreateWebhook", at: "body organization", object: "organization", may: []string{itself}, without: 400},
		{operation: "GetWebhook", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "ChangeWebhook", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "DeleteWebhook", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "RotateWebhookSecret", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "TestWebhook", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "ReplayWebhook", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "ListWebhookDeliveries", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "ReplayDelivery", at: "path id", object: "webhook", may: []string{itsOwner}},
		{operation: "ReplayDelivery", at: "path delivery", object: "delivery", may: []string{itsOwner}},
	})
	for _, op := range []string{"Get", "Put", "Delete"} { // what stands in the path of a text is no secret
		for _, at := range []string{"path kind", "path channel", "path language"} {
			table = append(table, right{operation: op + "Template", at: at, object: strings.TrimPrefix(at, "path "), may: []string{anyone}, notByTest: op != "Get"})
		}
	}
	table = append(table, operatorRights()...)
	for i := range table {
		table[i].without = cmp.Or(table[i].without, http.StatusNotFound)
	}
	return table
}

// shipmentRights are those of the table in docs/api.md: what a key of the scope `shipments` may do with a shipment.
func shipmentRights() []right {
	var rows []right
	for _, op := range []string{"GetShipment", "EditShipment", "ListShipmentEvents", "GetPdfLabels", "GetZplLabels", "CreateCarrierEvent",
		"CancelShipment", "ExtendStorage", "RerouteShipment", "ReissueCode", "FreezeShipment", "UnfreezeShipment", "EraseContact"} {
		row := right{operation: op, at: "path id", object: "shipment", may: []string{itsCarrier, itsShop}}
		if op == "CreateCarrierEvent" {
			row.may, row.told = []string{itsCarrier}, []string{itsShop}
		}
		rows = append(rows, row)
	}
	rows = append(rows,
		right{operation: "GetLabelSheet", at: "query shipments", object: "shipment", may: []string{itsCarrier, itsShop}},
		right{operation: "EditShipment", at: "body parcels[].id", object: "parcel", may: []string{itsCarrier, itsShop}, without: 400},
		right{operation: "RerouteShipment", at: "body locker", object: lockerName, may: []string{anyone}, without: 422, onRecord: true})
	for _, op := range []string{"CreateShipment", "CreateShipments"} {
		at := map[string]string{"CreateShipment": "body ", "CreateShipments": "body items[]."}[op]
		rows = append(rows,
			right{operation: op, at: at + "carrier", object: "carrier", may: []string{itself, shops}, told: []string{partners, clerks}, without: 400},
			right{operation: op, at: at + "shop", object: "shop", may: []string{itself, carriers}, without: 400},
			right{operation: op, at: at + "locker", object: lockerName, may: []string{anyone}, without: 422},
			right{operation: op, at: at + "policy", object: "policy", may: []string{anyone}, without: 400})
	}
	return rows
}

// operatorRights are of operations that nobody else may call: the scope says so before any id is looked at.
func operatorRights() []right {
	var rows []right
	for _, named := range []struct{ at, object, operations string }{
		{"path id", "locker", "UpdateLocker ListLimits PutLimits ListCells ListFacts TakeCellOut PutCellBack MarkCellChecked " +
			"PauseLocker ResumeLocker CloseLocker CreateClaim RevokeCertificates ReleaseIdentity OpenCell OpenCells OpenGate GetLockerScreen PutLockerScreen"},
		{"path n", "cell", "TakeCellOut PutCellBack MarkCellChecked OpenCell"},
		{"query locker", "locker", "ListRemoteOpenings ListEnrolments"},
		{"path id", "enrolment", "AcceptEnrolment RefuseEnrolment"},
		{"path id", "opening", "GetRemoteOpening ApproveRemoteOpening RejectRemoteOpening"},
		{"body items[].carrier", "carrier", "PutLimits"},
		{"body location", "location", "CreateLocker"},
		{"body model", "model", "CreateLocker"},
		{"body organization", "organization", "CreateKey"},
		{"path id", "organization", "ChangeOrganization"},
		{"path id", "key", "DeleteKey"},
		{"path id", "location", "ChangeLocation PutAccess SetHours"},
		{"body host", "host", "CreateLocation ChangeLocation"},
		{"path id", "policy", "PutPolicy"},
		{"query locker", "locker", "ListIncidents"},
		{"path id", "incident", "ListClientReports ResolveIncident"},
	} {
		for op := range strings.FieldsSeq(named.operations) {
			rows = append(rows, right{operation: op, at: named.at, object: named.object})
		}
	}
	return rows
}

// TestEveryOperationByScope: a key that has one scope alone calls what needs it, what needs none, and nothing else; without a
// key nothing is called. Own and foreign objects are the matter of TestRights.
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
		if r.object == "shipment" {
			fmt.Fprintf(&rights, "| `%s` | %s | %s | yes | no |\n", r.operation, yes(slices.Contains(r.may, itsCarrier)), yes(slices.Contains(r.may, itsShop)))
		}
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

// TestDocsShowTheRights: docs/rights.md has the table of rights as it is.
func TestDocsShowTheRights(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/rights.md")
	require.NoError(t, err)
	var table strings.Builder
	table.WriteString("| operation | names | who may | 403 | everyone else |\n|---|---|---|---|---|\n")
	for _, r := range rights() {
		if r.may == nil {
			continue // operators alone
		}
		told := slices.Clone(r.told)
		if r.notByTest {
			told = append(told, "test keys")
		}
		may := strings.Join(r.may, ", ")
		if r.ofTest {
			may += ", of test lockers"
		}
		fmt.Fprintf(&table, "| `%s` | %s: %s | %s | %s | %d |\n", r.operation, r.at, r.object, may, strings.Join(told, ", "), r.without)
	}
	require.Contains(t, string(raw), table.String())
}
