package models_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// chain makes n facts of an epoch after a head.
func chain(epoch int64, n int) []models.Fact {
	var facts []models.Fact
	prev := ""
	for i := range n {
		f := models.Fact{Epoch: epoch, Seq: int64(i + 1), PrevHash: prev, AtMS: 1_800_000_000_000 + int64(i), Boot: "b",
			Clock: models.ClockSynced, Type: models.FactDoorOpened, Cell: 1, Data: models.FactData{}.Encode()}
		if i == 0 {
			f.Type = models.FactInventory
		}
		f.Hash = f.ComputeHash()
		prev = f.Hash
		facts = append(facts, f)
	}
	return facts
}

func after(facts []models.Fact, i int) models.Head {
	return models.Head{Epoch: facts[i].Epoch, Seq: facts[i].Seq, Hash: facts[i].Hash}
}

func TestCheckChain(t *testing.T) {
	t.Parallel()
	facts := chain(1, 5)
	forged := chain(1, 5)
	forged[2].Cell = 9
	forked := chain(1, 5)
	forked[2].Cell = 9
	for i := 2; i < len(forked); i++ { // another history from the third fact on
		forked[i].PrevHash = forked[i-1].Hash
		forked[i].Hash = forked[i].ComputeHash()
	}
	noInventory := chain(2, 2)
	noInventory[0].Type = models.FactDoorOpened
	noInventory[0].Hash = noInventory[0].ComputeHash()
	for _, c := range []struct {
		name  string
		head  models.Head
		facts []models.Fact
		fresh int
		code  models.Code
	}{
		{"from the beginning", models.Head{}, facts, 5, ""},
		{"all repeats", after(facts, 4), facts, 0, ""},
		{"some repeats", after(facts, 2), facts, 2, ""},
		{"nothing", after(facts, 2), nil, 0, ""},
		{"gap", after(facts, 1), facts[3:], 0, models.CodeSequence},
		{"gap at the start", models.Head{}, facts[1:], 0, models.CodeSequence},
		{"content changed", models.Head{}, forged, 0, models.CodeMalformedFrame},
		{"fork of what was taken in", after(facts, 2), forked, 0, models.CodeFork},
		{"fork after", after(facts, 2), forked[3:], 0, models.CodeFork},
		{"new epoch", after(facts, 4), chain(2, 3), 3, ""},
		{"new epoch without inventory", after(facts, 4), noInventory, 0, models.CodeSequence},
		{"an epoch far ahead", after(facts, 4), chain(1+models.MaxEpochLeap, 1), 1, ""},
		{"an epoch too far ahead", after(facts, 4), chain(2+models.MaxEpochLeap, 1), 0, models.CodeMalformedFrame},
		{"old epoch", models.Head{Epoch: 2, Seq: 1, Hash: "x"}, facts, 0, ""},
	} {
		fresh, err := c.head.CheckChain(c.facts)
		require.Equal(t, c.code, models.ErrorCode(err), c.name)
		require.Len(t, fresh, c.fresh, c.name)
	}
}

// TestHashSurvivesUnknownFields: a newer cabinet's extra fields are part of the hash.
func TestHashSurvivesUnknownFields(t *testing.T) {
	t.Parallel()
	f := models.Fact{Epoch: 1, Seq: 1, Type: models.FactInventory, Data: json.RawMessage(`{"cells":[],"later":{"x":1}}`)}
	f.Hash = f.ComputeHash()
	raw, err := json.Marshal(f)
	require.NoError(t, err)
	var back models.Fact
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, back.Hash, back.ComputeHash())
	_, err = back.Payload()
	require.NoError(t, err)
}

// FuzzCheckChain: whatever a cabinet sends, the check neither panics nor lets a gap in.
func FuzzCheckChain(f *testing.F) {
	raw, err := json.Marshal(chain(1, 3))
	require.NoError(f, err)
	f.Add(raw, int64(0), int64(0))
	f.Add([]byte(`[{"epoch":9223372036854775807,"seq":-1,"data":null}]`), int64(1), int64(5))
	f.Fuzz(func(t *testing.T, raw []byte, epoch, seq int64) {
		var facts []models.Fact
		if json.Unmarshal(raw, &facts) != nil {
			return
		}
		head := models.Head{Epoch: epoch, Seq: seq}
		fresh, err := head.CheckChain(facts)
		if err != nil {
			return
		}
		for _, n := range fresh {
			require.True(t, n.Epoch == head.Epoch && n.Seq == head.Seq+1 || n.Epoch > head.Epoch && n.Seq == 1)
			head = models.Head{Epoch: n.Epoch, Seq: n.Seq, Hash: n.Hash}
		}
	})
}
