package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/protocol"
	"cubby/models"
)

// frozenSession is what an agent of an earlier version and its server said. It is never written anew: a cabinet in the
// field still says it.
const frozenSession = "../../agent/protocol/testdata/session-1.jsonl"

// said is a line of it: a frame of the stream, or a call and its answer.
type said struct {
	From   string          `json:"from"`
	Frame  json.RawMessage `json:"frame"`
	Call   string          `json:"call"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// TestFrozenSession plays the old agent's side against this gateway. Every answer must be one that the old agent
// understands: it says all that the old answer said, and may say more.
func TestFrozenSession(t *testing.T) {
	raw, err := os.ReadFile(frozenSession)
	require.NoError(t, err)
	g, server := newSession(t)
	p := &replay{t: t, world: g, server: server}
	for line := range bytes.Lines(raw) {
		var l said
		require.NoError(t, json.Unmarshal(line, &l))
		p.line++
		switch {
		case l.From == "cabinet" && l.Frame != nil:
			p.say(l.Frame)
		case l.From == "cabinet":
			p.ask(l)
		case l.Frame != nil:
			p.hear(l.Frame)
		default:
			require.Equal(t, l.Status, p.status, "line %d", p.line)
			p.understood(l.Body, p.answer)
		}
	}
	require.Equal(t, 26, p.line, "the session is as it was")
	require.NotNil(t, p.opened, "a door was opened")
}

// replay is the old agent's side under way.
type replay struct {
	*world
	t       *testing.T
	server  *keeper
	line    int
	device  *device
	status  int
	answer  []byte
	command string // this server's id of the command
	old     string // and the one that stands in the session
	opened  chan models.OpenResult
}

func (p *replay) message(frame []byte) protocol.Message {
	p.t.Helper()
	m, err := protocol.Decode(frame)
	require.NoError(p.t, err)
	return m
}

func (p *replay) say(frame []byte) {
	p.t.Helper()
	switch p.message(frame).Type {
	case protocol.TypeHello:
		if p.device != nil {
			require.NoError(p.t, p.device.conn.CloseNow())
		}
		p.cabinets.head = p.server.head
		p.device = p.dial(p.t, sessionLocker)
	case protocol.TypeResult:
		p.device.raw(bytes.ReplaceAll(frame, []byte(p.old), []byte(p.command)))
		require.Equal(p.t, models.Opened, (<-p.opened).Outcome, "the old agent's result is taken")
		return
	}
	p.device.raw(frame)
}

func (p *replay) ask(l said) {
	p.t.Helper()
	method, path, _ := strings.Cut(l.Call, " ")
	contentType := ""
	if l.Body != nil {
		contentType = "application/json"
	}
	if path == protocol.PathSnapshot {
		p.believe()
	}
	p.status, _, p.answer = p.call(p.t, method, path, contentType, l.Body)
}

// hear has the server say what it said then, where it does so of its own accord, and takes it.
func (p *replay) hear(frame []byte) {
	p.t.Helper()
	old := p.message(frame)
	switch old.Type {
	case protocol.TypeCommand:
		var c protocol.Command
		require.NoError(p.t, old.Into(&c))
		p.old, p.opened = c.ID, make(chan models.OpenResult, 1)
		go func() {
			result, err := p.gateway.Open(context.WithoutCancel(p.t.Context()), c.Open)
			if err == nil {
				p.opened <- result
			}
			close(p.opened)
		}()
	case protocol.TypeDirectoryChanged:
		var c protocol.DirectoryChanged
		require.NoError(p.t, old.Into(&c))
		for scope, n := range c.Cursor {
			p.cabinets.move(scope, n)
		}
	}
	now := p.device.next()
	require.Equal(p.t, old.Type, now.Type, "line %d: %s", p.line, now.Body)
	p.understood(old.Body, now.Body)
	switch old.Type {
	case protocol.TypeCommand:
		var c protocol.Command
		require.NoError(p.t, now.Into(&c))
		p.command = c.ID
	case protocol.TypeContinueFrom:
		require.Eventually(p.t, func() bool { return p.gateway.Connections() > 0 }, 5*time.Second, time.Millisecond)
	}
}

// understood reports what the old answer says and the new one does not.
func (p *replay) understood(old, now []byte) {
	p.t.Helper()
	var was, is any
	require.NoError(p.t, json.Unmarshal(old, &was))
	require.NoError(p.t, json.Unmarshal(now, &is), "line %d: %s", p.line, now)
	require.NoError(p.t, says("", was, is), "line %d: %s", p.line, now)
}

// says reports the first thing in which an answer falls short of the old one. Sentences for people and fresh ids may differ.
func says(name string, was, is any) error {
	if reflect.TypeOf(was) != reflect.TypeOf(is) {
		return fmt.Errorf("%s was %v and is %v", name, was, is)
	}
	switch was := was.(type) {
	case map[string]any:
		for key, old := range was {
			now, there := is.(map[string]any)[key]
			if !there {
				return fmt.Errorf("%s.%s is gone", name, key)
			}
			if err := says(name+"."+key, old, now); err != nil {
				return err
			}
		}
	case []any:
		if len(was) != len(is.([]any)) {
			return fmt.Errorf("%s had %d items and has %d", name, len(was), len(is.([]any)))
		}
		for i, old := range was {
			if err := says(fmt.Sprintf("%s[%d]", name, i), old, is.([]any)[i]); err != nil {
				return err
			}
		}
	default:
		if was != is && !slices.Contains([]string{".id", ".request_id", ".detail", ".title", ".reason"}, name) {
			return fmt.Errorf("%s was %v and is %v", name, was, is)
		}
	}
	return nil
}
