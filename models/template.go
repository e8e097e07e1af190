package models

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Template is a text of an organization's own, in the place of the built-in one, for one kind of
// message, channel and language. Organization "" is the network's. Its {placeholders} are filled
// in at sending; it has no logic.
type Template struct {
	Organization OrganizationID `gorm:"primaryKey"`
	Kind         NoticeKind     `gorm:"primaryKey"`
	Channel      Channel        `gorm:"primaryKey"`
	Language     string         `gorm:"primaryKey"`
	Subject      string         // of an e-mail
	Body         string         // an empty line parts paragraphs of an e-mail
	Version      int
	UpdatedAt    time.Time
}

// Placeholders are those that a client's message may have.
func Placeholders() []string {
	return []string{"locker", "address", "city", "number", "code", "until", "link", "how_to_find"}
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// UnknownPlaceholders lists what stands in braces and is filled in by nothing.
func (t Template) UnknownPlaceholders() []string {
	var unknown []string
	for _, found := range placeholder.FindAllStringSubmatch(t.Subject+" "+t.Body, -1) {
		if !slices.Contains(Placeholders(), found[1]) && !slices.Contains(unknown, found[1]) {
			unknown = append(unknown, found[1])
		}
	}
	return unknown
}

// Check adds what makes a template of no use to fields.
func (t Template) Check(fields *Fields) {
	if !slices.Contains(ClientKinds(), t.Kind) {
		fields.Add("/kind", "is not a kind of message to clients")
	}
	if t.Kind.NeedsCode() && !strings.Contains(t.Body, "{code}") {
		fields.Add("/body", "must contain {code}: without it nobody can collect")
	}
	if strings.Contains(t.Subject, "{code}") {
		fields.Add("/subject", "must not contain {code}: a locked phone shows it")
	}
	if t.Channel == ChannelSMS && t.Subject != "" {
		fields.Add("/subject", "is for e-mail")
	}
	if t.Channel == ChannelEmail && strings.TrimSpace(t.Subject) == "" {
		fields.Add("/subject", "is required for e-mail")
	}
	if strings.ContainsAny(t.Subject, "\r\n") {
		fields.Add("/subject", "must be one line")
	}
	for _, name := range t.UnknownPlaceholders() {
		fields.Add("/body", "has a placeholder {%s} that nothing fills in", name)
	}
}

// Filled fills in the placeholders of a text, each once: what stands in braces in a value stays.
func Filled(text string, params map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if value, ok := params[found[1:len(found)-1]]; ok {
			return value
		}
		return found
	})
}
