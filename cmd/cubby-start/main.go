// Command cubby-start is what "make run" begins with. It is built first and in seconds, so that there is a page to look
// at while the rest is built: it builds the other programs, shows how far that is, starts "cubby-demo run" and from then
// on passes its page to it. It imports the standard library alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	defaultPort = 8070
	// interrupted is the exit status of a build that was stopped, as a shell tells it.
	interrupted = 130
	// linger is how long the page stays after a failure, so that an open browser still hears of it.
	linger    = 3 * time.Second
	readyPoll = 100 * time.Millisecond
)

// The main goroutine stays on the main thread: the kernel ends children when the thread that started them does.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// config is what is run, and where.
type config struct {
	port   int
	linger time.Duration
	steps  []step
	// demo returns the command that serves the start page at a port in the end; public is the page's address for others.
	demo func(port int, public string) *exec.Cmd
}

// run returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("cubby-start", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: cubby-start [flags] [-- flags of cubby-demo run]")
		fs.PrintDefaults()
	}
	port := fs.Int("port", defaultPort, "port of the start page on 127.0.0.1")
	bin := fs.String("bin", "bin", "folder of the programs")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	c := config{port: *port, linger: linger, steps: buildSteps(), demo: func(port int, public string) *exec.Cmd {
		own := []string{"run", "--port-demo", strconv.Itoa(port), "--public", public}
		return exec.Command(filepath.Join(*bin, "cubby-demo"), append(own, fs.Args()...)...)
	}}
	return c.run(ctx, stdout, stderr)
}

func (c config) run(ctx context.Context, stdout, stderr io.Writer) int {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		fmt.Fprintf(stderr, "start: port %d for the start page is in use: another \"make run\" may be running. Stop what listens there, "+
			"or choose another: bin/cubby-start --port %d\n", c.port, c.port+1)
		return 1
	}
	if err != nil {
		fmt.Fprintf(stderr, "start: the start page cannot listen: %v\n", err)
		return 1
	}
	public := "http://" + listener.Addr().String() + "/"
	fmt.Fprintf(stdout, "start: open %s in a browser; Ctrl-C stops everything\n", public)
	board := newBoard(c.steps, time.Now)
	server := &http.Server{Handler: board.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends with this function
	defer server.Close()
	for i, s := range c.steps {
		board.begin(i)
		fmt.Fprintf(stdout, "start: step %d of %d: %s\n", i+1, len(c.steps)+1, s.Name)
		err := runChild(ctx, s.command(), io.MultiWriter(stdout, board))
		if ctx.Err() != nil {
			fmt.Fprintln(stdout, "start: stopped; what was built stays")
			return interrupted
		}
		if err != nil {
			return c.fail(ctx, board, stderr, s, err)
		}
	}
	return c.hand(ctx, board, public, stdout, stderr)
}

// hand starts the demo and hands the page over to it as soon as it serves.
func (c config) hand(ctx context.Context, board *board, public string, stdout, stderr io.Writer) int {
	last := demoStep()
	board.begin(len(c.steps))
	port, err := freePort(ctx)
	if err != nil {
		return c.fail(ctx, board, stderr, last, err)
	}
	own := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	ready, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		if awaitPage(ready, own.String()) {
			board.handOver(passTo(own))
		}
	}()
	err = runChild(ctx, c.demo(port, public), io.MultiWriter(stdout, board))
	if ctx.Err() == nil && err != nil {
		board.takeBack()
		return c.fail(ctx, board, stderr, last, err)
	}
	if err != nil {
		fmt.Fprintf(stderr, "start: the demo did not stop well: %v\n", err)
		return exitStatus(err)
	}
	return 0
}

// fail says what went wrong, on the page for a moment too, and returns the status.
func (c config) fail(ctx context.Context, board *board, stderr io.Writer, s step, err error) int {
	board.fail(err)
	fmt.Fprintf(stderr, "start: FAILED: %s: %v. %s\n", s.Name, err, s.Advice)
	select {
	case <-time.After(c.linger):
	case <-ctx.Done():
	}
	return exitStatus(err)
}

// passTo is a reverse proxy that lets the demo see the request as the browser made it.
func passTo(demo *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(demo)
			r.Out.Host = r.In.Host
		},
		ErrorLog: log.New(io.Discard, "", 0), // of a stream that a reset ends
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "The demo does not answer: it is being stopped.", http.StatusBadGateway)
		},
	}
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// awaitPage waits until the page is served; false: the context ended first.
func awaitPage(ctx context.Context, page string) bool {
	client := &http.Client{Timeout: 2 * time.Second}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, page+"/", http.NoBody)
		if err != nil {
			return false
		}
		response, err := client.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close() // the status is enough
		if response.StatusCode == http.StatusOK {
			return true
		}
	}
}
