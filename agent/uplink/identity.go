package uplink

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cubby/agent/durable"
	"cubby/models"
)

const (
	identityFile = "identity.json"
	pendingFile  = "pending.json"
)

// Identity is who the cabinet is. The cabinet's key is opened in memory only: the disk
// holds it sealed.
type Identity struct {
	Locker  models.LockerID
	Signers []models.SignerKey
	Key     models.CabinetKey

	keyVersion  int
	leaf        *x509.Certificate
	certificate tls.Certificate
}

// NotAfter is when the certificate expires.
func (id Identity) NotAfter() time.Time {
	if id.leaf == nil {
		return time.Time{}
	}
	return id.leaf.NotAfter
}

// kept is an identity's file: key and certificate in one, so that they always fit.
type kept struct {
	Locker      models.LockerID    `json:"locker"`
	PrivateKey  []byte             `json:"private_key"` // PKCS#8
	Certificate string             `json:"certificate"` // PEM, leaf first
	Signers     []models.SignerKey `json:"signers"`
	KeyVersion  int                `json:"key_version"`
	Sealed      []byte             `json:"sealed"`
}

// pending is a key for which a certificate was asked and has not come yet. An answer that
// was lost is asked for again with the same key.
type pending struct {
	PrivateKey []byte `json:"private_key"`
	Renewal    bool   `json:"renewal"`
}

// ErrNotEnrolled says that the cabinet has no identity yet.
var ErrNotEnrolled = errors.New("this computer is not enrolled: run 'cubby-agent enroll --claim CODE' with a claim that staff make for the locker")

// LoadIdentity reads the identity, or returns ErrNotEnrolled.
func LoadIdentity(dir string) (Identity, error) {
	var k kept
	err := readFile(filepath.Join(dir, identityFile), &k)
	if errors.Is(err, fs.ErrNotExist) {
		return Identity{}, ErrNotEnrolled
	}
	if err != nil {
		return Identity{}, err
	}
	id, err := k.open()
	if err != nil {
		return Identity{}, fmt.Errorf("uplink: %s cannot be used: %w", identityFile, err)
	}
	return id, nil
}

func (k kept) open() (Identity, error) {
	id := Identity{Locker: k.Locker, Signers: k.Signers, keyVersion: k.KeyVersion}
	key, err := privateKey(k.PrivateKey)
	if err != nil {
		return id, err
	}
	for rest := []byte(k.Certificate); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		id.certificate.Certificate = append(id.certificate.Certificate, block.Bytes)
	}
	if len(id.certificate.Certificate) == 0 {
		return id, errors.New("there is no certificate in it")
	}
	if id.leaf, err = x509.ParseCertificate(id.certificate.Certificate[0]); err != nil {
		return id, err
	}
	if public, ok := id.leaf.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(&key.PublicKey) {
		return id, errors.New("the certificate is of another key")
	}
	id.certificate.PrivateKey, id.certificate.Leaf = key, id.leaf
	private, err := key.ECDH()
	if err != nil {
		return id, err
	}
	id.Key, err = models.OpenCabinetKey(k.Sealed, k.Locker, private)
	return id, err
}

func privateKey(raw []byte) (*ecdsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("the private key is not of P-256")
	}
	return key, nil
}

// pendingKey returns the key of the request under way, or makes one and keeps it.
func pendingKey(dir string, renewal bool) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, pendingFile)
	var p pending
	err := readFile(path, &p)
	if err == nil && p.Renewal == renewal {
		if key, err := privateKey(p.PrivateKey); err == nil {
			return key, nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// A torn file of a request that got nowhere is not worth keeping.
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writeFile(path, pending{raw, renewal})
}

func readFile(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("uplink: %s is damaged: %w", path, err)
	}
	return nil
}

// writeFile puts a file in place whole, durably, and for this user only.
func writeFile(path string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := durable.MakeDir(filepath.Dir(path)); err != nil {
		return err
	}
	return durable.WriteFile(path, raw)
}
