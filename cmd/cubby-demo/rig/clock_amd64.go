package rig

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// vdsoClock is how programs ask the kernel for the time.
const vdsoClock = "__vdso_clock_gettime"

// vdso is the code that the kernel maps into a process.
type vdso struct{ begin, end uint64 }

// setClock has a child that was started with a tracer, and stands before its first instruction, see another wall clock
// than this machine's from then on. It must run in the thread that started it. The program itself is as it is: what the
// kernel lends it for asking the time is replaced by a system call and an addition.
func setClock(cmd *exec.Cmd, ahead time.Duration) error {
	pid := cmd.Process.Pid
	var stopped syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &stopped, 0, nil); err != nil {
		return err
	}
	if !stopped.Stopped() {
		return fmt.Errorf("it did not wait for its clock: %v", stopped)
	}
	at, err := clockFunction(pid)
	if err != nil {
		return err
	}
	if _, err := syscall.PtracePokeText(pid, uintptr(at), clockCode(ahead)); err != nil {
		return err
	}
	return syscall.PtraceDetach(pid)
}

// clockCode is a clock_gettime(2) that adds seconds to CLOCK_REALTIME, and leaves every other clock alone.
func clockCode(ahead time.Duration) []byte {
	code := []byte{
		0xB8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
		0x0F, 0x05, // syscall
		0x85, 0xFF, // test edi, edi
		0x75, 0x07, // jnz over the addition
		0x48, 0x81, 0x06, // add qword [rsi], seconds
	}
	code = binary.LittleEndian.AppendUint32(code, uint32(int32(ahead/time.Second)))
	return append(code, 0xC3) // ret
}

// clockFunction finds where a process has the function.
func clockFunction(pid int) (uint64, error) {
	there, err := findVDSO(pid)
	if err != nil {
		return 0, err
	}
	mine, err := findVDSO(os.Getpid())
	if err != nil {
		return 0, err
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return 0, err
	}
	defer memory.Close()
	image := make([]byte, mine.end-mine.begin)
	if _, err := memory.ReadAt(image, int64(mine.begin)); err != nil {
		return 0, err
	}
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == vdsoClock {
			return there.begin + s.Value, nil
		}
	}
	return 0, fmt.Errorf("the kernel lends no %s", vdsoClock)
}

func findVDSO(pid int) (vdso, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/maps")
	if err != nil {
		return vdso{}, err
	}
	for line := range strings.Lines(string(raw)) {
		var v vdso
		if strings.HasSuffix(strings.TrimSpace(line), "[vdso]") {
			_, err := fmt.Sscanf(line, "%x-%x", &v.begin, &v.end)
			return v, err
		}
	}
	return vdso{}, fmt.Errorf("process %d has no vdso", pid)
}
