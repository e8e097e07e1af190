package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// childGrace is how long a child may take to stop before it is killed: the demo stops a whole network.
const childGrace = 40 * time.Second

// runChild runs a command to its end. When the context ends, the child and its own children are asked to stop, once:
// Ctrl-C on a terminal would otherwise reach each of them by itself, in any order.
func runChild(ctx context.Context, cmd *exec.Cmd, out io.Writer) error {
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second // a grandchild may keep the output open
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // it may have ended meanwhile
		select {
		case <-ended:
		case <-time.After(childGrace):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}()
	err := cmd.Wait()
	close(ended)
	<-watched
	return err
}

// exitStatus is that of the child that failed, so that "make run" tells it on.
func exitStatus(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	return 1
}
