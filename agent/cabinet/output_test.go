package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// relays gives the cabinet outputs whose board answers.
func (r *rig) relays(outputs ...models.Output) *rig {
	r.t.Helper()
	for _, o := range outputs {
		r.do(cabinet.OutputChanged{Output: o, Up: true})
	}
	return r
}

// driven says of everything that was to be driven since it was asked last that it was.
func (r *rig) driven() []cabinet.Drive {
	r.t.Helper()
	drives := r.drives
	r.drives = nil
	for _, d := range drives {
		r.do(cabinet.OutputDriven{Drive: d, Done: true})
	}
	return drives
}

// lockedIn has somebody say that a person is locked in.
func (r *rig) lockedIn() {
	r.t.Helper()
	r.press(cabinet.ButtonHelp)
	r.press(cabinet.ButtonProblem)
	r.press(trouble(models.TroubleLocked))
	r.press(cabinet.ButtonDone)
}

// TestTheSirenCallsForHelp: without a line, at once, and for as long as its board counts, not
// until somebody remembers to end it.
func TestTheSirenCallsForHelp(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).relays(models.OutputSiren, models.OutputLight, models.OutputPOS)
	require.False(t, r.state.Link.Live)
	r.lockedIn()
	alarm := []cabinet.Drive{{Output: models.OutputSiren, ForMS: 120_000}, {Output: models.OutputLight, ForMS: 120_000}}
	require.Equal(t, alarm, r.driven())
	_, data := r.lastFact(models.FactOutput)
	require.Equal(t, models.FactData{Device: "relay-light", Reason: models.TroubleLocked}, data)

	r.wait(60_000)
	r.lockedIn()
	require.Empty(t, r.driven(), "it sounds already, and is not made longer")
	r.wait(60_000)
	r.lockedIn()
	require.Equal(t, alarm, r.driven(), "it has ended by itself, and they call again")
}

// TestTheSirensBoardIsAway: help is called for as soon as it can be, for what is left of the time,
// after a start of the program too; and never after that.
func TestTheSirensBoardIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).relays(models.OutputSiren)
	r.do(cabinet.OutputChanged{Output: models.OutputSiren})
	require.Equal(t, models.FactData{Device: "relay-siren", State: models.DeviceDown}, r.device())
	r.lockedIn()
	require.Empty(t, r.drives)
	r.wait(20_000)
	r.do(cabinet.OutputChanged{Output: models.OutputSiren, Up: true})
	require.Equal(t, []cabinet.Drive{{Output: models.OutputSiren, ForMS: 100_000}}, r.driven())
	require.Equal(t, models.DeviceOK, r.device().State)

	r.now.UptimeMS = 0
	r.do(cabinet.Started{Boot: "boot-2"})
	require.Empty(t, r.drives, "nobody has said yet that the relay is there")
	r.wait(10_000)
	r.relays(models.OutputSiren)
	require.Equal(t, []cabinet.Drive{{Output: models.OutputSiren, ForMS: 90_000}}, r.driven())
	r.wait(90_000)
	r.do(cabinet.OutputChanged{Output: models.OutputSiren})
	r.relays(models.OutputSiren)
	require.Empty(t, r.drives)
}

// TestHelpHasCome: support lets them out, and the siren is silent.
func TestHelpHasCome(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS, models.SizeS).relays(models.OutputSiren, models.OutputLight)
	r.session("nonce-1")
	r.open(2)
	r.lockedIn()
	r.driven()
	r.do(cabinet.OutputTried{Output: models.OutputSiren})
	require.Empty(t, r.drives, "a test of three seconds would end it")
	r.close(2)
	require.Empty(t, r.drives, "a door that somebody else has shut says nothing")
	r.openRemotely(r.granted("op_help", 1))
	require.Len(t, r.pulses, 1)
	r.open(1)
	require.Empty(t, r.drives)
	r.close(1)
	require.Equal(t, []cabinet.Drive{{Output: models.OutputSiren}, {Output: models.OutputLight}}, r.driven())
	r.wait(600_000)
	require.Empty(t, r.drives)
}

// TestATechnicianTriesAnOutput: devices lose their power for a moment, and the gate is not tried.
func TestATechnicianTriesAnOutput(t *testing.T) {
	t.Parallel()
	r := newRig(t).furnish(models.SizeS).relays(models.OutputGate, models.OutputSiren, models.OutputModem)
	for _, o := range []models.Output{models.OutputGate, models.OutputHeater, "unknown"} {
		r.do(cabinet.OutputTried{Output: o})
		require.Empty(t, r.drives, o)
	}
	r.do(cabinet.OutputTried{Output: models.OutputSiren})
	r.do(cabinet.OutputTried{Output: models.OutputModem})
	require.Equal(t, []cabinet.Drive{{Output: models.OutputSiren, ForMS: 3000}, {Output: models.OutputModem, ForMS: 10_000}}, r.driven())
	_, data := r.lastFact(models.FactOutput)
	require.Equal(t, models.FactData{Device: "relay-modem", Reason: "technician"}, data)

	r.do(cabinet.OutputTried{Output: models.OutputModem})
	facts := len(r.facts)
	r.do(cabinet.OutputDriven{Drive: r.drives[0]})
	require.Len(t, r.facts, facts, "what was not done is no fact")
	require.Equal(t, 1, r.state.Outputs[2].Fails)
	r.do(cabinet.OutputChanged{Output: "unknown", Up: true})
	require.Len(t, r.state.Outputs, 3)
}
