package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"cubby/cmd/cubby-demo/rig"
)

const loopback = "127.0.0.1"

// Ports are where the parts listen, all on 127.0.0.1.
type Ports struct {
	API, Ops, Gateway, Temporal, TemporalUI, Demo, SMTP int
}

// DefaultPorts are those of "make run".
func DefaultPorts() Ports {
	return Ports{API: 8080, Ops: 9090, Gateway: 8090, Temporal: 7233, TemporalUI: 8233, Demo: 8070, SMTP: 1025}
}

// FreePorts are some that nobody listens on.
func FreePorts() (Ports, error) {
	var p Ports
	named := p.named()
	free, err := rig.FreePorts(len(named))
	for i, port := range free {
		*named[i].port = port
	}
	return p, err
}

// namedPort is a port with its flag and what listens there.
type namedPort struct {
	flag, what string
	port       *int
}

func (p *Ports) named() []namedPort {
	return []namedPort{
		{"port-api", "the REST API and its docs", &p.API},
		{"port-ops", "health and metrics", &p.Ops},
		{"port-gateway", "cabinets", &p.Gateway},
		{"port-temporal", "Temporal", &p.Temporal},
		{"port-temporal-ui", "the Temporal UI", &p.TemporalUI},
		{"port-demo", "the start page, hands and inbox", &p.Demo},
		{"port-smtp", "the inbox's mail server", &p.SMTP},
	}
}

func (p *Ports) flags(fs *flag.FlagSet) {
	for _, n := range p.named() {
		fs.IntVar(n.port, n.flag, *n.port, "port of "+n.what)
	}
}

// check reports every port that cannot be listened on.
func (p *Ports) check(ctx context.Context) error {
	syscall.ForkLock.RLock() // as in rig.FreePorts
	defer syscall.ForkLock.RUnlock()
	var errs []error
	for _, n := range p.named() {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address(*n.port))
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			err = fmt.Errorf("port %d for %s is in use: stop what listens there, choose another with --%s, or use --free-ports",
				*n.port, n.what, n.flag)
		case err != nil:
			err = fmt.Errorf("port %d for %s (--%s): %w", *n.port, n.what, n.flag, err)
		default:
			err = listener.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

func origin(port int) string { return "http://" + address(port) }
