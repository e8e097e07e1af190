package models

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf16"
)

// SMSEncoding is how the characters of an SMS are counted.
type SMSEncoding string

// The encodings of 3GPP TS 23.038.
const (
	GSM7 SMSEncoding = "gsm-7"
	UCS2 SMSEncoding = "ucs-2"
)

// gsmBasic takes one septet each, gsmExtension two: an escape comes first.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡" +
		"ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// SMSSegments is how many messages an SMS costs, and by which encoding. A part of several
// has less room, for the header that joins them: 153 septets of 160, 67 UTF-16 units of 70.
// What takes two units is never split between parts.
func SMSSegments(text string) (int, SMSEncoding) {
	var units []int
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			units = append(units, 1)
		case strings.ContainsRune(gsmExtension, r):
			units = append(units, 2)
		default:
			units = units[:0]
			for _, r := range text {
				units = append(units, utf16.RuneLen(r))
			}
			return segments(units, 70, 67), UCS2
		}
	}
	return segments(units, 160, 153), GSM7
}

func segments(units []int, alone, part int) int {
	total := 0
	for _, n := range units {
		total += n
	}
	if total <= alone {
		return 1
	}
	parts, used := 1, 0
	for _, n := range units {
		if used+n > part {
			parts, used = parts+1, 0
		}
		used += n
	}
	return parts
}

// PhoneHash is the keyed hash under which a phone that wants no SMS is known.
func PhoneHash(key []byte, phone string) string { return keyedHash(key, "phone", phone) }

// TextMark is the keyed hash by which a text that was sent is found again.
func TextMark(key []byte, text string) string { return keyedHash(key, "text", text) }

func keyedHash(key []byte, what, value string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(what + "\x00" + value))
	return hex.EncodeToString(mac.Sum(nil)[:20])
}
