package boards

import "bytes"

// The frames of Kerong's boards: the CU48 by the vendor's "CU48 protocol and introduction
// v2.1", the CU16 as programs in the field speak to it. None answers an unlock.
const (
	kerongStart = 0x02
	kerongEnd   = 0x03

	cu48Status    = 0x50
	cu48Unlock    = 0x51
	cu48Answer    = 0x65
	cu48EveryOne  = 0x0A
	cu48EveryLock = 0x30
	cu48Channels  = 48

	cu16Status  = 0x30
	cu16Unlock  = 0x31
	cu16OpenAll = 0x33
	cu16Answer  = 0x35

	cu48x60Status = 0x60
	cu48x60Unlock = 0x61
	cu48x60Answer = 0x75
)

func checksum(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}

// cutFrame cuts the first frame of a length that begins with a byte.
func cutFrame(have []byte, start byte, length int, is func(frame []byte) bool) (frame, rest []byte) {
	for {
		i := bytes.IndexByte(have, start)
		if i < 0 {
			return nil, nil
		}
		have = have[i:]
		if len(have) < length {
			return nil, have
		}
		if is(have[:length]) {
			return have[:length:length], have[length:]
		}
		have = have[1:]
	}
}

// kerongCut cuts a request that ends with ETX and the sum.
func kerongCut(have []byte, length int) (request, rest []byte) {
	return cutFrame(have, kerongStart, length, func(f []byte) bool {
		return f[length-2] == kerongEnd && f[length-1] == checksum(f[:length-1])
	})
}

type kerongCU48 struct{}

func (kerongCU48) cut(have []byte) (request, rest []byte) { return kerongCut(have, 6) }

func (kerongCU48) answer(at *socket, request []byte) []byte {
	address, lock := int(request[1]), int(request[2])
	if address != at.Address && address != cu48EveryOne {
		return nil
	}
	switch request[3] {
	case cu48Status:
		at.looked()
		frame := append([]byte{kerongStart, at.says(), 0, cu48Answer}, at.contacts(cu48Channels/8)...)
		frame = append(frame, kerongEnd)
		return append(frame, checksum(frame))
	case cu48Unlock:
		for n := range at.Locks {
			if n == lock || lock == cu48EveryLock {
				at.unlock(n + 1)
			}
		}
	}
	return nil
}

type kerongCU16 struct{}

func (kerongCU16) cut(have []byte) (request, rest []byte) { return kerongCut(have, 5) }

func (kerongCU16) answer(at *socket, request []byte) []byte {
	if int(request[1]>>4) != at.Address {
		return nil
	}
	switch request[2] {
	case cu16Status:
		at.looked()
		frame := append([]byte{kerongStart, at.says() << 4, cu16Answer}, at.contacts(2)...)
		frame = append(append(frame, bitmap(2, at.parcel)...), kerongEnd)
		return append(frame, checksum(frame))
	case cu16Unlock:
		at.unlock(int(request[1]&0x0F) + 1)
	case cu16OpenAll:
		for n := range at.Locks {
			at.unlock(n + 1)
		}
	}
	return nil
}

// kerongCU48x60 is what another program in the field calls a CU48.
type kerongCU48x60 struct{}

func (kerongCU48x60) cut(have []byte) (request, rest []byte) { return kerongCut(have, 6) }

func (kerongCU48x60) answer(at *socket, request []byte) []byte {
	if int(request[1]) != at.Address {
		return nil
	}
	frame := []byte{kerongStart, at.says(), request[2], cu48x60Answer}
	switch request[3] {
	case cu48x60Status:
		at.looked()
		frame = append(append(frame, cu48Channels/8), at.contacts(cu48Channels/8)...)
	case cu48x60Unlock:
		at.unlock(int(request[2]) + 1)
		frame = append(frame, 0)
		if at.fault() == FaultMute {
			return nil
		}
	default:
		return nil
	}
	return append(frame, checksum(frame))
}
