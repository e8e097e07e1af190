package checks

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sourceFaults judges every Go file of a tree: package comments, package names, sleeps in tests.
func sourceFaults(tree fs.FS) ([]string, error) {
	var faults []string
	comments := map[string]int{} // by folder, of packages that are more than tests
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped := []string{"node_modules", "testdata", "bin", "var"}; slices.Contains(skipped, entry.Name()) ||
				strings.HasPrefix(entry.Name(), ".") && name != "." {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, "_test.go") {
			if sleeps(file) {
				faults = append(faults, name+": time.Sleep in a test: wait for a condition or inject the clock")
			}
			return nil
		}
		if named := strings.TrimSuffix(file.Name.Name, "s"); slices.Contains([]string{"util", "common", "helper", "type"}, named) {
			faults = append(faults, name+": package "+file.Name.Name+" says nothing about what is in it")
		}
		comments[path.Dir(name)] += 0
		// A generator's comment says how the file was made, not what the package is.
		if file.Doc != nil && !strings.HasSuffix(name, ".gen.go") {
			comments[path.Dir(name)]++
		}
		return nil
	})
	for folder, count := range comments {
		if count != 1 {
			faults = append(faults, fmt.Sprintf("%s: %d package comments, want 1", folder, count))
		}
	}
	slices.Sort(faults)
	return faults, err
}

// sleeps reports whether the file uses time.Sleep, called or passed on.
func sleeps(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok && selector.Sel.Name == "Sleep" {
			if from, ok := selector.X.(*ast.Ident); ok && from.Name == "time" {
				found = true
			}
		}
		return !found
	})
	return found
}

// replaces reports whether a go.mod replaces a module: such a program cannot be installed with go install.
func replaces(goMod string) bool {
	return regexp.MustCompile(`(?m)^\s*replace\b`).MatchString(goMod)
}

func TestSource(t *testing.T) {
	t.Parallel()
	faults, err := sourceFaults(os.DirFS(".."))
	require.NoError(t, err)
	require.Empty(t, faults)
}

func TestNoReplace(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../go.mod", "../deploy/temporal/go.mod"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.False(t, replaces(string(text)), "%s has a replace directive", name)
	}
}

// most is how large a tracked file may be: a built program or a database is larger.
const most = 1 << 20

// large lists the files of a checkout's index that are larger than they may be. One that is deleted, and not yet in the
// index as such, has no size.
func large(ctx context.Context, checkout string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", "ls-files", "-z")
	cmd.Dir = checkout
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files in %s: %w", checkout, err)
	}
	var faults []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(checkout, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if info.Size() > most {
			faults = append(faults, fmt.Sprintf("%s: %d bytes are tracked, %d are the most", name, info.Size(), most))
		}
	}
	return faults, nil
}

func TestNoLargeFiles(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("../.git"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: this is no git checkout, so nothing is tracked")
	}
	faults, err := large(t.Context(), "..")
	require.NoError(t, err)
	require.Empty(t, faults)
}
