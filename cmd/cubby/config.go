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
	instance          string
	temporalAddress   string
	temporalNamespace string
	masterKeyFile     string
	mail              notify.SMTP
	mailDomain        string
	maxInFlight       int
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
		{"CUBBY_OPS_PROFILE", "off", "on: /debug/pprof too; a profile may hold anything that is in memory", opsProfile},
		{"CUBBY_INSTANCE", host, "name of this instance, stable over restarts, unlike every other's", instanceName},
		{"CUBBY_TEMPORAL_ADDRESS", "127.0.0.1:7233", "Temporal's frontend", text(func(c *config) *string { return &c.temporalAddress })},
		{"CUBBY_TEMPORAL_UI_URL", "", "Temporal's UI, which the desk links to; empty: no links (role api)", temporalUI},
		{"CUBBY_TEMPORAL_NAMESPACE", "cubby", "Temporal's namespace", text(func(c *config) *string { return &c.temporalNamespace })},
		{"CUBBY_MASTER_KEY_FILE", "var/master.key", "the master key, 64 hex digits, made by 'cubby key master' (role worker)", text(func(c *config) *string { return &c.masterKeyFile })},
		{"CUBBY_SMTP_ADDRESS", "127.0.0.1:1025", "mail server (role worker)", text(func(c *config) *string { return &c.mail.Address })},
		{"CUBBY_SMTP_FROM", "noreply@cubby.localhost", "sender's address", text(func(c *config) *string { return &c.mail.From })},
		{"CUBBY_SMTP_TLS", "starttls", "starttls, tls, or none (to this machine only)", func(c *config, v string) error { c.mail.TLS = notify.TLSMode(v); return nil }},
		{"CUBBY_SMTP_USER", "", "user for AUTH; empty: none", text(func(c *config) *string { return &c.mail.User })},
		{"CUBBY_SMTP_PASSWORD_FILE", "", "file with the password", passwordFile},
		{"CUBBY_SMTP_TIMEOUT", "10s", "for a whole dialogue, 12s at most", mailTimeout},
		{"CUBBY_MAIL_DOMAIN", "cubby.localhost", "right side of the Message-ID", text(func(c *config) *string { return &c.mailDomain })},
		{"CUBBY_MAX_IN_FLIGHT", "256", "requests served at once; more wait shortly, then get 503", inFlight},
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

func opsProfile(c *config, v string) error {
	c.opsProfile = v == "on"
	if v != "on" && v != "off" {
		return errors.New("must be on or off")
	}
	return nil
}

func passwordFile(c *config, v string) error {
	if v == "" {
		return nil
	}
	raw, err := os.ReadFile(v)
	c.mail.Password = strings.TrimRight(string(raw), "\r\n")
	return err
}

func mailTimeout(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err == nil && (d <= 0 || d > 12*time.Second) {
		err = errors.New("must be over 0 and at most 12s")
	}
	c.mail.Timeout = d
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
