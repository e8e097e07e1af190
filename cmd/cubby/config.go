package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"cubby/activities/notify"
	"cubby/activities/notify/sms"
	"cubby/api"
	"cubby/models"
)

// setting is one environment variable.
type setting struct {
	name, def, help string
	apply           func(c *config, value string) error
}

// config is the server's configuration.
type config struct {
	databaseURL       string
	listen            string
	publicURL         string
	temporalUI        string
	opsListen         string
	gatewayListen     string
	gatewayCertFile   string
	gatewayKeyFile    string
	deviceCAFile      string
	deviceCAKeyFile   string
	signerKeyFile     string
	signerBudgetFile  string
	remote            models.RemoteLimits
	instance          string
	temporalAddress   string
	temporalNamespace string
	masterKeyFile     string
	dataKeyFile       string
	mail              notify.SMTP
	mailDomain        string
	smsProvider       string // "off" or "twilio"
	smsKeyFile        string
	smsSettle         time.Duration
	twilio            sms.Twilio
	maxInFlight       int
	outageTold        time.Duration
	sandboxURL        string
	sandboxMessages   bool
	quota             api.Quota
	webhookPrivate    bool
	acceptance        models.Acceptance
	logLevel          string
	opsProfile        bool
}

func text(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error { *field(c) = v; return nil }
}

// settings lists every setting with its default: --help prints it, and nothing else is
// read from the environment.
func settings() []setting {
	host, err := os.Hostname()
	if err != nil {
		host = "cubby"
	}
	return []setting{
		{"CUBBY_DATABASE_URL", "sqlite:var/cubby.db", "sqlite:PATH (one process runs everything) or postgres://…", text(func(c *config) *string { return &c.databaseURL })},
		{"CUBBY_LISTEN", "127.0.0.1:8080", "REST and API docs (role api)", text(func(c *config) *string { return &c.listen })},
		{"CUBBY_PUBLIC_URL", "http://127.0.0.1:8080", "where clients reach their pages, without a slash at the end (roles api, worker)", publicURL},
		{"CUBBY_OPS_LISTEN", "127.0.0.1:9090", "/healthz, /readyz and /metrics, for operators only", text(func(c *config) *string { return &c.opsListen })},
		{"CUBBY_GATEWAY_LISTEN", "127.0.0.1:8443", "cabinets, over TLS (role gateway)", text(func(c *config) *string { return &c.gatewayListen })},
		{"CUBBY_GATEWAY_CERT_FILE", authorityFile(gatewayTLS + ".pem"), "the gateway's certificate, made by 'cubby key authority', renewed by 'cubby key gateway' (role gateway)", text(func(c *config) *string { return &c.gatewayCertFile })},
		{"CUBBY_GATEWAY_KEY_FILE", authorityFile(gatewayTLS + ".key"), "its key (role gateway)", text(func(c *config) *string { return &c.gatewayKeyFile })},
		{"CUBBY_DEVICE_CA_FILE", authorityFile(deviceCA + ".pem"), "certificates of the authorities of cabinets' certificates (roles gateway, worker)", text(func(c *config) *string { return &c.deviceCAFile })},
		{"CUBBY_DEVICE_CA_KEY_FILE", authorityFile(deviceCA + ".key"), "the authority's key (role worker)", text(func(c *config) *string { return &c.deviceCAKeyFile })},
		{"CUBBY_SIGNER_KEY_FILE", authorityFile(signerFile), "the key that signs grants (role worker)", text(func(c *config) *string { return &c.signerKeyFile })},
		{"CUBBY_SIGNER_BUDGET_FILE", "var/signer-budget.json", "what the signer of remote openings has signed lately; keep it where neither the database's owner nor an api can write (role worker)", text(func(c *config) *string { return &c.signerBudgetFile })},
		{"CUBBY_REMOTE_PER_MINUTE", strconv.Itoa(models.DefaultRemoteLimits().PerMinute), fmt.Sprintf("doors that are opened from afar in the whole network within a minute, %d at most; one more stops the signer for %v (role worker)", models.RemoteLimitsMost().PerMinute, models.RemoteStopsFor), upTo(models.RemoteLimitsMost().PerMinute, func(c *config) *int { return &c.remote.PerMinute })},
		{"CUBBY_REMOTE_PER_OPERATOR", strconv.Itoa(models.DefaultRemoteLimits().PerOperator), fmt.Sprintf("the same for one person or key within an hour, %d at most (role worker)", models.RemoteLimitsMost().PerOperator), upTo(models.RemoteLimitsMost().PerOperator, func(c *config) *int { return &c.remote.PerOperator })},
		{"CUBBY_OPS_PROFILE", "off", "on: /debug/pprof too; a profile may hold anything that is in memory", onOff(func(c *config) *bool { return &c.opsProfile })},
		{"CUBBY_INSTANCE", host, "name of this instance, stable over restarts, unlike every other's", instanceName},
		{"CUBBY_TEMPORAL_ADDRESS", "127.0.0.1:7233", "Temporal's frontend", text(func(c *config) *string { return &c.temporalAddress })},
		{"CUBBY_TEMPORAL_UI_URL", "", "Temporal's UI, which the desk links to; empty: no links (role api)", temporalUI},
		{"CUBBY_TEMPORAL_NAMESPACE", "cubby", "Temporal's namespace", text(func(c *config) *string { return &c.temporalNamespace })},
		{"CUBBY_MASTER_KEY_FILE", "var/master.key", "the master key, 64 hex digits, made by 'cubby key master' (role worker)", text(func(c *config) *string { return &c.masterKeyFile })},
		{"CUBBY_DATA_KEY_FILE", "var/data.key", "the key of access instructions, 64 hex digits, made by 'cubby key data'; without the file there are none (role api)", text(func(c *config) *string { return &c.dataKeyFile })},
		{"CUBBY_SMTP_ADDRESS", "127.0.0.1:1025", "mail server (role worker)", text(func(c *config) *string { return &c.mail.Address })},
		{"CUBBY_SMTP_FROM", "noreply@cubby.localhost", "sender's address", text(func(c *config) *string { return &c.mail.From })},
		{"CUBBY_SMTP_TLS", "starttls", "starttls, tls, or none (to this machine only)", func(c *config, v string) error { c.mail.TLS = notify.TLSMode(v); return nil }},
		{"CUBBY_SMTP_USER", "", "user for AUTH; empty: none", text(func(c *config) *string { return &c.mail.User })},
		{"CUBBY_SMTP_PASSWORD_FILE", "", "file with the password", secretFile(func(c *config) *string { return &c.mail.Password })},
		{"CUBBY_SMTP_TIMEOUT", "10s", "for a whole dialogue, 12s at most", mailTimeout},
		{"CUBBY_MAIL_DOMAIN", "cubby.localhost", "right side of the Message-ID", text(func(c *config) *string { return &c.mailDomain })},
		{"CUBBY_ACCEPTANCE", "automatic", "who accepts the computers of new lockers: automatic or operator (role api)", acceptance},
		{"CUBBY_WEBHOOK_ALLOW_PRIVATE", "off", "on, to try things out: webhooks may go to this machine, also by http, and to its network (roles api, worker)", onOff(func(c *config) *bool { return &c.webhookPrivate })},
		{"CUBBY_SMS_PROVIDER", "off", "off, or twilio (roles api, worker)", smsProvider},
		{"CUBBY_SMS_URL", "https://api.twilio.com", "the provider's API (roles api, worker)", text(func(c *config) *string { return &c.twilio.URL })},
		{"CUBBY_SMS_ACCOUNT", "", "the account, AC… (roles api, worker)", text(func(c *config) *string { return &c.twilio.Account })},
		{"CUBBY_SMS_TOKEN_FILE", "", "file with the account's auth token, which signs callbacks too (roles api, worker)", secretFile(func(c *config) *string { return &c.twilio.Token })},
		{"CUBBY_SMS_FROM", "", "sender: a number, a name, or a messaging service, MG… (roles api, worker)", text(func(c *config) *string { return &c.twilio.From })},
		{"CUBBY_SMS_TIMEOUT", "5s", "for a call to the provider, 6s at most", duration(func(c *config) *time.Duration { return &c.twilio.Timeout })},
		{"CUBBY_SMS_SETTLE", "30s", "after an attempt without an answer, when the provider is asked whether it has the message", duration(func(c *config) *time.Duration { return &c.smsSettle })},
		{"CUBBY_SMS_KEY_FILE", "var/sms.key", "key of the hashes of phones, 64 hex digits, made by 'cubby key sms' (roles api, worker)", text(func(c *config) *string { return &c.smsKeyFile })},
		{"CUBBY_OUTAGE_TOLD", "30m", "for how long of its opening hours a locker is away before clients with parcels in it are told (role worker)", duration(func(c *config) *time.Duration { return &c.outageTold })},
		{"CUBBY_MAX_IN_FLIGHT", "256", "requests served at once; more wait shortly, then get 503", inFlight},
		{"CUBBY_RATE_LIMIT", "6000", "calls that each key may make a minute, counted by each process; 0: any number (role api)", rateLimit},
		{"CUBBY_SANDBOX_URL", "", "who moves the cabinets of test lockers, such as http://127.0.0.1:8090; empty: no sandbox (role api)", text(func(c *config) *string { return &c.sandboxURL })},
		{"CUBBY_SANDBOX_MESSAGES", "off", "on, where mail and SMS go to stand-ins: messages of test shipments are sent too, and not only made (role worker)", onOff(func(c *config) *bool { return &c.sandboxMessages })},
		{"CUBBY_LOG_LEVEL", "info", "debug, info, warn or error", text(func(c *config) *string { return &c.logLevel })},
	}
}

func authorityFile(name string) string { return filepath.Join(authorityDir, name) }

func instanceName(c *config, v string) error {
	if v == "" || strings.ContainsAny(v, " /\t\n") {
		return errors.New("a name without spaces or slashes is needed")
	}
	c.instance = v
	return nil
}

func publicURL(c *config, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return errors.New("must be like https://parcels.example")
	}
	c.publicURL = v
	return nil
}

func temporalUI(c *config, v string) error {
	u, err := url.Parse(v)
	if v != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.User != nil) {
		return errors.New("must be like https://temporal.example")
	}
	c.temporalUI = strings.TrimSuffix(v, "/")
	return nil
}

func onOff(field func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) error {
		*field(c) = v == "on"
		if v != "on" && v != "off" {
			return errors.New("must be on or off")
		}
		return nil
	}
}

// secretFile reads a field from a file that the value names.
func secretFile(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		if v == "" {
			return nil
		}
		raw, err := os.ReadFile(v)
		*field(c) = strings.TrimRight(string(raw), "\r\n")
		return err
	}
}

func duration(field func(*config) *time.Duration) func(*config, string) error {
	return func(c *config, v string) (err error) {
		*field(c), err = time.ParseDuration(v)
		if err == nil && *field(c) <= 0 {
			err = errors.New("must be over 0")
		}
		return err
	}
}

// upTo reads a number from 1 to a limit that no setting lifts.
func upTo(most int, field func(*config) *int) func(*config, string) error {
	return func(c *config, v string) error {
		n, err := strconv.Atoi(v)
		if err == nil && (n < 1 || n > most) {
			err = fmt.Errorf("must be 1 to %d", most)
		}
		*field(c) = n
		return err
	}
}

func smsProvider(c *config, v string) error {
	c.smsProvider = v
	if v != "off" && v != "twilio" {
		return errors.New("must be off or twilio")
	}
	return nil
}

func acceptance(c *config, v string) error {
	c.acceptance = models.Acceptance(v)
	if c.acceptance != models.AcceptAutomatic && c.acceptance != models.AcceptOperator {
		return errors.New("must be automatic or operator")
	}
	return nil
}

func mailTimeout(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err == nil && (d <= 0 || d > 12*time.Second) {
		err = errors.New("must be over 0 and at most 12s")
	}
	c.mail.Timeout = d
	return err
}

func rateLimit(c *config, v string) error {
	n, err := strconv.Atoi(v)
	if err == nil && n < 0 {
		err = errors.New("must be 0 or more")
	}
	c.quota = api.Quota{Calls: n, Window: time.Minute}
	return err
}

func inFlight(c *config, v string) error {
	n, err := strconv.Atoi(v)
	if err == nil && n < 1 {
		err = errors.New("must be at least 1")
	}
	c.maxInFlight = n
	return err
}

// load reads the settings through getenv and tells all that is wrong at once.
func load(getenv func(string) (string, bool)) (config, error) {
	var c config
	var errs []error
	for _, s := range settings() {
		v, ok := getenv(s.name)
		if !ok {
			v = s.def
		}
		if err := s.apply(&c, v); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	return c, errors.Join(errs...)
}

// printSettings is the second half of --help.
func printSettings(w io.Writer) {
	fmt.Fprintln(w, "\nSettings (environment):")
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	for _, s := range settings() {
		def := s.def
		if def == "" {
			def = "-"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\n", s.name, def, s.help)
	}
	_ = t.Flush() // to the user's terminal: nothing to do about an error
}
