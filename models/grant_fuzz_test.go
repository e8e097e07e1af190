package models_test

import (
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// FuzzVerifyRemote: only the exact bytes that a trusted signer signed verify, under its own
// name; one bit more or less, in the grant or in the signature, and nobody signed it.
func FuzzVerifyRemote(f *testing.F) {
	s, other := signer("s1", 1), signer("s2", 2)
	trusted := []models.SignerKey{other.Public(), s.Public()}
	good, sig, err := s.SignRemote(models.RemoteGrant{
		Locker: "lkr_1", Epoch: 2, Nonce: "n", Cell: 4, Generation: 5, Purpose: models.PurposeHelp, Operation: "op_1", NotAfterMS: 7,
	})
	require.NoError(f, err)
	f.Add(good, sig, "s1", uint16(0))
	f.Add(good, sig, "s2", uint16(83))
	f.Add(good, sig, "", uint16(9))
	f.Add(good, sig[:63], "s1", uint16(511))
	f.Add(good, append(sig[:63:63], sig[63]^1), "s1", uint16(500))
	f.Add(append(good, ' '), sig, "s1", uint16(1))
	f.Add(good, make([]byte, 64), "s1", uint16(1))
	f.Add([]byte(`{"cell":"4"}`), []byte{}, "s1", uint16(3))
	f.Add([]byte(`{"cell":1,"cell":2,"CELL":3}`), []byte{}, "s1", uint16(3))
	f.Add([]byte(`[]`), []byte{}, "s1", uint16(3))
	f.Add([]byte{}, []byte{}, "", uint16(3))
	f.Fuzz(func(t *testing.T, grant, signature []byte, name string, bit uint16) {
		grant = slices.Clone(grant)                                                          // it is spoilt below
		signed := ed25519.Sign(s.Key, append([]byte("cubby remote opening v1\n"), grant...)) // as docs/protocol.md has it
		if _, err := models.VerifyRemote(trusted, name, grant, signature); models.ErrorCode(err) != models.CodeForbidden {
			require.Equal(t, "s1", name)
			require.Equal(t, signed, signature, "who made this signature?")
		}
		g, err := models.VerifyRemote(trusted, "s1", grant, signed)
		if err != nil {
			require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err), "it is signed")
		} else {
			again, sig, err := s.SignRemote(g)
			require.NoError(t, err)
			back, err := models.VerifyRemote(trusted, "s1", again, sig)
			require.NoError(t, err)
			require.Equal(t, g, back)
		}
		for _, name := range []string{"s2", "", "S1"} {
			_, err = models.VerifyRemote(trusted, name, grant, signed)
			require.Equal(t, models.CodeForbidden, models.ErrorCode(err))
		}
		_, err = models.VerifyRemote(trusted[:1], "s1", grant, signed)
		require.Equal(t, models.CodeForbidden, models.ErrorCode(err))
		for _, b := range [][]byte{grant, signed} {
			if len(b) == 0 {
				continue
			}
			at, mask := int(bit/8)%len(b), byte(1)<<(bit%8)
			b[at] ^= mask
			_, err = models.VerifyRemote(trusted, "s1", grant, signed)
			require.Equal(t, models.CodeForbidden, models.ErrorCode(err))
			b[at] ^= mask
		}
	})
}
