package scan

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDecoder(t *testing.T) {
	long := strings.Repeat("x", maxCode)
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"CR":                       {"A1\r", []string{"A1"}},
		"LF":                       {"A1\n", []string{"A1"}},
		"CRLF":                     {"A1\r\nB2\r\n", []string{"A1", "B2"}},
		"the longest":              {long + "\r", []string{long}},
		"too long up to its end":   {long + "yz\rB2\r", []string{"B2"}},
		"AIM":                      {"]C0A1\r", []string{"A1"}},
		"a bracket and no AIM":     {"]ABC\r", []string{"]ABC"}},
		"a scanner's answer first": {"\x02\x00\x00\x01\x00\x33\x31A1\r", []string{"A1"}},
		"not UTF-8":                {"\xff\xfe\rB2\r", []string{"B2"}},
		"the same at once":         {"A1\rA1\r", []string{"A1"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := decoder{now: func() time.Time { return time.Unix(1, 0) }}
			require.Equal(t, c.want, d.take([]byte(c.in)))
		})
	}
}

func TestSilenceEndsACodeAndRepeatsComeLater(t *testing.T) {
	now := time.Unix(1, 0)
	d := decoder{now: func() time.Time { return now }}
	require.Empty(t, d.take([]byte("A1")))
	code, ok := d.silence()
	require.True(t, ok)
	require.Equal(t, "A1", code)
	now = now.Add(repeat)
	require.Equal(t, []string{"A1"}, d.take([]byte("A1\r")))
}
