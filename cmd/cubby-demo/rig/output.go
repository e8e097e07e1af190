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

	mu   sync.Mutex
	tail []byte
}

// stream is what a child prints to stdout or to stderr. Each has lines of its own: one may be in the middle of a long
// line while the other says that the child is ready.
type stream struct {
	*output
	partial []byte // the line being printed, until the child is ready
}

// Write implements io.Writer.
func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tail = append(s.tail, b...)
	if extra := len(s.tail) - tailBytes; extra > 0 {
		s.tail = append(s.tail[:0], s.tail[extra:]...)
	}
	if s.match != nil {
		s.scan(b)
	}
	if s.log == nil {
		return len(b), nil
	}
	return s.log.Write(b)
}

func (s *stream) scan(b []byte) {
	s.partial = append(s.partial, b...)
	for {
		line, rest, found := bytes.Cut(s.partial, []byte("\n"))
		if !found {
			return
		}
		s.partial = rest
		if s.match(string(bytes.TrimRight(line, "\r"))) {
			close(s.ready)
			s.match, s.partial = nil, nil
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
