package main

import (
	"errors"
	"sync"

	"cubby/agent/link"
	"cubby/agent/scan"
	"cubby/models"
)

// scannerStatus is how a scanner's line stands.
type scannerStatus struct {
	Port  string `json:"port"`
	Error string `json:"error,omitempty"`
	// SetUp is what of its settings could not be made; it is read all the same.
	SetUp string `json:"set_up,omitempty"`
}

// watched is a scanner's line that remembers how it stands: a second program cannot look,
// since the line is the first one's alone.
type watched struct {
	scanner

	mu    sync.Mutex
	err   error
	setUp error
	scans int
	fails int // times that its line failed
}

// took counts a scan.
func (w *watched) took() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scans++
}

// counts are how it has worked.
func (w *watched) counts() (up bool, c models.DeviceCounts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c = models.DeviceCounts{Done: w.scans, Failed: w.fails}
	if w.err != nil {
		c.Error = w.err.Error()
	}
	return w.err == nil, c
}

func watch(scanners []scanner) []*watched {
	all := make([]*watched, 0, len(scanners))
	for _, s := range scanners {
		all = append(all, &watched{scanner: s, err: errors.New("not opened yet")})
	}
	return all
}

// open opens the line and sets the scanner up.
func (w *watched) open() (link.Port, error) {
	p, err := scan.Open(w.Port)
	var wrong error
	if err == nil {
		p, wrong = scan.SetUp(p, w.Settings)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err, w.setUp = err, wrong
	if err != nil {
		w.fails++
	}
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
	s := scannerStatus{Port: w.Port}
	if w.err != nil {
		s.Error = w.err.Error()
	}
	if w.setUp != nil {
		s.SetUp = w.setUp.Error()
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
		state, detail := "up", "open"
		switch {
		case s.Error != "":
			state, detail = "down", s.Error
		case s.SetUp != "":
			state, detail = "not set up", "it is read, but: "+s.SetUp
		}
		add(state == "up", device{"scanner", s.Port, state, detail})
	}
}
