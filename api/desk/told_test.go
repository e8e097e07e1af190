package desk_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api/desk"
	"cubby/models"
)

// readings are the readers of what clients wrote.
type readings struct {
	incidents
	by []string
}

// incidents keeps its method of the same name.
type incidents interface{ desk.Incidents }

func (s *readings) ClientReports(ctx context.Context, r models.Request, id models.IncidentID) ([]models.ClientReport, error) {
	s.by = append(s.by, r.By())
	return s.incidents.ClientReports(ctx, r, id)
}

// TestWhatAClientWrote is read at the incident, when asked for, and that is on record.
func TestWhatAClientWrote(t *testing.T) {
	t.Parallel()
	read := &readings{}
	r := newRig(t, func(c *desk.Config) { read.incidents, c.Incidents = c.Incidents, read })
	id := r.shipment.Shipment.ID
	for _, text := range []string{`It smells of <script>alert(3)</script>`, "And it is wet."} {
		require.NoError(t, r.ReportProblem(t.Context(), models.ClientReport{Shipment: id, Problem: models.ProblemWrongParcel, Text: text}))
		r.advance(time.Minute)
	}
	b := r.signedIn()
	target, _ := b.page("/desk/incidents?kind=client_report").Find(`[data-testid=incident]`).Attr("href")
	page := b.page(target)
	require.Equal(t, 1, page.Find(`[data-testid=show-reports]`).Length())
	require.NotContains(t, page.Text(), "smells", "their own words may be personal")
	require.Empty(t, read.by)
	require.Equal(t, http.StatusForbidden, b.post(target+"/reports").Code, "a form of no page of ours")
	require.Empty(t, read.by)

	answer := b.act(target + "/reports")
	require.Equal(t, http.StatusOK, answer.Code)
	require.NotContains(t, answer.Body.String(), "<script>alert(3)")
	page = parse(t, answer.Body)
	require.Regexp(t, `2026-03-01 13:00 CET Wrong or damaged parcel: It smells of <script>alert\(3\)</script>.*13:01 CET Wrong or damaged parcel: And it is wet.`, said(page, "reports"))
	require.Zero(t, page.Find(`[data-testid=show-reports]`).Length())
	require.Equal(t, []string{string(r.person.ID)}, read.by, "the store has it on record")
	require.Empty(t, said(b.page(target), "reports"), "once")

	require.NoError(t, r.EraseContact(t.Context(), models.Request{Actor: r.person.Actor()}, id))
	require.Contains(t, said(parse(t, b.act(target+"/reports").Body), "reports"), "erased")

	j := &journal{rig: r}
	j.inCells()
	j.doubt(2)
	target, _ = b.page("/desk/incidents?kind=cell_doubtful").Find(`[data-testid=incident]`).Attr("href")
	require.Zero(t, b.page(target).Find(`[data-testid=show-reports]`).Length(), "no client told of it")
}

// TestAMessageSentAgain: only one that did not arrive, by its line in the story.
func TestAMessageSentAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.shipment.Shipment.ID
	life, err := r.LoadLife(t.Context(), id)
	require.NoError(t, err)
	sign := func(g models.Grant) models.SignedGrant {
		return models.SignedGrant{Grant: g, Signer: "s", Signature: []byte{7}}
	}
	in := life.ApplyFact(models.FactSignal{Locker: r.locker.ID, Epoch: 1, Seq: 1, At: r.clock(), Type: models.FactDeposited, Parcel: r.shipment.Parcels[0].ID, Cell: 3})
	_, err = r.Project(t.Context(), life.Projection(in), sign)
	require.NoError(t, err)
	res, err := r.Project(t.Context(), life.Projection(life.Due(r.clock().Add(time.Hour))), sign)
	require.NoError(t, err)
	require.NotEmpty(t, res.Notifications)
	b := r.signedIn()
	target := "/desk/shipments/" + string(id)
	again := func() string {
		action, _ := b.page(target).Find(`form:has([data-testid=send-again])`).Attr("action")
		return action
	}
	require.Empty(t, again(), "it is on its way")
	for _, n := range res.Notifications {
		_, _, err = r.NotSent(t.Context(), n, models.Refusal{By: "mail server", Code: 550, Final: true})
		require.NoError(t, err)
	}
	require.Equal(t, http.StatusForbidden, b.post(again()).Code, "a form of no page of ours")
	require.NotEmpty(t, again())
	failed := b.page(target).Find(`[data-testid=send-again]`).Length()

	form := again()
	answer := b.act(form)
	require.Equal(t, http.StatusSeeOther, answer.Code)
	page := b.page(answer.Header().Get("Location"))
	require.Contains(t, said(page, "done"), "sent again")
	require.Equal(t, failed-1, page.Find(`[data-testid=send-again]`).Length())
	require.Equal(t, http.StatusConflict, b.act(form).Code, "it is on its way already")
	require.Equal(t, http.StatusNotFound, b.act(target+"/messages/ntf_01hv0000000000000000000009/again").Code)
	other := r.announce("B-1")
	require.Equal(t, http.StatusNotFound, b.act("/desk/shipments/"+string(other.Shipment.ID)+form[len(target):]).Code, "a message of another shipment")
}
