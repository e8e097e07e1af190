package screen_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/screen"
	"cubby/models"
)

// chooser is a cabinet that remembers what it was told.
type chooser struct{ told []cabinet.Input }

func (c *chooser) View() cabinet.View                    { return cabinet.View{Items: []cabinet.Item{}} }
func (c *chooser) Watch(context.Context) <-chan struct{} { return nil }
func (c *chooser) Stopped() <-chan struct{}              { return nil }
func (c *chooser) Operation() models.OperationID         { return "op_1" }
func (c *chooser) Tell(_ context.Context, in cabinet.Input) error {
	c.told = append(c.told, in)
	return nil
}

func TestChoose(t *testing.T) {
	t.Parallel()
	c := &chooser{}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/choose", strings.NewReader(`{"text": "par_1"}`))
	w := httptest.NewRecorder()
	screen.New(c, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"items":[]`)
	require.Equal(t, []cabinet.Input{cabinet.Chose{Key: "par_1", ID: "op_1"}}, c.told)
}
