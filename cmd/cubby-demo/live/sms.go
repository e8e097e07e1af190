package live

import (
	"context"

	"cubby/cmd/cubby-demo/sms"
)

// SMS is what arrives at the stand-in for an SMS provider.
type SMS struct{ Provider *sms.Provider }

// Messages implements Source.
func (s SMS) Messages(_ context.Context, limit int) ([]Message, error) {
	all := s.Provider.Messages()
	var list []Message
	for i := len(all) - 1; i >= 0 && len(list) < limit; i-- {
		m := all[i]
		list = append(list, Message{Kind: "sms", ID: m.SID, At: m.At, To: m.To, Text: m.Body})
	}
	return list, nil
}
