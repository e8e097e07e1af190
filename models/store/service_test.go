package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// hire makes a technician of the operator, or what a change makes of them.
func (f *fixture) hire(t *testing.T, badge string, change func(*models.Courier)) models.Courier {
	t.Helper()
	c := models.Courier{Organization: f.operator.ID, Role: models.RoleTechnician, Badge: badge, PINHash: "h"}
	if change != nil {
		change(&c)
	}
	made, err := f.CreateCourier(t.Context(), models.NewCourier{Courier: c})
	require.NoError(t, err)
	return made
}

// TestTechniciansAreTheOperators: nobody else's.
func TestTechniciansAreTheOperators(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		_, err := f.CreateCourier(t.Context(), models.NewCourier{Courier: models.Courier{
			Organization: f.carrier.ID, Role: models.RoleTechnician, Badge: "T-1",
		}})
		require.Equal(t, models.CodeInvalid, code(err))
		require.Empty(t, rows[models.Courier](t, f, "badge = ?", "T-1"))
		f.hire(t, "T-1", nil)
	})
}

// TestWhatTechniciansDo is audited once, however often it is told; each opening of a cell that is not
// empty is an incident of its own.
func TestWhatTechniciansDo(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		who := f.hire(t, "T-1", func(c *models.Courier) { c.Lockers = []models.LockerID{l.ID} })
		f.advance(time.Minute)
		j := &journal{at: f.clock()}
		did := func(kind models.FactType, cell int, op models.OperationID, d models.FactData) models.Fact {
			d.Courier = who.ID
			fact := j.fact(kind, cell, d)
			fact.Operation, fact.Clock = op, models.ClockSynced
			fact.Hash = fact.ComputeHash()
			j.hash = fact.Hash
			return fact
		}
		facts := []models.Fact{
			opened(j),
			did(models.FactStaffIn, 0, "", models.FactData{Reason: models.ServiceRepair}),
			did(models.FactStaffOpen, 1, "op_1", models.FactData{Reason: models.EntryFree}),
			did(models.FactStaffOpen, 1, "op_2", models.FactData{Reason: models.EntryLeak, Shipment: v.Shipment.ID}),
			did(models.FactStaffOpen, 1, "op_3", models.FactData{Reason: models.EntryLeak, Shipment: v.Shipment.ID}),
			did(models.FactCellOutOfService, 1, "", models.FactData{Reason: models.ServiceRepair}),
			did(models.FactCellChecked, 1, "", models.FactData{Reason: models.FoundEmpty}),
			did(models.FactStaffAct, 0, "", models.FactData{Reason: models.StaffRestart, Device: "screen"}),
			did(models.FactStaffOut, 0, "", models.FactData{Reason: models.StaffFinished}),
		}
		for range 2 {
			_, err := f.TakeIn(t.Context(), l.ID, facts)
			require.NoError(t, err)
		}
		require.Empty(t, rows[models.StoredFact](t, f, "quarantined <> ''"))
		audit := rows[models.AuditEntry](t, f, "actor = ?", who.ID)
		require.Len(t, audit, 8)
		require.Equal(t, "cabinet.staff_open", audit[2].Action)
		require.Equal(t, string(l.ID), audit[2].Object)
		require.Equal(t, "cell 1, leak", audit[2].Detail)
		require.Equal(t, facts[3].Key(l.ID), audit[2].Request)
		require.Equal(t, "screen, restart", audit[6].Detail)
		found := rows[models.Incident](t, f, "kind = ?", models.IncidentStaffOpen)
		require.Len(t, found, 2)
		require.Equal(t, v.Shipment.ID, found[0].Shipment)
		require.Equal(t, facts[3].Key(l.ID)+": "+string(who.ID)+", leak", found[0].Evidence)
		timeline, err := f.Timeline(t.Context(), models.Actor{Scopes: []models.Scope{models.ScopeOperator}}, v.Shipment.ID)
		require.NoError(t, err)
		told := 0
		for _, line := range timeline {
			if line.Fact != nil && line.Fact.Type == models.FactStaffOpen {
				told++
			}
		}
		require.Equal(t, 2, told, "the shipment's story tells of it")
	})
}

// TestWhoMayNotHaveDoneIt: a fact that names somebody who is no technician there is kept aside, and
// somebody is told; the cells are as the cabinet says all the same.
func TestWhoMayNotHaveDoneIt(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		late := f.clock().Add(time.Hour)
		suspended := f.hire(t, "T-5", nil)
		f.advance(time.Minute)
		_, err := f.SuspendCourier(t.Context(), models.Request{Actor: models.Actor{Scopes: []models.Scope{models.ScopeOperator}}}, suspended.ID, true)
		require.NoError(t, err)
		courier, err := f.CreateCourier(t.Context(), models.NewCourier{Courier: models.Courier{Organization: f.operator.ID, Role: models.RoleCourier, Badge: "C"}})
		require.NoError(t, err)
		before, elsewhere := f.clock(), f.hire(t, "T-2", func(c *models.Courier) { c.Lockers = []models.LockerID{other.ID} })
		early := f.hire(t, "T-3", func(c *models.Courier) { c.ValidFrom = &late })
		fine := f.hire(t, "T-4", nil)
		f.advance(time.Minute)
		j := &journal{at: f.clock()}
		by := func(id models.CourierID, at time.Time, clock models.ClockQuality) models.Fact {
			after := models.CellReport{Cell: 2, State: models.CellOutOfService, Generation: 1}
			fact := j.fact(models.FactStaffOpen, 2, models.FactData{Courier: id, Reason: models.EntryFree, After: &after})
			fact.AtMS, fact.Clock = at.UnixMilli(), clock
			fact.Hash = fact.ComputeHash()
			j.hash = fact.Hash
			return fact
		}
		facts := []models.Fact{opened(j)}
		for _, id := range []models.CourierID{"", "cou_none", courier.ID, elsewhere.ID, early.ID, suspended.ID, fine.ID} {
			facts = append(facts, by(id, f.clock(), models.ClockSynced))
		}
		facts = append(facts, by(suspended.ID, before.Add(-time.Minute/2), models.ClockSynced), by(early.ID, f.clock(), models.ClockGuessed))
		_, err = f.TakeIn(t.Context(), l.ID, facts)
		require.NoError(t, err)
		var aside []string
		for _, s := range rows[models.StoredFact](t, f, "type = ? ORDER BY seq", models.FactStaffOpen) {
			aside = append(aside, s.Quarantined)
		}
		nobody, not := "it names no technician of the operator", "its technician may not work there"
		require.Equal(t, []string{nobody, nobody, nobody, not, not, not, "", "", ""}, aside)
		require.NotEmpty(t, rows[models.Incident](t, f, "kind = ?", models.IncidentQuarantine))
		require.Equal(t, models.CellOutOfService, rows[models.StoredCell](t, f, "locker = ? AND number = 2", l.ID)[0].State)
		require.Empty(t, rows[models.AuditEntry](t, f, "actor IN ?", []models.CourierID{courier.ID, elsewhere.ID}))
	})
}
