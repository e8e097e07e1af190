package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// BenchmarkTakeIn takes in batches of 50 facts, of which half name a shipment.
func BenchmarkTakeIn(b *testing.B) {
	run := func(b *testing.B, f *fixture) {
		l := f.locker(b, "L-1")
		v := f.create(b, f.announcement(l.ID, "N1"))
		j := &journal{at: f.clock()}
		_, err := f.TakeIn(b.Context(), l.ID, []models.Fact{opened(j)})
		require.NoError(b, err)
		for b.Loop() {
			batch := make([]models.Fact, 0, 50)
			for range 25 {
				batch = append(batch, j.fact(models.FactDoorOpened, 1, models.FactData{}), j.fact(models.FactDeposited, 1, deposited(v, 0, 1)))
			}
			_, err := f.TakeIn(b.Context(), l.ID, batch)
			require.NoError(b, err)
		}
		b.ReportMetric(float64(50*b.N)/b.Elapsed().Seconds(), "facts/s")
	}
	b.Run("sqlite", func(b *testing.B) { run(b, open(b, "sqlite:"+filepath.Join(b.TempDir(), "cubby.db"))) })
	b.Run("postgres", func(b *testing.B) {
		if os.Getenv("CUBBY_TEST_POSTGRES") == "" {
			b.Skip("NOT MEASURED ON POSTGRES: set CUBBY_TEST_POSTGRES to the URL of a server")
		}
		run(b, open(b, postgresURL(b)))
	})
}
