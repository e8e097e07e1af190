package labels

import (
	"bytes"
	"embed"
	"image/color"

	"codeberg.org/go-pdf/fpdf"
	"github.com/boombuler/barcode/code128"

	"cubby/models"
)

// The font comes from npm by the Makefile.
//
//go:embed all:assets
var assets embed.FS

const fontFile = "assets/DejaVuSansCondensed.ttf"

// Bars: the narrowest is no wider than this, and 10 of it are quiet on both sides.
const (
	widestModule = 0.375
	quiet        = 10
	barHeight    = 40.0
)

// PDF prints labels, each on a page of 100 by 150 mm. It returns invalid_request for a barcode
// that Code 128 does not say, and unavailable where the build has no font.
func PDF(all []models.Label) ([]byte, error) {
	if err := check(all); err != nil {
		return nil, err
	}
	font, err := assets.ReadFile(fontFile)
	if err != nil {
		return nil, models.Wrap(models.CodeUnavailable, err, "This server was built without the font for labels (make web).")
	}
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: width, Ht: height}})
	doc.AddUTF8FontFromBytes("label", "", font)
	doc.SetAutoPageBreak(false, 0)
	doc.SetMargins(margin, margin, margin)
	for _, l := range all {
		doc.AddPage()
		if err := drawLabel(doc, l); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func drawLabel(doc *fpdf.Fpdf, l models.Label) error {
	locker, rest := lines(l)
	line(doc, locker, 34, 16)
	for _, text := range rest {
		line(doc, text, 14, 9)
	}
	doc.Ln(4)
	if err := drawBars(doc, l.Barcode, doc.GetY()); err != nil {
		return err
	}
	doc.SetY(doc.GetY() + barHeight + 2)
	line(doc, l.Barcode, 14, 8)
	return nil
}

// line writes a text in one line, smaller where it would not fit.
func line(doc *fpdf.Fpdf, text string, points, mm float64) {
	const smallest = 4.0
	doc.SetFont("label", "", points)
	for room := width - 2*margin; doc.GetStringWidth(text) > room-2 && points > smallest; points-- {
		doc.SetFont("label", "", points-1)
	}
	doc.CellFormat(0, mm, text, "", 1, "L", false, 0, "")
}

// drawBars draws Code 128, each bar one rectangle.
func drawBars(doc *fpdf.Fpdf, content string, y float64) error {
	code, err := code128.Encode(content)
	if err != nil {
		return err
	}
	n := code.Bounds().Dx()
	module := min(widestModule, (width-2*margin)/float64(n+2*quiet))
	x := (width - module*float64(n)) / 2
	black := func(i int) bool { return i < n && code.At(i, 0) == color.Black }
	doc.SetFillColor(0, 0, 0)
	for i := 0; i < n; {
		from := i
		for black(i) {
			i++
		}
		if i == from {
			i++
			continue
		}
		doc.Rect(x+module*float64(from), y, module*float64(i-from), barHeight, "F")
	}
	return nil
}
