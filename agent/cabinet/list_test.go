package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// labels gives the cabinet a shipment of a carrier with parcels of these labels.
func (r *rig) labels(id models.ShipmentID, of models.OrganizationID, labels ...string) {
	r.t.Helper()
	body := shipment(id, policy(), make([]models.Size, len(labels))...)
	body.Carrier = of
	for i, l := range labels {
		body.Parcels[i].Barcode, body.Parcels[i].Size = l, models.SizeS
	}
	r.entry(models.EntryShipment, string(id), body)
}

// listed is a cabinet that expects parcels of two carriers, with a courier of the first.
func listed(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).furnish(models.SizeS, models.SizeS, models.SizeS)
	r.labels("shp_1", carrier, "AA-00001111", "AA-00002222")
	r.labels("shp_2", carrier, "BB-00001111")
	r.labels("shp_3", "org_2", "CC-00001111", "CC-00003333")
	r.login()
	return r
}

func TestTypingALabel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		typed  string
		opens  models.ParcelID
		screen cabinet.TextKey
		items  []cabinet.Item
	}{
		"whole":                   {typed: "AA-00002222", opens: "par_shp_1-2"},
		"its end":                 {typed: "2222", opens: "par_shp_1-2"},
		"more of its end":         {typed: "a-00001111", opens: "par_shp_1-1"},
		"several end so":          {typed: "1111", screen: cabinet.TextHere, items: []cabinet.Item{{Key: "par_shp_1-1", Label: "00001111 S"}, {Key: "par_shp_2-1", Label: "00001111 S"}}},
		"too little":              {typed: "222", screen: cabinet.TextUnknownLabel},
		"none ends so":            {typed: "9999", screen: cabinet.TextUnknownLabel},
		"of another carrier":      {typed: "3333", screen: cabinet.TextUnknownLabel},
		"longer than every label": {typed: "00000000AA-00002222", screen: cabinet.TextUnknownLabel},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := listed(t)
			r.keyIn(c.typed)
			if c.opens != "" {
				require.Len(t, r.pulses, 1)
				require.Equal(t, []models.ParcelID{c.opens}, r.operation().Doors[0].Parcels)
				return
			}
			require.Empty(t, r.pulses)
			require.Equal(t, c.screen, r.screen().Text)
			require.ElementsMatch(t, c.items, r.screen().Items)
		})
	}
}

func TestChoosingAParcel(t *testing.T) {
	t.Parallel()
	r := listed(t)
	r.keyIn("1111")
	require.Equal(t, cabinet.ScreenList, r.screen().Screen)
	require.Equal(t, []cabinet.Button{cabinet.ButtonCancel}, r.screen().Buttons)
	r.choose("par_shp_3-1") // is not on the list
	r.choose("")
	require.Empty(t, r.pulses)
	r.choose("par_shp_2-1")
	require.Len(t, r.pulses, 1)
	require.Empty(t, r.screen().Items)
	r.choose("par_shp_1-1")
	r.open(1)
	r.choose("par_shp_1-1")
	r.close(1)
	r.wait(300)
	r.choose("par_shp_1-1")
	require.Len(t, r.pulses, 1, "the list is gone")
	r.keyIn("1111")
	require.Len(t, r.pulses, 2, "one is left that ends so")
}

func (r *rig) choose(key string) { r.t.Helper(); r.do(cabinet.Chose{Key: key, ID: r.id()}) }

func TestAChoiceThatIsLate(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(r *rig){
		"the list was left":    func(r *rig) { r.press(cabinet.ButtonCancel) },
		"nobody was there":     func(r *rig) { r.wait(120_000) },
		"the courier finished": func(r *rig) { r.press(cabinet.ButtonCancel); r.finish() },
		"the shipment is gone": func(r *rig) {
			r.give(deletion("shp_2"))
			require.Len(r.t, r.screen().Items, 1)
		},
		"the program restarted": func(r *rig) { r.do(cabinet.Started{Boot: "boot-2"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := listed(t)
			r.keyIn("1111")
			happens(r)
			r.choose("par_shp_2-1")
			require.Empty(t, r.pulses)
		})
	}
}

func TestTheListOfWhatIsExpected(t *testing.T) {
	t.Parallel()
	r := listed(t)
	r.staff("cou_2", "org_2", "BADGE-2", nil)
	r.staff("cou_3", "org_0", "BADGE-3", func(c *models.DirectoryCourier) { c.Operator = true })
	r.staff("cou_4", "org_4", "BADGE-4", nil)
	for badge, want := range map[string]int{badge: 3, "BADGE-2": 2, "BADGE-3": 5, "BADGE-4": 0} {
		r.as(badge)
		r.press(cabinet.ButtonList)
		require.Len(t, r.screen().Items, want, badge)
	}
	r.as(badge)
	r.load("AA-00001111")
	r.press(cabinet.ButtonList)
	require.Equal(t, "Expected here: 2. Press yours, scan its label, or type its last characters.", r.screen().Sentence)
	r.finish()
	r.press(cabinet.ButtonList)
	require.Equal(t, cabinet.ScreenFinish, r.screen().Screen, "nobody is logged in")
	r.keyIn("2222")
	require.Empty(t, r.screen().Items)
	require.Len(t, r.pulses, 1)
}

// TestTheSameLabelOfTwoCarriers: a barcode is unique within a carrier alone.
func TestTheSameLabelOfTwoCarriers(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]models.ShipmentID{{"shp_1", "shp_2"}, {"shp_2", "shp_1"}} {
		r := newRig(t).furnish(models.SizeS)
		r.labels(order[0], "org_2", "X-1")
		r.labels(order[1], carrier, "X-1")
		r.login()
		r.scan("X-1")
		require.Len(t, r.pulses, 1)
		require.Equal(t, order[1], r.operation().Shipment)
	}
}
