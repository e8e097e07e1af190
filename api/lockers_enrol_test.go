package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

func (p *ports) CreateClaim(_ context.Context, _ models.Request, l models.LockerID) (string, time.Time, error) {
	if l != lockerID {
		return "", time.Time{}, models.Errorf(models.CodeNotFound, "There is no such locker.")
	}
	return "7ZK3-9QMX", testNow, nil
}

func (p *ports) RevokeCertificates(_ context.Context, _ models.Request, l models.LockerID, reason string) (int, error) {
	if l != lockerID || reason != "stolen" {
		return 0, models.Errorf(models.CodeNotFound, "There is no such locker.")
	}
	return 2, nil
}

func (p *ports) ReleaseIdentity(_ context.Context, _ models.Request, l models.LockerID, reason string) error {
	if l != lockerID || reason != "the copy is gone" {
		return models.Errorf(models.CodeInvalidState, "The cabinet is not held.")
	}
	return nil
}

const enrolmentID = "enr_01hv0000000000000000000001"

var testEnrolment = models.Enrolment{
	ID: enrolmentID, Locker: lockerID, LockerName: "L-001", PublicKeyHash: strings.Repeat("0f", 32), Serial: "4a", Address: "192.0.2.7",
	State: models.EnrolmentWaiting, CreatedAt: testNow, AskedAt: testNow,
}

func (p *ports) Enrolments(_ context.Context, q models.EnrolmentQuery) ([]models.Enrolment, error) {
	if q.State == models.EnrolmentRefused {
		return nil, nil
	}
	return []models.Enrolment{testEnrolment}, nil
}

func (p *ports) DecideEnrolment(_ context.Context, _ models.Request, id models.EnrolmentID, accept bool, reason string) (models.Enrolment, error) {
	if id != enrolmentID {
		return models.Enrolment{}, models.Errorf(models.CodeNotFound, "There is no such enrolment.")
	}
	e := testEnrolment
	e.State, e.Reason, e.DecidedBy = models.EnrolmentRefused, reason, "key_1"
	if accept {
		e.State = models.EnrolmentAccepted
	}
	return e, nil
}

// TestWhoAcceptsComputers of a new locker: whom its announcement names, or else the network's setting.
func TestWhoAcceptsComputers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set   models.Acceptance
		named string
		want  models.Acceptance
	}{
		{models.AcceptOperator, "", models.AcceptOperator},
		{models.AcceptAutomatic, "", models.AcceptAutomatic},
		{models.AcceptOperator, `,"acceptance":"automatic"`, models.AcceptAutomatic},
		{models.AcceptAutomatic, `,"acceptance":"operator"`, models.AcceptOperator},
	} {
		p := &ports{}
		make201("/api/v1/lockers", `{"number":"L-2","location":"`+string(locID)+`","model":"`+string(modelID)+`"`+c.named+`}`, `"state":"active"`).
			run(t, handler(p, nil, func(cfg *api.Config) { cfg.Acceptance = c.set }))
		require.Equal(t, c.want, p.made.Acceptance, "%+v", c)
	}
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	url := "/api/v1/lockers/" + string(lockerID)
	other := "/api/v1/lockers/lkr_01hv0000000000000000000009"
	for _, s := range []scenario{
		make201(url+"/claims", "", `"code":"7ZK3-9QMX"`, `"expires_at":`),
		{name: "claim of nothing", role: "operator", method: "POST", url: other + "/claims", status: 404},
		{name: "claim by a carrier", role: "carrier", method: "POST", url: url + "/claims", status: 403},
		{name: "revoke", role: "operator", method: "POST", url: url + "/certificates/revoke", body: `{"reason":"stolen"}`, status: 200, contains: []string{`{"revoked":2}`}},
		{name: "revoke nothing", role: "operator", method: "POST", url: other + "/certificates/revoke", body: `{"reason":"stolen"}`, status: 404},
		{name: "revoke by a carrier", role: "carrier", method: "POST", url: url + "/certificates/revoke", body: `{"reason":"stolen"}`, status: 403},
		refused("operator", url+"/certificates/revoke", `{}`, "/reason"),
		{name: "release", role: "operator", method: "POST", url: url + "/identity/release", body: `{"reason":"the copy is gone"}`, status: 204},
		{name: "release what is not held", role: "operator", method: "POST", url: url + "/identity/release", body: `{"reason":"x"}`, status: 409, contains: []string{`"code":"invalid_state"`}},
		refused("operator", url+"/identity/release", `{}`, "/reason"),
		get("operator", "/api/v1/enrolments?state=waiting", 200, `"fingerprint":"1W7G-Y3RF-1W7G"`, `"returning":true`, `"number":"L-001"`, `"state":"waiting"`),
		get("operator", "/api/v1/enrolments?state=refused", 200, `"items":[]`),
		{name: "accept", role: "operator", method: "POST", url: "/api/v1/enrolments/" + enrolmentID + "/accept", status: 200, contains: []string{`"state":"accepted"`}},
		{name: "refuse", role: "operator", method: "POST", url: "/api/v1/enrolments/" + enrolmentID + "/refuse", body: `{"reason":"nobody is there"}`, status: 200, contains: []string{`"state":"refused"`, `"reason":"nobody is there"`}},
		{name: "refuse without a reason", role: "operator", method: "POST", url: "/api/v1/enrolments/" + enrolmentID + "/refuse", body: `{}`, status: 400},
		{name: "accept by a carrier", role: "carrier", method: "POST", url: "/api/v1/enrolments/" + enrolmentID + "/accept", status: 403},
		{name: "acceptance is the operator's", role: "carrier", method: "GET", url: url, status: 200, lacks: []string{"acceptance", "held_since"}},
		get("operator", url, 200, `"acceptance":"automatic"`),
		get("operator", url, 200, `"online":true`, `"last_seen":"`, `"certificate_until":"`),
		{name: "certificate is the operator's", role: "carrier", method: "GET", url: url, status: 200, contains: []string{`"online":true`}, lacks: []string{"certificate_until"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
	require.NotEmpty(t, specification(t).Components.Schemas["Claim"])
}
