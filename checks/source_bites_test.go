package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestSourceFaultsBite(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	faults, err := sourceFaults(fstest.MapFS{
		"good/a.go":           file("// Package good is.\npackage good\n"),
		"good/b.go":           file("package good\n"),
		"good/a_test.go":      file("// Not a package comment.\npackage good\n\nvar sleep = \"time.Sleep(1)\" // time.Sleep(1)\n"),
		"tests/a_test.go":     file("package tests\n"),
		"none/a.go":           file("package none\n"),
		"two/a.go":            file("// Package two is.\npackage two\n"),
		"two/b.go":            file("// Package two was.\npackage two\n"),
		"x/utils/a.go":        file("// Package utils is.\npackage utils\n"),
		"sleepy/a_test.go":    file("package sleepy\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n"),
		"node_modules/n/a.go": file("package n\n"),
		"good/testdata/a.go":  file("package broken {\n"),
		".hidden/a.go":        file("package hidden\n"),
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		"none: 0 package comments, want 1",
		"sleepy/a_test.go: time.Sleep in a test: wait for a condition or inject the clock",
		"two: 2 package comments, want 1",
		"x/utils/a.go: package utils says nothing about what is in it",
	}, faults)
}

func TestReplacesBites(t *testing.T) {
	t.Parallel()
	require.True(t, replaces("module m\n\nreplace a => ../a\n"))
	require.True(t, replaces("module m\nreplace (\n\ta => b v1\n)\n"))
	require.False(t, replaces("module m\n\n// replace nothing\nrequire example.org/replace v1\n"))
}

func TestLargeBites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, size int) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600))
	}
	git := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	_, err := large(t.Context(), filepath.Join(dir, "none"))
	require.Error(t, err, "no checkout has nothing to judge")
	git("init", "--quiet")
	write("fits", most)
	write("program", most+1)
	write("untracked", most+1)
	write("gone", most+1)
	git("add", "fits", "program", "gone")
	require.NoError(t, os.Remove(filepath.Join(dir, "gone")))
	faults, err := large(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, []string{"program: 1048577 bytes are tracked, 1048576 are the most"}, faults)
}
