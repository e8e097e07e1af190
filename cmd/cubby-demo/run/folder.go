package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// tailBytes of a log are read when a part has died, and tailLines of them shown.
const (
	tailBytes = 8192
	tailLines = 12
)

// folder is where a system keeps its data.
type folder struct {
	path      string
	temporary bool
	lock      *os.File
}

// openFolder makes the folder where it is missing and locks it: two systems on the same data would ruin it.
func openFolder(path string) (_ *folder, err error) {
	f := &folder{path: path, temporary: path == ""}
	if f.temporary {
		if f.path, err = os.MkdirTemp("", "cubby-run-"); err != nil {
			return nil, err
		}
	}
	if f.path, err = filepath.Abs(f.path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(f.in("log"), 0o700); err != nil {
		return nil, err
	}
	if f.lock, err = os.OpenFile(f.in("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%s is in use by another cubby-demo: stop it, or choose another folder with --var", f.path)
	}
	if err != nil {
		return nil, errors.Join(err, f.lock.Close())
	}
	return f, nil
}

func (f *folder) in(parts ...string) string {
	return filepath.Join(append([]string{f.path}, parts...)...)
}

func (f *folder) log(name string) string { return f.in("log", name+".log") }

// close gives the folder up; a temporary one is removed.
func (f *folder) close() error {
	err := f.lock.Close()
	if f.temporary {
		err = errors.Join(err, os.RemoveAll(f.path))
	}
	return err
}

// load reads a JSON file; false: there is none.
func (f *folder) load(name string, into any) (bool, error) {
	raw, err := os.ReadFile(f.in(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("%s: %w", f.in(name), err)
	}
	return true, nil
}

// save replaces a JSON file at once, so that a crash leaves the old one or the new one. It holds secrets: 0600.
func (f *folder) save(name string, from any) error {
	raw, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return err
	}
	next := f.in(name + ".next")
	file, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(raw, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(next, f.in(name))
}

// tail returns the last lines of a log.
func tail(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	raw := make([]byte, min(info.Size(), tailBytes))
	if _, err := file.ReadAt(raw, info.Size()-int64(len(raw))); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	lines = lines[max(0, len(lines)-tailLines):]
	return string(bytes.Join(lines, []byte("\n"))), nil
}
