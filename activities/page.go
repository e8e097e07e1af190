package activities

import (
	"context"
	"fmt"

	"cubby/models"
)

// Codes is what sealing a code needs of the store.
type Codes interface {
	// SealCode keeps what seal makes of a shipment, under an id, and has its client's page exist;
	// again for the same id it changes nothing. It returns not_found, or invalid_state when no
	// code opens anything for the client now.
	SealCode(ctx context.Context, id models.SealedID, shipment models.ShipmentID,
		hash func(models.Shipment) (string, error), seal func(models.Shipment) ([]byte, error)) error
}

// Page are the activities for what a client sees of a shipment.
type Page struct {
	Codes Codes
	Keys  Keyring
}

// SealCode seals a shipment's code to the key of who asked. It may be repeated.
func (a *Page) SealCode(ctx context.Context, in models.SealCodeInput) error {
	return failure(a.Codes.SealCode(ctx, in.ID, in.Shipment, a.Keys.pageHash, func(s models.Shipment) ([]byte, error) {
		key, err := a.Keys.CabinetKey(s.Locker)
		if err != nil {
			return nil, err
		}
		token, err := a.Keys.PageToken(s)
		if err != nil {
			return nil, err
		}
		c := models.ClientCode{Code: s.Codes.Code(key, s.ID, s.Issue), QR: models.PickupQR(key, s.ID, s.Issue), Page: token}
		return models.SealClientCode(c, in.ID, in.Public)
	}))
}

// Links makes the addresses of clients' pages. They let anybody collect: they belong into a
// client's message, and into no log, history or table.
type Links struct {
	Keys Keyring
	Base string // where clients reach the REST role, such as "https://parcels.example"
}

// Link is the address of a shipment's client's page. The page exists once a message of the
// shipment does.
func (l Links) Link(s models.Shipment) (string, error) {
	token, err := l.Keys.PageToken(s)
	if err != nil {
		return "", fmt.Errorf("the link of %s: %w", s.ID, err)
	}
	return l.Base + models.PagePath + token, nil
}
