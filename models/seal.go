package models

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/json"
)

const (
	sealInfo     = "cubby cabinet key v1"
	sealCodeInfo = "cubby client code v1"
)

// SealCabinetKey seals a cabinet's key to its computer's P-256 public key by HPKE
// (RFC 9180: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM), bound to the locker.
func SealCabinetKey(key CabinetKey, l LockerID, public []byte) ([]byte, error) {
	pub, err := hpke.DHKEM(ecdh.P256()).NewPublicKey(public)
	if err != nil {
		return nil, Errorf(CodeInvalid, "public_key is not an uncompressed P-256 point")
	}
	return hpke.Seal(pub, hpke.HKDFSHA256(), hpke.AES128GCM(), sealContext(l), key[:])
}

// OpenCabinetKey is the inverse, on the cabinet's computer.
func OpenCabinetKey(sealed []byte, l LockerID, private *ecdh.PrivateKey) (CabinetKey, error) {
	var key CabinetKey
	priv, err := hpke.NewDHKEMPrivateKey(private)
	if err != nil {
		return key, err
	}
	raw, err := hpke.Open(priv, hpke.HKDFSHA256(), hpke.AES128GCM(), sealContext(l), sealed)
	if err != nil || len(raw) != len(key) {
		return key, Errorf(CodeInvalid, "the sealed key does not open on this computer")
	}
	copy(key[:], raw)
	return key, nil
}

// sealContext binds a sealed key to its purpose and locker: one sealed for another
// cabinet does not open.
func sealContext(l LockerID) []byte { return []byte(sealInfo + " " + string(l)) }

// ClientCode is what opens a client's cells, and the token of the client's page.
type ClientCode struct {
	Code string `json:"code"`
	QR   string `json:"qr"`
	Page string `json:"page"`
}

// SealClientCode seals it to the public key of who asked, bound to the row that it waits in.
func SealClientCode(c ClientCode, id SealedID, public []byte) ([]byte, error) {
	pub, err := hpke.DHKEM(ecdh.P256()).NewPublicKey(public)
	if err != nil {
		return nil, Errorf(CodeInvalid, "public_key is not an uncompressed P-256 point")
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(pub, hpke.HKDFSHA256(), hpke.AES128GCM(), sealCodeContext(id), plain)
}

// OpenClientCode is the inverse.
func OpenClientCode(sealed []byte, id SealedID, private hpke.PrivateKey) (ClientCode, error) {
	var c ClientCode
	plain, err := hpke.Open(private, hpke.HKDFSHA256(), hpke.AES128GCM(), sealCodeContext(id), sealed)
	if err != nil {
		return c, Errorf(CodeInternal, "the sealed code does not open")
	}
	return c, json.Unmarshal(plain, &c)
}

func sealCodeContext(id SealedID) []byte { return []byte(sealCodeInfo + " " + string(id)) }
