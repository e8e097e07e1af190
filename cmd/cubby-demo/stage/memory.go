package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"cubby/cmd/cubby-demo/people"
)

const (
	settleEvery = 500 * time.Millisecond
	settleLooks = 8 // equal looks, within settleSlack, that end the wait
	settleSlack = 256 << 10
	settleLimit = 90 * time.Second
)

// SettledMemory forces collections until the process's resident memory falls no more, and returns it in bytes. It needs
// CUBBY_OPS_PROFILE=on.
func (p *Part) SettledMemory(ctx context.Context) (int64, error) {
	return settled(ctx, p.OpsURL, p.Pid())
}

// settled forces collections until the process's resident memory falls no more, and returns it in bytes.
func settled(ctx context.Context, ops string, pid int) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	lowest, equal := int64(1)<<62, 0
	err := people.Await(ctx, "the memory to settle", settleEvery, func() (bool, string, error) {
		if err := collect(ctx, ops); err != nil {
			return false, "", err
		}
		now, err := resident(pid)
		if now < lowest-settleSlack {
			equal = 0
		} else {
			equal++
		}
		lowest = min(lowest, now)
		return equal >= settleLooks, fmt.Sprintf("%d bytes", now), err
	})
	return lowest, err
}

// collect has the process collect its garbage: the profile of its heap is asked for after a collection.
func collect(ctx context.Context, ops string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ops+"/debug/pprof/heap?gc=1", http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the heap's profile: %s", res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// resident is a process's resident memory in bytes (proc(5), statm).
func resident(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm: %q", raw)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
