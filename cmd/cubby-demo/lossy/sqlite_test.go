package lossy_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"cubby/cmd/cubby-demo/lossy"
)

const (
	envStore       = "LOSSY_TEST_STORE"
	envSynchronous = "LOSSY_TEST_SYNCHRONOUS"
)

// TestMain is the tests, or a program that inserts rows until it is killed and says which were committed.
func TestMain(m *testing.M) {
	if path := os.Getenv(envStore); path != "" {
		if err := insert(path, os.Getenv(envSynchronous)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func openStore(path, synchronous string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?vfs=unix-excl&_pragma=locking_mode(EXCLUSIVE)&_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(20)&_pragma=synchronous("+synchronous+")")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func insert(path, synchronous string) error {
	db, err := openStore(path, synchronous)
	if err != nil {
		return err
	}
	for {
		var n int
		if err := db.QueryRow("INSERT INTO t (body) VALUES (randomblob(300)) RETURNING id").Scan(&n); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestControl is the experiment that says what the cuts are worth: SQLite that is told not to sync loses rows that it had
// committed, or is damaged, in every mode; with synchronous=FULL it loses none and is sound.
func TestControl(t *testing.T) {
	t.Parallel()
	for _, mode := range lossy.Modes() {
		for _, synchronous := range []string{"FULL", "OFF"} {
			t.Run(string(mode)+" "+synchronous, func(t *testing.T) {
				t.Parallel()
				const cuts = 12
				lost, damaged := 0, 0
				for seed := range uint64(cuts) {
					l, d := cutInserts(t, mode, synchronous, seed)
					lost += l
					if d {
						damaged++
					}
				}
				t.Logf("%d cuts: %d committed rows lost, %d stores damaged", cuts, lost, damaged)
				if synchronous == "FULL" {
					require.Zero(t, lost)
					require.Zero(t, damaged)
				} else {
					require.Positive(t, lost+damaged)
				}
			})
		}
	}
}

// cutInserts cuts the power of a program that inserts, and counts the rows that it had committed and are not there.
func cutInserts(t *testing.T, mode lossy.Mode, synchronous string, seed uint64) (lost int, damaged bool) {
	t.Helper()
	backing := t.TempDir()
	db, err := openStore(filepath.Join(backing, "s.db"), "FULL")
	require.NoError(t, err)
	_, err = db.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	m := mount(t, backing)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envStore+"="+m.in("s.db"), envSynchronous+"="+synchronous)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	last, lines := 0, bufio.NewScanner(out)
	for lines.Scan() {
		last, err = strconv.Atoi(lines.Text())
		require.NoError(t, err, lines.Text())
		if last == 5+3*int(seed) {
			break
		}
	}
	require.NoError(t, cmd.Process.Kill())
	for lines.Scan() { // committed before the kill
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			last = n
		}
	}
	_ = cmd.Wait() // it was killed
	m.cut(mode, seed)

	db, err = openStore(filepath.Join(backing, "s.db"), "FULL")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var found string
	if err := db.QueryRow("PRAGMA integrity_check(1)").Scan(&found); err != nil || found != "ok" {
		return 0, true
	}
	var rows int
	if err := db.QueryRow("SELECT count(*) FROM t WHERE id <= ?", last).Scan(&rows); err != nil {
		return 0, true
	}
	return last - rows, false
}
