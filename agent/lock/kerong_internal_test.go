package lock

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The frames are the vendor's own examples (CU48 protocol v2.1).
func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

const (
	vendorBoard0 = "02 00 00 65 07 00 00 00 00 C0 03 31"
	vendorBoard1 = "02 01 00 65 00 00 80 00 00 00 03 EB"
)

func TestCU48Requests(t *testing.T) {
	var d kerongCU48
	require.Equal(t, unhex(t, "02 00 00 50 03 55"), d.status(0))
	require.Equal(t, unhex(t, "02 00 00 51 03 56"), d.unlock(0, 1))
}

func TestCU48Answers(t *testing.T) {
	b := unhex(t, vendorBoard0+vendorBoard1)
	r, used, ok := kerongCU48{}.parse(b)
	require.True(t, ok)
	require.Equal(t, 12, used)
	require.Equal(t, 0, r.address)
	require.Equal(t, []int{1, 2, 3, 47, 48}, setChannels(r))
	r, _, ok = kerongCU48{}.parse(b[used:])
	require.True(t, ok)
	require.Equal(t, 1, r.address)
	require.Equal(t, []int{24}, setChannels(r))
}

func setChannels(r reading) (set []int) {
	for i, s := range r.set {
		if s {
			set = append(set, i+1)
		}
	}
	return set
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

func FuzzParseCU48(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 0, 0, 0x50, 3, 0x55})
	f.Add(unhex(f, vendorBoard0))
	f.Add(unhex(f, "FA 02 99 02"+vendorBoard1))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, used, ok := kerongCU48{}.parse(b)
		require.True(t, used >= 0 && used <= len(b))
		require.True(t, !ok || used >= cu48ReplyLen)
		require.True(t, ok || len(b)-used < cu48ReplyLen, "no more than half a frame is kept")
	})
}
