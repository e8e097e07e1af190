package live

import (
	"context"
	"strconv"
	"strings"

	"cubby/cmd/cubby-demo/inbox"
)

// Mail is the e-mail that arrives in an inbox.
type Mail struct{ Inbox *inbox.Inbox }

// Messages implements Source.
func (m Mail) Messages(_ context.Context, limit int) ([]Message, error) {
	var list []Message
	for _, one := range m.Inbox.Newest(limit) {
		list = append(list, Message{
			Kind: "e-mail", ID: strconv.FormatInt(one.ID, 10), At: one.At, To: strings.Join(one.To, ", "), Title: one.Subject,
			Text: one.Text, Link: "/inbox/messages/" + strconv.FormatInt(one.ID, 10),
		})
	}
	return list, nil
}
