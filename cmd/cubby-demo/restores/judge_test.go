package restores

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	every, err := choose("")
	require.NoError(t, err)
	require.Len(t, every, len(all()))
	for _, p := range every {
		require.NotEmpty(t, p.breakage)
		one, err := choose(p.name)
		require.NoError(t, err)
		require.Len(t, one, 1)
	}
	_, err = choose("dance")
	require.ErrorContains(t, err, "\"dance\": there is no such play; there are agent-image, ")
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	mine := []people.Cell{{Number: 1, State: "occupied", Doubtful: true, Generation: 3, Shipment: "shp_1", Content: []string{"a"}}}
	right := believed{1, "occupied", true, 3, "shp_1"}
	require.Empty(t, differences(mine, []believed{right}))
	require.NotEmpty(t, differences(mine, nil))
	for _, change := range []func(*believed){
		func(b *believed) { b.Number = 2 }, func(b *believed) { b.State = "free" }, func(b *believed) { b.Doubtful = false },
		func(b *believed) { b.Generation = 4 }, func(b *believed) { b.Shipment = "" },
	} {
		wrong := right
		change(&wrong)
		require.NotEmpty(t, differences(mine, []believed{wrong}), "%+v", wrong)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	f := finding{locker: "lkr_1", cell: 4}
	for _, c := range []struct {
		incident people.Incident
		named    bool
	}{
		{people.Incident{Locker: "lkr_1", Cell: 4, Kind: "fact_quarantined"}, true},
		{people.Incident{Locker: "lkr_1", Kind: "store_set_aside"}, true},
		{people.Incident{Locker: "lkr_1", Cell: 5, Kind: "fact_quarantined"}, false},
		{people.Incident{Locker: "lkr_1", Kind: "pad_paused"}, false},
		{people.Incident{Locker: "lkr_2", Cell: 4, Kind: "fact_quarantined"}, false},
		{people.Incident{Locker: "lkr_2", Kind: "store_set_aside"}, false},
	} {
		require.Equal(t, c.named, named([]people.Incident{c.incident}, f), "%+v", c.incident)
	}
}

func TestRepeated(t *testing.T) {
	t.Parallel()
	one, other := people.Mail{MessageID: "m1", Text: "code 1"}, people.Mail{MessageID: "m2", Text: "code 2"}
	require.Empty(t, repeated([]people.Mail{one, other}))
	require.Len(t, repeated([]people.Mail{one, other, one}), 1)
	require.Len(t, repeated([]people.Mail{one, {MessageID: "m3", Text: "code 1"}}), 1, "the same words under another name")
	require.Len(t, repeated([]people.Mail{one, {MessageID: "m1", Text: "code 3"}}), 1)
}

func TestReport(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	report(&out, []figure{{play: "p", judged: "all", shipments: 1, doors: 2, inside: 3, doubtful: 4, named: 5, checked: 6, told: 7, took: 8 * time.Second}})
	require.Regexp(t, `(?m)^p +all +1 +2 +3 +4 +5 +6 +7 +0 +8$`, out.String())
}
