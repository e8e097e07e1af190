package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// etag is a weak entity tag of an answer.
func etag(body any) (string, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return `W/"` + hex.EncodeToString(sum[:16]) + `"`, nil
}

// matches reports whether an If-None-Match header names the tag. Tags are compared weakly
// (RFC 9110, 13.1.2).
func matches(header *string, tag string) bool {
	if header == nil {
		return false
	}
	for one := range strings.SplitSeq(*header, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
