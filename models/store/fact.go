package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"cubby/models"
)

// Head returns how far a cabinet's journal was taken in, or not_found.
func (s *Store) Head(ctx context.Context, l models.LockerID) (models.Head, error) {
	head, err := gorm.G[models.Head](s.read).Where("locker = ?", l).Take(ctx)
	return take(head, err, "There is no such locker.")
}

// TakeIn stores the facts that are new and everything that follows from them, in one
// transaction. A fork is refused, and an incident tells of it.
func (s *Store) TakeIn(ctx context.Context, l models.LockerID, facts []models.Fact) (models.Head, error) {
	var head models.Head
	err := s.tx(ctx, "takein", func(t *tx) error {
		var err error
		head, err = t.takeIn(l, facts)
		return err
	})
	if models.ErrorCode(err) == models.CodeFork {
		told := s.tx(ctx, "fork", func(t *tx) error {
			return t.openIncident(models.Incident{Kind: models.IncidentFork, Locker: l, Evidence: models.ErrorMessage(err)})
		})
		if told != nil {
			s.logger.ErrorContext(ctx, "cannot open an incident for a forked journal", "locker", l, "error", told)
		}
	}
	if err != nil {
		return models.Head{}, err
	}
	return head, nil
}

func (t *tx) takeIn(l models.LockerID, facts []models.Fact) (models.Head, error) {
	head, err := forUpdate[models.Head](t).Where("locker = ?", l).Take(t.ctx)
	if head, err = take(head, err, "There is no such locker."); err != nil {
		return head, err
	}
	fresh, err := head.CheckChain(facts)
	if err != nil {
		return head, err
	}
	if len(fresh) == 0 {
		if len(facts) > 0 { // an answer was lost, or someone plays an old batch back
			t.logger.InfoContext(t.ctx, "facts that were taken in before are skipped", "locker", l, "facts", len(facts),
				"reason", "repeat", "epoch", head.Epoch, "seq", head.Seq)
		}
		return head, nil
	}
	// Under the head's lock, so that a later batch never has an earlier time.
	t.now = later(t.Store.now(), head.UpdatedAt)
	in := intake{tx: t, locker: l}
	if err := in.load(fresh); err != nil {
		return head, err
	}
	for i, f := range fresh {
		if err := in.add(f, in.data[i], in.problems[i]); err != nil {
			return head, err
		}
	}
	if err := in.save(); err != nil {
		return head, err
	}
	last := fresh[len(fresh)-1]
	moved, err := t.exec("UPDATE journal_heads SET epoch = ?, seq = ?, hash = ?, updated_at = ? WHERE locker = ? AND epoch = ? AND seq = ?",
		last.Epoch, last.Seq, last.Hash, t.now, l, head.Epoch, head.Seq)
	if err != nil {
		return head, err
	}
	if moved != 1 {
		return head, models.Errorf(models.CodeUnavailable, "The journal's head moved at the same moment. Please try again.")
	}
	return models.Head{Locker: l, Epoch: last.Epoch, Seq: last.Seq, Hash: last.Hash, UpdatedAt: t.now}, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b.UTC()
	}
	return a
}

// intake is a batch of facts on its way into the tables.
type intake struct {
	*tx
	locker   models.LockerID
	data     []models.FactData
	problems []string

	shipments   map[models.ShipmentID]bool
	technicians map[models.CourierID]technician
	parcels     map[models.ParcelID]models.ShipmentID
	cells       map[int]models.Size
	free        map[int]bool // as it was before the batch

	facts    []models.StoredFact
	reports  map[int]told                    // the last of each cell
	loaded   map[models.ParcelID]int         // the cell in which each is now
	sized    map[models.ParcelID]models.Size // found by a courier
	weigh    bool                            // a cell became usable or not otherwise than by its promise
	messages []models.OutboxRow
	open     *int // incidents that are open about the cabinet; nil: not counted yet
}

// maxOpen is how many incidents may be open about one cabinet by its own word, each for itself: far more than an honest one has
// reasons for. Of what comes beyond them there is one for each kind.
const maxOpen = 1000

// crowded reports whether that many are open.
func (in *intake) crowded() (bool, error) {
	if in.open == nil {
		var n int
		err := in.db.Raw("SELECT count(*) FROM (SELECT 1 FROM incidents WHERE locker = ? AND resolved IS NULL LIMIT ?) AS counted",
			in.locker, maxOpen).Scan(&n).Error
		if err != nil {
			return false, err
		}
		in.open = &n
	}
	return *in.open >= maxOpen, nil
}

// openIncident opens what the last fact tells of, and has the fact name it: it may be open already.
func (in *intake) openIncident(i models.Incident) error {
	crowded, err := in.crowded()
	if err != nil {
		return err
	}
	if crowded {
		i.Key, i.Cell, i.Shipment = models.IncidentKey(in.locker, i.Kind, 0, "")+"/more", 0, ""
	}
	*in.open++
	id, err := in.openedIncident(i)
	in.facts[len(in.facts)-1].Incident = id
	return err
}

// load decodes the payloads and reads what they name.
func (in *intake) load(facts []models.Fact) error {
	var shipments []models.ShipmentID
	var parcels []models.ParcelID
	needCells := false
	for _, f := range facts {
		d, err := f.Payload()
		problem := ""
		if err != nil {
			problem = "its data cannot be read"
		}
		in.data, in.problems = append(in.data, d), append(in.problems, problem)
		if d.Shipment != "" {
			shipments = append(shipments, d.Shipment)
		}
		if d.Parcel != "" {
			parcels = append(parcels, d.Parcel)
		}
		needCells = needCells || d.After != nil || len(d.Cells) > 0 || f.Cell != 0
	}
	if err := in.loadTechnicians(facts); err != nil {
		return err
	}
	in.shipments, in.parcels = map[models.ShipmentID]bool{}, map[models.ParcelID]models.ShipmentID{}
	in.cells, in.reports, in.loaded = map[int]models.Size{}, map[int]told{}, map[models.ParcelID]int{}
	in.free, in.sized = map[int]bool{}, map[models.ParcelID]models.Size{}
	if len(shipments) > 0 {
		var found []models.ShipmentID
		slices.Sort(shipments)
		err := in.db.Raw("SELECT id FROM shipments WHERE id IN ?", slices.Compact(shipments)).Scan(&found).Error
		if err != nil {
			return err
		}
		for _, id := range found {
			in.shipments[id] = true
		}
	}
	if len(parcels) > 0 {
		slices.Sort(parcels)
		var found []models.Parcel
		err := in.db.Raw("SELECT id, shipment FROM parcels WHERE id IN ?", slices.Compact(parcels)).Scan(&found).Error
		if err != nil {
			return err
		}
		for _, p := range found {
			in.parcels[p.ID] = p.Shipment
		}
	}
	if needCells {
		var found []models.StoredCell
		if err := in.db.Raw("SELECT number, size, state, doubtful FROM cells WHERE locker = ?", in.locker).Scan(&found).Error; err != nil {
			return err
		}
		for _, c := range found {
			in.cells[c.Number], in.free[c.Number] = c.Size, isFree(c.State, c.Doubtful)
		}
	}
	return nil
}

// unknownShipment is the problem of a fact that is right in all but its shipment: it was
// announced after the moment to which the database was put back.
const unknownShipment = "there is no such shipment"

// maxDevice is how long the name of a cabinet's device may be, in bytes.
const maxDevice = 40

// maxID is longer than every id. What is kept by it has to fit into an index.
const maxID = 64

// impossible says why a fact that can be read cannot be true, or is empty.
func (in *intake) impossible(f models.Fact, d models.FactData) string {
	switch {
	case !f.Type.Known():
		return "its type is not known"
	case f.Cell != 0 && in.cells[f.Cell] == "":
		return "the cabinet has no such cell"
	case movesParcel(f.Type) && (d.Shipment == "" || d.Parcel == "") && !ofLabelAlone(f, d):
		return "it names no shipment and parcel"
	case f.Type == models.FactHeld && (f.Cell == 0 || d.Label == ""):
		return "it names no cell and label"
	case (f.Type == models.FactDeposited || refuses(f.Type)) && f.Cell == 0:
		return "it names no cell"
	case f.AtMS < 0:
		return "its time is before 1970"
	case len(f.Operation) > maxID:
		return "its operation is longer than any id"
	case d.Parcel != "" && in.shipments[d.Shipment] && in.parcels[d.Parcel] != d.Shipment:
		return "the parcel is not of the shipment"
	}
	reports := d.Cells
	if d.After != nil {
		reports = append(slices.Clip(reports), *d.After)
	}
	for _, r := range reports {
		if in.cells[r.Cell] == "" {
			return "the cabinet has no such cell"
		}
		if !slices.Contains(models.CellStates(), r.State) {
			return "a cell's state is not known"
		}
	}
	if problem := in.notTheirs(f, d); problem != "" {
		return problem
	}
	if d.Shipment != "" && !in.shipments[d.Shipment] {
		return unknownShipment
	}
	if (f.Type == models.FactDevice || f.Type == models.FactOutput) && (d.Device == "" || len(d.Device) > maxDevice) {
		return "a device has a name"
	}
	return ""
}

// refuses reports whether a fact of the type says that a client put a parcel back.
func refuses(t models.FactType) bool { return t == models.FactRefused || t == models.FactDamaged }

// movesParcel reports whether a fact of the type says where a parcel is.
func movesParcel(t models.FactType) bool {
	switch t {
	case models.FactDeposited, models.FactPickedUp, models.FactWithdrawn, models.FactMissing, models.FactLoadFailed, models.FactUnloaded:
		return true
	}
	return refuses(t)
}

// ofLabelAlone reports whether a fact tells of a label of which its cabinet knew no parcel: that
// an unannounced one is in its cell no more, or that one was not loaded.
func ofLabelAlone(f models.Fact, d models.FactData) bool {
	switch f.Type {
	case models.FactWithdrawn, models.FactMissing:
		return f.Cell != 0 && d.Label != ""
	case models.FactLoadFailed:
		return d.Label != "" && d.Shipment == "" && d.Parcel == ""
	}
	return false
}

// firstCell names a board by the first of its cells: names are the cabinet's own.
func firstCell(cells []models.CellReport) int {
	first := 0
	for _, c := range cells {
		if first == 0 || c.Cell < first {
			first = c.Cell
		}
	}
	return first
}

// add takes in one fact. What cannot be applied is kept, quarantined, and an incident
// tells of it: one such fact never blocks a journal.
func (in *intake) add(f models.Fact, d models.FactData, problem string) error {
	if problem == "" {
		problem = in.impossible(f, d)
	}
	if len(d.Shipment) > maxID {
		problem, d.Shipment = "its shipment is longer than any id", ""
	}
	in.facts = append(in.facts, models.StoredFact{
		Locker: in.locker, Epoch: f.Epoch, Seq: f.Seq, Type: f.Type, Shipment: d.Shipment, Operation: f.Operation,
		Quarantined: problem, Body: f, ReceivedAt: in.now,
	})
	incident := models.Incident{Locker: in.locker, Cell: f.Cell, Shipment: d.Shipment, Evidence: f.Key(in.locker)}
	if problem == "" || problem == unknownShipment || in.notTheirs(f, d) == problem {
		// The cells are as the cabinet says, whosever the parcel is and whoever was there.
		for _, r := range d.Cells {
			in.report(r, f)
		}
		if d.After != nil {
			in.report(*d.After, f)
		}
	}
	if problem != "" {
		incident.Kind, incident.Evidence = models.IncidentQuarantine, incident.Evidence+": "+problem
		crowded, err := in.crowded()
		if err != nil {
			return err
		}
		if problem == unknownShipment && f.Type == models.FactDeposited && !crowded {
			lost := models.DirectoryRow{Kind: models.EntryLost, Key: string(d.Shipment), Body: encode(struct{}{})}
			if err := in.writeLocker(in.locker, lost); err != nil {
				return err
			}
		}
		return in.openIncident(incident)
	}
	in.weigh = in.weigh || bearsOnRoom(f.Type)
	if d.Shipment != "" {
		in.messages = append(in.messages, signalFact(d.Shipment, f.Signal(in.locker, d, in.now)))
	}
	if d.Label != "" {
		if err := in.unannounced(f, d); err != nil {
			return err
		}
	}
	if ofService(f.Type) || mayBeService(f.Type) {
		if err := in.served(f, d); err != nil {
			return err
		}
	}
	switch f.Type {
	case models.FactMissing:
		incident.Kind = models.IncidentMissing
		return in.openIncident(incident)
	case models.FactBoardDown:
		incident.Kind, incident.Cell = models.IncidentBoard, firstCell(d.Cells)
		return in.openIncident(incident)
	case models.FactDevice:
		return in.deviceChanged(f, d)
	case models.FactBoardUp:
		return in.boardUp(in.locker, firstCell(d.Cells))
	case models.FactInventory:
		if d.Reason != "" {
			incident.Kind = models.IncidentStore
			incident.Evidence += fmt.Sprintf(": %.20s%s", d.Reason, inDoubt(d.Cells))
			return in.openIncident(incident)
		}
	case models.FactDeposited:
		in.loaded[d.Parcel] = f.Cell
		if d.Size.Valid() {
			in.sized[d.Parcel] = d.Size
		}
	case models.FactUnloaded:
		return in.cellChecked(in.locker, f.Cell)
	case models.FactDoorOpened, models.FactOutput:
		return in.openedFromAfar(f, d)
	case models.FactDoorJammed:
		incident.Kind = models.IncidentJam
		return in.openIncident(incident)
	case models.FactPadPaused:
		incident.Kind = models.IncidentPad
		return in.openIncident(incident)
	case models.FactTrouble:
		incident.Kind, incident.Evidence = models.IncidentTrouble, incident.Evidence+": "+troubleOf(d.Reason)
		if screenID.MatchString(d.Screen) {
			incident.Evidence += " at " + d.Screen
		}
		if d.Reason == models.TroubleLocked {
			incident.Kind = models.IncidentLockedIn
		}
		return in.openIncident(incident)
	case models.FactCellDoubtful:
		incident.Kind = models.IncidentDoubt
		return in.openIncident(incident)
	case models.FactCellFreed, models.FactCellChecked:
		if d.Parcel != "" {
			in.loaded[d.Parcel] = f.Cell // it was found inside
		}
		if f.Cell != 0 {
			return in.cellChecked(in.locker, f.Cell)
		}
	}
	return nil
}

// screenID is the form of a screen's id. Evidence has nothing else of a cabinet's own words.
var screenID = regexp.MustCompile(`^[A-Z][0-9]{1,2}$`)

// troubleOf is a trouble as an incident names it: a cabinet's word, which a newer one may have more of.
func troubleOf(reason string) string {
	if slices.Contains(models.Troubles(), reason) {
		return reason
	}
	return models.TroubleOther
}

// inDoubt names the cells of an inventory whose content is not known.
func inDoubt(cells []models.CellReport) string {
	text := ""
	for _, c := range cells {
		if c.Doubtful {
			text += fmt.Sprintf(" %d", c.Cell)
		}
	}
	if text == "" {
		return ""
	}
	return ", in doubt:" + text
}

// save writes what add collected.
func (in *intake) save() error {
	if err := insert(in.tx, in.facts...); err != nil {
		return err
	}
	if err := in.saveCells(); err != nil {
		return err
	}
	if err := in.tellScarce(); err != nil {
		return err
	}
	if err := in.release(); err != nil {
		return err
	}
	if err := in.learn(); err != nil {
		return err
	}
	if err := in.weighIfNeeded(); err != nil {
		return err
	}
	return in.post(in.messages...)
}

// told is a cell as a fact told of it, and when it became so.
type told struct {
	models.CellReport
	since time.Time
}

// report takes a fact's word for a cell. Within a batch a cell that stays as it is keeps its time.
func (in *intake) report(r models.CellReport, f models.Fact) {
	since := f.At()
	if since.After(in.now) {
		since = in.now // a clock that runs ahead
	}
	if was, ok := in.reports[r.Cell]; ok && was.State == r.State && was.Doubtful == r.Doubtful && was.Shipment == r.Shipment {
		since = was.since
	}
	in.reports[r.Cell] = told{r, since}
}

// saveCells takes over the cabinet's view of its cells in one statement. The rows exist,
// so the insert always meets its conflict and the columns of the layout stay.
func (in *intake) saveCells() error {
	if len(in.reports) == 0 {
		return nil
	}
	rows := make([]models.StoredCell, 0, len(in.reports))
	for _, r := range in.reports {
		rows = append(rows, models.StoredCell{
			Locker: in.locker, Number: r.Cell, State: r.State, Doubtful: r.Doubtful, Generation: r.Generation,
			Shipment: r.Shipment, Since: &r.since, UpdatedAt: in.now,
		})
	}
	slices.SortFunc(rows, func(a, b models.StoredCell) int { return a.Number - b.Number })
	columns := clause.AssignmentColumns([]string{"state", "doubtful", "generation", "shipment", "updated_at"})
	since := gorm.Expr(`CASE WHEN cells.state = excluded.state AND cells.doubtful = excluded.doubtful
		AND cells.shipment = excluded.shipment THEN cells.since ELSE excluded.since END`)
	return in.db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "locker"}, {Name: "number"}},
		DoUpdates: append(columns, clause.Assignment{Column: clause.Column{Name: "since"}, Value: since}),
	}).CreateInBatches(&rows, insertBatch).Error
}
