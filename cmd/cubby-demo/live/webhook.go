package live

import (
	"context"

	"cubby/cmd/cubby-demo/hooks"
)

// Webhook shows what a receiver of webhooks got, and whether each was signed by whom it trusts.
type Webhook struct{ Receiver *hooks.Receiver }

// Messages implements Source.
func (w Webhook) Messages(_ context.Context, limit int) ([]Message, error) {
	all := w.Receiver.Messages()
	var list []Message
	for i := len(all) - 1; i >= 0 && len(list) < limit; i-- {
		m := all[i]
		signature := "ok"
		if !m.Verified {
			signature = "wrong"
		}
		list = append(list, Message{Kind: "webhook", ID: m.ID, At: m.At, To: w.Receiver.URL, Title: m.Type, Text: string(m.Body), Signature: signature})
	}
	return list, nil
}
