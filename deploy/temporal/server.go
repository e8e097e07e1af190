package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/testing/freeport"
	"go.temporal.io/server/temporal"
)

const (
	clusterName = "active"
	loopback    = "127.0.0.1"
	// Whoever asks for a stop waits at most five seconds; what is committed is safe
	// by then, whether or not every goroutine has gone.
	stopBudget = 4500 * time.Millisecond
)

// server is a running Temporal server and its UI.
type server struct {
	address   string
	uiAddress string
	temporal  temporal.Server
	stopUI    func()
	store     store
}

// start returns when a client can start workflows.
func start(ctx context.Context, opts options) (_ *server, err error) {
	if err := checkPorts(opts); err != nil {
		return nil, err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: opts.logLevel}))
	s := &server{address: opts.address(opts.port), uiAddress: "off", stopUI: func() {}}
	if s.store, err = openStore(ctx, opts, logger); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if err := ensureNamespace(ctx, s.store.main, opts, logger); err != nil {
		return nil, fmt.Errorf("namespace %s: %w", opts.namespace, err)
	}
	srv, err := newTemporal(opts, s.store, logger)
	if err != nil {
		return nil, err
	}
	if err := srv.Start(); err != nil {
		return nil, err
	}
	s.temporal = srv
	if err := waitReady(ctx, opts, logger); err != nil {
		return nil, fmt.Errorf("wait until ready: %w", err)
	}
	if opts.uiPort != 0 {
		if s.stopUI, err = startUI(ctx, opts); err != nil {
			s.stopUI = func() {}
			return nil, fmt.Errorf("ui: %w", err)
		}
		s.uiAddress = opts.address(opts.uiPort)
	}
	return s, nil
}

func (s *server) stop() error {
	stopped := make(chan error, 1)
	go func() {
		s.stopUI()
		var err error
		if s.temporal != nil {
			err = s.temporal.Stop()
		}
		s.store.close()
		stopped <- err
	}()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopBudget):
		return nil
	}
}

func newTemporal(opts options, st store, logger log.Logger) (temporal.Server, error) {
	services := map[primitives.ServiceName]config.RPC{
		primitives.FrontendService: {GRPCPort: opts.port, BindOnIP: opts.ip, HTTPPort: freeport.MustGetFreePort()},
		primitives.HistoryService:  {GRPCPort: freeport.MustGetFreePort(), BindOnLocalHost: true},
		primitives.MatchingService: {GRPCPort: freeport.MustGetFreePort(), BindOnLocalHost: true},
		primitives.WorkerService:   {GRPCPort: freeport.MustGetFreePort(), BindOnLocalHost: true},
	}
	cfg := &config.Config{
		Persistence:         st.persistence(),
		Services:            map[string]config.Service{},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: opts.localAddress(opts.port)},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: opts.localAddress(opts.port)},
			},
		},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
	// Static membership: one process needs no gossip, and starts seconds earlier.
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, rpc := range services {
		cfg.Services[string(name)] = config.Service{RPC: rpc}
		hosts[name] = static.SingleLocalHost(net.JoinHostPort(loopback, strconv.Itoa(rpc.GRPCPort)))
	}
	hosts[primitives.FrontendService] = static.SingleLocalHost(opts.localAddress(opts.port))

	authorizer, err := authorization.GetAuthorizerFromConfig(&cfg.Global.Authorization)
	if err != nil {
		return nil, err
	}
	return temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithDynamicConfigClient(dynamicConfig(opts.continueAsNewAfter)),
	)
}

// checkPorts turns a port in use into an error: the server itself would log it
// and exit in the middle of starting.
func checkPorts(opts options) error {
	for _, port := range []int{opts.port, opts.uiPort} {
		if port == 0 {
			continue
		}
		listener, err := net.Listen("tcp", opts.address(port))
		if err != nil {
			return err
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	return nil
}

// address is where clients find the port.
func (o *options) address(port int) string {
	return net.JoinHostPort(o.ip, strconv.Itoa(port))
}

// localAddress is where this process finds the port: one cannot connect to 0.0.0.0
// everywhere.
func (o *options) localAddress(port int) string {
	host := o.ip
	if net.ParseIP(host).IsUnspecified() {
		host = loopback
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
