package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cubby/cmd/cubby-demo/balance"
	"cubby/cmd/cubby-demo/rig"
)

// instance is one process of the server.
type instance struct {
	roles, name, program string
	api, gateway, ops    int // ports
}

func (i instance) has(role string) bool { return slices.Contains(strings.Split(i.roles, ","), role) }

// env is what this process alone has.
func (i instance) env() []string {
	return []string{
		"CUBBY_INSTANCE=" + i.name, "CUBBY_OPS_LISTEN=" + address(i.ops),
		"CUBBY_LISTEN=" + address(i.api), "CUBBY_GATEWAY_LISTEN=" + address(i.gateway),
	}
}

// plan names the processes and gives each its ports: those of the options, while no other process needs them.
func (s *System) plan() ([]instance, error) {
	var all []instance
	for n, roles := range s.options.Processes {
		i := instance{
			roles: roles, name: "run", program: "cubby",
			api: s.options.Ports.API, gateway: s.options.Ports.Gateway, ops: s.options.Ports.Ops,
		}
		if len(s.options.Processes) > 1 {
			i.name, i.program = fmt.Sprintf("run-%d", n), "cubby-"+strings.ReplaceAll(roles, ",", "-")
		}
		if s.several(roles) {
			i.program += fmt.Sprintf("-%d", n)
		}
		free, err := rig.FreePorts(3)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			i.ops = free[0]
		}
		if s.several("api") {
			i.api = free[1]
		}
		if s.several("gateway") {
			i.gateway = free[2]
		}
		all = append(all, i)
	}
	return all, nil
}

// several reports whether more than one process has the roles.
func (s *System) several(roles string) bool {
	n := 0
	for _, of := range s.options.Processes {
		if of == roles || (instance{roles: of}).has(roles) {
			n++
		}
	}
	return n > 1
}

// balance puts a load balancer where several processes have a role that others connect to.
func (s *System) balance(ctx context.Context, all []instance) error {
	for _, front := range []struct {
		role string
		port int
		of   func(instance) int
	}{
		{"api", s.options.Ports.API, func(i instance) int { return i.api }},
		{"gateway", s.options.Ports.Gateway, func(i instance) int { return i.gateway }},
	} {
		if !s.several(front.role) {
			continue
		}
		var backends []balance.Backend
		for _, i := range all {
			if i.has(front.role) {
				backends = append(backends, balance.Backend{Address: address(front.of(i)), Health: origin(i.ops) + "/readyz"})
			}
		}
		b, err := balance.Start(ctx, address(front.port), backends)
		if err != nil {
			return err
		}
		s.stops = append(s.stops, b.Close)
	}
	return nil
}
