package boards

// The frames of Winnsen-style boards: the second byte is the length, and there is no checksum.
const (
	winnsenStart  = 0x90
	winnsenEnd    = 0x03
	winnsenUnlock = 0x05
	winnsenState  = 0x12
	winnsenAnswer = 0x80
	winnsenCools  = 0x02
)

type winnsen struct{}

func (winnsen) cut(have []byte) (request, rest []byte) {
	return cutFrame(have, winnsenStart, 6, func(f []byte) bool { return f[1] == 6 && f[5] == winnsenEnd })
}

func (winnsen) answer(at *socket, request []byte) []byte {
	command, lock := request[2], request[4]
	if int(request[3]) != at.Address {
		return nil
	}
	frame := []byte{winnsenStart, 7, command | winnsenAnswer, at.says(), lock, 0, winnsenEnd}
	switch command {
	case winnsenUnlock:
		frame[5] = 1
		if !at.unlock(int(lock)) {
			frame[5] = winnsenCools
		}
		if at.fault() == FaultMute {
			return nil
		}
	case winnsenState:
		at.looked()
		if shut, _ := at.shut(int(lock)); !shut {
			frame[5] = 1
		}
		if !at.Swapped {
			frame[4], frame[5] = frame[5], frame[4]
		}
	default:
		return nil
	}
	return frame
}
