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
)

// TestStaff: a login is made with a password that is shown once or given, gets another, and is
// let in no more; a password is nowhere but in what was printed.
func TestStaff(t *testing.T) {
	t.Parallel()
	conf, err := load(env("CUBBY_DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "cubby.db")))
	require.NoError(t, err)
	var logged bytes.Buffer
	cubby := func(in string, run command, args ...string) (string, error) {
		var out bytes.Buffer
		err := run.run(t.Context(), program{
			config: conf, log: slog.New(slog.NewTextHandler(&logged, nil)), in: strings.NewReader(in), out: &out, err: &out,
		}, args)
		return out.String(), err
	}
	named := map[string]command{}
	for _, c := range commands() {
		named[c.name] = c
	}
	add, password, disable := named["staff add"], named["staff password"], named["staff disable"]
	_, err = cubby("", named["migrate"])
	require.NoError(t, err)

	out, err := cubby("", add, "--login", "vera", "--name", "Vera", "--language", "ru", "--json")
	require.NoError(t, err)
	var made struct{ Staff, Login, Password string }
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	require.Equal(t, "vera", made.Login)
	require.Len(t, made.Password, 26)
	for _, wrong := range [][]string{
		{"--login", "Vera"}, {"--login", ""}, {"--login", "otto", "--language", "xx"}, {"--login", "vera"}, {"--login", "otto", "--organization", "org_x"},
	} {
		_, err = cubby("", add, wrong...)
		require.Error(t, err, wrong)
	}
	for _, bad := range []string{"short", "two lines\nof a password", ""} {
		_, err = cubby(bad, password, "--login", "vera", "--password-stdin")
		require.Error(t, err, bad)
	}
	out, err = cubby("a password of hers\n", password, "--login", "vera", "--password-stdin")
	require.NoError(t, err)
	require.NotContains(t, out, "password of hers")
	_, err = cubby("", password, "--login", "nobody")
	require.Equal(t, models.CodeNotFound, models.ErrorCode(err))
	_, err = cubby("", disable, "--login", "vera")
	require.NoError(t, err)

	s, err := openStore(t.Context(), program{config: conf})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	p, err := s.StaffByLogin(t.Context(), "vera")
	require.NoError(t, err)
	require.Equal(t, []string{made.Staff, "Vera", "ru"}, []string{string(p.ID), p.Name, p.Language})
	require.True(t, strings.HasPrefix(p.Password, "$argon2id$"))
	require.NotNil(t, p.DisabledAt)
	require.NotContains(t, logged.String(), made.Password)
}
