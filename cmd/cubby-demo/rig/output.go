package rig

import (
	"bytes"
	"io"
	"sync"
)

// tailBytes of the latest output go into the error when a child dies before it is ready.
const tailBytes = 2048

// output takes what a child prints: into the log file, into a short tail, and line by line past the ready matcher.
type output struct {
	match func(string) bool
	ready chan struct{}
	log   io.WriteCloser

	mu      sync.Mutex
	partial []byte // the line being printed, until the child is ready
	tail    []byte
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = append(o.tail, b...)
	if extra := len(o.tail) - tailBytes; extra > 0 {
		o.tail = append(o.tail[:0], o.tail[extra:]...)
	}
	if o.match != nil {
		o.scan(b)
	}
	if o.log == nil {
		return len(b), nil
	}
	return o.log.Write(b)
}

func (o *output) scan(b []byte) {
	o.partial = append(o.partial, b...)
	for {
		line, rest, found := bytes.Cut(o.partial, []byte("\n"))
		if !found {
			return
		}
		o.partial = rest
		if o.match(string(bytes.TrimRight(line, "\r"))) {
			close(o.ready)
			o.match, o.partial = nil, nil
			return
		}
	}
}

func (o *output) tailText() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.tail) == 0 {
		return ""
	}
	return "\nits last output:\n" + string(bytes.TrimSpace(o.tail))
}

func (o *output) close() error {
	if o.log == nil {
		return nil
	}
	return o.log.Close()
}
