// Package codes reads clients' pickup codes. The worker alone can reckon them: it seals one to a key
// of this process that is used once, so that no history, table or log ever has it.
package codes

import (
	"context"
	"crypto/ecdh"
	"crypto/hpke"
	"io"

	"cubby/models"
)

// Engine has a code sealed. It returns unavailable while the engine cannot be reached, not_found for
// an unknown shipment, and invalid_state when no code opens anything for the client now.
type Engine interface {
	SealCode(ctx context.Context, in models.SealCodeInput) error
}

// Store keeps sealed codes.
type Store interface {
	// TakeSealed reads a sealed code, once; not_found when it was read, or waited for too long.
	TakeSealed(ctx context.Context, id models.SealedID) ([]byte, error)
}

// Reader reads codes. Rand must be safe for concurrent use.
type Reader struct {
	Engine Engine
	Store  Store
	IDs    *models.IDs
	Rand   io.Reader
}

// Read returns a shipment's code by now, with the errors of Engine. The caller has made sure that
// whoever asked may see it.
func (r *Reader) Read(ctx context.Context, s models.ShipmentID) (models.ClientCode, error) {
	var seed [32]byte
	if _, err := io.ReadFull(r.Rand, seed[:]); err != nil {
		return models.ClientCode{}, err
	}
	private, err := hpke.DHKEM(ecdh.P256()).DeriveKeyPair(seed[:])
	if err != nil {
		return models.ClientCode{}, err
	}
	in := models.SealCodeInput{ID: models.SealedID(r.IDs.New(models.PrefixSealed)), Shipment: s, Public: private.PublicKey().Bytes()}
	if err := r.Engine.SealCode(ctx, in); err != nil {
		return models.ClientCode{}, err
	}
	sealed, err := r.Store.TakeSealed(ctx, in.ID)
	if models.ErrorCode(err) == models.CodeNotFound {
		err = models.Wrap(models.CodeUnavailable, err, "The code took too long. Please try again.")
	}
	if err != nil {
		return models.ClientCode{}, err
	}
	return models.OpenClientCode(sealed, in.ID, private)
}
