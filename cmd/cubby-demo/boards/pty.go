// Package boards is a cabinet's hardware without hardware: its steel (doors, locks and the
// things inside), lock boards and a scanner on pseudo-terminals that speak the true bytes,
// and their faults. It knows the boards' protocol by the vendor's paper alone.
package boards

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// pty is a serial line's far end. The program under test opens Path.
type pty struct {
	master, slave *os.File
	path          string // of the link to the slave
}

// openPTY makes a line at a path, in place of what was there.
func openPTY(path string) (*pty, error) {
	// Non-blocking, so that Close ends a Read that waits.
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	var number int
	err = control(master, func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		number = n
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("boards: no pseudo-terminal: %w", err), master.Close())
	}
	name := "/dev/pts/" + strconv.Itoa(number)
	// Held open: without any slave the master's reads fail.
	slave, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.Join(err, master.Close())
	}
	p := &pty{master, slave, path}
	if err := control(slave, raw); err != nil {
		return nil, errors.Join(err, p.close())
	}
	if err := link(name, path); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func control(f *os.File, do func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// raw turns off what a terminal does to bytes.
func raw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

// speed is the baud rate that the program under test has set; 0: one that is not known here.
func (p *pty) speed() (baud int) {
	_ = control(p.master, func(fd int) error { // a line that is being closed has no speed
		t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err == nil {
			baud = map[uint32]int{
				unix.B9600: 9600, unix.B19200: 19200, unix.B38400: 38400, unix.B57600: 57600, unix.B115200: 115200,
			}[t.Cflag&unix.CBAUD]
		}
		return err
	})
	return baud
}

// link puts a symbolic link in place at once.
func link(to, path string) error {
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next")
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(to, next); err != nil {
		return err
	}
	return os.Rename(next, path)
}

func (p *pty) close() error {
	err := os.Remove(p.path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, p.slave.Close(), p.master.Close())
}
