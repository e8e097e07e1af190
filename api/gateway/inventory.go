package gateway

import (
	"context"
	"fmt"
	"time"

	"cubby/agent/protocol"
	"cubby/models"
)

const (
	inventoryTimeout  = 5 * time.Second
	comparisonsAtOnce = 8
	// journalPatience is how long facts may be on their way before a journal counts as not here:
	// a cabinet in use has always some.
	journalPatience = time.Minute
)

// arrival is whether all of a cabinet's journal is here. Whoever is comparing has it.
type arrival struct {
	current bool      // as recorded
	behind  time.Time // since when facts are on their way
}

// note records what a heartbeat said, when it is something new.
func (a *arrival) note(ctx context.Context, ln *line, here bool, now time.Time) error {
	switch {
	case here:
		a.behind = time.Time{}
	case a.behind.IsZero():
		a.behind = now
	}
	if here == a.current || !here && now.Sub(a.behind) < journalPatience {
		return nil
	}
	err := ln.gateway.Cabinets.JournalCurrent(ctx, ln.peer.Locker, ln.n, here)
	if err == nil {
		a.current = here
	}
	return err
}

// inventory is what is known of a cabinet's heartbeats. Whoever is comparing has it.
type inventory struct {
	last    protocol.Heartbeat // the last that was compared
	differs bool
	since   time.Time
	told    bool
}

// compare holds a heartbeat's digest against the server's cells. It waits for nobody: the
// reader goes on, and a heartbeat that finds a comparison under way, or too many of other
// cabinets, is passed over.
func (ln *line) compare(ctx context.Context, hb protocol.Heartbeat, now time.Time) {
	g := ln.gateway
	select {
	case ln.comparing <- struct{}{}:
	default:
		return
	}
	known := &ln.inventory
	if hb == known.last && (!known.differs || known.told || now.Sub(known.since) < g.InventoryPatience) {
		<-ln.comparing
		return
	}
	select {
	case g.comparisons <- struct{}{}:
	default:
		<-ln.comparing
		return
	}
	go func() {
		defer func() { <-g.comparisons; <-ln.comparing }()
		ctx, cancel := context.WithTimeout(ctx, inventoryTimeout)
		defer cancel()
		if err := known.compare(ctx, ln, hb, now); err != nil && ctx.Err() == nil {
			g.Logger.Warn("a cabinet's inventory was not compared", "locker", ln.peer.Locker, "error", err)
		}
	}()
}

// compare looks at the server's cells. Only a heartbeat that stands where the server's
// journal does can be compared: anything else is on its way up.
func (i *inventory) compare(ctx context.Context, ln *line, hb protocol.Heartbeat, now time.Time) error {
	g, l := ln.gateway, ln.peer.Locker
	head, err := g.Cabinets.Head(ctx, l)
	if err != nil {
		return err
	}
	if err := ln.arrival.note(ctx, ln, head.Epoch == hb.Epoch && head.Seq >= hb.Seq, now); err != nil {
		return err
	}
	if head.Epoch != hb.Epoch || head.Seq != hb.Seq {
		return nil
	}
	head, cells, _, err := g.Cabinets.Snapshot(ctx, l)
	if err != nil || head.Epoch != hb.Epoch || head.Seq != hb.Seq {
		return err
	}
	reports := make([]models.CellReport, 0, len(cells))
	for _, c := range cells {
		reports = append(reports, c.Report())
	}
	digest := protocol.InventoryDigest(reports)
	if digest == hb.Digest {
		*i = inventory{last: hb}
		return nil
	}
	if hb != i.last || !i.differs {
		// Someone may be at the screen: a cell that is set aside for him is no fact yet.
		*i = inventory{last: hb, differs: true, since: now}
	}
	if now.Sub(i.since) < g.InventoryPatience {
		return nil
	}
	g.Logger.Warn("a cabinet's inventory differs", "locker", l, "epoch", hb.Epoch, "seq", hb.Seq)
	err = g.Cabinets.InventoryDiffers(ctx, l, fmt.Sprintf("at fact %d/%d: cabinet %.16q, server %.16s", hb.Epoch, hb.Seq, hb.Digest, digest))
	i.told = err == nil
	return err
}
