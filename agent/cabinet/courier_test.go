package cabinet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

func suspended(c *models.DirectoryCourier) { c.Suspended = true }

func TestACourierWhoMayNotComeAnyMore(t *testing.T) {
	t.Parallel()
	before := time.UnixMilli(1_700_000_000_000).Add(-time.Hour)
	after := before.Add(2 * time.Hour)
	for name, c := range map[string]struct {
		entry func(*models.DirectoryCourier)
		clock models.ClockQuality
		may   bool
	}{
		"may":                            {func(*models.DirectoryCourier) {}, models.ClockSynced, true},
		"suspended":                      {suspended, models.ClockSynced, false},
		"suspended, the clock guessed":   {suspended, models.ClockGuessed, false},
		"dismissed":                      {func(c *models.DirectoryCourier) { c.ValidUntil = &before }, models.ClockSynced, false},
		"dismissed, the clock guessed":   {func(c *models.DirectoryCourier) { c.ValidUntil = &before }, models.ClockGuessed, true},
		"until later":                    {func(c *models.DirectoryCourier) { c.ValidUntil = &after }, models.ClockSynced, true},
		"not yet":                        {func(c *models.DirectoryCourier) { c.ValidFrom = &after }, models.ClockSynced, false},
		"not yet, the clock guessed":     {func(c *models.DirectoryCourier) { c.ValidFrom = &after }, models.ClockGuessed, true},
		"of other lockers":               {func(c *models.DirectoryCourier) { c.Lockers = []models.LockerID{"lkr_2"} }, models.ClockSynced, false},
		"of this locker and another one": {func(c *models.DirectoryCourier) { c.Lockers = []models.LockerID{"lkr_2", locker} }, models.ClockSynced, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS)
			r.staff(courier, carrier, badge, c.entry)
			r.now.Clock = c.clock
			r.scan(badge)
			if c.may {
				require.Equal(t, cabinet.TextPIN, r.screen().Text)
			} else {
				require.Equal(t, cabinet.TextDismissed, r.screen().Text)
			}
			r.keyIn(pin)
			require.Equal(t, c.may, r.screen().Courier == courier)
		})
	}
}

// TestDismissedInTheMiddle: the day ends while he works, with nobody there to tell.
func TestDismissedInTheMiddle(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	until := time.UnixMilli(r.now.WallMS + 60_000)
	r.staff(courier, carrier, badge, func(c *models.DirectoryCourier) { c.ValidUntil = &until })
	r.expect("shp_1", policy(), models.SizeS)
	r.login()
	r.wait(59_999)
	r.press(cabinet.ButtonCollect)
	require.Equal(t, courier, r.screen().Courier)
	r.wait(1)
	r.scan("shp_1-1")
	require.Empty(t, r.pulses)
	require.Empty(t, r.screen().Courier)
}

func TestASuspensionArrives(t *testing.T) {
	t.Parallel()
	two := func(r *rig) {
		r.expect("shp_1", policy(), models.SizeS)
		r.login()
	}
	for name, c := range map[string]struct {
		reach func(r *rig)
		stays bool // until the door is shut
		after func(r *rig)
		fact  models.FactType
	}{
		"nothing under way":   {reach: two},
		"the server is asked": {reach: func(r *rig) { r.online(); two(r); r.scan("shp_1-1") }, fact: models.FactOperationDone},
		"a door waits for its turn": {reach: func(r *rig) {
			two(r)
			for cell := 2; cell <= 5; cell++ {
				r.open(cell) // by a technician's key
			}
			r.scan("shp_1-1")
		}, fact: models.FactOperationDone},
		"a door is open": {reach: func(r *rig) { two(r); r.scan("shp_1-1"); r.open(1) }, stays: true,
			after: func(r *rig) { r.close(1) }, fact: models.FactDeposited},
		"a door is driven": {reach: func(r *rig) { two(r); r.scan("shp_1-1") }, stays: true,
			after: func(r *rig) { r.open(1); r.close(1) }, fact: models.FactDeposited},
		"a driven door jams": {reach: func(r *rig) { two(r); r.scan("shp_1-1") }, stays: true,
			after: func(r *rig) { r.wait(7000) }, fact: models.FactDoorJammed},
		"a parcel does not fit": {reach: func(r *rig) { two(r); r.scan("shp_1-1"); r.open(1) }, stays: true,
			after: func(r *rig) { r.press(cabinet.ButtonNotFit); r.close(1); r.press(cabinet.ButtonEmpty) }, fact: models.FactCellChecked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS, models.SizeM, models.SizeM, models.SizeM, models.SizeM)
			c.reach(r)
			pulses := len(r.pulses)
			r.staff(courier, carrier, badge, suspended)
			require.Equal(t, c.stays, r.screen().Courier != "")
			if c.after != nil {
				c.after(r)
			}
			require.Empty(t, r.screen().Courier)
			require.Equal(t, cabinet.TextDismissed, r.screen().Text)
			if c.fact != "" {
				r.lastFact(c.fact)
			}
			r.do(cabinet.LinkDown{})
			r.wait(60_000)
			require.Len(t, r.pulses, pulses, "no other door opens")
			r.scan(badge)
			require.Equal(t, cabinet.TextDismissed, r.screen().Text)
		})
	}
}

func TestASuspensionDuringAJammedWithdrawal(t *testing.T) {
	t.Parallel()
	r := toWithdraw(t)
	r.press(cabinet.ButtonOpenNext)
	r.wait(7000)
	require.Equal(t, cabinet.ScreenJammed, r.screen().Screen)
	r.staff(courier, carrier, badge, suspended)
	require.Empty(t, r.screen().Courier)
	r.press(cabinet.ButtonTryAgain)
	r.wait(60_000)
	require.Len(t, r.pulses, 1)
}

func TestASuspensionLeavesAClientAlone(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.login()
	r.keyIn(r.code("shp_1"))
	r.staff(courier, carrier, badge, suspended)
	require.Empty(t, r.screen().Courier)
	r.open(1)
	require.Equal(t, cabinet.ScreenTake, r.screen().Screen)
	r.close(1)
	r.wait(8000)
	r.lastFact(models.FactPickedUp)
}

// TestEntriesThatGrant: what widens what people may do counts only as a trusted signer
// wrote it, and never once it was overtaken.
func TestEntriesThatGrant(t *testing.T) {
	t.Parallel()
	body := func(r *rig, change func(*models.DirectoryCourier)) []byte {
		c := models.DirectoryCourier{Courier: "cou_9", Organization: carrier, Badge: "BADGE-9", PINHash: hashOf(pin)}
		if change != nil {
			change(&c)
		}
		return encode(r.t, c)
	}
	signed := func(r *rig, rev int64, change func(*models.DirectoryCourier)) protocol.Entry {
		raw := body(r, change)
		g := models.Grant{Kind: models.EntryCourier, Key: "cou_9", Rev: rev, Body: raw}
		return protocol.Entry{Kind: g.Kind, Key: g.Key, Rev: rev, Body: raw, Signer: signer().ID, Signature: signer().SignGrant(g)}
	}
	for name, c := range map[string]struct {
		give func(r *rig)
		may  bool
	}{
		"signed":       {func(r *rig) { r.give(signed(r, 1, nil)) }, true},
		"not signed":   {func(r *rig) { e := signed(r, 1, nil); e.Signature = nil; r.give(e) }, false},
		"altered":      {func(r *rig) { e := signed(r, 1, suspended); e.Body = body(r, nil); r.give(e) }, false},
		"another rev":  {func(r *rig) { e := signed(r, 1, nil); e.Rev = 2; r.give(e) }, false},
		"another key":  {func(r *rig) { e := signed(r, 1, nil); e.Key = "cou_8"; r.give(e) }, false},
		"other signer": {func(r *rig) { e := signed(r, 1, nil); e.Signer = "signer-2"; r.give(e) }, false},
		"played back":  {func(r *rig) { r.give(signed(r, 2, suspended)); r.give(signed(r, 1, nil)) }, false},
		"played back after a deletion": {func(r *rig) {
			r.give(signed(r, 2, suspended))
			r.give(protocol.Entry{Kind: models.EntryCourier, Key: "cou_9", Deleted: true})
			r.give(signed(r, 1, nil))
			r.give(signed(r, 2, nil))
		}, false},
		"allowed again":     {func(r *rig) { r.give(signed(r, 2, suspended)); r.give(signed(r, 3, nil)) }, true},
		"after an odd one":  {func(r *rig) { e := signed(r, 1, nil); e.Body = []byte(`[]`); r.give(e); r.give(signed(r, 1, nil)) }, true},
		"nobody is trusted": {func(r *rig) { r.do(cabinet.TrustInstalled{}); r.give(signed(r, 1, nil)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).furnish(models.SizeS)
			c.give(r)
			r.scan("BADGE-9")
			r.keyIn(pin)
			require.Equal(t, c.may, r.screen().Courier == "cou_9")
		})
	}
}

// TestAwayIsForTheSameCourierAlone: within ten minutes the badge alone resumes a session,
// and nobody else's does.
func TestAwayIsForTheSameCourierAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.staff("cou_2", carrier, "BADGE-2", nil)
	r.login()
	r.wait(120_000)
	require.Equal(t, cabinet.ScreenAway, r.screen().Screen)
	r.scan("BADGE-2")
	require.Equal(t, cabinet.TextPIN, r.screen().Text)
	require.Empty(t, r.screen().Courier)
	r.scan(badge)
	require.Equal(t, cabinet.TextPIN, r.screen().Text, "someone else was there: the PIN is wanted again")
}
