package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

const remoteID = models.RemoteID("rem_01hv0000000000000000000001")

// remotes is a fake of requests to open doors from afar: one that waits for a second person.
type remotes struct {
	asked   []models.NewRemote
	query   models.RemoteQuery
	decided []models.DecideInput
	decide  error
	state   models.RemoteState
}

func (r *remotes) view() models.RemoteView {
	v := models.RemoteView{RemoteOpening: models.RemoteOpening{
		ID: remoteID, Locker: lockerID, Purpose: models.PurposeHelp, Reason: "a broken phone", RequestedBy: "key_x",
		State: models.RemoteStateWaiting, CreatedAt: testNow, NotAfter: testNow,
	}, Doors: []models.RemoteDoor{
		{Cell: 3, Operation: "op_1", Again: "op_2", Attempts: 2, Outcome: models.Opened, OpenedAt: &testNow},
		{Cell: 4, Operation: "op_3", Again: "op_4"},
	}}
	if r.state != "" {
		v.State = r.state
	}
	return v
}

func (r *remotes) RequestRemote(_ context.Context, n models.NewRemote) (models.RemoteView, error) {
	if err := n.Check(); err != nil {
		return models.RemoteView{}, err
	}
	r.asked = append(r.asked, n)
	return r.view(), nil
}

func (r *remotes) Remote(_ context.Context, id models.RemoteID) (models.RemoteView, error) {
	if id != remoteID {
		return models.RemoteView{}, models.Errorf(models.CodeNotFound, "There is no such remote opening.")
	}
	return r.view(), nil
}

func (r *remotes) MayApprove(_ context.Context, by models.Request, id models.RemoteID) error {
	if id == remoteID && by.By() == "key_1" {
		return models.Errorf(models.CodeForbidden, "Whoever approves it must have been there before it was asked for.")
	}
	return nil
}

func (r *remotes) Remotes(_ context.Context, q models.RemoteQuery) ([]models.RemoteView, error) {
	r.query = q
	return []models.RemoteView{r.view()}, nil
}

func (p *ports) DecideRemote(_ context.Context, _ models.RemoteID, in models.DecideInput) error {
	p.remotes.decided = append(p.remotes.decided, in)
	return p.remotes.decide
}

func TestRemoteOpenings(t *testing.T) {
	t.Parallel()
	const list = "/api/v1/remote-openings"
	cell, several := "/api/v1/lockers/"+string(lockerID)+"/cells/3/open", "/api/v1/lockers/"+string(lockerID)+"/open"
	gate := "/api/v1/lockers/" + string(lockerID) + "/gate/open"
	one := list + "/" + string(remoteID)
	key := map[string]string{"Idempotency-Key": "k"}
	post := func(role, url, body string, status int, contains ...string) scenario {
		return scenario{name: role + " " + url + " " + body, role: role, method: http.MethodPost, url: url, body: body, headers: key, status: status, contains: contains}
	}
	const why = `"purpose":"help","reason":"a broken phone"`
	for _, s := range []scenario{
		post("operator", cell, `{`+why+`}`, 202, `"id":"`+string(remoteID)+`"`, `"requested_by":"key_x"`, `"state":"waiting_for_approval"`,
			`"cell":3`, `"operation":"op_2"`, `"outcome":"opened"`, `{"attempts":0,"cell":4}`),
		post("only-remote:open", cell, `{`+why+`}`, 202),
		post("operator", several, `{"cells":[1,2,3,4],`+why+`}`, 202),
		post("operator", several, `{"cells":[],`+why+`}`, 400, "/cells"),
		post("operator", several, `{"cells":[1,1],`+why+`}`, 400, "/cells/1"),
		post("operator", several, `{"cells":[1,2,3,4,5,6,7,8,9,10,11,12,13],`+why+`}`, 400, "/cells"),
		post("operator", cell, `{"purpose":"fun","reason":""}`, 400, "/purpose", "/reason"),
		post("operator", "/api/v1/lockers/x/open", `{"cells":[1],`+why+`}`, 404),
		post("carrier", cell, `{`+why+`}`, 403),
		post("only-remote:open", gate, `{"reason":"the courier's code fails"}`, 202),
		post("operator", gate, `{"purpose":"help","reason":"x"}`, 400, "/purpose"),
		post("operator", gate, `{}`, 400, "/reason"),
		post("operator", cell, `{"purpose":"open_gate","reason":"x"}`, 400, "/purpose"),
		post("operator", "/api/v1/lockers/x/gate/open", `{"reason":"x"}`, 404),
		post("carrier", gate, `{"reason":"x"}`, 403),
		{name: "no key for the gate", role: "operator", method: http.MethodPost, url: gate, body: `{"reason":"x"}`, status: 400, contains: []string{"idempotency_key_required"}},
		{name: "no key", role: "operator", method: http.MethodPost, url: cell, body: `{` + why + `}`, status: 400, contains: []string{"idempotency_key_required"}},
		get("operator", list+"?state=waiting_for_approval&locker="+string(lockerID)+"&limit=1", 200, `"next_cursor":"`+string(remoteID)+`"`),
		get("operator", list+"?state=open", 400),
		get("operator", one, 200, `"reason":"a broken phone"`),
		get("operator", list+"/rem_01hv0000000000000000000009", 404),
		get("operator", list+"/x", 404),
		get("carrier", one, 403),
		post("operator", one+"/approve", "", 200),
		post("operator", one+"/reject", `{"reason":"a mistake"}`, 200),
		post("operator", one+"/reject", `{}`, 400, "/reason"),
		post("carrier", one+"/approve", "", 403),
		post("only-remote:open", one+"/approve", "", 403, "before it was asked for"),
		post("only-remote:open", one+"/reject", `{"reason":"a mistake"}`, 200),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}

	p := &ports{}
	h := handler(p, nil, nil)
	post("operator", cell, `{`+why+`}`, 202).run(t, h)
	post("operator", several, `{"cells":[3,4],`+why+`}`, 202).run(t, h)
	other := post("operator", "/api/v1/lockers/"+string(lockerID)+"/cells/4/open", `{`+why+`}`, 202)
	other.run(t, h)
	post("operator", gate, `{"reason":"the courier's code fails"}`, 202).run(t, h)
	require.Empty(t, p.remotes.asked[3].Cells)
	require.Equal(t, models.PurposeOpenGate, p.remotes.asked[3].Purpose)
	require.Equal(t, []int{3}, p.remotes.asked[0].Cells)
	require.Equal(t, []string{"k", "key_o"}, []string{p.remotes.asked[1].IdempotencyKey, p.remotes.asked[1].By()})
	require.NotEqual(t, p.remotes.asked[0].Fingerprint, p.remotes.asked[2].Fingerprint, "another door is another request")

	post("operator", one+"/approve", "", 200).run(t, h)
	post("operator", one+"/reject", `{"reason":"a mistake"}`, 200).run(t, h)
	require.Equal(t, []string{"remote.approve " + string(remoteID) + " ", "remote.reject " + string(remoteID) + " a mistake"}, p.audited)
	require.True(t, p.remotes.decided[0].Approve)
	require.Equal(t, "key_o", p.remotes.decided[0].By)
	require.False(t, p.remotes.decided[1].Approve)
	p.remotes.decide = models.Errorf(models.CodeForbidden, "Somebody else must.")
	post("operator", one+"/approve", "", 403, "Somebody else must.").run(t, h)
	p.remotes.decide = models.Errorf(models.CodeNotFound, "this life is not running")
	post("operator", one+"/approve", "", 503).run(t, h)
	p.remotes.state = models.RemoteStateDone
	post("operator", one+"/approve", "", 409, "invalid_state").run(t, h)
}
