package scan

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

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

		"an AIM of GS1-128":          {"]C1A1\r", []string{"A1"}},
		"an AIM of a small letter":   {"]d2A1\r", []string{"A1"}},
		"an AIM is dropped once":     {"]C1]C1A1\r", []string{"]C1A1"}},
		"an AIM alone":               {"]C1\r", []string{"]C1"}},
		"an AIM of half":             {"]C\r]1C\r]\r", []string{"]C", "]1C", "]"}},
		"an AIM in the middle":       {"A1]C1\r", []string{"A1]C1"}},
		"GS1, with its separators":   {"]C1\x1d0112345\x1d10AB\x1d\r", []string{"011234510AB"}},
		"separators alone":           {"\x1d\x1d\rB2\r", []string{"B2"}},
		"a tab behind":               {"A1\t\r", []string{"A1"}},
		"NUL":                        {"A\x001\rB2\r", []string{"B2"}},
		"an escape sequence":         {"\x1b[AA1\rB2\r", []string{"B2"}},
		"a tab inside":               {"A\t1\rB2\r", []string{"B2"}},
		"DEL":                        {"A1\x7f\rB2\r", []string{"B2"}},
		"a control of ISO 8859":      {"A1\u0085B\rB2\r", []string{"B2"}},
		"not the scanner's answer":   {"\x02\x00\x00\x01\x00\x33\x30A1\rB2\r", []string{"B2"}},
		"letters beyond ASCII":       {"Łódź-1\r", []string{"Łódź-1"}},
		"what was dropped is no end": {"A\x001\r]C0A1\rA1\r", []string{"A1"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := decoder{now: func() time.Time { return time.Unix(1, 0) }, log: slog.New(slog.DiscardHandler)}
			require.Equal(t, c.want, d.take([]byte(c.in)))
		})
	}
}

func TestSilenceEndsACodeAndRepeatsComeLater(t *testing.T) {
	now := time.Unix(1, 0)
	d := decoder{now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler)}
	require.Empty(t, d.take([]byte("A1")))
	code, ok := d.silence()
	require.True(t, ok)
	require.Equal(t, "A1", code)
	now = now.Add(repeat)
	require.Equal(t, []string{"A1"}, d.take([]byte("A1\r")))
}

// TestDroppedCodesAreTold: with the reason, never with the code, and not for each of them.
func TestDroppedCodesAreTold(t *testing.T) {
	now := time.Unix(1, 0)
	var told bytes.Buffer
	d := decoder{now: func() time.Time { return now }, log: slog.New(slog.NewTextHandler(&told, nil))}
	for _, c := range []struct{ in, says string }{
		{"SECRET\x00\r", "control character"},
		{"SECRET\xff\r", "not UTF-8"},
		{"SECRET" + strings.Repeat("x", maxCode) + "\r", "too long"},
	} {
		require.Empty(t, d.take([]byte(c.in+c.in)))
		require.Equal(t, 1, strings.Count(told.String(), "a scanned code is dropped"))
		require.Contains(t, told.String(), c.says)
		require.NotContains(t, told.String(), "SECRET")
		told.Reset()
		now = now.Add(warnEvery)
	}
	d.take([]byte("\r\n \r]C1\x1d\r"))
	require.Empty(t, told.String(), "nothing is no code")
}

// FuzzDecoder: whatever comes on the line, in whatever pieces, the same codes come out, and
// each is fit for the core.
func FuzzDecoder(f *testing.F) {
	for _, line := range []string{
		"A1\r", "A1\r\nA1\n", "]C1\x1d0112345\x1d10AB\r", "]C1\r", "\x02\x00\x00\x01\x00\x33\x31A1\r", "\x03\x00\x00\x01\x00\x33\x31]C1\x1d \r", "\xff\xfe\rB2\r", "Ł\rA\x00\r\x7f\r",
		strings.Repeat("x", maxCode) + "\r", "]C1" + strings.Repeat("x", maxCode) + "\rA1\r", " \t\r", "\u0085\r\u2028A\u2028\r",
	} {
		f.Add([]byte(line), uint(3))
	}
	f.Fuzz(func(t *testing.T, line []byte, at uint) {
		fresh := func() *decoder {
			return &decoder{now: func() time.Time { return time.Unix(1, 0) }, log: slog.New(slog.DiscardHandler)}
		}
		whole, parts := fresh(), fresh()
		codes := whole.take(line)
		cut := int(at % uint(len(line)+1))
		require.Equal(t, codes, append(parts.take(line[:cut]), parts.take(line[cut:])...), "cut at %d", cut)
		require.Equal(t, whole.begun(), parts.begun())
		last, ok := whole.silence()
		again, okAgain := parts.silence()
		require.Equal(t, []any{last, ok}, []any{again, okAgain})
		require.False(t, whole.begun())
		if ok {
			codes = append(codes, last)
		}
		before := ""
		for _, code := range codes {
			require.True(t, 1 <= len(code) && len(code) <= maxCode, "%d bytes", len(code))
			require.True(t, utf8.ValidString(code))
			require.Equal(t, -1, strings.IndexFunc(code, unicode.IsControl), "%q", code)
			require.Equal(t, strings.TrimSpace(code), code)
			require.NotEqual(t, before, code, "one that is held there is one reading")
			before = code
		}
	})
}
