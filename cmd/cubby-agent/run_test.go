package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

func TestCabinetServes(t *testing.T) {
	t.Parallel()
	r := newPlace(t, 4, 2).enroll().run()
	st, err := r.status()
	require.NoError(t, err)
	require.Equal(t, locker, st.Locker)
	require.Len(t, st.Cells, 6)
	require.True(t, st.Keyed)
	info, err := os.Stat(r.in("agent.sock"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	_, err = r.call("run")
	require.ErrorContains(t, err, "another program runs this cabinet")

	seq := st.Seq
	require.NoError(t, r.stop())
	_, err = r.status()
	require.ErrorIs(t, err, errNotRunning)
	again := r.place.run()
	st, err = again.status()
	require.NoError(t, err)
	require.GreaterOrEqual(t, st.Seq, seq)
	require.EqualValues(t, 1, st.Epoch, "it remembers")
	hellos := r.cabinet().Hellos()
	require.Len(t, hellos, 2)
	require.NotEqual(t, hellos[0].Nonce, hellos[1].Nonce)
}

// TestDamagedStore: it is kept, and the cabinet begins anew with an inventory that says so;
// what it finds in its cells is in doubt.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4).enroll()
	r := p.run()
	require.NoError(t, r.stop())
	store := p.in("data/cabinet.db")
	whole, err := os.ReadFile(store)
	require.NoError(t, err)
	spoilt := append(bytes.Repeat([]byte{0xA5}, 100), whole[100:]...)
	require.NoError(t, os.WriteFile(store, spoilt, 0o600))

	r = p.run()
	require.Contains(t, r.log.String(), "the store was damaged and is set aside")
	kept, err := filepath.Glob(store + ".damaged-*")
	require.NoError(t, err)
	require.Len(t, kept, 1)
	have, err := os.ReadFile(kept[0])
	require.NoError(t, err)
	require.Equal(t, spoilt, have)

	var last models.Fact
	require.Eventually(t, func() bool {
		facts := p.cabinet().Facts()
		last = facts[len(facts)-1]
		return last.Epoch == 2
	}, soon, often, "a new epoch")
	require.Equal(t, models.FactInventory, last.Type)
	data, err := last.Payload()
	require.NoError(t, err)
	require.Equal(t, "store_set_aside", data.Reason)
	for _, c := range data.Cells {
		require.True(t, c.Doubtful, "cell %d", c.Cell)
	}
	require.NoError(t, r.stop())
	r = p.run()
	st, err := r.status()
	require.NoError(t, err)
	require.EqualValues(t, 2, st.Epoch, "once is enough")
}

// TestStoreOfANewerProgram is neither used nor set aside.
func TestStoreOfANewerProgram(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4).enroll()
	require.NoError(t, p.run().stop())
	store := p.in("data/cabinet.db")
	raw, err := os.ReadFile(store)
	require.NoError(t, err)
	const version = 60 // where user_version stands: 4 bytes, big-endian
	raw[version+3] = 9
	require.NoError(t, os.WriteFile(store, raw, 0o600))
	_, err = p.call("run")
	require.ErrorContains(t, err, "a newer program wrote it")
	have, err := os.ReadFile(store)
	require.NoError(t, err)
	require.Equal(t, raw, have)
}

// TestWhatCannotBeServed: the program ends and says why, rather than serve half.
func TestWhatCannotBeServed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4).enroll()
	p.configure(map[string]any{"server_ca": p.in("none.pem")})
	_, err := p.call("run")
	require.ErrorContains(t, err, "server_ca")
	p.configure(map[string]any{"server_ca": p.in("ca.pem"), "socket": p.in("none/agent.sock")})
	_, err = p.call("run")
	require.ErrorContains(t, err, "agent.sock")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	p.configure(map[string]any{"socket": p.in("agent.sock"), "screen": taken.Addr().String()})
	_, err = p.call("run")
	require.ErrorContains(t, err, "address already in use")
}

// TestServerThatIsNotThere: without a line the cabinet serves what it has.
func TestServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4).enroll()
	require.NoError(t, p.run().stop())
	p.gateway.Close()
	r := p.runOffline()
	out, err := r.call("check")
	require.ErrorContains(t, err, "need a look")
	require.Equal(t, "down", row(t, out, "line", p.gateway.URL())[2])
	_, err = r.call("open", "--cell", "2")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.steel.Truth(2).Open }, soon, often)
}
