package rig

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Ports are taken below the range that Linux gives to outgoing connections (32768 and up), so that the port of a killed
// service is still free when it is started again at the same address.
const (
	firstPort = 15000
	lastPort  = 32000
	portTries = 500
)

const loopback = "127.0.0.1"

// FreePorts returns n different ports on 127.0.0.1 that nobody listens on.
func FreePorts(n int) ([]int, error) {
	// A process that starts meanwhile has them open until it has become its program: they would be in use when this returns.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	held := make([]net.Listener, 0, n) // held together, so that no port is returned twice
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	ports := make([]int, 0, n)
	for tries := 0; len(ports) < n; tries++ {
		if tries == portTries*n {
			return nil, fmt.Errorf("no %d free ports between %d and %d", n, firstPort, lastPort)
		}
		port := firstPort + rand.IntN(lastPort-firstPort)
		l, err := net.Listen("tcp4", address(port))
		if err != nil {
			continue
		}
		held = append(held, l)
		ports = append(ports, port)
	}
	return ports, nil
}

func address(port int) string {
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}
