package gatewaytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"cubby/models"
)

// authority signs certificates: of servers or of cabinets.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	a := &authority{key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	raw, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) pem() []byte { return encode(a.cert.Raw) }

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// server makes a certificate for 127.0.0.1.
func (a *authority) server(public crypto.PublicKey) ([]byte, error) {
	return a.sign(&x509.Certificate{
		NotAfter: time.Now().Add(12 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, public)
}

// cabinet makes a certificate of a cabinet.
func (a *authority) cabinet(l models.LockerID, public crypto.PublicKey, lives time.Duration) ([]byte, error) {
	c := &x509.Certificate{
		NotAfter: time.Now().Add(lives), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	c.URIs = append(c.URIs, models.LockerURI(l))
	return a.sign(c, public)
}

func (a *authority) sign(c *x509.Certificate, public crypto.PublicKey) ([]byte, error) {
	var err error
	if c.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	c.NotBefore, c.KeyUsage = time.Now().Add(-time.Minute), x509.KeyUsageDigitalSignature
	return x509.CreateCertificate(rand.Reader, c, a.cert, public, a.key)
}
