package desk_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// asks has a computer with a key ask to be the locker's.
func (r *rig) asks(t *testing.T, claim, key string) models.Enrolment {
	t.Helper()
	hash, ok := models.HashClaim(claim)
	require.True(t, ok)
	err := r.CheckEnrolment(t.Context(), models.EnrolmentAsk{ClaimHash: hash, KeyHash: key, Address: "192.0.2.7"})
	require.Equal(t, models.CodeEnrolmentPending, models.ErrorCode(err))
	found, err := r.Enrolments(t.Context(), models.EnrolmentQuery{Page: models.Page{Limit: 9}})
	require.NoError(t, err)
	at := slices.IndexFunc(found, func(e models.Enrolment) bool { return e.PublicKeyHash == key })
	require.NotEqual(t, -1, at)
	return found[at]
}

// TestAcceptingComputers: those that wait are shown with what their computers show, and are accepted, or refused
// for a reason, once.
func TestAcceptingComputers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	require.Equal(t, 1, b.page("/desk/enrolments").Find(`[data-testid=empty]`).Length())
	by := models.AcceptOperator
	_, err := r.UpdateLocker(t.Context(), models.Request{}, r.locker.ID, models.LockerUpdate{Acceptance: &by})
	require.NoError(t, err)
	claim, _, err := r.CreateClaim(t.Context(), models.Request{}, r.locker.ID)
	require.NoError(t, err)
	right, wrong := r.asks(t, claim, strings.Repeat("ab", 32)), r.asks(t, claim, strings.Repeat("cd", 32))

	page := b.page("/desk/enrolments")
	require.Equal(t, 2, page.Find(`[data-testid=enrolment]`).Length())
	require.Contains(t, page.Find("main").Text(), right.Fingerprint())
	require.Contains(t, page.Find("main").Text(), "192.0.2.7")
	require.Contains(t, b.page("/desk").Find("#counts").Text(), "2 computers to accept")
	target := "/desk/enrolments/" + string(wrong.ID)
	require.Equal(t, http.StatusBadRequest, b.act(target+"/refuse").Code, "no reason")
	require.Equal(t, http.StatusNotFound, b.act(target+"/explode").Code)
	require.Equal(t, http.StatusNotFound, b.act("/desk/enrolments/x/accept").Code)
	require.Equal(t, http.StatusSeeOther, b.act(target+"/refuse", "reason", "nobody is there").Code)
	require.Equal(t, http.StatusConflict, b.act(target+"/accept").Code, "decided is decided")
	require.Equal(t, http.StatusSeeOther, b.act("/desk/enrolments/"+string(right.ID)+"/accept").Code)
	require.Equal(t, 1, b.page("/desk/enrolments").Find(`[data-testid=empty]`).Length())
	require.Contains(t, b.page("/desk/enrolments?state=refused").Find("main").Text(), "nobody is there")
	require.Contains(t, b.page("/desk/enrolments?state=accepted").Find("main").Text(), right.Fingerprint())
	decided, err := r.Enrolments(t.Context(), models.EnrolmentQuery{Page: models.Page{Limit: 9}, State: models.EnrolmentAccepted})
	require.NoError(t, err)
	require.Equal(t, string(r.person.ID), decided[0].DecidedBy)
}

// TestReleasingAHeldCabinet: the page says that it is held, and nothing is released without a reason.
func TestReleasingAHeldCabinet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	target := "/desk/lockers/" + string(r.locker.ID)
	require.Zero(t, b.page(target).Find(`[data-testid=held]`).Length())
	require.Equal(t, http.StatusConflict, b.act(target+"/release", "reason", "x").Code, "it is not held")
	_, err := r.Beat(t.Context(), "one", "run", true)
	require.NoError(t, err)
	for _, boot := range []string{"a", "b", "a"} {
		_, err = r.Connect(t.Context(), r.locker.ID, "one", "run", boot)
	}
	require.Equal(t, models.CodeCabinetCloned, models.ErrorCode(err))
	require.Equal(t, 1, b.page(target).Find(`[data-testid=held]`).Length())
	require.Contains(t, b.page("/desk/incidents").Find("main").Text(), "Two computers speak for one cabinet")
	require.Equal(t, http.StatusBadRequest, b.act(target+"/release").Code)
	require.Equal(t, http.StatusSeeOther, b.act(target+"/release", "reason", "the copy is off").Code)
	require.Zero(t, b.page(target).Find(`[data-testid=held]`).Length())
}
