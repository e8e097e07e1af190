package models

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ScreenProfile is how a cabinet's screen presents itself: whose it is, what it speaks, and
// whom it has people call. The zero value is a screen in English without a name or phone.
type ScreenProfile struct {
	// Languages are offered on the first page, by their ISO 639-1 codes; the screen begins and
	// ends in the first. Those that the cabinet's program does not know are left out. None: every
	// one that it knows, English first.
	Languages []string `json:"languages,omitempty"`
	Phone     string   `json:"phone,omitempty"` // of the support, as people dial it
	Operator  string   `json:"operator,omitempty"`
	Colour    string   `json:"colour,omitempty"` // of the frame and of open doors: #rrggbb
	Logo      string   `json:"logo,omitempty"`   // a data: URL of a picture
	// Notices are what the operator tells everybody on the first page, by language: that the place is
	// closed on a day, say. Who reads in another language sees the one in the screen's first.
	Notices map[string]string `json:"notices,omitempty"`
	// Keypad: its people type on a keypad of digits, and there is no touch panel. Nothing but digits
	// is asked of them there.
	Keypad bool `json:"keypad,omitempty"`
	// Quiet is when the screen is dim and makes no sound, by the clock of Zone, an IANA name.
	Quiet *QuietHours `json:"quiet,omitempty"`
	Zone  string      `json:"zone,omitempty"`
}

// LockerScreen is the screen of one locker: what its own profile says over the network's, and what
// it shows.
type LockerScreen struct{ Own, Shown ScreenProfile }

// QuietAt reports whether quiet hours run at a moment.
func (p ScreenProfile) QuietAt(now time.Time) bool {
	_, quiet := p.Quiet.Until(Location{TimeZone: p.Zone}.Zone(), now)
	return quiet
}

// Over is the profile of one cabinet over that of its network: what it does not say is as the
// network says.
func (p ScreenProfile) Over(network ScreenProfile) ScreenProfile {
	if len(p.Languages) == 0 {
		p.Languages = network.Languages
	}
	p.Phone = cmp.Or(p.Phone, network.Phone)
	p.Keypad = p.Keypad || network.Keypad
	p.Operator = cmp.Or(p.Operator, network.Operator)
	p.Colour = cmp.Or(p.Colour, network.Colour)
	p.Logo = cmp.Or(p.Logo, network.Logo)
	if len(p.Notices) == 0 {
		p.Notices = network.Notices
	}
	return p
}

// At is the profile at a place, whose quiet hours and clock it keeps.
func (p ScreenProfile) At(l Location) ScreenProfile {
	p.Quiet, p.Zone = l.QuietHours, l.TimeZone
	return p
}

// Bounds of a profile.
const (
	MaxScreenLanguages = 10
	MaxScreenOperator  = 40 // characters
	MaxScreenNotice    = 140
	// MaxScreenLogo is of the whole data: URL, in bytes. It is in every cabinet's directory.
	MaxScreenLogo = 24 << 10
	// MinScreenContrast is of text on the operator's colour (WCAG 2.2, 1.4.6: AAA).
	MinScreenContrast = 7.0
)

// supportPhone is E.164, or a short number of one country.
var supportPhone = regexp.MustCompile(`^(\+[1-9][0-9]{6,14}|[0-9]{3,6})$`)

// Notice is what the operator tells in a language, or else in the screen's first or in English; empty: nothing.
func (p ScreenProfile) Notice(language string) string {
	for _, l := range append([]string{language}, append(slices.Clone(p.Languages), "en")...) {
		if text := p.Notices[l]; text != "" {
			return text
		}
	}
	return ""
}

// Check adds what a screen cannot show to fields.
func (p ScreenProfile) Check(fields *Fields) {
	if len(p.Languages) > MaxScreenLanguages {
		fields.Add("/languages", "must be at most %d", MaxScreenLanguages)
	}
	for i, l := range p.Languages {
		at := "/languages/" + strconv.Itoa(i)
		if len(l) != 2 || !slices.Contains(strings.Fields(iso639), l) {
			fields.Add(at, "is not the ISO 639-1 code of a language, such as en")
		}
		if slices.Contains(p.Languages[:i], l) {
			fields.Add(at, "must not come twice")
		}
	}
	if p.Phone != "" && !supportPhone.MatchString(p.Phone) {
		fields.Add("/phone", "must be a number with + and the country, such as +4930123456, or a short one of 3 to 6 digits")
	}
	if utf8.RuneCountInString(p.Operator) > MaxScreenOperator {
		fields.Add("/operator", "must be at most %d characters", MaxScreenOperator)
	}
	if strings.TrimSpace(p.Operator) != p.Operator || strings.ContainsFunc(p.Operator, unprinted) {
		fields.Add("/operator", "must be printed characters, with none but spaces between them")
	}
	if p.Colour != "" {
		checkColour(fields, p.Colour)
	}
	if p.Logo != "" {
		checkLogo(fields, p.Logo)
	}
	if len(p.Notices) > MaxScreenLanguages {
		fields.Add("/notices", "must be at most %d", MaxScreenLanguages)
	}
	for _, l := range slices.Sorted(maps.Keys(p.Notices)) {
		checkNotice(fields, l, p.Notices[l])
	}
}

func checkNotice(fields *Fields, language, text string) {
	if len(language) != 2 || !slices.Contains(strings.Fields(iso639), language) {
		fields.Add("/notices", "has a name that is not the ISO 639-1 code of a language, such as en")
		return
	}
	at := "/notices/" + language
	if n := utf8.RuneCountInString(text); n == 0 || n > MaxScreenNotice {
		fields.Add(at, "must have 1 to %d characters", MaxScreenNotice)
	}
	if strings.TrimSpace(text) != text || strings.ContainsFunc(text, unprinted) {
		fields.Add(at, "must be printed characters, with none but spaces between them")
	}
}

// unprinted characters take no room, or turn what stands beside them around.
func unprinted(r rune) bool { return !unicode.IsPrint(r) }

func checkColour(fields *Fields, colour string) {
	contrast, ok := textContrast(colour)
	switch {
	case !ok:
		fields.Add("/colour", "must be #rrggbb, such as #003a70")
	case contrast < MinScreenContrast:
		// Rounded down: what is told is never the bound itself.
		fields.Add("/colour", "must be darker or lighter: neither black nor white text on it reaches a contrast of %.0f:1, the better one has %.1f:1",
			MinScreenContrast, math.Floor(contrast*10)/10)
	}
}

// textContrast is that of the better of black and white text on a colour (WCAG 2.2, "contrast
// ratio" and "relative luminance"); ok is false for what is not #rrggbb.
func textContrast(colour string) (ratio float64, ok bool) {
	digits, found := strings.CutPrefix(colour, "#")
	rgb, err := strconv.ParseUint(digits, 16, 32) // no sign
	if !found || len(digits) != 6 || err != nil {
		return 0, false
	}
	linear := func(shift int) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	luminance := 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
	return max((luminance+0.05)/0.05, 1.05/(luminance+0.05)), true
}

// iso639 are the codes of ISO 639-1.
const iso639 = `aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy
	da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz
	ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv
	mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw
	sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty
	ug uk ur uz ve vi vo wa wo xh yi yo za zh zu`
