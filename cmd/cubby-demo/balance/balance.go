// Package balance is a TCP load balancer, as production has one in front of several instances: it asks each for its
// health, and gives a new connection to the next one that is well and takes it. What runs over it, it does not see.
package balance

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	probeEvery = 250 * time.Millisecond
	// probeLimit tells a frozen instance, whose port still takes connections, from a live one.
	probeLimit = time.Second
	dialLimit  = time.Second
)

// Backend is one instance.
type Backend struct {
	// Address is host:port of where connections go.
	Address string
	// Health is a URL that answers 200 while the instance is well.
	Health string
}

// Balancer shares connections among its backends.
type Balancer struct {
	backends []*backend
	listener net.Listener
	probes   *http.Client
	end      context.CancelFunc
	running  sync.WaitGroup
	next     atomic.Uint64

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
}

type backend struct {
	Backend
	ill atomic.Bool
}

// Start serves on an address until Close.
func Start(ctx context.Context, address string, backends []Backend) (*Balancer, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	b := &Balancer{listener: listener, probes: &http.Client{Timeout: probeLimit}, end: end, conns: map[net.Conn]bool{}}
	for _, one := range backends {
		one := &backend{Backend: one}
		b.backends = append(b.backends, one)
		b.running.Go(func() { b.watch(ctx, one) })
	}
	b.running.Go(func() { b.accept(ctx) })
	return b, nil
}

// watch asks a backend for its health again and again.
func (b *Balancer) watch(ctx context.Context, one *backend) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			one.ill.Store(!b.well(ctx, one.Health))
		}
	}
}

func (b *Balancer) well(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := b.probes.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

func (b *Balancer) accept(ctx context.Context) {
	for {
		near, err := b.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		b.running.Go(func() { b.serve(ctx, near) })
	}
}

// serve joins a connection to a backend; without one it is closed.
func (b *Balancer) serve(ctx context.Context, near net.Conn) {
	far := b.dial(ctx)
	if far == nil {
		_ = near.Close() // there is nobody to serve it
		return
	}
	if !b.keep(near, far) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(far, near); b.drop(near, far) }) // either end may go
	both.Go(func() { _, _ = io.Copy(near, far); b.drop(near, far) })
	both.Wait()
}

// dial tries the backends in turn, those that are well first: when none is, the probes may be what is ill.
func (b *Balancer) dial(ctx context.Context) net.Conn {
	first := b.next.Add(1)
	for _, ill := range []bool{false, true} {
		for i := range b.backends {
			one := b.backends[(first+uint64(i))%uint64(len(b.backends))]
			if one.ill.Load() != ill {
				continue
			}
			far, err := (&net.Dialer{Timeout: dialLimit}).DialContext(ctx, "tcp", one.Address)
			if err == nil {
				return far
			}
		}
	}
	return nil
}

func (b *Balancer) keep(conns ...net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range conns {
		if b.closed {
			_ = c.Close() // closed meanwhile
			continue
		}
		b.conns[c] = true
	}
	return !b.closed
}

func (b *Balancer) drop(conns ...net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // it may be closed already
		delete(b.conns, c)
	}
}

// Close ends all connections and takes no more.
func (b *Balancer) Close() error {
	b.end()
	err := b.listener.Close()
	b.mu.Lock()
	b.closed = true
	for c := range b.conns {
		_ = c.Close() // that is the point
	}
	b.mu.Unlock()
	b.running.Wait()
	b.probes.CloseIdleConnections()
	return err
}
