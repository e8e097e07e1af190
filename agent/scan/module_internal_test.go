package scan

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFrames: bytes of the maker's papers and of other programs.
func TestFrames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		is, want []byte
	}{
		{frame(frameSave, 0, 0), []byte{0x7e, 0, 9, 1, 0, 0, 0, 0xde, 0xc8}},
		{frame(frameRead, 0x2a, 2), []byte{0x7e, 0, 7, 1, 0, 0x2a, 2, 0xd8, 0x0f}},
		{frame(frameWrite, 0x2a, 0x39, 1), []byte{0x7e, 0, 8, 2, 0, 0x2a, 0x39, 1, 0xa7, 0xea}},
		{frame(frameWrite, 0x0a, 0x3e), []byte{0x7e, 0, 8, 1, 0, 0x0a, 0x3e, 0x4c, 0xcf}},
		{frame(frameWrite, 2, 1), []byte{0x7e, 0, 8, 1, 0, 2, 1, 2, 0xda}},
	} {
		require.Equal(t, c.want, c.is)
	}
}

func TestCutAnswer(t *testing.T) {
	t.Parallel()
	ok := []byte{2, 0, 0, 1, 0, 0x33, 0x31}
	for name, c := range map[string]struct {
		came, rest string
		found      bool
	}{
		"alone":              {string(ok), "", true},
		"a code before":      {"A1\r\n" + string(ok), "A1\r\n", true},
		"a code behind":      {string(ok) + "A1\r\n", "A1\r\n", true},
		"in the middle":      {"A" + string(ok) + "1\r\n", "A1\r\n", true},
		"a false head first": {"\x02\x00\x00\x01\x02" + string(ok), "\x02\x00\x00\x01\x02", true},
		"half":               {string(ok[:6]), string(ok[:6]), false},
		"a wrong checksum":   {"\x02\x00\x00\x01\x00\x33\x30", "\x02\x00\x00\x01\x00\x33\x30", false},
		"nothing":            {"", "", false},
	} {
		value, rest, found := cutAnswer([]byte(c.came))
		require.Equal(t, c.found, found, name)
		require.Equal(t, c.rest, string(rest), name)
		require.Zero(t, value, name)
	}
}
