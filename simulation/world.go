package simulation

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"cubby/models"
)

// Times in a world are milliseconds since it began.
const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// beginMS is the wall clock at a world's begin, Unix milliseconds.
const beginMS = int64(1_750_000_000_000)

// Cabinets is how many cabinets a seed drives.
const Cabinets = 3

// World is one simulated network. It is for one goroutine.
type World struct {
	rng    *rand.Rand
	now    int64
	queue  events
	order  int64
	nodes  []*node
	server *server
	faults *faults
	traced trace
	failed error
	calm   bool // no more faults, and everybody behaves
	Stats  Stats
}

// Stats is what a world went through.
type Stats struct {
	Services   int // of these, openings by technicians
	Shared     int // of these, deposits beside another parcel
	Operations int
	Steps      int
	Hits       map[Hit]int
}

// Hit is a fault that struck a cabinet in a phase of its operations.
type Hit struct {
	Fault Fault
	Phase Phase
}

// Run plays a world for some days, heals it, and checks what is left. The error says what
// did not hold, with the last things that happened.
func Run(seed uint64, days int) (Stats, error) {
	w := &World{rng: rand.New(rand.NewPCG(seed, 0x5eed)), Stats: Stats{Hits: map[Hit]int{}}}
	w.server = newServer(w)
	for i := range Cabinets {
		w.nodes = append(w.nodes, newNode(w, i))
	}
	w.faults = newFaults(w)
	end := int64(days) * day
	for _, n := range w.nodes {
		w.server.furnish(n)
		n.start()
		w.announceDaily(n)
	}
	w.faults.begin()
	w.runUntil(end)
	w.heal()
	if w.failed != nil {
		return w.Stats, fmt.Errorf("%w\n%s", w.failed, w.traced.String())
	}
	return w.Stats, nil
}

func (w *World) runUntil(end int64) {
	for w.failed == nil && len(w.queue) > 0 && w.queue[0].at <= end {
		e := heap.Pop(&w.queue).(*event)
		w.now = e.at
		e.do()
	}
	w.now = max(w.now, end)
}

// in has something done after a while.
func (w *World) in(ms int64, do func()) {
	w.order++
	heap.Push(&w.queue, &event{w.now + max(ms, 0), w.order, do})
}

// between is a random number from low to high.
func (w *World) between(low, high int64) int64 { return low + w.rng.Int64N(high-low+1) }

// chance is true so many times in a hundred; never once the world is calm.
func (w *World) chance(percent float64) bool {
	return w.rng.Float64()*100 < percent && !w.calm
}

// fail records the first thing that does not hold.
func (w *World) fail(n *node, format string, args ...any) {
	if w.failed == nil {
		where := ""
		if n != nil {
			where = string(n.id) + ": "
		}
		w.failed = fmt.Errorf("after %s: %s%s", clock(w.now), where, fmt.Sprintf(format, args...))
	}
}

// log keeps what happens, for the case that something does not hold.
func (w *World) log(n *node, format string, args ...any) {
	w.traced.add(line{w.now, n, format, args})
}

// time is the true time.
func (w *World) time() time.Time { return w.at(w.now) }

// at is a moment of the world by everybody's calendar.
func (w *World) at(ms int64) time.Time { return time.UnixMilli(beginMS + ms).UTC() }

func clock(ms int64) string {
	return fmt.Sprintf("day %d %s", ms/day, (time.Duration(ms%day) * time.Millisecond).String())
}

type event struct {
	at, order int64
	do        func()
}

// events is a heap by time, and by order at one time.
type events []*event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].order < q[j].order
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *events) Push(x any) { *q = append(*q, x.(*event)) }

// Pop implements heap.Interface.
func (q *events) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// trace is the last lines of what happened. They are formatted only when they are needed.
type trace struct {
	lines [120]line
	n     int
}

type line struct {
	at     int64
	node   *node
	format string
	args   []any
}

func (t *trace) add(l line) {
	t.lines[t.n%len(t.lines)] = l
	t.n++
}

// String is the lines in order.
func (t *trace) String() string {
	var b strings.Builder
	for i := max(0, t.n-len(t.lines)); i < t.n; i++ {
		l := t.lines[i%len(t.lines)]
		who := "server"
		if l.node != nil {
			who = string(l.node.id[len(l.node.id)-2:])
		}
		fmt.Fprintf(&b, "%s %s %s\n", clock(l.at), who, fmt.Sprintf(l.format, l.args...))
	}
	return b.String()
}

// id is an id of the form that the product makes, by its number.
func id(prefix string, n int) string { return fmt.Sprintf("%s_%026d", prefix, n) }

func lockerID(i int) models.LockerID { return models.LockerID(id(models.PrefixLocker, i+1)) }
