package models_test

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func signer(id string, seed byte) models.Signer {
	raw := make([]byte, ed25519.SeedSize)
	raw[0] = seed
	return models.Signer{ID: id, Key: ed25519.NewKeyFromSeed(raw)}
}

func TestGrant(t *testing.T) {
	t.Parallel()
	s := signer("s1", 1)
	trusted := []models.SignerKey{signer("s0", 9).Public(), s.Public()}
	g := models.Grant{Kind: models.EntryCourier, Key: "cou_1", Rev: 3, Body: json.RawMessage(`{"courier":"cou_1"}`)}
	sig := s.SignGrant(g)
	require.True(t, models.VerifyGrant(trusted, "s1", g, sig))
	require.False(t, models.VerifyGrant(nil, "s1", g, sig), "nobody is trusted")
	require.False(t, models.VerifyGrant(trusted, "s0", g, sig), "another signer's name")
	require.False(t, models.VerifyGrant([]models.SignerKey{{ID: "s1", Public: []byte("short")}}, "s1", g, sig))
	for name, spoil := range map[string]func(*models.Grant){
		"kind": func(g *models.Grant) { g.Kind = models.EntryWithdrawal },
		"key":  func(g *models.Grant) { g.Key = "cou_2" },
		"rev":  func(g *models.Grant) { g.Rev = 4 },
		"body": func(g *models.Grant) { g.Body = json.RawMessage(`{"courier":"cou_1" }`) },
		// What is signed must not be read another way.
		"moved boundary": func(g *models.Grant) { g.Key, g.Rev = "cou_1\n3", 0 },
	} {
		other := g
		spoil(&other)
		require.False(t, models.VerifyGrant(trusted, "s1", other, sig), name)
	}
	free := models.Grant{Kind: models.EntryShipment, Key: "shp_1", Rev: 1}
	require.False(t, models.VerifyGrant(trusted, "s1", free, s.SignGrant(free)), "a shipment's entry grants nothing")
}

func TestRemoteGrant(t *testing.T) {
	t.Parallel()
	s := signer("s1", 1)
	want := models.RemoteGrant{
		Locker: "lkr_1", Epoch: 2, Nonce: "n", Cell: 4, Generation: 5, Purpose: "help", Operation: "op_1", NotAfterMS: 7,
	}
	grant, sig, err := s.SignRemote(want)
	require.NoError(t, err)
	got, err := models.VerifyRemote([]models.SignerKey{s.Public()}, "s1", grant, sig)
	require.NoError(t, err)
	require.Equal(t, want, got)
	grant[10] ^= 1
	_, err = models.VerifyRemote([]models.SignerKey{s.Public()}, "s1", grant, sig)
	require.Equal(t, models.CodeForbidden, models.ErrorCode(err))
	grant[10] ^= 1
	_, err = models.VerifyRemote([]models.SignerKey{signer("s1", 2).Public()}, "s1", grant, sig)
	require.Equal(t, models.CodeForbidden, models.ErrorCode(err))
	// A grant of a directory entry is no remote opening, even over the same bytes.
	entry := s.SignGrant(models.Grant{Kind: models.EntryCourier, Key: "k", Rev: 1, Body: grant})
	_, err = models.VerifyRemote([]models.SignerKey{s.Public()}, "s1", grant, entry)
	require.Equal(t, models.CodeForbidden, models.ErrorCode(err))
}
