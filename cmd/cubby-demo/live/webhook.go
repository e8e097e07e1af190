package live

import (
	"context"
	"encoding/json"
	"fmt"

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
		list = append(list, Message{
			Kind: "webhook", ID: m.ID, At: m.At, Title: m.Type, Text: about(m.Body), Body: string(m.Body), Signature: signature,
		})
	}
	return list, nil
}

// about is what an event is about, in a line: a body that cannot be read is about nothing.
func about(body json.RawMessage) string {
	var event struct {
		Data struct {
			Number string
			Cell   int
		}
	}
	if json.Unmarshal(body, &event) != nil {
		return ""
	}
	if event.Data.Cell == 0 {
		return event.Data.Number
	}
	return fmt.Sprintf("%s, cell %d", event.Data.Number, event.Data.Cell)
}
