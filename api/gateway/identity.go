package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"

	"cubby/models"
)

// Peer is who a request comes from, by its certificate.
type Peer struct {
	Locker   models.LockerID
	Serial   string
	NotAfter time.Time
}

// Identity tells who a request comes from.
type Identity interface {
	// Identify returns the cabinet of a certificate that ended no longer ago than the grace.
	// It returns unauthorized for a request without a certificate, or with one that is no
	// cabinet's, and certificate_expired.
	Identify(r *http.Request, grace time.Duration) (Peer, error)
}

// Certificates is Identity by the client certificates of TLS. Whether one was revoked is
// not its business.
type Certificates struct {
	Authority *x509.CertPool // of devices
	Now       func() time.Time
}

var _ Identity = Certificates{}

// Identify implements Identity.
func (c Certificates) Identify(r *http.Request, grace time.Duration) (Peer, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return Peer{}, models.Errorf(models.CodeUnauthorized, "This call needs the cabinet's certificate.")
	}
	leaf := r.TLS.PeerCertificates[0]
	now := c.Now()
	if now.After(leaf.NotAfter) {
		if now.After(leaf.NotAfter.Add(grace)) {
			return Peer{}, models.Errorf(models.CodeCertificateExpired, "The certificate ended on %s.", leaf.NotAfter.UTC().Format(time.DateOnly))
		}
		now = leaf.NotAfter
	}
	between := x509.NewCertPool()
	for _, more := range r.TLS.PeerCertificates[1:] {
		between.AddCert(more)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: c.Authority, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return Peer{}, models.Wrap(models.CodeUnauthorized, err, "The certificate is not of this network's device authority.")
	}
	locker, ok := models.LockerOf(leaf)
	if !ok {
		return Peer{}, models.Errorf(models.CodeUnauthorized, "The certificate names no cabinet.")
	}
	return Peer{Locker: locker, Serial: models.SerialText(leaf.SerialNumber), NotAfter: leaf.NotAfter}, nil
}

// TLS is the configuration of the device listener. It asks for a client certificate and
// leaves the judging to each route: enrolment has none, a renewal may have one that ended.
// That the client has the certificate's key is proved by the handshake all the same.
func TLS(server func(*tls.ClientHelloInfo) (*tls.Certificate, error), devices *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: server,
		ClientAuth:     tls.RequestClientCert,
		ClientCAs:      devices,              // tells clients which of theirs is meant
		NextProtos:     []string{"http/1.1"}, // a websocket needs it
	}
}
