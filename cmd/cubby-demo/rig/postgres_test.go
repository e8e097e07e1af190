package rig_test

import (
	"database/sql"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/rig"
)

func exec1(t *testing.T, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

func query(t *testing.T, dsn, question string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var answer string
	require.NoError(t, db.QueryRowContext(t.Context(), question).Scan(&answer))
	return answer
}

func TestPostgresSurvivesKill(t *testing.T) {
	t.Parallel()
	p, err := rig.StartPostgres(t.Context(), rig.PostgresOptions{})
	require.NoError(t, err)
	stopped := false
	defer func() {
		if !stopped {
			require.NoError(t, p.Stop())
		}
	}()
	require.Equal(t, "300", query(t, p.DSN, "SHOW max_connections"))
	require.Equal(t, "on", query(t, p.DSN, "SHOW fsync"))
	require.Equal(t, "127.0.0.1", query(t, p.DSN, "SHOW listen_addresses"))
	exec1(t, p.DSN, "CREATE TABLE doors (number int)")
	exec1(t, p.DSN, "INSERT INTO doors VALUES (7)")

	before := p.Pid()
	require.NoError(t, p.Kill())
	require.False(t, alive(before))
	require.NoError(t, p.Start(t.Context()))
	require.NotEqual(t, before, p.Pid())
	require.Equal(t, "7", query(t, p.DSN, "SELECT number FROM doors"), "same address, same data")

	dir := query(t, p.DSN, "SHOW data_directory")
	stopped = true
	require.NoError(t, p.Stop())
	require.False(t, alive(p.Pid()))
	require.NoDirExists(t, dir, "a temporary cluster is removed")
}

// TestPostgresWithoutSyncSurvivesKill: what was committed at the last moment is there too.
func TestPostgresWithoutSyncSurvivesKill(t *testing.T) {
	t.Parallel()
	p, err := rig.StartPostgres(t.Context(), rig.PostgresOptions{NoSync: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Stop()) }()
	require.Equal(t, "off", query(t, p.DSN, "SHOW fsync"))
	exec1(t, p.DSN, "CREATE TABLE doors (number int)")
	for _, end := range []func() error{p.Kill, func() error { return p.Shutdown(rig.Immediate) }} {
		before := query(t, p.DSN, "SELECT count(*) FROM doors")
		exec1(t, p.DSN, "INSERT INTO doors VALUES (7)")
		require.NoError(t, end())
		require.NoError(t, p.Start(t.Context()))
		require.NotEqual(t, before, query(t, p.DSN, "SELECT count(*) FROM doors"))
	}
}

func TestPostgresKeepsAGivenFolder(t *testing.T) {
	t.Parallel()
	// Not t.TempDir: root's is closed to the OS user that the server runs as.
	dir, err := os.MkdirTemp("", "cubby-rig-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	if os.Geteuid() == 0 {
		account, err := user.Lookup("postgres")
		require.NoError(t, err)
		uid, err := strconv.Atoi(account.Uid)
		require.NoError(t, err)
		require.NoError(t, os.Chown(dir, uid, -1))
	}
	options := rig.PostgresOptions{
		Dir:    filepath.Join(dir, "cluster"),
		NoSync: true,
		Log:    filepath.Join(dir, "log"),
	}
	for _, statement := range []string{"CREATE TABLE doors (number int)", "INSERT INTO doors VALUES (7)"} {
		p, err := rig.StartPostgres(t.Context(), options)
		require.NoError(t, err)
		exec1(t, p.DSN, statement)
		require.Equal(t, "off", query(t, p.DSN, "SHOW fsync"))
		require.NoError(t, p.Stop())
	}
	require.DirExists(t, options.Dir)
	log, err := os.ReadFile(options.Log)
	require.NoError(t, err)
	require.Contains(t, string(log), "ready to accept connections")
}
