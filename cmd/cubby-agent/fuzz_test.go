package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzConfig: a configuration that passes the check can be run with: its screen is for this
// computer alone, it has locks, and it reads the same when it is written out.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(good))
	for _, change := range [][2]string{
		{`"dir"`, `"screen": "0.0.0.0:80", "dir"`}, {`"dir"`, `"screen": "[::1]:80", "dir"`}, {`"dir"`, `"screen": "localhost:80", "dir"`},
		{`"dir"`, `"socket": "` + strings.Repeat("s", 108) + `", "dir"`}, {`"dir"`, `"log_level": "INFO+2", "dir"`}, {`"dir"`, `"log_level": "loud", "dir"`},
		{`https`, `http`}, {`channels": 16`, `channels": 0`}, {`first_cell": 1`, `first_cell": 9223372036854775807`}, {`first_cell": 1`, `first_cell": -1`},
		{`address": 0`, `address": 256`}, {`baud=9600`, `baud=9e9`}, {`"name": "A"`, `"name": "A", "unfitted": [1, 1, 99]`}, {`}]}`, `}]}{}`}, {`}]}`, `}]`},
	} {
		require.Contains(f, good, change[0])
		f.Add([]byte(strings.Replace(good, change[0], change[1], 1)))
	}
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseConfig(raw)
		if err != nil {
			return
		}
		if err := c.check(); err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		host, _, err := net.SplitHostPort(c.Screen)
		require.NoError(t, err)
		require.True(t, net.ParseIP(host).IsLoopback())
		require.NotEmpty(t, c.Dir)
		require.LessOrEqual(t, len(c.Socket), maxSocket)
		require.NotEmpty(t, c.Buses)
		for _, b := range c.Buses {
			require.NotEmpty(t, b.Boards)
		}
		out, err := json.Marshal(c)
		require.NoError(t, err)
		again, err := parseConfig(out)
		require.NoError(t, err)
		require.NoError(t, again.check())
		same, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(out), string(same))
	})
}

// FuzzSpool: a line that was written whole is read again, whatever stands before it and
// however the next one was torn.
func FuzzSpool(f *testing.F) {
	f.Add([]byte(""), 7, int64(1_750_000_000_000), 9)
	f.Add([]byte(`{"cell":1,"at_ms":2}`), 7, int64(0), 0)
	f.Add([]byte("{\"cell\":\n\x00\xff\n[]\nnull"), -1, int64(-5), 40)
	f.Fuzz(func(t *testing.T, before []byte, cell int, at int64, torn int) {
		want := spooled{Cell: cell, AtMS: at}
		line, err := json.Marshal(want)
		require.NoError(t, err)
		line = append(line, '\n')
		log := slog.New(slog.DiscardHandler)
		clean := append(bytes.TrimRight(bytes.Clone(before), "\n"), '\n')
		found := len(parseSpool(clean, log))
		all := parseSpool(append(append(bytes.Clone(clean), line...), line[:(torn&0xffff)%(len(line)-1)]...), log)
		require.Len(t, all, found+1, "a torn line is none")
		require.Equal(t, want, all[found])
	})
}
