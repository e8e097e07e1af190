package people_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/cmd/cubby-demo/people"
)

const (
	home      = `{"screen":"C1","text":"home","sentence":"Type your pickup code."}`
	wait      = `{"screen":"C4","text":"wait","operation":"op_1"}`
	takeThree = `{"screen":"P5","text":"take","operation":"op_1","doors":[3,4],"open_doors":[3,9]}`
	wrongCode = `{"screen":"P1","text":"wrong_code","sentence":"This is not a code of this locker."}`
)

func TestAwaitDoorNamesTheScreen(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	service := answers(t, func(w http.ResponseWriter, r *http.Request) { body(home)(w, r); cancel() })
	courier := people.Courier{At: people.Cabinet{Service: service, Locker: "lkr_1"}}
	_, err := courier.AwaitDoor(ctx)
	require.ErrorContains(t, err, "an open door to put the parcel in at cabinet lkr_1")
}

func TestClientTakesFromItsOwnDoor(t *testing.T) {
	t.Parallel()
	// Door 4 is still coming, and door 9 is somebody else's.
	client := people.Client{At: people.Cabinet{Service: answers(t, body(wait), body(takeThree)), Locker: "lkr_1"}}
	_, err := client.Type(t.Context(), "12345678")
	require.NoError(t, err)
	cell, done, err := client.AwaitDoor(t.Context())
	require.NoError(t, err)
	require.False(t, done)
	require.Equal(t, 3, cell)
}

func TestClientGoesOnWithAnInterruptedPickup(t *testing.T) {
	t.Parallel()
	for text, goesOn := range map[string]bool{wait: true, takeThree: true, home: false} {
		var pressed string
		client := people.Client{At: people.Cabinet{Locker: "lkr_1", Service: answers(t,
			body(`{"screen":"P11","text":"interrupted"}`),
			func(w http.ResponseWriter, r *http.Request) {
				raw, _ := io.ReadAll(r.Body)
				pressed = r.URL.Path + " " + string(raw)
				body(text)(w, r)
			})}}
		_, err := client.Type(t.Context(), "12345678")
		require.Contains(t, pressed, "press")
		require.Contains(t, pressed, "open_again")
		if goesOn {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "does not go on")
		}
	}
}

func TestClientGivesUpBeforeThePadIsPaused(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	client := people.Client{At: people.Cabinet{Service: answers(t, body(wrongCode)), Locker: "lkr_1"}}
	_, err := client.Type(ctx, "12345678")
	require.ErrorContains(t, err, "This is not a code of this locker.")
}

func TestLabelRefused(t *testing.T) {
	t.Parallel()
	courier := people.Courier{At: people.Cabinet{Service: answers(t, body(`{"text":"other_carrier","sentence":"Another carrier's."}`))}}
	_, err := courier.Scan(t.Context(), "B1")
	require.ErrorContains(t, err, "the label was refused")
	require.ErrorContains(t, err, "Another carrier's.")
}

func TestCode(t *testing.T) {
	t.Parallel()
	code, err := people.Code(people.Mail{Text: "Your parcel 1111 2222 is waiting.\n\nPickup code: 0123 4567\n"})
	require.NoError(t, err)
	require.Equal(t, "01234567", code)
	_, err = people.Code(people.Mail{Subject: "Hello", Text: "1234 5678"})
	require.ErrorContains(t, err, `mail "Hello" has no pickup code`)
}

func TestSameThings(t *testing.T) {
	t.Parallel()
	require.NoError(t, people.SameThings([]string{"b", "a"}, []string{"a", "b"}))
	require.EqualError(t, people.SameThings(nil, []string{"a"}), `took "", expected "a"`)
	require.Error(t, people.SameThings([]string{"a", "a"}, []string{"a"}))
}
