package models_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestADataKeyOpensWhatItSealed(t *testing.T) {
	t.Parallel()
	key, other := models.DataKey(bytes.Repeat([]byte{1}, models.DataKeyBytes)), models.DataKey(bytes.Repeat([]byte{2}, models.DataKeyBytes))
	sealed, err := key.Seal(rand.Reader, "purpose", "loc_1", []byte("gate 4711"))
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "4711")
	again, err := key.Seal(rand.Reader, "purpose", "loc_1", []byte("gate 4711"))
	require.NoError(t, err)
	require.NotEqual(t, sealed, again)
	text, err := key.Open("purpose", "loc_1", sealed)
	require.NoError(t, err)
	require.Equal(t, "gate 4711", string(text))

	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another key":     func() ([]byte, error) { return other.Open("purpose", "loc_1", sealed) },
		"another purpose": func() ([]byte, error) { return key.Open("other", "loc_1", sealed) },
		"of another":      func() ([]byte, error) { return key.Open("purpose", "loc_2", sealed) },
		"changed":         func() ([]byte, error) { return key.Open("purpose", "loc_1", changed) },
		"too short":       func() ([]byte, error) { return key.Open("purpose", "loc_1", sealed[:5]) },
		"a short key":     func() ([]byte, error) { return key[:5].Open("purpose", "loc_1", sealed) },
	} {
		text, err := open()
		require.Equal(t, models.CodeInternal, models.ErrorCode(err), name)
		require.Empty(t, text, name)
	}
}
