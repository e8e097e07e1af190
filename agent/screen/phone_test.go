package screen_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/screen"
	"cubby/models"
)

// phoned is a cabinet whose support has a phone.
type phoned struct {
	chooser
	phone string
}

func (p *phoned) Site() cabinet.Site {
	return cabinet.Site{Screen: models.ScreenProfile{Phone: p.phone}}
}

// TestPhoneQR: a telephone that is held before the page of help calls the support.
func TestPhoneQR(t *testing.T) {
	t.Parallel()
	drawn := func(phone string) (size int, path string) {
		ctx, leave := context.WithCancel(t.Context())
		leave() // the first events are written all the same
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/events", nil)
		screen.New(&phoned{phone: phone}, screen.Panel{PxPerMM: 4}, func() {}, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		_, site, found := strings.Cut(w.Body.String(), "event: site\ndata: ")
		require.True(t, found)
		site, _, _ = strings.Cut(site, "\n")
		var is struct {
			QR struct {
				Size int
				Path string
			} `json:"phone_qr"`
		}
		require.NoError(t, json.Unmarshal([]byte(site), &is))
		return is.QR.Size, is.QR.Path
	}
	size, path := drawn("")
	require.Zero(t, size)
	require.Empty(t, path)
	size, path = drawn("+49301234567")
	code, err := qr.Encode("tel:+49301234567", qr.M, qr.Auto)
	require.NoError(t, err)
	const quiet = 4
	require.Equal(t, code.Bounds().Dx()+2*quiet, size)
	for y := range code.Bounds().Dy() {
		for x := range code.Bounds().Dx() {
			r, _, _, _ := code.At(x, y).RGBA()
			require.Equal(t, r == 0, strings.Contains(path, fmt.Sprintf("M%d %dh1v1h-1z", x+quiet, y+quiet)), "%d, %d", x, y)
		}
	}
}
