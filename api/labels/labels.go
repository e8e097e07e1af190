// Package labels prints what is stuck on parcels: PDF for paper, ZPL for label printers. It is
// the one package that knows go-pdf/fpdf. A label has no
// word of the parcel's client.
package labels

import (
	"fmt"

	"cubby/models"
)

// Measures of a label, in millimetres: the 4 by 6 inches that carriers use, nearly.
const (
	width  = 100.0
	height = 150.0
	margin = 4.0
)

// longest is how many characters a barcode has at most: more would not fit a label.
const longest = 64

// check refuses what Code 128 of printable ASCII does not say. Characters outside of it could
// become its function codes, which scanners do not read out.
func check(all []models.Label) error {
	for _, l := range all {
		if l.Barcode == "" || len(l.Barcode) > longest {
			return models.Errorf(models.CodeInvalid, "A barcode has 1 to %d characters.", longest)
		}
		for _, r := range l.Barcode {
			if r <= ' ' || r > '~' {
				return models.Errorf(models.CodeInvalid, "The barcode of parcel %d is not printable ASCII.", l.N)
			}
		}
	}
	return nil
}

// lines are the texts of a label beside its barcode, the most important first.
func lines(l models.Label) (locker string, rest []string) {
	return l.Locker, []string{
		l.Address + ", " + l.City,
		l.Carrier,
		l.Number,
		fmt.Sprintf("%s   %d / %d", l.Size, l.N, l.Of),
	}
}
