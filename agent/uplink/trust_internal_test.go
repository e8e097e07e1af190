package uplink

import (
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/agent/uplink/gatewaytest"
	"cubby/models"
)

// TestAGatewayCannotBringInSigners: at a renewal a cabinet takes other signers and another key of
// codes only from a signer that it believes already, for the key that it has just made. The
// certificate is taken all the same: it opens nothing.
func TestAGatewayCannotBringInSigners(t *testing.T) {
	t.Parallel()
	evil := models.Signer{ID: "signer-evil", Key: ed25519.NewKeyFromSeed([]byte("a seed of somebody else's making"))}
	for name, c := range map[string]struct {
		lie  func(t *testing.T, told, earlier protocol.EnrollReply, key string) protocol.EnrollReply
		took bool
	}{
		"unsigned": {func(_ *testing.T, told, _ protocol.EnrollReply, _ string) protocol.EnrollReply {
			told.Signers, told.Trust = []models.SignerKey{evil.Public()}, models.SignedTrust{}
			return told
		}, false},
		"signed by himself": {func(t *testing.T, told, _ protocol.EnrollReply, key string) protocol.EnrollReply {
			var err error
			told.Signers = []models.SignerKey{evil.Public()}
			told.Trust, err = models.SignTrust([]models.Signer{evil}, models.Trust{Locker: told.Locker, PublicKey: key, Signers: told.Signers, Sealed: told.Sealed})
			require.NoError(t, err)
			for i := range told.Trust.Signatures {
				told.Trust.Signatures[i].Signer = gatewaytest.Signer().ID
			}
			return told
		}, false},
		"played back": {func(_ *testing.T, told, earlier protocol.EnrollReply, _ string) protocol.EnrollReply {
			told.Trust, told.Sealed = earlier.Trust, earlier.Sealed
			return told
		}, false},
		"brought in by a signer that is believed": {func(t *testing.T, told, _ protocol.EnrollReply, key string) protocol.EnrollReply {
			var err error
			told.Trust, err = models.SignTrust([]models.Signer{gatewaytest.Signer()}, models.Trust{
				Locker: told.Locker, PublicKey: key, Signers: []models.SignerKey{evil.Public()}, Sealed: told.Sealed,
			})
			require.NoError(t, err)
			return told
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.New(t)
			r := newRigAt(t, g, config(t, g))
			before, err := LoadIdentity(r.Dir)
			require.NoError(t, err)
			var earlier protocol.EnrollReply
			lying := false
			g.Intercept(func(w http.ResponseWriter, req *http.Request, serve http.Handler) {
				answer := httptest.NewRecorder()
				serve.ServeHTTP(answer, req)
				var told protocol.EnrollReply
				if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil {
					t.Error(err)
				}
				if !lying {
					earlier = told
				} else {
					var trust models.Trust
					if err := json.Unmarshal(told.Trust.Body, &trust); err != nil {
						t.Error(err)
					}
					told = c.lie(t, told, earlier, trust.PublicKey)
				}
				if err := json.NewEncoder(w).Encode(told); err != nil {
					t.Error(err)
				}
			})
			require.NoError(t, r.renew(t.Context(), r.core, r.current()))
			lying = true
			require.NoError(t, r.renew(t.Context(), r.core, r.current()))
			after, err := LoadIdentity(r.Dir)
			require.NoError(t, err)
			require.Equal(t, before.Key, after.Key)
			require.NotEqual(t, before.certificate.PrivateKey, after.certificate.PrivateKey)
			want := before.Signers
			if c.took {
				want = []models.SignerKey{evil.Public()}
			}
			require.Equal(t, want, after.Signers)
		})
	}
}
