package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"cubby/models"
)

func specification(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	require.NoError(t, err)
	return doc
}

// Every operation is routed, wants a key, and answers problems that fit the schema.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	doc := specification(t)
	problem := doc.Components.Schemas["Problem"].Value
	h := handler(&ports{}, nil, nil)
	roles := map[string]func(models.Scope) bool{"": func(models.Scope) bool { return false }}
	for role, actor := range actors() {
		roles[role] = func(s models.Scope) bool { return s == "any" || actor.Can(s) }
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			scope := models.Scope(op.Extensions["x-scope"].(string))
			require.NotNil(t, op.Responses.Default(), "%s has no problem", op.OperationID)
			for role, may := range roles {
				s := scenario{role: role, method: method, url: strings.ReplaceAll(path, "{id}", "none"), headers: map[string]string{"Content-Type": "application/json"}}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, s.request())
				switch {
				case role == "":
					require.Equal(t, http.StatusUnauthorized, w.Code, "%s %s", method, path)
				case !may(scope):
					require.Equal(t, http.StatusForbidden, w.Code, "%s %s as %s", method, path, role)
				default:
					require.NotContains(t, []int{401, 403, 405, 500}, w.Code, "%s %s as %s: %s", method, path, role, w.Body)
					require.NotContains(t, w.Body.String(), "There is nothing at this address")
				}
				if w.Code >= 400 {
					requireProblem(t, w)
					requireSchema(t, problem, w.Body.Bytes())
				}
			}
		}
	}
}

// Answers have the form that the specification gives them.
func TestAnswersFitTheSpecification(t *testing.T) {
	t.Parallel()
	doc := specification(t)
	h := handler(&ports{}, nil, nil)
	for schema, s := range map[string]scenario{
		"Shipment":         get("carrier", "/api/v1/shipments/"+string(shipID), 200),
		"ShipmentList":     get("carrier", "/api/v1/shipments?state=created", 200),
		"EventList":        get("carrier", "/api/v1/shipments/"+string(shipID)+"/events", 200),
		"LockerList":       get("carrier", "/api/v1/lockers", 200),
		"LockerDetail":     get("carrier", "/api/v1/lockers/"+string(lockerID), 200),
		"AvailabilityList": get("carrier", "/api/v1/lockers/"+string(lockerID)+"/availability", 200),
		"OrganizationList": get("operator", "/api/v1/organizations", 200),
		"FeedEventList":    get("carrier", "/api/v1/events", 200),
		"WebhookList":      get("carrier", "/api/v1/webhooks", 200),
		"DeliveryList":     get("carrier", "/api/v1/webhooks/"+webhookID+"/deliveries", 200),
		"IncidentList":     get("operator", "/api/v1/incidents", 200),
		"ClientReportList": get("operator", "/api/v1/incidents/"+string(incID)+"/reports", 200),
		"Location":         make201("/api/v1/locations", location),
	} {
		w := s.run(t, h)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		requireSchema(t, doc.Components.Schemas[schema].Value, w.Body.Bytes())
	}
}

// The checker knows these keywords of request schemas; a schema with another would be
// obeyed only in part.
func TestRequestSchemasUseKnownKeywords(t *testing.T) {
	t.Parallel()
	for _, item := range specification(t).Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				checkKeywords(t, op.OperationID, op.RequestBody.Value.Content.Get("application/json").Schema.Value)
			}
			for _, p := range op.Parameters {
				checkKeywords(t, op.OperationID+" "+p.Value.Name, p.Value.Schema.Value)
			}
		}
	}
}

func requireSchema(t *testing.T, s *openapi3.Schema, body []byte) {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(body, &v))
	require.NoError(t, s.VisitJSON(v, openapi3.MultiErrors()), "%s", body)
}

func checkKeywords(t *testing.T, at string, s *openapi3.Schema) {
	t.Helper()
	require.Len(t, s.Type.Slice(), 1, at)
	require.Contains(t, []string{"object", "array", "string", "boolean", "integer", "number"}, s.Type.Slice()[0], at)
	require.Contains(t, []string{"", "date-time", "email", "time-zone", "int64", "double"}, s.Format, at)
	known := openapi3.Schema{
		Extensions: s.Extensions, Origin: s.Origin, Type: s.Type, Title: s.Title, Format: s.Format, Description: s.Description,
		Enum: s.Enum, Min: s.Min, Max: s.Max, MinLength: s.MinLength, MaxLength: s.MaxLength, Pattern: s.Pattern,
		MinItems: s.MinItems, MaxItems: s.MaxItems, UniqueItems: s.UniqueItems, Items: s.Items,
		Required: s.Required, Properties: s.Properties, AdditionalProperties: s.AdditionalProperties,
	}
	require.Equal(t, known, *s, at)
	if more := s.AdditionalProperties.Schema; more != nil {
		checkKeywords(t, at+".*", more.Value)
	} else if s.Type.Is("object") {
		require.NotNil(t, s.AdditionalProperties.Has, at)
		require.False(t, *s.AdditionalProperties.Has, at)
	}
	if s.UniqueItems {
		require.True(t, s.Items.Value.Type.Is("string"), at)
	}
	if s.Items != nil {
		checkKeywords(t, at+"[]", s.Items.Value)
	}
	for name, property := range s.Properties {
		checkKeywords(t, at+"."+name, property.Value)
	}
}

// No operation was added to the specification without generating the code again.
func TestGeneratedFileNamesEveryOperation(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile("openapi.gen.go")
	require.NoError(t, err)
	for _, item := range specification(t).Paths.Map() {
		for _, op := range item.Operations() {
			require.Contains(t, string(code), op.OperationID+"(ctx context.Context")
		}
	}
}
