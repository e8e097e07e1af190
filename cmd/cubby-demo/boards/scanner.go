package boards

// Scanner is a barcode scanner on a serial line.
type Scanner struct{ line *pty }

// NewScanner puts a scanner on a line at a path.
func NewScanner(path string) (*Scanner, error) {
	line, err := openPTY(path)
	return &Scanner{line}, err
}

// Scan reads a code out, followed by CR and LF.
func (s *Scanner) Scan(code string) error {
	_, err := s.line.master.Write([]byte(code + "\r\n"))
	return err
}

// Close takes the scanner away.
func (s *Scanner) Close() error { return s.line.close() }
