package screen_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// chooser is a cabinet that remembers what it was told.
type chooser struct {
	watched chan struct{} // given to whoever watches
	stopped chan struct{}
	refuses error // of Tell

	mu   sync.Mutex
	view cabinet.View
	told []cabinet.Input
}

func (c *chooser) View(models.Side) cabinet.View {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.view
	v.Items = []cabinet.Item{}
	return v
}

// change shows another sentence, and tells who watches.
func (c *chooser) change(sentence string) {
	c.mu.Lock()
	c.view.Sentence = sentence
	c.mu.Unlock()
	c.watched <- struct{}{}
}

func (c *chooser) Site() cabinet.Site {
	return cabinet.Site{Number: "L-001", Cells: []models.LayoutCell{}}
}
func (c *chooser) Watch(context.Context) <-chan struct{} { return c.watched }
func (c *chooser) Stopped() <-chan struct{}              { return c.stopped }
func (c *chooser) Operation() models.OperationID         { return "op_1" }
func (c *chooser) Tell(_ context.Context, in cabinet.Input) error {
	if c.refuses != nil {
		return c.refuses
	}
	c.told = append(c.told, in)
	return nil
}

func TestChoose(t *testing.T) {
	t.Parallel()
	c := &chooser{}
	w := ask(c, post("/choose", `{"text": "par_1"}`))
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"items":[]`)
	require.Equal(t, []cabinet.Input{cabinet.Chose{Key: "par_1", ID: "op_1", Side: models.SideFront}}, c.told)
}
