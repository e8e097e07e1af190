package lock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCU48x60(t *testing.T) {
	d := kerongCU48x60{0}
	require.Equal(t, []string{"02 00 00 60 03 65"}, asks(d))
	require.Equal(t, "02 00 00 61 03 66", hexed(d.unlock(1)))

	look := d.look()[0].request
	states := hexed(sealSum(0x02, 0, 0, 0x75, 6, 0x07, 0, 0, 0, 0, 0xC0))
	a := answered(t, d, look, "02 00 75"+states)
	require.Equal(t, []int{1, 2, 3, 47, 48}, a.doors.list(48))
	ack := hexed(sealSum(0x02, 3, 4, 0x75, 0))
	a = answered(t, d, d.unlock(5), ack)
	require.Equal(t, 3, a.address)
	require.Equal(t, bits{}, a.doors)
	unanswered(t, d, d.unlock(4), ack)
	unanswered(t, d, d.unlock(1), states)
	unanswered(t, d, look, ack)
	unanswered(t, d, look, hexed(look))
	unanswered(t, d, nil, states)
}

func FuzzParseCU48x60(f *testing.F) {
	fuzzParse(f, Board{Dialect: DialectKerongCU48x60, Channels: 48},
		"02 00 00 60 03 65", hexed(sealSum(0x02, 0, 0, 0x75, 6, 7, 0, 0, 0, 0, 0xC0)), hexed(sealSum(0x02, 0, 0, 0x75, 0)))
}
