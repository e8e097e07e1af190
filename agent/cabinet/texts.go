package cabinet

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// Language is the language of a screen, by its ISO 639-1 code.
type Language string

// English is what a text is written in first, and what a screen begins with when the locker
// says nothing else.
const English Language = "en"

// Catalogue is everything that the screens say in one language: a file of texts. A new
// language is a new file.
type Catalogue struct {
	Name      string             `json:"name"`      // of the language, by its own speakers
	Direction string             `json:"direction"` // ltr or rtl
	Texts     map[TextKey]string `json:"texts"`
}

//go:embed texts
var textFiles embed.FS

// catalogues are read once; they are part of the program, so that a broken one is a broken build.
var catalogues = sync.OnceValue(func() map[Language]Catalogue {
	files, err := textFiles.ReadDir("texts")
	if err != nil {
		panic("cabinet: texts: " + err.Error())
	}
	all := map[Language]Catalogue{}
	for _, f := range files {
		raw, err := textFiles.ReadFile(path.Join("texts", f.Name()))
		if err != nil {
			panic("cabinet: texts: " + err.Error())
		}
		var c Catalogue
		if err := json.Unmarshal(raw, &c); err != nil {
			panic(fmt.Sprintf("cabinet: texts: %s: %v", f.Name(), err))
		}
		all[Language(strings.TrimSuffix(f.Name(), ".json"))] = c
	}
	return all
})

// Languages lists what the screens can speak: English first, the others by their codes.
func Languages() []Language {
	var all []Language
	for l := range catalogues() {
		if l != English {
			all = append(all, l)
		}
	}
	slices.Sort(all)
	return append([]Language{English}, all...)
}

// CatalogueOf is a language's texts; of one that there is none of, the English ones.
func CatalogueOf(l Language) Catalogue {
	if c, ok := catalogues()[l]; ok {
		return c
	}
	return catalogues()[English]
}

// label is the text of a button.
func (l Language) label(b Button) string {
	if of, ok := strings.CutPrefix(string(b), languageButton); ok {
		return CatalogueOf(Language(of)).Name
	}
	return l.sentence(TextKey("button."+string(b)), nil)
}

// sentence is a text with its parameters, which stand in braces. A text that the language
// lacks is said in English.
func (l Language) sentence(key TextKey, params map[string]string) string {
	text, ok := CatalogueOf(l).Texts[key]
	if !ok {
		if text, ok = catalogues()[English].Texts[key]; !ok {
			return string(key)
		}
	}
	pairs := make([]string, 0, 2*len(params))
	for name, value := range params {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.TrimSpace(strings.NewReplacer(pairs...).Replace(text))
}
