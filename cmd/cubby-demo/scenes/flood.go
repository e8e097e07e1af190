package scenes

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"cubby/cmd/cubby-demo/people"
)

const (
	floodCalls  = 1000
	floodRounds = 3
	slowClients = 50
	hugeBody    = 8 << 20
	// grown is what the server's memory may grow by from flood to flood.
	grown = 1.2
	// served is the least share of ordinary calls that is answered in a flood, and not told to come back.
	served = 0.25
)

// flood: a thousand calls at once, of every kind, with huge bodies and clients that send a byte now and then. Nobody gets an
// internal error, whoever is turned away is told when to come back, a good part of the ordinary calls and others are served
// meanwhile, and the memory is given back.
func flood(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 4)
	if err != nil {
		return err
	}
	server := w.stage.Part("server")
	var first int64
	if w.broken {
		if first, err = server.SettledMemory(ctx); err != nil {
			return err
		}
	}
	for round := range floodRounds {
		if err := w.floodOnce(ctx, at, round); err != nil {
			return fmt.Errorf("flood %d: %w", round, err)
		}
		now, err := server.SettledMemory(ctx)
		if err != nil {
			return err
		}
		if first == 0 {
			first = now // what a server needs that has once been busy
		} else if float64(now) > grown*float64(first) {
			return fmt.Errorf("after flood %d the server holds %d MiB, and %d after the first", round, now>>20, first>>20)
		}
	}
	return nil
}

func (w *world) floodOnce(ctx context.Context, at people.Cabinet, round int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: floodCalls}, Timeout: 40 * time.Second}
	defer client.CloseIdleConnections()
	var slow sync.WaitGroup
	defer slow.Wait()
	defer cancel()
	for range slowClients {
		slow.Go(func() { w.slowly(ctx) })
	}
	var group errgroup.Group
	var calls, answered atomic.Int64
	for i := range floodCalls {
		group.Go(func() error {
			done, err := w.floodCall(ctx, client, at, round, i)
			if ordinary(i) {
				calls.Add(1)
				if done {
					answered.Add(1)
				}
			}
			return err
		})
	}
	group.Go(func() error { // somebody else, who comes again when told to
		_, err := w.carrier.Events(ctx, "shp_none")
		if !people.RefusedWith(err, http.StatusNotFound, "not_found") {
			return fmt.Errorf("somebody else is not served: %w", err)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if n := answered.Load(); float64(n) < served*float64(calls.Load()) {
		return fmt.Errorf("%d of %d ordinary calls were answered, and all others told to come back", n, calls.Load())
	}
	return nil
}

// ordinary reports whether a call of the flood is one that anybody makes: an announcement, a list, what room there is.
func ordinary(i int) bool { return i%8 != 2 && i%8 != 3 && i%8 != 5 }

// floodCall makes a call of one of several kinds and looks at the answer. done: it did what was asked for, or said why
// not; the server had not told it to come back.
func (w *world) floodCall(ctx context.Context, client *http.Client, at people.Cabinet, round, i int) (done bool, err error) {
	method, path, key, body := http.MethodGet, "/api/v1/lockers?limit=200", w.stage.CarrierKey, io.Reader(http.NoBody)
	switch i % 8 {
	case 0, 1:
		method, path = http.MethodPost, "/api/v1/shipments"
		body = strings.NewReader(fmt.Sprintf(`{"number":"FLOOD-%d-%d","locker":%q,"notify_by":"carrier","parcels":[{}]}`, round, i, at.Locker))
	case 2:
		method, path, body = http.MethodPost, "/api/v1/shipments", io.LimitReader(zeros{}, hugeBody)
	case 3:
		method, path, body = http.MethodPost, "/api/v1/shipments", strings.NewReader(strings.Repeat("[", 10_000))
	case 4:
		path = "/api/v1/shipments?limit=200"
	case 5:
		key = "cubby_" + strings.Repeat("x", i%100)
	case 6:
		path = "/api/v1/lockers/" + at.Locker + "/availability"
	}
	req, err := http.NewRequestWithContext(ctx, method, w.stage.APIURL+path, body)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", fmt.Sprintf("flood-%d-%d", round, i))
	res, err := client.Do(req)
	if err != nil {
		if i%8 == 2 {
			return false, nil // the server has hung up on a body that is too large, which it may
		}
		return false, err
	}
	raw, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // read to its end
	if err != nil {
		return false, err
	}
	if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "" {
		return false, nil
	}
	if !slices.Contains(answers(i), res.StatusCode) {
		return false, fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, raw)
	}
	return true, nil
}

// answers are those that a call of the flood may get. A locker that is full says so.
func answers(i int) []int {
	switch i % 8 {
	case 0, 1:
		return []int{http.StatusCreated, http.StatusConflict}
	case 2:
		return []int{http.StatusRequestEntityTooLarge}
	case 3:
		return []int{http.StatusBadRequest}
	case 5:
		return []int{http.StatusUnauthorized}
	}
	return []int{http.StatusOK}
}

// zeros is a body without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("0"), len(p))), nil }

// slowly announces a body, sends a byte now and then, and looks on until it is hung up on or the flood is over.
func (w *world) slowly(ctx context.Context) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(w.stage.APIURL, "http://"))
	if err != nil {
		return // the flood itself tells of a server that does not answer
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	fmt.Fprintf(conn, "POST /api/v1/shipments HTTP/1.1\r\nHost: slow\r\nAuthorization: Bearer %s\r\nIdempotency-Key: slow\r\n"+
		"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", w.stage.CarrierKey)
	go func() {
		for people.Pause(ctx, 200*time.Millisecond) {
			if _, err := conn.Write([]byte(" ")); err != nil {
				return
			}
		}
	}()
	_, _ = bufio.NewReader(conn).ReadByte()
}
