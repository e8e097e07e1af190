package models_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestSMSSegments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text     string
		segments int
		encoding models.SMSEncoding
	}{
		{"", 1, models.GSM7},
		{strings.Repeat("a", 160), 1, models.GSM7},
		{strings.Repeat("a", 161), 2, models.GSM7},
		{strings.Repeat("a", 306), 2, models.GSM7},
		{strings.Repeat("a", 307), 3, models.GSM7},
		{strings.Repeat("€", 80), 1, models.GSM7},
		{strings.Repeat("€", 80) + "a", 2, models.GSM7},
		// 76 of them fill 152 of 153: an escape and its character stay together.
		{strings.Repeat("€", 152), 2, models.GSM7},
		{strings.Repeat("€", 153), 3, models.GSM7},
		{strings.Repeat("я", 70), 1, models.UCS2},
		{strings.Repeat("я", 71), 2, models.UCS2},
		{strings.Repeat("я", 134), 2, models.UCS2},
		{strings.Repeat("я", 135), 3, models.UCS2},
		{strings.Repeat("a", 70) + "’", 2, models.UCS2}, // one character from a word processor
		{strings.Repeat("😀", 35), 1, models.UCS2},
		{strings.Repeat("😀", 66), 2, models.UCS2}, // 33 pairs a part, the 67th unit stays empty
		{strings.Repeat("😀", 67), 3, models.UCS2},
		{"{locker} ~ [1] Ünïé", 1, models.UCS2}, // ï is not among them
		{"{locker} ~ [1] Üñé", 1, models.GSM7},
	} {
		n, encoding := models.SMSSegments(c.text)
		require.Equal(t, c.encoding, encoding, c.text)
		require.Equal(t, c.segments, n, c.text)
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	require.Equal(t, "+4…21", models.Masked("+4915112345621"))
	require.Equal(t, "a…@example.test", models.Masked("anna@example.test"))
	require.Equal(t, "я…@example.test", models.Masked("ярослав@example.test"))
	require.Empty(t, models.Masked("112"))
}

func TestPhoneHash(t *testing.T) {
	t.Parallel()
	a := models.PhoneHash([]byte("key"), "+4915112345621")
	require.Equal(t, a, models.PhoneHash([]byte("key"), "+4915112345621"))
	require.NotEqual(t, a, models.PhoneHash([]byte("other"), "+4915112345621"))
	require.NotEqual(t, a, models.TextMark([]byte("key"), "+4915112345621"))
	require.NotContains(t, a, "4915")
}
