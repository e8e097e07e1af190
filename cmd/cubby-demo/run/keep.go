package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cubby/cmd/cubby-demo/rig"
	"cubby/models"
)

// keptFolder holds the data as it was after the network was filled. While restoringFile is there, the data is being
// replaced by it: a start that finds that file does it again.
const (
	keptFolder    = "kept"
	restoringFile = "restoring"
)

// apart are the files of a data folder that no copy holds.
func apart(name string) bool {
	return slices.Contains([]string{"lock", "log", keptFolder, keptFolder + ".next", restoringFile}, name)
}

func (f *folder) hasKept() bool {
	_, err := os.Stat(f.in(keptFolder))
	return err == nil
}

// keep copies the data aside. The caller has everything stand still.
func (f *folder) keep() error {
	next := f.in(keptFolder + ".next")
	if err := os.RemoveAll(next); err != nil {
		return err
	}
	if err := copyAll(f.path, next); err != nil {
		return err
	}
	return os.Rename(next, f.in(keptFolder))
}

// restore puts the kept data in the place of what is there.
func (f *folder) restore() error {
	if err := os.WriteFile(f.in(restoringFile), nil, 0o600); err != nil {
		return err
	}
	if err := f.empty(); err != nil {
		return err
	}
	if err := copyAll(f.in(keptFolder), f.path); err != nil {
		return err
	}
	return os.Remove(f.in(restoringFile))
}

// empty removes the data, and leaves what no copy holds.
func (f *folder) empty() error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if apart(e.Name()) {
			continue
		}
		if err := os.RemoveAll(f.in(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// clear removes the data and the copy that was kept of it.
func (f *folder) clear() error {
	return errors.Join(os.RemoveAll(f.in(keptFolder)), f.empty())
}

// restoreInterrupted ends a restore that was cut off.
func (f *folder) restoreInterrupted() error {
	if _, err := os.Stat(f.in(restoringFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.restore()
}

// copyAll copies files and folders. Sockets and terminals are made anew at each start, and shared memory of a database
// is rebuilt from its log: a copy of either would be of another moment.
func copyAll(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if rest != "." && filepath.Dir(rest) == "." && apart(e.Name()) {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		target := filepath.Join(to, rest)
		switch {
		case e.IsDir():
			return os.MkdirAll(target, 0o700)
		case !e.Type().IsRegular() || strings.HasSuffix(path, "-shm"):
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, raw, 0o600)
	})
}

// keep has every process stand still for as long as the copy takes: what it then holds is what a power cut would leave.
func (s *System) keep() (err error) {
	still := []*rig.Process{s.Temporal.Process}
	still = append(still, s.Servers...)
	for _, cabinet := range s.Cabinets.All() {
		still = append(still, cabinet.Agent())
	}
	for _, p := range still {
		if err := p.Freeze(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.Thaw()) }()
	}
	return s.folder.keep()
}

// Reset asks for the network to be put back as it was after it was filled; Wait does it. conflict: there is no copy.
func (s *System) Reset() error {
	if !s.folder.hasKept() {
		return models.Errorf(models.CodeConflict, "There is no copy to go back to yet: it is made when the network is filled.")
	}
	select {
	case s.resets <- struct{}{}:
	default: // it is asked for already
	}
	return nil
}

// reset stops everything but the page, puts the data back, and starts everything again.
func (s *System) reset(ctx context.Context) error {
	fmt.Fprintln(s.options.Progress, "run: the network is put back as it was")
	s.front.begins("everything is being stopped", true)
	if err := s.unwind(s.always); err != nil {
		return err
	}
	s.front.begins("the data is put back", false)
	if err := s.folder.restore(); err != nil {
		return err
	}
	s.forget()
	return s.startAll(ctx)
}

// forget forgets what a start has made.
func (s *System) forget() {
	s.Network, s.Servers, s.OpsURLs, s.Instances, s.watched = Network{}, nil, nil, nil, nil
}
