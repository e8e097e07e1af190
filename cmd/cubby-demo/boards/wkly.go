package boards

import "bytes"

// The frames of the boards that begin with WKLY: LEN after the header is of the whole frame.
const (
	wklyHeader = "WKLY"
	wklyUnlock = 0x82
	wklyState  = 0x83
	wklyStates = 0x84
	wklyPush   = 0x85
	wklyOK     = 0x00
	wklyFail   = 0xFF
	wklyShut   = 0x01
	wklyLeast  = 8
)

func wklyFrame(board, command byte, data ...byte) []byte {
	frame := append([]byte(wklyHeader), byte(wklyLeast+len(data)), board, command)
	return sealXOR(append(frame, data...)...)
}

type wkly struct{}

func (wkly) cut(have []byte) (request, rest []byte) {
	for {
		i := bytes.IndexByte(have, wklyHeader[0])
		if i < 0 {
			return nil, nil
		}
		have = have[i:]
		if len(have) < wklyLeast {
			return nil, have
		}
		n := int(have[4])
		if string(have[:4]) == wklyHeader && n >= wklyLeast {
			if len(have) < n {
				return nil, have
			}
			if xor(have[:n]) == 0 {
				return have[:n:n], have[n:]
			}
		}
		have = have[1:]
	}
}

func (wkly) answer(at *socket, request []byte) []byte {
	data := request[7 : len(request)-1]
	if int(request[5]) != at.Address {
		return nil
	}
	switch command := request[6]; {
	case command == wklyUnlock && len(data) == 1:
		status := byte(wklyOK)
		if !at.unlock(int(data[0])) {
			status = wklyFail
		}
		if at.fault() == FaultMute {
			return nil
		}
		return wklyFrame(at.says(), command, status, data[0], wklyContact(at.shut(int(data[0]))))
	case command == wklyState && len(data) == 1:
		at.looked()
		return wklyFrame(at.says(), command, wklyOK, data[0], wklyContact(at.shut(int(data[0]))))
	case command == wklyStates:
		at.looked()
		states := []byte{wklyOK, byte(at.Locks)}
		for n := range at.Locks {
			states = append(states, wklyContact(at.shut(n+1)))
		}
		return wklyFrame(at.says(), command, states...)
	}
	return nil
}

func (wkly) push(at *socket, channel int, shut bool) []byte {
	return wklyFrame(at.says(), wklyPush, byte(channel), wklyContact(shut, true))
}

func wklyContact(shut, fitted bool) byte {
	switch {
	case !fitted:
		return wklyFail
	case shut:
		return wklyShut
	}
	return 0
}
