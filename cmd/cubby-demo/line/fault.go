package line

import (
	"math/rand/v2"
	"net"
	"time"
)

// Fault is what is wrong with a line, until it is disturbed anew. The zero value is a sound one.
type Fault struct {
	// Delay holds each piece back, each way, and Jitter up to so much more.
	Delay, Jitter time.Duration
	// CutUp and CutDown end a connection in the middle, after a random number of bytes below them towards the server or
	// from it; 0: never.
	CutUp, CutDown int
	// Swallow takes connections and what comes over them, and passes nothing on: a black hole.
	Swallow bool
	// Seed gives the same random choices again.
	Seed uint64
}

// Side is an end of a line.
type Side int

// The ends.
const (
	Cabinet Side = iota
	Server
)

// direction is where a piece goes.
type direction int

const (
	up direction = iota
	down
)

const (
	piece   = 16 << 10
	endless = -1
)

// route is one connection over the line. Its fields are under the line's mutex.
type route struct {
	near, far net.Conn // the cabinet's side and the server's
	left      [2]int   // bytes until it is cut, each way; endless: it is not
	lost      bool     // something was swallowed
	half      bool     // one side is closed, and the other was not told
	ended     int      // sides that have ended, of one that is half open
}

func (r *route) close() {
	_ = r.near.Close() // both may be closed already
	_ = r.far.Close()
}

// dice are the random choices of a fault.
type dice struct{ random *rand.Rand }

// below draws how many bytes may pass; endless without a limit.
func (d dice) below(limit int) int {
	if limit <= 0 {
		return endless
	}
	return d.random.IntN(limit)
}

// Disturb has the line be at fault as said from now on, for what goes over it already and for what comes. What a black
// hole has swallowed is lost: at its end such connections end, as they do when TCP gives them up.
func (l *Line) Disturb(f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault, l.dice = f, dice{rand.New(rand.NewPCG(f.Seed, 0))}
	for way := range l.routes {
		way.left[up], way.left[down] = l.dice.below(f.CutUp), l.dice.below(f.CutDown)
		if way.lost && !f.Swallow {
			way.close()
			delete(l.routes, way)
		}
	}
}

// HalfOpen closes one side of every connection and does not tell the other, which finds out by itself or never does.
func (l *Line) HalfOpen(closed Side) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for way := range l.routes {
		way.half = true
		if closed == Cabinet {
			_ = way.near.Close() // that is the point
		} else {
			_ = way.far.Close()
		}
	}
}

// Reset ends every connection with a TCP reset on both sides, as a box in the middle does that has lost its memory.
func (l *Line) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for way := range l.routes {
		for _, conn := range []net.Conn{way.near, way.far} {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // then Close resets
			}
		}
		way.close()
		delete(l.routes, way)
	}
}

// carry passes on what one side sends until the connection ends.
func (l *Line) carry(way *route, to direction) {
	from, into := way.near, way.far
	if to == down {
		from, into = way.far, way.near
	}
	buffer := make([]byte, piece)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			time.Sleep(l.delay())
			pass, whole := l.verdict(way, to, n)
			if pass > 0 {
				if _, failed := into.Write(buffer[:pass]); failed != nil && err == nil {
					err = failed
				}
			}
			if !whole {
				l.drop(way)
				return
			}
		}
		if err != nil {
			// Of a side that does not hear of it nothing is closed here: its own end of the
			// connection does it.
			if !l.deaf(way) {
				l.drop(way)
			}
			return
		}
	}
}

func (l *Line) delay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault.Jitter <= 0 {
		return l.fault.Delay
	}
	return l.fault.Delay + time.Duration(l.dice.random.Int64N(int64(l.fault.Jitter)))
}

// verdict says how much of n bytes passes, and whether the connection goes on.
func (l *Line) verdict(way *route, to direction, n int) (pass int, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch left := way.left[to]; {
	case way.half:
		return 0, true
	case l.fault.Swallow:
		way.lost = true
		return 0, true
	case left == endless:
		return n, true
	case n > left:
		return left, false
	default:
		way.left[to] -= n
		return n, true
	}
}

// deaf reports whether the end of one side is kept from the other.
func (l *Line) deaf(way *route) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault.Swallow {
		way.lost = true
		return true
	}
	way.ended++
	return way.half && way.ended == 1
}
