package labels_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/api/labels"
	"cubby/models"
)

// widths are the bars and gaps of Code 128's values (ISO/IEC 15417), in modules; the last is
// the stop.
const widths = `212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123
131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131
311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411
142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121
111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112`

// scan reads bars as a scanner does: widths to values, the check, then the sets B, C and A.
func scan(t *testing.T, bars string) string {
	t.Helper()
	table := map[string]int{}
	for i, w := range strings.Fields(widths) {
		table[w] = i
	}
	require.Len(t, table, 107)
	require.True(t, strings.HasSuffix(bars, "2331112"), bars)
	var values []int
	for i := 0; i+6 <= len(bars)-7; i += 6 {
		v, known := table[bars[i:i+6]]
		require.True(t, known, "no symbol: %s", bars[i:i+6])
		values = append(values, v)
	}
	sum := values[0]
	for i, v := range values[1 : len(values)-1] {
		sum += (i + 1) * v
	}
	require.Equal(t, sum%103, values[len(values)-1], "the check")
	set, text := values[0], ""
	for _, v := range values[1 : len(values)-1] {
		switch {
		case v == 99 && set != 105:
			set = 105
		case v == 100 && set != 104:
			set = 104
		case v == 101 && set != 103:
			set = 103
		case set == 105:
			require.Less(t, v, 100, "a function code")
			text += strconv.Itoa(v/10) + strconv.Itoa(v%10)
		default:
			require.Less(t, v, 96, "a function code")
			require.False(t, set == 103 && v >= 64, "a control character")
			text += string(rune(v + 32))
		}
	}
	return text
}

// drawn finds the bars of each page of a PDF, and how wide the narrowest is in millimetres.
func drawn(t *testing.T, pdf []byte) (pages []string, narrowest []float64) {
	t.Helper()
	rect := regexp.MustCompile(`([0-9.]+) ([0-9.]+) ([0-9.]+) (-?[0-9.]+) re f`)
	for _, part := range bytes.Split(pdf, []byte("stream\n"))[1:] {
		r, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			continue
		}
		found := rect.FindAllSubmatch(content, -1)
		if len(found) == 0 {
			continue
		}
		number := func(raw []byte) float64 {
			n, err := strconv.ParseFloat(string(raw), 64)
			require.NoError(t, err)
			return n
		}
		module := math.Inf(1)
		for _, m := range found {
			module = min(module, number(m[3]))
		}
		bars, end := "", math.NaN()
		count := func(length float64) string {
			n := math.Round(length / module)
			require.InDelta(t, n, length/module, 0.25)
			require.LessOrEqual(t, n, 4.0)
			return strconv.Itoa(int(n))
		}
		for i, m := range found {
			x, w := number(m[1]), number(m[3])
			if i > 0 {
				bars += count(x - end)
			}
			bars, end = bars+count(w), x+w
			require.Greater(t, x, 4/25.4*72.0)
			require.Less(t, end, 96/25.4*72)
		}
		pages, narrowest = append(pages, bars), append(narrowest, module/72*25.4)
	}
	return pages, narrowest
}

func label(barcode string) models.Label {
	return models.Label{
		Barcode: barcode, Number: "N-1", Carrier: "Carrier A", Locker: "L-001", Address: "ул. Ленина, 5^1", City: "Żółw", Size: models.SizeM, N: 1, Of: 2,
	}
}

// TestBarsSayTheBarcode: what a scanner reads off the page is the parcel's barcode.
func TestBarsSayTheBarcode(t *testing.T) {
	t.Parallel()
	all := []models.Label{}
	for _, barcode := range []string{"CBABCDEFGH2345", "1234", "12345", "00340434161094042557", "A1B2C3", "!~{}", "x-12345678-y", "abc" + strings.Repeat("7", 61), strings.Repeat("Zz", 32)} {
		all = append(all, label(barcode))
	}
	pdf, err := labels.PDF(all)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
	pages, narrowest := drawn(t, pdf)
	require.Len(t, pages, len(all))
	for i, l := range all {
		require.Equal(t, l.Barcode, scan(t, pages[i]))
	}
	require.InDelta(t, 0.375, narrowest[0], 0.01, "an issued barcode has wide bars")
	require.Less(t, len(pdf), 100_000, "the font is embedded in part")
}

func TestLabelsRefuse(t *testing.T) {
	t.Parallel()
	for _, barcode := range []string{"", "ä123", "12 34", "a\tb", "\u00f1123", "x\u00f4", strings.Repeat("1", 65)} {
		_, err := labels.PDF([]models.Label{label("1234"), label(barcode)})
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err), barcode)
		_, err = labels.ZPL([]models.Label{label(barcode)})
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err), barcode)
	}
}

func TestZPL(t *testing.T) {
	t.Parallel()
	zpl, err := labels.ZPL([]models.Label{label("AB>C^D~_1"), label("CBABCDEFGH2345"), label(strings.Repeat("x", 64))})
	require.NoError(t, err)
	text := string(zpl)
	require.Equal(t, 3, strings.Count(text, "^XA\n^CI28\n"))
	require.Equal(t, 3, strings.Count(text, "\n^XZ\n"))
	require.Contains(t, text, "^BY3^BCN,320,N,N,N,A^FDAB>0C><D>=_1^FS")
	require.Contains(t, text, "^BY3^BCN,320,N,N,N,A^FDCBABCDEFGH2345^FS")
	require.Contains(t, text, "^BY1^BCN,320,N,N,N,A^FDxxx")
	require.Contains(t, text, "^FDAB>C_5ED_7E_5F1^FS", "the same to read")
	require.Contains(t, text, "^FDул. Ленина, 5_5E1, Żółw^FS")
	require.Contains(t, text, "^FDM   1 / 2^FS")
}
