package activities_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/activities"
	"cubby/models"
)

// budget answers as the test says.
type budget struct {
	purpose string
	by      string
	refused string
	alarm   bool
	err     error
}

func (b *budget) Take(purpose, by string) (string, bool, error) {
	b.purpose, b.by = purpose, by
	return b.refused, b.alarm, b.err
}

// alarms is a database that may be the attacker's.
type alarms struct {
	told []string
	err  error
}

func (a *alarms) RemoteAlarm(_ context.Context, evidence string) error {
	a.told = append(a.told, evidence)
	return a.err
}

// TestSignRemote: the signer signs what it was asked for with an end of its own, nothing without
// the budget, and its alarm does not need the database.
func TestSignRemote(t *testing.T) {
	t.Parallel()
	signer := models.Signer{ID: "signer-1", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	var log bytes.Buffer
	var seen []string
	b, db := &budget{}, &alarms{}
	now := time.UnixMilli(1_900_000_000_000)
	s := &activities.Signing{
		Signer: signer, Budget: b, Alarms: db, Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now },
		Observe: func(refused string, _ bool) { seen = append(seen, refused) },
	}
	in := models.SignRemoteInput{
		By: "stf_1", Locker: "lkr_1", Epoch: 2, Nonce: "n", Cell: 3, Generation: 4, Purpose: models.PurposeHelp, Operation: "op_1",
	}
	res, err := s.SignRemote(t.Context(), in)
	require.NoError(t, err)
	require.Empty(t, res.Refused)
	g, err := models.VerifyRemote([]models.SignerKey{signer.Public()}, res.Signer, res.Grant, res.Signature)
	require.NoError(t, err)
	require.Equal(t, models.RemoteGrant{
		Locker: "lkr_1", Epoch: 2, Nonce: "n", Cell: 3, Generation: 4, Purpose: models.PurposeHelp, Operation: "op_1",
		NotAfterMS: now.Add(30 * time.Second).UnixMilli(),
	}, g)

	b.refused, b.alarm, db.err = models.RemoteStopped, true, errors.New("the database is somebody else's")
	in.By = strings.Repeat("x", 1000)
	res, err = s.SignRemote(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, models.SignedRemote{Refused: models.RemoteStopped}, res)
	require.Len(t, b.by, 64)
	require.Len(t, db.told, 1)
	require.Contains(t, log.String(), "ALARM")
	b.alarm = false
	_, err = s.SignRemote(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, db.told, 1, "a stop is told of once")
	b.err = errors.New("the disk is full")
	res, err = s.SignRemote(t.Context(), in)
	require.Error(t, err)
	require.Empty(t, res.Signature)
	require.Equal(t, []string{"", models.RemoteStopped, models.RemoteStopped}, seen)

	// A gate has its own budget, and is no cell: neither is signed as the other.
	*b = budget{}
	for _, wrong := range []models.SignRemoteInput{
		{By: "stf_1", Locker: "lkr_1", Cell: 3, Purpose: models.PurposeOpenGate, Operation: "op_2"},
		{By: "stf_1", Locker: "lkr_1", Purpose: models.PurposeHelp, Operation: "op_3"},
	} {
		res, err = s.SignRemote(t.Context(), wrong)
		require.Error(t, err)
		require.Empty(t, res.Signature)
		require.Equal(t, budget{}, *b, "and costs nothing")
	}
	res, err = s.SignRemote(t.Context(), models.SignRemoteInput{By: "stf_1", Locker: "lkr_1", Purpose: models.PurposeOpenGate, Operation: "op_4"})
	require.NoError(t, err)
	require.Equal(t, models.PurposeOpenGate, b.purpose)
	g, err = models.VerifyRemote([]models.SignerKey{signer.Public()}, res.Signer, res.Grant, res.Signature)
	require.NoError(t, err)
	require.Zero(t, g.Cell)
}
