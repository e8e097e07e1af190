package lossy_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/lossy"
	"cubby/cmd/cubby-demo/lossytest"
)

// mounted is a disk whose mount is gone at the end of the test in any case.
type mounted struct {
	*lossy.Disk
	t              *testing.T
	backing, point string
	ended          bool
}

func mount(t *testing.T, backing string) *mounted {
	t.Helper()
	lossytest.Need(t)
	m := &mounted{t: t, backing: backing, point: t.TempDir()}
	var err error
	m.Disk, err = lossy.Mount(backing, m.point)
	require.NoError(t, err)
	t.Cleanup(func() {
		if !m.ended {
			require.NoError(t, m.Unmount())
		}
	})
	return m
}

func (m *mounted) in(name string) string { return filepath.Join(m.point, name) }

// cut ends the disk; what is left is in the backing folder.
func (m *mounted) cut(mode lossy.Mode, seed uint64) lossy.Loss {
	m.t.Helper()
	m.ended = true
	loss, err := m.Cut(mode, rand.New(rand.NewPCG(seed, 0)))
	require.NoError(m.t, err)
	return loss
}

// left reads what a cut has left of a file; ok is false when its name is not there.
func (m *mounted) left(name string) (content []byte, ok bool) {
	m.t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.backing, name))
	if os.IsNotExist(err) {
		return nil, false
	}
	require.NoError(m.t, err)
	return raw, true
}

// write writes at an offset and syncs, or does not.
func (m *mounted) write(name string, offset int64, data []byte, sync bool) {
	m.t.Helper()
	f, err := os.OpenFile(m.in(name), os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(m.t, err)
	_, err = f.WriteAt(data, offset)
	require.NoError(m.t, err)
	if sync {
		require.NoError(m.t, f.Sync())
	}
	require.NoError(m.t, f.Close())
}

func (m *mounted) syncNames() {
	m.t.Helper()
	dir, err := os.Open(m.point)
	require.NoError(m.t, err)
	require.NoError(m.t, dir.Sync())
	require.NoError(m.t, dir.Close())
}

// with is a folder with one durable file.
func with(t *testing.T, name string, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	return dir
}

func TestLikeAnyFolder(t *testing.T) {
	t.Parallel()
	m := mount(t, with(t, "old", []byte("old")))
	raw, err := os.ReadFile(m.in("old"))
	require.NoError(t, err)
	require.Equal(t, "old", string(raw))

	m.write("new", 3, []byte("abc"), false)
	require.NoError(t, os.Rename(m.in("new"), m.in("newer")))
	raw, err = os.ReadFile(m.in("newer"))
	require.NoError(t, err)
	require.Equal(t, "\x00\x00\x00abc", string(raw))
	f, err := os.OpenFile(m.in("newer"), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.WriteString("d")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, os.Truncate(m.in("newer"), 100))
	require.NoError(t, os.Truncate(m.in("newer"), 5))
	require.NoError(t, os.Remove(m.in("old")))
	_, err = os.Stat(m.in("old"))
	require.ErrorIs(t, err, os.ErrNotExist)
	entries, err := os.ReadDir(m.point)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	info, err := entries[0].Info()
	require.NoError(t, err)
	require.EqualValues(t, 5, info.Size())

	m.ended = true
	require.NoError(t, m.Unmount())
	left, _ := m.left("newer")
	require.Equal(t, "\x00\x00\x00ab", string(left), "a clean end keeps all")
	_, ok := m.left("old")
	require.False(t, ok)
}

func TestSyncedIsKeptInEveryMode(t *testing.T) {
	t.Parallel()
	for _, mode := range lossy.Modes() {
		for seed := range uint64(20) {
			m := mount(t, with(t, "old", bytes.Repeat([]byte("o"), 9000)))
			m.write("old", 100, bytes.Repeat([]byte("1"), 5000), true)
			m.write("new", 0, bytes.Repeat([]byte("2"), 700), true)
			m.syncNames()
			m.write("old", 8000, bytes.Repeat([]byte("x"), 5000), false) // not synced: may be there or not
			m.write("other", 0, []byte("x"), false)
			loss := m.cut(mode, seed)
			require.Equal(t, lossy.Loss{Changes: 2, Names: 1}, loss)
			old, _ := m.left("old")
			require.Equal(t, bytes.Repeat([]byte("o"), 100), old[:100])
			require.Equal(t, bytes.Repeat([]byte("1"), 5000), old[100:5100])
			require.Equal(t, bytes.Repeat([]byte("o"), 2900), old[5100:8000])
			kept, ok := m.left("new")
			require.True(t, ok)
			require.Equal(t, bytes.Repeat([]byte("2"), 700), kept)
		}
	}
}

func TestAllLosesWhatWasNotSynced(t *testing.T) {
	t.Parallel()
	m := mount(t, with(t, "old", []byte("old")))
	m.write("old", 0, []byte("NEW and longer"), false)
	require.NoError(t, os.Truncate(m.in("old"), 1))
	m.write("synced", 0, []byte("bytes, but not the name"), true)
	require.NoError(t, os.Rename(m.in("old"), m.in("renamed")))
	m.cut(lossy.All, 1)
	old, ok := m.left("old")
	require.True(t, ok, "a rename that was not synced is undone")
	require.Equal(t, "old", string(old))
	for _, name := range []string{"renamed", "synced"} {
		_, ok = m.left(name)
		require.False(t, ok, name)
	}
}

func TestRenameIsDurableAfterTheFolderIsSynced(t *testing.T) {
	t.Parallel()
	m := mount(t, with(t, "file", []byte("old")))
	m.write("file.new", 0, []byte("new"), true)
	require.NoError(t, os.Rename(m.in("file.new"), m.in("file")))
	m.syncNames()
	m.cut(lossy.All, 1)
	content, _ := m.left("file")
	require.Equal(t, "new", string(content))
	_, ok := m.left("file.new")
	require.False(t, ok)
}

// TestNameWithoutBytes: a file's name may be durable while its bytes are not.
func TestNameWithoutBytes(t *testing.T) {
	t.Parallel()
	m := mount(t, t.TempDir())
	m.write("file", 0, []byte("bytes"), false)
	m.syncNames()
	m.cut(lossy.All, 1)
	content, ok := m.left("file")
	require.True(t, ok)
	require.Empty(t, content)
}

// TestPrefixKeepsTheOrder: over many cuts every prefix is seen, over two files and their names, and nothing else.
func TestPrefixKeepsTheOrder(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for seed := range uint64(60) {
		m := mount(t, with(t, "a", []byte("--")))
		m.write("a", 0, []byte("1"), false)
		m.write("b", 0, []byte("2"), false) // the name, and then the byte
		m.write("a", 1, []byte("3"), false)
		m.cut(lossy.Prefix, seed)
		a, _ := m.left("a")
		b, named := m.left("b")
		seen[fmt.Sprintf("%s %s %t", a, b, named)] = true
	}
	require.Equal(t, map[string]bool{"--  false": true, "1-  false": true, "1-  true": true, "1- 2 true": true, "13 2 true": true}, seen)
}

// TestTornSectors: of one write some sectors survive and others do not, and none is torn itself; a sector that was
// written twice holds neither, the first, or both.
func TestTornSectors(t *testing.T) {
	t.Parallel()
	const sectors = 16
	holes, small, twice := false, false, map[string]bool{}
	for seed := range uint64(60) {
		m := mount(t, with(t, "f", bytes.Repeat([]byte("o"), sectors*512)))
		m.write("f", 0, bytes.Repeat([]byte("n"), sectors*512), false)
		m.write("f", 0, []byte("N"), false)
		m.cut(lossy.Torn, seed)
		f, _ := m.left("f")
		require.Len(t, f, sectors*512)
		changes := 0
		for i := range sectors {
			sector := f[i*512 : (i+1)*512]
			rest := sector[1:]
			require.Equal(t, bytes.Repeat(rest[:1], 511), rest, "a sector is torn")
			if i == 0 {
				twice[string(sector[:2])] = true
			}
			if i > 0 && rest[0] != f[(i-1)*512+1] {
				changes++
				small = small || i%8 != 0
			}
		}
		holes = holes || changes > 1
	}
	require.True(t, holes, "some survive and others do not")
	require.True(t, small, "sectors of 512 bytes")
	require.Equal(t, map[string]bool{"oo": true, "nn": true, "Nn": true}, twice)
}

// TestTornTruncation: what was written after a truncation is lost when it is.
func TestTornTruncation(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for seed := range uint64(60) {
		m := mount(t, with(t, "f", []byte("old")))
		require.NoError(t, os.Truncate(m.in("f"), 0))
		m.write("f", 0, []byte("n"), false)
		m.cut(lossy.Torn, seed)
		f, _ := m.left("f")
		seen[fmt.Sprintf("%q", f)] = true
	}
	require.Equal(t, map[string]bool{`"old"`: true, `""`: true, `"\x00"`: true, `"n"`: true}, seen)
}

// TestSeedTellsAll: the same changes and the same seed leave the same disk.
func TestSeedTellsAll(t *testing.T) {
	t.Parallel()
	leave := func(mode lossy.Mode) []byte {
		m := mount(t, with(t, "f", bytes.Repeat([]byte("o"), 40_000)))
		for i := range 10 {
			m.write("f", int64(i)*3000, bytes.Repeat([]byte{byte('a' + i)}, 5000), i == 4)
			m.write(fmt.Sprintf("g%d", i), 0, []byte("g"), false)
		}
		m.cut(mode, 7)
		all, _ := m.left("f")
		for i := range 10 {
			g, ok := m.left(fmt.Sprintf("g%d", i))
			all = fmt.Appendf(all, "%s %t", g, ok)
		}
		return all
	}
	for _, mode := range lossy.Modes() {
		require.Equal(t, leave(mode), leave(mode))
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	m := mount(t, with(t, "f", []byte("12345678")))
	m.Fill(4)
	f, err := os.OpenFile(m.in("f"), os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("abcd"), 8)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("e"), 12)
	require.ErrorIs(t, err, syscall.ENOSPC)
	_, err = f.WriteAt([]byte("over"), 0)
	require.NoError(t, err, "what is there may be written over")
	require.ErrorIs(t, os.WriteFile(m.in("g"), nil, 0o600), syscall.ENOSPC)
	require.NoError(t, f.Truncate(10))
	_, err = f.WriteAt([]byte("ef"), 10)
	require.NoError(t, err, "what was given back is free")
	require.Equal(t, 2, m.Count().Full)
	m.Heal()
	_, err = f.WriteAt([]byte("g"), 12)
	require.NoError(t, err)
	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	all, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "over5678abefg", string(all))
	require.NoError(t, f.Close())
}

// TestTrouble: writes and syncs fail; a sync that comes after a failed one does not repair it.
func TestTrouble(t *testing.T) {
	t.Parallel()
	lost := 0
	for seed := range uint64(20) {
		m := mount(t, with(t, "f", []byte("old")))
		f, err := os.OpenFile(m.in("f"), os.O_RDWR, 0)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte("new"), 0)
		require.NoError(t, err)
		m.Trouble(1, rand.New(rand.NewPCG(seed, 1)))
		require.ErrorIs(t, f.Sync(), syscall.EIO)
		_, err = f.WriteAt([]byte("NEW"), 0)
		require.ErrorIs(t, err, syscall.EIO)
		require.Equal(t, 2, m.Count().Failed)
		m.Heal()
		require.NoError(t, f.Sync())
		require.NoError(t, f.Close())
		content, err := os.ReadFile(m.in("f"))
		require.NoError(t, err)
		require.Equal(t, "new", string(content), "programs see what they wrote")
		m.cut(lossy.All, seed)
		if left, _ := m.left("f"); string(left) == "old" {
			lost++
		}
	}
	require.Greater(t, lost, 0)
	require.Less(t, lost, 20)
}

// TestStrike: the nth write or sync is not carried out, and f is called first.
func TestStrike(t *testing.T) {
	t.Parallel()
	m := mount(t, with(t, "f", []byte("old")))
	struck := 0
	m.Strike(3, func() { struck++ })
	m.write("f", 0, []byte("1"), true)
	require.Zero(t, struck)
	f, err := os.OpenFile(m.in("f"), os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("2"), 0)
	require.ErrorIs(t, err, syscall.EIO)
	require.Equal(t, 1, struck)
	require.NoError(t, f.Close())
	m.write("f", 1, []byte("3"), true)
	require.Equal(t, 1, struck)
	m.cut(lossy.All, 1)
	left, _ := m.left("f")
	require.Equal(t, "13d", string(left))
}
