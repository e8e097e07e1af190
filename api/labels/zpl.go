package labels

import (
	"fmt"
	"strings"

	"cubby/models"
)

// Measures for printers of 203 dpi.
const (
	dotsWide   = 800
	dotsHigh   = 1200
	dotsMargin = 32
	barDots    = 320
)

// ZPL writes labels for label printers of 203 dpi, 100 by 150 mm each. It returns
// invalid_request for a barcode that Code 128 does not say. Whether a printer has the letters
// of a text depends on its fonts.
func ZPL(all []models.Label) ([]byte, error) {
	if err := check(all); err != nil {
		return nil, err
	}
	var out strings.Builder
	for _, l := range all {
		zplLabel(&out, l)
	}
	return []byte(out.String()), nil
}

func zplLabel(out *strings.Builder, l models.Label) {
	locker, rest := lines(l)
	fmt.Fprintf(out, "^XA\n^CI28\n^PW%d\n^LL%d\n", dotsWide, dotsHigh)
	fmt.Fprintf(out, "^FO%d,%d^A0N,100,90^FH_^FD%s^FS\n", dotsMargin, dotsMargin, zplText(locker))
	y := dotsMargin + 130
	for _, text := range rest {
		fmt.Fprintf(out, "^FO%d,%d^A0N,44,38^FB%d,2,0,L^FH_^FD%s^FS\n", dotsMargin, y, dotsWide-2*dotsMargin, zplText(text))
		y += 96
	}
	fmt.Fprintf(out, "^FO%d,%d^BY%d^BCN,%d,N,N,N,A^FD%s^FS\n", dotsMargin, y, moduleDots(l.Barcode), barDots, zplBarcode(l.Barcode))
	fmt.Fprintf(out, "^FO%d,%d^A0N,44,38^FH_^FD%s^FS\n^XZ\n", dotsMargin, y+barDots+20, zplText(l.Barcode))
}

// moduleDots is how wide the narrowest bar is: at most 11 modules a character, 35 around them,
// and 10 quiet on both sides.
func moduleDots(barcode string) int {
	return max(1, min(3, (dotsWide-2*dotsMargin)/(11*len(barcode)+35+20)))
}

// zplText escapes what ZPL takes for commands, and the escape itself.
func zplText(s string) string {
	return strings.NewReplacer("_", "_5F", "^", "_5E", "~", "_7E", `\`, "_5C", "\n", " ", "\r", " ").Replace(s)
}

// zplBarcode escapes what ^BC takes for its own codes or ZPL for commands.
func zplBarcode(s string) string {
	return strings.NewReplacer(">", ">0", "^", "><", "~", ">=").Replace(s)
}
