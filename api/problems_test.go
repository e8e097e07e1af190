package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
)

// TestEachProblemHasAPage: the type of every problem that the API can answer with is an address that says what to do.
func TestEachProblemHasAPage(t *testing.T) {
	t.Parallel()
	h := handler(&ports{}, nil, nil)
	look := func(path string, status int) string {
		return scenario{method: http.MethodGet, url: path, status: status}.run(t, h).Body.String()
	}
	all := look("/problems", 200)
	codes := errorCodes(t)
	require.Greater(t, len(codes), 30)
	require.Equal(t, len(codes), strings.Count(all, "<h1>"), "and none that there is not")
	for _, code := range codes {
		page, err := goquery.NewDocumentFromReader(strings.NewReader(look("/problems/"+code, 200)))
		require.NoError(t, err)
		require.Equal(t, 1, page.Find("h1").Length(), code)
		require.Equal(t, code, page.Find("code").Text())
		require.NotEmpty(t, page.Find("p").Eq(1).Text(), code)
	}
	require.Contains(t, look("/problems/idempotency_key_reused", 200), "status 422")
	look("/problems/none", 404)
}

// errorCodes are the constants of the type Code, in the source of the models and of this package.
func errorCodes(t *testing.T) (codes []string) {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../models/*.go", "*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".gen.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !isCode(spec.Type) {
				return true
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				code, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				codes = append(codes, code)
			}
			return true
		})
	}
	return codes
}

// isCode reports whether a type is models.Code, as it is written in either package.
func isCode(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Code"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Code"
	}
	return false
}
