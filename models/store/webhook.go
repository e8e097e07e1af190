package store

import "time"

// workerKey is a public key of the worker, to which the api seals what only the worker may read.
type workerKey struct {
	Purpose   string `gorm:"primaryKey"`
	Public    []byte
	UpdatedAt time.Time
}
