package lossy

import (
	"context"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

const (
	fileMode   = syscall.S_IFREG | 0o600
	folderMode = syscall.S_IFDIR | 0o700
	folderID   = 1
	blockSize  = 4096
	blocks     = 1 << 20 // of an empty disk, for statfs alone
)

// folder is the one folder.
type folder struct {
	fs.Inode
	disk *Disk
}

// content is a file.
type content struct {
	fs.Inode
	disk *Disk
	file *file
}

var (
	_ fs.NodeLookuper  = (*folder)(nil)
	_ fs.NodeCreater   = (*folder)(nil)
	_ fs.NodeUnlinker  = (*folder)(nil)
	_ fs.NodeRenamer   = (*folder)(nil)
	_ fs.NodeReaddirer = (*folder)(nil)
	_ fs.NodeFsyncer   = (*folder)(nil)
	_ fs.NodeGetattrer = (*folder)(nil)
	_ fs.NodeSetattrer = (*folder)(nil)
	_ fs.NodeStatfser  = (*folder)(nil)
	_ fs.NodeOpener    = (*content)(nil)
	_ fs.NodeReader    = (*content)(nil)
	_ fs.NodeWriter    = (*content)(nil)
	_ fs.NodeFsyncer   = (*content)(nil)
	_ fs.NodeGetattrer = (*content)(nil)
	_ fs.NodeSetattrer = (*content)(nil)
)

// Lookup implements fs.NodeLookuper.
func (n *folder) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	f := n.disk.live[name]
	if f == nil {
		return nil, syscall.ENOENT
	}
	f.attributes(&out.Attr)
	return n.child(ctx, f), 0
}

func (n *folder) child(ctx context.Context, f *file) *fs.Inode {
	return n.NewInode(ctx, &content{disk: n.disk, file: f}, fs.StableAttr{Mode: syscall.S_IFREG, Ino: f.id})
}

// Create implements fs.NodeCreater.
func (n *folder) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if err := n.disk.grow(1); err != 0 { // a full disk has no room for a name either
		return nil, nil, 0, err
	}
	f := n.disk.newFile()
	n.disk.name(naming{set: name, file: f})
	f.attributes(&out.Attr)
	return n.child(ctx, f), nil, fuse.FOPEN_DIRECT_IO, 0
}

// Unlink implements fs.NodeUnlinker.
func (n *folder) Unlink(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	f := n.disk.live[name]
	if f == nil {
		return syscall.ENOENT
	}
	_ = n.disk.grow(-int64(len(f.live))) // giving back cannot fail
	n.disk.name(naming{remove: name})
	return 0
}

// Rename implements fs.NodeRenamer.
func (n *folder) Rename(_ context.Context, name string, _ fs.InodeEmbedder, to string, flags uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	f := n.disk.live[name]
	switch {
	case flags != 0:
		return syscall.EINVAL
	case f == nil:
		return syscall.ENOENT
	case name != to:
		n.disk.name(naming{set: to, file: f, remove: name})
	}
	return 0
}

// Readdir implements fs.NodeReaddirer.
func (n *folder) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	var list []fuse.DirEntry
	for name, f := range n.disk.live {
		list = append(list, fuse.DirEntry{Name: name, Ino: f.id, Mode: fileMode})
	}
	return fs.NewListDirStream(list), 0
}

// Fsync implements fs.NodeFsyncer: the names become durable.
func (n *folder) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return n.disk.syncNames()
}

// Getattr implements fs.NodeGetattrer.
func (n *folder) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Ino = folderMode, folderID
	return 0
}

// Setattr implements fs.NodeSetattrer: modes and times are not kept.
func (n *folder) Setattr(ctx context.Context, h fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return n.Getattr(ctx, h, out)
}

// Statfs implements fs.NodeStatfser.
func (n *folder) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	out.Bsize, out.Frsize, out.NameLen, out.Blocks, out.Bfree = blockSize, blockSize, 255, blocks, blocks
	if n.disk.faults.full {
		out.Bfree = uint64(max(0, n.disk.faults.free)) / blockSize
	}
	out.Bavail = out.Bfree
	return 0
}

func (f *file) attributes(out *fuse.Attr) {
	out.Mode, out.Ino, out.Nlink = fileMode, f.id, 1
	out.Size, out.Blocks, out.Blksize = uint64(len(f.live)), (uint64(len(f.live))+511)/512, blockSize
}

// Open implements fs.NodeOpener. Each read and write comes here: the kernel's cache takes no part.
func (n *content) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

// Read implements fs.NodeReader.
func (n *content) Read(_ context.Context, _ fs.FileHandle, dest []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if offset >= int64(len(n.file.live)) {
		return fuse.ReadResultData(nil), 0
	}
	end := min(int64(len(n.file.live)), offset+int64(len(dest)))
	return fuse.ReadResultData(slices.Clone(n.file.live[offset:end])), 0
}

// Write implements fs.NodeWriter.
func (n *content) Write(_ context.Context, _ fs.FileHandle, data []byte, offset int64) (uint32, syscall.Errno) {
	return n.disk.put(n.file, data, offset)
}

// Fsync implements fs.NodeFsyncer: bytes and size become durable.
func (n *content) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return n.disk.sync(n.file)
}

// Getattr implements fs.NodeGetattrer.
func (n *content) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.file.attributes(&out.Attr)
	return 0
}

// Setattr implements fs.NodeSetattrer: sizes alone are kept.
func (n *content) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if err := n.disk.resize(n.file, int64(size)); err != 0 {
			return err
		}
	}
	return n.Getattr(ctx, h, out)
}
