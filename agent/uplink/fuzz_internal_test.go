package uplink

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// FuzzReceived: a message of the server is an input that says the same, asks nothing, or is
// refused as a malformed_frame; and the core survives whatever it is told.
func FuzzReceived(f *testing.F) {
	for _, frame := range []string{
		`{"type":"continue_from","body":{"protocol":1,"epoch":1,"seq":0,"now_ms":1750000000000}}`,
		`{"type":"continue_from","body":{"protocol":9,"epoch":-1,"seq":-9223372036854775808,"now_ms":-1}}`,
		`{"type":"continue_from","body":{"epoch":1,"seq":9223372036854775807,"now_ms":9223372036854775807}}`,
		`{"type":"new_epoch","body":{"protocol":1,"epoch":2,"now_ms":1750000000000,"reason":"the journals differ"}}`,
		`{"type":"new_epoch","body":{"epoch":0}}`, `{"type":"new_epoch","body":{"epoch":9223372036854775807}}`,
		`{"type":"answer","body":{"operation":"op_1","verdict":"accepted"}}`,
		`{"type":"answer","body":{"operation":"op_1","verdict":"perhaps","reason":"\u0000\u001b[A"}}`,
		`{"type":"command","body":{"id":"cmd_1","open":{"locker":"lkr_1","operation":"op_1","kind":"deposit","cells":[{"cell":1,"generation":1,"parcel":"par_1"}]}}}`,
		`{"type":"command","body":{"id":"cmd_1","open":{"operation":"op_1","kind":"remote_open","cells":[{"cell":1}]},"remote":{"grant":"e30=","signer":"s","signature":"AA=="}}}`,
		`{"type":"command","body":{"id":"cmd_1","remote":null}}`, `{"type":"command","body":{"open":{"cells":[]}}}`, `{"type":"command","body":7}`,
		`{"type":"directory_changed","body":{"cursor":{"network":7}}}`, `{"type":"directory_changed"}`,
		`{"type":"error","body":{"code":"internal"}}`, `{"type":"error"}`,
		`{"type":"hello","body":{}}`, `{"type":"ask","body":{}}`, `{"type":"result","body":{}}`, `{"type":"heartbeat","body":{}}`,
		`{"type":"teleport","body":{}}`, `{}`, `[`, "\x00",
	} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		in, err := decode(frame)
		if err != nil {
			require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err))
			require.Nil(t, in)
			return
		}
		m, err := protocol.Decode(frame)
		require.NoError(t, err)
		var body any
		switch in := in.(type) {
		case nil:
			require.Equal(t, protocol.TypeError, m.Type, "only an error asks nothing")
			return
		case cabinet.ContinueFrom:
			require.Equal(t, protocol.TypeContinueFrom, m.Type)
			body = in.ContinueFrom
		case cabinet.NewEpoch:
			require.Equal(t, protocol.TypeNewEpoch, m.Type)
			body = in.NewEpoch
		case cabinet.Answer:
			require.Equal(t, protocol.TypeAnswer, m.Type)
			body = in.Answer
		case cabinet.Command:
			require.Equal(t, protocol.TypeCommand, m.Type)
			body = in.Command
		case cabinet.DirectoryChanged:
			require.Equal(t, protocol.TypeDirectoryChanged, m.Type)
			body = protocol.DirectoryChanged{}
		default:
			require.Fail(t, "no input of the server's", "%T", in)
		}
		again, err := protocol.Encode(m.Type, body)
		require.NoError(t, err)
		if len(again) <= protocol.MaxMessage {
			same, err := decode(again)
			require.NoError(t, err)
			require.Equal(t, in, same)
		}
		tell(t, in)
	})
}

// tell gives a live cabinet an input: it stays whole and moves no lock, since it knows no
// operation and trusts no signer.
func tell(t *testing.T, in cabinet.Input) {
	t.Helper()
	s := cabinet.New(locker)
	now := cabinet.Instant{WallMS: 1_750_000_000_000, UptimeMS: 1000, Clock: models.ClockSynced}
	for _, before := range []cabinet.Input{
		cabinet.Started{Boot: "boot-1"}, cabinet.LinkUp{Nonce: "n", Agent: "test"},
		cabinet.ContinueFrom{ContinueFrom: protocol.ContinueFrom{Protocol: 1, Epoch: s.Journal.Epoch, NowMS: now.WallMS}},
	} {
		cabinet.Step(s, now, before)
	}
	for range 2 { // and once more
		for _, e := range cabinet.Step(s, now, in) {
			_, pulse := e.(cabinet.Pulse)
			require.False(t, pulse, "%#v", e)
		}
		require.NoError(t, s.Check())
		cabinet.Step(s, now, cabinet.Tick{})
		require.NoError(t, s.Check())
	}
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, new(cabinet.State)), "it can be kept")
}

// FuzzIdentity: an identity's file is refused, or it opens to a certificate of its own key.
func FuzzIdentity(f *testing.F) {
	good := identityOf(f)
	f.Add(good)
	for _, change := range [][2]string{
		{`"locker":"lkr_0`, `"locker":"lkr_1`}, {`BEGIN`, `BEGAN`}, {`"sealed":"`, `"sealed":"AAAA`}, {`"private_key":"`, `"private_key":"AAAA`},
		{`"private_key"`, `"private"`}, {`"certificate"`, `"certificates"`},
	} {
		require.Contains(f, string(good), change[0])
		f.Add([]byte(strings.Replace(string(good), change[0], change[1], 1)))
	}
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		var k kept
		if json.Unmarshal(file, &k) != nil {
			return
		}
		id, err := k.open()
		if err != nil {
			return
		}
		require.Equal(t, k.Locker, id.Locker)
		require.False(t, id.NotAfter().IsZero())
		key, ok := id.certificate.PrivateKey.(*ecdsa.PrivateKey)
		require.True(t, ok)
		require.True(t, key.PublicKey.Equal(id.leaf.PublicKey))
		require.Equal(t, fuzzedKey(), id.Key, "nothing but the sealed key opens")
	})
}

func fuzzedKey() models.CabinetKey { return models.CabinetKey{7} }

// identityOf is the file of an identity that can be used.
func identityOf(f *testing.F) []byte {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(f, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.UnixMilli(0), NotAfter: time.UnixMilli(1_900_000_000_000)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(f, err)
	private, err := key.ECDH()
	require.NoError(f, err)
	sealed, err := models.SealCabinetKey(fuzzedKey(), locker, private.PublicKey().Bytes())
	require.NoError(f, err)
	file, err := json.Marshal(kept{
		Locker: locker, PrivateKey: raw, Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		KeyVersion: 1, Sealed: sealed,
	})
	require.NoError(f, err)
	return file
}
