package scenes

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/people"
	"cubby/models"
)

// scanRefused has the courier scan a label that must be refused with one of the texts.
func scanRefused(ctx context.Context, w *world, at people.Cabinet, label string, texts ...string) error {
	courier := w.courier(at)
	if err := courier.LogIn(ctx); err != nil {
		return err
	}
	screen, err := at.Scan(ctx, label)
	if err != nil {
		return err
	}
	if !slices.Contains(texts, screen.Text) {
		return fmt.Errorf("the label %s is answered with %s, want one of %v", label, screen, texts)
	}
	if err := shut(ctx, at); err != nil {
		return err
	}
	return courier.Leave(ctx)
}

// emptied waits until every cell is free and holds nothing: the time to reopen is over too.
func emptied(ctx context.Context, at people.Cabinet) error {
	what := fmt.Sprintf("every cell of cabinet %s to be free", at.Locker)
	return people.Await(ctx, what, 100*time.Millisecond, func() (bool, string, error) {
		cells, err := at.Cells(ctx)
		for _, c := range cells {
			if c.State != "free" || c.Doubtful || len(c.Content) > 0 {
				return false, fmt.Sprintf("%+v", c), err
			}
		}
		return err == nil, "", err
	})
}

// wrongCodeAndTypo: a mistyped code is no attempt, a wrong one opens nothing, the right one opens all the same.
func wrongCodeAndTypo(ctx context.Context, w *world) error {
	at, s, client, code, err := w.stored(ctx, 4)
	if err != nil {
		return err
	}
	// More typing mistakes than wrong codes are allowed.
	for digit := range 8 {
		screen, err := at.Keys(ctx, typo(code, digit))
		if err != nil {
			return err
		}
		if screen.Text != "mistyped" {
			return fmt.Errorf("digit %d of the code mistyped is answered with %s", digit+1, screen)
		}
	}
	wrong := anotherCode(code)
	if err := w.sabotage(func() error { wrong = code; return nil }); err != nil {
		return err
	}
	screen, err := at.Keys(ctx, wrong)
	if err != nil {
		return err
	}
	if screen.Text != "wrong_code" {
		return fmt.Errorf("a wrong code is answered with %s", screen)
	}
	if err := shut(ctx, at); err != nil {
		return err
	}
	if err := client.Pickup(ctx, code, labels(s)...); err != nil {
		return err
	}
	return w.ends(ctx, s, client, 1, "shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up")
}

// typo changes one digit.
func typo(code string, digit int) string {
	raw := []byte(code)
	raw[digit] = '0' + (raw[digit]-'0'+1)%10
	return string(raw)
}

// anotherCode is a well-formed code of no shipment.
func anotherCode(code string) string {
	raw := []byte(code)
	raw[0] = '0' + (raw[0]-'0'+1)%10
	for {
		if models.ValidCode(string(raw)) {
			return string(raw)
		}
		raw[7] = '0' + (raw[7]-'0'+1)%10
	}
}
