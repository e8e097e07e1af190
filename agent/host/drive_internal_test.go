package host

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/relay"
	"cubby/models"
)

// fakeRelays takes what it is told, slowly, and fails as a test says.
type fakeRelays struct {
	hold chan struct{}

	mu   sync.Mutex
	took []cabinet.Drive
	fail error
}

func (f *fakeRelays) Drive(_ context.Context, o models.Output, d time.Duration) error {
	<-f.hold
	f.mu.Lock()
	defer f.mu.Unlock()
	f.took = append(f.took, cabinet.Drive{Output: o, ForMS: d.Milliseconds()})
	return f.fail
}

func (f *fakeRelays) all() []cabinet.Drive {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.took
}

// TestOutputsAreDrivenInTurn: a relay that hangs holds up neither the screen nor the doors, and what
// waits for it comes in the order in which it was wanted. What came of each is known.
func TestOutputsAreDrivenInTurn(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	relays := &fakeRelays{hold: make(chan struct{})}
	s.Relays = relays
	s.run()
	tell := func(in cabinet.Input) { require.NoError(t, s.Tell(t.Context(), in)) }
	outputs := []models.Output{models.OutputSiren, models.OutputLight, models.OutputPOS, models.OutputModem, models.OutputHeater}
	var want []cabinet.Drive
	for _, o := range outputs {
		tell(cabinet.OutputChanged{Output: o, Up: true})
		require.NoError(t, s.Try(t.Context(), o))
		ms := int64(3000)
		if o.CutsPower() {
			ms = 10_000
		}
		want = append(want, cabinet.Drive{Output: o, ForMS: ms})
	}
	require.Error(t, s.Try(t.Context(), models.OutputGate))
	s.a.move(1, true)
	require.Eventually(t, func() bool { return s.open(1) }, soon, often, "the cabinet goes on")
	require.Empty(t, relays.all())
	close(relays.hold)
	require.Eventually(t, func() bool { return len(relays.all()) == len(want) }, soon, often)
	require.Equal(t, want, relays.all())
	counted := func(is func(o cabinet.Output) bool) func() bool {
		return func() (all bool) {
			require.NoError(t, s.Read(t.Context(), func(st *cabinet.State) { all = is(st.Outputs[0]) }))
			return all
		}
	}
	require.Eventually(t, counted(func(o cabinet.Output) bool { return o.Drives == 1 }), soon, often)
	relays.mu.Lock()
	relays.fail = errors.Join(relay.ErrUnsure)
	relays.mu.Unlock()
	require.NoError(t, s.Try(t.Context(), models.OutputSiren))
	require.Eventually(t, counted(func(o cabinet.Output) bool { return o.Fails == 1 }), soon, often)
}
