package cabinet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// FuzzText gives a cabinet anything that a scanner or keyboard can.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", badge, pin, "shp_1-1", "12345670", "\x00\x1b[A", "ß→\xff\xfe", strings.Repeat("9", 300), strings.Repeat("x", 5000)} {
		f.Add(text, true, false)
		f.Add(text, false, true)
	}
	f.Fuzz(func(t *testing.T, text string, scanned, courier bool) {
		r := newRig(t).furnish(models.SizeS, models.SizeM)
		r.expect("shp_1", policy(), models.SizeS)
		if courier {
			r.login()
		}
		if scanned {
			r.scan(text)
		} else {
			r.keyIn(text)
		}
		for _, cell := range r.state.Cells {
			require.NotEqual(t, models.CellOccupied, cell.State)
		}
		r.wait(600_000)
	})
}
