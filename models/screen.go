package models

import "time"

// ScreenProfile is how a cabinet's screen presents itself: whose it is, what it speaks, and
// whom it has people call. The zero value is a screen in English without a name or phone.
type ScreenProfile struct {
	// Languages are offered on the first page, by their ISO 639-1 codes; the screen begins and
	// ends in the first. None: every one that the cabinet's program knows, English first.
	Languages []string `json:"languages,omitempty"`
	Phone     string   `json:"phone,omitempty"` // of the support, as people dial it
	Operator  string   `json:"operator,omitempty"`
	Colour    string   `json:"colour,omitempty"` // of the frame and of open doors: #rrggbb
	Logo      string   `json:"logo,omitempty"`   // a data: URL of a picture
	// Quiet is when the screen is dim and makes no sound, by the clock of Zone, an IANA name.
	Quiet *QuietHours `json:"quiet,omitempty"`
	Zone  string      `json:"zone,omitempty"`
}

// QuietAt reports whether quiet hours run at a moment.
func (p ScreenProfile) QuietAt(now time.Time) bool {
	_, quiet := p.Quiet.Until(Location{TimeZone: p.Zone}.Zone(), now)
	return quiet
}
