package screen

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// drawing is a square picture of squares, as a path of SVG: one unit a square.
type drawing struct {
	Size int    `json:"size"`
	Path string `json:"path"`
}

const quiet = 4 // squares of light around a QR, that readers need

// phoneQR draws a number that a telephone before the screen calls; nil: there is none.
func phoneQR(phone string) (*drawing, error) {
	if phone == "" {
		return nil, nil
	}
	code, err := qr.Encode("tel:"+phone, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw the phone number: %w", err)
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r < 1<<15 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return &drawing{size + 2*quiet, path.String()}, nil
}
