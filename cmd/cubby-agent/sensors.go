package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"cubby/agent/cabinet"
	"cubby/agent/climate"
	"cubby/agent/host"
	"cubby/agent/link"
	"cubby/agent/power"
)

// thermometers is a line with thermometers on it.
type thermometers struct {
	Port   string          `json:"port"`
	Probes []climate.Probe `json:"probes"`
}

// sensors remember what the thermometers and the UPS told last, for people on site.
type sensors struct {
	mu       sync.Mutex
	climates map[int]climate.Status // by module
	power    *power.Status          // nil: there is no UPS, or it was not heard of yet
}

// sensorStatus is how the sensors stand.
type sensorStatus struct {
	Climates []climate.Status `json:"climates"`
	Power    *power.Status    `json:"power,omitempty"`
}

// run hears the sensors until the context ends, and gives the cabinet what they tell.
func (s *sensors) run(ctx context.Context, group *errgroup.Group, c config, h *host.Host, log *slog.Logger) {
	tell := func(in cabinet.Input) {
		if err := h.Tell(ctx, in); err != nil && ctx.Err() == nil {
			log.Warn("what a sensor told was not taken", "error", err)
		}
	}
	for _, line := range c.Climates {
		group.Go(func() error {
			dial := func() (link.Port, error) { return link.Open(line.Port) }
			grace := map[int]int64{} // ms, by module
			for _, p := range line.Probes {
				grace[p.Module] = int64(p.GraceS) * 1000
			}
			return climate.Run(ctx, dial, line.Probes, log.With("line", line.Port), func(st climate.Status) {
				s.mu.Lock()
				s.climates[st.Module] = st
				s.mu.Unlock()
				tell(cabinet.ClimateRead{Module: st.Module, Tenths: st.Tenths, Known: st.Known, GraceMS: grace[st.Module]})
			})
		})
	}
	if c.Power == nil {
		return
	}
	group.Go(func() error {
		return power.Run(ctx, *c.Power, log, func(st power.Status) {
			s.mu.Lock()
			s.power = &st
			s.mu.Unlock()
			if st.Known {
				tell(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: st.OnBattery, Low: st.Low}})
			}
		})
	})
}

func (s *sensors) status() sensorStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := sensorStatus{Climates: []climate.Status{}, Power: s.power}
	for _, module := range slices.Sorted(maps.Keys(s.climates)) {
		st.Climates = append(st.Climates, s.climates[module])
	}
	return st
}

func (st sensorStatus) devices(add func(bool, device)) {
	for _, c := range st.Climates {
		detail := fmt.Sprintf("%.1f °C, %d reads, %d failed", float64(c.Tenths)/10, c.Reads, c.Fails)
		if c.Error != "" {
			detail = c.Error
		}
		add(c.Known, device{"climate", "module " + strconv.Itoa(c.Module), upOr(c.Known, "down"), detail})
	}
	if p := st.Power; p != nil {
		state := map[bool]string{false: "mains", true: "battery"}[p.OnBattery]
		detail := p.Error
		switch {
		case !p.Known:
			state = "unknown"
		case p.Low:
			detail = "it ends soon"
		}
		add(p.Known && !p.OnBattery, device{"power", "ups", state, detail})
	}
}
