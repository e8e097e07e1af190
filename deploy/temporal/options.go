package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/testing/freeport"
)

// options is the command line.
type options struct {
	dataDir          string
	postgresDSN      string
	ip               string
	port             int
	uiPort           int
	namespace        string
	retention        time.Duration
	searchAttributes map[string]enumspb.IndexedValueType
	logLevel         string
	// continueAsNewAfter is the number of events after which a workflow is told to continue
	// as new; 0: the server's default.
	continueAsNewAfter int
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	opts := options{searchAttributes: map[string]enumspb.IndexedValueType{}}
	flags := flag.NewFlagSet("cubby-temporal", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&opts.dataDir, "data", "", "folder of the SQLite database; without it and --postgres nothing is kept")
	flags.StringVar(&opts.postgresDSN, "postgres", "", "connection string of a Postgres server; the databases temporal and temporal_visibility are made when missing")
	flags.StringVar(&opts.ip, "ip", "127.0.0.1", "address to listen on")
	flags.IntVar(&opts.port, "port", 7233, "gRPC port; 0 picks a free one")
	flags.IntVar(&opts.uiPort, "ui-port", 8233, "web UI port; 0 turns the UI off")
	flags.StringVar(&opts.namespace, "namespace", "cubby", "namespace to create")
	flags.DurationVar(&opts.retention, "retention", 168*time.Hour, "how long finished workflows are kept")
	flags.StringVar(&opts.logLevel, "log-level", "warn", "debug, info, warn or error")
	flags.IntVar(&opts.continueAsNewAfter, "continue-as-new-after", 0, "tell workflows to continue as new after so many events; 0 is the server's default")
	flags.Func("search-attribute", "custom search attribute as `Name=Type`, repeatable (types: Bool, Datetime, Double, Int, Keyword, KeywordList, Text)", opts.addSearchAttribute)
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := opts.validate(); err != nil {
		return options{}, err
	}
	if opts.port == 0 {
		opts.port = freeport.MustGetFreePort()
	}
	return opts, nil
}

func (o *options) addSearchAttribute(value string) error {
	name, typeName, ok := strings.Cut(value, "=")
	if !ok || name == "" {
		return errors.New("want Name=Type")
	}
	valueType, err := enumspb.IndexedValueTypeFromString(typeName)
	if err != nil || valueType == enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED {
		return fmt.Errorf("unknown type %q", typeName)
	}
	if earlier, ok := o.searchAttributes[name]; ok && earlier != valueType {
		return fmt.Errorf("%s is given twice, as %s and as %s", name, earlier, valueType)
	}
	o.searchAttributes[name] = valueType
	return nil
}

func (o *options) validate() error {
	switch {
	case o.dataDir != "" && o.postgresDSN != "":
		return errors.New("--data and --postgres exclude each other")
	case net.ParseIP(o.ip) == nil:
		return fmt.Errorf("--ip %q is no IP address", o.ip)
	case o.namespace == "":
		return errors.New("--namespace is empty")
	case o.retention <= 0:
		return errors.New("--retention must be positive")
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, o.logLevel):
		return fmt.Errorf("unknown --log-level %q", o.logLevel)
	}
	return nil
}
