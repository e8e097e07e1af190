package boards

import (
	"encoding/binary"
	"sync"
)

const (
	readMeasured    = 4
	temperatureAt   = 1
	temperatureUnit = 1
)

// Thermometer is an XY-MD02 on a line of its own: Modbus RTU, unit 1, the temperature in
// tenths of a degree at measured register 1.
type Thermometer struct {
	line *pty

	mu         sync.Mutex
	value      int
	silent     bool
	garbled    bool
	noise      []byte
	hundredths bool
	ended      chan struct{}
}

// NewThermometer makes one at a path.
func NewThermometer(path string, tenths int) (*Thermometer, error) {
	line, err := openPTY(path)
	if err != nil {
		return nil, err
	}
	t := &Thermometer{line: line, value: tenths, ended: make(chan struct{})}
	go t.serve()
	return t, nil
}

// Set is the temperature from now on, in tenths of a degree; of a clone in hundredths.
func (t *Thermometer) Set(value int) { t.change(func() { t.value = value }) }

// Clone has it tell hundredths.
func (t *Thermometer) Clone(value int) { t.change(func() { t.hundredths, t.value = true, value }) }

// Silence has it answer nothing, or again.
func (t *Thermometer) Silence(silent bool) { t.change(func() { t.silent = silent }) }

// Garble has its checksums be wrong, or right again.
func (t *Thermometer) Garble(garbled bool) { t.change(func() { t.garbled = garbled }) }

// Noise stands before each answer.
func (t *Thermometer) Noise(noise ...byte) { t.change(func() { t.noise = noise }) }

func (t *Thermometer) change(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}

// Close takes it off its line.
func (t *Thermometer) Close() error {
	err := t.line.close()
	<-t.ended
	return err
}

func (t *Thermometer) serve() {
	defer close(t.ended)
	var have []byte
	var buffer [64]byte
	for {
		n, err := t.line.master.Read(buffer[:])
		if err != nil {
			return
		}
		have = append(have, buffer[:n]...)
		for {
			var request []byte
			if request, have = (unit{}).cut(have); request == nil {
				break
			}
			if answer := t.answer(request); answer != nil {
				if _, err := t.line.master.Write(answer); err != nil {
					return
				}
			}
		}
	}
}

func (t *Thermometer) answer(request []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.silent || request[0] != temperatureUnit {
		return nil
	}
	function, address, count := fields(request)
	if function != readMeasured || address != temperatureAt || count != 1 {
		return sealCRC(request[0], function|0x80, noSuchAddress)
	}
	value := binary.BigEndian.AppendUint16(nil, uint16(int16(t.value)))
	answer := sealCRC(append([]byte{request[0], function, 2}, value...)...)
	if t.garbled {
		answer[len(answer)-1] ^= 0xFF
	}
	return append(append([]byte{}, t.noise...), answer...)
}
