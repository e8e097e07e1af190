package screen_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/screen"
	"cubby/models"
)

// FuzzAct: whatever the screen's page sends is taken once, as one input, or refused with a
// problem and then nothing moves.
func FuzzAct(f *testing.F) {
	for _, body := range []string{
		`{"text":"12345670"}`, `{"text":"cancel"}`, `{"text":"leave_xl"}`, `{"text":"par_1"}`, `{"text":"Cancel"}`, `{"TEXT":"cancel"}`,
		`{"text":""}`, `{}`, `null`, ``, `{"text":1}`, `{"text":"cancel"`, `["cancel"]`, `"cancel"`, `{"text":"cancel"}{"text":"finish"}`,
		`{"text":"\u0000"}`, "{\"text\":\"\xff\"}", `{"text":"\ud800"}`, `{"text":"` + strings.Repeat("x", 5000) + `"}`, strings.Repeat("[", 4000),
	} {
		for path := range uint8(3) {
			f.Add(path, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		c := &chooser{}
		path := []string{"/keys", "/press", "/choose"}[which%3]
		r := httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(string(body)))
		w := httptest.NewRecorder()
		screen.New(c, screen.Panel{PxPerMM: 4}, func() {}, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			require.Len(t, c.told, 1)
			switch in := c.told[0].(type) {
			case cabinet.Keyed:
				require.Equal(t, "/keys", path)
				require.Equal(t, models.OperationID("op_1"), in.ID)
			case cabinet.Pressed:
				require.Equal(t, "/press", path)
				require.True(t, slices.Contains(cabinet.Buttons(), in.Button))
			case cabinet.Chose:
				require.Equal(t, "/choose", path)
			default:
				require.Fail(t, "no act of a person", "%#v", in)
			}
			return
		}
		require.Equal(t, http.StatusBadRequest, w.Code, w.Body)
		require.Empty(t, c.told)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		var problem struct {
			Status int
			Code   models.Code
			Detail string
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem))
		require.Equal(t, http.StatusBadRequest, problem.Status)
		require.Equal(t, models.CodeInvalid, problem.Code)
		require.Contains(t, []string{`say {"text": "…"}`, "there is no such button"}, problem.Detail, "what was typed is told to nobody")
	})
}
