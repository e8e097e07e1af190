package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestHelpListsEverySettingWithItsDefault(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--help"}, env(), &out, io.Discard))
	for _, s := range settings() {
		require.Contains(t, out.String(), s.name)
		require.Contains(t, out.String(), s.def)
		require.Contains(t, out.String(), s.help)
	}
	for _, c := range commands() {
		require.Contains(t, out.String(), "cubby "+c.usage)
	}
}

// TestBadSettingsAreNamedAllAtOnce: an operator mends them in one go.
func TestBadSettingsAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(env("CUBBY_MAX_IN_FLIGHT", "0", "CUBBY_SMTP_TIMEOUT", "1h", "CUBBY_ACCEPTANCE", "nobody",
		"CUBBY_INSTANCE", "a b", "CUBBY_SMTP_PASSWORD_FILE", "/no/such/file"))
	for _, name := range []string{"CUBBY_MAX_IN_FLIGHT", "CUBBY_SMTP_TIMEOUT", "CUBBY_ACCEPTANCE", "CUBBY_INSTANCE", "CUBBY_SMTP_PASSWORD_FILE"} {
		require.ErrorContains(t, err, name)
	}
	c, err := load(env())
	require.NoError(t, err, "the defaults are valid")
	require.Equal(t, "127.0.0.1:8080", c.listen)
}

func TestRoles(t *testing.T) {
	t.Parallel()
	r, err := parseRoles("api, worker")
	require.NoError(t, err)
	require.Equal(t, roles{api: true, worker: true}, r)
	_, err = parseRoles("api,cook")
	require.ErrorContains(t, err, "cook")
}

// TestKeysAreNeverOverwritten: every code at every cabinet comes from the master key, and what the
// data key sealed opens with no other.
func TestKeysAreNeverOverwritten(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(string) ([]byte, error){"master": readMasterKey, "data": readDataKey} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys", name+".key")
			settings := env("CUBBY_"+strings.ToUpper(name)+"_KEY_FILE", path)
			var first []byte
			for range 2 {
				require.NoError(t, run(t.Context(), []string{"key", name}, settings, io.Discard, io.Discard))
				key, err := read(path)
				require.NoError(t, err)
				require.Len(t, key, keyBytes)
				if first == nil {
					first = key
				}
				require.Equal(t, first, key)
			}
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.EqualValues(t, 0o600, info.Mode().Perm())

			require.NoError(t, os.WriteFile(path, []byte("damaged"), 0o600))
			require.Error(t, run(t.Context(), []string{"key", name}, settings, io.Discard, io.Discard), "a damaged key is told, not replaced")
		})
	}
}

func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	var errOut bytes.Buffer
	require.ErrorContains(t, run(t.Context(), []string{"dance"}, env(), io.Discard, &errOut), "dance")
	require.Contains(t, errOut.String(), "cubby server")
}
