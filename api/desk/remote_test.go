package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestOpeningADoorFromAfar: with a reason, once for one form, and what came of it can be seen.
func TestOpeningADoorFromAfar(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	target := "/desk/lockers/" + string(r.locker.ID)
	page := b.page(target + "?cell=2")
	act, _ := page.Find(`form:has([data-testid=open-go]) input[name=act]`).Attr("value")
	require.Len(t, act, 32)
	form := []string{"cells", "2", "purpose", "help", "act", act}
	require.Equal(t, http.StatusBadRequest, b.act(target+"/open", form...).Code, "no reason")
	require.Equal(t, http.StatusBadRequest, b.act(target+"/open", "cells", "two", "purpose", "help", "reason", "x").Code)
	require.Equal(t, http.StatusBadRequest, b.act(target+"/open", "cells", "99", "purpose", "help", "reason", "x").Code)
	require.Equal(t, http.StatusBadRequest, b.act(target+"/open", "cells", "2", "purpose", "fun", "reason", "x").Code)
	form = append(form, "reason", "the phone is broken")
	answer := b.act(target+"/open", form...)
	require.Equal(t, http.StatusSeeOther, answer.Code)
	to := answer.Header().Get("Location")
	require.Equal(t, to, b.act(target+"/open", form...).Header().Get("Location"), "sent twice, asked once")
	page = b.page(to)
	require.Equal(t, "opening", said(page, "state"))
	require.Contains(t, page.Find("main").Text(), "the phone is broken")
	require.Contains(t, page.Find("main").Text(), r.person.Name)
	id := models.RemoteID(strings.TrimPrefix(strings.Split(to, "?")[0], "/desk/remote/"))
	require.NoError(t, r.ShowRemote(t.Context(), models.RemoteProjection{Opening: id, Rev: 1, State: models.RemoteStateDone,
		Doors: []models.RemoteResult{{Cell: 2, Attempts: 1, Outcome: models.Refused, Reason: "busy"}}}))
	page = b.page(to)
	require.Contains(t, said(page, "door-2"), "refused: somebody is at this cell now")
	require.Equal(t, 2, b.page("/desk/remote").Find(`[data-testid=remote]`).Length())
	require.Equal(t, 1, b.page("/desk/remote?state=done").Find(`[data-testid=remote]`).Length())
}

// TestOpeningAGateFromAfar: no cell is named, and the page shows none.
func TestOpeningAGateFromAfar(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	target := "/desk/lockers/" + string(r.locker.ID)
	page := b.page(target)
	form := page.Find(`form:has([data-testid=open-gate-go])`)
	act, _ := form.Find("input[name=act]").Attr("value")
	require.Len(t, act, 32)
	require.Zero(t, form.Find("[name=cells]").Length())
	require.Equal(t, http.StatusBadRequest, b.act(target+"/open", "purpose", "open_gate", "act", act).Code, "no reason")
	require.Equal(t, http.StatusBadRequest, b.act(target+"/open", "purpose", "open_gate", "cells", "2", "reason", "x").Code, "it is no cell")
	answer := b.act(target+"/open", "purpose", "open_gate", "act", act, "reason", "the courier's code fails")
	require.Equal(t, http.StatusSeeOther, answer.Code)
	to := answer.Header().Get("Location")
	require.Contains(t, b.page(to).Find("h1").Text(), "The gate of")
	id := models.RemoteID(strings.TrimPrefix(strings.Split(to, "?")[0], "/desk/remote/"))
	require.NoError(t, r.ShowRemote(t.Context(), models.RemoteProjection{Opening: id, Rev: 1, State: models.RemoteStateDone,
		Doors: []models.RemoteResult{{Cell: models.GateCell, Attempts: 1, Outcome: models.Refused, Reason: "no_gate"}}}))
	page = b.page(to)
	require.Contains(t, said(page, "door-0"), "refused: the cabinet has no gate")
	require.Zero(t, page.Find("[data-testid=door-0] a").Length(), "and leads to no cell")
	require.Contains(t, b.page("/desk/remote").Find("#list").Text(), "gate")
}

// TestASecondPersonAtTheDesk: whoever asked may take it back and not approve it.
func TestASecondPersonAtTheDesk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	target := "/desk/remote/" + string(r.remote.ID)
	page := b.page(target)
	require.Equal(t, "waits for a second person", said(page, "state"))
	require.Equal(t, 1, page.Find(`[data-testid=approve]`).Length())
	require.Equal(t, http.StatusNotFound, b.act(target+"/explode").Code)
	require.Equal(t, http.StatusSeeOther, b.act(target+"/approve").Code)
	require.Equal(t, []string{"decide " + string(r.remote.ID) + " true by " + string(r.person.ID)}, r.engine.asked)
	require.Equal(t, http.StatusBadRequest, b.act(target+"/reject").Code, "no reason")
	r.engine.fail = models.Errorf(models.CodeForbidden, "no")
	answer := b.act(target + "/approve")
	require.Equal(t, http.StatusForbidden, answer.Code)
	require.Contains(t, said(parse(t, answer.Body), "problem"), "somebody else must")
	r.engine.fail = models.Errorf(models.CodeNotFound, "none")
	require.Equal(t, http.StatusServiceUnavailable, b.act(target+"/approve").Code, "its workflow is about to begin")

	own := b.act("/desk/lockers/"+string(r.locker.ID)+"/open", "cells", "1, 2, 3,4", "purpose", "evacuation", "reason", "fire")
	page = b.page(own.Header().Get("Location"))
	require.Zero(t, page.Find(`[data-testid=approve]`).Length())
	require.Contains(t, page.Find("#decide").Text(), "somebody else must approve it")
	require.Equal(t, 1, page.Find(`[data-testid=reject]`).Length())
	r.engine.fail = nil
	asked := len(r.engine.asked)
	target = strings.Split(own.Header().Get("Location"), "?")[0]
	require.Equal(t, http.StatusForbidden, b.act(target+"/approve").Code)
	require.Len(t, r.engine.asked, asked)
	require.Equal(t, http.StatusSeeOther, b.act(target+"/reject", "reason", "a mistake").Code)
	require.Equal(t, http.StatusNotFound, b.get("/desk/remote/x").Code)
}
