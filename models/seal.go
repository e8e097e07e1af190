package models

import (
	"crypto/ecdh"
	"crypto/hpke"
)

const sealInfo = "cubby cabinet key v1"

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
