package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

const theirs = "org_00000000000000000000000001"

// contents writes a list of contents beside the configuration and runs takeover with it.
func (p *place) contents(list string, args ...string) (string, error) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(p.in("contents.csv"), []byte(list), 0o600))
	return p.call(append([]string{"takeover", "--file", p.in("contents.csv")}, args...)...)
}

// told counts the facts of a type that the server has.
func (p *place) told(kind models.FactType) (n int) {
	for _, f := range p.cabinet().Facts() {
		if f.Type == kind {
			n++
		}
	}
	return n
}

func TestTakeover(t *testing.T) {
	t.Parallel()
	r := newPlace(t, 4, 2).enroll().run()
	r.cabinet().Tell(models.EntryShipment, "shp_1", models.DirectoryShipment{
		Shipment: "shp_1", Carrier: theirs, Issue: 1,
		Parcels: []models.DirectoryParcel{{Parcel: "par_1", Barcode: "P-1", Size: models.SizeM, Regime: models.Ambient}},
	})
	r.eventually(func(st state) bool { return st.Directory == 2 }, "it knows the shipment")

	out, err := r.contents("cell,barcode,carrier,state\n1,P-1," + theirs + ",sure\n9,P-2," + theirs + ",sure\n")
	require.ErrorContains(t, err, "nothing was taken over: 1 of 2 rows are refused")
	require.Contains(t, out, "the cabinet has no cell 9")
	require.Zero(t, r.told(models.FactDeposited))

	list := "\ufeffcell,barcode,carrier,state\r\n1,P-1," + theirs + ",sure\r\n2, \"P-2\"," + theirs + ",unsure\r\n"
	out, err = r.contents(list)
	require.NoError(t, err)
	require.Equal(t, []string{"2", "1", "P-1", "sure", "deposited", "shp_1"}, strings.Fields(strings.Split(out, "\n")[1]))
	require.Equal(t, []string{"3", "2", "P-2", "unsure", "held"}, strings.Fields(strings.Split(out, "\n")[2]))
	require.Equal(t, 4, strings.Count(out, "not in the list"))
	require.Eventually(t, func() bool { return r.told(models.FactHeld) == 1 && r.told(models.FactDeposited) == 1 }, soon, often, "the server knows")
	r.eventually(func(st state) bool {
		return st.Cells[0].Shipment == "shp_1" && !st.Cells[0].Doubtful && st.Cells[1].Doubtful && st.Cells[5].Doubtful
	}, "it stands in the store")
	for n := 1; n <= 6; n++ {
		require.Zero(t, r.steel.Truth(n).Pulses, "no door opens by it")
	}

	require.NoError(t, r.stop())
	_, err = r.contents(list)
	require.ErrorContains(t, err, "the program does not run")
	r = r.place.run()
	facts := len(r.cabinet().Facts())
	out, err = r.contents(list, "--rest", "empty", "--partial")
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(out, "already"))
	require.Len(t, r.cabinet().Facts(), facts)
}

func TestTakeoverFlags(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4)
	_, err := p.call("takeover")
	require.ErrorContains(t, err, "--file is needed")
	_, err = p.contents("", "--rest", "full")
	require.ErrorContains(t, err, "--rest is empty or doubtful")
}

func TestContents(t *testing.T) {
	t.Parallel()
	rows, err := parseContents([]byte("cell,barcode,carrier,state\n\n3,A B," + theirs + ",unsure\n"))
	require.NoError(t, err)
	require.Equal(t, []cabinet.TakeoverRow{{Line: 3, Cell: 3, Barcode: "A B", Carrier: theirs}}, rows)
	for list, wrong := range map[string][]string{
		"":                             {"the first line must be cell,barcode,carrier,state"},
		"1,P-1," + theirs + ",sure\n":  {"the first line must be"},
		"cell,barcode,carrier,state,x": {"the first line must be"},
		"cell,barcode,carrier,state\none,P," + theirs + ",sure\n2,P,some carrier,maybe\n3,P\n4,P," + theirs + ",\n": {
			`line 2: cell must be a number, not "one"`, `line 3: carrier must be the id`, `state must be sure or unsure, not "maybe"`,
			"line 4: wrong number of fields", `state must be sure or unsure, not ""`},
		"cell,barcode,carrier,state\n1,\"P," + theirs + ",sure\n2,P": {`extraneous or missing " in quoted-field`},
	} {
		_, err := parseContents([]byte(list))
		for _, w := range wrong {
			require.ErrorContains(t, err, w, list)
		}
	}
}
