package gateway

import (
	"context"
	"time"

	"cubby/models"
)

const (
	beatTimeout = 2 * time.Second
	// revokedBefore covers what the clocks of two servers differ by, and what passes between
	// the look at a certificate and the place that its line then takes.
	revokedBefore = 5 * time.Minute
)

// Run keeps the gateway's lease, tells cabinets of changes in their directory and cuts off
// those whose certificate was revoked, until ctx ends; then it closes every stream, so
// that cabinets go to another gateway. It returns an error when another process took this
// gateway's name.
func (g *Gateway) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		g.poll(ctx)
	}()
	cancel(g.beat(ctx))
	<-polled
	err := context.Cause(ctx)
	g.close()
	leave, stop := context.WithTimeout(context.WithoutCancel(ctx), beatTimeout)
	defer stop()
	if err := g.Cabinets.Leave(leave, g.Instance, g.run); err != nil {
		g.Logger.Warn("the gateway's lease stays until it runs out", "error", err)
	}
	if models.ErrorCode(err) == models.CodeConflict {
		return err
	}
	return nil
}

// beat renews the lease until ctx ends. It returns the error that ends this gateway.
func (g *Gateway) beat(ctx context.Context) error {
	tick := time.NewTicker(g.BeatInterval)
	defer tick.Stop()
	first, failing := true, false
	for {
		lost, err := g.beatOnce(ctx, first)
		switch {
		case ctx.Err() != nil:
			return nil
		case models.ErrorCode(err) == models.CodeConflict:
			g.Logger.Error("this gateway stops: its name is another's now", "instance", g.Instance, "error", err)
			return err
		case err != nil:
			if !failing {
				g.Logger.Warn("the gateway's lease cannot be renewed", "error", err)
			}
			failing = true
		default:
			if first {
				first = false
				close(g.leased)
			}
			if lost {
				g.Logger.Warn("the gateway's lease ran out: its cabinets connect anew")
				g.endAll(errLeaseLost)
			}
			failing = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (g *Gateway) beatOnce(ctx context.Context, first bool) (lost bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	return g.Cabinets.Beat(ctx, g.Instance, g.run, first)
}

// close ends every stream and takes no more.
func (g *Gateway) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.endAll(errGoingAway)
}

func (g *Gateway) endAll(why error) {
	for _, ln := range g.connected() {
		ln.end(why)
	}
}

// distrust ends the streams whose certificate was revoked after a time, or has ended, and
// those whose cabinet has connected to another gateway since.
func (g *Gateway) distrust(ctx context.Context, since time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, directoryTimeout)
	defer cancel()
	serials, err := g.Cabinets.DistrustedSince(ctx, since.Add(-revokedBefore))
	if err != nil {
		return err
	}
	elsewhere, err := g.Cabinets.ConnectedElsewhere(ctx, g.Instance, g.run, since.Add(-revokedBefore))
	if err != nil {
		return err
	}
	revoked := make(map[string]bool, len(serials))
	for _, s := range serials {
		revoked[s] = true
	}
	now := g.Now()
	for _, ln := range g.connected() {
		switch {
		case elsewhere[ln.peer.Locker] > ln.n:
			ln.end(errFenced)
		case revoked[ln.peer.Serial]:
			ln.end(errRevoked)
		case now.After(ln.peer.NotAfter):
			ln.end(errExpired)
		}
	}
	return nil
}
