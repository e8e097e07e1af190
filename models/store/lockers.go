package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"gorm.io/gorm"

	"cubby/models"
)

// nearDegrees are the half sides of the squares in which a search around a point looks, one after
// another; after the last it looks everywhere.
var nearDegrees = []float64{0.1, 1}

// placed is a locker with its place.
type placed struct {
	ID                  models.LockerID
	Latitude, Longitude float64
	metres              float64
}

// Lockers returns a page: nearest first where a point is given, else ordered by id.
func (s *Store) Lockers(ctx context.Context, a models.Actor, q models.LockerQuery) ([]models.LockerView, error) {
	var found []placed
	var err error
	if q.Near != nil {
		found, err = s.nearest(ctx, a, q)
	} else {
		found, err = s.placed(ctx, a, q, nil, q.Limit)
	}
	if err != nil || len(found) == 0 {
		return nil, mapError(err)
	}
	ids := make([]models.LockerID, len(found))
	for i, f := range found {
		ids[i] = f.ID
	}
	views, err := s.lockerViews(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range views {
		if q.Near != nil {
			metres := int(math.Round(found[i].metres))
			views[i].DistanceM = &metres
		}
	}
	return views, nil
}

// placed finds the lockers that a query is about, within a box besides; by id, at most limit,
// after the query's cursor, unless they are searched around a point.
func (s *Store) placed(ctx context.Context, a models.Actor, q models.LockerQuery, within *models.Box, limit int) ([]placed, error) {
	query := s.seenLockers(ctx, a)
	if q.Near == nil {
		query = query.Where("l.id > ?", q.Cursor).Order("l.id").Limit(limit)
	}
	for _, box := range []*models.Box{q.Box, within} {
		if box != nil {
			query = inBox(query, *box)
		}
	}
	if q.Search != "" {
		own, args := contains(q.Search, "l.id", "l.number", "p.name", "p.city", "p.address")
		alias, more := contains(q.Search, "alias")
		query = query.Where("("+own+" OR l.id IN (SELECT locker FROM locker_aliases WHERE carrier = ? AND "+alias+"))",
			append(append(args, a.Organization), more...)...)
	}
	if q.Size != "" {
		query = query.Where("EXISTS (SELECT 1 FROM cells c WHERE c.locker = l.id AND c.size = ?)", q.Size)
	}
	if q.Function != "" {
		query = query.Where("l.functions LIKE ?", `%"`+string(q.Function)+`"%`)
	}
	if q.UpdatedSince != nil {
		since := utc(q.UpdatedSince)
		query = query.Where("(l.updated_at >= ? OR p.updated_at >= ?)", since, since)
	}
	var found []placed
	return found, query.Scan(&found).Error
}

// seenLockers are those that an actor sees, with their places.
func (s *Store) seenLockers(ctx context.Context, a models.Actor) *gorm.DB {
	query := s.read.WithContext(ctx).Table("lockers l").Joins("JOIN locations p ON p.id = l.location").
		Select("l.id, p.latitude, p.longitude")
	if !a.Operator() {
		query = query.Where("l.test = ?", a.Test)
	}
	if a.Kind == models.KindHost {
		query = query.Where("p.host = ?", a.Organization)
	}
	return query
}

func inBox(query *gorm.DB, b models.Box) *gorm.DB {
	query = query.Where("p.latitude BETWEEN ? AND ?", b.South, b.North)
	if b.West <= b.East {
		return query.Where("p.longitude BETWEEN ? AND ?", b.West, b.East)
	}
	return query.Where("(p.longitude >= ? OR p.longitude <= ?)", b.West, b.East)
}

// nearest looks in growing squares until what is surely nearest fills the page. The cursor is the
// last locker of the page before: what follows it is farther, or as far with a later id.
func (s *Store) nearest(ctx context.Context, a models.Actor, q models.LockerQuery) ([]placed, error) {
	last := placed{metres: -1}
	if q.Cursor != "" {
		// One that the actor does not see is none to him.
		if err := s.seenLockers(ctx, a).Where("l.id = ?", q.Cursor).Scan(&last).Error; err != nil {
			return nil, err
		}
		if last.ID == "" {
			return nil, models.Errorf(models.CodeInvalid, "The cursor names no locker.")
		}
		last.metres = metresBetween(*q.Near, last)
	}
	for i := 0; ; i++ {
		var within *models.Box
		sure := math.Inf(1)
		if i < len(nearDegrees) {
			within, sure = around(*q.Near, nearDegrees[i])
		}
		found, err := s.placed(ctx, a, q, within, 0)
		if err != nil {
			return nil, err
		}
		for j := range found {
			found[j].metres = metresBetween(*q.Near, found[j])
		}
		found = slices.DeleteFunc(found, func(p placed) bool { return farther(p, last) <= 0 || p.metres > sure })
		slices.SortFunc(found, farther)
		if within == nil || len(found) >= q.Limit {
			return found[:min(len(found), q.Limit)], nil
		}
	}
}

func farther(a, b placed) int {
	return cmp.Or(cmp.Compare(a.metres, b.metres), strings.Compare(string(a.ID), string(b.ID)))
}

// around is the box of so many degrees of latitude to each side of a point, and within how many
// metres of the point nothing lies outside of it; nil and infinity where a pole is too near.
func around(p models.Point, degrees float64) (*models.Box, float64) {
	b := models.Box{South: p.Latitude - degrees, North: p.Latitude + degrees}
	if b.South < -89 || b.North > 89 {
		return nil, math.Inf(1)
	}
	// As wide as at the end that is nearer to its pole, where meridians are closest.
	wide := degrees / math.Cos(max(math.Abs(b.South), math.Abs(b.North))*math.Pi/180)
	if wide >= 180 {
		return nil, math.Inf(1)
	}
	b.West, b.East = meridian(p.Longitude-wide), meridian(p.Longitude+wide)
	return &b, degrees * metresADegree
}

// metresADegree is a little less than a degree of latitude has.
const metresADegree = 111_000

// meridian is a longitude between -180 and 180 degrees.
func meridian(longitude float64) float64 {
	switch {
	case longitude < -180:
		return longitude + 360
	case longitude > 180:
		return longitude - 360
	}
	return longitude
}

func metresBetween(from models.Point, to placed) float64 {
	return metres(from.Latitude, from.Longitude, to.Latitude, to.Longitude)
}

// Locker returns one, or not_found.
func (s *Store) Locker(ctx context.Context, id models.LockerID) (models.LockerView, error) {
	views, err := s.lockerViews(ctx, []models.LockerID{id})
	if err != nil {
		return models.LockerView{}, err
	}
	if len(views) == 0 {
		return models.LockerView{}, models.Errorf(models.CodeNotFound, "There is no such locker.")
	}
	return views[0], nil
}

// lockerViews reads lockers in the order of their ids, with all that is shown of them; those that
// do not exist are left out.
func (s *Store) lockerViews(ctx context.Context, ids []models.LockerID) ([]models.LockerView, error) {
	lockers, err := gorm.G[models.Locker](s.read).Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	var places []models.LocationID
	var kinds []models.ModelID
	for _, l := range lockers {
		places, kinds = append(places, l.Location), append(kinds, l.Model)
	}
	locations, err := gorm.G[models.Location](s.read).Where("id IN ?", places).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	cabinets, err := gorm.G[models.CabinetModel](s.read).Where("id IN ?", kinds).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	links, err := s.links(ctx, ids)
	if err != nil {
		return nil, err
	}
	aliases, err := gorm.G[models.Alias](s.read).Where("locker IN ?", ids).Order("carrier").Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	views := make([]models.LockerView, 0, len(lockers))
	for _, l := range lockers {
		v := models.LockerView{Locker: l, Link: links[l.ID]}
		if i := slices.IndexFunc(locations, func(p models.Location) bool { return p.ID == l.Location }); i >= 0 {
			v.Location = locations[i]
		}
		if i := slices.IndexFunc(cabinets, func(m models.CabinetModel) bool { return m.ID == l.Model }); i >= 0 {
			v.Kinds = cabinets[i].CellKinds()
		}
		for _, alias := range aliases {
			if alias.Locker == l.ID {
				v.Aliases = append(v.Aliases, alias)
			}
		}
		views = append(views, v)
	}
	slices.SortFunc(views, func(a, b models.LockerView) int {
		return slices.Index(ids, a.Locker.ID) - slices.Index(ids, b.Locker.ID)
	})
	return views, nil
}
