package journal

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
)

// TestUnsafeSettingsAreRefused: each setting is needed, and a mistake in it is noticed.
func TestUnsafeSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ right, wrong, says string }{
		{"synchronous(FULL)", "synchronous(NORMAL)", `synchronous is "1", not FULL`},
		{"synchronous(FULL)", "synchronous(OFF)", `synchronous is "0", not FULL`},
		{"synchronous(FULL)", "synchronous(FUL)", "synchronous is"},
		{"journal_mode(WAL)", "journal_mode(MEMORY)", `journal_mode is "memory", not WAL`},
		{"journal_mode(WAL)", "journalmode(WAL)", `journal_mode is "delete", not WAL`},
		{"locking_mode(EXCLUSIVE)", "locking_mode(NORMAL)", `locking_mode is "normal", not EXCLUSIVE`},
	} {
		t.Run(c.wrong, func(t *testing.T) {
			t.Parallel()
			unsafe := slices.Clone(settings)
			unsafe[slices.Index(unsafe, c.right)] = c.wrong
			_, err := openSQLite(filepath.Join(t.TempDir(), "cabinet.db"), unsafe)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// TestEveryFieldIsCompared: whatever field of a cell or a window differs, it is written.
// It fails for whoever adds a field and forgets the comparison.
func TestEveryFieldIsCompared(t *testing.T) {
	t.Parallel()
	everyField(t, func(a, b *cabinet.Cell) bool { return sameCell(a, b) })
	everyField(t, func(a, b *cabinet.Window) bool { return sameWindow(a, b) })
	everyField(t, func(a, b *cabinet.Badge) bool { return *a == *b })
}

func everyField[T any](t *testing.T, same func(a, b *T) bool) {
	t.Helper()
	var zero T
	require.True(t, same(&zero, new(T)))
	for _, path := range leaves(reflect.TypeFor[T](), nil) {
		changed := new(T)
		field := reflect.ValueOf(changed).Elem().FieldByIndex(path)
		name := reflect.TypeFor[T]().FieldByIndex(path).Name
		switch field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int, reflect.Int64:
			field.SetInt(1)
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		default:
			t.Fatalf("%T.%s: say here how a %s differs", zero, name, field.Kind())
		}
		require.False(t, same(&zero, changed), "%T.%s is not compared", zero, name)
		require.False(t, same(changed, &zero), "%T.%s is not compared", zero, name)
	}
}

// leaves lists the fields of a struct and of the structs in it.
func leaves(of reflect.Type, path []int) [][]int {
	var all [][]int
	for i := range of.NumField() {
		here := append(slices.Clone(path), i)
		if of.Field(i).Type.Kind() == reflect.Struct {
			all = append(all, leaves(of.Field(i).Type, here)...)
		} else {
			all = append(all, here)
		}
	}
	return all
}

// TestNoSharedMemory: no part of a store is mapped into memory, also of one that is opened again.
func TestNoSharedMemory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cabinet.db")
	for range 2 {
		d, err := OpenSQLite(path)
		require.NoError(t, err)
		require.NoError(t, d.Write([]Row{{TableCell, "1", []byte("{}")}}))
		require.NoError(t, d.Sync())
		require.FileExists(t, path+"-wal")
		require.NoFileExists(t, path+"-shm")
		require.NoError(t, d.Close())
	}
}

// TestALeafIsCompared: what the door at the back does is written too.
func TestALeafIsCompared(t *testing.T) {
	t.Parallel()
	require.True(t, sameLeaf(&cabinet.Leaf{Open: true}, &cabinet.Leaf{Open: true}))
	require.False(t, sameLeaf(&cabinet.Leaf{Open: true}, &cabinet.Leaf{}))
	require.False(t, sameLeaf(&cabinet.Leaf{OpenedAt: 1}, &cabinet.Leaf{}))
}
