package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// crashPoints are the steps of a life between which a process may die. An error at
// before_commit is a death before the step; one after a commit, or between a delivery and
// its record, is a death after it, of which the caller hears nothing.
func crashPoints() []string {
	return []string{
		"create.before_commit", "create.after_commit",
		"outbox.before_done", // delivered to Temporal, not yet removed
		"issue.before_commit", "issue.after_commit",
		"takein.before_commit", "takein.after_commit",
		"project.before_commit", "project.after_commit",
		"sending.before_commit", "sending.after_commit",
		"send.before_sent", // the mail server has it, the row does not say so
		"sent.before_commit", "sent.after_commit",
	}
}

// faults fails each point once in every life.
type faults struct {
	mu    sync.Mutex
	armed map[string]bool
	hit   map[string]int
}

func (f *faults) arm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = map[string]bool{}
	for _, p := range crashPoints() {
		f.armed[p] = true
	}
}

func (f *faults) at(point string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed[point] {
		return nil
	}
	delete(f.armed, point)
	f.hit[point]++
	return models.Errorf(models.CodeUnavailable, "crashed at %s", point)
}

// TestCrashAtEveryStep: a life in which every step fails once still ends right: one
// shipment, one workflow, each event once, and messages of one Message-ID, of which the
// row says that they may be two.
func TestCrashAtEveryStep(t *testing.T) {
	env := temporal(t)
	for _, db := range []string{"sqlite", "postgres"} {
		t.Run(db, func(t *testing.T) {
			conf, err := load(env)
			require.NoError(t, err)
			conf.databaseURL = "sqlite:" + filepath.Join(t.TempDir(), "crash.db")
			if db == "postgres" {
				conf.databaseURL = os.Getenv("CUBBY_TEST_POSTGRES")
				if conf.databaseURL == "" {
					t.Skip("SKIPPED: needs a Postgres at CUBBY_TEST_POSTGRES; 'make test' starts one")
				}
			}
			f := &faults{hit: map[string]int{}}
			b, err := newLifecycleBench(t.Context(), program{config: conf, log: slog.New(slog.DiscardHandler), out: io.Discard, err: io.Discard, fault: f.at})
			require.NoError(t, err)
			defer func() { require.NoError(t, b.stop()) }()
			const lives = 2
			for range lives {
				b.reset()
				f.arm()
				workflow, err := b.productLife(t.Context())
				require.NoError(t, err)
				id, ok := models.ShipmentFromWorkflowID(workflow)
				require.True(t, ok)
				b.judge(t, id)
			}
			for _, point := range crashPoints() {
				require.Equal(t, lives, f.hit[point], "%s was not reached", point)
			}
		})
	}
}

// judge holds a finished life to what must be true of every life.
func (b *lifecycleBench) judge(t *testing.T, id models.ShipmentID) {
	t.Helper()
	operator := models.Actor{Scopes: []models.Scope{models.ScopeOperator}}
	view, err := b.db.Shipment(t.Context(), operator, id)
	require.NoError(t, err)
	require.Equal(t, models.StatePickedUp, view.Shipment.State)
	require.NotNil(t, view.Shipment.Life, "the end is stored")
	events, err := b.db.ShipmentEvents(t.Context(), operator, id, -1, 100)
	require.NoError(t, err)
	var types []string
	for _, e := range events {
		types = append(types, strings.TrimPrefix(string(e.Type), "shipment."))
	}
	require.Equal(t, []string{"created", "parcel.deposited", "loading", "ready_for_pickup", "parcel.picked_up", "picked_up"}, types)

	b.mu.Lock()
	mailed := b.mailed
	b.mu.Unlock()
	require.NotEmpty(t, mailed)
	for _, m := range mailed {
		require.Equal(t, mailed[0], m, "a repeat has the same Message-ID")
	}
	notice, err := b.db.Notice(t.Context(), models.NotificationID(strings.TrimSuffix(mailed[0], "@bench.localhost")))
	require.NoError(t, err)
	require.Equal(t, models.NotificationSent, notice.Notification.State)
	require.True(t, len(mailed) == 1 || notice.Notification.Uncertain, "a repeat is listed as uncertain")
}
