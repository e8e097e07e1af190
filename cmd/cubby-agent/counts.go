package main

import (
	"time"

	"cubby/agent/cabinet"
	"cubby/models"
)

const (
	// countsFirst is when the server is told first how the devices work: by then each has had time to answer.
	countsFirst = time.Minute
	// countsEvery is how often it is told what changed by nothing but its counts.
	countsEvery = 24 * time.Hour
	// countsLeast lies between two times that it is told of one device: one that comes and goes fills no journal.
	countsLeast = 10 * time.Minute
)

// counts choose what the server is told of how the devices have worked: each once a day, and one that has failed or works
// again soon after.
type counts struct {
	from time.Time
	told map[string]counted
}

type counted struct {
	cabinet.DeviceCounted
	at time.Time
}

func newCounts(now time.Time) *counts { return &counts{now.Add(countsFirst), map[string]counted{}} }

// due are those to be told now.
func (c *counts) due(all []cabinet.DeviceCounted, now time.Time) []cabinet.DeviceCounted {
	if now.Before(c.from) {
		return nil
	}
	var due []cabinet.DeviceCounted
	for _, in := range all {
		last, known := c.told[in.Device]
		since := now.Sub(last.at)
		if known && since < countsEvery && (in.Up == last.Up || since < countsLeast) {
			continue
		}
		c.told[in.Device] = counted{in, now}
		due = append(due, in)
	}
	return due
}

// counted is how the devices have worked. That a board is dead is told otherwise: by its cells, relays and contacts.
func (d *devices) counted() []cabinet.DeviceCounted {
	var all []cabinet.DeviceCounted
	for _, bus := range d.host.Buses {
		for _, b := range bus.Boards() {
			if b.Up {
				all = append(all, cabinet.DeviceCounted{Device: models.DeviceBoard(b.Name), Up: true,
					Counts: models.DeviceCounts{Done: b.Looks, Failed: b.Misses, MS: b.Latency.Milliseconds()}})
			}
		}
	}
	for _, s := range d.scanners {
		up, c := s.counts()
		all = append(all, cabinet.DeviceCounted{Device: models.DeviceScanner(port(s.Port)), Up: up, Counts: c})
	}
	for _, r := range d.heard.status().Relays {
		if r.Up {
			all = append(all, cabinet.DeviceCounted{Device: models.DeviceRelays(r.Name), Up: true,
				Counts: models.DeviceCounts{Done: r.Drives, Failed: r.Fails, MS: r.Latency.Milliseconds(), Error: r.Error}})
		}
	}
	return all
}
