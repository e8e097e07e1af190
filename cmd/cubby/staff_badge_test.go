package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
	"cubby/models/store"
)

// TestStaffBadge: a technician's badge is made with a PIN that is shown once or given, is the
// operator's, and is suspended and resumed; its PIN is kept as a hash alone.
func TestStaffBadge(t *testing.T) {
	t.Parallel()
	conf, err := load(env("CUBBY_DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "cubby.db")))
	require.NoError(t, err)
	p := program{config: conf, log: slog.New(slog.DiscardHandler)}
	cubby := func(in string, name string, args ...string) (string, error) {
		t.Helper()
		var out bytes.Buffer
		for _, c := range commands() {
			if c.name == name {
				err := c.run(t.Context(), program{config: conf, log: p.log, in: strings.NewReader(in), out: &out, err: &out}, args)
				return out.String(), err
			}
		}
		t.Fatalf("there is no command %s", name)
		return "", nil
	}
	_, err = cubby("", "migrate")
	require.NoError(t, err)
	read := func(id string) models.Courier {
		t.Helper()
		s, err := openStore(t.Context(), p)
		require.NoError(t, err)
		defer func(s *store.Store) { closeStore(p, s) }(s)
		c, err := s.Courier(t.Context(), byCommand().Actor, models.CourierID(id))
		require.NoError(t, err)
		return c
	}
	out, err := cubby("", "staff badge add", "--badge", "TECH-0001", "--valid-until", "2099-01-01T00:00:00Z", "--json")
	require.NoError(t, err)
	var made struct{ ID, Badge, PIN string }
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	require.Regexp(t, "^[0-9]{6}$", made.PIN)
	c := read(made.ID)
	require.Equal(t, models.RoleTechnician, c.Role)
	require.True(t, models.CheckPIN(c.PINHash, made.PIN))
	require.NotContains(t, c.PINHash, made.PIN)
	require.Equal(t, 2099, c.ValidUntil.Year())
	require.False(t, c.Suspended)

	_, err = cubby("", "staff badge suspend", "--id", made.ID)
	require.NoError(t, err)
	require.True(t, read(made.ID).Suspended)
	_, err = cubby("", "staff badge resume", "--id", made.ID)
	require.NoError(t, err)
	require.False(t, read(made.ID).Suspended)
	_, err = cubby("", "staff badge suspend", "--id", "cou_none")
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))

	out, err = cubby("4711\n", "staff badge add", "--badge", "TECH-0002", "--pin-stdin")
	require.NoError(t, err)
	require.NotContains(t, out, "4711")
	for _, wrong := range [][]string{
		{"--badge", "abc"}, {"--badge", "with blank"}, {"--badge", "TECH-0001"}, {"--badge", "TECH-0003", "--valid-until", "2020-01-01T00:00:00Z"},
		{"--badge", "TECH-0003", "--lockers", "lkr_none"}, {"--badge", "TECH-0003", "--organization", "org_none"},
	} {
		_, err = cubby("", "staff badge add", wrong...)
		require.Error(t, err, wrong)
	}
	_, err = cubby("47a1\n", "staff badge add", "--badge", "TECH-0003", "--pin-stdin")
	require.ErrorContains(t, err, "4 to 12 digits")
}
