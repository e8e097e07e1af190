package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/agent/lock"
	"cubby/models"
)

// TestHowDevicesAreConnected: what a technician looks for with the plug in the hand.
func TestHowDevicesAreConnected(t *testing.T) {
	t.Parallel()
	buses := []bus{
		{"serial:/dev/ttyS1?baud=9600", []lock.Board{
			{Name: "A", Feedback: lock.OpenWhenLocked, Inverted: []int{3, 7}}, {Name: "B", Feedback: lock.ClosedWhenLocked},
		}},
		{"tcp:192.0.2.7:5000", []lock.Board{{Name: "C", Feedback: lock.ClosedWhenLocked}}},
		{"serial:/dev/ttyS2", []lock.Board{{Name: "D", Feedback: lock.ClosedWhenLocked}}},
	}
	for name, want := range map[string]cabinet.Device{
		"A": {Line: "ttyS1, 9600 baud", SetIsOpen: true, Inverted: "3, 7"},
		"B": {Line: "ttyS1, 9600 baud"}, "C": {Line: "tcp:192.0.2.7:5000"}, "D": {Line: "ttyS2, 19200 baud"},
	} {
		want.Kind, want.Name, want.Up, want.Value = cabinet.DeviceBoard, name, true, "12 ms"
		require.Equal(t, want, boardDevice(lock.BoardStatus{Name: name, Up: true, Latency: 12 * time.Millisecond}, buses))
	}
	require.Equal(t, cabinet.Device{Kind: cabinet.DeviceScanner, Name: "ttyUSB0", Up: true, Line: "ttyUSB0, 9600 baud"},
		scannerDevice(scannerStatus{Port: "serial:/dev/ttyUSB0?baud=9600"}))
	unset := scannerDevice(scannerStatus{Port: "serial:/dev/ttyUSB0?baud=9600", SetUp: "setting codes stay in force"})
	require.True(t, unset.Up && unset.Unset)
	require.Equal(t, "setting codes stay in force", unset.Error)
	require.Equal(t, "no such file", scannerDevice(scannerStatus{Port: "serial:/dev/x", Error: "no such file"}).Error)
}

// TestATechnicianRestartsTheProgram: it tells how the devices stand, begins anew when a technician
// wants it, and nobody is logged in then.
func TestATechnicianRestartsTheProgram(t *testing.T) {
	t.Parallel()
	p := newPlace(t, 2)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String() // the restart must find it again
	require.NoError(t, free.Close())
	p.configure(map[string]any{"screen": address})
	pin, err := models.HashPIN("4711", rand.Reader)
	require.NoError(t, err)
	p.cabinet().Tell(models.EntryCourier, "cou_3", models.DirectoryCourier{
		Courier: "cou_3", Organization: "org_3", Operator: true, Role: models.RoleTechnician, Badge: "STAFF-1", PINHash: pin,
	})
	r := p.enroll().run()
	act := func(what, text string) {
		t.Helper()
		body, err := json.Marshal(map[string]string{"text": text})
		require.NoError(t, err)
		answer, err := http.Post(fmt.Sprintf("http://%s/%s", address, what), "application/json", bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
	shows := func(screen cabinet.ScreenID) {
		t.Helper()
		r.eventually(func(st state) bool { return st.View.Screen == screen }, string(screen))
	}
	r.eventually(func(st state) bool { return st.Directory == 2 }, "it knows the badge")
	require.NoError(t, p.scanner.Scan("STAFF-1"))
	shows(cabinet.ScreenStaff)
	act("keys", "4711")
	act("press", "service_repair")
	r.eventually(func(st state) bool {
		told := fmt.Sprint(st.View.Report)
		return strings.Contains(told, "Lock board A") && strings.Contains(told, "Disk") && strings.Contains(told, "Scanner scanner")
	}, "how the devices stand")
	act("press", "devices")
	act("choose", "program")
	act("press", "restart")
	r.eventually(func(st state) bool {
		return strings.Count(r.log.String(), `"msg":"starting"`) == 2 && st.View.Screen == cabinet.ScreenHome
	}, "it began anew")
	require.Eventually(t, func() bool {
		for _, f := range p.cabinet().Facts() {
			if d, err := f.Payload(); err == nil && f.Type == models.FactStaffAct && d.Reason == models.StaffRestart {
				return d.Courier == "cou_3" && d.Device == "program"
			}
		}
		return false
	}, soon, often, "the server knows who did it")
}
