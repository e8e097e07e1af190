// Package run starts the whole product on this machine, as "make run" does: Temporal, the server, cabinets without
// hardware, an inbox and a start page. Other commands start the same system on free ports in a temporary folder.
package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cubby/cmd/cubby-demo/hands"
	"cubby/cmd/cubby-demo/hooks"
	"cubby/cmd/cubby-demo/inbox"
	"cubby/cmd/cubby-demo/live"
	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rig"
	"cubby/cmd/cubby-demo/sandbox"
	"cubby/cmd/cubby-demo/sites"
	"cubby/cmd/cubby-demo/sms"
	"cubby/models"
)

const (
	startLimit = 2 * time.Minute // a loaded machine starts Temporal ten times slower than a quiet one
	pagesGrace = 3 * time.Second // for requests to the start page that are being answered
	readyEvery = 100 * time.Millisecond

	temporalNamespace = "cubby"
	// workflowsKept is for how long finished workflows are: the desk links to those of two weeks.
	workflowsKept = 30 * 24 * time.Hour
)

// Options say what is started. The zero value of each field but Bin is a sensible default.
type Options struct {
	// Bin is the folder of the programs cubby and cubby-temporal.
	Bin string
	// Agent is the program of the cabinets; cubby-agent in Bin when empty.
	Agent string
	// Var keeps the data; empty: a temporary folder, which Stop removes.
	Var string
	// Ports are where the parts listen; free ones when zero.
	Ports Ports
	// Public is the start page's address for people, ending in a slash, when something passes it on; its own when empty.
	Public string
	// Processes are the roles of each server process; one process with all of them when empty. Several need Postgres. Where
	// several have a role, a load balancer is at the port of it.
	Processes []string
	// DatabaseURL is the server's database; SQLite in Var when empty.
	DatabaseURL string
	// TemporalPostgres keeps Temporal's data in Postgres; SQLite in Var when empty.
	TemporalPostgres string
	// Env is added to the server's environment.
	Env []string
	// AutoClose is after how long the cabinets' doors shut themselves; 0: by hand only.
	AutoClose time.Duration
	// Full makes the whole demo network and fills it behind the page; three cabinets without parcels otherwise.
	Full bool
	// Past: a network that is not there yet lives through its last two weeks first.
	Past bool
	// Pace is how long people take before each act of the start page.
	Pace time.Duration
	// Progress is told what has been started; nil: nobody is.
	Progress io.Writer
}

// System is the running product.
type System struct {
	Network

	APIURL, OpsURL, StartURL, HandsURL, InboxURL string
	TemporalAddress, TemporalUIURL               string

	// Temporal and Servers can be killed and started again; Servers are in the order of Options.Processes.
	Temporal *rig.Temporal
	Servers  []*rig.Process
	OpsURLs  []string // of Servers
	// Instances are the names of Servers among themselves.
	Instances []string
	Cabinets  *sites.Set
	Inbox     *inbox.Inbox
	SMS       *sms.Provider
	Webhooks  *hooks.Receiver // of the whole network alone

	options Options
	folder  *folder
	log     *slog.Logger
	watched []child
	failed  chan error // the start page's server
	front   *front
	filling *filling
	resets  chan struct{}
	pasts   chan struct{}
	clock   time.Duration // ahead of this machine's; behind it while the past is lived
	// backstage is where hands and inbox are while there is no page.
	backstage string
	stops     []func() error
	always    int // of stops, those that a reset leaves alone
}

// Start starts everything and returns when parcels can be announced, brought and collected. The context bounds the start
// alone; the system runs until Stop.
func Start(ctx context.Context, options Options) (_ *System, err error) {
	if options.Ports == (Ports{}) {
		if options.Ports, err = FreePorts(); err != nil {
			return nil, err
		}
	}
	if len(options.Processes) == 0 {
		options.Processes = []string{"api,gateway,worker"}
	}
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	s := &System{options: options, failed: make(chan error, 1), resets: make(chan struct{}, 1), pasts: make(chan struct{}, 1)}
	ports := options.Ports
	s.APIURL, s.OpsURL, s.TemporalUIURL = origin(ports.API), origin(ports.Ops), origin(ports.TemporalUI)
	s.StartURL = cmp.Or(options.Public, origin(ports.Demo)+"/")
	s.HandsURL, s.InboxURL = s.StartURL+"hands/", s.StartURL+"inbox/"
	s.TemporalAddress = address(ports.Temporal)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	if options.Past {
		if err := s.beginPast(); err != nil {
			return nil, err
		}
	}
	return s, s.startAll(ctx)
}

// startAll starts all that a reset stops. A past that is to be lived comes first, and has its own time.
func (s *System) startAll(ctx context.Context) error {
	if err := s.livePast(ctx); err != nil {
		s.front.fails(err)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ports := s.options.Ports
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"inbox on " + address(ports.SMTP), s.startInbox},
		{"SMS provider", s.startSMS},
		{"Temporal on " + s.TemporalAddress, s.startTemporal},
		{"database", s.startDatabase},
		{"server on " + s.APIURL, s.startServers},
		{"demo network", s.seed},
		{"webhook receiver", s.startWebhooks},
		{"cabinets", s.startCabinets},
		{"start page on " + s.StartURL, s.startPages},
	} {
		began := time.Now()
		s.front.begins(step.name, false)
		if err := step.run(ctx); err != nil {
			s.front.fails(err)
			return err
		}
		fmt.Fprintf(s.options.Progress, "run: %s: %.1f s\n", step.name, time.Since(began).Seconds())
	}
	return nil
}

func (s *System) prepare(ctx context.Context) error {
	for _, name := range []string{"cubby", "cubby-agent", "cubby-temporal"} {
		if _, err := exec.LookPath(s.program(name)); err != nil {
			return fmt.Errorf("%w: build it with 'make build', or say where it is with --bin", err)
		}
	}
	if err := s.options.Ports.check(ctx); err != nil {
		return err
	}
	var err error
	if s.folder, err = openFolder(s.options.Var); err != nil {
		return err
	}
	s.stops = append(s.stops, s.folder.close)
	file, err := os.OpenFile(s.folder.log("demo"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, file.Close)
	s.log = slog.New(slog.NewJSONHandler(file, nil))
	if err := s.folder.restoreInterrupted(); err != nil {
		return err
	}
	if s.front, err = startFront(ctx, address(s.options.Ports.Demo), s.failed); err != nil {
		return err
	}
	s.stops = append(s.stops, s.front.close)
	s.always = len(s.stops)
	return nil
}

func (s *System) program(name string) string {
	path := filepath.Join(s.options.Bin, name)
	if !strings.ContainsRune(path, filepath.Separator) {
		path = "." + string(filepath.Separator) + path // never one from PATH
	}
	return path
}

func (s *System) startTemporal(ctx context.Context) error {
	options := rig.TemporalOptions{
		Binary: s.program("cubby-temporal"), PostgresDSN: s.options.TemporalPostgres,
		Port: s.options.Ports.Temporal, UIPort: s.options.Ports.TemporalUI, Log: s.folder.log("temporal"),
		ClockAhead: s.clock, Retention: workflowsKept,
	}
	if options.PostgresDSN == "" {
		options.DataDir = s.folder.in("temporal")
	}
	temporal, err := rig.StartTemporal(ctx, options)
	if err != nil {
		return err
	}
	s.Temporal = temporal
	s.watched = append(s.watched, child{"temporal", options.Log, temporal.Process})
	s.stops = append(s.stops, temporal.Stop)
	return nil
}

func (s *System) startInbox(ctx context.Context) error {
	in, err := inbox.Start(ctx, inbox.Options{
		Address: address(s.options.Ports.SMTP), Dir: s.folder.in("inbox"), Log: s.log.With("part", "inbox"), Now: s.now,
	})
	if err != nil {
		return err
	}
	s.Inbox = in
	s.stops = append(s.stops, in.Close)
	return nil
}

// The account at the SMS provider, which knows no other. The number belongs to nobody.
const (
	smsAccount = "AC00000000000000000000000000000000"
	smsToken   = "demo0000000000000000000000000000"
	smsFrom    = "+15005550006"
	smsFile    = "sms.token"
)

// startSMS starts the provider on a free port: the server is told which.
func (s *System) startSMS(ctx context.Context) error {
	if err := os.WriteFile(s.folder.in(smsFile), []byte(smsToken+"\n"), 0o600); err != nil {
		return err
	}
	provider, err := sms.Start(ctx, sms.Options{
		Address: address(0), Account: smsAccount, Token: smsToken, Inbound: s.APIURL + "/hooks/twilio", Log: s.log.With("part", "sms"),
	})
	if err != nil {
		return err
	}
	s.SMS = provider
	s.stops = append(s.stops, provider.Close)
	return nil
}

// env is the server's configuration, whatever this process's own environment says.
func (s *System) env() []string {
	database := s.options.DatabaseURL
	if database == "" {
		database = "sqlite:" + s.folder.in("cubby.db")
	}
	ports := s.options.Ports
	return append([]string{
		"CUBBY_DATABASE_URL=" + database,
		"CUBBY_LISTEN=" + address(ports.API),
		"CUBBY_PUBLIC_URL=http://" + address(ports.API),
		"CUBBY_OPS_LISTEN=" + address(ports.Ops),
		"CUBBY_GATEWAY_LISTEN=" + address(ports.Gateway),
		"CUBBY_GATEWAY_CERT_FILE=" + s.authority("gateway.pem"),
		"CUBBY_GATEWAY_KEY_FILE=" + s.authority("gateway.key"),
		"CUBBY_DEVICE_CA_FILE=" + s.authority("device-ca.pem"),
		"CUBBY_DEVICE_CA_KEY_FILE=" + s.authority("device-ca.key"),
		"CUBBY_SIGNER_KEY_FILE=" + s.authority("signer.key"),
		"CUBBY_SIGNER_BUDGET_FILE=" + s.authority("signer-budget.json"),
		"CUBBY_INSTANCE=run",
		"CUBBY_TEMPORAL_ADDRESS=" + s.TemporalAddress,
		"CUBBY_TEMPORAL_NAMESPACE=" + temporalNamespace,
		"CUBBY_TEMPORAL_UI_URL=" + s.TemporalUIURL,
		"CUBBY_MASTER_KEY_FILE=" + s.folder.in("master.key"),
		"CUBBY_DATA_KEY_FILE=" + s.folder.in("data.key"),
		"CUBBY_SMTP_ADDRESS=" + address(ports.SMTP),
		"CUBBY_SMTP_TLS=none",
		"CUBBY_SMTP_USER=",
		"CUBBY_WEBHOOK_ALLOW_PRIVATE=on",
		"CUBBY_RATE_LIMIT=0", // the plays ask as fast as they can
		"CUBBY_SANDBOX_URL=" + origin(ports.Demo),
		"CUBBY_SANDBOX_MESSAGES=on", // to the inbox and the provider here
		"CUBBY_SMS_PROVIDER=twilio",
		"CUBBY_SMS_URL=" + s.SMS.URL,
		"CUBBY_SMS_ACCOUNT=" + smsAccount,
		"CUBBY_SMS_TOKEN_FILE=" + s.folder.in(smsFile),
		"CUBBY_SMS_FROM=" + smsFrom,
		"CUBBY_SMS_SETTLE=3s", // the provider here shows at once what it took
		"CUBBY_SMS_KEY_FILE=" + s.folder.in("sms.key"),
	}, s.options.Env...)
}

// now is the time by the network's clocks.
func (s *System) now() time.Time { return time.Now().Add(s.clock) }

// own is the origin at which people find hands and inbox.
func (s *System) own() string { return cmp.Or(s.backstage, origin(s.options.Ports.Demo)) }

func (s *System) authority(file string) string { return s.folder.in("authority", file) }

// Cubby runs a command of the server's program to its end and returns what it printed.
func (s *System) Cubby(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.program("cubby"), args...)
	cmd.Env = append(os.Environ(), s.env()...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := rig.Output(cmd, s.clock)
	if err != nil && said.Len() > 0 {
		err = fmt.Errorf("%w\n%s", err, strings.TrimSpace(said.String()))
	}
	if err != nil {
		return nil, fmt.Errorf("cubby %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

func (s *System) startDatabase(ctx context.Context) error {
	if _, err := s.Cubby(ctx, "key", "data"); err != nil { // keeps the one that there is
		return err
	}
	if _, err := s.Cubby(ctx, "key", "master"); err != nil { // keeps the one that there is
		return err
	}
	if _, err := s.Cubby(ctx, "key", "sms"); err != nil {
		return err
	}
	if _, err := s.Cubby(ctx, "key", "authority", "--dir", s.folder.in("authority"), "--hosts", loopback); err != nil {
		return err
	}
	if _, err := s.Cubby(ctx, "migrate"); err != nil {
		return err
	}
	return s.operatorKey(ctx)
}

func (s *System) startServers(ctx context.Context) error {
	instances, err := s.plan()
	if err != nil {
		return err
	}
	for _, i := range instances {
		process := rig.NewProcess(rig.Spec{
			Name: i.program, Path: s.program("cubby"), Args: []string{"server", "--role", i.roles}, Env: append(s.env(), i.env()...),
			Log: s.folder.log(i.program), ReadyURL: origin(i.ops) + "/readyz", ClockAhead: s.clock,
		})
		if err := process.Start(ctx); err != nil {
			return err
		}
		s.Servers, s.OpsURLs = append(s.Servers, process), append(s.OpsURLs, origin(i.ops))
		s.Instances = append(s.Instances, i.name)
		s.watched = append(s.watched, child{i.program, s.folder.log(i.program), process})
		s.stops = append(s.stops, process.Stop)
	}
	if err := s.balance(ctx, instances); err != nil {
		return err
	}
	// The health port opens before the others do.
	return people.Await(ctx, "the API to be ready", readyEvery, func() (bool, string, error) {
		if err := s.dead(); err != nil {
			return false, "", err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.APIURL+"/readyz", http.NoBody)
		if err != nil {
			return false, "", err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, err.Error(), nil
		}
		return response.StatusCode == http.StatusOK, response.Status, response.Body.Close()
	})
}

// LoseTemporal stops Temporal and removes its data, which is on SQLite. Start begins it empty.
func (s *System) LoseTemporal() error {
	return errors.Join(s.Temporal.Stop(), os.RemoveAll(s.folder.in("temporal")))
}

// Dir is the folder that keeps the data.
func (s *System) Dir() string { return s.folder.path }

// DatabaseFile is the server's database, if it is SQLite.
func (s *System) DatabaseFile() string { return s.folder.in("cubby.db") }

// GatewayAddress is host:port of the device listener.
func (s *System) GatewayAddress() string { return address(s.options.Ports.Gateway) }

// ServerCA is the file of the authority that cabinets believe.
func (s *System) ServerCA() string { return s.authority("server-ca.pem") }

func (s *System) saveNetwork(n Network) error { return s.folder.save(networkFile, n) }

// operatorKey makes the operator's keys at the first start, before the server holds the database.
func (s *System) operatorKey(ctx context.Context) error {
	if there, err := s.folder.load(networkFile, &s.Network); err != nil || there {
		return err
	}
	operator, key, err := s.keyOf(ctx, "--organization-kind", "operator", "--name", "Demo operator", "--email", OperatorEmail, "--scopes", "operator")
	if err != nil {
		return err
	}
	_, second, err := s.keyOf(ctx, "--organization", operator, "--name", "Demo second person", "--scopes", "remote:open")
	if err != nil {
		return err
	}
	s.Network = Network{Operator: operator, OperatorKey: key, SecondKey: second}
	if s.options.Full {
		if err := s.staff(ctx); err != nil {
			return err
		}
	}
	return s.saveNetwork(s.Network)
}

func (s *System) keyOf(ctx context.Context, flags ...string) (organization, secret string, err error) {
	out, err := s.Cubby(ctx, append([]string{"key", "create", "--json"}, flags...)...)
	if err != nil {
		return "", "", err
	}
	var made struct{ Organization, Secret string }
	if err := json.Unmarshal(out, &made); err != nil {
		return "", "", fmt.Errorf("cubby key create: %w", err)
	}
	return made.Organization, made.Secret, nil
}

// Staff is who signs in at the desk.
type Staff struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// staff makes a person for the desk, with a password of its own.
func (s *System) staff(ctx context.Context) error {
	out, err := s.Cubby(ctx, "staff", "add", "--login", "demo", "--name", "Demo staff", "--json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &s.Staff); err != nil {
		return fmt.Errorf("cubby staff add: %w", err)
	}
	return nil
}

func (s *System) seed(ctx context.Context) (err error) {
	s.Network, err = seeder{base: s.APIURL, client: http.DefaultClient, save: s.saveNetwork, full: s.options.Full}.run(ctx, s.Network)
	return err
}

// startCabinets waits until each is connected and has its key, so that nobody finds a dark screen.
func (s *System) startCabinets(ctx context.Context) error {
	s.Cabinets = sites.New(sites.Config{
		Dir: s.folder.in("cabinets"), Agent: cmp.Or(s.options.Agent, s.program("cubby-agent")), Gateway: s.GatewayAddress(),
		ServerCA: s.ServerCA(), AutoClose: s.options.AutoClose, Claim: s.claim, Build: s.buildOf, ClockAhead: s.clock,
		Logger: s.log.With("part", "cabinets"),
	})
	s.stops = append(s.stops, s.Cabinets.Stop)
	for _, locker := range s.sites() {
		if _, err := s.Cabinets.Add(ctx, locker); err != nil {
			return err
		}
	}
	return people.Await(ctx, "the cabinets to be online", readyEvery, func() (bool, string, error) {
		if err := s.dead(); err != nil {
			return false, "", err
		}
		for _, cabinet := range s.Cabinets.All() {
			seen, err := cabinet.Snapshot(ctx)
			if err != nil || !seen.Online || !seen.Keyed {
				return false, fmt.Sprintf("%s online: %t, has its key: %t", cabinet.Locker(), seen.Online, seen.Keyed), err
			}
		}
		return true, "", nil
	})
}

// claim has the operator make a claim for a locker's computer.
func (s *System) claim(ctx context.Context, l models.LockerID) (string, error) {
	var made struct{ Code string }
	err := seeder{base: s.APIURL, client: http.DefaultClient}.call(ctx, s.Network, http.MethodPost, "lockers/"+string(l)+"/claims", nil, &made)
	return made.Code, err
}

// startPages shows everything, and goes on filling the network behind the page.
func (s *System) startPages(context.Context) error {
	own := origin(s.options.Ports.Demo)
	s.filling = newFilling(s)
	page := live.New(s.live(own))
	s.stops = append(s.stops, func() error { page.Close(); return nil })
	mux := http.NewServeMux()
	mux.Handle("/inbox/", s.Inbox.Handler())
	theirs := hands.New(s.Cabinets, s.log.With("part", "hands"))
	mux.Handle("/hands", theirs)
	mux.Handle("/hands/", theirs)
	mux.Handle("/sandbox/", sandbox.New(people.Service{Base: origin(s.options.Ports.Demo)}, sandbox.Courier{Badge: sandboxBadge, PIN: sandboxPIN}))
	sending := newPages(s.view(), people.Carrier{Service: people.Service{Base: s.APIURL, Key: s.CarrierKey}})
	mux.Handle("/", sending)
	if s.options.Full {
		papers := newPapers(s.APIURL, s.OperatorKey, s.CarrierKey, s.Lockers[2], s.filling.expectedAt(s.Lockers[0].ID))
		mux.Handle("/papers", papers)
		mux.Handle("/papers/", papers)
	}
	mine := page.Handler()
	for _, path := range []string{"/{$}", "/live/", "/screen/"} {
		mux.Handle(path, mine)
	}
	s.front.up(mux)
	s.stops = append(s.stops, s.filling.start())
	return nil
}

// live says what the live page shows and moves.
func (s *System) live(own string) live.Config {
	c := live.Config{
		Set: s.Cabinets, Locker: s.Lockers[0].ID, LockerNumber: s.Lockers[0].Number, Own: own, Public: s.StartURL,
		TemporalUI: s.TemporalUIURL, Namespace: temporalNamespace,
		Operator: people.Operator{Service: people.Service{Base: s.APIURL, Key: s.OperatorKey}},
		Carrier:  people.Carrier{Service: people.Service{Base: s.APIURL, Key: s.CarrierKey}},
		Policy:   expressPolicy, Badges: []live.Badge{{Name: "A1", Badge: s.Badge, PIN: s.PIN}},
		// Whatever takes messages is added here.
		Sources: []live.Source{live.SMS{Provider: s.SMS}, live.Mail{Inbox: s.Inbox}},
		Pace:    s.options.Pace, Log: s.log.With("part", "live"),
	}
	if s.Webhooks != nil {
		c.Sources = append(c.Sources, live.Webhook{Receiver: s.Webhooks})
	}
	for _, l := range s.addresses()[1:] {
		c.Links = append(c.Links, live.Link(l))
	}
	if s.options.Full {
		c.Desk, c.Login, c.Sheet = s.APIURL+"/desk", "sign in as "+s.Staff.Login+", password "+s.Staff.Password, "/papers/labels.pdf"
		c.Policy, c.Filling, c.Expected, c.Reset = demoPolicy, s.filling.state, s.filling.expected, s.Reset
		if _, err := os.Stat(s.folder.in(pastFile)); err != nil && canLivePast() {
			c.Past = s.LivePast
		}
		c.Others = []live.Shown{{Locker: s.Lockers[1].ID, Number: s.Lockers[1].Number}}
		for _, courier := range s.Couriers {
			c.Badges = append(c.Badges, live.Badge(courier))
		}
	}
	return c
}
