package boards

// The frames of the boards with a BCC, by the vendor's "485 lock board protocol": a request
// has five bytes, or six with a pulse's seconds.
const (
	bccUnlock = 0x8A
	bccStatus = 0x80
	bccPush   = 0x82
	bccClosed = 0x11
	bccEnd    = 0x33
)

func xor(b []byte) (x byte) {
	for _, c := range b {
		x ^= c
	}
	return x
}

func sealXOR(b ...byte) []byte { return append(b, xor(b)) }

type shuoming8A struct{}

func (shuoming8A) cut(have []byte) (request, rest []byte) {
	for {
		for len(have) > 0 && have[0] != bccUnlock && have[0] != bccStatus {
			have = have[1:]
		}
		for _, n := range []int{5, 6} {
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

func (shuoming8A) answer(at *socket, request []byte) []byte {
	lock := request[2]
	if int(request[1]) != at.Address {
		return nil
	}
	switch {
	case request[0] == bccUnlock:
		at.unlock(int(lock))
		if at.fault() == FaultMute {
			return nil
		}
		return sealXOR(bccUnlock, at.says(), lock, contactByte(at.shut(int(lock))))
	case lock == 0:
		at.looked()
		length := 3 // also of the smaller boards
		switch {
		case at.Locks > 32:
			length = 7
		case at.Locks > 24:
			length = 4
		}
		data := at.contacts(length)
		if at.HighFirst {
			for i := range length / 2 {
				data[i], data[length-1-i] = data[length-1-i], data[i]
			}
		}
		return sealXOR(append(append([]byte{bccStatus, at.says()}, data...), bccEnd)...)
	default:
		at.looked()
		return sealXOR(bccStatus, at.says(), lock, contactByte(at.shut(int(lock))))
	}
}

// push is what some firmware tells unasked.
func (shuoming8A) push(at *socket, channel int, shut bool) []byte {
	return sealXOR(bccPush, at.says(), byte(channel), contactByte(shut, true))
}

func contactByte(closed, _ bool) byte {
	if closed {
		return bccClosed
	}
	return 0
}
