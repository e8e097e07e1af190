package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"cubby/models"
)

// BudgetFile is what a signer has signed lately, in a file of the worker's own machine: neither an
// api, a gateway nor the owner of the database or of Temporal can write to it. A grant is counted,
// on disk, before it is signed. It is safe for concurrent use.
type BudgetFile struct {
	Path   string
	Limits models.RemoteLimits
	Now    func() time.Time

	mu sync.Mutex
}

// Take implements activities.RemoteBudget. A file that cannot be read or written means that
// nothing is signed: it is for a person to look at.
func (b *BudgetFile) Take(purpose, by string) (refused string, alarm bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var budgets models.RemoteBudgets
	raw, err := os.ReadFile(b.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the first grant of this signer
	case err != nil:
		return "", false, err
	default:
		if err := json.Unmarshal(raw, &budgets); err != nil {
			return "", false, fmt.Errorf("%s is not what a signer has written: nothing is signed: %w", b.Path, err)
		}
	}
	refused, alarm = budgets.Of(purpose).Take(b.Limits, by, b.Now())
	now, err := json.Marshal(budgets)
	if err == nil && !bytes.Equal(now, raw) {
		err = replace(b.Path, now)
	}
	return refused, alarm, err
}

// replace puts a whole file in place of what was there, durably, or leaves that as it was.
func replace(path string, content []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

const holdEvery = 500 * time.Millisecond

// HoldBudget waits until no other process holds the budget of the path, and takes it. The function
// that it returns gives it back, as the end of the process does; it is nil once ctx has ended.
func HoldBudget(ctx context.Context, path string, logger *slog.Logger) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for told := false; ; {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = lock.Close() }, nil // which lets go of it
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, lock.Close())
		}
		if !told {
			told = true
			logger.Info("another process signs remote openings with this budget", "file", path)
		}
		if !pause(ctx, holdEvery) {
			return nil, lock.Close()
		}
	}
}
