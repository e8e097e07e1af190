package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestLockersAreAnnouncedByName: a carrier's own alias and the public number name a locker in announcements, and the
// answers show the locker's id with the alias.
func TestLockersAreAnnouncedByName(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "L-1")
		rival, _ := f.rival(t)
		name := func(l models.LockerID, o models.OrganizationID, alias string) models.Code {
			return code(f.SetAlias(ctx, models.Request{}, models.Alias{Locker: l, Carrier: o, Alias: alias}))
		}
		require.Empty(t, name(l.ID, f.carrier.ID, "P 17"))

		v := f.create(t, f.announcement("P 17", "N1"))
		require.Equal(t, l.ID, v.Shipment.Locker)
		require.Equal(t, "P 17", v.LockerAlias)
		require.Equal(t, l.ID, f.create(t, f.announcement("L-1", "N2")).Shipment.Locker)
		require.Equal(t, "P 17", f.create(t, f.announcement(l.ID, "N3")).LockerAlias)

		read, err := f.Shipment(ctx, f.actor(f.carrier), v.Shipment.ID)
		require.NoError(t, err)
		require.Equal(t, "P 17", read.LockerAlias)
		read, err = f.Shipment(ctx, models.Actor{Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}}, v.Shipment.ID)
		require.NoError(t, err)
		require.Empty(t, read.LockerAlias, "a carrier's alias is its own")
		listed, _, err := f.Shipments(ctx, f.actor(f.carrier), models.ShipmentQuery{Locker: l.ID, Limit: 9})
		require.NoError(t, err)
		require.Len(t, listed, 3)
		require.Equal(t, "P 17", listed[2].LockerAlias)

		others := f.announcement("P 17", "R1")
		others.Actor, others.Carrier = f.actor(rival), rival.ID
		_, _, err = f.CreateShipment(ctx, others)
		require.Equal(t, models.CodeUnknownLocker, code(err), "another carrier's alias is nobody's business")
		others.Actor = models.Actor{Organization: f.operator.ID, Kind: models.KindOperator, Scopes: []models.Scope{models.ScopeOperator}}
		_, _, err = f.CreateShipment(ctx, others)
		require.Equal(t, models.CodeUnknownLocker, code(err), "an operator speaks for the carrier that it names")
		others.Carrier = f.carrier.ID
		require.Equal(t, l.ID, f.create(t, others).Shipment.Locker)

		// The answer that was given stays, also when the alias is gone or says something else.
		require.Empty(t, name(l.ID, f.carrier.ID, ""))
		again, replayed, err := f.CreateShipment(ctx, f.announcement("P 17", "N1"))
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, v.Shipment.ID, again.Shipment.ID)
		require.Equal(t, "P 17", again.LockerAlias)
		other := f.announcement("P 17", "N1")
		other.Fingerprint = "another body"
		_, _, err = f.CreateShipment(ctx, other)
		require.Equal(t, models.CodeKeyReused, code(err))
		_, _, err = f.CreateShipment(ctx, f.announcement("P 17", "N4"))
		require.Equal(t, models.CodeUnknownLocker, code(err))
	})
}

// TestAliasNeverHidesANumber: a public number means its own locker to everybody.
func TestAliasNeverHidesANumber(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, other := t.Context(), f.locker(t, "L-1"), f.locker(t, "L-2")
		for _, taken := range []string{"L-2", string(other.ID)} {
			err := f.SetAlias(ctx, models.Request{}, models.Alias{Locker: l.ID, Carrier: f.carrier.ID, Alias: taken})
			require.Equal(t, models.CodeConflict, code(err))
		}
		require.NoError(t, f.SetAlias(ctx, models.Request{}, models.Alias{Locker: l.ID, Carrier: f.carrier.ID, Alias: "L-3"}))
		found, err := f.FindLocker(ctx, f.actor(f.carrier), "", "L-3")
		require.NoError(t, err)
		require.Equal(t, l.ID, found)
		third := f.locker(t, "L-3") // a number that comes later goes before the alias too
		found, err = f.FindLocker(ctx, f.actor(f.carrier), "", "L-3")
		require.NoError(t, err)
		require.Equal(t, third.ID, found)
	})
}

// TestAnAliasTellsNothingOfHiddenLockers: that a number is a test locker's is not told to who names a live one, nor the
// other way round, and the alias works for its own.
func TestAnAliasTellsNothingOfHiddenLockers(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, real := t.Context(), f.locker(t, "L-1")
		sandbox, err := f.CreateLocker(ctx, models.Request{}, models.Locker{Number: "T-1", Location: real.Location, Model: real.Model, Test: true})
		require.NoError(t, err)
		for _, c := range []struct {
			by            models.Actor
			named, hidden models.Locker
		}{{f.actor(f.carrier), real, sandbox}, {f.testKey().Actor, sandbox, real}} {
			for _, alias := range []string{string(c.hidden.ID), c.hidden.Number} {
				require.NoError(t, f.SetAlias(ctx, models.Request{Actor: c.by}, models.Alias{Locker: c.named.ID, Carrier: f.carrier.ID, Alias: alias}))
			}
			found, err := f.FindLocker(ctx, c.by, "", c.hidden.Number)
			require.NoError(t, err)
			require.Equal(t, c.named.ID, found)
		}
	})
}

// TestTestKeysNameTestLockersAlone, and other keys never do.
func TestTestKeysNameTestLockersAlone(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, real := t.Context(), f.locker(t, "L-1")
		sandbox, err := f.CreateLocker(ctx, models.Request{}, models.Locker{Number: "T-1", Location: real.Location, Model: real.Model, Test: true})
		require.NoError(t, err)
		require.NoError(t, f.SetAlias(ctx, models.Request{}, models.Alias{Locker: sandbox.ID, Carrier: f.carrier.ID, Alias: "mine"}))
		live, test := f.actor(f.carrier), f.testKey().Actor
		for name, id := range map[string]models.LockerID{"L-1": real.ID, "T-1": sandbox.ID, "mine": sandbox.ID} {
			for _, a := range []models.Actor{live, test} {
				found, err := f.FindLocker(ctx, a, "", name)
				if (id == sandbox.ID) == a.Test {
					require.NoError(t, err)
					require.Equal(t, id, found)
				} else {
					require.Equal(t, models.CodeUnknownLocker, code(err), name)
				}
			}
		}
	})
}
