package store

import (
	"time"

	"cubby/models"
)

// workerKey is a public key of the worker, to which the api seals what only the worker may read.
type workerKey struct {
	Purpose   string `gorm:"primaryKey"`
	Public    []byte
	UpdatedAt time.Time
}

// scarceCells is a size of which a locker has few free cells left, as was told.
type scarceCells struct {
	Locker models.LockerID `gorm:"primaryKey"`
	Regime models.Regime   `gorm:"primaryKey"`
	Size   models.Size     `gorm:"primaryKey"`
	Since  time.Time
}

// TableName is the table of sizes that are short.
func (scarceCells) TableName() string { return "scarce_cells" }
