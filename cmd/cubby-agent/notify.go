package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"
)

// watchdog tells systemd that the program is ready, and then again and again that it answers.
// Without systemd it does nothing. A cabinet serves on when systemd cannot be told:
// what that means is for systemd to say.
func watchdog(ctx context.Context, answers func(context.Context) error, log *slog.Logger) error {
	tell := func(state string) {
		if err := notify(state); err != nil {
			log.Warn("systemd was not told", "state", state, "error", err)
		}
	}
	tell("READY=1")
	us, err := strconv.Atoi(os.Getenv("WATCHDOG_USEC"))
	if err != nil || us <= 0 {
		return nil
	}
	tick := time.NewTicker(time.Duration(us) * time.Microsecond / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := answers(ctx); err != nil {
			return nil // it stops
		}
		tell("WATCHDOG=1")
	}
}

func notify(state string) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
