package activities

import (
	"context"

	"cubby/models"
)

// KeyVersion is the version of the derivation of cabinets' keys.
const KeyVersion = 1

// Keyring derives cabinets' keys from the master key, which the worker role alone holds.
type Keyring struct{ Master []byte }

// CabinetKey returns a cabinet's key.
func (k Keyring) CabinetKey(l models.LockerID) (models.CabinetKey, error) {
	return models.DeriveCabinetKey(k.Master, l, KeyVersion)
}

// Cabinet are the activities for a cabinet's computer.
type Cabinet struct{ Keys Keyring }

// SealKey seals a cabinet's key to its computer.
func (a *Cabinet) SealKey(_ context.Context, in models.SealInput) (models.SealResult, error) {
	key, err := a.Keys.CabinetKey(in.Locker)
	if err != nil {
		return models.SealResult{}, err
	}
	sealed, err := models.SealCabinetKey(key, in.Locker, in.PublicKey)
	return models.SealResult{Version: KeyVersion, Sealed: sealed}, failure(err)
}
