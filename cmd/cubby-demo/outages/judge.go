package outages

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cubby/agent/journal"
	"cubby/cmd/cubby-demo/people"
	"cubby/models"
)

const (
	settleLimit = 30 * time.Second
	restEvery   = 100 * time.Millisecond
)

// account is what a cabinet's locks got and its facts say, when nothing is under way.
type account struct {
	pulses, facts int
	incidents     []string
}

// expectedEvents are those of a life that ends right.
func expectedEvents() []string {
	return []string{"shipment.created", "parcel.deposited", "shipment.loading",
		"shipment.ready_for_pickup", "parcel.picked_up", "shipment.picked_up"}
}

// judge says what is wrong after a play. The people have left, and everything is collected.
func (w *world) judge(ctx context.Context, p play, before account) (row, error) {
	settling, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	errs := []error{w.complaints()}
	r := w.tally.row
	if len(w.tally.lives) == 0 {
		errs = append(errs, errors.New("no life was played"))
	}
	for _, l := range w.tally.lives {
		if settling.Err() != nil {
			return r, errors.Join(errs...) // what is not at rest by now is said already
		}
		errs = append(errs, w.judgeLife(settling, l))
		copies, err := w.messages(settling, l)
		errs = append(errs, err)
		if copies > 1 && !p.repeats {
			errs = append(errs, fmt.Errorf("%d copies of the message to %s came", copies, l.address))
		}
		r.repeats += copies - 1
	}
	now, err := w.account(settling)
	errs = append(errs, err)
	for _, incident := range now.incidents {
		if !slices.Contains(before.incidents, incident) {
			errs = append(errs, fmt.Errorf("an incident was opened: %s", incident))
		}
	}
	r.lives, r.pulses, r.facts = len(w.tally.lives), now.pulses-before.pulses, now.facts-before.facts
	if least := 2 * r.lives; r.pulses < least {
		errs = append(errs, fmt.Errorf("%d lives took %d pulses: each needs two", r.lives, r.pulses))
	}
	return r, errors.Join(errs...)
}

// judgeLife: it ends picked up, with the right events in order, none of them twice.
func (w *world) judgeLife(ctx context.Context, l *life) error {
	if _, err := w.carrier.AwaitState(ctx, l.shipment, "picked_up"); err != nil {
		return err
	}
	events, err := w.carrier.Events(ctx, l.shipment)
	if err != nil {
		return err
	}
	if got := people.EventTypes(events); !slices.Equal(got, expectedEvents()) {
		return fmt.Errorf("the events of %s are %v", l.shipment, got)
	}
	for i, event := range events {
		if event.Seq != i {
			return fmt.Errorf("event %d of %s has seq %d", i, l.shipment, event.Seq)
		}
	}
	return nil
}

// messages counts those of a life: all are the same one.
func (w *world) messages(ctx context.Context, l *life) (int, error) {
	mails, err := w.stage.Mailbox(l.address).Mails(ctx)
	if err != nil {
		return 1, err
	}
	ids := map[string]bool{}
	for _, m := range mails {
		ids[m.MessageID] = true
	}
	if len(ids) != 1 {
		return 1, fmt.Errorf("%d different messages came to %s", len(ids), l.address)
	}
	return len(mails), nil
}

// account waits until every cabinet has told all, and checks it against what its locks really got.
func (w *world) account(ctx context.Context) (account, error) {
	var a account
	var errs []error
	for _, s := range w.streets {
		pulses, facts, err := w.accountOf(ctx, s)
		a.pulses, a.facts = a.pulses+pulses, a.facts+facts
		if err != nil {
			errs = append(errs, fmt.Errorf("cabinet %d (%s): %w", s.n+1, s.at.Locker, err))
		}
	}
	open, err := w.operator.Incidents(ctx)
	errs = append(errs, err)
	for _, i := range open {
		a.incidents = append(a.incidents, fmt.Sprintf("%s: %s at locker %s, cell %d: %s", i.ID, i.Kind, i.Locker, i.Cell, i.Evidence))
	}
	return a, errors.Join(errs...)
}

// accountOf compares a cabinet's journal with what the server has of it, and the pulses that its facts tell of with those
// that came off the boards' line.
func (w *world) accountOf(ctx context.Context, s *street) (pulses, facts int, err error) {
	var epoch, seq int64
	err = people.Await(ctx, "the facts to be with the server", restEvery, func() (bool, string, error) {
		snap, err := s.site.Snapshot(ctx)
		if err != nil {
			return false, err.Error(), nil
		}
		var headEpoch, headSeq int64
		err = w.db.QueryRowContext(ctx, "SELECT epoch, seq FROM journal_heads WHERE locker = $1", s.at.Locker).Scan(&headEpoch, &headSeq)
		if err != nil {
			return false, err.Error(), nil
		}
		epoch, seq = snap.Epoch, snap.Seq
		seen := fmt.Sprintf("%d are not; the cabinet is at %d/%d, the server at %d/%d", snap.Unsent, epoch, seq, headEpoch, headSeq)
		return snap.Unsent == 0 && headEpoch == epoch && headSeq == seq, seen, nil
	})
	if err != nil {
		return 0, 0, err
	}
	var count, quarantined int
	var last int64
	err = w.db.QueryRowContext(ctx, `SELECT count(*), coalesce(max(seq), 0), count(*) FILTER (WHERE quarantined <> '')
		FROM facts WHERE locker = $1 AND epoch = $2`, s.at.Locker, epoch).Scan(&count, &last, &quarantined)
	switch {
	case err != nil:
		return 0, count, err
	case int64(count) != seq || last != seq:
		return 0, count, fmt.Errorf("the cabinet wrote %d facts, the server has %d, the last is %d", seq, count, last)
	case quarantined > 0:
		return 0, count, fmt.Errorf("%d facts are quarantined", quarantined)
	}
	pulses, err = w.pulsesOf(ctx, s)
	return pulses, count, err
}

// pulsesOf counts what the locks got. Each (operation, cell, attempt) that the facts tell of is one pulse, and there is no
// other.
func (w *world) pulsesOf(ctx context.Context, s *street) (int, error) {
	rows, err := w.db.QueryContext(ctx, `SELECT cell, sum(attempts) FROM (
			SELECT (body::json->>'cell')::int AS cell, max((body::json->'data'->>'attempt')::int) AS attempts
			FROM facts WHERE locker = $1 AND type IN ('door_opened', 'door_jammed') AND operation <> ''
			GROUP BY operation, (body::json->>'cell')::int) AS each GROUP BY cell`, s.at.Locker)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	told := map[int]int{}
	for rows.Next() {
		var cell, n int
		if err := rows.Scan(&cell, &n); err != nil {
			return 0, err
		}
		told[cell] = n
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	snap, err := s.site.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	got, all := map[int]int{}, 0
	for _, c := range snap.Cells {
		if c.Pulses > 0 {
			got[c.Number] = c.Pulses
			all += c.Pulses
		}
	}
	if !maps.Equal(told, got) {
		return all, fmt.Errorf("by its facts its locks were driven so often: %v; really: %v", told, got)
	}
	return all, nil
}

// journalsAgree stops the cabinets' computers and compares what is on their disks with what the server has, fact by fact.
func (w *world) journalsAgree(ctx context.Context) (facts int, err error) {
	for _, s := range w.streets {
		if err := s.site.CutPower(); err != nil {
			return facts, err
		}
		n, err := w.journalAgrees(ctx, s)
		if err != nil {
			return facts, fmt.Errorf("cabinet %d (%s): %w", s.n+1, s.at.Locker, err)
		}
		facts += n
	}
	return facts, nil
}

func (w *world) journalAgrees(ctx context.Context, s *street) (facts int, err error) {
	disk, err := journal.OpenSQLite(s.site.JournalFile())
	if err != nil {
		return 0, err
	}
	keeper, err := journal.Open(disk, models.LockerID(s.at.Locker))
	if err != nil {
		return 0, errors.Join(err, disk.Close())
	}
	defer func() { err = errors.Join(err, keeper.Close()) }()
	written := map[int64]string{}
	for _, f := range keeper.State().Journal.Facts {
		written[f.Seq] = f.Hash
	}
	rows, err := w.db.QueryContext(ctx, "SELECT seq, body::json->>'hash' FROM facts WHERE locker = $1 AND epoch = $2",
		s.at.Locker, keeper.State().Journal.Epoch)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	taken := map[int64]string{}
	for rows.Next() {
		var seq int64
		var hash string
		if err := rows.Scan(&seq, &hash); err != nil {
			return 0, err
		}
		taken[seq] = hash
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if !maps.Equal(written, taken) {
		return len(written), fmt.Errorf("the cabinet's disk has %d facts and the server %d, and they are not the same", len(written), len(taken))
	}
	return len(written), nil
}
