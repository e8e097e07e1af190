package restores

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cubby/cmd/cubby-demo/people"
)

const (
	agreeWithin  = 45 * time.Second
	settleWithin = 30 * time.Second
)

// believed is a cell as the server's database has it.
type believed struct {
	Number     int
	State      string
	Doubtful   bool
	Generation int64
	Shipment   string
}

func (w *world) believes(ctx context.Context, locker string) ([]believed, error) {
	rows, err := w.db.QueryContext(ctx, "SELECT number, state, doubtful, generation, shipment FROM cells WHERE locker = $1 ORDER BY number", locker)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []believed
	for rows.Next() {
		var b believed
		if err := rows.Scan(&b.Number, &b.State, &b.Doubtful, &b.Generation, &b.Shipment); err != nil {
			return nil, err
		}
		found = append(found, b)
	}
	return found, rows.Err()
}

// settled waits until nothing is on its way: every message has left and is recorded, and the outbox is empty.
func (w *world) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	return people.Await(ctx, "messages and outbox to be empty", lookEvery, func() (bool, string, error) {
		var messages, outbox int
		err := w.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM notifications WHERE state IN ('queued', 'sending')),
			(SELECT count(*) FROM outbox)`).Scan(&messages, &outbox)
		return messages+outbox == 0, fmt.Sprintf("%d messages, %d in the outbox", messages, outbox), err
	})
}

// agree waits until every cabinet is online with nothing unsent, and the server's view of its cells is its own.
func (w *world) agree(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, agreeWithin)
	defer cancel()
	for _, at := range w.lockers {
		if err := people.Await(ctx, "both sides to agree on cabinet "+at.Locker, lookEvery, func() (bool, string, error) {
			status, err := at.Status(ctx)
			if err != nil || !status.Online || status.Unsent > 0 {
				return false, fmt.Sprintf("%+v", status), err
			}
			mine, err := at.Cells(ctx)
			if err != nil {
				return false, "", err
			}
			theirs, err := w.believes(ctx, at.Locker)
			if err != nil {
				return false, "", err
			}
			seen := differences(mine, theirs)
			return seen == "", seen, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// differences between what a cabinet believes of its cells and what the server does; empty: none.
func differences(mine []people.Cell, theirs []believed) string {
	if len(mine) != len(theirs) {
		return fmt.Sprintf("the cabinet has %d cells, the server knows %d", len(mine), len(theirs))
	}
	for i, c := range mine {
		if b := (believed{c.Number, c.State, c.Doubtful, c.Generation, c.Shipment}); b != theirs[i] {
			return fmt.Sprintf("the cabinet has %+v, the server %+v", b, theirs[i])
		}
	}
	return ""
}

// finding is a cell that is not plainly right.
type finding struct {
	locker, what string
	cell         int
}

// judge is what holds right after a restore, whatever was lost: both sides agree, every parcel in a cell is known or
// named, and every doubt is named. It notes the figures.
func (w *world) judge(ctx context.Context) error {
	if err := w.agree(ctx); err != nil {
		return err
	}
	open, err := w.operator.Incidents(ctx)
	if err != nil {
		return err
	}
	w.figure.inside, w.figure.doubtful, w.figure.named = 0, 0, 0
	for _, at := range w.lockers {
		all, err := at.Cells(ctx)
		if err != nil {
			return err
		}
		for _, c := range all {
			f := finding{locker: at.Locker, cell: c.Number}
			if len(c.Content) > 0 {
				w.figure.inside++
				if f.what, err = w.unknown(ctx, c); err != nil {
					return err
				}
			}
			if c.Doubtful {
				w.figure.doubtful++
				f.what += " it is in doubt"
			}
			if f.what == "" {
				continue
			}
			if !named(open, f) {
				return fmt.Errorf("cell %d of %s: %s, and no incident says so: %+v", f.cell, f.locker, f.what, open)
			}
			w.figure.named++
		}
	}
	return nil
}

// named reports whether an open incident points at a cell, or at the store of its whole cabinet.
func named(open []people.Incident, f finding) bool {
	return slices.ContainsFunc(open, func(i people.Incident) bool {
		return i.Locker == f.locker && (i.Cell == f.cell || i.Kind == "store_set_aside")
	})
}

// unknown says what both sides do not know of a parcel that lies in a cell; empty: nothing.
func (w *world) unknown(ctx context.Context, c people.Cell) (string, error) {
	if c.State != "occupied" || c.Shipment == "" {
		return fmt.Sprintf("%v lies in a cell that is %s", c.Content, c.State), nil
	}
	s, err := w.carrier.Shipment(ctx, c.Shipment)
	if people.RefusedWith(err, 404, "not_found") {
		return fmt.Sprintf("%v is of shipment %s, which the server does not know", c.Content, c.Shipment), nil
	}
	if err != nil {
		return "", err
	}
	for _, p := range s.Parcels {
		if slices.Equal(c.Content, []string{p.Barcode}) {
			// A fact that has just come up may not be shown yet.
			err := people.Await(ctx, "the server to show where "+p.Barcode+" is", lookEvery, func() (bool, string, error) {
				s, err = w.carrier.Shipment(ctx, c.Shipment)
				i := slices.IndexFunc(s.Parcels, func(o people.Parcel) bool { return o.ID == p.ID })
				return err == nil && s.Parcels[i].State == "in_cell" && s.Parcels[i].Cell == c.Number, fmt.Sprintf("%+v", s), err
			})
			return "", err
		}
	}
	return fmt.Sprintf("%v lies where %s is believed to be", c.Content, c.Shipment), nil
}

// over is what holds at the end of a play: nothing is in doubt any more, nothing lies in a cell that should not, and
// nobody was told anything twice.
func (w *world) over(ctx context.Context, inside int) error {
	before := w.figure
	if err := w.judge(ctx); err != nil {
		return err
	}
	after := w.figure
	w.figure.inside, w.figure.doubtful, w.figure.named = before.inside, before.doubtful, before.named
	if after.doubtful > 0 {
		return fmt.Errorf("%d cells are still in doubt", after.doubtful)
	}
	if after.inside != inside {
		return fmt.Errorf("%d parcels are inside, want %d", after.inside, inside)
	}
	w.figure.shipments = len(w.follows)
	var errs []error
	for _, s := range w.follows {
		mails, err := s.client.Mail.Mails(ctx)
		if err != nil {
			return err
		}
		w.figure.told += len(mails)
		for _, m := range repeated(mails) {
			w.figure.toldTwice++
			errs = append(errs, fmt.Errorf("%s was told twice: %q", s.announced.Contact.Email, m.Subject))
		}
	}
	return errors.Join(errs...)
}

// repeated are the mails that say what an earlier one has said.
func repeated(mails []people.Mail) []people.Mail {
	var found []people.Mail
	for i, m := range mails {
		if slices.ContainsFunc(mails[:i], func(o people.Mail) bool { return o.MessageID == m.MessageID || o.Text == m.Text }) {
			found = append(found, m)
		}
	}
	return found
}
