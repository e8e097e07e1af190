// Package lossy is a file system that can lose what was not synced, as a disk does when its power is cut. It shows a
// folder (the backing) at another place, by FUSE; a cut takes it away and leaves in the backing what a disk might hold.
//
// What is durable is what POSIX promises and no more, which is less than ext4 keeps. A file's bytes and size are durable
// once the file was synced (fsync or fdatasync); its name, and a rename's or a removal's, only once its folder was.
// Changes of names reach the disk in their order, as a journal of metadata has it, also those that were not synced; bytes
// do in any order, sector by sector (512 or 4096 bytes, which are never torn themselves). A write that replaces a part of
// a durable sector leaves the other part as it was. What was synced is never lost: the disk does not lie.
//
// A full disk refuses writes that make a file longer, and new files. A disk in trouble refuses writes and syncs by
// chance; after a sync that failed, what did not reach the disk does not reach it by a later sync either, as on Linux.
//
// Limits: one folder without folders in it, no links, no mmap; for root, or with fusermount installed.
package lossy

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// unmountLimit is how long a process that was killed may take to let go of its files.
const unmountLimit = 10 * time.Second

// Available says why no such file system can be mounted here; nil: it can.
func Available() error {
	dir, err := os.MkdirTemp("", "cubby-lossy-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is a temporary folder
	backing, point := filepath.Join(dir, "backing"), filepath.Join(dir, "point")
	if err := errors.Join(os.Mkdir(backing, 0o700), os.Mkdir(point, 0o700)); err != nil {
		return err
	}
	d, err := Mount(backing, point)
	if err != nil {
		return err
	}
	return d.Unmount()
}

// Disk is a mounted file system. Its methods may be called from several goroutines.
type Disk struct {
	backing string
	server  *fuse.Server

	mu      sync.Mutex
	order   int // of the last change
	nextID  uint64
	live    map[string]*file
	durable map[string]*file
	pending []naming
	count   Count
	faults  faults
}

// Count is what a disk has done.
type Count struct {
	Writes, Syncs int
	Full, Failed  int // requests that were refused: no space, I/O error
}

// faults are what is wrong with a disk.
type faults struct {
	full   bool
	free   int64 // bytes, if full
	share  float64
	random *rand.Rand
	strike int // changes until f; 0: none
	f      func()
}

// Mount shows the backing folder's files at a point, an empty folder. What is in the backing is durable.
func Mount(backing, point string) (*Disk, error) {
	d := &Disk{backing: backing, nextID: 1, live: map[string]*file{}, durable: map[string]*file{}}
	entries, err := os.ReadDir(backing)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			return nil, fmt.Errorf("lossy: %s is no plain file", e.Name())
		}
		raw, err := os.ReadFile(filepath.Join(backing, e.Name()))
		if err != nil {
			return nil, err
		}
		f := d.newFile()
		f.live, f.durable = raw, slices.Clone(raw)
		d.live[e.Name()], d.durable[e.Name()] = f, f
	}
	d.server, err = fs.Mount(point, &folder{disk: d}, &fs.Options{MountOptions: fuse.MountOptions{
		DirectMount: true, FsName: "lossy", Name: "lossy",
	}})
	if err != nil {
		return nil, fmt.Errorf("lossy: %w", err)
	}
	return d, nil
}

func (d *Disk) newFile() *file {
	d.nextID++ // 1 is the folder
	return &file{id: d.nextID}
}

// Count tells what the disk has done so far.
func (d *Disk) Count() Count {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

// Fill has the disk take so many bytes more and then be full.
func (d *Disk) Fill(free int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults.full, d.faults.free = true, free
}

// Trouble has a share (0 to 1) of the writes and syncs fail.
func (d *Disk) Trouble(share float64, random *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults.share, d.faults.random = share, random
}

// Heal ends what Fill and Trouble began.
func (d *Disk) Heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = faults{strike: d.faults.strike, f: d.faults.f}
}

// Strike has f called in place of the nth write or sync from now on, counted from 1. Nobody gets an answer to that one
// before f returned, so f can kill whoever waits for it.
func (d *Disk) Strike(n int, f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults.strike, d.faults.f = n, f
}

// Loss is what a cut took: unsynced changes of content and of names.
type Loss struct{ Changes, Names int }

// Cut ends the file system as a power cut does. Whoever had files open must be dead. It returns how much was not durable.
func (d *Disk) Cut(mode Mode, random *rand.Rand) (Loss, error) {
	if err := d.unmount(); err != nil {
		return Loss{}, err
	}
	return d.Leave(d.backing, mode, random)
}

// Leave puts into a folder, in place of what is there, what a cut at this moment would leave. The file system goes on.
func (d *Disk) Leave(dir string, mode Mode, random *rand.Rand) (Loss, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	loss := Loss{Names: len(d.pending)}
	var orders []int
	for _, f := range d.files() {
		loss.Changes += len(f.pending)
		for _, c := range f.pending {
			orders = append(orders, c.order)
		}
	}
	for _, n := range d.pending {
		orders = append(orders, n.order)
	}
	slices.Sort(orders)
	upTo := 0 // names, and by Prefix changes too, survive up to this order
	switch mode {
	case Prefix:
		if kept := random.IntN(len(orders) + 1); kept > 0 {
			upTo = orders[kept-1]
		}
	case Torn:
		if kept := random.IntN(len(d.pending) + 1); kept > 0 {
			upTo = d.pending[kept-1].order
		}
	}
	names := maps.Clone(d.durable)
	for _, n := range d.pending {
		if n.order <= upTo {
			n.apply(names)
		}
	}
	return loss, d.write(dir, names, func(f *file) []byte { return f.survivor(mode, upTo, random) })
}

// Unmount ends the file system after a clean stop: nothing is lost.
func (d *Disk) Unmount() error {
	if err := d.unmount(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.write(d.backing, d.live, func(f *file) []byte { return f.live })
}

func (d *Disk) unmount() error {
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		err := d.server.Unmount()
		if err == nil {
			return nil
		}
		if time.Since(began) > unmountLimit {
			return fmt.Errorf("lossy: unmount: %w", err)
		}
	}
}

// files are those with a name, durable or not, by their id.
func (d *Disk) files() []*file {
	seen := map[*file]bool{}
	var all []*file
	add := func(f *file) {
		if f != nil && !seen[f] {
			seen[f] = true
			all = append(all, f)
		}
	}
	for _, f := range d.durable {
		add(f)
	}
	for _, f := range d.live {
		add(f)
	}
	for _, n := range d.pending { // named for a while only
		add(n.file)
	}
	slices.SortFunc(all, func(a, b *file) int { return int(a.id) - int(b.id) })
	return all
}

// write puts files into a folder in place of what is there.
func (d *Disk) write(dir string, names map[string]*file, content func(*file) []byte) error {
	old, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range old {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	contents := map[*file][]byte{}
	for _, f := range d.files() { // in order, so that a seed tells it all
		contents[f] = content(f)
	}
	for name, f := range names {
		if err := os.WriteFile(filepath.Join(dir, name), contents[f], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// refuse decides whether a write or sync fails by chance, or is the one to strike at. The mutex is held.
func (d *Disk) refuse() bool {
	if d.faults.strike > 0 {
		if d.faults.strike--; d.faults.strike == 0 {
			d.faults.f()
			return true
		}
	}
	if d.faults.random != nil && d.faults.random.Float64() < d.faults.share {
		d.count.Failed++
		return true
	}
	return false
}

// grow takes space for so many bytes; negative: gives it back. The mutex is held.
func (d *Disk) grow(bytes int64) syscall.Errno {
	if !d.faults.full {
		return 0
	}
	if bytes > 0 && bytes > d.faults.free {
		d.count.Full++
		return syscall.ENOSPC
	}
	d.faults.free -= bytes
	return 0
}

func (d *Disk) change(f *file, c change) {
	d.order++
	c.order = d.order
	f.live = c.apply(f.live)
	f.pending = append(f.pending, c)
}

func (d *Disk) put(f *file, data []byte, offset int64) (uint32, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count.Writes++
	if d.refuse() {
		return 0, syscall.EIO
	}
	if more := offset + int64(len(data)) - int64(len(f.live)); more > 0 {
		if err := d.grow(more); err != 0 {
			return 0, err
		}
	}
	d.change(f, change{offset: offset, data: slices.Clone(data)})
	return uint32(len(data)), 0
}

func (d *Disk) resize(f *file, size int64) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.grow(size - int64(len(f.live))); err != 0 {
		return err
	}
	d.change(f, change{offset: size, resize: true})
	return 0
}

func (d *Disk) sync(f *file) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count.Syncs++
	if d.refuse() {
		if d.faults.random != nil {
			f.syncFailed(d.faults.random)
		}
		return syscall.EIO
	}
	f.sync()
	return 0
}

func (d *Disk) syncNames() syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count.Syncs++
	if d.refuse() {
		return syscall.EIO
	}
	for _, n := range d.pending {
		n.apply(d.durable)
	}
	d.pending = nil
	return 0
}

// name changes names, in memory now and on the disk some time.
func (d *Disk) name(n naming) {
	d.order++
	n.order = d.order
	n.apply(d.live)
	d.pending = append(d.pending, n)
}
