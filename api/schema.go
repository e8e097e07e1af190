package api

import (
	"fmt"
	"maps"
	"math"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"cubby/models"
)

// maxFieldErrors bounds an answer: a body may have more wrong fields than anyone reads.
const maxFieldErrors = 50

// checker tests a JSON value against a schema of openapi.yaml and collects what is
// wrong. It knows the keywords that our schemas use; a test proves that they use no other.
type checker struct {
	fields   models.Fields
	patterns patterns
	faults   map[int]error // of items that stand for themselves
}

func (c *checker) add(pointer, format string, args ...any) {
	if len(c.fields) < maxFieldErrors {
		c.fields.Add(pointer, format, args...)
	}
}

// value tests one value; pointer is where it stands.
func (c *checker) value(pointer string, s *openapi3.Schema, v any) {
	switch {
	case s.Type.Is("object"):
		object, ok := v.(map[string]any)
		if !ok {
			c.add(pointer, "must be an object")
			return
		}
		c.object(pointer, s, object)
	case s.Type.Is("array"):
		items, ok := v.([]any)
		if !ok {
			c.add(pointer, "must be a list")
			return
		}
		c.array(pointer, s, items)
	case s.Type.Is("string"):
		text, ok := v.(string)
		if !ok {
			c.add(pointer, "must be a string")
			return
		}
		c.text(pointer, s, text)
	case s.Type.Is("boolean"):
		if _, ok := v.(bool); !ok {
			c.add(pointer, "must be true or false")
		}
	default: // integer or number
		n, ok := v.(float64)
		if !ok || s.Type.Is("integer") && n != math.Trunc(n) {
			c.add(pointer, "must be %s", map[bool]string{true: "a whole number", false: "a number"}[s.Type.Is("integer")])
			return
		}
		c.number(pointer, s, n)
	}
}

func (c *checker) object(pointer string, s *openapi3.Schema, object map[string]any) {
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			c.add(pointer+"/"+name, "is required")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := pointer + "/" + escapePointer(name)
		property, ok := s.Properties[name]
		if more := s.AdditionalProperties.Schema; !ok && more != nil {
			property, ok = more, true
		}
		if !ok {
			c.add(at, "is not a field of this request")
			continue
		}
		c.value(at, property.Value, object[name])
	}
}

func (c *checker) array(pointer string, s *openapi3.Schema, items []any) {
	if n := uint64(len(items)); n < s.MinItems {
		c.add(pointer, "must have at least %d item(s)", s.MinItems)
	} else if s.MaxItems != nil && n > *s.MaxItems {
		c.add(pointer, "must have at most %d items", *s.MaxItems)
		return
	}
	alone, _ := s.Extensions["x-alone"].(bool)
	seen := map[any]bool{}
	for i, item := range items {
		if alone {
			c.alone(i, s.Items.Value, items)
			continue
		}
		at := pointer + "/" + strconv.Itoa(i)
		c.value(at, s.Items.Value, item)
		if text, ok := item.(string); ok && s.UniqueItems {
			if seen[text] {
				c.add(at, "is a repeat")
			}
			seen[text] = true
		}
	}
}

// alone checks an item of a list whose items stand for themselves. One that is wrong is taken
// out, and harms no other.
func (c *checker) alone(i int, s *openapi3.Schema, items []any) {
	item := checker{patterns: c.patterns}
	item.value("", s, items[i])
	if err := item.fields.Err(); err != nil {
		if c.faults == nil {
			c.faults = map[int]error{}
		}
		c.faults[i], items[i] = err, nil
	}
}

func (c *checker) text(pointer string, s *openapi3.Schema, text string) {
	n := uint64(utf8.RuneCountInString(text))
	switch {
	case strings.ContainsRune(text, 0):
		c.add(pointer, "must not hold a NUL character")
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(text)):
		c.add(pointer, "must be one of %s", strings.Join(enumNames(s.Enum), ", "))
	case n < s.MinLength:
		c.add(pointer, "must have at least %d character(s)", s.MinLength)
	case s.MaxLength != nil && n > *s.MaxLength:
		c.add(pointer, "must have at most %d characters", *s.MaxLength)
	case s.Pattern != "" && !c.patterns[s.Pattern].MatchString(text):
		must, _ := s.Extensions["x-must"].(string)
		c.add(pointer, "%s", must)
	default:
		if problem := checkFormat(s.Format, text); problem != "" {
			c.add(pointer, "%s", problem)
		}
	}
}

func (c *checker) number(pointer string, s *openapi3.Schema, n float64) {
	if s.Min != nil && n < *s.Min {
		c.add(pointer, "must be at least %s", plainNumber(*s.Min))
	}
	if s.Max != nil && n > *s.Max {
		c.add(pointer, "must be at most %s", plainNumber(*s.Max))
	}
}

// checkFormat returns what is wrong with a text of the format, or nothing.
func checkFormat(format, text string) string {
	switch format {
	case "date-time":
		// UnmarshalText is stricter than time.Parse, and what decoding uses. An offset may
		// carry the year out of what databases and JSON can hold.
		var t time.Time
		if err := t.UnmarshalText([]byte(text)); err != nil || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
			return "must be a time in RFC 3339 form, such as 2026-01-31T12:00:00Z"
		}
	case "email":
		// ParseAddress also takes "Name <a@b>": an address alone is meant.
		a, err := mail.ParseAddress(text)
		if err != nil || a.Address != text || !asciiOnly(text) {
			return "must be an e-mail address"
		}
	case "time-zone":
		// LoadLocation takes "" and "Local" too, which name no place.
		if _, err := time.LoadLocation(text); err != nil || text == "Local" {
			return "must be an IANA time zone, such as Europe/Berlin"
		}
	}
	return ""
}

func asciiOnly(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func enumNames(values []any) []string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = fmt.Sprint(v)
	}
	return names
}

func plainNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// escapePointer makes a name a JSON pointer's token (RFC 6901), cut where a hostile body
// has an endless one.
func escapePointer(name string) string {
	const longest = 100
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "") + "…"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
