package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"cubby/agent/protocol"
	"cubby/models"
	"cubby/worker"
)

// journal is a log that a test reads while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// TestEnrolmentThroughTemporal enrols a computer at a whole server: gateway, workflow,
// worker. The code of the claim is nowhere in the history or the log.
func TestEnrolmentThroughTemporal(t *testing.T) {
	address, _ := temporal(t)("CUBBY_TEMPORAL_ADDRESS")
	dir := t.TempDir()
	keyCommand(t, "authority", dir)
	settings := env(append(authoritySettings(dir),
		"CUBBY_MASTER_KEY_FILE", filepath.Join(dir, "master.key"), "CUBBY_DATABASE_URL", "sqlite:"+filepath.Join(dir, "cubby.db"),
		"CUBBY_TEMPORAL_ADDRESS", address, "CUBBY_INSTANCE", "enrol", "CUBBY_LISTEN", freeAddress(t),
		"CUBBY_OPS_LISTEN", freeAddress(t), "CUBBY_GATEWAY_LISTEN", freeAddress(t))...)
	for _, args := range [][]string{{"key", "master"}, {"migrate"}} {
		require.NoError(t, run(t.Context(), args, settings, io.Discard, io.Discard))
	}
	conf, err := load(settings)
	require.NoError(t, err)
	log := &journal{}
	p := program{config: conf, log: slog.New(slog.NewJSONHandler(log, nil)), out: io.Discard, err: io.Discard}
	db, err := openStore(t.Context(), p)
	require.NoError(t, err)
	defer closeStore(p, db)
	engine, err := worker.Client(conf.temporalAddress, conf.temporalNamespace, p.log)
	require.NoError(t, err)
	defer engine.Close()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, p, roles{api: true, gateway: true, worker: true}, db, engine) }()
	defer func() {
		cancel()
		require.NoError(t, <-served)
	}()

	by := models.Request{ID: "req"}
	place, err := db.CreateLocation(t.Context(), by, models.Location{Name: "station"})
	require.NoError(t, err)
	model, err := db.CreateModel(t.Context(), by, models.CabinetModel{Name: "none"})
	require.NoError(t, err)
	locker, err := db.CreateLocker(t.Context(), by, models.Locker{Number: "L-1", Location: place.ID, Model: model.ID})
	require.NoError(t, err)
	claim, _, err := db.CreateClaim(t.Context(), by, locker.ID)
	require.NoError(t, err)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	require.NoError(t, err)
	body, err := json.Marshal(protocol.EnrollRequest{Claim: claim, CSR: csr})
	require.NoError(t, err)
	servers, err := readDevicePool(filepath.Join(dir, "server-ca.pem"))
	require.NoError(t, err)
	over := &tls.Config{RootCAs: servers}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: over}, Timeout: 30 * time.Second}
	var reply protocol.EnrollReply
	require.Eventually(t, func() bool {
		resp, err := client.Post("https://"+conf.gatewayListen+protocol.PathEnroll, "application/json", bytes.NewReader(body))
		if err != nil {
			return false // not up yet
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(&reply) == nil
	}, 60*time.Second, 200*time.Millisecond)
	require.Equal(t, locker.ID, reply.Locker)
	private, err := key.ECDH()
	require.NoError(t, err)
	_, err = models.OpenCabinetKey(reply.Sealed, locker.ID, private)
	require.NoError(t, err)

	block, _ := pem.Decode([]byte(reply.Certificate))
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: servers, Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}},
	}}}
	resp, err := own.Get("https://" + conf.gatewayListen + protocol.PathSnapshot)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)

	// Listed by its type: the id is a hash.
	var id string
	require.Eventually(t, func() bool {
		list, err := engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: conf.temporalNamespace, Query: "WorkflowType = '" + models.WorkflowEnroll + "'",
		})
		if err != nil || len(list.GetExecutions()) == 0 {
			return false
		}
		id = list.GetExecutions()[0].GetExecution().GetWorkflowId()
		return true
	}, 30*time.Second, 100*time.Millisecond)
	events := 0
	plain := strings.ReplaceAll(claim, "-", "")
	for it := engine.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); events++ {
		e, err := it.Next()
		require.NoError(t, err)
		require.NotContains(t, e.String(), claim)
		require.NotContains(t, strings.ToUpper(e.String()), plain)
	}
	require.Positive(t, events)
	require.Contains(t, log.String(), "computer enrolled")
	require.NotContains(t, log.String(), claim)
	require.NotContains(t, strings.ToUpper(log.String()), plain)
}
