package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"cubby/cmd/cubby-demo/live"
	"cubby/cmd/cubby-demo/people"
	"cubby/models"
)

const fillFile = "filled.json"

// filling brings the demo network to life behind the page: what couriers and clients do, by REST and by the hands, and
// never past the cabinets' own programs. A filling that was cut off goes on where it was.
type filling struct {
	system *System
	log    *slog.Logger

	mu    sync.Mutex
	now   live.Filling
	done  filled
	acted sync.WaitGroup
}

// filled is what was done, as it is kept.
type filled struct {
	Lots     []string     `json:"lots"`
	Expected []live.Label `json:"expected"` // at the cabinets on the page
}

func (f *filling) expected() []live.Label {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.done.Expected)
}

// expectedAt is expected, of one cabinet.
func (f *filling) expectedAt(locker string) func() []live.Label {
	return func() []live.Label {
		return slices.DeleteFunc(f.expected(), func(l live.Label) bool { return l.Locker != locker })
	}
}

// finish notes that a lot is done.
func (f *filling) finish(lot string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done.Lots = append(f.done.Lots, lot)
	return f.system.folder.save(fillFile, f.done)
}

func newFilling(s *System) *filling {
	f := &filling{system: s, log: s.log.With("part", "filling")}
	f.now = live.Filling{Free: !s.options.Full, Kept: s.folder.hasKept(), Doing: "it begins"}
	for _, lot := range s.lots() {
		f.now.Total += lot.count
	}
	return f
}

func (f *filling) state() live.Filling {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *filling) set(change func(*live.Filling)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.now)
}

// start fills in the background; what it returns ends that and waits.
func (f *filling) start() (stop func() error) {
	if !f.system.options.Full {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(context.Background()) // until stop
	f.acted.Go(func() {
		err := f.fill(ctx)
		if err != nil && ctx.Err() == nil {
			f.log.Error("the demo network is not whole", "error", err)
			f.set(func(now *live.Filling) { now.Problem, now.Free = err.Error(), true })
			fmt.Fprintf(f.system.options.Progress, "run: the demo network is not whole: %v\n", err)
		}
	})
	return func() error {
		cancel()
		f.acted.Wait()
		return nil
	}
}

func (f *filling) fill(ctx context.Context) error {
	var done filled
	if _, err := f.system.folder.load(fillFile, &done); err != nil {
		return err
	}
	f.mu.Lock()
	f.done = done
	f.mu.Unlock()
	finished := map[string]bool{}
	for _, name := range done.Lots {
		finished[name] = true
	}
	left := 0 // lots at the page's own cabinet
	for _, lot := range f.system.lots() {
		if lot.first && !finished[lot.name] {
			left++
		}
	}
	f.set(func(now *live.Filling) { now.Free = left == 0 })
	for _, lot := range f.system.lots() {
		if !finished[lot.name] {
			f.set(func(now *live.Filling) { now.Doing = lot.name })
			if err := lot.act(ctx); err != nil {
				return fmt.Errorf("%s: %w", lot.name, err)
			}
			if err := f.finish(lot.name); err != nil {
				return err
			}
			if lot.first {
				left--
			}
		}
		f.set(func(now *live.Filling) { now.Done, now.Free = now.Done+lot.count, left == 0 })
	}
	if f.system.folder.hasKept() {
		return nil
	}
	f.set(func(now *live.Filling) { now.Doing = "a copy to go back to is made" })
	if err := f.system.keep(); err != nil {
		return fmt.Errorf("no copy to go back to: %w", err)
	}
	f.set(func(now *live.Filling) { now.Kept = true })
	fmt.Fprintf(f.system.options.Progress, "run: the demo network is filled: %d shipments\n", f.state().Total)
	return nil
}

// lot is a number of shipments that are brought together.
type lot struct {
	name  string
	count int
	first bool // at the page's own cabinet, which is left to people afterwards
	act   func(context.Context) error
}

// finished shipments are brought and collected today. Those of days before are of a past that is lived first: see livePast.
const finished = 12

// lots are the whole filling, in its order.
func (s *System) lots() []lot {
	if !s.options.Full {
		return nil
	}
	return []lot{
		{"12 shipments are announced at L-001", 12, true, s.fillExpected},
		{"a courier brings parcels to L-001", 8, true, s.fillCourtyard},
		{"L-004 is nearly full", 4, false, s.fillOffice},
		{"a courier brings parcels to the back of L-002, one to be cold, one shipment of three", 7, false, s.fillMarket},
		{"a lock of L-002 is stuck for a while", 1, false, s.fillDoubtful},
		{"a courier brings parcels to L-003, a lock stays stuck", 4, false, s.fillEntrance},
		{"clients collect at L-003", finished, false, s.fillFinished},
		{"two parcels' storage ends", 0, false, s.fillExpired},
	}
}

// street is what the filling acts with.
type street struct {
	system   *System
	operator people.Operator
	a, b     people.Carrier
	at       people.Cabinet
	courier  people.Courier
	prefix   string
	made     int
}

// at is people before the nth cabinet.
func (s *System) at(n int, prefix string) *street {
	rest := func(key string) people.Service { return people.Service{Base: s.APIURL, Key: key, Persist: true} }
	cabinet := people.Cabinet{Service: people.Service{Base: s.own()}, Locker: s.Lockers[n].ID}
	loading := cabinet
	loading.Back = s.buildOf(models.LockerID(cabinet.Locker)).TwoWay
	return &street{
		system: s, operator: people.Operator{Service: rest(s.OperatorKey)}, at: cabinet, prefix: prefix,
		a: people.Carrier{Service: rest(s.CarrierKey)}, b: people.Carrier{Service: rest(s.CarrierBKey)},
		courier: people.Courier{Badge: s.Couriers[0].Badge, PIN: s.Couriers[0].PIN, At: loading},
	}
}

// sent is a shipment with its client.
type sent struct {
	people.Shipment
	client people.Client
}

// announce announces a shipment of a carrier; asked again it is the same one.
func (t *street) announce(ctx context.Context, by people.Carrier, policy string, sizes ...string) (sent, error) {
	var parcels []people.NewParcel
	for _, size := range sizes {
		parcels = append(parcels, people.NewParcel{Size: size})
	}
	return t.announceParcels(ctx, by, policy, parcels...)
}

func (t *street) announceParcels(ctx context.Context, by people.Carrier, policy string, parcels ...people.NewParcel) (sent, error) {
	return t.announceAs(ctx, by, people.Announcement{Policy: policy, Parcels: parcels})
}

// announceAs gives an announcement its number, the locker and the client.
func (t *street) announceAs(ctx context.Context, by people.Carrier, wanted people.Announcement) (sent, error) {
	t.made++
	number := fmt.Sprintf("%s-%02d", t.prefix, t.made)
	wanted.Number, wanted.Locker, wanted.Contact = number, t.at.Locker, people.Contact{Email: fmt.Sprintf("client-%s@example.com", number)}
	s, err := by.Announce(ctx, "demo network "+number, wanted)
	if err == nil {
		s, err = by.Shipment(ctx, s.ID) // the first answer is kept for a repeat: it may be old
	}
	box := people.Mailbox{Service: people.Service{Base: t.at.Base}, Address: wanted.Contact.Email}
	return sent{s, people.Client{Mail: box, At: t.at}}, err
}

// bring has the courier put in whatever is not there yet.
func (t *street) bring(ctx context.Context, all ...sent) error {
	var labels []string
	for _, s := range all {
		for _, p := range s.Parcels {
			if s.State == "created" || (s.State == "loading" && p.Cell == 0) {
				labels = append(labels, p.Barcode)
			}
		}
	}
	if len(labels) == 0 {
		return nil
	}
	return t.courier.Deposit(ctx, labels...)
}

func (s *System) fillExpected(ctx context.Context) error {
	t := s.at(0, "EXPECTED")
	for i, size := range []string{"S", "M", "S", "L", "S", "M", "S", "XL", "M", "S", "L", "M"} {
		by := t.a
		if i%3 == 2 {
			by = t.b
		}
		wanted := people.Announcement{Parcels: []people.NewParcel{{Size: size}}}
		if i < 2 {
			wanted.Shop = s.Shop // which sees these two as well
		}
		made, err := t.announceAs(ctx, by, wanted)
		if err != nil {
			return err
		}
		s.filling.expect(made, people.NewParcel{Size: size})
	}
	return nil
}

// expect keeps the label of a shipment of one parcel, for whoever plays the courier.
func (f *filling) expect(s sent, p people.NewParcel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done.Expected = append(f.done.Expected, live.Label{
		Shipment: s.ID, Locker: s.Locker, Number: s.Number, Barcode: s.Parcels[0].Barcode, Size: p.Size, Regime: p.Regime,
	})
}

// fillCourtyard: three wait for their clients, one more is frozen, one is cancelled and lies in its cell; the storage of
// two ends soon; one is for a client who does not reach every cell.
func (s *System) fillCourtyard(ctx context.Context) error {
	t := s.at(0, "COURTYARD")
	var all []sent
	for _, want := range []struct{ policy, size string }{
		{demoPolicy, "S"}, {demoPolicy, "S"}, {demoPolicy, "M"}, {demoPolicy, "S"}, {shortPolicy, "S"}, {demoPolicy, "M"}, {shortPolicy, "S"},
	} {
		made, err := t.announce(ctx, t.a, want.policy, want.size)
		if err != nil {
			return err
		}
		all = append(all, made)
	}
	easy, err := t.announceAs(ctx, t.a, people.Announcement{Policy: demoPolicy, EasyReach: true, Parcels: []people.NewParcel{{Size: "S"}}})
	if err != nil {
		return err
	}
	if err := t.bring(ctx, append([]sent{easy}, all...)...); err != nil {
		return err
	}
	if _, err := t.a.ActWith(ctx, all[3].ID, "freeze", "demo network freeze", map[string]string{"reason": "The carrier asks for it."}); err != nil {
		return err
	}
	_, err = t.a.Act(ctx, all[5].ID, "cancel", "demo network cancel")
	return err
}

// fillDoubtful: a client could not open the door, and the lock was mended since: nobody has looked into the cell yet.
func (s *System) fillDoubtful(ctx context.Context) error {
	return s.at(1, "STUCK").stuck(ctx, true)
}

// stuck has a lock not open for its client, who gives up. It may be mended afterwards.
func (t *street) stuck(ctx context.Context, mended bool) error {
	made, err := t.announce(ctx, t.a, demoPolicy, "M")
	if err != nil {
		return err
	}
	if err := t.bring(ctx, made); err != nil {
		return err
	}
	code, err := made.client.Code(ctx)
	if err != nil {
		return err
	}
	now, err := t.a.AwaitState(ctx, made.ID, "ready_for_pickup")
	if err != nil {
		return err
	}
	cell := now.Parcels[0].Cell
	if err := t.at.Jam(ctx, cell); err != nil {
		return err
	}
	if _, err := made.client.Type(ctx, code); err != nil {
		return err
	}
	for {
		screen, err := t.at.AwaitScreen(ctx, "the screen to tell of the jammed door", func(s people.Screen) bool { return s.Text == "jammed" || s.Text == "stuck" })
		if err != nil {
			return err
		}
		if screen.Text == "stuck" {
			break
		}
		if _, err := t.at.Press(ctx, "try_again"); err != nil {
			return err
		}
	}
	if err := t.operator.AwaitIncident(ctx, t.at.Locker, "door_jammed", false); err != nil || !mended {
		return err
	}
	return t.at.Unjam(ctx, cell)
}

// fillOffice leaves two small cells free.
func (s *System) fillOffice(ctx context.Context) error {
	t := s.at(3, "OFFICE")
	var all []sent
	for range 4 {
		made, err := t.announce(ctx, t.a, "", "S")
		if err != nil {
			return err
		}
		all = append(all, made)
	}
	return t.bring(ctx, all...)
}

// fillMarket: three ready, one of three parcels, one in the cold module; one is only expected, and one more that has to be
// cold.
func (s *System) fillMarket(ctx context.Context) error {
	t := s.at(1, "MARKET")
	var all []sent
	for _, want := range []struct {
		policy string
		sizes  []string
	}{
		{demoPolicy, []string{"S"}}, {demoPolicy, []string{"M"}}, {demoPolicy, []string{"L"}}, {demoPolicy, []string{"S", "S", "M"}},
	} {
		made, err := t.announce(ctx, t.a, want.policy, want.sizes...)
		if err != nil {
			return err
		}
		all = append(all, made)
	}
	cold := people.NewParcel{Size: "M", Regime: "chilled"}
	made, err := t.announceParcels(ctx, t.a, demoPolicy, cold)
	if err != nil {
		return err
	}
	if err := t.bring(ctx, append(all, made)...); err != nil {
		return err
	}
	for _, coming := range []struct {
		by     people.Carrier
		parcel people.NewParcel
	}{{t.b, people.NewParcel{Size: "M"}}, {t.a, cold}} {
		made, err := t.announceParcels(ctx, coming.by, demoPolicy, coming.parcel)
		if err != nil {
			return err
		}
		s.filling.expect(made, coming.parcel)
	}
	return nil
}

// fillEntrance: three ready, and a parcel behind a lock that stays stuck.
func (s *System) fillEntrance(ctx context.Context) error {
	t := s.at(2, "ENTRANCE")
	var all []sent
	for _, size := range []string{"S", "S", "L"} {
		made, err := t.announce(ctx, t.a, demoPolicy, size)
		if err != nil {
			return err
		}
		all = append(all, made)
	}
	return errors.Join(t.bring(ctx, all...), t.stuck(ctx, false))
}

// fillExpired waits for the two whose storage is short: it ends by itself. They lie where it is always open, as storage
// does not end while nobody can come.
func (s *System) fillExpired(ctx context.Context) error {
	t := s.at(0, "COURTYARD")
	for _, before := range []int{4, 6} {
		t.made = before
		made, err := t.announce(ctx, t.a, shortPolicy, "S")
		if err != nil {
			return err
		}
		if _, err := t.a.AwaitState(ctx, made.ID, "expired"); err != nil {
			return err
		}
	}
	return nil
}

// fillFinished has lives go by, some at a time.
func (s *System) fillFinished(ctx context.Context) error {
	const atOnce = 4
	t := s.at(2, "DONE")
	for t.made < finished {
		// A cell that was just emptied is kept for its client for a moment, who may have forgotten something.
		err := people.Await(ctx, "room for the next parcels", time.Second, func() (bool, string, error) {
			rooms, err := t.operator.Rooms(ctx, t.at.Locker)
			return slices.ContainsFunc(rooms, func(r people.Room) bool { return r.Size == "M" && r.Room >= atOnce }), fmt.Sprintf("%+v", rooms), err
		})
		if err != nil {
			return err
		}
		var all []sent
		for range atOnce {
			made, err := t.announce(ctx, t.a, expressPolicy, "M")
			if err != nil {
				return err
			}
			all = append(all, made)
		}
		if err := t.bring(ctx, all...); err != nil {
			return err
		}
		for _, each := range all {
			if err := t.collect(ctx, t.a, each); err != nil {
				return err
			}
		}
		for _, each := range all {
			if _, err := t.a.AwaitState(ctx, each.ID, "picked_up"); err != nil {
				return err
			}
		}
	}
	return nil
}

// collect has the client come with the code, unless that was done.
func (t *street) collect(ctx context.Context, by people.Carrier, s sent) error {
	code, err := s.client.Code(ctx)
	if err != nil {
		return err
	}
	if now, err := by.Shipment(ctx, s.ID); err != nil || now.State == "picked_up" {
		return err
	}
	return s.client.Pickup(ctx, code, s.Parcels[0].Barcode)
}
