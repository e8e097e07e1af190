package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"cubby/activities"
	"cubby/models"
)

// Shipment is the life of a shipment, from its announcement until nothing is pending. A
// fact that comes later starts it again from the state in which it ended.
func Shipment(ctx workflow.Context, in models.ShipmentInput) error {
	s := &shipment{id: in.Shipment, life: in.Life}
	if err := s.setup(ctx); err != nil {
		return err
	}
	return s.run(ctx)
}

type shipment struct {
	id     models.ShipmentID
	life   *models.Life // nil until it is loaded
	facts  workflow.ReceiveChannel
	news   workflow.ReceiveChannel // of the locker
	shows  workflow.ReceiveChannel
	reach  workflow.ReceiveChannel // how the client is reached
	again  bool                    // all is to be shown again
	log    log.Logger
	state  models.ShipmentState // as last shown in the search attribute
	events []models.Event       // happened, not yet projected
	unseen bool                 // something else is not yet projected

	acting    workflow.Mutex // see alone
	projected int64          // Rev of the last projection written
	sending   map[models.NotificationID]workflow.CancelFunc
}

// Search attributes of a life, so that staff find it by what they have in hand.
func searchNumber() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword(models.AttributeNumber)
}

func searchLocker() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword(models.AttributeLocker)
}

func searchCarrier() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword(models.AttributeCarrier)
}

func searchState() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword(models.AttributeState)
}

// setup registers every handler before anything blocks, so that no message is refused for
// coming early.
func (s *shipment) setup(ctx workflow.Context) error {
	s.log = log.With(workflow.GetLogger(ctx), "shipment", s.id)
	s.facts = workflow.GetSignalChannel(ctx, models.SignalFact)
	s.news = workflow.GetSignalChannel(ctx, models.SignalLocker)
	s.shows = workflow.GetSignalChannel(ctx, models.SignalShow)
	s.reach = workflow.GetSignalChannel(ctx, models.SignalContact)
	s.sending = map[models.NotificationID]workflow.CancelFunc{}
	s.acting = workflow.NewMutex(ctx)
	if err := workflow.SetQueryHandlerWithOptions(ctx, models.QueryLife, func() (*models.Life, error) {
		if s.life == nil {
			return nil, errors.New("the life is being loaded")
		}
		return s.life, nil
	}, workflow.QueryHandlerOptions{Description: "All that the life knows."}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, models.UpdateAsk, s.ask,
		workflow.UpdateHandlerOptions{Validator: s.checkAsk, Description: "A cabinet asks whether the server leads an operation."}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, models.UpdateCarrierEvent, s.carrierEvent,
		workflow.UpdateHandlerOptions{Validator: s.checkCarrier, Description: "The carrier says where the shipment is."}); err != nil {
		return err
	}
	for _, action := range []struct {
		name, description string
		check             func(*models.Life) error
		do                func(workflow.Context, models.ActionInput) (models.ActionResult, error)
	}{
		{models.UpdateCancel, "The carrier or shop gives the shipment up.", (*models.Life).CheckCancel, s.plain((*models.Life).CheckCancel, (*models.Life).Cancel)},
		{models.UpdateExtend, "Storage is lengthened.", (*models.Life).CheckExtend, s.plain((*models.Life).CheckExtend, (*models.Life).Extend)},
		{models.UpdateFreeze, "The parcels are held back.", (*models.Life).CheckFreeze, s.plain((*models.Life).CheckFreeze, (*models.Life).Freeze)},
		{models.UpdateUnfreeze, "The parcels are held back no more.", (*models.Life).CheckUnfreeze, s.plain((*models.Life).CheckUnfreeze, (*models.Life).Unfreeze)},
		{models.UpdateReissueCode, "The shipment gets a new pickup code.", (*models.Life).CheckReissue, s.reissueCode},
	} {
		if err := workflow.SetUpdateHandlerWithOptions(ctx, action.name, action.do, workflow.UpdateHandlerOptions{
			Validator:   func(_ workflow.Context, _ models.ActionInput) error { return s.allowed(action.check) },
			Description: action.description,
		}); err != nil {
			return err
		}
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, models.UpdateReroute, s.reroute, workflow.UpdateHandlerOptions{
		Validator:   func(_ workflow.Context, _ models.RerouteInput) error { return s.allowed((*models.Life).CheckReroute) },
		Description: "The shipment goes to another locker.",
	})
}

func (s *shipment) run(ctx workflow.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	for {
		s.takeFacts(ctx)
		if err := s.askClock(ctx); err != nil {
			return err
		}
		s.events = append(s.events, s.life.Due(workflow.Now(ctx))...)
		if err := s.move(ctx); err != nil {
			return err
		}
		if err := s.newContact(ctx); err != nil {
			return err
		}
		if len(s.events) > 0 || s.unseen || s.again {
			if err := s.project(ctx); err != nil {
				return err
			}
			continue // facts may have come meanwhile
		}
		if s.life.State.Final() && s.quiet(ctx) {
			return nil
		}
		if s.goesOnAnew(ctx) {
			s.cancelSending()
			return workflow.NewContinueAsNewError(ctx, Shipment, models.ShipmentInput{Shipment: s.id, Life: s.life})
		}
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
}

// load brings the life into memory and shows it to staff.
func (s *shipment) load(ctx workflow.Context) error {
	if s.life == nil {
		var a *activities.Shipment
		var res models.LoadResult
		err := workflow.ExecuteLocalActivity(loading(ctx, "load shipment "+string(s.id)), a.LoadShipment,
			models.LoadInput{Shipment: s.id}).Get(ctx, &res)
		if err != nil {
			return err
		}
		s.life = &res.Life
	}
	s.projected = s.life.Rev
	s.state = s.life.State
	s.life.Announce()
	s.unseen = s.tells(ctx)
	for _, id := range s.life.Unsent {
		s.send(ctx, id)
	}
	return workflow.UpsertTypedSearchAttributes(ctx,
		searchNumber().ValueSet(s.life.Number), searchLocker().ValueSet(string(s.life.Locker)),
		searchCarrier().ValueSet(string(s.life.Carrier)), searchState().ValueSet(string(s.state)))
}

// takeFacts drains the facts, and then the news, that have come, and the wishes to be shown all
// again.
func (s *shipment) takeFacts(ctx workflow.Context) {
	for s.shows.ReceiveAsync(nil) {
		s.again = true
	}
	for {
		var c models.ContactSignal
		if !s.reach.ReceiveAsync(&c) {
			break
		}
		s.life.HearContact(c)
	}
	for {
		var f models.FactSignal
		if !s.facts.ReceiveAsync(&f) {
			break
		}
		s.events = append(s.events, s.takeFact(ctx, notAhead(ctx, f))...)
	}
	for {
		var n models.LockerSignal
		if !s.news.ReceiveAsync(&n) {
			return
		}
		if outageNews(n) && workflow.GetVersion(ctx, outagesTold, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
			continue
		}
		before, tell := s.life.AdvancedAt, len(s.life.Tell)
		s.events = append(s.events, s.life.ApplyLocker(n)...)
		s.unseen = s.unseen || !before.Equal(s.life.AdvancedAt) || len(s.life.Tell) > tell
	}
}

// outagesTold names the change by which a life is told of an outage that lasts; code before it let such news pass.
const outagesTold = "outages-told"

func outageNews(n models.LockerSignal) bool {
	return n.News == models.NewsDown || n.News == models.NewsBack
}

// askClock asks, when time is about to remind the client or to end storage, whether it may. A
// life that began before clocks were fair is not asked, as its history has it.
func (s *shipment) askClock(ctx workflow.Context) error {
	if !s.life.NeedsClock(workflow.Now(ctx)) || workflow.GetVersion(ctx, "fair-clock", workflow.DefaultVersion, 1) < 1 {
		return nil
	}
	var a *activities.Shipment
	var res models.ClockResult
	err := workflow.ExecuteActivity(showing(ctx, "how the storage clock stands"), a.StorageClock, s.life.AskClock()).Get(ctx, &res)
	if err != nil {
		return err
	}
	before := s.life.EndsAt
	s.events = append(s.events, s.life.TakeClock(res, workflow.Now(ctx))...)
	s.unseen = s.unseen || !before.Equal(s.life.EndsAt) || s.tells(ctx)
	s.takeFacts(ctx) // it may have been collected: then nothing is due any more
	return nil
}

// tells reports whether the client is to be told something that no event brings. A life that began
// before there was such a thing goes on as its history has it.
func (s *shipment) tells(ctx workflow.Context) bool {
	return s.life.WantsShow() && workflow.GetVersion(ctx, "tells", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// factElsewhere names the change that a cabinet takes no parcel from another's cell.
const factElsewhere = "fact-elsewhere"

func (s *shipment) takeFact(ctx workflow.Context, f models.FactSignal) []models.Event {
	if s.life.Elsewhere(f) && workflow.GetVersion(ctx, factElsewhere, workflow.DefaultVersion, 1) != workflow.DefaultVersion {
		return s.life.ApplyElsewhere(f)
	}
	return s.life.ApplyFact(f)
}

// aheadOf is what the clocks of servers may differ by unnoticed, and factAhead names the change.
const (
	aheadOf   = time.Second
	factAhead = "fact-ahead"
)

// notAhead is the fact as of now if it is told from the future: a gateway's clock that is ahead, of which its cabinets have
// theirs, must not put off what follows.
func notAhead(ctx workflow.Context, f models.FactSignal) models.FactSignal {
	now := workflow.Now(ctx)
	if f.At.After(now.Add(aheadOf)) && workflow.GetVersion(ctx, factAhead, workflow.DefaultVersion, 1) != workflow.DefaultVersion {
		f.At = now.Truncate(time.Millisecond)
	}
	return f
}

// project writes what happened, and starts the messages that it brings.
func (s *shipment) project(ctx workflow.Context) error {
	show := s.life.Projection
	if s.again {
		show, s.again = s.life.ShowAgain, false
	}
	p := show(s.events)
	s.events, s.unseen = nil, false
	if s.life.State.Final() {
		final := *s.life
		final.Unsent = nil
		p.Final = &final
	}
	if s.state != s.life.State {
		s.state = s.life.State
		if err := workflow.UpsertTypedSearchAttributes(ctx, searchState().ValueSet(string(s.state))); err != nil {
			return err
		}
	}
	var a *activities.Shipment
	var res models.ProjectResult
	summary := fmt.Sprintf("show %s, revision %d", p.State, p.Rev)
	if err := workflow.ExecuteActivity(showing(ctx, summary), a.ProjectShipment, p).Get(ctx, &res); err != nil {
		return err
	}
	s.projected = p.Rev
	s.life.TakeEnd(res.EndsAt)
	s.sendAll(ctx, res.Notifications...)
	return nil
}

// send sends one message beside the life: a mail server that is away holds up nothing.
func (s *shipment) send(ctx workflow.Context, id models.NotificationID) {
	sendCtx, cancel := workflow.WithCancel(ctx)
	s.sending[id] = cancel
	workflow.Go(sendCtx, func(ctx workflow.Context) {
		instead, err := sendInTime(ctx, id, s.life.Waits)
		delete(s.sending, id)
		if temporal.IsCanceledError(err) {
			return // it stays among the unsent
		}
		if err != nil {
			// Refused for good: the row says why, and an incident tells the operator.
			s.log.Warn("message was refused", "notification", id, "error", err)
		}
		s.life.Unsent = slices.DeleteFunc(s.life.Unsent, func(n models.NotificationID) bool { return n == id })
		if instead != "" {
			s.sendAll(ctx, instead)
		}
	})
}

// sendAll sends the messages that are not being sent yet.
func (s *shipment) sendAll(ctx workflow.Context, ids ...models.NotificationID) {
	for _, id := range ids {
		if !slices.Contains(s.life.Unsent, id) {
			s.life.Unsent = append(s.life.Unsent, id)
			s.send(ctx, id)
		}
	}
}

func (s *shipment) cancelSending() {
	for _, id := range workflow.DeterministicKeys(s.sending) {
		s.sending[id]()
	}
}

// lastSending is how long an ended life still tries to send: longer helps nobody, and
// shorter would leave messages that went without a record of it.
const lastSending = 10 * time.Minute

// wait blocks until a fact comes, an update has changed the life, or its deadline.
func (s *shipment) wait(ctx workflow.Context) error {
	woken := func() bool {
		_, moves := s.life.Moves()
		return s.facts.Len() > 0 || s.news.Len() > 0 || s.shows.Len() > 0 || s.reach.Len() > 0 || s.life.NewContact() || len(s.events) > 0 || moves ||
			s.life.State.Final() && s.quiet(ctx) || s.goesOnAnew(ctx)
	}
	at, summary, ok := s.life.Deadline()
	if s.life.State.Final() {
		at, summary, ok = workflow.Now(ctx).Add(lastSending), "messages are still being sent", true
	}
	if !ok {
		return workflow.Await(ctx, woken)
	}
	inTime, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		// At least a millisecond: a deadline that is just over is due at the next turn.
		Timeout:      max(at.Sub(workflow.Now(ctx)), time.Millisecond),
		TimerOptions: workflow.TimerOptions{Summary: summary},
	}, woken)
	if !inTime && s.life.State.Final() {
		s.cancelSending()
	}
	return err
}

// goesOnAnew reports whether the history is long, and this is a moment to leave it behind.
func (s *shipment) goesOnAnew(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && s.quiet(ctx)
}

// quiet reports whether nothing is going on that an end would cut off.
func (s *shipment) quiet(ctx workflow.Context) bool {
	return len(s.events) == 0 && s.facts.Len() == 0 && s.news.Len() == 0 && s.shows.Len() == 0 && s.reach.Len() == 0 && workflow.AllHandlersFinished(ctx) &&
		(len(s.sending) == 0 || !s.life.State.Final())
}

// checkAsk refuses without a trace in the history. It reads only.
func (s *shipment) checkAsk(ctx workflow.Context, in models.AskInput) error {
	if s.life == nil {
		return temporal.NewApplicationError("the life is being loaded", string(models.CodeUnavailable))
	}
	return refusal(s.life.CheckAsk(in, workflow.Now(ctx)))
}

// ask leads an operation: it has the cabinet open the doors. What was put in or taken out
// comes as facts.
func (s *shipment) ask(ctx workflow.Context, in models.AskInput) (models.AskResult, error) {
	if outcome, known := s.life.Outcome(in.Operation); known {
		return models.AskResult{Outcome: outcome}, nil
	}
	s.life.Begin(in)
	var a *activities.Locker
	var res models.OpenResult
	err := workflow.ExecuteActivity(locker(ctx, in.Queue, openSummary(in)), a.OpenCells, models.OpenInput{
		Locker: in.Locker, Operation: in.Operation, Kind: in.Kind, Shipment: s.id, Cells: in.Cells,
	}).Get(ctx, &res)
	if err != nil {
		// Not connected, timed out, moved: nothing is known and nothing is undone. The
		// cabinet decides by itself and its fact tells.
		s.log.Info("no answer from the cabinet", "operation", in.Operation, "error", err)
		res = models.OpenResult{Outcome: models.Unknown}
	}
	s.life.Finish(in.Operation, res.Outcome)
	return models.AskResult{Outcome: res.Outcome}, nil
}

func openSummary(in models.AskInput) string {
	cells := make([]string, len(in.Cells))
	for i, c := range in.Cells {
		cells[i] = fmt.Sprint(c.Cell)
	}
	return fmt.Sprintf("%s: open cell %s", in.Kind, strings.Join(cells, ", "))
}

// checkCarrier refuses what cannot be true. A life that is being loaded hears it first.
func (s *shipment) checkCarrier(_ workflow.Context, in models.CarrierEventInput) error {
	if s.life == nil {
		return nil
	}
	return refusal(s.life.CheckCarrier(in.Type))
}

// carrierEvent answers once the new state is written.
func (s *shipment) carrierEvent(ctx workflow.Context, in models.CarrierEventInput) (models.ActionResult, error) {
	if err := workflow.Await(ctx, func() bool { return s.life != nil }); err != nil {
		return models.ActionResult{}, err
	}
	err := s.alone(ctx, func() ([]models.Event, error) { return s.life.Hears(in), nil })
	if err != nil {
		return models.ActionResult{}, err
	}
	return s.shown(ctx)
}

// alone runs what acts on the life while nothing else does: an activity may be under way in it
// that has another locker keep room, moves the shipment there, or gives it a new code. It must
// not wait for the loop, which waits for it.
func (s *shipment) alone(ctx workflow.Context, act func() ([]models.Event, error)) error {
	if err := s.acting.Lock(ctx); err != nil {
		return err
	}
	defer s.acting.Unlock()
	events, err := act()
	s.events = append(s.events, events...)
	return err
}

// shown waits until what an action brought is written.
func (s *shipment) shown(ctx workflow.Context) (models.ActionResult, error) {
	err := workflow.Await(ctx, func() bool { return len(s.events) == 0 && s.projected == s.life.Rev })
	return models.ActionResult{State: s.life.State}, err
}

// allowed refuses an action without a trace in the history. It reads only.
func (s *shipment) allowed(check func(*models.Life) error) error {
	if s.life == nil {
		return temporal.NewApplicationError("the life is being loaded", string(models.CodeUnavailable))
	}
	return refusal(check(s.life))
}

// plain makes a handler of an action that needs the life alone. Facts that have come already
// are taken in first: what lies in a cell decides.
func (s *shipment) plain(check func(*models.Life) error, do func(*models.Life, time.Time) []models.Event) func(workflow.Context, models.ActionInput) (models.ActionResult, error) {
	return func(ctx workflow.Context, _ models.ActionInput) (models.ActionResult, error) {
		err := s.alone(ctx, func() ([]models.Event, error) {
			s.takeFacts(ctx)
			if err := check(s.life); err != nil {
				return nil, refusal(err)
			}
			return do(s.life, workflow.Now(ctx)), nil
		})
		if err != nil {
			return models.ActionResult{}, err
		}
		return s.shown(ctx)
	}
}

// reroute has another locker keep room first: a shipment never goes where there is none. It
// answers once the shipment is that locker's, or waits to be taken out.
func (s *shipment) reroute(ctx workflow.Context, in models.RerouteInput) (models.ActionResult, error) {
	err := s.alone(ctx, func() ([]models.Event, error) {
		if in.To == s.life.Locker || in.To == s.life.To {
			return nil, nil
		}
		if err := s.life.CheckReroute(); err != nil {
			return nil, refusal(err)
		}
		if err := s.keepRoom(ctx, in.To); err != nil {
			return nil, err
		}
		s.takeFacts(ctx)
		if err := s.life.CheckReroute(); err != nil {
			return nil, refusal(err) // it was collected meanwhile
		}
		return s.life.Reroute(in.To, workflow.Now(ctx)), nil
	})
	if err != nil {
		return models.ActionResult{}, err
	}
	if err := workflow.Await(ctx, func() bool { _, moves := s.life.Moves(); return !moves }); err != nil {
		return models.ActionResult{}, err
	}
	return s.shown(ctx)
}

func (s *shipment) keepRoom(ctx workflow.Context, to models.LockerID) error {
	var a *activities.Shipment
	err := workflow.ExecuteActivity(short(ctx, "keep room at "+string(to)), a.KeepRoom,
		models.PromiseInput{Shipment: s.id, To: to}).Get(ctx, nil)
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) {
		return refusal(models.Errorf(models.Code(refused.Type()), "%s", refused.Message()))
	}
	return err
}

// move makes the shipment that of its new locker, if nothing of it lies at the old one.
func (s *shipment) move(ctx workflow.Context) error {
	if _, moves := s.life.Moves(); !moves {
		return nil
	}
	return s.alone(ctx, func() ([]models.Event, error) {
		to, moves := s.life.Moves() // it may have been cancelled meanwhile
		if !moves {
			return nil, nil
		}
		var a *activities.Shipment
		var res models.ReissueResult
		err := workflow.ExecuteActivity(showing(ctx, "move to "+string(to)), a.MoveShipment,
			models.MoveInput{Shipment: s.id, To: to, After: s.life.Issue}).Get(ctx, &res)
		if err != nil {
			return nil, err
		}
		return s.life.Moved(res.Issue, workflow.Now(ctx)), workflow.UpsertTypedSearchAttributes(ctx, searchLocker().ValueSet(string(to)))
	})
}

// newContact lets the code die that a contact knows which was replaced, and has both told.
func (s *shipment) newContact(ctx workflow.Context) error {
	if !s.life.NewContact() {
		return nil
	}
	return s.alone(ctx, func() ([]models.Event, error) {
		change, res := s.life.ContactHeard, models.ReissueResult{Issue: s.life.Issue}
		if s.life.NeedsCode() {
			var a *activities.Shipment
			err := workflow.ExecuteActivity(showing(ctx, "new pickup code for a new contact"), a.ReissueCode,
				models.ReissueInput{Shipment: s.id, After: s.life.Issue}).Get(ctx, &res)
			if err != nil {
				return nil, err
			}
		}
		s.unseen = true
		return s.life.TakeContact(change, res.Issue, workflow.Now(ctx)), nil
	})
}

// reissueCode gives the shipment a new pickup code: the worker chooses it and the cabinet
// is told before the client is.
func (s *shipment) reissueCode(ctx workflow.Context, _ models.ActionInput) (models.ActionResult, error) {
	err := s.alone(ctx, func() ([]models.Event, error) {
		var a *activities.Shipment
		var res models.ReissueResult
		err := workflow.ExecuteActivity(short(ctx, "new pickup code"), a.ReissueCode,
			models.ReissueInput{Shipment: s.id, After: s.life.Issue}).Get(ctx, &res)
		if err != nil {
			return nil, err
		}
		return s.life.Reissued(res.Issue, workflow.Now(ctx)), nil
	})
	if err != nil {
		return models.ActionResult{}, err
	}
	return s.shown(ctx)
}

// refusal gives a domain error the form in which the engine finds its code again.
func refusal(err error) error {
	var e *models.Error
	if errors.As(err, &e) {
		return temporal.NewApplicationErrorWithOptions(e.Message, string(e.Code),
			temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
	}
	return err
}
