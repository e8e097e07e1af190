// Package catalogue holds every text that a person reads: messages and the words of the
// cabinet's screen. A language is one file, <tag>.json; adding a language is adding a
// file. A test keeps all files complete.
package catalogue

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.json
var files embed.FS

// Fallback is the language of last resort.
const Fallback = "en"

// Catalogue is the texts of all languages. It is read-only after Load.
type Catalogue struct {
	texts map[string]map[string]string
}

// Load reads the embedded files. It fails only when one of them is not a JSON object of
// strings, which a test rules out.
func Load() (*Catalogue, error) {
	c := &Catalogue{texts: map[string]map[string]string{}}
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts := map[string]string{}
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("catalogue: %s: %w", name, err)
		}
		c.texts[strings.TrimSuffix(name, ".json")] = texts
	}
	return c, nil
}

// Languages lists the tags that have a file.
func (c *Catalogue) Languages() []string {
	tags := make([]string, 0, len(c.texts))
	for tag := range c.texts {
		tags = append(tags, tag)
	}
	return tags
}

// Text returns the text of a key with its {placeholders} filled in. A language that has no
// file reads as the fallback; an unknown key reads as itself, so that a gap is seen.
func (c *Catalogue) Text(language, key string, params map[string]string) string {
	texts, ok := c.texts[language]
	if !ok {
		texts = c.texts[Fallback]
	}
	text, ok := texts[key]
	if !ok {
		return key
	}
	for name, value := range params {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
