package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/activities/notify/sms"
	provider "cubby/cmd/cubby-demo/sms"
	"cubby/models"
)

// TestExactlyOneSMS over HTTP: the provider took it and its answer was lost, or the process died before it could write that
// down. No callback helps.
func TestExactlyOneSMS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault provider.Faults
		crash string
		asked bool // it leaves at the second attempt
	}{
		"the answer is lost":            {fault: provider.Faults{Mode: provider.ModeDrop, Count: 1}},
		"the answer is late":            {fault: provider.Faults{Mode: provider.ModeSlow, Count: 1, Delay: time.Minute}},
		"a death after it left":         {fault: provider.Faults{Mode: provider.ModeSilent}, crash: "sent"},
		"a death before it left":        {fault: provider.Faults{Mode: provider.ModeSilent}, crash: "sending", asked: true},
		"the connection ended too soon": {fault: provider.Faults{Mode: provider.ModeUnheard, Count: 1}, asked: true},
		"a page of HTML":                {fault: provider.Faults{Mode: provider.ModeBroken, Count: 1}, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := freshText()
			p, err := provider.Start(t.Context(), provider.Options{Address: "127.0.0.1:0", Account: "AC1", Token: "token",
				Now: func() time.Time { return noon.Add(time.Second) }})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, p.Close()) })
			p.SetFaults(c.fault)
			x := &sms.Twilio{URL: p.URL, Account: "AC1", Token: "token", From: "+15005550006", Public: "http://127.0.0.1:1", Timeout: 300 * time.Millisecond}
			n.crashAt = c.crash
			_, err = sendText(t, n, x, 0)
			require.Error(t, err)
			require.True(t, n.row.State.MayHaveLeft())
			_, err = sendText(t, n, x, time.Minute)
			require.NoError(t, err)
			taken := p.Messages()
			require.Len(t, taken, 1)
			require.Equal(t, taken[0].SID, n.row.Ref)
			require.Equal(t, models.NotificationSent, n.row.State)
			require.Equal(t, c.asked, n.row.Uncertain, "its sending began twice")
		})
	}
}
