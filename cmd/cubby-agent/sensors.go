package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/agent/cabinet"
	"cubby/agent/climate"
	"cubby/agent/host"
	"cubby/agent/link"
	"cubby/agent/power"
	"cubby/agent/relay"
)

// thermometers is a line with thermometers on it.
type thermometers struct {
	Port   string          `json:"port"`
	Probes []climate.Probe `json:"probes"`
}

// relays is a line with relay boards on it.
type relays struct {
	Port   string        `json:"port"`
	Boards []relay.Board `json:"boards"`
}

// lines are those of the relays. Nothing is sent before they run.
func (c config) lines(log *slog.Logger) (all relay.Lines) {
	for _, r := range c.Relays {
		dial := func() (link.Port, error) { return link.Open(r.Port) }
		all = append(all, relay.NewLine(r.Boards, dial, log.With("line", r.Port)))
	}
	return all
}

// relaysWithin is how long relay boards have to answer while the program is stopped.
const relaysWithin = time.Second

// lookAtRelays looks at the relay boards while nobody else has their lines. No relay is driven.
func (c config) lookAtRelays(ctx context.Context) sensorStatus {
	lines := c.lines(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(ctx, relaysWithin)
	defer cancel()
	var looks errgroup.Group
	for _, l := range lines {
		looks.Go(func() error { return l.Run(ctx, func(relay.Event) {}) })
	}
	_ = looks.Wait() // what is wrong is in the status
	return sensorStatus{Relays: lines.Status()}
}

// sensors remember what the thermometers and the UPS told last, for people on site.
type sensors struct {
	mu       sync.Mutex
	climates map[int]climate.Status // by module
	relays   relay.Lines
	power    *power.Status // nil: there is no UPS, or it was not heard of yet
}

// sensorStatus is how the sensors stand.
type sensorStatus struct {
	Climates []climate.Status `json:"climates"`
	Relays   []relay.Status   `json:"relays"`
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
	for _, l := range s.relays {
		group.Go(func() error {
			return l.Run(ctx, func(e relay.Event) {
				if e.Contact != "" {
					tell(cabinet.TamperRead{Tamper: e.Contact, Alarm: e.Alarm, Known: e.Known})
					return
				}
				tell(cabinet.OutputChanged{Output: e.Output, Up: e.Up})
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
			if st.Known || st.Silent {
				tell(cabinet.PowerChanged{Power: cabinet.Power{OnBattery: st.OnBattery, Low: st.Low}})
			}
		})
	})
}

func (s *sensors) status() sensorStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := sensorStatus{Climates: []climate.Status{}, Relays: s.relays.Status(), Power: s.power}
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
	for _, r := range st.Relays {
		detail := fmt.Sprintf("%v, answers in %d ms, driven %d times, %d reads failed", slices.Concat(names(r.Outputs), names(r.Contacts)),
			r.Latency.Milliseconds(), r.Drives, r.Fails)
		if !r.Up {
			detail = r.Error
		} else if len(r.Alarms) > 0 {
			detail = fmt.Sprintf("alarm of %v; %s", r.Alarms, detail)
		}
		add(r.Up && len(r.Alarms) == 0, device{"relays", r.Name, upOr(r.Up, "down"), detail})
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

func names[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, n := range list {
		all[i] = string(n)
	}
	return all
}

// runRelay tries an output by the program that runs.
func runRelay(ctx context.Context, p program, args []string) error {
	name := ""
	c, err := p.configured("relay", args, flagString(&name, "output", "the output's name"))
	if err != nil {
		return err
	}
	var done struct{ Done bool }
	if err := c.ask(ctx, http.MethodPost, "/relay?output="+url.QueryEscape(name), nil, &done); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s: its relay is told; see cubby-agent check\n", name)
	return err
}
