package catalogue_test

import (
	"embed"
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models/catalogue"
)

//go:embed *.json
var files embed.FS

// TestEveryLanguageIsComplete: same keys, same placeholders, no empty text.
func TestEveryLanguageIsComplete(t *testing.T) {
	t.Parallel()
	entries, err := files.ReadDir(".")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(entries), 2)
	placeholder := regexp.MustCompile(`\{[a-z_]+\}`)
	read := func(name string) map[string]string {
		raw, err := files.ReadFile(name)
		require.NoError(t, err)
		texts := map[string]string{}
		require.NoError(t, json.Unmarshal(raw, &texts))
		return texts
	}
	want := read(catalogue.Fallback + ".json")
	for _, e := range entries {
		have := read(e.Name())
		require.Len(t, have, len(want), e.Name())
		for key, text := range want {
			require.NotEmpty(t, have[key], "%s: %s", e.Name(), key)
			a, b := placeholder.FindAllString(text, -1), placeholder.FindAllString(have[key], -1)
			slices.Sort(a)
			slices.Sort(b)
			require.Equal(t, a, b, "%s: %s", e.Name(), key)
		}
	}
}

func TestTextFallsBack(t *testing.T) {
	t.Parallel()
	c, err := catalogue.Load()
	require.NoError(t, err)
	require.Equal(t, "Pickup code: 1", c.Text("xx", "message.ready.code", map[string]string{"code": "1"}))
	require.Equal(t, "no.such.key", c.Text("en", "no.such.key", nil))
	require.ElementsMatch(t, []string{"en", "ru"}, c.Languages())
}
