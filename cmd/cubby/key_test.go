package main

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestAnOperatorsEmail: the first operator is made here, so its address is set here or
// nowhere; nobody would be told of an incident.
func TestAnOperatorsEmail(t *testing.T) {
	t.Parallel()
	settings := env("CUBBY_DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "cubby.db"))
	cubby := func(args ...string) error { return run(t.Context(), args, settings, io.Discard, io.Discard) }
	require.NoError(t, cubby("migrate"))
	require.ErrorContains(t, cubby("key", "create", "--email", "Ops <ops@example.test>"), "not an e-mail address")
	require.NoError(t, cubby("key", "create", "--email", "ops@example.test"))
	require.NoError(t, cubby("key", "create", "--email", "ops@example.test"), "a start that goes on")
	require.NoError(t, cubby("key", "create"))
	require.ErrorContains(t, cubby("key", "create", "--email", "others@example.test"), "another address")
	require.ErrorContains(t, cubby("key", "create", "--organization", "org_1", "--email", "ops@example.test"), "new organization")

	conf, err := load(settings)
	require.NoError(t, err)
	s, err := openStore(t.Context(), program{config: conf, err: &bytes.Buffer{}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	found, err := s.Organizations(t.Context(), models.Page{Limit: 5})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "ops@example.test", found[0].Email)
}
