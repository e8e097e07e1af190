package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	defaultGrace = 15 * time.Second
	// pipeDelay is how long a dead child's own children may keep its output open before it is closed over their heads.
	pipeDelay = 5 * time.Second
	readyPoll = 50 * time.Millisecond
)

// Spec says how a child process is run. The zero value of each optional field is a sensible default.
type Spec struct {
	// Name is what the child is called in errors; the base name of Path when empty.
	Name string
	// Path is the program and Args what it is given (without the program's name).
	Path string
	Args []string
	// Env is added to this process's environment.
	Env []string
	// Dir is the working folder.
	Dir string
	// Log is a file that stdout and stderr are appended to, over restarts too; empty keeps only the tail for errors.
	Log string
	// ReadyLine reports whether a line of output (without its line feed) says that the child is ready.
	ReadyLine func(line string) bool
	// ReadyURL is polled until it answers 200. With ReadyLine too, both are awaited; with neither, started is ready.
	ReadyURL string
	// StopSignal is the request to stop; SIGTERM when zero.
	StopSignal syscall.Signal
	// DeathSignal is what the kernel sends the child when this process dies; SIGKILL when zero.
	DeathSignal syscall.Signal
	// Grace is how long Stop waits before it kills; 15 s when zero.
	Grace time.Duration
	// Credential runs the child as another OS user (root only).
	Credential *syscall.Credential
	// ClockAhead is how far the child's wall clock is ahead of this machine's, in whole seconds; behind it when negative.
	// On amd64 only. A child of the child has the machine's clock.
	ClockAhead time.Duration
}

// Process is a child process that can be started, stopped or killed, and started again. It never outlives this process.
// Its methods may be called from several goroutines.
type Process struct {
	spec Spec

	mu  sync.Mutex // serialises Start, Stop and Kill9
	run *run       // the latest start; nil before the first
}

// run is one start of the child.
type run struct {
	pid  int
	out  *output
	done chan struct{} // closed after err is set
	err  error
}

// NewProcess describes a child without starting it.
func NewProcess(spec Spec) *Process {
	if spec.Name == "" {
		spec.Name = filepath.Base(spec.Path)
	}
	if spec.StopSignal == 0 {
		spec.StopSignal = syscall.SIGTERM
	}
	if spec.DeathSignal == 0 {
		spec.DeathSignal = syscall.SIGKILL
	}
	if spec.Grace == 0 {
		spec.Grace = defaultGrace
	}
	return &Process{spec: spec}
}

// SetClockAhead sets Spec.ClockAhead for the next Start.
func (p *Process) SetClockAhead(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spec.ClockAhead = d
}

// Start runs the child and returns when it is ready. The context bounds that wait alone: a child that is not ready when
// it ends is killed, one that is ready lives until Stop or Kill9.
func (p *Process) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil && !closed(p.run.done) {
		return fmt.Errorf("%s: already running", p.spec.Name)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", p.spec.Name, err)
	}
	r, err := p.launch()
	if err != nil {
		return fmt.Errorf("%s: %w", p.spec.Name, err)
	}
	p.run = r
	if err := p.awaitReady(ctx, r); err != nil {
		killGroup(r.pid, syscall.SIGKILL)
		<-r.done
		return fmt.Errorf("%s: %w%s", p.spec.Name, err, r.out.tailText())
	}
	return nil
}

func (p *Process) launch() (*run, error) {
	out := &output{ready: make(chan struct{}), match: p.spec.ReadyLine}
	if p.spec.Log != "" {
		file, err := os.OpenFile(p.spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		out.log = file
	}
	cmd := exec.Command(p.spec.Path, p.spec.Args...)
	cmd.Env = append(os.Environ(), p.spec.Env...)
	cmd.Dir = p.spec.Dir
	cmd.Stdout, cmd.Stderr = &stream{output: out}, &stream{output: out}
	cmd.WaitDelay = pipeDelay
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// A group of its own: Ctrl-C on the terminal must not stop a service before whoever uses it.
		Setpgid:    true,
		Pdeathsig:  p.spec.DeathSignal,
		Credential: p.spec.Credential,
		Ptrace:     p.spec.ClockAhead != 0,
	}
	waited, err := startPinned(cmd, p.spec.ClockAhead)
	if err != nil {
		return nil, errors.Join(err, out.close())
	}
	r := &run{pid: cmd.Process.Pid, out: out, done: make(chan struct{})}
	go func() {
		r.err = <-waited
		r.err = errors.Join(r.err, out.close())
		close(r.done)
	}()
	return r, nil
}

func (p *Process) awaitReady(ctx context.Context, r *run) error {
	if p.spec.ReadyLine != nil {
		select {
		case <-r.out.ready:
		case <-r.done:
			return fmt.Errorf("ended before it was ready: %w", exitError(r.err))
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		}
	}
	if p.spec.ReadyURL == "" {
		return nil
	}
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		if answers(ctx, client, p.spec.ReadyURL) {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.done:
			return fmt.Errorf("ended before it was ready: %w", exitError(r.err))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer 200: %w", p.spec.ReadyURL, ctx.Err())
		}
	}
}

func answers(ctx context.Context, client *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// Stop asks the child to stop and waits; after the grace it is killed, and that is an error. Stopping a child that is
// not running does nothing.
func (p *Process) Stop() error { return p.End(p.spec.StopSignal) }

// End is Stop by another signal.
func (p *Process) End(by syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil || closed(p.run.done) {
		return nil
	}
	if err := syscall.Kill(p.run.pid, by); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s: stop: %w", p.spec.Name, err)
	}
	grace := time.NewTimer(p.spec.Grace)
	defer grace.Stop()
	select {
	case <-p.run.done:
		return nil
	case <-grace.C:
		killGroup(p.run.pid, syscall.SIGKILL)
		<-p.run.done
		return fmt.Errorf("%s: did not stop within %s and was killed", p.spec.Name, p.spec.Grace)
	}
}

// Kill9 kills the child and its process group at once and waits until it is gone.
func (p *Process) Kill9() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil || closed(p.run.done) {
		return fmt.Errorf("%s: not running", p.spec.Name)
	}
	killGroup(p.run.pid, syscall.SIGKILL)
	<-p.run.done
	return nil
}

// Freeze stops the child's clock, as it were: it is there and does nothing, until Thaw.
func (p *Process) Freeze() error { return p.signal(syscall.SIGSTOP) }

// Thaw has it go on.
func (p *Process) Thaw() error { return p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil || closed(p.run.done) {
		return fmt.Errorf("%s: not running", p.spec.Name)
	}
	return syscall.Kill(p.run.pid, s)
}

// Done is closed when the latest start has ended; nil before the first.
func (p *Process) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil {
		return nil
	}
	return p.run.done
}

// Pid is the process id of the latest start; 0 before the first.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil {
		return 0
	}
	return p.run.pid
}

// Output runs a command to its end and returns what it printed. Its wall clock is ahead of this machine's by so much, as
// with Spec.ClockAhead; it does not outlive this process.
func Output(cmd *exec.Cmd, ahead time.Duration) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Ptrace: ahead != 0}
	waited, err := startPinned(cmd, ahead)
	if err == nil {
		err = <-waited
	}
	return out.Bytes(), err
}

// startPinned starts cmd and sends the result of Wait. The kernel ties the death signal to the *thread* that forked, not
// to the process, so that thread is held until the child has ended: otherwise the Go runtime might retire it, and a
// healthy child would be killed. The same thread traces a child whose clock is ahead.
func startPinned(cmd *exec.Cmd, ahead time.Duration) (<-chan error, error) {
	started, waited := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil && ahead != 0 {
			if err = setClock(cmd, ahead); err != nil {
				err = errors.Join(fmt.Errorf("setting its clock: %w", err), cmd.Process.Kill())
				_ = cmd.Wait() // it was killed
			}
		}
		started <- err
		if err == nil {
			waited <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return waited, nil
}

// killGroup signals the group that pid leads; a group that is gone already is what the caller wanted.
func killGroup(pid int, signal syscall.Signal) {
	_ = syscall.Kill(-pid, signal)
}

func exitError(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
