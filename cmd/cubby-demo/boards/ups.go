package boards

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
)

// UPS is upsd of the Network UPS Tools with one UPS, on a TCP port of this computer.
type UPS struct {
	listener net.Listener
	name     string
	user     string
	password string

	mu     sync.Mutex
	status string // such as OL CHRG or OB LB
	fault  string // such as DATA-STALE; empty: none
	conns  map[net.Conn]bool
	group  sync.WaitGroup
}

// NewUPS starts one on line power. With a user it wants a login.
func NewUPS(name, user, password string) (*UPS, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &UPS{listener: l, name: name, user: user, password: password, status: "OL", conns: map[net.Conn]bool{}}
	u.group.Go(u.accept)
	return u, nil
}

// Address is host:port.
func (u *UPS) Address() string { return u.listener.Addr().String() }

// Set is what the UPS says from now on.
func (u *UPS) Set(status string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status, u.fault = status, ""
}

// Fail has upsd answer with an error.
func (u *UPS) Fail(fault string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fault = fault
}

// HangUp ends the connections that stand.
func (u *UPS) HangUp() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.conns {
		_ = c.Close() // it may have ended
	}
}

// Close ends it.
func (u *UPS) Close() error {
	err := u.listener.Close()
	u.HangUp()
	u.group.Wait()
	return err
}

func (u *UPS) accept() {
	for {
		c, err := u.listener.Accept()
		if err != nil {
			return
		}
		u.mu.Lock()
		u.conns[c] = true
		u.mu.Unlock()
		u.group.Go(func() { u.serve(c) })
	}
}

func (u *UPS) serve(c net.Conn) {
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.conns, c)
		_ = c.Close() // it may have ended
	}()
	user, password := "", ""
	for lines := bufio.NewScanner(c); lines.Scan(); {
		answer := ""
		switch words := strings.Fields(lines.Text()); {
		case len(words) == 2 && words[0] == "USERNAME":
			user, answer = words[1], "OK"
		case len(words) == 2 && words[0] == "PASSWORD":
			password, answer = words[1], "OK"
		case len(words) == 4 && words[0] == "GET" && words[1] == "VAR" && words[3] == "ups.status":
			answer = u.variable(words[2], user == u.user && password == u.password)
		default:
			answer = "ERR UNKNOWN-COMMAND"
		}
		if _, err := fmt.Fprintln(c, answer); err != nil {
			return
		}
	}
}

func (u *UPS) variable(name string, allowed bool) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case !allowed:
		return "ERR ACCESS-DENIED"
	case name != u.name:
		return "ERR UNKNOWN-UPS"
	case u.fault != "":
		return "ERR " + u.fault
	}
	return fmt.Sprintf("VAR %s ups.status %q", name, u.status)
}
