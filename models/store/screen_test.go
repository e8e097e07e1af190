package store_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
	"cubby/models/store"
)

// layout is what a cabinet is told of itself, and the position of it.
func (f *fixture) layout(t *testing.T, l models.LockerID) (layout models.DirectoryLayout, position int64) {
	t.Helper()
	row := rows[models.DirectoryRow](t, f, "kind = ? AND scope = ?", models.EntryLayout, models.ScopeOfLocker(l))[0]
	require.NoError(t, json.Unmarshal(row.Body, &layout))
	return layout, row.Position
}

// TestScreens: a cabinet is told of the network's profile, of its own over it, and of its place's
// quiet hours and clock; nobody is told of what is the same.
func TestScreens(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, r := t.Context(), models.Request{ID: "req"}
		one, two := f.locker(t, "1"), f.locker(t, "2")
		screen := func(l models.Locker) models.ScreenProfile { layout, _ := f.layout(t, l.ID); return layout.Screen }
		require.Equal(t, models.ScreenProfile{Zone: f.place.TimeZone}, screen(one))

		network := models.ScreenProfile{Languages: []string{"ru", "en"}, Phone: "112", Operator: "o", Colour: "#003a70"}
		got, err := f.PutNetworkScreen(ctx, r, network)
		require.NoError(t, err)
		require.Equal(t, network, got)
		got, err = f.NetworkScreen(ctx)
		require.NoError(t, err)
		require.Equal(t, network, got)
		shown := network.At(f.place)
		require.Equal(t, shown, screen(one))
		require.Equal(t, shown, screen(two))
		require.Equal(t, shown, screen(f.locker(t, "3")), "a locker that is made later")

		v, err := f.PutLockerScreen(ctx, r, two.ID, models.ScreenProfile{Phone: "113"})
		require.NoError(t, err)
		own := shown
		own.Phone = "113"
		require.Equal(t, models.LockerScreen{Own: models.ScreenProfile{Phone: "113"}, Shown: own}, v)
		require.Equal(t, own, screen(two))
		require.Equal(t, shown, screen(one))
		read, err := f.LockerScreen(ctx, two.ID)
		require.NoError(t, err)
		require.Equal(t, v, read)

		// The network's phone is another: the one that has its own is not told.
		_, at1 := f.layout(t, one.ID)
		before, at2 := f.layout(t, two.ID)
		network.Phone = "114"
		for range 2 {
			_, err = f.PutNetworkScreen(ctx, r, network)
			require.NoError(t, err)
			layout, at := f.layout(t, one.ID)
			require.Equal(t, at1+1, at, "told once")
			require.Equal(t, "114", layout.Screen.Phone)
			require.Equal(t, one.ID, layout.Locker)
			require.Len(t, layout.Cells, len(before.Cells))
			_, at = f.layout(t, two.ID)
			require.Equal(t, at2, at)
		}
		entries, _, _, err := f.Directory(ctx, one.ID, map[string]int64{models.ScopeOfLocker(one.ID): at1}, 10)
		require.NoError(t, err)
		require.Contains(t, string(entries[len(entries)-1].Body), `"phone":"114"`, "a connected cabinet reads it")

		// The place's quiet hours and clock.
		quiet := &models.QuietHours{From: "22:00", To: "07:00"}
		_, err = f.SetHours(ctx, r, f.place.ID, nil, quiet)
		require.NoError(t, err)
		require.Equal(t, quiet, screen(two).Quiet)
		zone := "Asia/Almaty"
		_, err = f.ChangeLocation(ctx, r, f.place.ID, models.LocationChange{TimeZone: &zone})
		require.NoError(t, err)
		require.Equal(t, zone, screen(two).Zone)
		// Whatever else is told of a locker keeps its screen.
		_, err = f.ChangeLocker(ctx, r, two.ID, models.LockerChange{Action: models.LockerPause, Reason: "r"})
		require.NoError(t, err)
		layout, _ := f.layout(t, two.ID)
		require.Equal(t, models.LockerNoDeposits, layout.State)
		require.Equal(t, "113", layout.Screen.Phone)
		require.Equal(t, quiet, layout.Screen.Quiet)

		v, err = f.PutLockerScreen(ctx, r, two.ID, models.ScreenProfile{})
		require.NoError(t, err)
		require.Zero(t, v.Own)
		require.Equal(t, "114", screen(two).Phone)
		require.Len(t, rows[models.AuditEntry](t, f, "action = 'screen.put'"), 5)

		_, err = f.PutLockerScreen(ctx, r, "lck_none", models.ScreenProfile{})
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.LockerScreen(ctx, "lck_none")
		require.Equal(t, models.CodeNotFound, code(err))
	})
}

// TestTellingScreensGoesOn: a process that ends between two batches leaves the rest to the next
// call, also where the profile is changed back meanwhile.
func TestTellingScreensGoesOn(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, r := t.Context(), models.Request{}
		var lockers []models.LockerID
		for i := range store.ScreensBatch + 1 {
			lockers = append(lockers, f.locker(t, strconv.Itoa(i)).ID)
		}
		told := func(phone string) (n int) {
			for _, row := range rows[models.DirectoryRow](t, f, "kind = ?", models.EntryLayout) {
				if strings.Contains(string(row.Body), `"phone":"`+phone+`"`) {
					n++
				}
			}
			return n
		}
		for _, point := range []string{"screens.before_commit", "screens.after_commit", "screens_told.after_commit"} {
			_, err := f.PutNetworkScreen(ctx, r, models.ScreenProfile{Phone: "112"})
			require.NoError(t, err)
			require.Equal(t, len(lockers), told("112"), point)
			f.setFault(func(at string) error {
				if at == point {
					return errors.New("the process ends")
				}
				return nil
			})
			_, err = f.PutNetworkScreen(ctx, r, models.ScreenProfile{Phone: "113"})
			require.Error(t, err, point)
			require.Less(t, told("113"), len(lockers), point)
			f.setFault(nil)
			require.NoError(t, f.TellScreens(ctx), point)
			require.Equal(t, len(lockers), told("113"), point)
		}
	})
}
