package models

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"io"
)

// DataKeyBytes is the length of a data key: the input of HKDF-SHA256.
const DataKeyBytes = 32

// DataKey encrypts what the role api keeps for people and the database must not tell. It opens no
// cell and makes no code: those come from the master key, which the workers alone have.
type DataKey []byte

// aead is the cipher for a purpose: AES-256-GCM with a key of its own.
func (k DataKey) aead(purpose string) (cipher.AEAD, error) {
	if len(k) != DataKeyBytes {
		return nil, Errorf(CodeInternal, "the data key has %d bytes", len(k))
	}
	key, err := hkdf.Key(sha256.New, k, nil, "cubby data v1 "+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal encrypts a text for a purpose, bound to what it is of: a fresh nonce, then what GCM gives.
func (k DataKey) Seal(rand io.Reader, purpose, of string, text []byte) ([]byte, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, text, []byte(of)), nil
}

// Open is the inverse. What was sealed with another key, for another purpose or of something
// else does not open.
func (k DataKey) Open(purpose, of string, sealed []byte) ([]byte, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, Errorf(CodeInternal, "what is to be opened is too short")
	}
	text, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(of))
	if err != nil {
		return nil, Wrap(CodeInternal, err, "what is to be opened was sealed with another key")
	}
	return text, nil
}
