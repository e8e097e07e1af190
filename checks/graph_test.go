package checks

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "cubby"

// node is a package of the import graph, tests left out.
type node struct {
	imports  []string
	standard bool
}

// graph is keyed by import path.
type graph map[string]node

// listGraph asks Go for everything that the module's packages need, transitively.
func listGraph(t *testing.T) graph {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0") // as every build has it
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	g := graph{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			ImportPath string
			Imports    []string
			Standard   bool
		}
		err := decoder.Decode(&listed)
		if errors.Is(err, io.EOF) {
			return g
		}
		require.NoError(t, err)
		g[listed.ImportPath] = node{imports: listed.Imports, standard: listed.Standard}
	}
}

// within reports whether the import path fits the pattern: a path, or a path with "/..." for it and all below it.
func within(path, pattern string) bool {
	root, tree := strings.CutSuffix(pattern, "/...")
	return path == root || tree && strings.HasPrefix(path, root+"/")
}

func withinAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return within(path, pattern) })
}

func ours(path string) bool { return within(path, module+"/...") }

// match returns the packages that fit one of the patterns, sorted.
func (g graph) match(patterns ...string) []string {
	var found []string
	for path := range g {
		if withinAny(path, patterns) {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

// chain returns the shortest way of imports from one package to any that is wanted, or nil. It goes on only through
// packages that the filter lets pass.
func (g graph) chain(from string, wanted, pass func(path string) bool) []string {
	type step struct {
		path string
		back *step
	}
	seen := map[string]bool{from: true}
	for queue := []*step{{path: from}}; len(queue) > 0; queue = queue[1:] {
		here := queue[0]
		for _, next := range g[here.path].imports {
			if seen[next] {
				continue
			}
			seen[next] = true
			there := &step{next, here}
			if wanted(next) {
				var way []string
				for s := there; s != nil; s = s.back {
					way = append(way, s.path)
				}
				slices.Reverse(way)
				return way
			}
			if pass(next) {
				queue = append(queue, there)
			}
		}
	}
	return nil
}
