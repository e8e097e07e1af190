package main

import (
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/lock"
	"cubby/cmd/cubby-demo/boards"
	"cubby/models"
)

// opened lists the cells that were opened past the screen, as the server knows.
func (p *place) opened() []int {
	p.t.Helper()
	var cells []int
	for _, f := range p.cabinet().Facts() {
		d, err := f.Payload()
		require.NoError(p.t, err)
		if f.Type == models.FactOperationDone && d.Reason == "local_open" {
			cells = append(cells, f.Cell)
		}
	}
	return cells
}

func TestCheckWhileItRuns(t *testing.T) {
	t.Parallel()
	r := newPlace(t, 4, 2).enroll().run()
	out, err := r.call("check")
	require.Equal(t, []string{"runs", "cabinet", "L-001,"}, row(t, out, "program", "cubby-agent")[2:5])
	require.Equal(t, "up", row(t, out, "line", r.gateway.URL())[2])
	require.Equal(t, []string{"up", "4", "cells,"}, row(t, out, "board", "A")[2:5])
	require.Equal(t, []string{"up", "2", "cells,"}, row(t, out, "board", "B")[2:5])
	require.Equal(t, "valid", row(t, out, "certificate", string(locker))[2])
	require.Equal(t, "up", row(t, out, "scanner", "serial:"+r.in("scanner")+"?baud=9600")[2], "the program itself has the line")
	if row(t, out, "clock", "-")[2] == string(models.ClockSynced) {
		require.NoError(t, err)
	} else {
		require.ErrorContains(t, err, "1 of 7 need a look")
	}

	r.bus.Misbehave(1, boards.FaultSilence)
	require.NoError(t, r.scanner.Close())
	require.Eventually(t, func() bool {
		out, err = r.call("check")
		return err != nil && row(t, out, "board", "B")[2] == "down" &&
			row(t, out, "scanner", "serial:"+r.in("scanner")+"?baud=9600")[2] == "down"
	}, soon, often)
	require.Contains(t, out, "nothing comes back: look at its power, its cable and its address")
	require.Equal(t, "up", row(t, out, "board", "A")[2])
	require.Error(t, err)
}

func TestCheckWhileItIsStopped(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4, 2).enroll()
	r := p.run()
	_, err := r.call("open", "--cell", "3")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.steel.Truth(3).Open }, soon, often)
	require.NoError(t, r.stop())

	out, err := p.call("check")
	require.ErrorContains(t, err, "1 of 4 need a look", "only that it does not run")
	require.Equal(t, "stopped", row(t, out, "program", "cubby-agent")[2])
	a := row(t, out, "board", "A")
	require.Equal(t, "up", a[2])
	require.Equal(t, []string{"open:", "3"}, a[len(a)-2:])
	b := row(t, out, "board", "B")
	require.Equal(t, []string{"open:", "-"}, b[len(b)-2:])
	require.Equal(t, "up", row(t, out, "scanner", "serial:"+p.in("scanner")+"?baud=9600")[2])

	require.NoError(t, p.bus.Unplug())
	require.NoError(t, p.scanner.Close())
	out, err = p.call("check")
	require.ErrorContains(t, err, "5 of 5 need a look")
	require.Equal(t, "down", row(t, out, "bus", "serial:"+p.in("bus"))[2])
	require.Equal(t, "down", row(t, out, "scanner", "serial:"+p.in("scanner")+"?baud=9600")[2])
}

// TestCheckTriesOtherSpeeds: a board that was set to another speed is found when somebody asks for it.
func TestCheckTriesOtherSpeeds(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4, 2).enroll()
	p.bus.Speed(1, 57600)
	out, err := p.call("check")
	require.Error(t, err)
	require.Contains(t, strings.Join(row(t, out, "board", "B"), " "), "another speed")
	out, err = p.call("check", "--speeds")
	require.Error(t, err)
	require.Equal(t, "up", row(t, out, "board", "A")[2])
	require.Contains(t, strings.Join(row(t, out, "board", "B"), " "), "answers at 57600 baud: set the port's baud to it")
	p.bus.Misbehave(1, boards.FaultSilence)
	out, err = p.call("check", "--speeds")
	require.Error(t, err)
	require.Contains(t, strings.Join(row(t, out, "board", "B"), " "), "no other speed helps")

	r := p.runOffline()
	_, err = r.call("check", "--speeds")
	require.ErrorContains(t, err, "stop it before other speeds are tried")
}

func TestOpen(t *testing.T) {
	t.Parallel()
	r := newPlace(t, 4, 2).enroll().run()
	out, err := r.call("open", "--cell", "6")
	require.NoError(t, err)
	require.Equal(t, "cell 6: its lock was driven\n", out)
	require.Eventually(t, func() bool { return r.steel.Truth(6).Open }, soon, often)
	require.Eventually(t, func() bool { return len(r.opened()) == 1 }, soon, often, "the server knows")
	require.Equal(t, []int{6}, r.opened())

	r.eventually(func(st state) bool { return st.Cells[5].Open }, "the door is seen open")
	_, err = r.call("open", "--cell", "6")
	require.ErrorContains(t, err, "stands open")
	_, err = r.call("open", "--cell", "7")
	require.ErrorContains(t, err, "no cell 7")
	r.bus.Misbehave(0, boards.FaultSilence)
	r.eventually(func(st state) bool { return !st.Boards[0].Up }, "the board is down")
	_, err = r.call("open", "--cell", "1")
	require.ErrorContains(t, err, "board A does not answer")
	require.Equal(t, 1, r.steel.Truth(6).Pulses)
	require.Zero(t, r.steel.Truth(1).Pulses)
}

// TestOpenWhileItIsDead: the spool says so durably before the pulse, and the program tells
// the server when it starts.
func TestOpenWhileItIsDead(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4, 2).enroll()
	require.NoError(t, p.run().stop())

	for _, cell := range []string{"2", "6"} { // one on each board of the line
		out, err := p.call("open", "--cell", cell)
		require.NoError(t, err)
		require.Equal(t, "cell "+cell+": its lock was driven\n", out)
	}
	require.Eventually(t, func() bool { return p.steel.Truth(2).Open && p.steel.Truth(6).Open }, soon, often)
	p.bus.Misbehave(1, boards.FaultSilence)
	_, err := p.call("open", "--cell", "5")
	require.ErrorContains(t, err, "board B does not answer")
	p.bus.Misbehave(1, boards.FaultNone)
	_, err = p.call("open", "--cell", "7")
	require.ErrorContains(t, err, "no board has this cell")
	raw, err := os.ReadFile(p.in("data/spool.jsonl"))
	require.NoError(t, err)
	var cells []int
	for line := range strings.Lines(string(raw)) {
		var s spooled
		require.NoError(t, json.Unmarshal([]byte(line), &s))
		require.WithinDuration(t, time.Now(), time.UnixMilli(s.AtMS), time.Minute)
		cells = append(cells, s.Cell)
	}
	require.Equal(t, []int{2, 6, 5}, cells, "the line is written first, whatever comes of it")

	// The power went while another line was written.
	require.NoError(t, os.WriteFile(p.in("data/spool.jsonl"), append(raw, []byte(`{"cell":3,"at`)...), 0o600))
	pulses := p.steel.Truth(2).Pulses
	r := p.run()
	require.Eventually(t, func() bool { return len(p.opened()) == 3 }, soon, often)
	require.Equal(t, []int{2, 6, 5}, p.opened())
	require.NoFileExists(t, p.in("data/spool.jsonl"))
	require.Contains(t, r.log.String(), "a line of the spool cannot be read")
	require.Equal(t, pulses, p.steel.Truth(2).Pulses, "it is told, not done again")
	require.NoError(t, r.stop())

	// The power went after the facts were durable and before the spool was removed.
	before := cellsOf(t, p)
	require.NoError(t, os.WriteFile(p.in("data/spool.jsonl"), raw, 0o600))
	p.run()
	require.Eventually(t, func() bool { return len(p.opened()) == 6 }, soon, often)
	require.Equal(t, before, cellsOf(t, p), "it is told twice and changes nothing")
	require.NoFileExists(t, p.in("data/spool.jsonl"))
	require.Equal(t, pulses, p.steel.Truth(2).Pulses)
}

// cellsOf is what the server knows of the cells: the last report of each.
func cellsOf(t *testing.T, p *place) map[int]models.CellReport {
	t.Helper()
	cells := map[int]models.CellReport{}
	for _, f := range p.cabinet().Facts() {
		d, err := f.Payload()
		require.NoError(t, err)
		for _, c := range d.Cells {
			cells[c.Cell] = c
		}
		if d.After != nil {
			cells[f.Cell] = *d.After
		}
	}
	return cells
}

// TestOneOwnerOfTheBus: while a program has the cabinet and does not answer, nobody else
// drives its locks.
func TestOneOwnerOfTheBus(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 4).enroll()
	release, err := hold(p.in("data/agent.lock"))
	require.NoError(t, err)
	for _, args := range [][]string{{"open", "--cell", "1"}, {"check"}, {"run"}} {
		_, err := p.call(args...)
		require.ErrorContains(t, err, "another program runs this cabinet", "%v", args)
	}
	require.NoFileExists(t, p.in("data/spool.jsonl"))
	release()
	_, err = p.call("open", "--cell", "1")
	require.NoError(t, err)
}

// TestSystemd is told that the program is ready, and that it lives.
func TestSystemd(t *testing.T) {
	p := newPlace(t, 4).enroll()
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: p.in("notify"), Net: "unixgram"})
	require.NoError(t, err)
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", p.in("notify"))
	t.Setenv("WATCHDOG_USEC", "30000")
	p.run()
	told := func() string {
		raw := make([]byte, 100)
		require.NoError(t, socket.SetReadDeadline(time.Now().Add(soon)))
		n, err := socket.Read(raw)
		require.NoError(t, err)
		return string(raw[:n])
	}
	require.Equal(t, "READY=1", told())
	for range 3 {
		require.Equal(t, "WATCHDOG=1", told())
	}
	// A systemd that is gone does not take the cabinet with it.
	require.NoError(t, socket.Close())
	_, err = p.call("open", "--cell", "1")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.steel.Truth(1).Open }, soon, often)
	p.eventually(func(st state) bool { return st.Cells[0].Open }, "it serves on")
}

// TestTheSpoolNamesCells: a door at the back is its cell's.
func TestTheSpoolNamesCells(t *testing.T) {
	t.Parallel()
	c := config{Dir: t.TempDir()}
	require.NoError(t, c.spoolOpening(lock.Behind+5))
	raw, err := os.ReadFile(c.spool())
	require.NoError(t, err)
	require.Equal(t, 5, parseSpool(raw, slog.New(slog.DiscardHandler))[0].Cell)
}
