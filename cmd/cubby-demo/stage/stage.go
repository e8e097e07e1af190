// Package stage sets the whole product up for a play that kills its processes.
package stage

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/rig"
	"cubby/cmd/cubby-demo/run"
	"cubby/models"
)

// startLimit is generous: a loaded machine starts a Postgres and a Temporal server ten times slower than a quiet one.
const startLimit = 3 * time.Minute

// Options say what is set up.
type Options struct {
	// Dir keeps data and logs.
	Dir string
	// Bin is the folder of cubby and cubby-temporal.
	Bin string
	// Postgres has the server run as three processes on a private Postgres, and Temporal keep its data there too.
	// Otherwise the server is one process, and all is on SQLite.
	Postgres bool
	// TemporalApart has Temporal keep its data on SQLite all the same, so that either can be lost alone.
	TemporalApart bool
	// Env is added to the server's environment.
	Env []string
}

// Part is one process of the product: it can be killed, and started again at the same address with the same data.
type Part struct {
	// Name is api, gateway, worker, server (all of these) or temporal.
	Name string
	// Sends: it is the process that sends messages.
	Sends bool
	// OpsURL is where a server's process serves its operators; empty for Temporal.
	OpsURL string

	process *rig.Process
}

// Kill kills the process as kill -9 does, and returns when it is gone.
func (p *Part) Kill() error { return p.process.Kill9() }

// Pid is the process's, 0 when it does not run.
func (p *Part) Pid() int { return p.process.Pid() }

// Freeze has it do nothing until Thaw.
func (p *Part) Freeze() error { return p.process.Freeze() }

// Thaw has it go on.
func (p *Part) Thaw() error { return p.process.Thaw() }

// Start starts it again and returns when it is ready.
func (p *Part) Start(ctx context.Context) error { return p.process.Start(ctx) }

// Ended reports whether the process does not run.
func (p *Part) Ended() bool {
	select {
	case <-p.process.Done():
		return true
	default:
		return false
	}
}

// Stage is the product, set up. Its cabinets' doors are shut by hand alone.
type Stage struct {
	*run.System
	Parts []*Part

	postgres *rig.Postgres // nil: none
}

// Start sets everything up and returns when it serves.
func Start(ctx context.Context, options Options) (_ *Stage, err error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	s := &Stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	parts := []string{"server"}
	wanted := run.Options{Bin: options.Bin, Var: options.Dir, Env: options.Env}
	if options.Postgres {
		// What a killed process has written is safe without fsync: nobody cuts the power here.
		s.postgres, err = rig.StartPostgres(ctx, rig.PostgresOptions{NoSync: true, Log: filepath.Join(options.Dir, "postgres.log")})
		if err != nil {
			return nil, err
		}
		parts = []string{"api", "gateway", "worker"}
		wanted.Processes, wanted.DatabaseURL = parts, s.postgres.DSN
		if !options.TemporalApart {
			wanted.TemporalPostgres = s.postgres.DSN
		}
	}
	if s.System, err = run.Start(ctx, wanted); err != nil {
		return nil, err
	}
	for i, name := range parts {
		s.Parts = append(s.Parts, &Part{Name: name, Sends: name == "worker" || name == "server", OpsURL: s.OpsURLs[i], process: s.Servers[i]})
	}
	s.Parts = append(s.Parts, &Part{Name: "temporal", process: s.Temporal.Process})
	return s, nil
}

// Part finds a part by its name.
func (s *Stage) Part(name string) *Part {
	for _, p := range s.Parts {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Database is the private Postgres; nil without one.
func (s *Stage) Database() *rig.Postgres { return s.postgres }

// REST calls the API with a key.
func (s *Stage) REST(key string) people.Service { return people.Service{Base: s.APIURL, Key: key} }

// Build puts a cabinet up for a locker that was made over REST.
func (s *Stage) Build(ctx context.Context, locker string) (people.Cabinet, error) {
	_, err := s.Cabinets.Add(ctx, models.LockerID(locker))
	return people.Cabinet{Service: s.people(), Locker: locker}, err
}

// Mailbox is the mailbox of an address, or everybody's.
func (s *Stage) Mailbox(address string) people.Mailbox {
	return people.Mailbox{Service: s.people(), Address: address}
}

func (s *Stage) people() people.Service {
	return people.Service{Base: strings.TrimSuffix(s.StartURL, "/")}
}

// Stop stops everything, last started first. The folder stays.
func (s *Stage) Stop() error {
	var errs []error
	if s.System != nil {
		errs = append(errs, s.System.Stop())
	}
	if s.postgres != nil {
		errs = append(errs, s.postgres.Stop())
	}
	return errors.Join(errs...)
}
