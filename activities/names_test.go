package activities_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/activities"
)

// TestActivityNamesAreUnique: a worker registers methods by their bare names, and the test
// environment would not notice two of one name.
func TestActivityNamesAreUnique(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, a := range []any{&activities.Shipment{}, &activities.Notify{}, &activities.Cabinet{}, &activities.Incident{},
		&activities.Retention{}, &activities.Closing{}, &activities.Webhook{}, &activities.Locker{},
		&activities.Remote{}, &activities.Signing{}} {
		typ := reflect.TypeOf(a)
		for m := range typ.Methods() {
			require.Empty(t, owner[m.Name], "%s is an activity of %s and of %s", m.Name, owner[m.Name], typ)
			owner[m.Name] = typ.String()
		}
	}
	require.NotEmpty(t, owner)
}
