package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

// leastEnd is how many last characters of a number or barcode are searched for at least: their
// index holds that many.
const leastEnd = 4

// Shipments returns a page of those that the actor's organization has a part in, and the cursor
// of the page after, empty when nothing follows. A cursor names the place of the last shipment
// in the order of the list, so what is made or changed meanwhile moves nothing out of a later
// page.
func (s *Store) Shipments(ctx context.Context, a models.Actor, q models.ShipmentQuery) (views []models.ShipmentView, next string, err error) {
	list, err := shipmentList(q)
	if err != nil {
		return nil, "", err
	}
	statement, args := list.of(a, q.Limit+1)
	var found []models.Shipment
	if err := s.read.WithContext(ctx).Raw(statement, args...).Scan(&found).Error; err != nil {
		return nil, "", mapError(err)
	}
	if len(found) > q.Limit {
		found = found[:q.Limit]
		next = list.cursor(found[q.Limit-1])
	}
	if len(found) == 0 {
		return nil, "", nil
	}
	views = make([]models.ShipmentView, len(found))
	ids, place := make([]models.ShipmentID, len(found)), map[models.ShipmentID]int{}
	for i, shipment := range found {
		views[i].Shipment, ids[i], place[shipment.ID] = shipment, shipment.ID, i
	}
	parcels, err := gorm.G[models.Parcel](s.read).Where("shipment IN ?", ids).Order("id").Find(ctx)
	if err != nil {
		return nil, "", mapError(err)
	}
	for _, p := range parcels {
		v := &views[place[p.Shipment]]
		v.Parcels = append(v.Parcels, p)
	}
	return views, next, s.callThem(ctx, a, views)
}

// Labels returns what stands on a shipment's parcels, in the order of the announcement.
func (s *Store) Labels(ctx context.Context, a models.Actor, id models.ShipmentID) ([]models.Label, error) {
	v, err := s.Shipment(ctx, a, id)
	if err != nil {
		return nil, err
	}
	locker, err := s.Locker(ctx, v.Shipment.Locker)
	if err != nil {
		return nil, err
	}
	carrier, err := gorm.G[models.Organization](s.read).Where("id = ?", v.Shipment.Carrier).Take(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	labels := make([]models.Label, len(v.Parcels))
	for i, p := range v.Parcels {
		labels[i] = models.Label{
			Barcode: p.Barcode, Number: v.Shipment.Number, Carrier: carrier.Name, Locker: locker.Locker.Number,
			Address: locker.Location.Address, City: locker.Location.City, Size: p.Size, N: i + 1, Of: len(v.Parcels),
		}
	}
	return labels, nil
}

// listing is a list of shipments as SQL.
type listing struct {
	where   []string
	args    []any
	order   string
	changes bool // in the order of changes
}

func (l *listing) and(condition string, args ...any) {
	l.where, l.args = append(l.where, condition), append(l.args, args...)
}

func shipmentList(q models.ShipmentQuery) (listing, error) {
	l := listing{order: "id DESC", changes: q.UpdatedSince != nil}
	if q.State != "" {
		l.and("state = ?", q.State)
	}
	if q.Locker != "" {
		l.and("locker = ?", q.Locker)
	}
	if q.Number != "" {
		l.and("number = ?", q.Number)
	}
	if q.Barcode != "" {
		l.and("id IN (SELECT shipment FROM parcels WHERE barcode = ?)", q.Barcode)
	}
	if q.Ends != "" {
		if len(q.Ends) < leastEnd {
			return l, fieldError("query/ends", "must have at least 4 characters")
		}
		last, n := q.Ends[len(q.Ends)-leastEnd:], len(q.Ends)
		l.and(`id IN (SELECT id FROM shipments WHERE `+endsWith("number")+
			` UNION ALL SELECT shipment FROM parcels WHERE `+endsWith("barcode")+`)`, last, n, q.Ends, last, n, q.Ends)
	}
	if l.changes {
		l.order = "updated_at, id"
		l.and("updated_at >= ?", q.UpdatedSince.UTC())
	}
	return l, l.after(q.Cursor)
}

// endsWith takes the last four characters, how many there are, and all of them.
func endsWith(column string) string {
	return "substr(" + column + ", length(" + column + ") - 3) = ? AND substr(" + column + ", length(" + column + ") - ? + 1) = ?"
}

// of makes the statement of what an actor sees. What a carrier and a shop see are two lists, each
// in the order of an index; a shipment that is in both comes once.
func (l listing) of(a models.Actor, limit int) (statement string, args []any) {
	if !a.Operator() {
		l.and("test = ?", a.Test)
	}
	side := func(of string) string {
		where := append([]string{}, l.where...)
		if of != "" {
			where, args = append(where, of), append(append(args, l.args...), a.Organization)
		} else {
			args = append(args, l.args...)
		}
		args = append(args, limit)
		if len(where) == 0 {
			where = []string{"true"}
		}
		return "SELECT * FROM shipments WHERE " + strings.Join(where, " AND ") + " ORDER BY " + l.order + " LIMIT ?"
	}
	if a.Operator() {
		return side(""), args
	}
	if a.Organization == "" {
		return "SELECT * FROM shipments WHERE false", nil
	}
	statement = "SELECT * FROM (" + side("carrier = ?") + ") AS sent UNION ALL SELECT * FROM (" +
		side("shop <> '' AND shop = ? AND carrier <> shop") + ") AS sold ORDER BY " + l.order + " LIMIT ?"
	return statement, append(args, limit)
}

// cursor names a shipment's place in the list.
func (l listing) cursor(s models.Shipment) string {
	if l.changes {
		return strconv.FormatInt(s.UpdatedAt.UnixMicro(), 10) + "-" + string(s.ID)
	}
	return string(s.ID)
}

// after begins the list behind a cursor.
func (l *listing) after(cursor string) error {
	if cursor == "" {
		return nil
	}
	at, id, changes := strings.Cut(cursor, "-")
	if !changes {
		id = at
	}
	micros, err := strconv.ParseInt(at, 10, 64)
	if changes != l.changes || changes && err != nil || !models.ValidID(models.PrefixShipment, id) {
		return fieldError("query/cursor", "must be the next_cursor of a page of the same list")
	}
	if changes {
		l.and("(updated_at, id) > (?, ?)", time.UnixMicro(micros).UTC(), id)
	} else {
		l.and("id < ?", id)
	}
	return nil
}

func fieldError(pointer, detail string) error {
	var f models.Fields
	f.Add(pointer, "%s", detail)
	return f.Err()
}
