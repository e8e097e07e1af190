package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/cmd/cubby-demo/lossy"
	"cubby/cmd/cubby-demo/lossytest"
	"cubby/cmd/cubby-demo/rig"
)

// TestDiskFails: while nothing can be kept no lock is driven, and the screen says that the locker is out of service. It
// serves again by itself once the disk does.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*lossy.Disk){
		"full":    func(d *lossy.Disk) { d.Fill(0) },
		"failing": func(d *lossy.Disk) { d.Trouble(1, rand.New(rand.NewPCG(1, 0))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, 4)
			disk, point := lossytest.Mount(t)
			ports, err := rig.FreePorts(1)
			require.NoError(t, err)
			address := fmt.Sprintf("127.0.0.1:%d", ports[0])
			p.configure(map[string]any{"dir": point, "screen": address})
			r := p.enroll().run()
			before, err := r.status()
			require.NoError(t, err)

			spoil(disk)
			_, err = r.call("open", "--cell", "2")
			require.Error(t, err)
			view := func() (v cabinet.View) {
				res, err := http.Get("http://" + address + "/view")
				if err != nil {
					return v // between two servers
				}
				defer res.Body.Close()
				require.NoError(t, json.NewDecoder(res.Body).Decode(&v))
				return v
			}
			require.Eventually(t, func() bool { return view().Text == cabinet.TextOutOfService }, soon, often)
			require.Equal(t, cabinet.OutOfService(), view())
			res, err := http.Post("http://"+address+"/keys", "application/json", strings.NewReader(`{"text": "1"}`))
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
			require.Eventually(t, func() bool { return strings.Count(r.log.String(), "out of service until") > 1 }, soon, often, "it tries again")
			require.Equal(t, cabinet.TextOutOfService, view().Text, "the screen stays")
			require.Zero(t, p.steel.Truth(2).Pulses)
			b := newBrowser(t, "http://"+address)
			b.says("cannot work just now")
			b.is(`document.getElementById('pad').hidden`)
			b.fits("out_of_service")

			disk.Heal()
			r.eventually(func(st state) bool { return st.Online && st.Seq >= before.Seq }, "it serves again")
			b.says("Type your pickup code")
			require.Equal(t, cabinet.TextHome, view().Text)
			_, err = r.call("open", "--cell", "2")
			require.NoError(t, err)
			require.Eventually(t, func() bool { return p.steel.Truth(2).Open }, soon, often)
			after, err := r.status()
			require.NoError(t, err)
			require.Equal(t, before.Epoch, after.Epoch)
			require.NoError(t, r.stop())
		})
	}
}
