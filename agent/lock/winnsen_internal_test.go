package lock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWinnsen(t *testing.T) {
	d := winnsen{station: 1, channels: []byte{5, 6}}
	require.Equal(t, []string{"90 06 12 01 05 03", "90 06 12 01 06 03"}, asks(d))
	require.Equal(t, "90 06 05 01 05 03", hexed(d.unlock(5)))

	require.NoError(t, answered(t, d, d.unlock(5), "90 07 85 01 05 01 03").refused)
	require.NoError(t, answered(t, d, d.unlock(5), "90 07 85 01 05 00 03").refused, "it says no more than that the door is shut yet")
	require.ErrorIs(t, answered(t, d, d.unlock(5), "90 07 85 01 05 02 03").refused, errCools)
	unanswered(t, d, d.unlock(5), "90 07 85 01 06 01 03")

	look := d.look()[0].request
	a := answered(t, d, look, "90 06 12 01 05 03 90 07 92 01 00 05 03")
	require.Equal(t, 1, a.address)
	require.Equal(t, bits{known: 1 << 4, set: 1 << 4}, a.doors)
	require.Equal(t, bits{known: 1 << 4}, answered(t, d, look, "90 07 92 01 01 05 03").doors)
	require.Equal(t, bits{}, answered(t, d, look, "90 07 92 01 02 05 03").doors)
	for _, wrong := range []string{"90 07 92 01 00 06 03", "90 07 92 01 05 00 03", "90 07 92 01 03 05 03", "90 07 92 01 00 05 04", "90 06 92 01 00 05 03"} {
		unanswered(t, d, look, wrong)
	}
	d.swapped = true
	require.Equal(t, bits{known: 1 << 4, set: 1 << 4}, answered(t, d, look, "90 07 92 01 05 00 03").doors)
	unanswered(t, d, look, "90 07 92 01 00 05 03")
	require.NoError(t, answered(t, d, d.unlock(5), "90 07 85 01 05 01 03").refused, "only the answer to state is swapped")
	unanswered(t, d, nil, "90 07 92 01 05 00 03")
}

func FuzzParseWinnsen(f *testing.F) {
	fuzzParse(f, Board{Dialect: DialectWinnsen, Address: 1, FirstCell: 1, Channels: 16},
		"90 07 85 01 01 01 03", "90 07 92 01 00 01 03", "90 06 12 01 01 03 90 07 92 01 01 02 03")
}
