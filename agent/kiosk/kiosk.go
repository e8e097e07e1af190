// Package kiosk keeps the browser running that shows the cabinet's screen. A browser that
// ends is started anew, and so is one whose page has stopped drawing itself.
package kiosk

import (
	"context"
	"log/slog"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Limits are how long a browser may be silent.
type Limits struct {
	First  time.Duration // from its start to the first word of its page
	Silent time.Duration // between two words: they come every 5 s
	Pause  time.Duration // before it is started anew
}

// Usual are the limits of a slow computer.
var Usual = Limits{First: 90 * time.Second, Silent: 25 * time.Second, Pause: 2 * time.Second}

// Kiosk runs one browser.
type Kiosk struct {
	Limits
	command []string
	words   chan struct{}
	again   chan struct{}
	log     *slog.Logger

	mu   sync.Mutex
	word time.Time // the last one
	why  string    // the last browser does not run any more
}

// Status is how the screen stands.
type Status struct {
	Draws bool   // its page has drawn itself lately
	Runs  bool   // a browser is run, and can be started anew
	Why   string // the last one ended; empty: none did
}

// New makes a kiosk of a program and its arguments. Without any, nothing is run.
func New(command []string, log *slog.Logger) *Kiosk {
	return &Kiosk{Limits: Usual, command: command, words: make(chan struct{}, 1), again: make(chan struct{}, 1), log: log}
}

// Alive is the word of a page that it has drawn itself.
func (k *Kiosk) Alive() {
	k.mu.Lock()
	k.word = time.Now()
	k.mu.Unlock()
	select {
	case k.words <- struct{}{}:
	default: // one waits already
	}
}

// Restart has the browser started anew.
func (k *Kiosk) Restart() {
	select {
	case k.again <- struct{}{}:
	default: // it is asked for already
	}
}

// Status tells how the screen stands.
func (k *Kiosk) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Status{Draws: !k.word.IsZero() && time.Since(k.word) < k.Silent, Runs: len(k.command) > 0, Why: k.why}
}

// Run keeps the browser running until the context ends. It ends with the browser, and never
// with an error: a cabinet without a screen still serves from afar.
func (k *Kiosk) Run(ctx context.Context) error {
	for len(k.command) > 0 && ctx.Err() == nil {
		why := k.show(ctx)
		if ctx.Err() != nil {
			break
		}
		k.log.Warn("the screen's browser is started anew", "why", why)
		k.mu.Lock()
		k.why = why
		k.mu.Unlock()
		select {
		case <-time.After(k.Pause):
		case <-ctx.Done():
		}
	}
	return nil
}

// show runs one browser, and tells why it does not run any more.
func (k *Kiosk) show(ctx context.Context) (why string) {
	select {
	case <-k.words: // of the one before
	default:
	}
	cmd := exec.Command(k.command[0], k.command[1:]...)
	// A group of its own: a browser is many processes, and all of them end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err.Error()
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }() // it may be gone
	silent := time.NewTimer(k.First)
	defer silent.Stop()
	for {
		select {
		case err := <-ended:
			if err == nil {
				return "it ended"
			}
			return "it ended: " + err.Error()
		case <-k.words:
			silent.Reset(k.Silent)
		case <-k.again:
			return "somebody asked for it"
		case <-silent.C:
			return "its page hangs"
		case <-ctx.Done():
			return ctx.Err().Error()
		}
	}
}
