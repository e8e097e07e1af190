package models

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"regexp"
	"strings"
)

// maxLogoSide is in pixels: a small file can unfold to more than a cabinet's memory.
const maxLogoSide = 2048

// checkLogo adds what is wrong with a logo, a data: URL (RFC 2397) of a picture in base64.
func checkLogo(fields *Fields, logo string) {
	if len(logo) > MaxScreenLogo {
		fields.Add("/logo", "must be at most %d bytes", MaxScreenLogo)
		return
	}
	for kind, check := range map[string]func([]byte) error{"image/png": checkPNG, "image/svg+xml": checkSVG, "image/webp": checkWebP} {
		text, ok := strings.CutPrefix(logo, "data:"+kind+";base64,")
		if !ok {
			continue
		}
		picture, err := base64.StdEncoding.Strict().DecodeString(text)
		if err == nil {
			err = check(picture)
		} else {
			err = errors.New("must have its picture in base64")
		}
		if err != nil {
			fields.Add("/logo", "%s", err)
		}
		return
	}
	fields.Add("/logo", "must be a data: URL of image/png, image/svg+xml or image/webp in base64")
}

var errLogoSide = errors.New("must be a picture of 1 to 2048 pixels to each side")

func checkSides(width, height int) error {
	if width < 1 || height < 1 || width > maxLogoSide || height > maxLogoSide {
		return errLogoSide
	}
	return nil
}

func checkPNG(picture []byte) error {
	c, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return errors.New("is not a PNG")
	}
	if err := checkSides(c.Width, c.Height); err != nil {
		return err
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		return errors.New("is a PNG that cannot be read")
	}
	return nil
}

// checkWebP reads the sides of a WebP still picture from its first chunk (RFC 9649, 2.4 to 2.7).
func checkWebP(picture []byte) error {
	const header = 30 // of the container, the chunk, and what in it has the sides
	if len(picture) < header || string(picture[:4]) != "RIFF" || string(picture[8:12]) != "WEBP" ||
		int64(binary.LittleEndian.Uint32(picture[4:]))+8 != int64(len(picture)) {
		return errors.New("is not a WebP")
	}
	chunk := picture[20:]
	switch string(picture[12:16]) {
	case "VP8 ":
		if chunk[0]&1 == 0 && string(chunk[3:6]) == "\x9d\x01\x2a" { // a key frame and its start code
			return checkSides(int(binary.LittleEndian.Uint16(chunk[6:])&0x3fff), int(binary.LittleEndian.Uint16(chunk[8:])&0x3fff))
		}
	case "VP8L":
		if sides := binary.LittleEndian.Uint32(chunk[1:]); chunk[0] == 0x2f {
			return checkSides(int(sides&0x3fff)+1, int(sides>>14&0x3fff)+1)
		}
	case "VP8X":
		if chunk[0]&2 != 0 {
			return errors.New("must be a picture that does not move")
		}
		three := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
		return checkSides(three(chunk[4:])+1, three(chunk[7:])+1)
	}
	return errors.New("is a WebP that cannot be read")
}

const svgSpace = "http://www.w3.org/2000/svg"

var (
	errSVG         = errors.New("is not an SVG that can be read: it must be whole, in UTF-8, with an svg element")
	errSVGActive   = errors.New("must be an SVG without scripts, foreign objects, events, animations, and elements that are not SVG's own")
	errSVGExternal = errors.New("must be an SVG that refers to nothing outside of itself")
)

// svgActive are elements that run, hold other documents, or change what others refer to.
var svgActive = regexp.MustCompile(`(?i)^(script|foreignobject|iframe|audio|video|canvas|handler|listener|set|animate.*)$`)

// cssOutside is what loads something in a style or an attribute that is one: any address but that
// of a part of the same picture. A backslash can spell all of it otherwise.
var cssOutside = regexp.MustCompile(`(?i)\\|@import|image-set|src\(|url\(\s*["']?\s*[^#"'\s]`)

// checkSVG allows drawing alone. A browser runs no script in a picture either, but a logo may be
// shown by something else.
func checkSVG(picture []byte) error {
	d := xml.NewDecoder(bytes.NewReader(picture))
	begun := false
	var text strings.Builder // of all elements: a style's may be in pieces
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && begun {
			if cssOutside.MatchString(text.String()) {
				return errSVGExternal
			}
			return nil
		}
		if err != nil {
			return errSVG
		}
		switch e := token.(type) {
		case xml.StartElement:
			if !begun && (e.Name.Space != svgSpace || e.Name.Local != "svg") {
				return errSVG
			}
			begun = true
			if e.Name.Space != svgSpace || svgActive.MatchString(e.Name.Local) {
				return errSVGActive
			}
			for _, a := range e.Attr {
				if err := checkSVGAttr(a); err != nil {
					return err
				}
			}
		case xml.CharData:
			text.Write(e)
		case xml.Directive: // a document type can name other files, and things to be put in
			return errSVGExternal
		case xml.ProcInst:
			if e.Target != "xml" { // as a style sheet
				return errSVGExternal
			}
		}
	}
}

func checkSVGAttr(a xml.Attr) error {
	value, name := strings.TrimSpace(a.Value), strings.ToLower(a.Name.Local)
	switch {
	case a.Name.Space == "xmlns" || name == "xmlns": // a name, which nobody loads
		return nil
	case strings.HasPrefix(name, "on"):
		return errSVGActive
	case name == "href" || name == "src" || name == "base":
		if !strings.HasPrefix(value, "#") {
			return errSVGExternal
		}
	case cssOutside.MatchString(value):
		return errSVGExternal
	}
	return nil
}
