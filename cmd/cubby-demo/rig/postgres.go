package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	postgresUser   = "postgres"
	maxConnections = 300
	// sharedMemoryWait bounds the wait for a killed server's own children to let go of its memory.
	sharedMemoryWait = 10 * time.Second
)

// PostgresOptions say where and how a private cluster runs.
type PostgresOptions struct {
	// Dir keeps the cluster; one that is there already is started with its data. Empty: a new temporary folder, which
	// Stop removes. For root, the OS user postgres must be able to enter the folder above.
	Dir string
	// NoSync trades the safety of data in a power cut for speed. A killed server loses nothing either way.
	NoSync bool
	// Log is the file for the server's output; empty: none is kept.
	Log string
}

// Postgres is a private server on 127.0.0.1 with trust authentication. Its port stays the same over restarts.
type Postgres struct {
	// DSN is the address of the database "postgres".
	DSN string
	// Port is the port on 127.0.0.1.
	Port int

	bin       string // folder of its programs
	process   *Process
	temporary string // removed by Stop; empty when the folder is the caller's
}

// StartPostgres makes a cluster with initdb where there is none and starts it. As root, both run as the OS user postgres
// in a folder which that user owns, because Postgres refuses to run as root.
func StartPostgres(ctx context.Context, options PostgresOptions) (_ *Postgres, err error) {
	bin, err := postgresBin("/usr/lib/postgresql")
	if err != nil {
		return nil, err
	}
	credential, err := postgresCredential()
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin}
	dir := options.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "cubby-postgres-"); err != nil {
			return nil, err
		}
		p.temporary = dir
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.remove())
		}
	}()
	if err = own(dir, credential); err != nil {
		return nil, err
	}
	if err = initdb(ctx, bin, dir, credential); err != nil {
		return nil, err
	}
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	p.Port = ports[0]
	p.DSN = fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", postgresUser, address(p.Port))
	p.process = NewProcess(Spec{
		Name:       "postgres",
		Path:       filepath.Join(bin, "postgres"),
		Args:       postgresArgs(dir, p.Port, options.NoSync),
		Env:        []string{"LC_ALL=C"}, // the ready line is awaited in English
		Dir:        dir,
		Log:        options.Log,
		ReadyLine:  func(line string) bool { return strings.Contains(line, "ready to accept connections") },
		StopSignal: syscall.SIGINT, // "fast": does not wait for clients to leave
		// SIGQUIT is "immediate": the server takes its children and its shared memory with it.
		DeathSignal: syscall.SIGQUIT,
		Credential:  credential,
	})
	if err = p.Start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Start starts the server again after Kill, at the same address with the same data.
func (p *Postgres) Start(ctx context.Context) error {
	deadline := time.NewTimer(sharedMemoryWait)
	defer deadline.Stop()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		err := p.process.Start(ctx)
		// The children of a killed server need a moment to notice, and hold its shared memory until then.
		if err == nil || !strings.Contains(err.Error(), "pre-existing shared memory block") {
			return err
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return err
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// Kill kills the server as kill -9 does; its data stays for Start.
func (p *Postgres) Kill() error {
	return p.process.Kill9()
}

// ShutdownMode is how a server goes down, as in "pg_ctl stop -m".
type ShutdownMode syscall.Signal

// The modes.
const (
	Fast      = ShutdownMode(syscall.SIGINT)  // sessions are ended, what is open is rolled back
	Immediate = ShutdownMode(syscall.SIGQUIT) // all stop at once; the next start recovers from the log
)

// Shutdown has the server go down and returns when it is down; its data stays for Start.
func (p *Postgres) Shutdown(mode ShutdownMode) error {
	return p.process.End(syscall.Signal(mode))
}

// Dump writes a copy of the database, as it stands at one moment, into a file.
func (p *Postgres) Dump(ctx context.Context, file string) error {
	return p.tool(ctx, "pg_dump", "--format=custom", "--file="+file, p.DSN)
}

// Restore puts the database back to a copy: all of it, or nothing.
func (p *Postgres) Restore(ctx context.Context, file string) error {
	return p.tool(ctx, "pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname="+p.DSN, file)
}

func (p *Postgres) tool(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// Pid is the process id of the server.
func (p *Postgres) Pid() int {
	return p.process.Pid()
}

// Stop stops the server and removes a temporary folder.
func (p *Postgres) Stop() error {
	return errors.Join(p.process.Stop(), p.remove())
}

func (p *Postgres) remove() error {
	if p.temporary == "" {
		return nil
	}
	return os.RemoveAll(p.temporary)
}

func postgresArgs(dir string, port int, noSync bool) []string {
	settings := []string{
		"listen_addresses=" + loopback,
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=",
		"max_connections=" + strconv.Itoa(maxConnections),
		"logging_collector=off",
		"log_destination=stderr",
	}
	if noSync {
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	args := []string{"-D", dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// postgresBin finds the programs of the newest installed version under root, where Debian keeps a folder a version, or
// else those of the search path.
func postgresBin(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, "*", "bin", "initdb"))
	if err != nil {
		return "", err
	}
	newest, bin := -1, ""
	for _, path := range found {
		dir := filepath.Dir(path)
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err == nil && version > newest {
			newest, bin = version, dir
		}
	}
	if bin != "" {
		return bin, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", fmt.Errorf("initdb is not installed (looked in %s and the search path): run \"make deps\"", root)
}

// postgresCredential is nil unless this process is root's.
func postgresCredential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup(postgresUser)
	if err != nil {
		return nil, fmt.Errorf("root cannot run Postgres itself and needs the OS user %q: %w", postgresUser, err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func own(dir string, credential *syscall.Credential) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	if credential == nil {
		return nil
	}
	return os.Chown(dir, int(credential.Uid), int(credential.Gid))
}

func initdb(ctx context.Context, bin, dir string, credential *syscall.Credential) error {
	if _, err := os.Stat(filepath.Join(dir, "PG_VERSION")); err == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
		"-D", dir, "-U", postgresUser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", dir, err, out)
	}
	return nil
}
