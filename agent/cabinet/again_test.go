package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

// againAs is the announcement of shp_2 with the label of shp_1.
func againAs(change func(*models.DirectoryShipment)) models.DirectoryShipment {
	s := shipment("shp_2", policy(), models.SizeS)
	s.Parcels[0].Barcode = "shp_1-1"
	change(&s)
	return s
}

func asItIs(*models.DirectoryShipment) {}

// TestAShipmentThatTheServerLostIsAnnouncedAgain: its parcel becomes the new shipment's, and
// both codes open its cell: the client was told of the first.
func TestAShipmentThatTheServerLostIsAnnouncedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []models.ShipmentID{"shp_1", "shp_2"} {
		for _, newsFirst := range []bool{true, false} {
			r := stored(t, policy(), 1)
			generation := r.cell(1).Generation
			if newsFirst {
				r.entry(models.EntryLost, "shp_1", struct{}{})
				require.Equal(t, models.ShipmentID("shp_1"), r.cell(1).Shipment, "nobody announces it yet")
			}
			r.entry(models.EntryShipment, "shp_2", againAs(asItIs))
			if !newsFirst {
				require.Equal(t, models.ShipmentID("shp_1"), r.cell(1).Shipment, "the server may know both")
				r.entry(models.EntryLost, "shp_1", struct{}{})
			}
			c := r.cell(1)
			require.Equal(t, models.CellReport{Cell: 1, State: models.CellOccupied, Generation: generation, Shipment: "shp_2"}, c.Report())
			f, data := r.lastFact(models.FactDeposited)
			require.Equal(t, 1, f.Cell)
			require.Equal(t, models.FactData{Shipment: "shp_2", Parcel: "par_shp_2-1", Label: "shp_1-1", After: data.After}, data)
			require.NotContains(t, r.state.Directory.Shipments, models.ShipmentID("shp_1"))

			r.entry(models.EntryShipment, "shp_2", againAs(asItIs))
			r.keyIn(r.code(code))
			require.Len(t, r.pulses, 1, "%s", code)
		}
	}
}

// TestWhoseParcelIsNotPassedOn: the server knows the older shipment, or it is somebody else's.
func TestWhoseParcelIsNotPassedOn(t *testing.T) {
	t.Parallel()
	lost := func(r *rig) { r.entry(models.EntryLost, "shp_1", struct{}{}) }
	for _, c := range []struct {
		name   string
		before func(r *rig)
		change func(*models.DirectoryShipment)
	}{
		{"known", func(*rig) {}, asItIs},
		{"known again", func(r *rig) { lost(r); r.expect("shp_1", policy(), models.SizeS) }, asItIs},
		{"another carrier's", lost, func(s *models.DirectoryShipment) { s.Carrier = "org_2" }},
		{"another label", lost, func(s *models.DirectoryShipment) { s.Parcels[0].Barcode = "other" }},
		{"taken back", func(r *rig) { lost(r); r.give(deletion("shp_1")) }, asItIs},
		{"in use", func(r *rig) { lost(r); r.keyIn(r.code("shp_1")) }, asItIs},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			c.before(r)
			r.entry(models.EntryShipment, "shp_2", againAs(c.change))
			require.Equal(t, models.ShipmentID("shp_1"), r.cell(1).Shipment)
			require.Equal(t, []models.ParcelID{"par_shp_1-1"}, r.cell(1).Parcels)
		})
	}
}

// TestALabelThatWasAnnouncedTwice: of two that are still to come the later one's parcel is put
// in; the server may have lost the other.
func TestALabelThatWasAnnouncedTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS)
	r.expect("shp_1", policy(), models.SizeS)
	r.entry(models.EntryShipment, "shp_2", againAs(asItIs))
	r.login()
	r.scan("shp_1-1")
	require.Equal(t, models.ShipmentID("shp_2"), r.operation().Shipment)
}

// TestNewsOfAnUnknownShipment changes nothing.
func TestNewsOfAnUnknownShipment(t *testing.T) {
	t.Parallel()
	r := stored(t, policy(), 1)
	r.entry(models.EntryLost, "shp_9", struct{}{})
	r.give(protocol.Entry{Kind: models.EntryLost, Key: "shp_1", Deleted: true})
	r.entry(models.EntryShipment, "shp_2", againAs(asItIs))
	require.Equal(t, models.ShipmentID("shp_1"), r.cell(1).Shipment)
}
