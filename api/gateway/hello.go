package gateway

import (
	"time"

	"cubby/agent/protocol"
	"cubby/models"
)

// negotiate picks the version of the protocol: the highest that both sides speak.
func negotiate(h protocol.Hello) (int, error) {
	version := min(h.Max, protocol.Version)
	if version < max(h.Min, protocol.VersionMin) {
		return 0, models.Errorf(models.CodeInvalid, "this server speaks versions %d to %d of the protocol, the cabinet %d to %d",
			protocol.VersionMin, protocol.Version, h.Min, h.Max)
	}
	return version, nil
}

// checkHello refuses a hello that names no place in a journal.
func checkHello(h protocol.Hello) error {
	if h.Epoch < 0 || h.Seq < 0 || (h.Seq == 0) != (h.Hash == "") {
		return models.Errorf(models.CodeMalformedFrame, "hello: last_seq and last_hash must name a fact, or be 0 and empty")
	}
	return nil
}

// greet compares where a cabinet says its journal ends with where the server's copy does,
// and says how the journal goes on:
//
//   - Same epoch, and the cabinet is level with the same hash, or further: continue from
//     the server's head. Should what follows not fit there, the journal call says so.
//   - Same epoch, but the server has facts that the cabinet does not, or another hash at
//     the same place: the cabinet's store was restored or set aside, or another computer
//     speaks for it. Its next facts would collide with the numbers of the lost ones, so it
//     must begin a new epoch, above every one used before, with an inventory.
//   - The cabinet's epoch is older: the same, for the same reason.
//   - The cabinet's epoch is newer: it has begun it already, and the inventory that opens it
//     supersedes whatever the server missed: continue from its start.
func greet(h protocol.Hello, head models.Head, version int, now time.Time) (protocol.Type, any) {
	newEpoch := func(reason string) (protocol.Type, any) {
		return protocol.TypeNewEpoch, protocol.NewEpoch{Protocol: version, Epoch: head.Epoch + 1, NowMS: now.UnixMilli(), Reason: reason}
	}
	goOn := func(epoch, seq int64) (protocol.Type, any) {
		return protocol.TypeContinueFrom, protocol.ContinueFrom{Protocol: version, Epoch: epoch, Seq: seq, NowMS: now.UnixMilli()}
	}
	switch {
	case h.Epoch > head.Epoch:
		return goOn(h.Epoch, 0)
	case h.Epoch < head.Epoch:
		return newEpoch("the server has facts of a later epoch")
	case h.Seq < head.Seq:
		return newEpoch("the server has facts that the cabinet has lost")
	case h.Seq == head.Seq && h.Hash != head.Hash:
		return newEpoch("the journals differ")
	}
	return goOn(head.Epoch, head.Seq)
}
