package lock

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The frames were captured from boards, or are of the vendor's paper.
func TestShuoming8A(t *testing.T) {
	d := shuoming8A{address: 1}
	require.Equal(t, []string{"80 01 00 33 B2"}, asks(d))
	require.Equal(t, "8A 01 01 11 9B", hexed(d.unlock(1)))
	require.Equal(t, "8A 01 02 11 98", hexed(d.unlock(2)))
	require.Equal(t, "8A 01 01 11 05 9E", hexed(shuoming8A{address: 1, seconds: 5}.unlock(1)))

	look := d.look()[0].request
	require.Empty(t, answered(t, d, look, "80 01 00 00 00 33 B2").doors.list(24))
	a := answered(t, d, look, "FA FD 99 99 80 01 FF FF FF 33 4D")
	require.Equal(t, 1, a.address)
	require.Equal(t, allOf(24), a.doors.list(50))
	require.Equal(t, allOf(50), answered(t, d, look, "80 01 FF FF FF FF FF FF 03 33 B1").doors.list(50))
	require.Equal(t, allOf(32), answered(t, d, look, "80 01 FF FF FF FF 33 B2").doors.list(50))
	require.Equal(t, []int{1}, answered(t, d, look, "80 01 01 00 00 33 B3").doors.list(24))
	require.Equal(t, []int{17}, answered(t, shuoming8A{address: 1, highFirst: true}, look, "80 01 01 00 00 33 B3").doors.list(24))
	unanswered(t, d, look, "80 01 01 00 00 33 B2")
	unanswered(t, d, look, "80 01 00 33 B2")
	_, _, _, ok := d.parse(look, unhex(t, "80 01 FF FF FF 33 4D"), false)
	require.False(t, ok, "before the silence it may go on")

	answered(t, d, d.unlock(1), "8A 01 01 00 8A")
	answered(t, d, d.unlock(1), "8A 01 01 11 9B")
	unanswered(t, d, d.unlock(2), "8A 01 01 00 8A")

	a = answered(t, d, nil, "82 01 01 11 93")
	require.True(t, a.push)
	require.Equal(t, bits{known: 1, set: 1}, a.doors)
	require.Equal(t, bits{known: 1}, answered(t, d, nil, "82 01 01 00 82").doors)
}

// TestShuoming8AAmbiguous: an answer that begins like its request is no echo, and a frame of
// 50 channels that begins like one of 24 is read whole.
func TestShuoming8AAmbiguous(t *testing.T) {
	d := shuoming8A{address: 1}
	look := d.look()[0].request
	frame := sealXOR(append(slices.Clone(look), bccAll)...) // doors 00 33 B2
	a, from, to, ok := d.parse(look, frame, true)
	require.True(t, ok)
	require.Equal(t, []int{0, 7}, []int{from, to})
	require.Len(t, a.doors.list(24), 8)
	a, from, _, ok = d.parse(look, slices.Concat(look, frame), true)
	require.True(t, ok)
	require.Equal(t, len(look), from, "after an echo the answer is found too")
	require.Len(t, a.doors.list(24), 8)

	frame = sealXOR(bccStatus, 1, 0x81, 0, bccAll, bccAll) // with the echo before it, its beginning is a frame of 50 channels
	_, from, _, ok = d.parse(look, slices.Concat(look, frame), true)
	require.True(t, ok)
	require.Equal(t, len(look), from)

	short := sealXOR(bccStatus, 1, 0xFF, 0xFF, 0xFF, bccAll)
	long := sealXOR(append(slices.Clone(short), 1, 2, bccAll)...)
	require.Equal(t, append(allOf(24), 25, 26, 29, 30, 33, 35, 36, 39, 41, 50), answered(t, d, look, hexed(long)).doors.list(56))
}

func FuzzParseShuoming8A(f *testing.F) {
	fuzzParse(f, Board{Dialect: DialectShuoming8A, Address: 1, Channels: 50},
		"80 01 00 33 B2", "80 01 FF FF FF 33 4D", "80 01 FF FF FF FF FF FF 03 33 B1", "8A 01 01 00 8A", "82 01 01 11 93")
}
