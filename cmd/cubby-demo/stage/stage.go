// Package stage sets the whole product up for a play that kills its processes.
package stage

import (
	"context"
	"errors"
	"fmt"
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
	// Agent is the program of the cabinets; cubby-agent in Bin when empty.
	Agent string
	// Postgres has the server run as three processes on a private Postgres, and Temporal keep its data there too.
	// Otherwise the server is one process, and all is on SQLite.
	Postgres bool
	// Instances is how many processes have each role on Postgres; 1 when zero. With more, load balancers are in front.
	Instances int
	// TemporalApart has Temporal keep its data on SQLite all the same, so that either can be lost alone.
	TemporalApart bool
	// Env is added to the server's environment.
	Env []string
}

// Part is one process of the product: it can be killed, and started again at the same address with the same data.
type Part struct {
	// Name is api, gateway, worker, server (all of these) or temporal; with several instances api-1, api-2 and so on.
	Name string
	// Instance is what the process is called among its like; empty for Temporal.
	Instance string
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

// SetClockAhead has the process see a wall clock that is ahead of this machine's from its next start on.
func (p *Part) SetClockAhead(d time.Duration) { p.process.SetClockAhead(d) }

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
	// Database is the Postgres of both the server and Temporal; nil: there is none.
	Database *rig.Postgres
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
	wanted := run.Options{Bin: options.Bin, Agent: options.Agent, Var: options.Dir, Env: options.Env}
	if options.Postgres {
		// What a killed process has written is safe without fsync: nobody cuts the power here.
		s.Database, err = rig.StartPostgres(ctx, rig.PostgresOptions{NoSync: true, Log: filepath.Join(options.Dir, "postgres.log")})
		if err != nil {
			return nil, err
		}
		parts, wanted.Processes = several([]string{"api", "gateway", "worker"}, options.Instances)
		wanted.DatabaseURL = s.Database.DSN
		if !options.TemporalApart {
			wanted.TemporalPostgres = s.Database.DSN
		}
	}
	if s.System, err = run.Start(ctx, wanted); err != nil {
		return nil, err
	}
	for i, name := range parts {
		s.Parts = append(s.Parts, &Part{
			Name: name, Instance: s.Instances[i], Sends: strings.HasPrefix(name, "worker") || name == "server",
			OpsURL: s.OpsURLs[i], process: s.Servers[i],
		})
	}
	s.Parts = append(s.Parts, &Part{Name: "temporal", process: s.Temporal.Process})
	return s, nil
}

// several names the processes that have each of the roles, and gives their roles.
func several(roles []string, instances int) (names, processes []string) {
	if instances <= 1 {
		return roles, roles
	}
	for _, role := range roles {
		for n := range instances {
			names, processes = append(names, fmt.Sprintf("%s-%d", role, n+1)), append(processes, role)
		}
	}
	return names, processes
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
	if s.Database != nil {
		errs = append(errs, s.Database.Stop())
	}
	return errors.Join(errs...)
}
