package cabinet

import (
	"slices"

	"cubby/models"
)

const (
	keptPulses = 8 // the last ones of a lock
	// slowOf is how many openings in a row a lock's time is taken from, by their middle one.
	slowOf = 5
	// A lock is slow that takes slowTimes the best that it has done, and slowMS more than that: a
	// door that a hand has to pull varies by itself. It is so until it takes less than wellMS more.
	slowTimes = 3
	slowMS    = 1_000
	wellMS    = 500
	// missesSlow of the last pulses that opened nothing are as bad, and missesWell are none.
	missesSlow = 3
	missesWell = 1
	// tellEach is how many openings lie between two facts of a lock whose time has changed by
	// tellMS and by half.
	tellEach = 20
	tellMS   = 300
)

// LockRecord is how a lock has worked. It is never changed in place.
type LockRecord struct {
	Pulses int                `json:"pulses"`           // that it was given
	Missed int                `json:"missed"`           // of these, those after which the door was not seen open in time
	Recent []int64            `json:"recent"`           // of the last pulses: ms until the door was seen open; 0: it was not
	BestMS int64              `json:"best_ms"`          // the best that it has done; 0: not known yet
	MS     int64              `json:"ms"`               // that it takes now
	State  models.DeviceState `json:"state"`            // as told
	ToldMS int64              `json:"told_ms"`          // that was told last
	ToldAt int                `json:"told_at,omitzero"` // when it had been given so many pulses
}

// record is that of the lock of an operation's door.
func (c *Cell) record(side models.Side) **LockRecord {
	if side == models.SideBack {
		return &c.LoadLock
	}
	return &c.Lock
}

// lockWorked counts a pulse: ms until the door was seen open, 0: it was not in time.
func (t *turn) lockWorked(op *Operation, c *Cell, ms int64) {
	side := op.side(c)
	at := c.record(side)
	r := LockRecord{State: models.DeviceOK}
	if *at != nil {
		r = **at
	}
	r.Recent = slices.Clone(r.Recent)
	if len(r.Recent) == keptPulses {
		r.Recent = r.Recent[1:]
	}
	r.Recent = append(r.Recent, ms)
	r.Pulses++
	if ms == 0 {
		r.Missed++
	}
	r.measure()
	state := r.judge()
	first := r.ToldMS == 0 && r.MS > 0
	changed := r.Pulses-r.ToldAt >= tellEach && max(r.MS-r.ToldMS, r.ToldMS-r.MS) >= max(tellMS, r.ToldMS/2)
	tell := state != r.State || first || changed
	if tell {
		r.State, r.ToldMS, r.ToldAt = state, r.MS, r.Pulses
	}
	*at = &r
	if tell {
		t.tellLock(c, side, &r)
	}
}

// measure takes the middle of the last times; a lock that never opened fast enough has none.
func (r *LockRecord) measure() {
	var times []int64
	for _, ms := range slices.Backward(r.Recent) {
		if ms > 0 && len(times) < slowOf {
			times = append(times, ms)
		}
	}
	if len(times) < slowOf {
		return
	}
	slices.Sort(times)
	r.MS = times[slowOf/2]
	if r.BestMS == 0 || r.MS < r.BestMS {
		r.BestMS = r.MS
	}
}

// judge says how the lock stands. One that is slow has to do much better to be well again.
func (r *LockRecord) judge() models.DeviceState {
	missed := 0
	for _, ms := range r.Recent {
		if ms == 0 {
			missed++
		}
	}
	slow := missed >= missesSlow || r.MS >= r.BestMS*slowTimes && r.MS >= r.BestMS+slowMS
	if r.State == models.DeviceSlow {
		slow = missed > missesWell || r.MS >= r.BestMS+wellMS
	}
	if slow {
		return models.DeviceSlow
	}
	return models.DeviceOK
}

func (t *turn) tellLock(c *Cell, side models.Side, r *LockRecord) {
	t.write(models.FactDevice, "", c, models.FactData{
		Device: models.DeviceLock(c.Number(), side), State: r.State,
		Lock: &models.LockReport{Pulses: r.Pulses, Missed: r.Missed, MS: r.MS, BestMS: r.BestMS},
	})
}

// lockRepaired: the cell is put back into service, so its locks begin anew.
func (t *turn) lockRepaired(c *Cell) {
	for _, side := range []models.Side{models.SideFront, models.SideBack} {
		at := c.record(side)
		if r := *at; r != nil {
			*at = &LockRecord{Pulses: r.Pulses, Missed: r.Missed, State: models.DeviceOK, ToldAt: r.Pulses}
			if r.State != models.DeviceOK {
				t.tellLock(c, side, *at)
			}
		}
	}
}
