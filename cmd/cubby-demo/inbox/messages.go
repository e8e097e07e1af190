package inbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// entry is a line of the message file: just one of its fields is set.
type entry struct {
	Message *Message `json:"message,omitempty"`
	Replied int64    `json:"replied,omitempty"` // the 250 of this message was sent
	Cleared int64    `json:"cleared,omitempty"` // this message and all before it were deleted
}

// messages are kept in memory and in an append-only file of JSON lines.
type messages struct {
	mu   sync.Mutex
	file *os.File
	list []Message // by id
	last int64
}

func openMessages(path string) (*messages, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	s := &messages{file: file}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return s, nil
}

// load reads the file and cuts off a last line that a crash left unfinished: its sender never got a 250.
func (s *messages) load() error {
	in := bufio.NewReader(s.file)
	whole := int64(0)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			return fmt.Errorf("at byte %d: %w", whole, err)
		}
		s.apply(e)
		whole += int64(len(line))
	}
	if err := s.file.Truncate(whole); err != nil {
		return err
	}
	_, err := s.file.Seek(whole, io.SeekStart)
	return err
}

func (s *messages) apply(e entry) {
	switch {
	case e.Message != nil:
		s.list = append(s.list, *e.Message)
		s.last = e.Message.ID
	case e.Replied != 0:
		if i, found := s.find(e.Replied); found {
			s.list[i].DeliveredReply = true
		}
	case e.Cleared != 0:
		i, found := s.find(e.Cleared)
		if found {
			i++
		}
		s.list = slices.Delete(s.list, 0, i)
	}
}

func (s *messages) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(s.list, id, func(m Message, id int64) int { return int(m.ID - id) })
}

// write puts the entry on the disk before it is applied.
func (s *messages) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := s.file.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.apply(e)
	return nil
}

// add gives the message its id.
func (s *messages) add(m Message) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.ID = s.last + 1
	return m.ID, s.write(entry{Message: &m})
}

// reply sends the 250 and notes that it went out. Both are one step for readers: whoever has seen the 250 finds it noted.
func (s *messages) reply(id int64, send func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := send(); err != nil {
		return err
	}
	return s.write(entry{Replied: id})
}

func (s *messages) clear() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return nil
	}
	return s.write(entry{Cleared: s.last})
}

func (s *messages) get(id int64) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := s.find(id)
	if !found {
		return Message{}, false
	}
	return s.list[i], true
}

// query selects messages. Zero fields select all.
type query struct {
	to, q  string
	after  int64 // only newer ones, oldest first
	before int64 // only older ones
	newest bool  // newest first
	limit  int
}

// page returns a page and whether more follow.
func (s *messages) page(want query) (page []Message, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, found := s.find(want.after)
	if found {
		from++
	}
	to := len(s.list)
	if want.before > 0 {
		to, _ = s.find(want.before)
	}
	for i := from; i < to; i++ {
		m := s.list[i]
		if want.newest {
			m = s.list[to-1-(i-from)]
		}
		if !m.matches(want.to, want.q) {
			continue
		}
		if len(page) == want.limit {
			return page, true
		}
		page = append(page, m)
	}
	return page, false
}

func (s *messages) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
}
