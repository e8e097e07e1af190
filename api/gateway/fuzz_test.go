package gateway_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/api/gateway"
	"cubby/models"
)

// fuzzed is a gateway without a server. Its clock leaps between calls: limits of rates are
// not what is fuzzed here.
type fuzzed struct {
	*cabinets
	handler  http.Handler
	locker   string
	enrolled []models.EnrollInput
}

func newFuzzed(f *testing.F) *fuzzed {
	f.Helper()
	ids := models.NewIDs(time.Now, rand.Reader)
	z := &fuzzed{cabinets: &cabinets{positions: map[string]int64{}}, locker: ids.New(models.PrefixLocker)}
	now := time.Now()
	z.takeIn = func(facts []models.Fact) (models.Head, error) {
		fresh, err := z.head.CheckChain(facts)
		if err == nil && len(fresh) > 0 {
			last := fresh[len(fresh)-1]
			z.head = models.Head{Epoch: last.Epoch, Seq: last.Seq, Hash: last.Hash}
		}
		return z.head, err
	}
	z.cabinets.directory = func(since map[string]int64, _ int) ([]models.DirectoryRow, map[string]int64, bool, error) {
		return nil, since, false, nil
	}
	enroll := func(in models.EnrollInput) (models.EnrollResult, error) {
		z.enrolled = append(z.enrolled, in)
		return models.EnrollResult{Locker: models.LockerID(z.locker)}, nil
	}
	z.handler = gateway.New(gateway.Config{
		Cabinets: z, Engine: &engine{enroll: enroll}, Identity: headerIdentity{now.Add(time.Hour)}, Instance: "g1", Queue: "q",
		Logger: slog.New(slog.DiscardHandler), Rand: rand.Reader,
		Now: func() time.Time { now = now.Add(time.Hour); return now },
	}).Handler()
	return z
}

// call wants 200 with JSON, or a problem that says what the sender's mistake is; it returns
// the problem's code.
func (z *fuzzed) call(t *testing.T, method, path, contentType string, body []byte) (code models.Code, answer []byte) {
	t.Helper()
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set(headerLocker, z.locker)
	w := httptest.NewRecorder()
	z.handler.ServeHTTP(w, r)
	answer = w.Body.Bytes()
	require.True(t, json.Valid(answer), "%q", answer)
	if w.Code == http.StatusOK {
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		return "", answer
	}
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var problem struct {
		Status int
		Code   models.Code
	}
	require.NoError(t, json.Unmarshal(answer, &problem))
	require.Equal(t, w.Code, problem.Status)
	require.True(t, 400 <= w.Code && w.Code < 500, "%d %s", w.Code, answer)
	return problem.Code, answer
}

// FuzzJournal: a batch is taken in as the chain allows, or refused whole with a documented
// code.
func FuzzJournal(f *testing.F) {
	good := func(facts ...models.Fact) []byte {
		raw, err := json.Marshal(protocol.JournalRequest{Facts: facts})
		require.NoError(f, err)
		return raw
	}
	first := fact(1)
	first.Type = models.FactInventory
	first.Hash = first.ComputeHash()
	second := fact(2)
	second.PrevHash = first.Hash
	second.Hash = second.ComputeHash()
	other := first
	other.Boot = "another"
	other.Hash = other.ComputeHash()
	const isJSON = "application/json"
	for _, body := range [][]byte{
		good(first), good(first, second), good(first, first), good(second), good(first, other), good(fact(0)), good(),
		bytes.Replace(good(first), []byte(first.Hash), []byte(second.Hash), 1), bytes.Replace(good(first), []byte(`"data":{}`), []byte(`"data":"\u0000"`), 1),
		bytes.Replace(good(first), []byte(`"data":{}`), []byte(`"data":null`), 1), bytes.Replace(good(first), []byte(`"seq":1`), []byte(`"seq":1e400`), 1),
		bytes.Replace(good(first), []byte(`"epoch":1`), []byte(`"epoch":-1`), 1), []byte(`{"facts":[null]}`), []byte(`{"facts":{}}`), []byte(`{"facts":null}`), []byte(`null`), {}, []byte(`{"facts":`), []byte("\xff"),
		[]byte(`{"facts":[` + strings.TrimSuffix(strings.Repeat("{},", protocol.MaxBatch+1), ",") + `]}`),
	} {
		f.Add(body, isJSON)
	}
	f.Add(good(first), "text/plain")
	f.Add(good(first), "application/json; charset=\xff")
	z := newFuzzed(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		z.head = models.Head{}
		code, answer := z.call(t, "POST", protocol.PathJournal, contentType, body)
		if code != "" {
			require.Contains(t, []models.Code{models.CodeMalformedFrame, models.CodeSequence, models.CodeFork, models.CodeTooLarge, "unsupported_media_type"}, code)
			require.Zero(t, z.head, "refused whole")
			return
		}
		var reply protocol.JournalReply
		require.NoError(t, json.Unmarshal(answer, &reply))
		require.Equal(t, protocol.JournalReply{Epoch: z.head.Epoch, Seq: z.head.Seq}, reply)
		again, repeated := z.call(t, "POST", protocol.PathJournal, contentType, body)
		require.Empty(t, again, "a repeat is taken as well")
		require.Equal(t, string(answer), string(repeated))
	})
}

// FuzzEnrolment: an enrolment or a renewal gets to the engine with a claim and a request
// that were checked, or it is refused with a documented code.
func FuzzEnrolment(f *testing.F) {
	key := csrOf(f)
	const claim = "7ZK0-1QMX-0000-0000-0000-0000-0A"
	for _, in := range []protocol.EnrollRequest{
		{Claim: claim, CSR: key}, {CSR: key}, {Claim: claim}, {Claim: claim + "A", CSR: key}, {Claim: claim, CSR: key[:40]},
		{Claim: claim, CSR: append(bytes.Clone(key), 0)}, {Claim: claim, CSR: make([]byte, 5000)}, {Claim: strings.Repeat("0", 9000)},
	} {
		raw, err := json.Marshal(in)
		require.NoError(f, err)
		f.Add(raw)
	}
	for _, body := range []string{``, `null`, `[]`, `{"csr":"not base 64"}`, `{"csr":[1,2]}`, `{"claim":7}`, `{"claim":`, `{"CLAIM":"x","csr":null}`, strings.Repeat(" ", 17<<10)} {
		f.Add([]byte(body))
	}
	z := newFuzzed(f)
	documented := []models.Code{models.CodeMalformedFrame, models.CodeInvalid, models.CodeTooLarge, models.CodeClaimUnknown}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{protocol.PathEnroll, protocol.PathRenew} {
			z.enrolled = nil
			if code, _ := z.call(t, "POST", path, "application/json", body); code != "" {
				require.Contains(t, documented, code)
				require.Empty(t, z.enrolled)
				continue
			}
			require.Len(t, z.enrolled, 1)
			in := z.enrolled[0]
			_, _, err := models.CheckCSR(in.CSR)
			require.NoError(t, err)
			if path == protocol.PathEnroll {
				require.Len(t, in.ClaimHash, 64)
				require.Empty(t, in.Locker, "a claim alone says whose it is")
			} else {
				require.Empty(t, in.ClaimHash)
				require.Equal(t, []string{z.locker, "serial-" + z.locker}, []string{string(in.Locker), in.Serial})
			}
		}
	})
}

// FuzzSince: a cursor is read, or it is an invalid_request.
func FuzzSince(f *testing.F) {
	for _, since := range []string{"", "network=3", "network=3,locker:lkr_1=0", "network", "network=-1", "=1", "a=1,a=2", "a=99999999999999999999", strings.Repeat("x", 65<<10), "\x00=1", "%zz"} {
		f.Add(since)
	}
	z := newFuzzed(f)
	f.Fuzz(func(t *testing.T, since string) {
		code, answer := z.call(t, "GET", protocol.PathDirectory+"?since="+url.QueryEscape(since), "", nil)
		if code != "" {
			require.Contains(t, []models.Code{models.CodeInvalid, models.CodeTooLarge}, code)
			return
		}
		var reply protocol.DirectoryReply
		require.NoError(t, json.Unmarshal(answer, &reply))
		want, err := protocol.ParseCursor(since)
		require.NoError(t, err)
		require.Len(t, reply.Cursor, len(want))
	})
}

// FuzzStream: whatever a cabinet says after its hello is answered by one message at most, an
// error only ever calls it malformed, and the next ask is answered as ever.
func FuzzStream(f *testing.F) {
	const op, shp = "op_01hv0000000000000000000001", "shp_01hv0000000000000000000001"
	for _, frame := range []string{
		`{"type":"ask","body":{"operation":"` + op + `","kind":"pickup","shipment":"` + shp + `","cells":[{"cell":1}],"valid_for_ms":500}}`,
		`{"type":"ask","body":{"operation":"` + op + `","kind":"remote_open","shipment":"` + shp + `","cells":[{"cell":1}],"valid_for_ms":500}}`,
		`{"type":"result","body":{"id":"cmd_1","operation":"` + op + `","result":{"outcome":"opened"}}}`, `{"type":"result","body":{"result":{"outcome":"perhaps"}}}`,
		`{"type":"heartbeat","body":{"epoch":0,"last_seq":0,"inventory_digest":"\u0000"}}`, `{"type":"heartbeat","body":{"epoch":1e99}}`,
		`{"type":"error","body":{"code":"internal","detail":"x"}}`, `{"type":"error","body":[]}`,
		`{"type":"hello","body":{}}`, `{"type":"command","body":{}}`, `{"type":"teleport"}`, `{}`, `[`, "\xff",
	} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		w := newWorld(t, nil)
		w.engine.ask = func(_ context.Context, _ models.ShipmentID, in models.AskInput) error {
			if in.Locker != w.locker {
				t.Error("asked for another cabinet:", in.Locker)
			}
			return nil
		}
		d := w.connect(t)
		d.raw(frame)
		next := ask(w)
		d.send(protocol.TypeAsk, next)
		for others := 0; ; others++ {
			m := d.next()
			if m.Type == protocol.TypeError {
				var p protocol.Problem
				require.NoError(t, m.Into(&p))
				require.Equal(t, models.CodeMalformedFrame, p.Code)
			} else {
				require.Equal(t, protocol.TypeAnswer, m.Type)
				var a protocol.Answer
				require.NoError(t, m.Into(&a))
				require.Equal(t, protocol.Accepted, a.Verdict)
				if a.Operation == next.Operation {
					break
				}
			}
			require.Zero(t, others)
		}
	})
}

func csrOf(f *testing.F) []byte {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	require.NoError(f, err)
	return der
}
