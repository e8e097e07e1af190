// Package guide runs the commands of the pages that a user follows, so that they stay true.
package guide

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Script is all that a page has in its blocks of the language sh, in order, as one script that ends at the first command that
// fails.
func Script(page string) string {
	script, inside := "set -euo pipefail\n", false
	for line := range strings.Lines(page) {
		switch fence := strings.TrimSpace(line); {
		case fence == "```sh":
			inside = true
		case strings.HasPrefix(fence, "```"):
			inside = false
		case inside:
			script += line
		}
	}
	return script
}

// stopWithin is how long what a page has started may take to end.
const stopWithin = 15 * time.Second

// Follow runs a page's commands in a folder, and more of the same when they are done; then it ends what they have started.
// It returns what they printed.
func Follow(ctx context.Context, file, dir string, env []string, then func(ctx context.Context) error) (string, error) {
	page, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	// The shell stays until its input ends, and with it whatever runs in its background.
	const done = "the page is done"
	script := Script(string(page)) + "\necho " + done + " >done\nread -r _ || true\nkill $(jobs -p) 2>/dev/null || true\nwait || true\n"
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	// A group of its own: what is left of it can be ended as a whole.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = stopWithin
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err = awaitFile(ctx, dir+"/done", ended)
	if err == nil && then != nil {
		err = then(ctx)
	}
	_ = stdin.Close() // the shell sees the end and stops what it has started
	select {
	case <-ended:
	case <-time.After(stopWithin):
		err = errors.Join(err, errors.New("what the page has started does not end"), syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL))
		<-ended
	}
	return out.String(), err
}

// awaitFile waits until the script has written a file; an error if it ends before.
func awaitFile(ctx context.Context, path string, ended chan error) error {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			ended <- err
			return fmt.Errorf("the page's commands ended: %w", err)
		case <-look.C:
			if _, err := os.Stat(path); err == nil {
				return nil
			}
		}
	}
}
