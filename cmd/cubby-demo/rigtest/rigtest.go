// Package rigtest gives tests what the rig passes on to them. No program links it.
package rigtest

import (
	"os"
	"path/filepath"
	"testing"

	"cubby/cmd/cubby-demo/rig"
)

// Programs is the folder of the built programs, which lie beside cubby-temporal. It skips the test where they are not
// built: "make test" builds them.
func Programs(t testing.TB) string {
	t.Helper()
	dir := filepath.Dir(os.Getenv(rig.EnvTemporalBinary))
	if _, err := os.Stat(filepath.Join(dir, "cubby")); err != nil || dir == "." {
		t.Skipf("SKIPPED: no program cubby beside what %s names; 'make test' has it", rig.EnvTemporalBinary)
	}
	return dir
}
