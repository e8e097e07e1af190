package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestMoreTimeForEverything that a person has to read or answer, for who asked for it.
func TestMoreTimeForEverything(t *testing.T) {
	t.Parallel()
	with := func(r *rig) *rig { r.do(cabinet.Touched{}); return r }
	empty := func(t *testing.T) *rig { return with(newRig(t).furnish(models.SizeS)) }
	full := func(t *testing.T) *rig { return with(stored(t, policy(), 1)) }
	toLoad := func(t *testing.T) *rig {
		r := empty(t)
		r.expect("shp_1", policy(), models.SizeS)
		return r
	}
	toWithdraw := func(t *testing.T) *rig {
		r := full(t)
		r.withdraw("shp_1", false)
		return r
	}
	jammed := func(r *rig) { r.keyIn(r.code("shp_1")); r.wait(7_000) }
	for name, c := range map[string]struct {
		rig  func(t *testing.T) *rig
		acts func(r *rig)
		ms   int64
	}{
		"the first page":    {empty, func(*rig) {}, 60_000},
		"a badge":           {empty, func(r *rig) { r.press(cabinet.ButtonCourier) }, 30_000},
		"a PIN":             {empty, func(r *rig) { r.scan(badge) }, 30_000},
		"a wrong PIN":       {empty, func(r *rig) { r.scan(badge); r.keyIn("1111") }, 30_000},
		"still here":        {empty, func(r *rig) { r.keyIn("12345"); r.wait(r.idle()) }, 20_000},
		"a text":            {full, func(r *rig) { jammed(r); r.press(cabinet.ButtonFinish) }, 20_000},
		"a jam":             {full, jammed, 45_000},
		"everything taken?": {full, func(r *rig) { r.keyIn(r.code("shp_1")); r.open(1); r.close(1) }, 8_000},
		"thanks": {full, func(r *rig) {
			r.keyIn(r.code("shp_1"))
			r.open(1)
			r.close(1)
			r.press(cabinet.ButtonYesTaken)
		}, 15_000},
		"not here": {toLoad, func(r *rig) { r.login(); r.withdraw("shp_1", false); r.scan("shp_1-1") }, 10_000},
		"is it empty?": {toLoad, func(r *rig) {
			r.login()
			r.scan("shp_1-1")
			r.open(1)
			r.press(cabinet.ButtonCancel)
			r.close(1)
		}, 60_000},
		"its label": {toWithdraw, func(r *rig) { r.login(); r.press(cabinet.ButtonOpenNext); r.open(1); r.close(1) }, 60_000},
		"a courier": {empty, func(r *rig) { r.login() }, 120_000},
		"goodbye":   {empty, func(r *rig) { r.login(); r.press(cabinet.ButtonFinish) }, 15_000},
	} {
		for times, asks := range map[int64]cabinet.Button{1: buttonLow, 2: buttonSlow} {
			t.Run(name+" "+string(asks), func(t *testing.T) {
				t.Parallel()
				r := c.rig(t)
				r.press(asks)
				c.acts(r)
				before := r.screen()
				r.wait(times*c.ms - 1)
				require.Equal(t, before.Text, r.screen().Text)
				require.Equal(t, before.Screen, r.screen().Screen)
				require.Equal(t, before.Dim, r.screen().Dim)
				r.wait(1)
				after := r.screen()
				require.False(t, before.Text == after.Text && before.Screen == after.Screen && before.Dim == after.Dim, "%s stays", after.Screen)
			})
		}
	}
}

// idle is how long a page waits for whoever is before the screen.
func (r *rig) idle() int64 {
	if r.screen().Access.Slow {
		return 90_000
	}
	return 45_000
}
