package models_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/models"
)

// TestPolicyEqual: no field is forgotten.
func TestPolicyEqual(t *testing.T) {
	t.Parallel()
	whole := func() models.Policy {
		p := models.ReadyMadePolicies()[0]
		p.Tell, p.DefaultSize, p.Codes = models.OptionalKinds(), models.SizeL, models.CodeBase32
		p.ShareCells = true
		return p
	}
	p := whole()
	require.True(t, p.Equal(whole()))
	for i := range reflect.TypeFor[models.Policy]().NumField() {
		o := p
		field := reflect.ValueOf(&o).Elem().Field(i)
		field.SetZero()
		require.False(t, p.Equal(o), reflect.TypeFor[models.Policy]().Field(i).Name)
	}
}
