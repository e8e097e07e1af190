package main

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

const (
	usable = time.Second // from the start of the program to a screen that takes a code
	starts = 10
)

// TestUsable: a cabinet of 30 cells takes a code within a second of the start of its program, after a
// power cut as after an update. What else runs here may be in the way: the limit has to be kept in one
// of ten starts.
func TestUsable(t *testing.T) {
	p := newPlace(t, 24, 6)
	address := freeAddress(t)
	p.configure(map[string]any{"screen": address})
	end(t, p.enroll().start())
	for range starts {
		began := time.Now()
		cmd := exec.Command(binary(t), "run", "--config", p.in("agent.json"))
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
		require.Eventually(t, func() bool { return p.takesCode(address) }, soon, often, "it takes a code")
		took := time.Since(began).Round(time.Millisecond)
		t.Logf("a cabinet of 30 cells takes a code %v after the start of its program", took)
		end(t, cmd)
		if took <= usable {
			return
		}
	}
	t.Fatalf("no start of %d was done within %v", starts, usable)
}

// end is a power cut.
func end(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
}

// takesCode types a code with a wrong digit into the first page, and reports whether the cabinet says so:
// it has the key of the codes by then, and its core answers.
func (p *place) takesCode(address string) bool {
	v, ok := viewIn(http.Get("http://" + address + "/view"))
	if !ok || v.Screen != cabinet.ScreenHome || v.Pad != cabinet.PadDigits {
		return false
	}
	right := models.PickupCode(p.cabinet().Key(), "shp_1", 1)
	mistyped := right[:7] + string('0'+(right[7]-'0'+1)%10)
	v, ok = viewIn(http.Post("http://"+address+"/keys", "application/json", strings.NewReader(`{"text": "`+mistyped+`"}`)))
	return ok && v.Text == cabinet.TextMistyped
}

func viewIn(answer *http.Response, err error) (v cabinet.View, ok bool) {
	if err != nil {
		return v, false
	}
	defer func() { _ = answer.Body.Close() }() // all of it was read
	err = json.NewDecoder(answer.Body).Decode(&v)
	return v, err == nil
}
