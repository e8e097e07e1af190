package desk_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestBadges: technicians' alone are seen, suspended and let in again; who did it is audited.
func TestBadges(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	require.Equal(t, 1, b.page("/desk/badges").Find(`[data-testid=empty]`).Length())
	made := map[models.CourierRole]models.Courier{}
	for _, role := range []models.CourierRole{models.RoleCourier, models.RoleTechnician} {
		c, err := r.CreateCourier(t.Context(), models.NewCourier{Courier: models.Courier{
			Organization: r.person.Organization, Role: role, Badge: "BADGE-" + string(role), PINHash: "secret-hash",
		}})
		require.NoError(t, err)
		made[role] = c
	}
	page := b.page("/desk/badges")
	require.Equal(t, 1, page.Find(`[data-testid=badge]`).Length())
	require.Contains(t, page.Find("main").Text(), "BADGE-technician")
	require.NotContains(t, page.Text(), "secret-hash")
	require.Zero(t, b.page("/desk/badges?q=nothing").Find(`[data-testid=badge]`).Length())

	id := made[models.RoleTechnician].ID
	require.Equal(t, http.StatusSeeOther, b.act("/desk/badges/"+string(id)+"/suspend").Code)
	c, err := r.Courier(t.Context(), r.person.Actor(), id)
	require.NoError(t, err)
	require.True(t, c.Suspended)
	require.Contains(t, b.page("/desk/badges?done=badge_suspend").Find("main").Text(), "suspended")
	require.Equal(t, http.StatusSeeOther, b.act("/desk/badges/"+string(id)+"/resume").Code)
	c, err = r.Courier(t.Context(), r.person.Actor(), id)
	require.NoError(t, err)
	require.False(t, c.Suspended)
	require.Equal(t, http.StatusNotFound, b.act("/desk/badges/"+string(id)+"/explode").Code)
	require.Equal(t, http.StatusNotFound, b.act("/desk/badges/cou_01hv0000000000000000000001/suspend").Code)
	require.Equal(t, http.StatusNotFound, b.act("/desk/badges/x/suspend").Code)
}
