package lossy

import (
	"math/rand/v2"
	"slices"
)

// Mode says what a power cut leaves of what was not synced.
type Mode string

// The modes.
const (
	All    Mode = "all"    // none of it
	Prefix Mode = "prefix" // what was written before some moment, in order over all files
	Torn   Mode = "torn"   // sectors by chance, each as it was at some moment; names up to some moment
)

// Modes lists them.
func Modes() []Mode { return []Mode{All, Prefix, Torn} }

// change is a write, or a new size, that is not durable yet. Changes of files and of names share one order.
type change struct {
	order  int
	offset int64 // of the data, or the new size
	data   []byte
	resize bool
}

// file is a file's content, whatever its names.
type file struct {
	id      uint64
	live    []byte // as programs see it
	durable []byte // as it is on the disk
	pending []change
}

// naming is a change of names that is not durable yet: a name set, a name removed, or both at once.
type naming struct {
	order  int
	set    string
	file   *file
	remove string
}

func (n naming) apply(names map[string]*file) {
	if n.remove != "" {
		delete(names, n.remove)
	}
	if n.set != "" {
		names[n.set] = n.file
	}
}

func (c change) apply(content []byte) []byte {
	if c.resize {
		return resized(content, c.offset)
	}
	if end := c.offset + int64(len(c.data)); end > int64(len(content)) {
		content = resized(content, end)
	}
	copy(content[c.offset:], c.data)
	return content
}

// resized cuts content, or adds zeros to it. What is cut off does not come back.
func resized(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// sync makes all of a file's changes durable.
func (f *file) sync() {
	for _, c := range f.pending {
		f.durable = c.apply(f.durable)
	}
	f.pending = nil
}

// syncFailed is a sync that ends in an error: which sectors reached the disk is chance. The others never will, whatever
// is synced later, unless they are written again: the kernel takes pages whose write-back failed for clean.
func (f *file) syncFailed(random *rand.Rand) {
	var writes []change
	for _, c := range f.pending {
		if c.resize { // metadata goes another way
			f.durable, writes = tear(f.durable, writes, sectorSize(random), random), nil
			f.durable = c.apply(f.durable)
			continue
		}
		writes = append(writes, c)
	}
	f.durable = tear(f.durable, writes, sectorSize(random), random)
	f.pending = nil
}

func sectorSize(random *rand.Rand) int64 {
	if random.IntN(2) == 0 {
		return 512
	}
	return 4096
}

// survivor is what a cut leaves of a file: the changes up to an order by Prefix, chance by Torn.
func (f *file) survivor(mode Mode, upTo int, random *rand.Rand) []byte {
	content := slices.Clone(f.durable)
	switch mode {
	case Prefix:
		for _, c := range f.pending {
			if c.order <= upTo {
				content = c.apply(content)
			}
		}
	case Torn:
		content = f.torn(content, random)
	}
	return content
}

// torn lets a number of the changes of size survive, in order, and of the writes between them, and after the last one,
// sectors by chance. What was written after a change of size that is lost is lost with it.
func (f *file) torn(content []byte, random *rand.Rand) []byte {
	resizes := 0
	for _, c := range f.pending {
		if c.resize {
			resizes++
		}
	}
	left, sector := random.IntN(resizes+1), sectorSize(random)
	var writes []change
	for _, c := range f.pending {
		if !c.resize {
			writes = append(writes, c)
			continue
		}
		if left == 0 {
			break
		}
		left--
		content = c.apply(tear(content, writes, sector, random))
		writes = nil
	}
	return tear(content, writes, sector, random)
}

// tear applies to each sector as many of the writes to it, from the first on, as chance has it; and so for the size.
func tear(content []byte, writes []change, sector int64, random *rand.Rand) []byte {
	if len(writes) == 0 {
		return content
	}
	size, largest := int64(len(content)), int64(len(content))
	grown := random.IntN(len(writes) + 1)
	bySector := map[int64][]change{}
	var touched []int64
	for i, c := range writes {
		end := c.offset + int64(len(c.data))
		largest = max(largest, end)
		if i < grown {
			size = max(size, end)
		}
		for n := c.offset / sector; n*sector < end; n++ {
			if bySector[n] == nil {
				touched = append(touched, n)
			}
			from, to := max(c.offset, n*sector), min(end, (n+1)*sector)
			bySector[n] = append(bySector[n], change{offset: from, data: c.data[from-c.offset : to-c.offset]})
		}
	}
	content = resized(slices.Clone(content), largest)
	for _, n := range touched { // in the order of the writes, so that a seed tells it all
		parts := bySector[n]
		for _, c := range parts[:random.IntN(len(parts)+1)] {
			content = c.apply(content)
		}
	}
	return resized(content, size)
}
