package lock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	wklyAllShut    = "57 4B 4C 59 0D 00 84 00 03 01 01 01"
	wklyPushClosed = "57 4B 4C 59 0A 00 85 01 01 86"
)

// The frames are those that programs in the field send and get.
func TestWKLY(t *testing.T) {
	d := wkly{0}
	require.Equal(t, []string{"57 4B 4C 59 08 00 84 85"}, asks(d))
	require.Equal(t, "57 4B 4C 59 09 00 82 01 83", hexed(d.unlock(1)))

	opened := answered(t, d, d.unlock(1), "57 4B 4C 59 0B 00 82 00 01 00 81")
	require.NoError(t, opened.refused)
	failed := sealXOR(unhex(t, "57 4B 4C 59 0B 00 82 FF 01 01")...)
	require.ErrorIs(t, answered(t, d, d.unlock(1), hexed(failed)).refused, errRefused)
	require.Equal(t, 1, answered(t, wkly{1}, wkly{1}.unlock(4), "57 4B 4C 59 0B 01 82 00 04 00 85").address)
	unanswered(t, d, d.unlock(2), "57 4B 4C 59 0B 00 82 00 01 00 81")
	unanswered(t, d, d.unlock(1), hexed(d.unlock(1))) // an echo

	look := d.look()[0].request
	states := sealXOR(unhex(t, "57 4B 4C 59 0E 00 84 00 04 01 00 FF 01")...)
	a := answered(t, d, look, "57 4B 99"+hexed(states))
	require.Equal(t, bits{known: 0b1011, set: 0b1001}, a.doors, "a state that is an error is not known")
	states[0], states[len(states)-1] = 'S', states[len(states)-1]^'W'^'S'
	require.Equal(t, bits{known: 0b1011, set: 0b1001}, answered(t, d, look, hexed(states)).doors)
	unanswered(t, d, look, hexed(states[:len(states)-1]))
	unanswered(t, d, look, hexed(look))
	unanswered(t, d, look, hexed(sealXOR(unhex(t, "57 4B 4C 59 0E 00 84 FF 04 01 00 01 01")...)))

	a = answered(t, d, look, wklyPushClosed+hexed(states))
	require.True(t, a.push, "what comes first is taken first")
	require.Equal(t, bits{known: 1, set: 1}, a.doors)
	require.Equal(t, bits{known: 1}, answered(t, d, nil, "57 4B 4C 59 0A 00 85 01 00 87").doors)
	unanswered(t, d, nil, hexed(states))
}

func FuzzParseWKLY(f *testing.F) {
	fuzzParse(f, Board{Dialect: DialectWKLY, Channels: 24},
		"57 4B 4C 59 0B 00 82 00 01 00 81", hexed(sealXOR(unhex(f, wklyAllShut)...)), wklyPushClosed, "53 4B 4C 59 0B 01 82 00 04 00 81")
}
