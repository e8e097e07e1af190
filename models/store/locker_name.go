package store

import (
	"context"

	"cubby/models"
)

// namedLocker is a locker that somebody named, with what their organization calls it; empty: nothing of its own.
type namedLocker struct {
	models.Locker
	Alias string
}

// namedLockers finds by an id, by a public number, and by what an organization calls a locker, and takes the first
// in this order: so no alias ever stands for the locker that has it as its number.
const namedLockers = `SELECT l.*, coalesce(own.alias, '') AS alias FROM (
	SELECT id, 1 AS way FROM lockers WHERE id = @name
	UNION ALL SELECT id, 2 FROM lockers WHERE number = @name
	UNION ALL SELECT locker, 3 FROM locker_aliases WHERE carrier = @who AND alias = @name
	) AS found JOIN lockers l ON l.id = found.id
	LEFT JOIN locker_aliases own ON own.locker = l.id AND own.carrier = @who
	WHERE (l.test = @test OR @all) ORDER BY found.way LIMIT 1`

// lockerNamed finds the locker that the actor means: one that it sees. An operator, who calls no
// locker anything, speaks for the carrier.
func (s *Store) lockerNamed(ctx context.Context, a models.Actor, carrier models.OrganizationID, name string) (namedLocker, error) {
	who := a.Organization
	if a.Operator() {
		who = carrier
	}
	var found []namedLocker
	err := s.read.WithContext(ctx).Raw(namedLockers, map[string]any{
		"name": name, "who": who, "test": a.Test, "all": a.Operator(),
	}).Scan(&found).Error
	if err != nil {
		return namedLocker{}, mapError(err)
	}
	if len(found) == 0 {
		return namedLocker{}, models.Errorf(models.CodeUnknownLocker, "There is no locker %s.", name)
	}
	return found[0], nil
}

// FindLocker returns the id of the locker that the actor names: by its id, its public number, or what the actor's own
// organization, or for an operator the carrier, calls it. It returns unknown_locker where the actor sees none.
func (s *Store) FindLocker(ctx context.Context, a models.Actor, carrier models.OrganizationID, name string) (models.LockerID, error) {
	l, err := s.lockerNamed(ctx, a, carrier, name)
	return l.ID, err
}

// callThem fills in what the actor's organization calls the lockers of shipments.
func (s *Store) callThem(ctx context.Context, a models.Actor, views []models.ShipmentView) error {
	if a.Kind != models.KindCarrier || len(views) == 0 {
		return nil
	}
	lockers := make([]models.LockerID, len(views))
	for i, v := range views {
		lockers[i] = v.Shipment.Locker
	}
	var own []models.Alias
	err := s.read.WithContext(ctx).Where("carrier = ? AND locker IN ?", a.Organization, lockers).Find(&own).Error
	for i := range views {
		for _, alias := range own {
			if alias.Locker == views[i].Shipment.Locker {
				views[i].LockerAlias = alias.Alias
			}
		}
	}
	return mapError(err)
}
