package store_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// bringer is a courier of an organization.
func (f *fixture) bringer(t *testing.T, of models.OrganizationID, badge string) models.CourierID {
	t.Helper()
	c, err := f.CreateCourier(t.Context(), models.NewCourier{Courier: models.Courier{
		Organization: of, Role: models.RoleCourier, Badge: badge, PINHash: "x",
	}})
	require.NoError(t, err)
	return c.ID
}

// TestLookUp: a courier learns of their own carrier's parcels alone.
func TestLookUp(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		own, rival := f.bringer(t, f.carrier.ID, "B-1"), f.bringer(t, f.shop.ID, "B-2")
		here := f.announcement(l.ID, "N1")
		here.Parcels[0].Barcode = "HERE-1"
		f.create(t, here)
		there := f.announcement(other.ID, "N2")
		there.Parcels[0].Barcode = "THERE-1"
		f.create(t, there)
		look := func(c models.CourierID, label string) models.LookedUp {
			t.Helper()
			found, err := f.LookUp(t.Context(), l.ID, c, label)
			require.NoError(t, err)
			return found
		}
		require.Equal(t, models.LookedUp{Here: true}, look(own, "HERE-1"))
		require.Equal(t, models.LookedUp{Place: "L-2, " + f.place.Address}, look(own, "THERE-1"))
		for _, label := range []string{"HERE-1", "THERE-1"} {
			require.Equal(t, models.LookedUp{}, look(rival, label), "another carrier's")
			require.Equal(t, models.LookedUp{}, look("cou_none", label))
		}
		require.Equal(t, models.LookedUp{}, look(own, "NOBODY-1"))
		_, err := f.SuspendCourier(t.Context(), models.Request{Actor: f.actor(f.carrier)}, own, true)
		require.NoError(t, err)
		require.Equal(t, models.LookedUp{}, look(own, "HERE-1"), "who may not come any more")
	})
}

// TestWhereElse: lockers with room for what is still to come, for the carrier's own courier.
func TestWhereElse(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		own, rival := f.bringer(t, f.carrier.ID, "B-1"), f.bringer(t, f.shop.ID, "B-2")
		v := f.create(t, f.announcement(l.ID, "N1"))
		near, err := f.NearbyFor(t.Context(), l.ID, own, v.Shipment.ID)
		require.NoError(t, err)
		require.Len(t, near, 1)
		require.Equal(t, other.ID, near[0].Locker)
		require.Positive(t, near[0].Room)
		for name, c := range map[string]struct {
			at models.LockerID
			by models.CourierID
			s  models.ShipmentID
		}{
			"another carrier's courier": {l.ID, rival, v.Shipment.ID}, "nobody": {l.ID, "cou_none", v.Shipment.ID},
			"not of this locker": {other.ID, own, v.Shipment.ID}, "no shipment": {l.ID, own, "shp_none"},
		} {
			_, err := f.NearbyFor(t.Context(), c.at, c.by, c.s)
			require.Equal(t, models.CodeNotFound, code(err), name)
			require.Equal(t, models.CodeNotFound, code(f.SendThere(t.Context(), c.at, c.by, c.s, other.ID)), name)
		}
		require.Empty(t, rows[models.AuditEntry](t, f, "action = ?", "shipment.reroute"))
		require.NoError(t, f.SendThere(t.Context(), l.ID, own, v.Shipment.ID, other.ID))
		audit := rows[models.AuditEntry](t, f, "action = ?", "shipment.reroute")
		require.Len(t, audit, 1)
		require.Contains(t, audit[0].Detail, string(own))
		require.Error(t, f.SendThere(t.Context(), l.ID, own, v.Shipment.ID, "lkr_none"), "not among those that were offered")
		require.Error(t, f.SendThere(t.Context(), l.ID, own, v.Shipment.ID, l.ID))
		exec(t, f, "UPDATE cells SET state = ? WHERE locker = ?", models.CellOccupied, other.ID)
		near, err = f.NearbyFor(t.Context(), l.ID, own, v.Shipment.ID)
		require.NoError(t, err)
		require.Empty(t, near)
		require.Equal(t, models.CodeNoCapacity, code(f.SendThere(t.Context(), l.ID, own, v.Shipment.ID, other.ID)))
		exec(t, f, "UPDATE promises SET locker = ? WHERE shipment = ?", other.ID, v.Shipment.ID)
		require.NoError(t, f.SendThere(t.Context(), l.ID, own, v.Shipment.ID, other.ID), "the last of its room is kept for it already")
		exec(t, f, "UPDATE promises SET locker = ? WHERE shipment = ?", l.ID, v.Shipment.ID)
		exec(t, f, "UPDATE cells SET state = ? WHERE locker = ?", models.CellFree, other.ID)
		exec(t, f, "UPDATE parcels SET state = ? WHERE shipment = ?", models.ParcelInCell, v.Shipment.ID)
		require.Error(t, f.SendThere(t.Context(), l.ID, own, v.Shipment.ID, other.ID), "what waits for its client is not in a courier's hands")
		require.Len(t, rows[models.AuditEntry](t, f, "action = ?", "shipment.reroute"), 2)
	})
}

// TestCallBack: the support is told whom to call, once, where it knows a phone; the cabinet knows
// that alone, and hears of it when the contact changes.
func TestCallBack(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, other := f.locker(t, "L-1"), f.locker(t, "L-2")
		n := f.announcement(l.ID, "N1")
		n.Contact = models.Contact{Phone: "+4930123456"}
		v, silent := f.create(t, n), f.create(t, f.announcement(l.ID, "N2"))
		callable := func(v models.ShipmentView) bool {
			row := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryShipment, v.Shipment.ID)[0]
			require.NotContains(t, string(row.Body), "+4930123456")
			var body models.DirectoryShipment
			require.NoError(t, json.Unmarshal(row.Body, &body))
			return body.Callable
		}
		require.True(t, callable(v))
		require.False(t, callable(silent))
		for range 2 {
			require.NoError(t, f.CallBack(t.Context(), l.ID, v.Shipment.ID, "1-45"))
		}
		incidents := rows[models.Incident](t, f, "kind = ?", models.IncidentCallBack)
		require.Len(t, incidents, 1)
		require.Equal(t, v.Shipment.ID, incidents[0].Shipment)
		require.Equal(t, "1-45", incidents[0].Evidence)
		require.NoError(t, f.CallBack(t.Context(), l.ID, v.Shipment.ID, "1-47"))
		found, err := f.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 10, Search: "1-47"}})
		require.NoError(t, err)
		require.Len(t, found, 1, "the number that the client has now")
		require.Equal(t, incidents[0].ID, found[0].ID)
		require.Equal(t, models.CodeNotFound, code(f.CallBack(t.Context(), l.ID, silent.Shipment.ID, "1-46")))
		require.Equal(t, models.CodeNotFound, code(f.CallBack(t.Context(), other.ID, v.Shipment.ID, "1-46")), "it is not there")
		require.Equal(t, models.CodeNotFound, code(f.CallBack(t.Context(), l.ID, "shp_none", "1-46")))

		exec(t, f, "UPDATE shipments SET issue = 1")
		e := f.edit(silent)
		e.Contact = &models.Contact{Phone: "+4930123456"}
		require.NoError(t, f.EditShipment(t.Context(), e))
		require.True(t, callable(silent))
		e.Contact, e.NotifyBy = nil, models.NotifyCarrier
		require.NoError(t, f.EditShipment(t.Context(), e))
		require.False(t, callable(silent), "the carrier tells its client itself")
	})
}

// TestCodesByPolicy: what codes are written in is the policy's of the announcement, digits where the
// pad has nothing else, and stays when the policy changes.
func TestCodesByPolicy(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l, keypad := f.locker(t, "L-1"), f.locker(t, "L-2")
		_, err := f.PutLockerScreen(t.Context(), models.Request{}, keypad.ID, models.ScreenProfile{Keypad: true})
		require.NoError(t, err)
		p := models.ReadyMadePolicies()[0]
		p.Name, p.Codes = "letters", models.CodeBase32
		_, err = f.PutPolicy(t.Context(), models.Request{}, p)
		require.NoError(t, err)
		announce := func(at models.LockerID, number string) models.ShipmentView {
			n := f.announcement(at, number)
			n.Policy = "letters"
			return f.create(t, n)
		}
		a := announce(l.ID, "N1")
		require.Equal(t, models.CodeBase32, a.Shipment.Codes)
		require.Equal(t, models.CodeDigits, announce(keypad.ID, "N2").Shipment.Codes)
		p.Codes = models.CodeDigits
		_, err = f.PutPolicy(t.Context(), models.Request{}, p)
		require.NoError(t, err)
		require.Equal(t, models.CodeDigits, announce(l.ID, "N3").Shipment.Codes)
		row := rows[models.DirectoryRow](t, f, "kind = ? AND key = ?", models.EntryShipment, a.Shipment.ID)[0]
		require.Contains(t, string(row.Body), `"codes":"base32"`)

		_, err = f.MoveShipment(t.Context(), a.Shipment.ID, keypad.ID, 0, func(moved models.Shipment, _ []models.Shipment) (int, error) {
			require.Equal(t, keypad.ID, moved.Locker)
			require.Equal(t, models.CodeDigits, moved.Codes, "there")
			return 1, nil
		})
		require.NoError(t, err)
		require.Equal(t, models.CodeDigits, rows[models.Shipment](t, f, "id = ?", a.Shipment.ID)[0].Codes)
	})
}
