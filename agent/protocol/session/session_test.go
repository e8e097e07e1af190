package session_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/agent/protocol/session"
	"cubby/models"
)

func now() time.Time { return time.UnixMilli(1_750_000_000_000).UTC() }

// chain makes n facts of an epoch.
func chain(epoch int64, n int) []models.Fact {
	var facts []models.Fact
	prev := ""
	for i := range n {
		f := models.Fact{
			Epoch: epoch, Seq: int64(i + 1), PrevHash: prev, AtMS: 1, Boot: "b", UptimeMS: 2, Clock: models.ClockSynced,
			Type: models.FactDoorClosed, Data: models.FactData{}.Encode(),
		}
		if i == 0 {
			f.Type = models.FactInventory
		}
		f.Hash = f.ComputeHash()
		prev = f.Hash
		facts = append(facts, f)
	}
	return facts
}

func TestGreet(t *testing.T) {
	t.Parallel()
	hello := func(epoch, seq int64, hash string) protocol.Hello {
		return protocol.Hello{Min: 1, Max: 9, Epoch: epoch, Seq: seq, Hash: hash, Boot: "b"}
	}
	head := models.Head{Epoch: 3, Seq: 7, Hash: "h"}
	goOn := func(epoch, seq int64) any {
		return protocol.ContinueFrom{Protocol: 1, Epoch: epoch, Seq: seq, NowMS: now().UnixMilli()}
	}
	for name, c := range map[string]struct {
		hello protocol.Hello
		head  models.Head
		epoch int64 // of new_epoch; 0: continue_from
		want  any
	}{
		"level":                    {hello(3, 7, "h"), head, 0, goOn(3, 7)},
		"further":                  {hello(3, 9, "x"), head, 0, goOn(3, 7)},
		"began a new epoch":        {hello(5, 1, "i"), head, 0, goOn(5, 0)},
		"both know nothing":        {hello(1, 0, ""), models.Head{Epoch: 1}, 0, goOn(1, 0)},
		"the server knows nothing": {hello(1, 4, "h"), models.Head{}, 0, goOn(1, 0)},
		"lost its store":           {hello(1, 0, ""), head, 4, nil},
		"an old copy":              {hello(3, 6, "g"), head, 4, nil},
		"an older epoch":           {hello(2, 50, "g"), head, 4, nil},
		"another journal":          {hello(3, 7, "x"), head, 4, nil},
	} {
		g, err := session.Greet(c.hello, c.head, now())
		require.NoError(t, err, name)
		require.Equal(t, 1, g.Version, name)
		if c.epoch == 0 {
			require.Equal(t, protocol.TypeContinueFrom, g.Type, name)
			require.Equal(t, c.want, g.Body, name)
			continue
		}
		require.Equal(t, protocol.TypeNewEpoch, g.Type, name)
		body, ok := g.Body.(protocol.NewEpoch)
		require.True(t, ok, name)
		require.Equal(t, c.epoch, body.Epoch, name)
		require.NotEmpty(t, body.Reason, name)
	}
}

func TestGreetRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hello protocol.Hello
		code  models.Code
	}{
		"only newer versions": {protocol.Hello{Min: 2, Max: 3}, models.CodeInvalid},
		"only older versions": {protocol.Hello{Min: 0, Max: 0}, models.CodeInvalid},
		"a hash of nothing":   {protocol.Hello{Min: 1, Max: 1, Hash: "h"}, models.CodeMalformedFrame},
		"a nonce of a book":   {protocol.Hello{Min: 1, Max: 1, Boot: "b", Nonce: strings.Repeat("n", 129)}, models.CodeMalformedFrame},
		"a boot of a book":    {protocol.Hello{Min: 1, Max: 1, Boot: strings.Repeat("b", 129)}, models.CodeMalformedFrame},
		"no boot":             {protocol.Hello{Min: 1, Max: 1}, models.CodeMalformedFrame},
		"a fact with no hash": {protocol.Hello{Min: 1, Max: 1, Seq: 1}, models.CodeMalformedFrame},
		"a negative epoch":    {protocol.Hello{Min: 1, Max: 1, Epoch: -1}, models.CodeMalformedFrame},
	} {
		_, err := session.Greet(c.hello, models.Head{}, now())
		require.Equal(t, c.code, models.ErrorCode(err), name)
	}
}

func ask() protocol.Ask {
	return protocol.Ask{
		Operation: models.OperationID("op_" + strings.Repeat("0", 26)), Shipment: models.ShipmentID("shp_" + strings.Repeat("0", 26)),
		Kind: models.Pickup, Cells: []models.OpenCell{{Cell: 1, Generation: 1}}, ValidForMS: 500,
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	in, err := session.Ask(ask(), "lkr_mine", "queue", now())
	require.NoError(t, err)
	require.Equal(t, models.LockerID("lkr_mine"), in.Locker, "the cabinet is the one that is connected")
	require.Equal(t, now().Add(500*time.Millisecond), in.NotAfter)
	patient := ask()
	patient.ValidForMS = 1 << 62
	in, err = session.Ask(patient, "l", "q", now())
	require.NoError(t, err)
	require.Equal(t, now().Add(protocol.AcceptTimeout), in.NotAfter, "never later than any cabinet waits")
	for name, spoil := range map[string]func(*protocol.Ask){
		"an unknown kind":   func(a *protocol.Ask) { a.Kind = "look" },
		"a local kind":      func(a *protocol.Ask) { a.Kind = models.Check },
		"no operation":      func(a *protocol.Ask) { a.Operation = "" },
		"no shipment":       func(a *protocol.Ask) { a.Shipment = "shp_1" },
		"no cells":          func(a *protocol.Ask) { a.Cells = nil },
		"too many cells":    func(a *protocol.Ask) { a.Cells = make([]models.OpenCell, 51) },
		"valid for no time": func(a *protocol.Ask) { a.ValidForMS = 0 },
	} {
		a := ask()
		spoil(&a)
		_, err := session.Ask(a, "l", "q", now())
		require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err), name)
	}
}

// Only the workflow's own no may stop a person at a screen.
func TestAnswer(t *testing.T) {
	t.Parallel()
	require.Equal(t, protocol.Answer{Operation: "op_1", Verdict: protocol.Accepted}, session.Answer("op_1", nil))
	no := models.Errorf(models.CodeInvalidState, "the shipment is cancelled")
	require.Equal(t, protocol.Answer{Operation: "op_1", Verdict: protocol.Refused, Reason: "the shipment is cancelled"}, session.Answer("op_1", no))
	for _, err := range []error{errors.New("x"), models.Errorf(models.CodeUnavailable, "x"), models.Errorf(models.CodeNotFound, "x")} {
		require.Equal(t, protocol.DecideLocally, session.Answer("op_1", err).Verdict)
	}
}

func TestIntakeAcknowledgesWhatIsCommitted(t *testing.T) {
	t.Parallel()
	facts := chain(2, 3)
	var kept []models.Fact
	reply, err := session.Intake(facts, func(f []models.Fact) (models.Head, error) {
		kept = f
		return models.Head{Epoch: 2, Seq: 2}, nil // as if another call had the last one
	})
	require.NoError(t, err)
	require.Equal(t, facts, kept)
	require.Equal(t, protocol.JournalReply{Epoch: 2, Seq: 2}, reply)
	down := errors.New("the database is down")
	reply, err = session.Intake(facts, func([]models.Fact) (models.Head, error) { return models.Head{Epoch: 2, Seq: 3}, down })
	require.ErrorIs(t, err, down)
	require.Zero(t, reply, "nothing is acknowledged")
}

func TestIntakeRefusesFrames(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*models.Fact){
		"no data":          func(f *models.Fact) { f.Data = nil },
		"too much data":    func(f *models.Fact) { f.Data = []byte(`"` + strings.Repeat("x", 256<<10) + `"`) },
		"NUL in the data":  func(f *models.Fact) { f.Data = []byte(`{"reason":"\u0000"}`) },
		"not UTF-8":        func(f *models.Fact) { f.Data = []byte("\"\xff\"") },
		"a long name":      func(f *models.Fact) { f.Boot = strings.Repeat("b", 129) },
		"a line feed":      func(f *models.Fact) { f.Type = "door\nopened" },
		"no type":          func(f *models.Fact) { f.Type = "" },
		"seq 0":            func(f *models.Fact) { f.Seq = 0 },
		"a negative cell":  func(f *models.Fact) { f.Cell = -1 },
		"a negative epoch": func(f *models.Fact) { f.Epoch = -1 },
	} {
		facts := chain(1, 2)
		spoil(&facts[1])
		_, err := session.Intake(facts, func([]models.Fact) (models.Head, error) {
			t.Error(name, "was committed")
			return models.Head{}, nil
		})
		require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err), name)
	}
	_, err := session.Intake(make([]models.Fact, protocol.MaxBatch+1), nil)
	require.Equal(t, models.CodeTooLarge, models.ErrorCode(err))
}

// A label is a text of any characters, and its fact may not be refused for them.
func TestIntakeTakesWhatOnlyLooksLikeNUL(t *testing.T) {
	t.Parallel()
	for _, label := range []string{`\u0000`, `\\u0000`, `a\`, `\\`, `u0000`} {
		facts := chain(1, 1)
		facts[0].Data = models.FactData{Label: label}.Encode()
		_, err := session.Intake(facts, func(f []models.Fact) (models.Head, error) { return models.Head{Epoch: 1, Seq: 1}, nil })
		require.NoError(t, err, label)
	}
	for _, data := range []string{`{"label":"\u0000"}`, `{"label":"\\\u0000"}`, `{"\u0000":1}`} {
		facts := chain(1, 1)
		facts[0].Data = []byte(data)
		_, err := session.Intake(facts, nil)
		require.Equal(t, models.CodeMalformedFrame, models.ErrorCode(err), data)
	}
}

// FuzzIntake: whatever frames come, what is committed keeps the chain and is acknowledged
// no further than that.
func FuzzIntake(f *testing.F) {
	f.Add([]byte{0, 1, 2}, int64(1))
	f.Add([]byte{2, 1, 0, 0, 1, 2}, int64(3))
	f.Fuzz(func(t *testing.T, order []byte, epoch int64) {
		source := chain(1, 5)
		var batch []models.Fact
		for _, i := range order {
			fact := source[int(i)%len(source)]
			if i > 200 {
				fact.Epoch = epoch
			}
			batch = append(batch, fact)
		}
		head := models.Head{}
		reply, err := session.Intake(batch, func(facts []models.Fact) (models.Head, error) {
			fresh, err := head.CheckChain(facts)
			if err != nil || len(fresh) == 0 {
				return head, err
			}
			require.True(t, slices.IsSortedFunc(fresh, func(a, b models.Fact) int { return int(a.Seq - b.Seq) }))
			last := fresh[len(fresh)-1]
			head = models.Head{Epoch: last.Epoch, Seq: last.Seq, Hash: last.Hash}
			return head, nil
		})
		if err == nil {
			require.Equal(t, protocol.JournalReply{Epoch: head.Epoch, Seq: head.Seq}, reply)
		}
	})
}
