package gateway

import (
	"context"
	"maps"
	"net/http"
	"time"

	"cubby/agent/protocol"
	"cubby/models"
)

const (
	directoryPage = 500 // entries
	maxSince      = 64 << 10

	scopesFresh      = 10 * time.Minute
	refreshesATick   = 100
	directoryTimeout = 5 * time.Second
)

// directory gives a page of the cabinet's directory.
func (g *Gateway) directory(w http.ResponseWriter, r *http.Request, p Peer) error {
	since := r.URL.Query().Get("since")
	if len(since) > maxSince {
		return models.Errorf(models.CodeTooLarge, "since is over the limit of %d bytes.", maxSince)
	}
	cursor, err := protocol.ParseCursor(since)
	if err != nil {
		return err
	}
	rows, at, more, err := g.Cabinets.Directory(r.Context(), p.Locker, cursor, directoryPage)
	if err != nil {
		return err
	}
	reply := protocol.DirectoryReply{Entries: make([]protocol.Entry, 0, len(rows)), Cursor: at, More: more}
	for _, row := range rows {
		entry := protocol.Entry{Kind: row.Kind, Key: row.Key, Deleted: row.Deleted, Seen: protocol.Seen{Epoch: row.SeenEpoch, Seq: row.SeenSeq}}
		if !row.Deleted {
			entry.Body = row.Body
			entry.Rev, entry.Signer, entry.Signature = row.Rev, row.Signer, row.Signature
		}
		reply.Entries = append(reply.Entries, entry)
	}
	return writeJSON(w, reply)
}

// poll looks at the directory's positions and at revoked certificates, one statement each
// for all cabinets, tells those whose scopes moved and cuts off those that are not trusted
// any more.
func (g *Gateway) poll(ctx context.Context) {
	tick := time.NewTicker(g.PollInterval)
	defer tick.Stop()
	var last map[string]int64
	looked := g.Now() // at revoked certificates
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := g.Now()
		positions, err := g.positions(ctx)
		if err == nil {
			err = g.distrust(ctx, looked)
		}
		if err != nil {
			// Once for each outage, not twice a second.
			if !failing && ctx.Err() == nil {
				g.Logger.Warn("the directory's positions and revoked certificates cannot be read", "error", err)
			}
			failing = true
			continue
		}
		g.tell(ctx, last, positions)
		last, looked, failing = positions, now, false
	}
}

func (g *Gateway) positions(ctx context.Context) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, directoryTimeout)
	defer cancel()
	return g.Cabinets.Positions(ctx)
}

// tell sends directory_changed where it is due. A cabinet's scopes are looked up again
// when a scope is new (an organization that begins to work) or they are old, a bounded
// number at a time.
func (g *Gateway) tell(ctx context.Context, last, positions map[string]int64) {
	now := g.Now()
	if newScope(last, positions) {
		g.generation.Add(1)
	}
	generation := g.generation.Load()
	lines := g.connected()
	refreshes := 0
	for _, ln := range lines {
		if (ln.generation != generation || now.Sub(ln.scopesAt) > scopesFresh) && refreshes < refreshesATick {
			refreshes++
			if err := g.follow(ctx, ln, now); err != nil {
				g.Logger.Warn("a cabinet's scopes were not read", "locker", ln.peer.Locker, "error", err)
			}
		}
		if at, moved := movedTo(ln.scopes, ln.told, positions); moved {
			ln.told = at
			if err := ln.send(protocol.TypeDirectoryChanged, protocol.DirectoryChanged{Cursor: at}); err != nil {
				g.Logger.Info("a cabinet was not told of its directory", "locker", ln.peer.Locker, "error", err)
			}
		}
	}
}

// follow looks up a cabinet's scopes. The generation is read first: a scope that appears
// meanwhile makes the line look again.
func (g *Gateway) follow(ctx context.Context, ln *line, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, directoryTimeout)
	defer cancel()
	generation := g.generation.Load()
	scopes, err := g.Cabinets.DirectoryScopes(ctx, ln.peer.Locker)
	if err != nil {
		return err
	}
	ln.scopes, ln.scopesAt, ln.generation = scopes, now, generation
	return nil
}

// newScope reports whether a scope appeared.
func newScope(last, positions map[string]int64) bool {
	for scope := range positions {
		if _, ok := last[scope]; !ok {
			return true
		}
	}
	return false
}

// movedTo is where the scopes stand, and whether that differs from what the cabinet was
// told. Behind counts as well: after a restore of the database positions are lower.
func movedTo(scopes []string, told protocol.Cursor, positions map[string]int64) (at protocol.Cursor, moved bool) {
	for _, scope := range scopes {
		if positions[scope] != told[scope] {
			moved = true
			break
		}
	}
	if !moved {
		return told, false
	}
	at = maps.Clone(told)
	if at == nil {
		at = protocol.Cursor{}
	}
	for _, scope := range scopes {
		at[scope] = positions[scope]
	}
	return at, true
}
