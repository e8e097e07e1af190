// Package scenes plays short scenes with the whole product and judges each from outside: by REST, the inbox and the
// hands. Each scene can be broken on purpose, in the product's surroundings, and must notice.
package scenes

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/rig"
	"cubby/cmd/cubby-demo/stage"
)

const (
	sceneLimit = time.Minute
	// brokenLimit is shorter: what a broken scene waits for never comes.
	brokenLimit = 20 * time.Second
)

// EnvBreak names the scene to break.
const EnvBreak = "BREAK"

// scene is one of them. Its breakage is a sentence that says what BREAK does to it.
type scene struct {
	name, breakage string
	play           func(ctx context.Context, w *world) error
}

// waits names the scenes in which most of the time nothing but time happens: they are played side by side, after the others.
func waits() []string { return []string{"expired", "never-came", "clock-paused", "sandbox"} }

func all() []scene {
	return []scene{
		{"one-parcel", "the mail server refuses the message", oneParcel},
		{"two-parcels", "one of the two doors is jammed", twoParcels},
		{"idempotent-announce", "the repeat comes with another key", idempotentAnnounce},
		{"no-capacity", "the locker is larger", noCapacity},
		{"foreign-shipment-404", "the stranger holds an operator's key", foreignShipment},
		{"wrong-code-and-typo", "the wrong code is the right one", wrongCodeAndTypo},
		{"late-and-twice", "the second label is one of another parcel", lateAndTwice},
		{"temporal-down", "Temporal stays down", temporalDown},
		{"server-restart", "the server stays down", serverRestart},
		{"retried-message", "the mail server does not drop the connection", retriedMessage},
		{"by-sms", "the provider refuses the phone", bySMS},
		{"network-cut", "the line is not mended", networkCut},
		{"agent-killed", "the door is shut while the agent is dead", agentKilled},
		{"jammed-among-three", "the lock is not jammed", jammedAmongThree},
		{"late-command", "the client does not walk away", lateCommand},
		{"dead-board", "the other board is dead", deadBoard},
		{"cancelled-inside", "the shipment is not cancelled", cancelledInside},
		{"qr-pickup", "the client shows the QR that was replaced", qrPickup},
		{"new-code", "no new code is asked for", newCode},
		{"contact-changed", "the contact is not changed", contactChanged},
		{"frozen", "the shipment is not frozen", frozen},
		{"extended", "storage is lengthened once only", extended},
		{"rerouted", "it goes to where it is", rerouted},
		{"paused", "the locker is not paused", paused},
		{"expired", "storage lasts an hour", expired},
		{"never-came", "nobody waits for what does not come", neverCame},
		{"clock-paused", "the line is not cut", clockPaused},
		{"quiet-hours", "there are none", quietHours},
		{"takeover", "the list has two parcels the wrong way round", takeover},
		{"refused", "the client takes it after all", refused},
		{"load-failed", "the parcel fits", loadFailed},
		{"room-kept", "no room is kept", roomKept},
		{"room-lost", "the other board is dead", roomLost},
		{"closed", "the locker is closed and not emptied", closed},
		{"carriers-day", "the receiver trusts another secret", carriersDay},
		{"sandbox", "no time passes", sandbox},
		{"privacy", "the number is the client's name", privacy},
		{"flood", "a server that was never busy is the measure", flood},
		{"cell-orders", "another cell is ordered out", cellOrders},
		{"remote-open", "the second person is the first", remoteOpen},
		{"courier-suspended", "another courier is suspended", courierSuspended},
	}
}

// choose returns the scenes to play: all, or only the one that is named.
func choose(name string) ([]scene, error) {
	if name == "" {
		return all(), nil
	}
	var names []string
	for _, s := range all() {
		if s.name == name {
			return []scene{s}, nil
		}
		names = append(names, s.name)
	}
	return nil, fmt.Errorf("%q: there is no such scene; there are %s", name, strings.Join(names, ", "))
}

// Main plays the scenes, one after another, until one fails.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("scenes", flag.ContinueOnError)
	flags.SetOutput(stderr)
	bin := flags.String("bin", besideThis(), "the folder of cubby and cubby-temporal")
	only := flags.String("only", "", "play this scene alone")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return rig.ExitStatus(2)
	}
	broken := os.Getenv(EnvBreak)
	name, err := run(ctx, *bin, cmp.Or(broken, *only), broken, stdout)
	if err == nil {
		fmt.Fprintln(stdout, "demo: passed")
		return nil
	}
	fmt.Fprintf(stdout, "demo: failed: %s: %v\n", name, err)
	return rig.ExitStatus(1)
}

// run returns the name of what failed with the error.
func run(ctx context.Context, bin, only, broken string, stdout io.Writer) (name string, err error) {
	chosen, err := choose(only)
	if err != nil {
		return "scenes", err
	}
	dir, err := os.MkdirTemp("", "cubby-scenes-")
	if err != nil {
		return "start", err
	}
	defer func() {
		if err != nil && broken == "" {
			fmt.Fprintln(stdout, "logs are kept in", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	began := time.Now()
	set, err := stage.Start(ctx, stage.Options{Dir: dir, Bin: bin, Env: []string{"CUBBY_OPS_PROFILE=on"}})
	if err != nil {
		return "start", err
	}
	defer func() {
		if stopErr := set.Stop(); stopErr != nil && err == nil {
			name, err = "stop", stopErr
		}
	}()
	w := newWorld(set)
	fmt.Fprintf(stdout, "demo: the product runs (%.1f s)\n", time.Since(began).Seconds())
	var patient []scene
	for _, s := range chosen {
		if slices.Contains(waits(), s.name) {
			patient = append(patient, s)
			continue
		}
		if err := play(ctx, s, w.forScene(s, broken), stdout); err != nil {
			return s.name, err
		}
	}
	return playTogether(ctx, patient, w, broken, stdout)
}

// playTogether returns the name of the first scene that failed, in their order.
func playTogether(ctx context.Context, scenes []scene, w *world, broken string, stdout io.Writer) (name string, err error) {
	failed := make([]error, len(scenes))
	var group sync.WaitGroup
	for i, s := range scenes {
		group.Go(func() { failed[i] = play(ctx, s, w.forScene(s, broken), stdout) })
	}
	group.Wait()
	for i, s := range scenes {
		if failed[i] != nil {
			return s.name, failed[i]
		}
	}
	return "", nil
}

func play(ctx context.Context, s scene, w *world, stdout io.Writer) error {
	began, limit := time.Now(), sceneLimit
	if w.broken {
		fmt.Fprintf(stdout, "scene %s: broken on purpose: %s\n", s.name, s.breakage)
		limit = brokenLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := s.play(ctx, w)
	if err == nil {
		fmt.Fprintf(stdout, "scene %s: ok (%.1f s)\n", s.name, time.Since(began).Seconds())
	}
	return err
}

// besideThis is the folder of this program.
func besideThis() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}
