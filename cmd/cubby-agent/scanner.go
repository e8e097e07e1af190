package main

import (
	"errors"
	"sync"

	"cubby/agent/link"
	"cubby/models"
)

// scannerStatus is how a scanner's line stands.
type scannerStatus struct {
	Port  string `json:"port"`
	Error string `json:"error,omitempty"`
}

// watched is a scanner's line that remembers how it stands: a second program cannot look,
// since the line is the first one's alone.
type watched struct {
	port string
	side models.Side

	mu  sync.Mutex
	err error
}

func watch(scanners []scanner) []*watched {
	all := make([]*watched, 0, len(scanners))
	for _, s := range scanners {
		all = append(all, &watched{port: s.Port, side: s.Side, err: errors.New("not opened yet")})
	}
	return all
}

func (w *watched) open() (link.Port, error) {
	p, err := link.Open(w.port)
	w.note(err)
	return p, err
}

func (w *watched) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

func (w *watched) status() scannerStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := scannerStatus{Port: w.port}
	if w.err != nil {
		s.Error = w.err.Error()
	}
	return s
}

func statuses(scanners []*watched) []scannerStatus {
	all := make([]scannerStatus, 0, len(scanners))
	for _, w := range scanners {
		all = append(all, w.status())
	}
	return all
}

func addScanners(scanners []scannerStatus, add func(bool, device)) {
	for _, s := range scanners {
		detail := "open"
		if s.Error != "" {
			detail = s.Error
		}
		add(s.Error == "", device{"scanner", s.Port, upOr(s.Error == "", "down"), detail})
	}
}
