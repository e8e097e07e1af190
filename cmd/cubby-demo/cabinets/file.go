package cabinets

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// write replaces a file as a whole and returns once it is on the disk: after a power cut
// there is the old one or the new one.
func write(path string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cabinets: %s has no JSON form: %w", filepath.Base(path), err)
	}
	return writeBytes(path, raw)
}

func writeBytes(path string, raw []byte) (err error) {
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = dir.Sync()
	if e := dir.Close(); err == nil {
		err = e
	}
	return err
}
