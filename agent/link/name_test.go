package link_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/link"
)

func TestSpeedOfAName(t *testing.T) {
	require.Equal(t, 9600, link.Baud("serial:/dev/ttyS0?baud=9600"))
	require.Zero(t, link.Baud("serial:/dev/ttyS0"))
	require.Zero(t, link.Baud("tcp:192.0.2.7:5000"))
	require.Zero(t, link.Baud("serial:/dev/ttyS0?baud=%zz"))
	other, ok := link.WithBaud("serial:/dev/ttyS0?baud=9600", 57600)
	require.True(t, ok)
	require.Equal(t, "serial:/dev/ttyS0?baud=57600", other)
	_, ok = link.WithBaud("tcp:192.0.2.7:5000", 57600)
	require.False(t, ok)
}
