package models_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func key(t *testing.T, l models.LockerID) models.CabinetKey {
	t.Helper()
	k, err := models.DeriveCabinetKey(bytes.Repeat([]byte{7}, 32), l, 1)
	require.NoError(t, err)
	return k
}

// TestCheckDigitCatchesTypos: every single wrong digit and every swap of two neighbours.
func TestCheckDigitCatchesTypos(t *testing.T) {
	t.Parallel()
	k := key(t, "lkr_1")
	for issue := range 200 {
		code := models.PickupCode(k, "shp_1", issue)
		require.Len(t, code, 8)
		require.True(t, models.ValidCode(code))
		for i := range code {
			for d := byte('0'); d <= '9'; d++ {
				typo := []byte(code)
				typo[i] = d
				require.Equal(t, d == code[i], models.ValidCode(string(typo)))
			}
			if i > 0 && code[i] != code[i-1] {
				swap := []byte(code)
				swap[i], swap[i-1] = swap[i-1], swap[i]
				require.False(t, models.ValidCode(string(swap)), "%s -> %s", code, swap)
			}
		}
	}
	for _, bad := range []string{"", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨"} {
		require.False(t, models.ValidCode(bad), bad)
	}
}

// TestCheckCharacterCatchesTypos in base 32: every single wrong character, every swap of two
// neighbours and of two with one between.
func TestCheckCharacterCatchesTypos(t *testing.T) {
	t.Parallel()
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	k := key(t, "lkr_1")
	valid := func(raw []byte) bool {
		_, _, ok := models.ReadCode(string(raw))
		return ok
	}
	tried := 0
	for issue := range 300 {
		code := models.CodeBase32.Code(k, "shp_1", issue)
		require.Len(t, code, 7)
		if strings.Trim(code, "0123456789") == "" {
			continue
		}
		tried++
		require.True(t, models.ValidCode(code))
		for i := range code {
			for _, c := range []byte(alphabet) {
				typo := []byte(code)
				typo[i] = c
				require.Equal(t, c == code[i], valid(typo), "%s -> %s", code, typo)
			}
			for _, by := range []int{1, 2} {
				if i >= by && code[i] != code[i-by] {
					swap := []byte(code)
					swap[i], swap[i-by] = swap[i-by], swap[i]
					require.False(t, valid(swap), "%s -> %s", code, swap)
				}
			}
		}
	}
	require.Greater(t, tried, 290)
}

// TestCodesAreReadAsPeopleTypeThem: small, with gaps, and with letters that look like digits.
func TestCodesAreReadAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	k := key(t, "lkr_1")
	zero, one := false, false
	for issue := range 200 {
		for _, in := range []models.CodeAlphabet{models.CodeDigits, models.CodeBase32} {
			issue := in.ChooseIssue(k, "shp_1", issue, nil)
			code := in.Code(k, "shp_1", issue)
			zero, one = zero || strings.Contains(code, "0"), one || strings.Contains(code, "1")
			require.LessOrEqual(t, len(models.SpacedCode(code)), 9)
			for _, typed := range []string{
				code, models.SpacedCode(code), strings.ToLower(code), strings.ReplaceAll(code, "0", "o"), strings.ReplaceAll(code, "0", "O"),
				strings.ReplaceAll(code, "1", "l"), strings.ReplaceAll(code, "1", "I"), code[:3] + "-" + code[3:],
			} {
				read, of, ok := models.ReadCode(typed)
				require.True(t, ok, typed)
				require.Equal(t, code, read)
				require.Equal(t, in, of)
			}
		}
	}
	require.True(t, zero && one)
	for _, bad := range []string{"", "ABCDEFU", "ABC DEF", "0000000", "ABCDEFGH", "ÄBCDEFG", "ABCDEF\x00"} {
		require.False(t, models.ValidCode(bad), bad)
	}
	require.Equal(t, "ABC D2FG", models.SpacedCode("ABCD2FG"))
}

// TestNoCodeOfBase32IsOfDigitsAlone: such a one could be the beginning of one in digits.
func TestNoCodeOfBase32IsOfDigitsAlone(t *testing.T) {
	t.Parallel()
	k := key(t, "lkr_1")
	for i := range 20_000 {
		s := models.ShipmentID(fmt.Sprint("shp_", i))
		if strings.Trim(models.CodeBase32.Code(k, s, 2), "0123456789") != "" {
			continue
		}
		require.Equal(t, 3, models.CodeBase32.ChooseIssue(k, s, 1, nil))
		return
	}
	t.Fatal("there is none to avoid")
}

// TestCodesDiffer: by cabinet, shipment and issue.
func TestCodesDiffer(t *testing.T) {
	t.Parallel()
	k := key(t, "lkr_1")
	require.NotEqual(t, models.PickupCode(k, "shp_1", 1), models.PickupCode(k, "shp_1", 2))
	require.NotEqual(t, models.PickupCode(k, "shp_1", 1), models.PickupCode(k, "shp_2", 1))
	require.NotEqual(t, models.PickupCode(k, "shp_1", 1), models.PickupCode(key(t, "lkr_2"), "shp_1", 1))
}

// TestChooseIssue skips every issue whose code or one of its next two is taken.
func TestChooseIssue(t *testing.T) {
	t.Parallel()
	k := key(t, "lkr_1")
	require.Equal(t, 1, models.CodeDigits.ChooseIssue(k, "shp_1", 1, nil))
	taken := map[string]bool{models.PickupCode(k, "shp_1", 3): true}
	require.Equal(t, 4, models.CodeDigits.ChooseIssue(k, "shp_1", 1, taken))
}

func TestSealedKeyOpensOnItsComputerOnly(t *testing.T) {
	t.Parallel()
	k := key(t, "lkr_1")
	mine, err := ecdh.P256().GenerateKey(rand.Reader)
	require.NoError(t, err)
	other, err := ecdh.P256().GenerateKey(rand.Reader)
	require.NoError(t, err)
	sealed, err := models.SealCabinetKey(k, "lkr_1", mine.PublicKey().Bytes())
	require.NoError(t, err)
	opened, err := models.OpenCabinetKey(sealed, "lkr_1", mine)
	require.NoError(t, err)
	require.Equal(t, k, opened)
	_, err = models.OpenCabinetKey(sealed, "lkr_1", other)
	require.Error(t, err)
	_, err = models.OpenCabinetKey(sealed, "lkr_2", mine)
	require.Error(t, err)
	_, err = models.SealCabinetKey(k, "lkr_1", []byte("no point"))
	require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
}

func TestPIN(t *testing.T) {
	t.Parallel()
	hash, err := models.HashPIN("1234", rand.Reader)
	require.NoError(t, err)
	require.True(t, models.CheckPIN(hash, "1234"))
	require.False(t, models.CheckPIN(hash, "1235"))
	for _, bad := range []string{"", "x", "pbkdf2-sha256$0$00$00", "pbkdf2-sha256$99999999999$00$00", strings.Replace(hash, "$", "!", 1)} {
		require.False(t, models.CheckPIN(bad, "1234"), bad)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_800_000_000_000)
	ids := models.NewIDs(func() time.Time { return at }, rand.Reader)
	a, b := ids.New("shp"), ids.New("shp")
	require.NotEqual(t, a, b)
	require.True(t, models.ValidID("shp", a))
	require.False(t, models.ValidID("par", a))
	require.False(t, models.ValidID("shp", a+"0"))
	require.False(t, models.ValidID("shp", a[:len(a)-1]+"u"))
	at = at.Add(time.Millisecond)
	require.Less(t, b, ids.New("shp"), "ids sort by time")
}

// TestPickupQR: short, in the alphabet that makes a QR small, and one for each cabinet, shipment
// and issue.
func TestPickupQR(t *testing.T) {
	t.Parallel()
	var known models.CabinetKey // that of docs/protocol.md
	for i := range known {
		known[i] = byte(i)
	}
	require.Equal(t, "CUBBY:5984BP67TSPHXZVSNH37PCAXFJ", models.PickupQR(known, "shp_01jw7v3c8y2d6g4h9k1m5n7p0q", 1))
	k, other := key(t, "lkr_1"), key(t, "lkr_2")
	qr := models.PickupQR(k, "shp_1", 1)
	for _, different := range []string{models.PickupQR(other, "shp_1", 1), models.PickupQR(k, "shp_2", 1), models.PickupQR(k, "shp_1", 2)} {
		require.NotEqual(t, qr, different)
	}
	for _, text := range []string{qr, strings.ToLower(qr)} {
		parsed, ok := models.ParsePickupQR(text)
		require.True(t, ok)
		require.Equal(t, qr, parsed)
	}
	for _, bad := range []string{"", "CUBBY:", qr[:31], qr + "0", qr[:31] + "U", "CUPBY:" + qr[6:], models.PickupCode(k, "shp_1", 1)} {
		_, ok := models.ParsePickupQR(bad)
		require.False(t, ok, bad)
	}
}
