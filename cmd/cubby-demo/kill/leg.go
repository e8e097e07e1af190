package kill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/cmd/cubby-demo/sms"
	"cubby/cmd/cubby-demo/stage"
)

const (
	atOnce    = 12
	lockers   = 6
	cellsEach = 10
	// extraLives bounds how many more lives may be played until the kills that are required were made.
	extraLives = 400
	setUpLimit = time.Minute
)

// legOptions say what a leg is.
type legOptions struct {
	name     string
	postgres bool
	lives    int
	seed     uint64
	limit    time.Duration
	quota    quota
	bin, dir string
	out      io.Writer
}

// leg is one run of the harness against one database.
type leg struct {
	legOptions
	stage    *stage.Stage
	operator people.Operator
	player   *player
	killer   *killer
}

// run plays a leg and returns what is wrong with it.
func (o legOptions) run(ctx context.Context) (wrong []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	l := &leg{legOptions: o}
	began := time.Now()
	defer func() { err = errors.Join(err, l.closeReceivers()) }()
	if l.stage, err = stage.Start(ctx, stage.Options{Dir: o.dir, Bin: o.bin, Postgres: o.postgres}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.stage.Stop()) }()
	if err := l.setUp(ctx); err != nil {
		return nil, fmt.Errorf("setting up: %w", err)
	}
	l.say("%d parts, %d lockers of %d cells (%.1f s)", len(l.stage.Parts), lockers, cellsEach, time.Since(began).Seconds())
	began = time.Now()
	lives, killerErr := l.play(ctx)
	l.say("%d lives and %d kills (%.1f s)", len(lives), len(l.killer.shots), time.Since(began).Seconds())
	// The evidence is read even when time is over: it says where the lives stand.
	reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*settleLimit+setUpLimit)
	defer cancel()
	found, err := l.collect(reading, lives, l.killer.shots)
	if err != nil {
		return nil, errors.Join(killerErr, err)
	}
	v := judge(found)
	wrong = v.wrong
	if killerErr != nil {
		wrong = append(wrong, killerErr.Error())
	}
	for _, p := range l.stage.Parts {
		if p.Ended() {
			wrong = append(wrong, p.Name+" ended by itself")
		}
	}
	report(o.out, found, v)
	return wrong, nil
}

func (l *leg) say(format string, args ...any) {
	fmt.Fprintf(l.out, "kill: %s: %s\n", l.name, fmt.Sprintf(format, args...))
}

func (l *leg) closeReceivers() error {
	var errs []error
	if l.player != nil {
		for _, c := range l.player.carriers {
			errs = append(errs, c.receiver.Close())
		}
	}
	return errors.Join(errs...)
}

// patient calls the API with a key, again while it is away.
func (l *leg) patient(key string) people.Service {
	s := l.stage.REST(key)
	s.Persist = true
	return s
}

// setUp makes the carriers and the lockers, over REST.
func (l *leg) setUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	l.operator = people.Operator{Service: l.patient(l.stage.OperatorKey)}
	model, err := l.operator.Model(ctx, "Tower", people.Row{Size: "S", Cells: cellsEach})
	if err != nil {
		return err
	}
	l.player = &player{mailbox: l.stage.Mailbox, sms: l.stage.SMS, tracker: newTracker()}
	for n := range carriers {
		c, err := l.newCarrier(ctx, n+1)
		if err != nil {
			return err
		}
		l.player.carriers = append(l.player.carriers, c)
	}
	for n := range lockers {
		location, err := l.operator.Location(ctx, n)
		if err != nil {
			return err
		}
		id, err := l.operator.Locker(ctx, fmt.Sprintf("K-%03d", n+1), location, model)
		if err != nil {
			return err
		}
		at, err := l.stage.Build(ctx, id)
		if err != nil {
			return err
		}
		l.player.places = append(l.player.places, &place{Cabinet: at})
	}
	for _, at := range l.player.places {
		if err := at.AwaitReady(ctx); err != nil {
			return err
		}
	}
	l.killer = &killer{
		parts: l.stage.Parts, quota: l.quota, tracker: l.player.tracker,
		random: rand.New(rand.NewPCG(l.seed, 0)), log: l.say,
	}
	l.stage.SMS.SetFaults(sms.Faults{Mode: sms.ModeSlow, Delay: slowReply})
	return l.stage.Mailbox("").Misbehave(ctx, "slow", 0, slowReply)
}

// play plays lives, some at once, while the killer kills: as many as were asked for, and more until its quota is met.
func (l *leg) play(ctx context.Context) ([]life, error) {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		lives   []life
		stop    = make(chan struct{})
		met     = make(chan struct{})
		gave    = make(chan error, 1)
		slots   = make(chan struct{}, atOnce)
	)
	killing, endKilling := context.WithCancel(ctx)
	defer endKilling()
	go func() {
		err := l.killer.run(killing, stop, func() { close(met) })
		gave <- err
	}()
	var killerErr error
	ended := false
	for n := 1; !ended && n <= l.lives+extraLives; n++ {
		if n > l.lives {
			select {
			case <-met:
				ended = true
				continue
			default:
			}
		}
		select {
		case slots <- struct{}{}:
		case killerErr = <-gave:
			ended = true
			continue
		case <-ctx.Done():
			ended = true
			continue
		}
		running.Go(func() {
			defer func() { <-slots }()
			done := l.player.play(ctx, n, rand.New(rand.NewPCG(l.seed, uint64(n))))
			mu.Lock()
			defer mu.Unlock()
			lives = append(lives, done)
		})
	}
	close(stop)
	running.Wait()
	endKilling()
	if killerErr == nil {
		select {
		case killerErr = <-gave:
		case <-time.After(2 * startWait):
			killerErr = errors.New("the killer does not end")
		}
	}
	return lives, killerErr
}
