package models_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// found are what a check says, as "pointer detail".
func found(p models.ScreenProfile) (said []string) {
	var fields models.Fields
	p.Check(&fields)
	for _, f := range fields {
		said = append(said, f.Pointer+" "+f.Detail)
	}
	return said
}

func TestScreenProfileCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profile models.ScreenProfile
		want    string // the beginning of the one thing that is said; empty: nothing
	}{
		"nothing":              {},
		"all":                  {profile: models.ScreenProfile{Languages: []string{"ru", "en", "kk"}, Phone: "+4930123456", Operator: "Ящик", Colour: "#003A70"}},
		"a short number":       {profile: models.ScreenProfile{Phone: "112"}},
		"an unknown language":  {profile: models.ScreenProfile{Languages: []string{"en", "gr"}}, want: "/languages/1 is not the ISO 639-1 code"},
		"two languages in one": {profile: models.ScreenProfile{Languages: []string{"en ru"}}, want: "/languages/0 is not"},
		"a capital language":   {profile: models.ScreenProfile{Languages: []string{"EN"}}, want: "/languages/0 is not"},
		"a language twice":     {profile: models.ScreenProfile{Languages: []string{"en", "ru", "en"}}, want: "/languages/2 must not come twice"},
		"notices":              {profile: models.ScreenProfile{Notices: map[string]string{"en": "Closed on 1 May.", "ar": "مغلق يوم 1 مايو"}}},
		"nobody's notice":      {profile: models.ScreenProfile{Notices: map[string]string{"gr": "x"}}, want: "/notices has a name"},
		"an empty notice":      {profile: models.ScreenProfile{Notices: map[string]string{"en": ""}}, want: "/notices/en must have 1 to 140"},
		"a long notice":        {profile: models.ScreenProfile{Notices: map[string]string{"en": strings.Repeat("x", 141)}}, want: "/notices/en must have 1 to 140"},
		"a turning notice":     {profile: models.ScreenProfile{Notices: map[string]string{"en": "a\u202eb"}}, want: "/notices/en must be printed"},
		"too many languages":   {profile: models.ScreenProfile{Languages: strings.Fields("en ru de fr es it pl cs sk uk kk")}, want: "/languages must be at most 10"},
		"a phone with spaces":  {profile: models.ScreenProfile{Phone: "+49 30 123456"}, want: "/phone must be"},
		"a national phone":     {profile: models.ScreenProfile{Phone: "030123456"}, want: "/phone must be"},
		"a long phone":         {profile: models.ScreenProfile{Phone: "+1234567890123456"}, want: "/phone must be"},
		"40 characters":        {profile: models.ScreenProfile{Operator: strings.Repeat("я", 40)}},
		"41 characters":        {profile: models.ScreenProfile{Operator: strings.Repeat("я", 41)}, want: "/operator must be at most 40 characters"},
		"a hidden character":   {profile: models.ScreenProfile{Operator: "a\u202eb"}, want: "/operator must be printed"},
		"a space at the end":   {profile: models.ScreenProfile{Operator: "a "}, want: "/operator must be printed"},
		"a colour's name":      {profile: models.ScreenProfile{Colour: "navy"}, want: "/colour must be #rrggbb"},
		"a short colour":       {profile: models.ScreenProfile{Colour: "#036"}, want: "/colour must be #rrggbb"},
		"no hex":               {profile: models.ScreenProfile{Colour: "#00g000"}, want: "/colour must be #rrggbb"},
		"a sign":               {profile: models.ScreenProfile{Colour: "#+00000"}, want: "/colour must be #rrggbb"},
		// #595959 is the lightest grey on which white has 7:1 (7.0047), #5a5a5a has 6.896; on
		// #949494 black has 6.92, on #959595 7.003. By hand after WCAG 2.2.
		"white on dark":   {profile: models.ScreenProfile{Colour: "#595959"}},
		"white on middle": {profile: models.ScreenProfile{Colour: "#5a5a5a"}, want: "/colour must be darker or lighter: neither black nor white text on it reaches a contrast of 7:1, the better one has 6.8:1"},
		"black on middle": {profile: models.ScreenProfile{Colour: "#949494"}, want: "/colour must be darker or lighter"},
		"black on light":  {profile: models.ScreenProfile{Colour: "#969696"}},
		"the middle":      {profile: models.ScreenProfile{Colour: "#767676"}, want: "/colour must be darker or lighter"},
		"red":             {profile: models.ScreenProfile{Colour: "#ff0000"}, want: "/colour must be darker or lighter"},
		"yellow":          {profile: models.ScreenProfile{Colour: "#ffcc00"}},
	} {
		said := found(c.profile)
		if c.want == "" {
			require.Empty(t, said, name)
			continue
		}
		require.Len(t, said, 1, name)
		require.True(t, strings.HasPrefix(said[0], c.want), "%s: %s", name, said[0])
	}
}

func drawn(kind, picture string) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString([]byte(picture))
}

func pngOf(t *testing.T, width, height int) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, image.NewGray(image.Rect(0, 0, width, height))))
	return b.String()
}

// webp is a container with one chunk, whose first bytes are given.
func webp(chunk string, data ...byte) string {
	data = append(data, make([]byte, 10)...)[:10]
	b := []byte("RIFF\x00\x00\x00\x00WEBP" + chunk + "\x0a\x00\x00\x00" + string(data))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return string(b)
}

func TestLogoCheck(t *testing.T) {
	t.Parallel()
	svg := func(inside string) string {
		return drawn("image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">`+inside+`</svg>`)
	}
	const (
		active   = "without scripts"
		external = "refers to nothing outside"
		unread   = "is not an SVG that can be read"
	)
	for name, c := range map[string]struct{ logo, want string }{
		"png":             {drawn("image/png", pngOf(t, 200, 40)), ""},
		"png, too large":  {drawn("image/png", pngOf(t, 2049, 1)), "1 to 2048 pixels"},
		"png, cut off":    {drawn("image/png", pngOf(t, 200, 40)[:60]), "cannot be read"},
		"png, another":    {drawn("image/png", "GIF89a"), "is not a PNG"},
		"too many bytes":  {drawn("image/png", strings.Repeat("x", 19<<10)), "at most 24576 bytes"},
		"gif":             {drawn("image/gif", "GIF89a"), "must be a data: URL"},
		"address":         {"https://example.org/logo.png", "must be a data: URL"},
		"no base64":       {"data:image/svg+xml,<svg/>", "must be a data: URL"},
		"bad base64":      {"data:image/png;base64,!!!", "in base64"},
		"webp, lossy":     {drawn("image/webp", webp("VP8 ", 0x10, 0, 0, 0x9d, 1, 0x2a, 200, 0, 40, 0)), ""},
		"webp, no start":  {drawn("image/webp", webp("VP8 ", 0x10, 0, 0, 0, 0, 0, 200, 0, 40, 0)), "cannot be read"},
		"webp, lossless":  {drawn("image/webp", webp("VP8L", 0x2f, 0xc7, 0xc0, 0x09, 0)), ""},
		"webp, large":     {drawn("image/webp", webp("VP8L", 0x2f, 0xff, 0xff, 0xff, 0x0f)), "1 to 2048 pixels"},
		"webp, extended":  {drawn("image/webp", webp("VP8X", 0x10, 0, 0, 0, 199, 0, 0, 39, 0, 0)), ""},
		"webp, moving":    {drawn("image/webp", webp("VP8X", 0x02, 0, 0, 0, 199, 0, 0, 39, 0, 0)), "does not move"},
		"webp, cut off":   {drawn("image/webp", webp("VP8X", 0x10)[:29]), "is not a WebP"},
		"webp, wrong end": {drawn("image/webp", webp("VP8X", 0x10)+"x"), "is not a WebP"},

		"svg":                 {svg(`<defs><linearGradient id="a"/></defs><style>path{fill:url(#a)}</style><path fill="url( '#a' )" d="M0 0"/><use xlink:href="#a"/>`), ""},
		"svg, prolog":         {drawn("image/svg+xml", `<?xml version="1.0" encoding="UTF-8"?><svg xmlns="http://www.w3.org/2000/svg"/>`), ""},
		"svg, script":         {svg(`<script>1</script>`), active},
		"svg, Script":         {svg(`<s:sCript xmlns:s="http://www.w3.org/2000/svg"/>`), active},
		"svg, foreignObject":  {svg(`<g><foreignObject/></g>`), active},
		"svg, HTML":           {svg(`<p xmlns="http://www.w3.org/1999/xhtml"/>`), active},
		"svg, event":          {svg(`<g onload="x()"/>`), active},
		"svg, animation":      {svg(`<a><animate attributeName="href" to="javascript:x()"/></a>`), active},
		"svg, set":            {svg(`<set attributeName="href"/>`), active},
		"svg, image":          {svg(`<image href="https://example.org/a.png"/>`), external},
		"svg, image in it":    {svg(`<image xlink:href="data:image/png;base64,AAAA"/>`), external},
		"svg, use":            {svg(`<use xlink:href=" a.svg#b"/>`), external},
		"svg, link":           {svg(`<a href="javascript:x()"/>`), external},
		"svg, fill":           {svg(`<path fill="url(https://example.org/a#b)"/>`), external},
		"svg, style":          {svg(`<path style="fill: URL( 'a.svg#b')"/>`), external},
		"svg, escaped":        {svg(`<style>path{fill:u\72l(a.svg#b)}</style>`), external},
		"svg, import":         {svg(`<style>@import "a.css";</style>`), external},
		"svg, import parted":  {svg(`<style>@im<!-- -->port "a.css";</style>`), external},
		"svg, import between": {svg(`<style>@im<g/>port "a.css";</style>`), external},
		"svg, base":           {svg(`<g xml:base="https://example.org/"/>`), external},
		"svg, style sheet":    {drawn("image/svg+xml", `<?xml-stylesheet href="a.css"?><svg xmlns="http://www.w3.org/2000/svg"/>`), external},
		"svg, entity":         {drawn("image/svg+xml", `<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>`), external},
		"svg, not closed":     {drawn("image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"><g>`), unread},
		"svg, no space":       {drawn("image/svg+xml", `<svg/>`), unread},
		"svg, empty":          {drawn("image/svg+xml", ``), unread},
		"svg, another":        {drawn("image/svg+xml", `<html/>`), unread},
	} {
		said := found(models.ScreenProfile{Logo: c.logo})
		if c.want == "" {
			require.Empty(t, said, name)
			continue
		}
		require.Len(t, said, 1, name)
		require.True(t, strings.HasPrefix(said[0], "/logo "), name)
		require.Contains(t, said[0], c.want, name)
	}
}

// TestALockersProfileIsOverTheNetworks: field by field.
func TestALockersProfileIsOverTheNetworks(t *testing.T) {
	t.Parallel()
	network := models.ScreenProfile{Languages: []string{"en"}, Phone: "112", Operator: "o", Colour: "#000000", Logo: "l", Notices: map[string]string{"en": "n"}}
	require.Equal(t, network, models.ScreenProfile{}.Over(network))
	own := models.ScreenProfile{Languages: []string{"ru"}, Phone: "113", Operator: "p", Colour: "#ffffff", Logo: "m", Notices: map[string]string{"ru": "m"}}
	require.Equal(t, own, own.Over(network))
	require.Equal(t, own, own.Over(models.ScreenProfile{}))
	mixed := models.ScreenProfile{Phone: "113"}.Over(network)
	require.Equal(t, models.ScreenProfile{Languages: []string{"en"}, Phone: "113", Operator: "o", Colour: "#000000", Logo: "l", Notices: map[string]string{"en": "n"}}, mixed)
}

// TestQuietHoursGoByThePlacesClock: a night is over midnight, by the clock of the zone also where
// that changes.
func TestQuietHoursGoByThePlacesClock(t *testing.T) {
	t.Parallel()
	p := models.ScreenProfile{}.At(models.Location{TimeZone: "Asia/Almaty", QuietHours: &models.QuietHours{From: "22:00", To: "07:00"}}) // UTC+5
	for at, quiet := range map[string]bool{
		"2026-06-01T16:59:59Z": false, "2026-06-01T17:00:00Z": true, "2026-06-01T19:00:00Z": true, // 24:00 there
		"2026-06-02T01:59:59Z": true, "2026-06-02T02:00:00Z": false, "2026-06-01T22:30:00Z": true,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, quiet, p.QuietAt(moment), at)
	}
	p = models.ScreenProfile{}.At(models.Location{TimeZone: "Europe/Berlin", QuietHours: &models.QuietHours{From: "22:00", To: "07:00"}})
	require.True(t, p.QuietAt(time.Date(2026, 3, 29, 4, 30, 0, 0, time.UTC)), "06:30 on the morning when the clock went on")
	require.False(t, p.QuietAt(time.Date(2026, 3, 29, 5, 0, 0, 0, time.UTC)))
	require.False(t, models.ScreenProfile{}.At(models.Location{TimeZone: "Asia/Almaty"}).QuietAt(time.Unix(0, 0)), "none are set")
}
