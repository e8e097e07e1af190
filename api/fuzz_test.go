package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// FuzzNewShipment: whatever the bytes, creation's decoder and validator answer with a
// clean announcement or with our own error, never an internal one.
func FuzzNewShipment(f *testing.F) {
	c := loadContract()
	schema := c.operations["POST /api/v1/shipments"].body
	f.Add([]byte(`{"number":"A-1","locker":"lkr_01hv0000000000000000000001","parcels":[{}],"contact":{"email":"a@example.com"}}`))
	f.Add([]byte(`{"number":"A-1","locker":"lkr_01hv0000000000000000000001","parcels":[{"barcode":"ABCD"},{"barcode":"ABCD"}],"notify_by":"carrier"}`))
	f.Add([]byte(`{"payment_due":{"amount":1e999,"currency":"EUR"},"expected_at":"2026-02-30T00:00:00Z"}`))
	f.Add([]byte(`{"contact":{"phone":"+1"},"contact":{"email":"x"},"\u0000":[[[[]]]]}`))
	f.Add([]byte("{\"number\":\"\xff\"}"))
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := models.Actor{Organization: "org_01hv0000000000000000000001", Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeShipments}}
	f.Fuzz(func(t *testing.T, body []byte) {
		var b NewShipment
		_, err := decodeBody(body, schema, c.patterns, &b)
		var n models.NewShipment
		if err == nil {
			n, err = newShipment(a, now, b)
		}
		if err != nil {
			require.Contains(t, []models.Code{models.CodeInvalid, models.CodePayment}, models.ErrorCode(err), "%v", err)
			return
		}
		require.NotEmpty(t, n.Number)
		require.True(t, models.ValidID(models.PrefixLocker, string(n.Locker)))
		require.Equal(t, a.Organization, n.Carrier)
		require.NotEmpty(t, n.Parcels)
		require.LessOrEqual(t, len(n.Parcels), 50)
		require.True(t, n.NotifyBy == models.NotifyCarrier || n.Contact.Phone+n.Contact.Email != "")
		raw, err := json.Marshal(n)
		require.NoError(t, err)
		require.NotContains(t, strings.ReplaceAll(string(raw), `\\`, ""), `\u0000`)
	})
}

// FuzzIdempotencyKey: a key that is taken is printable and within its length, and quoting
// it again gives the same key.
func FuzzIdempotencyKey(f *testing.F) {
	for _, s := range []string{"", `"a"`, `a`, `"a\"b"`, `"`, `"\`, "\x7f", `"a" `, `""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := idempotencyKey([]string{s})
		if err != nil {
			return
		}
		require.NotEmpty(t, key)
		require.LessOrEqual(t, len(key), longestIdempotencyKey)
		again, err := idempotencyKey([]string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`})
		require.NoError(t, err)
		require.Equal(t, key, again)
	})
}
