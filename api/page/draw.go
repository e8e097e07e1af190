package page

import (
	"fmt"
	"html/template"
	"image"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/qr"
)

const (
	// The light margins that scanners need, in modules.
	qrQuiet  = 4
	barQuiet = 10
	// barHeight is in modules too.
	barHeight = 24
)

// drawQR draws a text as a QR that survives a scratched screen.
func drawQR(text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.AlphaNumeric)
	if err != nil {
		return "", fmt.Errorf("draw a QR: %w", err)
	}
	return draw(code, code.Bounds().Dy(), qrQuiet, "qr", label), nil
}

// drawBars draws digits as Code 128.
func drawBars(digits, label string) (template.HTML, error) {
	code, err := code128.Encode(digits)
	if err != nil {
		return "", fmt.Errorf("draw a Code 128: %w", err)
	}
	return draw(code, barHeight, barQuiet, "bars", label), nil
}

// draw makes an SVG of a barcode, one unit a module: each run of dark modules is one rectangle of
// a path. A bar code has one row of them, which is drawn as high as it is to be.
func draw(code barcode.Barcode, height, quiet int, class, label string) template.HTML {
	size := code.Bounds()
	rows, each := size.Dy(), height/size.Dy()
	var path strings.Builder
	for y := range rows {
		for x := 0; x < size.Dx(); {
			if !dark(code, x, y) {
				x++
				continue
			}
			from := x
			for x < size.Dx() && dark(code, x, y) {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv%dh-%dz", from+quiet, y*each+quiet, x-from, each, x-from)
		}
	}
	w, h := size.Dx()+2*quiet, height+2*quiet
	return template.HTML(fmt.Sprintf( //nolint:gosec // the label is escaped, the rest are numbers
		`<svg class="%s" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
			`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		class, template.HTMLEscapeString(label), w, h, w, h, path.String()))
}

func dark(code image.Image, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r < 1<<15
}
