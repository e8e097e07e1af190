package cabinets

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"cubby/agent/cabinet"
	"cubby/agent/protocol"
	"cubby/models"
)

const (
	deviceFile = "device.key"
	callLimit  = 15 * time.Second
	maxProblem = 64 << 10
)

// refusal is an answer that will not change by asking again.
type refusal struct {
	status int
	code   models.Code
}

func (r refusal) Error() string { return fmt.Sprintf("the gateway answered %d %s", r.status, r.code) }

// call makes one HTTP call to the gateway.
func (c *Cabinet) call(ctx context.Context, method, path string, in, out any) error {
	ctx, done := context.WithTimeout(ctx, callLimit)
	defer done()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.cfg.GatewayURL+path, body)
	if err != nil {
		return err
	}
	req.Header.Set(protocol.HeaderLocker, string(c.locker))
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.cfg.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return fmt.Errorf("the gateway answered %d", res.StatusCode)
	case res.StatusCode != http.StatusOK:
		var problem protocol.Problem
		_ = json.NewDecoder(io.LimitReader(res.Body, maxProblem)).Decode(&problem) // the status says enough
		return refusal{res.StatusCode, problem.Code}
	}
	return json.NewDecoder(io.LimitReader(res.Body, protocol.MaxBatchBytes)).Decode(out)
}

// keepUploading sends facts whenever there are some and a line stands.
func (c *Cabinet) keepUploading(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.upload:
			c.uploadAll(ctx)
		}
	}
}

// uploadAll sends batch after batch until the gateway has every fact. A batch that it
// refuses, or answers with another place than its end, means that the two journals do not
// agree: a new hello settles where they go on, and after a fork only a new epoch can.
func (c *Cabinet) uploadAll(ctx context.Context) {
	var p pause
	for {
		var facts []models.Fact
		if c.act(ctx, func() { facts = c.unsent() }) != nil || len(facts) == 0 {
			return
		}
		var reply protocol.JournalReply
		err := c.call(ctx, http.MethodPost, protocol.PathJournal, protocol.JournalRequest{Facts: facts}, &reply)
		var refused refusal
		switch {
		case err == nil:
			if c.tell(ctx, cabinet.JournalAcked{Epoch: reply.Epoch, Seq: reply.Seq}) != nil {
				return
			}
			if last := facts[len(facts)-1]; reply.Epoch == last.Epoch && reply.Seq == last.Seq {
				p.reset()
				continue
			}
			c.log.Warn("the gateway has another journal", "epoch", reply.Epoch, "seq", reply.Seq)
			c.hangUp(ctx)
		case errors.As(err, &refused):
			c.log.Warn("the gateway refused facts", "error", err, "epoch", facts[0].Epoch, "seq", facts[0].Seq)
			if refused.code == models.CodeFork && c.tell(ctx, cabinet.JournalForked{Epoch: facts[0].Epoch}) != nil {
				return
			}
			c.hangUp(ctx)
		}
		if !p.wait(ctx) {
			return
		}
	}
}

// unsent is the next batch, while a live stream says where the journal goes on.
func (c *Cabinet) unsent() []models.Fact {
	if !c.state.Link.Live {
		return nil
	}
	return c.state.Journal.Unacknowledged(protocol.MaxBatch)
}

func (c *Cabinet) hangUp(ctx context.Context) {
	_ = c.act(ctx, func() { // when the cabinet stops, so does its line
		if c.line != nil {
			c.line.cut()
		}
	})
}

// keepFetching reads the directory whenever it is wanted and a line stands.
func (c *Cabinet) keepFetching(ctx context.Context) {
	var p pause
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.fetch:
		}
		var live bool
		var since string
		if c.act(ctx, func() { live, since = c.state.Link.Live, c.state.Directory.Cursor.String() }) != nil {
			return
		}
		if !live {
			continue // the core wants it again once a line stands
		}
		var page protocol.DirectoryReply
		path := protocol.PathDirectory + "?since=" + url.QueryEscape(since)
		if err := c.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			c.log.Debug("the directory could not be read", "error", err)
			nudge(c.fetch)
			if !p.wait(ctx) {
				return
			}
			continue
		}
		p.reset()
		if c.tell(ctx, cabinet.DirectoryEntries{DirectoryReply: page}) != nil {
			return
		}
	}
}

// enroll asks for the cabinet's key until it comes: the worker that seals it may start
// later than the cabinet.
func (c *Cabinet) enroll(ctx context.Context) {
	var p pause
	for {
		var reply protocol.EnrollReply
		request := protocol.EnrollRequest{PublicKey: c.device.PublicKey().Bytes()}
		err := c.call(ctx, http.MethodPost, protocol.PathEnroll, request, &reply)
		if err == nil {
			var key models.CabinetKey
			if key, err = models.OpenCabinetKey(reply.Sealed, c.locker, c.device); err == nil {
				err = c.tell(ctx, cabinet.KeyInstalled{Key: key})
			}
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		c.log.Debug("no key yet", "error", err)
		if !p.wait(ctx) {
			return
		}
	}
}

// deviceKey reads the computer's own key, or makes one.
func deviceKey(dir string, random io.Reader) (*ecdh.PrivateKey, error) {
	path := filepath.Join(dir, deviceFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdh.P256().GenerateKey(random)
		if err != nil {
			return nil, err
		}
		return key, writeBytes(path, key.Bytes())
	}
	if err != nil {
		return nil, err
	}
	key, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("cabinets: %s is not a key: %w", path, err)
	}
	return key, nil
}
