package models

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// The prefixes of keys of Standard Webhooks.
const (
	prefixSecret  = "whsec_" // shared
	prefixPrivate = "whsk_"
	prefixPublic  = "whpk_"
)

// WebhookKeyBytes is how much randomness a key is made of.
const WebhookKeyBytes = 32

// WebhookKey is what an endpoint's messages are signed with: "whsec_…" or "whsk_…".
type WebhookKey string

// NewWebhookKey makes a key from WebhookKeyBytes random bytes, and the public half of v1a.
func NewWebhookKey(s Signing, random []byte) (key WebhookKey, public string) {
	if s == SigningEd25519 {
		of := ed25519.NewKeyFromSeed(random).Public().(ed25519.PublicKey)
		return WebhookKey(prefixPrivate + base64.StdEncoding.EncodeToString(random)), prefixPublic + base64.StdEncoding.EncodeToString(of)
	}
	return WebhookKey(prefixSecret + base64.StdEncoding.EncodeToString(random)), ""
}

// sign gives one signature: its version, a comma, base64.
func (k WebhookKey) sign(content []byte) (string, error) {
	text, secret := strings.CutPrefix(string(k), prefixSecret)
	if !secret {
		text = strings.TrimPrefix(text, prefixPrivate)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil || !secret && len(raw) != ed25519.SeedSize:
		return "", Errorf(CodeInternal, "a webhook's key cannot be read")
	case secret:
		mac := hmac.New(sha256.New, raw)
		mac.Write(content)
		return string(SigningHMAC) + "," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
	}
	signature := ed25519.Sign(ed25519.NewKeyFromSeed(raw), content)
	return string(SigningEd25519) + "," + base64.StdEncoding.EncodeToString(signature), nil
}

// WebhookTimestamp is the header webhook-timestamp of an attempt: Unix seconds.
func WebhookTimestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// SignWebhook gives the header webhook-signature of an attempt at a time: a signature by each key.
func SignWebhook(id EventID, at time.Time, body []byte, keys ...WebhookKey) (string, error) {
	content := append([]byte(string(id)+"."+WebhookTimestamp(at)+"."), body...)
	signatures := make([]string, 0, len(keys))
	for _, k := range keys {
		s, err := k.sign(content)
		if err != nil {
			return "", err
		}
		signatures = append(signatures, s)
	}
	return strings.Join(signatures, " "), nil
}

// PurposeWebhooks names the worker's key to which webhooks' keys are sealed.
const PurposeWebhooks = "webhooks"

const webhookSealInfo = "cubby webhook key v1"

// DeriveWebhookSealKey derives the worker's key, by X25519, from the master key.
func DeriveWebhookSealKey(master []byte) (*ecdh.PrivateKey, error) {
	raw, err := hkdf.Key(sha256.New, master, nil, webhookSealInfo, 32)
	if err != nil {
		return nil, err
	}
	return ecdh.X25519().NewPrivateKey(raw)
}

// SealWebhookKey seals an endpoint's key to the worker by HPKE (RFC 9180: DHKEM(X25519,
// HKDF-SHA256), HKDF-SHA256, AES-128-GCM), bound to the endpoint: what makes endpoints need not
// be able to read their keys later.
func SealWebhookKey(k WebhookKey, w WebhookID, public []byte) ([]byte, error) {
	pub, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(public)
	if err != nil {
		return nil, Wrap(CodeInternal, err, "the worker's public key cannot be read")
	}
	return hpke.Seal(pub, hpke.HKDFSHA256(), hpke.AES128GCM(), webhookContext(w), []byte(k))
}

// OpenWebhookKey is the inverse, in the worker.
func OpenWebhookKey(sealed []byte, w WebhookID, private *ecdh.PrivateKey) (WebhookKey, error) {
	priv, err := hpke.NewDHKEMPrivateKey(private)
	if err != nil {
		return "", err
	}
	raw, err := hpke.Open(priv, hpke.HKDFSHA256(), hpke.AES128GCM(), webhookContext(w), sealed)
	if err != nil {
		return "", Wrap(CodeInternal, err, "the endpoint's key was sealed to another worker's master key")
	}
	return WebhookKey(raw), nil
}

func webhookContext(w WebhookID) []byte { return []byte(webhookSealInfo + " " + string(w)) }
