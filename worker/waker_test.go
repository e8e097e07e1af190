package worker

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"cubby/models"
)

// feeds is a Feeds in memory.
type feeds struct {
	due    []models.WebhookDue
	holder string
	linked int
	least  time.Duration // of the outages that were told
}

func (f *feeds) WebhooksDue(context.Context) ([]models.WebhookDue, error) { return f.due, nil }

func (f *feeds) TellLinks(context.Context) (int, error) { f.linked++; return 0, nil }

func (f *feeds) TellOutages(_ context.Context, least time.Duration) (int, error) {
	f.least = least
	return 0, nil
}

func (f *feeds) Lease(_ context.Context, _, holder string, _ time.Duration) (bool, error) {
	return f.holder == holder, nil
}

func (f *feeds) ReleaseLease(context.Context, string, string) error { return nil }

// TestWaker: one wake-up for what is new, none for what was told, another where the first was
// lost, and nothing by a process that does not hold the lease.
func TestWaker(t *testing.T) {
	t.Parallel()
	f, c := &feeds{holder: "me"}, &mocks.Client{}
	var woken []string
	var fail error
	c.On("SignalWithStartWorkflow", mock.Anything, mock.Anything, models.SignalWake, mock.Anything, mock.Anything, models.WorkflowWebhook, mock.Anything).
		Return(func(_ context.Context, id, _ string, _ any, _ client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
			woken = append(woken, id)
			return nil, fail
		})
	w := &Waker{Feeds: f, Client: c, Holder: "me", Logger: slog.New(slog.DiscardHandler), Outage: time.Hour}
	turn := func(due ...models.WebhookDue) []string {
		t.Helper()
		woken, f.due = nil, due
		require.ErrorIs(t, w.turn(t.Context()), fail)
		return woken
	}
	a, b := models.WebhookDue{Webhook: "whk_a", Mark: 1}, models.WebhookDue{Webhook: "whk_b", Mark: 1}
	require.Equal(t, []string{"webhook-whk_a", "webhook-whk_b"}, turn(a, b))
	require.Equal(t, 1, f.linked)
	require.Equal(t, time.Hour, f.least)
	require.Empty(t, turn(a, b))
	a.Mark++
	require.Equal(t, []string{"webhook-whk_a"}, turn(a, b))
	require.Empty(t, turn(a))
	require.Equal(t, []string{"webhook-whk_b"}, turn(a, b), "it was not behind meanwhile")
	fail = errors.New("Temporal is away")
	a.Mark++
	require.Equal(t, []string{"webhook-whk_a"}, turn(a, b))
	fail = nil
	require.Equal(t, []string{"webhook-whk_a"}, turn(a, b))
	w.woken["whk_a"] = wakened{a.Mark, time.Now().Add(-wakeAgain)}
	require.Equal(t, []string{"webhook-whk_a"}, turn(a, b), "the first was lost")
	f.holder, w.renewed = "another", time.Time{}
	a.Mark++
	require.Empty(t, turn(a, b))
}
