package cabinet

import (
	"slices"
	"strconv"
	"strings"

	"cubby/models"
)

// maxDevice is how long the name of a device may be in a fact, in characters.
const maxDevice = 40

// DeviceKind is what a device is.
type DeviceKind string

// The kinds.
const (
	DeviceBoard   DeviceKind = "board"
	DeviceScanner DeviceKind = "scanner"
	DeviceClimate DeviceKind = "climate"
	DevicePower   DeviceKind = "power"
	DeviceScreen  DeviceKind = "screen"
	DeviceDisk    DeviceKind = "disk"
	DeviceProgram DeviceKind = "program"
	DeviceOutput  DeviceKind = "output"
)

// DeviceKinds lists them all.
func DeviceKinds() []DeviceKind {
	return []DeviceKind{DeviceBoard, DeviceScanner, DeviceClimate, DevicePower, DeviceScreen, DeviceDisk, DeviceProgram, DeviceOutput}
}

// Device is how a device of the cabinet stands. It is shown and no more: nothing is decided by it.
type Device struct {
	Kind  DeviceKind `json:"kind"`
	Name  string     `json:"name,omitempty"` // at the cabinet
	Up    bool       `json:"up,omitempty"`
	Value string     `json:"value,omitempty"` // what it reads, in figures
	Error string     `json:"error,omitempty"` // its last one, in English
	// Unset: it works, but not as it was to be set up.
	Unset bool   `json:"unset,omitempty"`
	Line  string `json:"line,omitempty"` // what it is at: the port, and how fast
	// Of a lock board: a set bit of it says that a door is open, and the cells of which it says the opposite.
	SetIsOpen bool   `json:"set_is_open,omitempty"`
	Inverted  string `json:"inverted,omitempty"`
	// Restarts: it can be made to begin anew.
	Restarts bool `json:"restarts,omitempty"`
}

// Key names it among the others of the cabinet.
func (d Device) Key() string { return strings.TrimSpace(string(d.Kind) + " " + d.Name) }

// devices are all that a technician can look at, the relays among them.
func (s *State) devices() []Device {
	all := slices.Clone(s.Devices)
	for _, o := range s.Outputs {
		d := Device{Kind: DeviceOutput, Name: string(o.Output), Up: o.Up}
		d.Value = strconv.Itoa(o.Drives) + " / " + strconv.Itoa(o.Fails)
		all = append(all, d)
	}
	return all
}

func (s *State) device(key string) (Device, bool) {
	all := s.devices()
	i := slices.IndexFunc(all, func(d Device) bool { return d.Key() == key })
	if i < 0 || key == "" {
		return Device{}, false
	}
	return all[i], true
}

// maxError is how much of a device's error is told in a fact, in characters.
const maxError = 120

// deviceCounted tells the server how a device has worked.
func (t *turn) deviceCounted(in DeviceCounted) {
	if in.Device == "" {
		return
	}
	state, counts := models.DeviceOK, in.Counts
	if !in.Up {
		state = models.DeviceDown
	}
	counts.Error = clip(counts.Error, maxError)
	t.write(models.FactDevice, "", nil, models.FactData{Device: clip(in.Device, maxDevice), State: state, Counts: &counts})
}

// choseDevice shows one device, or takes a touched part of the glass.
func (t *turn) choseDevice(key string) {
	s := &t.Session.Staff
	if t.Session.Text == TextStaffTouch {
		t.touchTested(key)
		return
	}
	if _, ok := t.device(key); ok && t.Session.Text == TextStaffDevices {
		s.Device = key
		t.staffShow(ScreenDevices, TextStaffDevice)
	}
}

// acts are what can be done with a device.
func (s *State) acts(d Device) []Button {
	var acts []Button
	switch d.Kind {
	case DeviceScanner:
		acts = append(acts, ButtonTestScanner)
	case DeviceScreen:
		acts = append(acts, ButtonTestTouch, ButtonTestSound)
	case DeviceOutput:
		if o := models.Output(d.Name); slices.Contains(s.Tries(), o) && o.CutsPower() {
			acts = append(acts, ButtonCycle)
		} else if slices.Contains(s.Tries(), o) {
			acts = append(acts, ButtonTry)
		}
	}
	if d.Restarts {
		acts = append(acts, ButtonRestart)
	}
	return acts
}

// pressedDevices takes a button of a device.
func (t *turn) pressedDevices(b Button) {
	s := &t.Session.Staff
	d, ok := t.device(s.Device)
	if !ok {
		return
	}
	if t.Session.Text == TextStaffSound {
		if act, answers := map[Button]string{ButtonHeard: models.StaffHeard, ButtonUnheard: models.StaffUnheard}[b]; answers {
			t.staffAct(act, d.Key())
			t.staffShow(ScreenDevices, TextStaffDevice)
		}
		return
	}
	if t.Session.Text != TextStaffDevice || !slices.Contains(t.acts(d), b) {
		return
	}
	switch b {
	case ButtonTestScanner:
		s.Scan, s.ScanLength = "", 0
		t.staffAct(models.StaffTestScanner, d.Key())
		t.staffShow(ScreenDevices, TextStaffScan)
	case ButtonTestTouch:
		s.Untouched = touchParts()
		t.staffAct(models.StaffTestTouch, d.Key())
		t.staffShow(ScreenDevices, TextStaffTouch)
	case ButtonTestSound:
		t.staffShow(ScreenDevices, TextStaffSound)
	case ButtonRestart:
		t.staffAct(models.StaffRestart, d.Key())
		t.changed(TextStaffRestarted, 0, d.Key())
		t.effect(Restart{Device: d.Key()})
		t.staffShow(ScreenDevices, TextStaffDevice)
	case ButtonTry, ButtonCycle:
		if t.tryOutput(models.Output(d.Name)) {
			t.staffAct(models.StaffTry, d.Key())
			t.changed(TextStaffTried, 0, d.Key())
			t.staffShow(ScreenDevices, TextStaffDevice)
		}
	}
}

// The kinds of what a scanner read.
const (
	scanDigits  = "digits"
	scanLetters = "letters"
	scanOther   = "other"
)

// scanTested keeps of a scan what kind it is of, and how long: never what it says.
func (t *turn) scanTested(text string) {
	s := &t.Session.Staff
	s.Scan, s.ScanLength = scanOther, len([]rune(text))
	inside := func(set string) bool { return strings.Trim(text, set) == "" }
	switch {
	case inside("0123456789"):
		s.Scan = scanDigits
	case inside("0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"):
		s.Scan = scanLetters
	}
	t.staffShow(ScreenDevices, TextStaffScanned)
}

// touchParts name the parts of the glass that a test has touched.
func touchParts() []string {
	return []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}
}

func (t *turn) touchTested(part string) {
	s := &t.Session.Staff
	s.Untouched = slices.DeleteFunc(s.Untouched, func(p string) bool { return p == part })
	if len(s.Untouched) > 0 {
		return
	}
	t.staffShow(ScreenDevices, TextStaffTouched)
}
