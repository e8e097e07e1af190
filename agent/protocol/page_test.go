package protocol_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

// TestExamples: the examples of docs/protocol.md are right.
func TestExamples(t *testing.T) {
	raw, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	page := string(raw)

	example := regexp.MustCompile("(?s)```hash ([0-9a-f]{64})\n(.*?)\n```").FindStringSubmatch(page)
	require.NotNil(t, example)
	sum := sha256.Sum256([]byte(example[2]))
	require.Equal(t, example[1], hex.EncodeToString(sum[:]), "the lines give the hash")
	session, err := os.ReadFile("../../docs/session.md")
	require.NoError(t, err)
	require.True(t, strings.Contains(string(session), `"hash":"`+example[1]+`"`), "it is the session's first fact")

	digest := protocol.InventoryDigest([]models.CellReport{{Cell: 1, State: models.CellFree}})
	require.True(t, strings.Contains(page, "`"+digest+"`"), digest)

	var key models.CabinetKey
	for i := range key {
		key[i] = byte(i)
	}
	for issue := 1; issue <= 2; issue++ {
		for _, in := range []models.CodeAlphabet{models.CodeDigits, models.CodeBase32} {
			code := in.Code(key, "shp_01jw7v3c8y2d6g4h9k1m5n7p0q", issue)
			require.True(t, strings.Contains(page, "`"+code+"`"), "issue %d: %s", issue, code)
		}
	}
}
