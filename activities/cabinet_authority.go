package activities

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"time"

	"cubby/models"
)

// Authority signs the certificates of cabinets' computers. Only workers hold it.
type Authority struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// serialBytes is the length of a serial number: no two of them meet.
const serialBytes = 16

// Sign makes a certificate with which a key speaks for a cabinet.
func (a Authority) Sign(l models.LockerID, key *ecdsa.PublicKey, keyHash string, now time.Time, rand io.Reader) (models.Certificate, error) {
	var raw [serialBytes]byte
	if _, err := io.ReadFull(rand, raw[:]); err != nil {
		return models.Certificate{}, err
	}
	raw[0] = raw[0]&0x7f | 0x40 // positive, and of one length
	now = now.UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(raw[:]),
		Subject:      pkix.Name{CommonName: string(l)},
		NotBefore:    now.Add(-models.CertificateBackdate),
		NotAfter:     now.Add(models.CertificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	template.URIs = append(template.URIs, models.LockerURI(l))
	if template.NotAfter.After(a.Certificate.NotAfter) {
		return models.Certificate{}, models.Errorf(models.CodeInternal,
			"the device authority ends at %s: make a new one before", a.Certificate.NotAfter.Format(time.DateOnly))
	}
	der, err := x509.CreateCertificate(rand, template, a.Certificate, key, a.Key)
	return models.Certificate{
		Serial: models.SerialText(template.SerialNumber), Locker: l, PublicKeyHash: keyHash,
		NotAfter: template.NotAfter, DER: der,
	}, err
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
