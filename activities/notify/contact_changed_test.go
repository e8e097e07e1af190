package notify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/activities/notify"
	"cubby/models"
	"cubby/models/catalogue"
)

// TestContactChangedHasNoCode: who is told that the contact was changed gets no code with it.
func TestContactChangedHasNoCode(t *testing.T) {
	t.Parallel()
	texts, err := catalogue.Load()
	require.NoError(t, err)
	r := &notify.Renderer{Texts: texts, Domain: "example.org"}
	for _, language := range texts.Languages() {
		msg, err := r.Render(models.Notice{
			Notification: models.Notification{ID: "ntf_1", Kind: models.NoticeContactChanged}, Language: language, To: "old@example.org",
			Shipment: models.Shipment{Number: "N-1"}, Locker: models.Locker{Number: "L-001"},
		}, "12345674")
		require.NoError(t, err)
		require.Contains(t, msg.Text, "N-1")
		require.NotContains(t, msg.Text+msg.HTML+msg.Subject, "5674")
		require.NotContains(t, msg.Text+msg.Subject, "message.contact_changed")
	}
}
