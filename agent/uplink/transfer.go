package uplink

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

// frameSize is what a fact takes in a batch beside its data.
const frameSize = 600

// keepUploading sends facts whenever there are some and a stream stands.
func (u *Uplink) keepUploading(ctx context.Context, core Core) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-u.upload:
		}
		if err := u.uploadAll(ctx, core); err != nil {
			return ended(ctx, err)
		}
	}
}

// uploadAll sends batch after batch until the server has every fact. A batch that it
// refuses, or answers with another place than its end, means that the two journals do not
// agree: a new hello settles where they go on, and after a fork only a new epoch can. An
// error is the core's.
func (u *Uplink) uploadAll(ctx context.Context, core Core) error {
	p := u.pause()
	for {
		var facts []models.Fact
		if err := core.Read(ctx, func(s *cabinet.State) { facts = batch(s) }); err != nil || len(facts) == 0 {
			return err
		}
		last := facts[len(facts)-1]
		var reply protocol.JournalReply
		err := u.call(ctx, http.MethodPost, protocol.PathJournal, protocol.JournalRequest{Facts: facts}, &reply)
		var no *refusal
		switch {
		case err == nil:
			if err := core.Tell(ctx, cabinet.JournalAcked{Epoch: reply.Epoch, Seq: reply.Seq}); err != nil {
				return err
			}
			if reply.Epoch == last.Epoch && reply.Seq == last.Seq {
				p.reset()
				continue
			}
			u.hangUp("the server has another journal")
		case errors.As(err, &no) && no.code == models.CodeFork:
			u.Logger.Warn("the journals differ", "epoch", facts[0].Epoch, "seq", facts[0].Seq, "error", err)
			if err := core.Tell(ctx, cabinet.JournalForked{Epoch: facts[0].Epoch}); err != nil {
				return err
			}
			u.hangUp("the journals differ")
		case errors.As(err, &no) && !no.temporary():
			u.Logger.Warn("the server refused facts", "epoch", facts[0].Epoch, "seq", facts[0].Seq, "error", err)
			u.hangUp("the server refused facts")
		default:
			u.Logger.Debug("facts were not sent", "error", err)
		}
		if !p.wait(ctx, waitOf(err)) {
			return nil
		}
	}
}

// batch is what goes up next, while a live stream says where the journal goes on.
func batch(s *cabinet.State) []models.Fact {
	facts := s.Unsent(protocol.MaxBatch)
	size := 0
	for i, f := range facts {
		size += len(f.Data) + frameSize
		if size > protocol.MaxBatchBytes && i > 0 {
			return facts[:i]
		}
	}
	return facts
}

// call makes a call that ends with the stream at the latest: over a line that has gone silent it would wait its whole
// limit, and the next stream's facts behind it.
func (u *Uplink) call(ctx context.Context, method, path string, in, out any) error {
	ctx, done := u.whileStreaming(ctx)
	defer done()
	return caller{u.client, u.base}.call(ctx, method, path, in, out)
}

func (u *Uplink) whileStreaming(ctx context.Context) (context.Context, func()) {
	u.mu.Lock()
	s := u.stream
	u.mu.Unlock()
	ctx, end := context.WithCancel(ctx)
	if s == nil {
		return ctx, end
	}
	forget := context.AfterFunc(s.ctx, end)
	return ctx, func() { forget(); end() }
}

// keepFetching reads the directory, page by page, whenever it is wanted.
func (u *Uplink) keepFetching(ctx context.Context, core Core) error {
	return u.keepAsking(ctx, core, u.directory, func(s *cabinet.State) string {
		return protocol.PathDirectory + "?since=" + url.QueryEscape(s.Directory.Cursor.String())
	}, func(path string) (cabinet.Input, error) {
		var page protocol.DirectoryReply
		err := u.call(ctx, http.MethodGet, path, nil, &page)
		return cabinet.DirectoryEntries{DirectoryReply: page}, err
	})
}

// keepSnapshot reads the server's view of the cells whenever it is wanted.
func (u *Uplink) keepSnapshot(ctx context.Context, core Core) error {
	return u.keepAsking(ctx, core, u.snapshot, func(*cabinet.State) string {
		return protocol.PathSnapshot
	}, func(path string) (cabinet.Input, error) {
		var snapshot protocol.Snapshot
		err := u.call(ctx, http.MethodGet, path, nil, &snapshot)
		return cabinet.SnapshotTaken{Snapshot: snapshot}, err
	})
}

// keepRequesting makes requests, each once, and tells the core what came of each.
func (u *Uplink) keepRequesting(ctx context.Context, core Core) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-u.requests:
			answer := cabinet.Replied{ID: r.ID, Reply: &protocol.RequestReply{}}
			if err := u.request(ctx, r, answer.Reply); err != nil {
				u.Logger.Warn("a request was not taken", "kind", r.Kind, "error", err)
				answer.Reply = nil
			}
			if err := core.Tell(ctx, answer); err != nil {
				return ended(ctx, err)
			}
		}
	}
}

// request makes one, for as long as its screen waits.
func (u *Uplink) request(ctx context.Context, r protocol.Request, reply *protocol.RequestReply) error {
	ctx, cancel := context.WithTimeout(ctx, protocol.RequestTimeout)
	defer cancel()
	return u.call(ctx, http.MethodPost, protocol.PathRequests, r, reply)
}

// keepAsking makes a call whenever it is wanted and a stream stands, until it succeeds. The
// core wants it anew with each stream.
func (u *Uplink) keepAsking(ctx context.Context, core Core, wanted chan struct{},
	path func(*cabinet.State) string, get func(string) (cabinet.Input, error)) error {
	p := u.pause()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wanted:
		}
		var at string
		err := core.Read(ctx, func(s *cabinet.State) {
			if s.Link.Live {
				at = path(s)
			}
		})
		if err != nil {
			return ended(ctx, err)
		}
		if at == "" {
			continue
		}
		in, err := get(at)
		if err != nil {
			u.Logger.Debug("a call failed", "path", at, "error", err)
			nudge(wanted)
			if !p.wait(ctx, waitOf(err)) {
				return nil
			}
			continue
		}
		p.reset()
		if err := core.Tell(ctx, in); err != nil {
			return ended(ctx, err)
		}
	}
}
