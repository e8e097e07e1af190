package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"cubby/activities"
	"cubby/activities/notify"
	"cubby/activities/notify/sms"
	"cubby/activities/post"
	"cubby/api"
	"cubby/api/desk"
	"cubby/api/gateway"
	"cubby/models"
	"cubby/models/catalogue"
	"cubby/models/store"
	"cubby/worker"
)

// stopWithin is how long requests in flight may take to end.
const stopWithin = 10 * time.Second

// roles is what this process does.
type roles struct{ api, gateway, worker bool }

func parseRoles(list string) (roles, error) {
	var r roles
	for name := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(name) {
		case "api":
			r.api = true
		case "gateway":
			r.gateway = true
		case "worker":
			r.worker = true
		default:
			return r, fmt.Errorf("role %q is not api, gateway or worker", name)
		}
	}
	return r, nil
}

func runServer(ctx context.Context, p program, args []string) error {
	flags := p.flags("server")
	list := flags.String("role", "api,gateway,worker", "what this process does: api, gateway, worker, comma-separated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r, err := parseRoles(*list)
	if err != nil {
		return err
	}
	db, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, db)
	if err := db.CheckMigrated(ctx); err != nil {
		return err
	}
	temporal, err := worker.Client(p.config.temporalAddress, p.config.temporalNamespace, p.log)
	if err != nil {
		return err
	}
	defer temporal.Close()
	return serve(ctx, p, r, db, temporal)
}

// server is what the roles of a process share.
type server struct {
	program
	db       *store.Store
	temporal client.Client
	engine   *worker.Engine
	metrics  *metrics
	group    *errgroup.Group
	fatal    func(error)
	started  atomic.Bool // every role listens
}

// serve runs the roles until the context ends or one of them cannot go on; then all stop.
func serve(ctx context.Context, p program, r roles, db *store.Store, temporal client.Client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	group, ctx := errgroup.WithContext(ctx)
	s := &server{
		program: p, db: db, temporal: temporal, engine: worker.NewEngine(temporal),
		metrics: newMetrics(db, p.log), group: group, fatal: func(err error) { cancel(err) },
	}
	if err := s.listen(ctx, "ops", p.config.opsListen, s.plain(s.metrics.handler(s.ready, s.config.opsProfile))); err != nil {
		return err
	}
	group.Go(func() error { return s.engine.Watch(ctx) })
	for _, role := range []struct {
		on    bool
		start func(context.Context) error
	}{{r.worker, s.work}, {r.gateway, s.gateway}, {r.api, s.api}} {
		if !role.on {
			continue
		}
		if err := role.start(ctx); err != nil {
			cancel(err)
			return errors.Join(err, group.Wait())
		}
	}
	s.started.Store(true)
	p.log.Info("serving", "api", r.api, "gateway", r.gateway, "worker", r.worker)
	err := group.Wait()
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	p.log.Info("stopped", "error", err)
	return err
}

// ready reports whether every role of this process listens and the database answers.
func (s *server) ready(ctx context.Context) error {
	if !s.started.Load() {
		return errors.New("starting")
	}
	return s.db.Ping(ctx)
}

// plain serves a handler without TLS.
func (s *server) plain(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		// A client that reads slowly must not keep its place among the calls in flight.
		WriteTimeout: time.Minute,
		ErrorLog:     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// listen serves on an address, over TLS if the server is configured for it. The port is
// open when it returns.
func (s *server) listen(ctx context.Context, name, address string, srv *http.Server) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if srv.TLSConfig != nil {
		l = tls.NewListener(l, srv.TLSConfig)
	}
	s.group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	s.group.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		return srv.Shutdown(end)
	})
	s.log.Info("listening", "name", name, "address", l.Addr().String())
	return nil
}

func (s *server) api(ctx context.Context) error {
	twilio, err := s.sms()
	if err != nil {
		return err
	}
	texts, err := catalogue.Load()
	if err != nil {
		return err
	}
	dataKey, err := readDataKey(s.config.dataKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("there is no data key: access instructions are not kept", "file", s.config.dataKeyFile)
	} else if err != nil {
		return err
	}
	c := api.Config{
		Keys: s.db, Shipments: s.db, Lockers: s.db, Enrolment: s.db, Network: s.db, Incidents: s.db, Events: s.db, Engine: s.engine,
		Clocks: s.db, Codes: s.db, Pages: s.db, PublicURL: s.config.publicURL, SMSReports: s.db,
		Desk: s.desk(texts), Routes: s.db, Remotes: s.db, Access: s.db, DataKey: dataKey,
		Logger: s.log, Now: time.Now, Rand: rand.Reader, Ready: s.ready,
		Observe: s.metrics.observe, MaxInFlight: s.config.maxInFlight, Quota: s.config.quota,
		Acceptance:      s.config.acceptance,
		PrivateWebhooks: s.config.webhookPrivate,
		Messages:        s.db, Texts: &notify.Renderer{Texts: texts, Domain: s.config.mailDomain},
	}
	// An interface that holds a nil pointer is not nil.
	if twilio != nil {
		c.SMS = twilio
	}
	if s.config.sandboxURL != "" {
		c.Sandbox = &sandbox{base: s.config.sandboxURL, client: http.DefaultClient}
	}
	return s.listen(ctx, "api", s.config.listen, s.plain(api.New(c)))
}

// sms is the provider of SMS; nil: it is switched off.
func (s *server) sms() (*sms.Twilio, error) {
	if s.config.smsProvider == "off" {
		return nil, nil
	}
	twilio := s.config.twilio
	var err error
	if twilio.HashKey, err = readKeyFile("sms key", s.config.smsKeyFile); err != nil {
		return nil, err
	}
	twilio.Public = s.config.publicURL
	return &twilio, twilio.Check()
}

// desk makes the pages of the operator's staff.
func (s *server) desk(texts *catalogue.Catalogue) http.Handler {
	c := desk.Config{
		Staff: s.db, Sessions: s.db, Lockers: s.db, Cells: s.db, Shipments: s.db, Incidents: s.db, Remotes: s.db, Badges: s.db, Enrolments: s.db, Engine: s.engine,
		Texts: texts, Logger: s.log, Now: time.Now, Rand: rand.Reader, PublicURL: s.config.publicURL,
	}
	if s.config.temporalUI != "" {
		c.TemporalUI = s.config.temporalUI + "/namespaces/" + url.PathEscape(s.config.temporalNamespace)
	}
	return desk.New(c)
}

func (s *server) gateway(ctx context.Context) error {
	devices, err := readDevicePool(s.config.deviceCAFile)
	if err != nil {
		return err
	}
	certificate, err := readGatewayCertificate(s.config.gatewayCertFile, s.config.gatewayKeyFile, s.log, time.Now)
	if err != nil {
		return err
	}
	g := gateway.New(gateway.Config{
		Cabinets: s.db, Engine: s.engine, Identity: gateway.Certificates{Authority: devices, Now: time.Now},
		Instance: s.config.instance, Queue: models.QueueGateway(s.config.instance),
		Logger: s.log, Now: time.Now, Rand: rand.Reader,
	})
	s.group.Go(func() error { return g.Run(ctx) })
	w := worker.Gateway(s.temporal, s.config.instance, &activities.Locker{Line: g, Remote: g}, s.fatal)
	s.group.Go(func() error { return worker.Run(ctx, w, s.log) })
	return s.listen(ctx, "gateway", s.config.gatewayListen, g.Server(gateway.TLS(certificate.get, devices)))
}

func (s *server) work(ctx context.Context) error {
	parts, err := s.parts()
	if err != nil {
		return err
	}
	w, posts := worker.Lives(s.temporal, parts, s.fatal), worker.Webhooks(s.temporal, parts, s.fatal)
	waker := &worker.Waker{Feeds: s.db, Client: s.temporal, Holder: s.config.instance, Logger: s.log, Outage: s.config.outageTold}
	forwarder := &worker.Forwarder{
		Outbox: s.db, Client: s.temporal, Holder: s.config.instance, Logger: s.log, Counter: s.metrics.forwarded,
	}
	s.group.Go(func() error { return worker.Run(ctx, w, s.log) })
	s.group.Go(func() error { return worker.Run(ctx, posts, s.log) })
	s.group.Go(func() error { return s.sign(ctx, parts) })
	s.group.Go(func() error { return forwarder.Run(ctx) })
	s.group.Go(func() error { return worker.EraseSealed(ctx, s.db, s.log) })
	s.group.Go(func() error { return waker.Run(ctx) })
	s.group.Go(func() error { return s.publishKey(ctx, parts.Webhook) })
	s.group.Go(func() error { return worker.EnsureSchedules(ctx, s.temporal, s.log) })
	return nil
}

// sign signs remote openings while this process holds the signer's budget: of several that share
// one, one signs at a time.
func (s *server) sign(ctx context.Context, parts worker.Parts) error {
	release, err := worker.HoldBudget(ctx, s.config.signerBudgetFile, s.log)
	if err != nil || release == nil {
		return err
	}
	defer release()
	return worker.Run(ctx, worker.Signer(s.temporal, parts, s.fatal), s.log)
}

// publishKey tells the api to which key webhooks' keys are sealed, as soon as the database answers.
func (s *server) publishKey(ctx context.Context, w *activities.Webhook) error {
	for {
		err := s.db.PublishWorkerKey(ctx, models.PurposeWebhooks, w.Key.PublicKey().Bytes())
		if err == nil || ctx.Err() != nil {
			return nil
		}
		s.log.Warn("the worker's key cannot be published; trying again", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// parts wires the activities of the worker role.
func (s *server) parts() (worker.Parts, error) {
	master, err := readMasterKey(s.config.masterKeyFile)
	if err != nil {
		return worker.Parts{}, err
	}
	authority, err := readDeviceAuthority(s.config.deviceCAFile, s.config.deviceCAKeyFile)
	if err != nil {
		return worker.Parts{}, err
	}
	signers, err := readSigners(s.config.signerKeyFile)
	if err != nil {
		return worker.Parts{}, err
	}
	texts, err := catalogue.Load()
	if err != nil {
		return worker.Parts{}, err
	}
	if err := s.config.mail.Check(); err != nil {
		return worker.Parts{}, err
	}
	twilio, err := s.sms()
	if err != nil {
		return worker.Parts{}, err
	}
	keys, signer := activities.Keyring{Master: master}, signers[0]
	sealed, err := models.DeriveWebhookSealKey(master)
	if err != nil {
		return worker.Parts{}, err
	}
	sending := &activities.Notify{
		Notices: s.db, Mailer: &s.config.mail, Settle: s.config.smsSettle, Keys: keys, Now: time.Now, Tests: s.config.sandboxMessages,
		Renderer: &notify.Renderer{
			Texts: texts, Domain: s.config.mailDomain, Link: activities.Links{Keys: keys, Base: s.config.publicURL}.Link,
		},
	}
	if twilio != nil {
		sending.Texter, sending.TextKey = twilio, twilio.HashKey
	}
	return worker.Parts{
		Shipment: &activities.Shipment{Lives: s.db, Keys: keys, Signer: signer},
		Notify:   sending,
		Cabinet: &activities.Cabinet{
			Keys: keys, Authority: authority, Signers: signers, Store: s.db, Now: time.Now, Rand: rand.Reader,
		},
		Grant:     &activities.Grant{Couriers: s.db, Signer: signer},
		Incident:  &activities.Incident{Store: s.db},
		Retention: &activities.Retention{Store: s.db},
		Closing:   &activities.Closing{Lockers: s.db},
		Remote:    &activities.Remote{Store: s.db},
		Signing: &activities.Signing{
			Signer: signer, Budget: &worker.BudgetFile{Path: s.config.signerBudgetFile, Limits: s.config.remote, Now: time.Now},
			Alarms: s.db, Observe: s.metrics.signed, Logger: s.log, Now: time.Now,
		},
		Page: &activities.Page{Codes: s.db, Keys: keys},
		Webhook: &activities.Webhook{
			Endpoints: s.db, Key: sealed, Now: time.Now,
			Poster: post.New(post.Options{Private: s.config.webhookPrivate, Now: time.Now}),
		},
	}, nil
}
