package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// numbers are those of the lockers that a query finds.
func (f *fixture) numbers(t *testing.T, q models.LockerQuery) (numbers []string) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	views, err := f.Lockers(t.Context(), models.Actor{Organization: f.carrier.ID}, q)
	require.NoError(t, err)
	for _, v := range views {
		numbers = append(numbers, v.Locker.Number)
	}
	return numbers
}

// lockerAt makes a locker at a place of its own.
func (f *fixture) lockerAt(t *testing.T, number string, latitude, longitude float64) models.Locker {
	t.Helper()
	f.advance(time.Millisecond) // ids are in the order of their time
	place, err := f.CreateLocation(t.Context(), models.Request{}, models.Location{Name: "p" + number, Latitude: latitude, Longitude: longitude})
	require.NoError(t, err)
	l, err := f.CreateLocker(t.Context(), models.Request{}, models.Locker{Number: number, Location: place.ID, Model: f.model.ID})
	require.NoError(t, err)
	return l
}

func TestTheNearestComeFirst(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		// Across the meridian of 180 degrees, and farther than any square; two at one place.
		f.lockerAt(t, "far", -40, 0)
		f.lockerAt(t, "east", 10, 179.99)
		f.lockerAt(t, "west", 10, -179.95)
		f.lockerAt(t, "degree", 10.5, 179.999)
		f.lockerAt(t, "here-1", 10, 180)
		f.lockerAt(t, "here-2", 10, 180)
		near := &models.Point{Latitude: 10, Longitude: -180}
		all := []string{"here-1", "here-2", "east", "west", "degree", "far"}
		require.Equal(t, all, f.numbers(t, models.LockerQuery{Near: near}))
		for _, limit := range []int{1, 2, 4} {
			var paged []string
			for q := (models.LockerQuery{Near: near, Page: models.Page{Limit: limit}}); ; {
				views, err := f.Lockers(t.Context(), models.Actor{}, q)
				require.NoError(t, err)
				for _, v := range views {
					paged = append(paged, v.Locker.Number)
				}
				if len(views) < limit {
					break
				}
				q.Cursor = string(views[len(views)-1].Locker.ID)
			}
			require.Equal(t, all, paged, "%d a page", limit)
		}
		views, err := f.Lockers(t.Context(), models.Actor{}, models.LockerQuery{Near: near, Page: models.Page{Limit: 3}})
		require.NoError(t, err)
		require.Equal(t, 0, *views[0].DistanceM)
		require.InDelta(t, 1095, *views[2].DistanceM, 2)
		_, err = f.Lockers(t.Context(), models.Actor{}, models.LockerQuery{Near: near, Page: models.Page{Limit: 3, Cursor: "lkr_none"}})
		require.Equal(t, models.CodeInvalid, code(err))
		_, err = f.Lockers(t.Context(), models.Actor{Test: true}, models.LockerQuery{Near: near, Page: models.Page{Limit: 3, Cursor: string(views[0].Locker.ID)}})
		require.Equal(t, models.CodeInvalid, code(err), "a locker that a test key does not see is none")
		require.Equal(t, "far", f.numbers(t, models.LockerQuery{Near: &models.Point{Latitude: -90}})[0])
	})
}

// TestTheNearestMayLieOutsideOfTheSquare in whose corner another one lies.
func TestTheNearestMayLieOutsideOfTheSquare(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		f.lockerAt(t, "corner", 0.099, 0.099)
		f.lockerAt(t, "outside", 0, 0.11)
		require.Equal(t, []string{"outside"}, f.numbers(t, models.LockerQuery{Near: &models.Point{}, Page: models.Page{Limit: 1}}))
	})
}

func TestLockersAreNarrowedDown(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		a := f.lockerAt(t, "A", 1, 10)
		b := f.lockerAt(t, "B", 2, 170)
		f.lockerAt(t, "C", 3, -170)
		box := func(south, west, north, east float64) models.LockerQuery {
			return models.LockerQuery{Box: &models.Box{South: south, West: west, North: north, East: east}}
		}
		require.Equal(t, []string{"A"}, f.numbers(t, box(0, 0, 5, 20)))
		require.Equal(t, []string{"B", "C"}, f.numbers(t, box(0, 160, 5, -160)))
		require.Equal(t, []string{"A", "B"}, f.numbers(t, box(1, 10, 2, 170)), "its edges are in it")
		require.Len(t, f.numbers(t, models.LockerQuery{Size: models.SizeL}), 3)
		require.Empty(t, f.numbers(t, models.LockerQuery{Size: models.SizeXL}))

		f.advance(time.Hour)
		since := f.clock()
		q := models.LockerQuery{UpdatedSince: &since}
		require.Empty(t, f.numbers(t, q))
		_, err := f.UpdateLocker(t.Context(), models.Request{}, a.ID, models.LockerUpdate{Functions: []models.LockerFunction{models.FunctionReturns}, EasyReach: []int{3, 1, 3}})
		require.NoError(t, err)
		require.Equal(t, []string{"A"}, f.numbers(t, models.LockerQuery{Function: models.FunctionReturns}))
		require.Empty(t, f.numbers(t, models.LockerQuery{Function: models.FunctionPickup}))
		require.Equal(t, []string{"A"}, f.numbers(t, q))
		name := "Back yard"
		_, err = f.ChangeLocation(t.Context(), models.Request{}, b.Location, models.LocationChange{Name: &name})
		require.NoError(t, err)
		require.Equal(t, []string{"A", "B"}, f.numbers(t, q))
		require.Equal(t, []string{"B"}, f.numbers(t, models.LockerQuery{Page: models.Page{Search: "YARD"}}))
		v, err := f.Locker(t.Context(), a.ID)
		require.NoError(t, err)
		require.Equal(t, []int{1, 3}, v.Locker.EasyReach)
		require.Equal(t, since, v.UpdatedAt().UTC())
		require.Equal(t, []models.CellKind{
			{Regime: models.Ambient, Size: models.SizeS, Cells: 4}, {Regime: models.Ambient, Size: models.SizeM, Cells: 4}, {Regime: models.Ambient, Size: models.SizeL, Cells: 2},
		}, v.Kinds)
	})
}

func TestWhatIsToldOfPlacesAndLockers(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, by := t.Context(), models.Request{ID: "req"}
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		layout := func(id models.LockerID) (body models.DirectoryLayout, position int64) {
			row := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryLayout, id)[0]
			require.NoError(t, json.Unmarshal(row.Body, &body))
			return body, row.Position
		}
		kind, indoor := models.PlaceOffice, true
		changed, err := f.ChangeLocation(ctx, by, l.Location, models.LocationChange{Kind: &kind, Indoor: &indoor, HowToFind: map[string]string{"en": "Second door"}})
		require.NoError(t, err)
		require.Equal(t, f.place.Address, changed.Address)
		_, position := layout(l.ID)
		require.Equal(t, int64(1), position, "a cabinet does not show that")
		address := "Road 2"
		_, err = f.ChangeLocation(ctx, by, l.Location, models.LocationChange{Address: &address})
		require.NoError(t, err)
		for _, id := range []models.LockerID{l.ID, other.ID} {
			body, _ := layout(id)
			require.Equal(t, "Road 2", body.Address)
			require.Len(t, body.Cells, 10)
		}
		v, err := f.Locker(ctx, l.ID)
		require.NoError(t, err)
		require.Equal(t, models.PlaceOffice, v.Location.Kind)
		require.Equal(t, map[string]string{"en": "Second door"}, v.Location.HowToFind)
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "location.change"), 2)

		number := "L-9"
		_, err = f.UpdateLocker(ctx, by, l.ID, models.LockerUpdate{Number: &number})
		require.NoError(t, err)
		body, _ := layout(l.ID)
		require.Equal(t, "L-9", body.Number)
		number = "L-2"
		_, err = f.UpdateLocker(ctx, by, l.ID, models.LockerUpdate{Number: &number})
		require.Equal(t, models.CodeConflict, code(err))
		_, err = f.UpdateLocker(ctx, by, l.ID, models.LockerUpdate{EasyReach: []int{11}})
		require.Equal(t, models.CodeInvalid, code(err))
		_, err = f.UpdateLocker(ctx, by, "lkr_none", models.LockerUpdate{})
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.ChangeLocation(ctx, by, "loc_none", models.LocationChange{})
		require.Equal(t, models.CodeNotFound, code(err))

		planned, err := f.CreateLocker(ctx, by, models.Locker{Number: "L-3", Location: f.place.ID, Model: f.model.ID, State: models.LockerPlanned})
		require.NoError(t, err)
		_, _, err = f.CreateShipment(ctx, f.announcement(planned.ID, "N1"))
		require.Equal(t, models.CodeLockerClosed, code(err))
		_, err = f.ChangeLocker(ctx, by, planned.ID, models.LockerChange{Action: models.LockerResume, Reason: "built"})
		require.NoError(t, err)
		f.create(t, f.announcement(planned.ID, "N1"))
	})
}

func TestCarriersNameLockers(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, other := t.Context(), f.locker(t, "L-1"), f.locker(t, "L-2")
		rival, _ := f.rival(t)
		alias := func(l models.LockerID, o models.OrganizationID, name string) models.Code {
			return code(f.SetAlias(ctx, models.Request{}, models.Alias{Locker: l, Carrier: o, Alias: name}))
		}
		require.Empty(t, alias(l.ID, f.carrier.ID, "P 17"))
		require.Empty(t, alias(l.ID, rival.ID, "P 17"), "unique within a carrier alone")
		require.Equal(t, models.CodeConflict, alias(other.ID, f.carrier.ID, "P 17"))
		require.Empty(t, alias(other.ID, rival.ID, "R 1"))
		require.Equal(t, []string{"L-1"}, f.numbers(t, models.LockerQuery{Page: models.Page{Search: "p 17"}}))
		require.Empty(t, f.numbers(t, models.LockerQuery{Page: models.Page{Search: "r 1"}}), "others' names are nobody's business")
		require.Empty(t, alias(l.ID, f.carrier.ID, "P 18"))
		v, err := f.Locker(ctx, l.ID)
		require.NoError(t, err)
		require.ElementsMatch(t, []models.Alias{{Locker: l.ID, Carrier: f.carrier.ID, Alias: "P 18"}, {Locker: l.ID, Carrier: rival.ID, Alias: "P 17"}}, v.Aliases)
		require.Empty(t, alias(l.ID, f.carrier.ID, ""))
		require.Empty(t, alias(other.ID, f.carrier.ID, "P 17"))
		require.Equal(t, models.CodeNotFound, alias("lkr_none", f.carrier.ID, "x"))
		require.Equal(t, models.CodeNotFound, alias(l.ID, f.shop.ID, "x"))
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "locker.alias"), 6)
	})
}

// TestRoomAtADate: a promise that begins later stands against nobody now, but against those who
// come then.
func TestRoomAtADate(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		later := f.clock().Add(60 * 24 * time.Hour)
		for i := range 4 {
			n := f.announcement(l.ID, fmt.Sprintf("N%d", i))
			n.ExpectedAt = &later
			f.create(t, n)
		}
		room := func(at time.Time) int {
			lines, err := f.Availability(t.Context(), l.ID, f.carrier.ID, at)
			require.NoError(t, err)
			return lines[0].Room
		}
		require.Equal(t, 10, room(f.clock()))
		require.Equal(t, 10, room(f.clock().Add(-time.Hour)))
		require.Equal(t, 6, room(later))
	})
}
