package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"cubby/cmd/cubby-demo/rig"
)

// autoClose is how long the demo's doors stay open, so that somebody can put something in: the doors of real cabinets are
// shut by people.
const autoClose = 15 * time.Second

// pace lets eyes follow what people do at the start page.
const pace = 700 * time.Millisecond

// OperatorEmail is where the demo's operator is told of incidents.
const OperatorEmail = "operator@cubby.localhost"

// Run is the subcommand: it starts everything, says where it is, and stops it when the context ends.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parse(args, stderr)
	if err != nil {
		return err
	}
	options.Progress = stdout
	began := time.Now()
	fmt.Fprintln(stdout, "run: starting; Ctrl-C stops everything")
	system, err := Start(ctx, options)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("stopped while starting: %w", err)
		}
		return err
	}
	system.print(stdout, time.Since(began))
	err = system.Wait(ctx)
	fmt.Fprintln(stdout, "run: stopping")
	if err := errors.Join(err, system.Stop()); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "run: stopped; the data is in", options.Var)
	return nil
}

func parse(args []string, stderr io.Writer) (Options, error) {
	options := Options{Ports: DefaultPorts()}
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: cubby-demo run [flags]")
		fs.PrintDefaults()
	}
	fs.StringVar(&options.Var, "var", "var", "folder that keeps the data")
	fs.StringVar(&options.Bin, "bin", "bin", "folder of the programs cubby and cubby-temporal")
	fs.DurationVar(&options.AutoClose, "auto-close", autoClose, "after how long doors shut themselves; 0: by hand only")
	fs.StringVar(&options.Public, "public", "", "address of the start page for people, when something passes it on; its own when empty")
	fs.BoolVar(&options.Past, "past", false, "a new network lives through its last two weeks first, which takes some minutes (amd64)")
	small := fs.Bool("small", false, "three empty cabinets instead of the whole demo network")
	free := fs.Bool("free-ports", false, "listen where nobody else does, instead of on the ports below")
	options.Ports.flags(fs)
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return Options{}, rig.ExitStatus(0)
	case err != nil:
		return Options{}, rig.ExitStatus(2)
	case fs.NArg() > 0 || options.Var == "":
		fs.Usage()
		return Options{}, rig.ExitStatus(2)
	}
	options.Full, options.Pace = !*small, pace
	if *free {
		options.Ports = Ports{}
	}
	return options, nil
}

func (s *System) print(out io.Writer, took time.Duration) {
	fmt.Fprintf(out, "\nCubby is running, started in %.1f s. Begin at the start page.\n\n", took.Seconds())
	t := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	for _, a := range s.addresses() {
		fmt.Fprintf(t, "  %s\t%s\n", a.Name, a.URL)
	}
	fmt.Fprintf(t, "  Demo carrier's key\t%s\n", s.CarrierKey)
	fmt.Fprintf(t, "  Demo shop's key\t%s\n", s.ShopKey)
	fmt.Fprintf(t, "  Test key, for the sandbox\t%s\n", s.Sandbox.Key)
	if s.Staff.Login != "" {
		fmt.Fprintf(t, "  Staff, at the desk\tlogin %s, password %s\n", s.Staff.Login, s.Staff.Password)
	}
	fmt.Fprintf(t, "  Courier\tbadge %s, PIN %s\n", s.Badge, s.PIN)
	_ = t.Flush() // to the user's terminal: nothing to do about an error
	fmt.Fprintf(out, "\nLogs are in %s. Ctrl-C stops everything.\n", s.folder.in("log"))
}

// link is an address to show.
type link struct{ Name, URL, About string }

func (s *System) addresses() []link {
	all := []link{
		{"Start page", s.StartURL, "everything side by side, and six buttons"},
		{"Send a parcel", s.StartURL + "send", "send yourself a parcel, and follow it"},
		{"Hands", s.HandsURL, "act before any cabinet: scan, type, open doors, put and take"},
		{"Inbox", s.InboxURL, "every e-mail that is sent"},
		{"API docs", s.APIURL + "/docs", "for carriers, shops and operators; try it with the key"},
		{"Temporal UI", s.TemporalUIURL, "every shipment's workflow"},
		{"Metrics", s.OpsURL + "/metrics", "for Prometheus; health is at /readyz"},
	}
	if s.options.Full {
		all = append(all, link{"Papers", s.StartURL + "papers", "what a courier has in hand: the labels of what L-001 expects, and the way in to L-003"})
	}
	if s.Staff.Login != "" {
		all = append(all, link{"Desk", s.APIURL + "/desk", "for staff: sign in as " + s.Staff.Login + ", password " + s.Staff.Password})
	}
	return all
}
