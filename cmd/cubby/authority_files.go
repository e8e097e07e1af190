package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"cubby/activities"
	"cubby/models"
)

// makeAuthority says how to get files that are missing.
const makeAuthority = "make the authority's files with 'cubby key authority'"

// readCertificates reads the certificates of a PEM file.
func readCertificates(path string) ([]*x509.Certificate, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, c)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return found, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	found, err := readCertificates(path)
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// readKey reads the private key of a PEM file that nobody else may read.
func readKey(path string) (crypto.Signer, error) {
	if err := private(path); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s holds no private key", path)
	}
	return parseKey(path, block)
}

func parseKey(path string, block *pem.Block) (crypto.Signer, error) {
	// Never with the parser's own words: they could hold a part of the key.
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: the private key is damaged", path)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: the key cannot sign", path)
	}
	return signer, nil
}

// private refuses a key's file that others on this machine may read.
func private(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s may be read by others: chmod 600 it", path)
	}
	return err
}

// readDeviceAuthority reads what signs cabinets' certificates. The certificate's file may
// hold those of earlier authorities too, which gateways go on to believe.
func readDeviceAuthority(certificate, key string) (activities.Authority, error) {
	all, err := readCertificates(certificate)
	if err != nil {
		return activities.Authority{}, fmt.Errorf("device authority (%s): %w", makeAuthority, err)
	}
	signer, err := readKey(key)
	if err != nil {
		return activities.Authority{}, fmt.Errorf("device authority's key (%s): %w", makeAuthority, err)
	}
	for _, c := range all {
		if public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(signer.Public()) {
			return activities.Authority{Certificate: c, Key: signer}, nil
		}
	}
	return activities.Authority{}, fmt.Errorf("device authority: %s is not the key of a certificate in %s", key, certificate)
}

// readDevicePool reads which device authorities a gateway believes.
func readDevicePool(path string) (*x509.CertPool, error) {
	all, err := readCertificates(path)
	if err != nil {
		return nil, fmt.Errorf("device authority (%s): %w", makeAuthority, err)
	}
	pool := x509.NewCertPool()
	for _, c := range all {
		pool.AddCert(c)
	}
	return pool, nil
}

// readSigners reads the Ed25519 keys that cabinets are told to believe. The first of the file
// signs grants and remote openings, so a key can be brought in a while before it signs; all of
// them sign what cabinets are told to believe.
func readSigners(path string) ([]models.Signer, error) {
	if err := private(path); err != nil {
		return nil, fmt.Errorf("signer's key (%s): %w", makeAuthority, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("signer's key (%s): %w", makeAuthority, err)
	}
	var signers []models.Signer
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		key, err := parseKey(path, block)
		if err != nil {
			return nil, err
		}
		private, ok := key.(ed25519.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("%s: not an Ed25519 key", path)
		}
		sum := sha256.Sum256(private.Public().(ed25519.PublicKey))
		signers = append(signers, models.Signer{ID: "sig_" + hex.EncodeToString(sum[:8]), Key: private})
	}
	if len(signers) == 0 {
		return nil, fmt.Errorf("%s holds no private key", path)
	}
	return signers, nil
}

// gatewayCertificate is the certificate that cabinets see. It is read again when its files
// change, so a renewal needs no restart.
type gatewayCertificate struct {
	certificate, key string
	log              *slog.Logger
	now              func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	written [2]time.Time // of the files, when they were read
	looked  time.Time
}

// lookAgain is how often the files are looked at.
const lookAgain = 10 * time.Second

func readGatewayCertificate(certificate, key string, log *slog.Logger, now func() time.Time) (*gatewayCertificate, error) {
	g := &gatewayCertificate{certificate: certificate, key: key, log: log, now: now}
	if err := g.load(); err != nil {
		return nil, fmt.Errorf("gateway's certificate (%s): %w", makeAuthority, err)
	}
	return g, nil
}

func (g *gatewayCertificate) load() error {
	written, err := g.modified()
	if err != nil {
		return err
	}
	if err := private(g.key); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(g.certificate, g.key)
	if err != nil {
		return err
	}
	g.current, g.written, g.looked = &pair, written, g.now()
	return nil
}

func (g *gatewayCertificate) modified() (written [2]time.Time, err error) {
	for i, path := range []string{g.certificate, g.key} {
		info, statErr := os.Stat(path)
		if statErr != nil {
			err = errors.Join(err, statErr)
			continue
		}
		written[i] = info.ModTime()
	}
	return written, err
}

// get is tls.Config.GetCertificate. What cannot be read leaves the certificate as it is.
func (g *gatewayCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.now(); now.Sub(g.looked) >= lookAgain {
		g.looked = now
		if written, err := g.modified(); err == nil && written != g.written {
			if err := g.load(); err != nil {
				g.log.Warn("the gateway's new certificate cannot be used", "error", err)
			} else {
				g.log.Info("the gateway has a new certificate", "until", g.current.Leaf.NotAfter)
			}
		}
	}
	return g.current, nil
}
