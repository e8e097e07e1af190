package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// authorityDir is where 'key authority' puts its files, and the settings look for them.
const authorityDir = "var/authority"

// The files of the authority. Keys of certificates stand beside them as .key.
const (
	deviceCA   = "device-ca" // signs cabinets' certificates; its key is for workers only
	serverCA   = "server-ca" // signs gateways' certificates; cabinets are given its certificate
	gatewayTLS = "gateway"   // what cabinets see
	signerFile = "signer.key"
)

const (
	authorityLife = 20 * 365 * 24 * time.Hour
	gatewayLife   = 397 * 24 * time.Hour
	backdate      = 24 * time.Hour
)

func runKeyAuthority(_ context.Context, p program, args []string) error {
	flags := p.flags("key authority")
	dir := flags.String("dir", authorityDir, "where the files go")
	hosts := flags.String("hosts", "localhost,127.0.0.1", "names and addresses under which cabinets reach the gateways")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a := authority{dir: *dir, now: time.Now()}
	if err := os.MkdirAll(*dir, 0o700); err != nil {
		return err
	}
	for _, make := range []struct {
		file string
		make func() error
	}{
		{deviceCA + ".pem", func() error { return a.root(deviceCA, "Cubby device authority") }},
		{serverCA + ".pem", func() error { return a.root(serverCA, "Cubby server authority") }},
		{gatewayTLS + ".pem", func() error { return a.gateway(strings.Split(*hosts, ",")) }},
		{signerFile, a.signer},
	} {
		path := filepath.Join(*dir, make.file)
		if _, err := os.Stat(path); err == nil {
			fmt.Fprintln(p.out, "there already:", path)
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := make.make(); err != nil {
			return err
		}
		fmt.Fprintln(p.out, "written:      ", path)
	}
	return nil
}

// runKeyGateway puts a new certificate and key in place of the gateway's; running gateways
// take them up by themselves.
func runKeyGateway(_ context.Context, p program, args []string) error {
	flags := p.flags("key gateway")
	dir := flags.String("dir", authorityDir, "where the authority's files are")
	hosts := flags.String("hosts", "", "names and addresses under which cabinets reach the gateways; empty: as before")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a := authority{dir: *dir, now: time.Now()}
	names := strings.Split(*hosts, ",")
	if *hosts == "" {
		old, err := readCertificate(a.path(gatewayTLS + ".pem"))
		if err != nil {
			return fmt.Errorf("--hosts is needed: %w", err)
		}
		names = old.DNSNames
		for _, ip := range old.IPAddresses {
			names = append(names, ip.String())
		}
	}
	if err := a.gateway(names); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "written: %s, until %s\n", a.path(gatewayTLS+".pem"), a.now.Add(gatewayLife).UTC().Format(time.DateOnly))
	return nil
}

// authority makes the files of an authority.
type authority struct {
	dir string
	now time.Time
}

func (a authority) path(file string) string { return filepath.Join(a.dir, file) }

func (a authority) root(file, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := a.template(name, authorityLife)
	if err != nil {
		return err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	return a.write(file, der, key)
}

func (a authority) gateway(hosts []string) error {
	ca, err := readCertificate(a.path(serverCA + ".pem"))
	if err != nil {
		return err
	}
	signer, err := readKey(a.path(serverCA + ".key"))
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := a.template("Cubby gateway", gatewayLife)
	if err != nil {
		return err
	}
	for _, host := range hosts {
		host = strings.TrimSpace(host)
		switch ip := net.ParseIP(host); {
		case ip != nil:
			template.IPAddresses = append(template.IPAddresses, ip)
		case host == "" || strings.ContainsAny(host, " :/"):
			return fmt.Errorf("%q is no name and no address of a gateway", host)
		default:
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), signer)
	if err != nil {
		return err
	}
	return a.write(gatewayTLS, der, key)
}

func (a authority) signer() error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	return a.writeKey(a.path(signerFile), key)
}

func (a authority) template(name string, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: a.now.Add(-backdate), NotAfter: a.now.Add(life),
	}, err
}

// write puts a certificate and its key in place. The key goes first: whoever reads them
// between the two sees that they do not fit, and keeps what it has.
func (a authority) write(file string, der []byte, key crypto.Signer) error {
	if err := a.writeKey(a.path(file+".key"), key); err != nil {
		return err
	}
	return replaceFile(a.path(file+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func (a authority) writeKey(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return replaceFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// replaceFile puts a whole file in place of what was there, or leaves that as it was.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
