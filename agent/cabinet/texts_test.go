package cabinet

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

var parameter = regexp.MustCompile(`\{\w+\}`)

// TestCatalogues: each language says everything, with the same parameters, and nothing else.
func TestCatalogues(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Language{"en", "ar", "de", "ru"}, Languages())
	english := CatalogueOf(English)
	for _, l := range Languages() {
		c := CatalogueOf(l)
		require.NotEmpty(t, c.Name)
		require.Contains(t, []string{"ltr", "rtl"}, c.Direction)
		require.Equal(t, slices.Sorted(maps.Keys(english.Texts)), slices.Sorted(maps.Keys(c.Texts)), l)
		for key, text := range c.Texts {
			require.NotEmpty(t, text, "%s: %s", l, key)
			of := func(s string) []string { return slices.Sorted(slices.Values(parameter.FindAllString(s, -1))) }
			require.Equal(t, of(english.Texts[key]), of(text), "%s: %s", l, key)
		}
	}
	require.Equal(t, english.Name, CatalogueOf("tlh").Name, "of a language that there is none of")
}

// TestEveryTextIsSaid: no text or button shows its bare name to a person, and no text is left
// over that nothing says.
func TestEveryTextIsSaid(t *testing.T) {
	t.Parallel()
	english := CatalogueOf(English).Texts
	left, told := maps.Clone(english), map[string]TextKey{}
	say := func(key TextKey) {
		require.Contains(t, english, key)
		delete(left, key)
	}
	for _, b := range Buttons() {
		if !isLanguage(b) {
			say(TextKey("button." + string(b)))
		}
	}
	for _, key := range textKeys(t) {
		say(key)
		require.NotContains(t, told, english[key], "%s and %s are told apart", key, told[english[key]])
		told[english[key]] = key
	}
	require.Empty(t, left, "nothing says them")
}

// textKeys are the constants of the files of texts.
func textKeys(t *testing.T) (keys []TextKey) {
	for _, name := range []string{"text.go", "text_staff.go"} {
		keys = append(keys, textKeysOf(t, name)...)
	}
	return keys
}

func textKeysOf(t *testing.T, name string) []TextKey {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	require.NoError(t, err)
	var keys []TextKey
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "TextKey" {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			keys = append(keys, TextKey(name))
		}
		return true
	})
	require.Greater(t, len(keys), 50)
	return keys
}
