package scan

// Event types and codes of linux/input-event-codes.h.
const (
	eventSyn   = 0x00
	eventKey   = 0x01
	synDropped = 3

	keyEnter      = 28
	keyLeftCtrl   = 29
	keyA          = 30
	keyLeftShift  = 42
	keyRightShift = 54
	keyLeftAlt    = 56
	keyCapsLock   = 58
	keyNumLock    = 69
	keyScrollLock = 70
	keyKPEnter    = 96
	keyRightCtrl  = 97
	keyRightAlt   = 100
	keyLeftMeta   = 125
	keyRightMeta  = 126
)

// unreadable stands for what no character is known of. The decoder drops a code with one in it.
const unreadable = 0x00

// layout is what a key writes, alone and with shift, on a US keyboard: what scanners come with.
func layout() map[uint16][2]byte {
	keys := map[uint16][2]byte{
		26: {'[', '{'}, 27: {']', '}'}, 39: {';', ':'}, 40: {'\'', '"'}, 41: {'`', '~'}, 43: {'\\', '|'},
		51: {',', '<'}, 52: {'.', '>'}, 53: {'/', '?'}, 12: {'-', '_'}, 13: {'=', '+'}, 57: {' ', ' '}, 15: {'\t', '\t'},
		keyEnter: {'\r', '\r'}, keyKPEnter: {'\r', '\r'},
		55: {'*', '*'}, 74: {'-', '-'}, 78: {'+', '+'}, 83: {'.', '.'}, 98: {'/', '/'}, 86: {'\\', '|'},
	}
	row := func(first uint16, plain, shifted string) {
		for i := range len(plain) {
			keys[first+uint16(i)] = [2]byte{plain[i], shifted[i]}
		}
	}
	row(2, "1234567890", "!@#$%^&*()")
	row(16, "qwertyuiop", "QWERTYUIOP")
	row(keyA, "asdfghjkl", "ASDFGHJKL")
	row(44, "zxcvbnm", "ZXCVBNM")
	// The number pad, as with Num Lock on.
	row(71, "789", "789")
	row(75, "456", "456")
	row(79, "1230", "1230")
	return keys
}

var usLayout = layout()

// keys makes characters of key events.
type keys struct {
	shift, ctrl, other [2]bool // left and right; other: Alt and Meta, of which nothing is written
	caps               bool
	lost               bool // events were lost, up to the end of their report
}

// take makes the bytes of an event: mostly none.
func (k *keys) take(kind, code uint16, value int32) []byte {
	if kind == eventSyn {
		switch {
		case code == synDropped:
			// Which keys are down now is not known; a scanner holds none for long.
			*k = keys{caps: k.caps, lost: true}
			return []byte{unreadable}
		case k.lost:
			k.lost = false
		}
		return nil
	}
	const released, repeated = 0, 2
	if kind != eventKey || k.lost || value == repeated {
		return nil
	}
	down := value != released
	switch code {
	case keyLeftShift:
		k.shift[0] = down
	case keyRightShift:
		k.shift[1] = down
	case keyLeftCtrl:
		k.ctrl[0] = down
	case keyRightCtrl:
		k.ctrl[1] = down
	case keyLeftAlt, keyLeftMeta:
		k.other[0] = down
	case keyRightAlt, keyRightMeta:
		k.other[1] = down
	case keyCapsLock:
		k.caps = k.caps != down
	case keyNumLock, keyScrollLock:
	default:
		if down {
			return []byte{k.write(code)}
		}
	}
	return nil
}

// write is the character of a key that went down.
func (k *keys) write(code uint16) byte {
	pair, known := usLayout[code]
	if !known || either(k.other) {
		return unreadable
	}
	shift := either(k.shift)
	c := pair[0]
	if letter := c >= 'a' && c <= 'z'; shift != (letter && k.caps) {
		c = pair[1]
	}
	if either(k.ctrl) {
		// As terminals have it: Ctrl and ] is 1D, the separator of GS1.
		if c >= '@' && c <= 'z' && c != '`' {
			return c & 0x1f
		}
		return unreadable
	}
	return c
}

func either(pair [2]bool) bool { return pair[0] || pair[1] }
