package api_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
