// Package session is the server's half of a cabinet's session as pure functions: what it
// answers to a hello, what it makes of a batch of facts and of an ask. The gateway runs
// them over real connections and a database, the simulator over simulated ones.
package session

import (
	"time"

	"cubby/agent/protocol"
	"cubby/models"
)

// Greeting is the server's answer to a hello.
type Greeting struct {
	Version int           // of the protocol, for this session
	Type    protocol.Type // continue_from or new_epoch
	Body    any
}

// Greet compares where a cabinet says its journal ends with where the server's copy does,
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
//
// It returns invalid_request when there is no common version, malformed_frame for a hello
// that names no place in a journal, or no boot of its computer.
func Greet(h protocol.Hello, head models.Head, now time.Time) (Greeting, error) {
	version := min(h.Max, protocol.Version)
	if version < max(h.Min, protocol.VersionMin) {
		return Greeting{}, models.Errorf(models.CodeInvalid, "this server speaks versions %d to %d of the protocol, the cabinet %d to %d",
			protocol.VersionMin, protocol.Version, h.Min, h.Max)
	}
	if h.Epoch < 0 || h.Seq < 0 || (h.Seq == 0) != (h.Hash == "") {
		return Greeting{}, models.Errorf(models.CodeMalformedFrame, "hello: last_seq and last_hash must name a fact, or be 0 and empty")
	}
	if len(h.Nonce) > maxName || len(h.Boot) > maxName {
		return Greeting{}, models.Errorf(models.CodeMalformedFrame, "hello: the nonce or the boot is too long")
	}
	if h.Boot == "" { // a copy of the cabinet's computer would not be told from it
		return Greeting{}, models.Errorf(models.CodeMalformedFrame, "hello: it must name the boot of the computer")
	}
	if h.Epoch-head.Epoch > models.MaxEpochLeap {
		return Greeting{}, models.Errorf(models.CodeMalformedFrame, "hello: epoch %d is too far ahead of %d", h.Epoch, head.Epoch)
	}
	newEpoch := func(reason string) (Greeting, error) {
		return Greeting{version, protocol.TypeNewEpoch, protocol.NewEpoch{
			Protocol: version, Epoch: head.Epoch + 1, NowMS: now.UnixMilli(), Reason: reason}}, nil
	}
	goOn := func(epoch, seq int64) (Greeting, error) {
		return Greeting{version, protocol.TypeContinueFrom, protocol.ContinueFrom{
			Protocol: version, Epoch: epoch, Seq: seq, NowMS: now.UnixMilli()}}, nil
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
