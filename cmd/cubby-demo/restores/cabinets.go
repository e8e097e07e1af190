package restores

import (
	"context"
	"fmt"
	"slices"

	"cubby/cmd/cubby-demo/people"
)

// imagined is what the plays about a cabinet's store begin with: a cabinet with two parcels inside and one expected, and
// another cabinet that nothing happens to.
type imagined struct {
	at, other     people.Cabinet
	first, second *shipment
	coming        *shipment
}

func (w *world) imagined(ctx context.Context) (i imagined, err error) {
	if i.at, err = w.locker(ctx); err != nil {
		return i, err
	}
	if i.other, err = w.locker(ctx); err != nil {
		return i, err
	}
	if i.first, err = w.ready(ctx, i.at); err != nil {
		return i, err
	}
	if i.second, err = w.ready(ctx, i.at); err != nil {
		return i, err
	}
	i.coming, err = w.expected(ctx, i.at)
	return i, err
}

// elsewhere is the life of the other cabinet: one parcel from its announcement to its pickup.
func (w *world) elsewhere(ctx context.Context, at people.Cabinet) error {
	s, err := w.ready(ctx, at)
	if err != nil {
		return err
	}
	return w.collect(ctx, s)
}

// closed: a code opens nothing.
func closed(ctx context.Context, s *shipment) error {
	screen, err := s.client.At.Keys(ctx, s.code)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"wrong_code", "collected", "collected_on", "taken_back", "moved", "withdrawn"}, screen.Text) {
		return fmt.Errorf("the code of %s is answered with %s", s.announced.Number, screen)
	}
	return nil
}

// agentImage: a cabinet's disk is an image of yesterday. First it wakes up with network; then, with an image again, it
// has to serve without for a while, and does not know that it is old.
func agentImage(ctx context.Context, w *world) error {
	i, err := w.imagined(ctx)
	if err != nil {
		return err
	}
	image := w.in("image")
	if err := w.image(ctx, i.at, image); err != nil {
		return err
	}
	if err := w.collect(ctx, i.first); err != nil {
		return err
	}
	later, err := w.ready(ctx, i.at)
	if err != nil {
		return err
	}
	third, err := w.expected(ctx, i.at)
	if err != nil {
		return err
	}
	if err := w.putBack(ctx, i, image, false); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	w.say("with network: %d parcels inside, %d cells in doubt, %d named", w.figure.inside, w.figure.doubtful, w.figure.named)
	if err := closed(ctx, i.first); err != nil {
		return err
	}
	if err := w.collect(ctx, later); err != nil {
		return fmt.Errorf("a parcel that came after the image: %w", err)
	}
	if err := w.check(ctx, i.at); err != nil {
		return err
	}
	if err := w.image(ctx, i.at, image); err != nil {
		return err
	}
	later, err = w.ready(ctx, i.at)
	if err != nil {
		return err
	}
	if err := w.putBack(ctx, i, image, true); err != nil {
		return err
	}
	if err := closed(ctx, later); err != nil {
		return fmt.Errorf("without network the old store cannot know of a later parcel: %w", err)
	}
	if err := w.bring(ctx, i.coming, i.at, i.coming.labels()...); err != nil {
		return fmt.Errorf("a deposit by an old store without network: %w", err)
	}
	if err := w.collect(ctx, i.second); err != nil {
		return fmt.Errorf("a pickup by an old store without network: %w", err)
	}
	if err := i.at.Line(ctx, false); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	w.say("without network at first: %d parcels inside, %d cells in doubt, %d named", w.figure.inside, w.figure.doubtful, w.figure.named)
	if err := w.told(ctx, i.coming, 1); err != nil {
		return err
	}
	if err := w.collect(ctx, later); err != nil {
		return err
	}
	if err := w.check(ctx, i.at); err != nil {
		return err
	}
	if err := w.collect(ctx, i.coming); err != nil {
		return err
	}
	if err := w.bring(ctx, third, i.at, third.labels()...); err != nil {
		return err
	}
	if err := w.state(ctx, "picked_up", i.first, i.second, i.coming, later); err != nil {
		return err
	}
	if err := w.told(ctx, third, 1); err != nil {
		return err
	}
	return w.over(ctx, 1)
}

// putBack puts a cabinet's disk back while the other cabinet lives on, with its line cut or not.
func (w *world) putBack(ctx context.Context, i imagined, image string, cut bool) error {
	if err := w.settled(ctx); err != nil {
		return err
	}
	site, err := w.site(ctx, i.at)
	if err != nil {
		return err
	}
	if err := i.at.Power(ctx, true); err != nil {
		return err
	}
	if err := w.elsewhere(ctx, i.other); err != nil {
		return err
	}
	if err := copyFolder(ctx, image, site.Data()); err != nil {
		return err
	}
	if err := i.at.Line(ctx, cut); err != nil {
		return err
	}
	if err := i.at.Power(ctx, false); err != nil {
		return err
	}
	if cut {
		return nil
	}
	return i.at.AwaitReady(ctx)
}

// newComputer: an old cabinet with parcels inside gets a computer that knows nothing.
func newComputer(ctx context.Context, w *world) error {
	i, err := w.imagined(ctx)
	if err != nil {
		return err
	}
	frozen, err := w.ready(ctx, i.at)
	if err != nil {
		return err
	}
	if err := w.act(ctx, frozen, "freeze", aDispute); err != nil {
		return err
	}
	cancelled, err := w.ready(ctx, i.at)
	if err != nil {
		return err
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	site, err := w.site(ctx, i.at)
	if err != nil {
		return err
	}
	if err := i.at.Power(ctx, true); err != nil {
		return err
	}
	if err := w.act(ctx, cancelled, "cancel", nil); err != nil {
		return err
	}
	meanwhile, err := w.announce(ctx, i.at, calm, 1)
	if err != nil {
		return err
	}
	if err := w.elsewhere(ctx, i.other); err != nil {
		return err
	}
	if err := site.NewComputer(ctx); err != nil {
		return err
	}
	if err := i.at.AwaitReady(ctx); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	w.say("%d parcels inside, %d cells in doubt, %d named", w.figure.inside, w.figure.doubtful, w.figure.named)
	if w.figure.doubtful != cells {
		return fmt.Errorf("%d cells are in doubt, want all %d", w.figure.doubtful, cells)
	}
	// The key is the cabinet's, and not the computer's: the code that the client was told before opens the cell.
	if err := w.collect(ctx, i.first); err != nil {
		return err
	}
	if screen, err := i.at.Keys(ctx, frozen.code); err != nil || screen.Text != "held_back" {
		return fmt.Errorf("the code of a frozen shipment is answered with %s: %w", screen, err)
	}
	if err := closed(ctx, cancelled); err != nil {
		return err
	}
	if err := w.withdraw(ctx, i.at, cancelled.labels()...); err != nil {
		return err
	}
	if err := w.check(ctx, i.at); err != nil {
		return err
	}
	if err := w.bring(ctx, i.coming, i.at, i.coming.labels()...); err != nil {
		return err
	}
	if err := w.bring(ctx, meanwhile, i.at, meanwhile.labels()...); err != nil {
		return err
	}
	if err := w.act(ctx, frozen, "unfreeze", aDispute); err != nil {
		return err
	}
	for _, s := range []*shipment{i.coming, meanwhile} {
		if err := w.told(ctx, s, 1); err != nil {
			return err
		}
		if err := w.collect(ctx, s); err != nil {
			return err
		}
	}
	if err := w.collect(ctx, frozen); err != nil {
		return err
	}
	if err := w.state(ctx, "cancelled", cancelled); err != nil {
		return err
	}
	if err := w.state(ctx, "picked_up", i.first, i.coming, meanwhile, frozen); err != nil {
		return err
	}
	return w.over(ctx, 1)
}
