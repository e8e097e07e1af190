package cabinet

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSentences: no text shows its bare name to a person.
func TestSentences(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "text.go", nil, 0)
	require.NoError(t, err)
	of := map[string]TextKey{} // a sentence's key
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "TextKey" {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			key := TextKey(name)
			said := english(key)
			require.NotEqual(t, name, said, "a sentence for the text")
			require.NotContains(t, of, said, "%s and %s are told apart", key, of[said])
			of[said] = key
		}
		return true
	})
	require.Greater(t, len(of), 50)
}
