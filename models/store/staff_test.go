package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func person(t *testing.T, f *fixture, login string) models.Staff {
	t.Helper()
	p, err := f.CreateStaff(t.Context(), models.Request{ID: "req"}, models.Staff{
		Organization: f.operator.ID, Login: login, Name: login, Password: "hash", Language: "en",
	})
	require.NoError(t, err)
	return p
}

func TestStaff(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, by := t.Context(), models.Request{ID: "req"}
		p := person(t, f, "vera")
		_, err := f.CreateStaff(ctx, by, models.Staff{Organization: f.operator.ID, Login: "vera"})
		require.Equal(t, models.CodeConflict, code(err))
		_, err = f.CreateStaff(ctx, by, models.Staff{Organization: f.carrier.ID, Login: "carl"})
		require.Equal(t, models.CodeInvalid, code(err), "a carrier's people do not run the network")
		_, err = f.CreateStaff(ctx, by, models.Staff{Organization: "org_x", Login: "carl"})
		require.Equal(t, models.CodeNotFound, code(err))
		require.Equal(t, models.CodeNotFound, code(f.DisableStaff(ctx, by, "carl")))

		require.NoError(t, f.SignIn(ctx, models.Request{Actor: p.Actor(), ID: "req"}, p, "h1", nil))
		found, err := f.StaffSession(ctx, "h1", true)
		require.NoError(t, err)
		require.Equal(t, p.ID, found.ID)
		require.True(t, found.Actor().Operator())
		_, err = f.StaffSession(ctx, "h2", true)
		require.Equal(t, models.CodeUnauthorized, code(err))

		require.NoError(t, f.SetStaffPassword(ctx, by, "vera", "other"))
		_, err = f.StaffSession(ctx, "h1", true)
		require.Equal(t, models.CodeUnauthorized, code(err))
		require.Equal(t, models.CodeUnauthorized, code(f.SignIn(ctx, by, p, "h3", nil)), "with a password that was changed meanwhile")
		p, err = f.StaffByLogin(ctx, "vera")
		require.NoError(t, err)
		require.NoError(t, f.SignIn(ctx, by, p, "h3", nil))
		require.NoError(t, f.DisableStaff(ctx, by, "vera"))
		require.Equal(t, models.CodeUnauthorized, code(f.SignIn(ctx, by, p, "h4", nil)))
		require.Empty(t, rows[models.StaffSession](t, f))

		var acts []string
		for _, a := range rows[models.AuditEntry](t, f, "object = ?", p.ID) {
			acts = append(acts, a.Action)
		}
		require.Equal(t, []string{"staff.create", "staff.sign_in", "staff.password", "staff.sign_in", "staff.disable"}, acts)
		require.Equal(t, string(p.ID), rows[models.AuditEntry](t, f, "action = ?", "staff.sign_in")[0].Actor, "a person acts")
	})
}

// TestTriesAtTheSameTimeCount: who asks with many connections at once gets no more of them.
func TestTriesAtTheSameTimeCount(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		keys := []models.SignInKey{{Key: "login:a", Free: 3}, {Key: "address:b", Free: 20, Shared: true}}
		var let, told atomic.Int64
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				switch code(f.TrySignIn(t.Context(), keys)) {
				case "":
					let.Add(1)
				case models.CodeTooMany:
					told.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 3, let.Load())
		require.EqualValues(t, 9, told.Load())
		for _, row := range rows[models.SignInTries](t, f) {
			require.Equal(t, 3, row.Failed, "%s: who is told to wait is not counted", row.Key)
		}
		p := person(t, f, "vera")
		require.NoError(t, f.SignIn(t.Context(), models.Request{ID: "req"}, p, "h", keys))
		left := rows[models.SignInTries](t, f)
		require.Len(t, left, 1)
		require.Equal(t, models.SignInTries{Key: "address:b", Failed: 2, LastAt: left[0].LastAt}, left[0])
		f.advance(25 * time.Hour)
		n, err := f.Prune(t.Context(), 100)
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, 2, "the tries and the session")
		require.Empty(t, rows[models.SignInTries](t, f))
		require.Empty(t, rows[models.StaffSession](t, f))
	})
}

func TestWaitsGrow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var waits []time.Duration
	for failed := range 12 {
		waits = append(waits, models.SignInTries{Failed: failed, LastAt: at}.NotBefore(3).Sub(at)/time.Second)
	}
	require.Equal(t, []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60}, waits)
}

func TestContactsAreMasked(t *testing.T) {
	t.Parallel()
	for c, want := range map[models.Contact]models.Contact{
		{}: {},
		{Name: "Cora Client", Phone: "+491701234567", Email: "cora@example.org"}: {Name: "C•••", Phone: "+49•••67", Email: "c•••@example.org"},
		{Name: "Bo", Phone: "+4912345", Email: "b@example.org"}:                  {Name: "•••", Phone: "•••", Email: "•••@example.org"},
		{Name: "Ярослав"}: {Name: "Я•••"},
	} {
		require.Equal(t, want, c.Masked())
	}
}

func TestWhatTheDeskReads(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.locker(t, "L-001")
		f.advance(time.Millisecond) // ids of the same millisecond have no order
		other := f.locker(t, "L-002")
		v := f.create(t, f.announcement(l.ID, "N-1"))
		j := &journal{at: f.clock()}
		cells := []models.CellReport{}
		for n := 1; n <= 10; n++ {
			cells = append(cells, models.CellReport{Cell: n, State: models.CellFree, Generation: 1})
		}
		cells[4].State, cells[5].Doubtful = models.CellOutOfService, true
		_, err := f.TakeIn(ctx, l.ID, []models.Fact{
			j.fact(models.FactInventory, 0, models.FactData{Cells: cells}), j.fact(models.FactDeposited, 1, deposited(v, 0, 1)),
		})
		require.NoError(t, err)

		n, err := f.NetworkCounts(ctx)
		require.NoError(t, err)
		require.Equal(t, models.CellCounts{Free: 17, Occupied: 1, OutOfService: 1, Doubtful: 1}, n.Cells)
		require.Equal(t, []int{2, 2}, []int{n.Lockers, n.Away})
		require.Equal(t, map[models.ShipmentState]int{models.StateCreated: 1}, n.Shipments)

		_, err = f.Beat(ctx, "gateway", "run", true)
		require.NoError(t, err)
		_, err = f.Connect(ctx, l.ID, "gateway", "run", "boot")
		require.NoError(t, err)
		n, err = f.NetworkCounts(ctx)
		require.NoError(t, err)
		require.Equal(t, 1, n.Away)
		for only, want := range map[models.LockerFilter][]string{
			"": {"L-001", "L-002"}, models.LockersAway: {"L-002"}, models.LockersDoubtful: {"L-001"}, models.LockersOutOfService: {"L-001"},
		} {
			list, err := f.LockerSummaries(ctx, models.LockerSearch{Page: models.Page{Limit: 10}, Only: only})
			require.NoError(t, err)
			var numbers []string
			for _, s := range list {
				numbers = append(numbers, s.Locker.Number)
			}
			require.Equal(t, want, numbers, only)
		}
		list, err := f.LockerSummaries(ctx, models.LockerSearch{Page: models.Page{Limit: 1, Cursor: string(l.ID)}})
		require.NoError(t, err)
		require.Equal(t, other.ID, list[0].Locker.ID)

		operator := models.Actor{Organization: f.operator.ID, Scopes: []models.Scope{models.ScopeOperator}}
		story, err := f.Timeline(ctx, operator, v.Shipment.ID)
		require.NoError(t, err)
		var kinds []models.TimelineKind
		for _, line := range story {
			kinds = append(kinds, line.Kind)
		}
		require.Equal(t, []models.TimelineKind{models.LineAct, models.LineEvent, models.LineFact}, kinds)
		_, err = f.Timeline(ctx, f.actor(f.shop), v.Shipment.ID)
		require.Equal(t, models.CodeNotFound, code(err), "a shop that has no part in it")

		_, err = f.MaskedContact(ctx, f.actor(f.shop), v.Shipment.ID)
		require.Equal(t, models.CodeNotFound, code(err))
		_, err = f.RevealContact(ctx, models.Request{Actor: f.actor(f.carrier), ID: "req"}, v.Shipment.ID)
		require.Equal(t, models.CodeForbidden, code(err))
		require.Empty(t, rows[models.AuditEntry](t, f, "action = ?", "contact.show"))
		c, err := f.RevealContact(ctx, models.Request{Actor: operator, ID: "req"}, v.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, "client@example.org", c.Email)
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "contact.show"), 1)
		exec(t, f, "DELETE FROM contacts")
		c, err = f.MaskedContact(ctx, operator, v.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, models.Contact{}, c, "erased")

		facts, err := f.LastFacts(ctx, l.ID, 1)
		require.NoError(t, err)
		require.Equal(t, models.FactDeposited, facts[0].Type)
	})
}

func TestIncidentsNewestFirst(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-001")
		j := &journal{at: f.clock()}
		var facts []models.Fact
		facts = append(facts, j.fact(models.FactInventory, 0, models.FactData{}))
		for cell := 1; cell <= 5; cell++ {
			facts = append(facts, j.fact(models.FactDoorJammed, cell, models.FactData{}))
		}
		_, err := f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		q := models.IncidentQuery{Page: models.Page{Limit: 2}, Kind: models.IncidentJam, Newest: true}
		var seen []string
		for {
			found, err := f.Incidents(t.Context(), q)
			require.NoError(t, err)
			if len(found) == 0 {
				break
			}
			for _, i := range found {
				seen = append(seen, string(i.ID))
				one, err := f.Incident(t.Context(), i.ID)
				require.NoError(t, err)
				require.Equal(t, i, one)
			}
			require.LessOrEqual(t, len(seen), 5, "a page begins after the one before")
			q.Cursor = string(found[len(found)-1].ID)
		}
		require.Len(t, seen, 5)
		require.IsDecreasing(t, seen)
		_, err = f.ResolveIncident(t.Context(), models.Request{ID: "req"}, models.IncidentID(seen[0]), "done")
		require.NoError(t, err)
		found, err := f.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 9}, Kind: models.IncidentJam, Resolved: true})
		require.NoError(t, err)
		require.Len(t, found, 1)
		_, err = f.Incident(t.Context(), "inc_x")
		require.Equal(t, models.CodeNotFound, code(err))
	})
}
