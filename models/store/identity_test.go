package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestABootThatComesBack: a computer starts anew as often as it likes; a boot that has ended
// and comes back is another computer's.
func TestABootThatComesBack(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l, s := t.Context(), f.locker(t, "1").ID, &signer{f: f}
		other := f.locker(t, "2").ID
		c, err := s.enroll(t, f.claim(t, l), "k1")
		require.NoError(t, err)
		f.beat(t, "one", "r1", true)
		connect := func(boot string) models.Code {
			_, err := f.Connect(ctx, l, "one", "r1", boot)
			return code(err)
		}
		for i := range 40 {
			require.Empty(t, connect(fmt.Sprint("early-", i)))
		}
		for _, boot := range []string{"b1", "b1", "b2", "b2", "b3"} {
			require.Empty(t, connect(boot), boot)
		}
		_, err = f.Connect(ctx, other, "one", "r1", "b1")
		require.NoError(t, err, "what counts is one cabinet's")

		f.advance(time.Hour)
		require.Equal(t, models.CodeCabinetCloned, connect("b2"))
		for _, boot := range []string{"b3", "b4", ""} {
			require.Equal(t, models.CodeCabinetCloned, connect(boot), "neither is heard")
		}
		require.Equal(t, models.CodeCabinetCloned, code(f.Trusted(ctx, l, c.Serial)))
		_, err = s.renew(t, c, "k2")
		require.Equal(t, models.CodeCabinetCloned, code(err))
		cut, err := f.DistrustedSince(ctx, f.clock())
		require.NoError(t, err)
		require.Equal(t, []string{c.Serial}, cut)
		require.False(t, f.link(t, l).Online)
		require.Equal(t, f.clock(), *f.link(t, l).HeldSince)
		open := rows[models.Incident](t, f, "kind = ? AND resolved IS NULL", models.IncidentCloned)
		require.Len(t, open, 1)
		require.Equal(t, "boot b2 came back after boot b3", open[0].Evidence)
		_, err = f.ResolveIncident(ctx, models.Request{}, open[0].ID, "looked at")
		require.Equal(t, models.CodeInvalidState, code(err), "it is held still")

		require.NoError(t, f.ReleaseIdentity(ctx, models.Request{ID: "req"}, l, "a copy of the disk was tried"))
		require.Equal(t, models.CodeInvalidState, code(f.ReleaseIdentity(ctx, models.Request{}, l, "again")))
		require.Equal(t, models.CodeNotFound, code(f.ReleaseIdentity(ctx, models.Request{}, "lkr_none", "x")))
		require.Equal(t, "a copy of the disk was tried", rows[models.Incident](t, f, "kind = ?", models.IncidentCloned)[0].Reason)
		require.NoError(t, f.Trusted(ctx, l, c.Serial))
		require.Empty(t, connect("b2"))
		require.Empty(t, connect("b3"))
		require.Equal(t, models.CodeCabinetCloned, connect("b2"), "both are there still")

		two, err := s.enroll(t, f.claim(t, l), "k3")
		require.NoError(t, err)
		require.Equal(t, models.CodeCertificateRevoked, code(f.Trusted(ctx, l, c.Serial)))
		require.NoError(t, f.Trusted(ctx, l, two.Serial), "a new computer ends it")
		require.Empty(t, rows[models.Incident](t, f, "kind = ? AND resolved IS NULL", models.IncidentCloned))
	})
}

// TestNoBootIsABootToo: a copy that does not say which boot it is of is another computer all the same.
func TestNoBootIsABootToo(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "1").ID
		f.beat(t, "one", "r1", true)
		for _, boot := range []string{"b1", ""} {
			_, err := f.Connect(t.Context(), l, "one", "r1", boot)
			require.NoError(t, err)
		}
		_, err := f.Connect(t.Context(), l, "one", "r1", "b1")
		require.Equal(t, models.CodeCabinetCloned, code(err))
	})
}

// TestConnectedElsewhere: a gateway learns of cabinets that went to another.
func TestConnectedElsewhere(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, l := t.Context(), f.locker(t, "1").ID
		f.beat(t, "one", "r1", true)
		f.beat(t, "two", "r2", true)
		began := f.clock()
		elsewhere := func(instance, run string, since time.Time) map[models.LockerID]int64 {
			found, err := f.ConnectedElsewhere(ctx, instance, run, since)
			require.NoError(t, err)
			return found
		}
		_, err := f.Connect(ctx, l, "one", "r1", "boot")
		require.NoError(t, err)
		require.Empty(t, elsewhere("one", "r1", began))
		f.advance(time.Minute)
		n, err := f.Connect(ctx, l, "two", "r2", "boot")
		require.NoError(t, err)
		require.Equal(t, map[models.LockerID]int64{l: n}, elsewhere("one", "r1", began))
		require.Equal(t, map[models.LockerID]int64{l: n}, elsewhere("two", "r0", began), "a run before is another")
		require.Empty(t, elsewhere("two", "r2", began))
		require.Empty(t, elsewhere("one", "r1", f.clock().Add(time.Microsecond)))
	})
}
