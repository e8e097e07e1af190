package inbox

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// maxDepth bounds multiparts within multiparts.
const maxDepth = 8

// Message is one accepted DATA. A message that was sent twice is here twice.
type Message struct {
	ID        int64     `json:"id"` // counts up, never used again
	At        time.Time `json:"at"`
	To        []string  `json:"to"` // of the envelope
	From      string    `json:"from"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	MessageID string    `json:"message_id"` // without angle brackets
	// DeliveredReply says that the 250 was handed to the connection: the sender may still have died before reading it.
	// Without it the sender cannot know that the message is here.
	DeliveredReply bool `json:"delivered_reply"`
}

// parse fills in what the raw message says. What it cannot read it shows as it came: an inbox loses nothing.
func parse(raw []byte) Message {
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Message{Text: string(raw)}
	}
	m := Message{MessageID: strings.Trim(read.Header.Get("Message-Id"), " <>")}
	m.Subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	if err != nil {
		m.Subject = read.Header.Get("Subject")
	}
	m.body(read.Header.Get("Content-Type"), read.Header.Get("Content-Transfer-Encoding"), read.Body, 0)
	return m
}

func (m *Message) body(contentType, encoding string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < maxDepth {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			// Raw, because NextPart would decode quoted-printable by itself and drop the header that says so.
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.body(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1)
		}
	}
	text, err := io.ReadAll(decoded(encoding, body))
	if err != nil && len(text) == 0 {
		return
	}
	switch kind {
	case "text/html":
		m.HTML += string(text)
	case "text/plain":
		m.Text += strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	default:
		return body
	}
}

// matches reports whether the message was sent to the address (any case) and holds the words of q somewhere.
func (m Message) matches(to, q string) bool {
	if to != "" {
		found := false
		for _, address := range m.To {
			found = found || strings.EqualFold(address, to)
		}
		if !found {
			return false
		}
	}
	if q == "" {
		return true
	}
	all := strings.ToLower(strings.Join([]string{strings.Join(m.To, " "), m.From, m.Subject, m.Text, m.MessageID}, "\n"))
	for _, word := range strings.Fields(strings.ToLower(q)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}
