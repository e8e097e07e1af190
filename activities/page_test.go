package activities_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/hpke"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"cubby/activities"
	"cubby/models"
)

// codes keeps what is sealed of one shipment, and the hash of its page.
type codes struct {
	row    models.Shipment
	refuse error
	sealed []byte
	hash   string
}

func (c *codes) SealCode(_ context.Context, _ models.SealedID, _ models.ShipmentID,
	hash func(models.Shipment) (string, error), seal func(models.Shipment) ([]byte, error)) (err error) {
	if c.refuse != nil {
		return c.refuse
	}
	if c.hash, err = hash(c.row); err != nil {
		return err
	}
	c.sealed, err = seal(c.row)
	return err
}

// TestSealCode: what is sealed opens by the one key, for the one row, and is the code, the QR and the page of the issue.
func TestSealCode(t *testing.T) {
	t.Parallel()
	keys := activities.Keyring{Master: bytes.Repeat([]byte{7}, 32)}
	store := &codes{row: models.Shipment{ID: "shp_1", Locker: "lkr_1", Issue: 2}}
	private, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	require.NoError(t, err)
	in := models.SealCodeInput{ID: "sea_1", Shipment: "shp_1", Public: private.PublicKey().Bytes()}
	seal := func() error {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		a := &activities.Page{Codes: store, Keys: keys}
		env.RegisterActivity(a)
		_, err := env.ExecuteActivity(a.SealCode, in)
		return err
	}
	require.NoError(t, seal())
	got, err := models.OpenClientCode(store.sealed, "sea_1", private)
	require.NoError(t, err)
	key, err := keys.CabinetKey("lkr_1")
	require.NoError(t, err)
	require.Equal(t, models.PickupCode(key, "shp_1", 2), got.Code)
	require.Equal(t, models.PickupQR(key, "shp_1", 2), got.QR)
	require.Equal(t, store.hash, models.PageHash(got.Page))
	_, err = models.OpenClientCode(store.sealed, "sea_2", private)
	require.Error(t, err, "of another row")
	other, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	require.NoError(t, err)
	_, err = models.OpenClientCode(store.sealed, "sea_1", other)
	require.Error(t, err, "by another key")

	link, err := activities.Links{Keys: keys, Base: "https://parcels.example"}.Link(store.row)
	require.NoError(t, err)
	require.Equal(t, "https://parcels.example/t/"+got.Page, link, "a message's link is the page's")
	moved := store.row
	moved.PageRev++
	newer, err := activities.Links{Keys: keys, Base: "https://parcels.example"}.Link(moved)
	require.NoError(t, err)
	require.NotEqual(t, link, newer)
	require.True(t, models.ValidPageToken(strings.TrimPrefix(newer, "https://parcels.example/t/")))

	store.refuse = models.Errorf(models.CodeInvalidState, "It was collected.")
	require.ErrorContains(t, seal(), "It was collected.")
	store.refuse, in.Public = nil, []byte("no key")
	require.ErrorContains(t, seal(), "public_key")
}

// projecting is as much of the store as ProjectShipment needs.
type projecting struct {
	activities.Lives
	opened []string
}

func (p *projecting) OpenPage(_ context.Context, id models.ShipmentID, hash func(models.Shipment) (string, error)) error {
	sum, err := hash(models.Shipment{ID: id})
	p.opened = append(p.opened, sum)
	return err
}

func (p *projecting) Project(context.Context, models.Projection, func(models.Grant) models.SignedGrant) (models.ProjectResult, error) {
	return models.ProjectResult{}, nil
}

// TestPageIsThereBeforeItsMessage, and for nothing else.
func TestPageIsThereBeforeItsMessage(t *testing.T) {
	t.Parallel()
	store, keys := &projecting{}, activities.Keyring{Master: bytes.Repeat([]byte{7}, 32)}
	a := &activities.Shipment{Lives: store, Keys: keys}
	_, err := a.ProjectShipment(t.Context(), models.Projection{Shipment: "shp_1"})
	require.NoError(t, err)
	require.Empty(t, store.opened)
	_, err = a.ProjectShipment(t.Context(), models.Projection{Shipment: "shp_1", Notify: []models.NoticeKind{models.NoticeReady}})
	require.NoError(t, err)
	token, err := keys.PageToken(models.Shipment{ID: "shp_1"})
	require.NoError(t, err)
	require.Equal(t, []string{models.PageHash(token)}, store.opened)
}
