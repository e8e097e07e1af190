package lock

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// asks is what a dialect asks for a look, in hex.
func asks(d dialect) (all []string) {
	for _, a := range d.look() {
		all = append(all, hexed(a.request))
	}
	return all
}

func hexed(b []byte) string { return strings.ToUpper(spaced(hex.EncodeToString(b))) }

func spaced(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 2 {
		b.WriteString(s[i : i+2])
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

// answered is what a dialect makes of what came after a request.
func answered(t testing.TB, d dialect, request []byte, have string) answer {
	t.Helper()
	a, from, to, ok := d.parse(request, unhex(t, have), true)
	require.True(t, ok, have)
	require.True(t, 0 <= from && from < to)
	return a
}

// unanswered demands that nothing in what came is an answer.
func unanswered(t testing.TB, d dialect, request []byte, have string) {
	t.Helper()
	_, _, _, ok := d.parse(request, unhex(t, have), true)
	require.False(t, ok, have)
}

// set lists the channels that are known to be set, of so many.
func (b bits) list(channels int) (set []int) {
	for ch := 1; ch <= channels; ch++ {
		if is, known := b.of(ch); is && known {
			set = append(set, ch)
		}
	}
	return set
}

func allOf(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// The frames are the vendor's own examples (CU48 protocol v2.1).
const (
	vendorBoard0 = "02 00 00 65 07 00 00 00 00 C0 03 31"
	vendorBoard1 = "02 01 00 65 00 00 80 00 00 00 03 EB"
)

func TestCU48(t *testing.T) {
	d := kerongCU48{0}
	require.Equal(t, []string{"02 00 00 50 03 55"}, asks(d))
	require.Equal(t, "02 00 00 51 03 56", hexed(d.unlock(1)))
	require.Equal(t, "02 00 2F 51 03 85", hexed(d.unlock(48)))

	a := answered(t, d, nil, "FA 02 99 02"+vendorBoard0+vendorBoard1)
	require.Equal(t, 0, a.address)
	require.Equal(t, []int{1, 2, 3, 47, 48}, a.doors.list(48))
	a = answered(t, d, nil, vendorBoard1)
	require.Equal(t, 1, a.address)
	require.Equal(t, []int{24}, a.doors.list(48))
	unanswered(t, d, nil, "02 00 00 65 07 00 00 00 00 C0 03 32")
	unanswered(t, d, nil, "02 00 00 50 03 55 02 00 00 65 07 00")
}

func TestCU16(t *testing.T) {
	d := kerongCU16{0}
	require.Equal(t, []string{"02 00 30 03 35"}, asks(d))
	require.Equal(t, "02 00 31 03 36", hexed(d.unlock(1)))
	require.Equal(t, "02 0F 31 03 45", hexed(d.unlock(16)))
	other := kerongCU16{1 << 4}
	require.Equal(t, []string{"02 10 30 03 45"}, asks(other))
	require.Equal(t, "02 12 31 03 48", hexed(other.unlock(3)))

	a := answered(t, d, nil, "02 00 35 FE FF 02 00 03 39")
	require.Equal(t, 0, a.address)
	require.Equal(t, allOf(16)[1:], a.doors.list(16))
	require.Equal(t, []int{2}, a.parcels.list(16))
	require.Equal(t, 1, answered(t, other, nil, "02 10 35 FF FF 00 00 03 48").address)
	unanswered(t, d, nil, "02 00 35 FE FF 02 00 03 3A")

	require.Contains(t, kerongOdd([]byte{0xFB, 0x80, 0xF2}), "FB 80 F2 are 02 and 03 at a wrong speed")
	require.Empty(t, kerongOdd([]byte{2, 3}))
}

func TestPolarityIsConfiguration(t *testing.T) {
	for _, c := range []struct {
		feedback  Feedback
		inverted  []int
		set, open bool
	}{
		{ClosedWhenLocked, nil, true, false},
		{ClosedWhenLocked, nil, false, true},
		{OpenWhenLocked, nil, true, true},
		{OpenWhenLocked, nil, false, false},
		{ClosedWhenLocked, []int{1}, true, true},
		{OpenWhenLocked, []int{1}, true, false},
	} {
		require.Equal(t, c.open, Board{Feedback: c.feedback, Inverted: c.inverted}.open(1, c.set), "%+v", c)
	}
}

// fuzzParse demands of a parser, whatever comes, that it does not go out of bounds, that
// what it takes is where it says, and that a frame that it takes it takes alone too.
func fuzzParse(f *testing.F, b Board, seeds ...string) {
	f.Add(byte(0), false, []byte{})
	for i, s := range seeds {
		f.Add(byte(i), i%2 == 0, unhex(f, s))
	}
	family, err := familyOf(b.Dialect)
	require.NoError(f, err)
	d := newBoard(b, family).dialect
	requests := [][]byte{nil, d.unlock(1), d.unlock(b.Channels)}
	for _, a := range d.look() {
		requests = append(requests, a.request)
	}
	f.Fuzz(func(t *testing.T, which byte, quiet bool, have []byte) {
		request := requests[int(which)%len(requests)]
		kept := append([]byte{}, have...)
		a, from, to, ok := d.parse(request, have, quiet)
		require.Equal(t, kept, have, "what came is not written to")
		if !ok {
			return
		}
		require.True(t, 0 <= from && from < to && to <= len(have))
		alone, _, _, ok := d.parse(request, have[from:to], true)
		require.True(t, ok)
		require.Equal(t, a, alone)
	})
}

func FuzzParseCU48(f *testing.F) {
	fuzzParse(f, Board{Dialect: DialectKerongCU48, Channels: 48}, "02 00 00 50 03 55", vendorBoard0, "FA 02 99 02"+vendorBoard1)
}

func FuzzParseCU16(f *testing.F) {
	fuzzParse(f, Board{Dialect: DialectKerongCU16, Channels: 16}, "02 00 30 03 35", "02 00 35 FE FF 02 00 03 39", "FA 02 02 10 35 FF FF 00 00 03 48")
}
