package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"

	"cubby/models"
)

const (
	nearbyShown = 3
	// nearbyChunk and nearbyTried bound the search around a full locker.
	nearbyChunk = 20
	nearbyTried = 100
)

// demandOf counts a shipment's parcels.
func demandOf(s models.Shipment, parcels []models.Parcel) models.Demand {
	d := models.Demand{}
	for _, p := range parcels {
		d.Add(models.CellClass{Regime: p.Regime, Size: p.Size, EasyReach: s.EasyReach}, 1)
	}
	return d
}

// capacityOf reads lockers' capacity in one statement: between two, a deposit could turn
// a promise into an occupied cell and be missed by both counts. Promises that begin after until
// are left out. Who occupies cells is read only where limits ask for it.
func capacityOf(ctx context.Context, db *gorm.DB, until time.Time, lockers ...models.LockerID) (map[models.LockerID]models.Capacity, error) {
	var counts []struct {
		Kind    string
		Locker  models.LockerID
		Carrier models.OrganizationID
		Regime  models.Regime
		Size    models.Size
		Easy    bool
		N       int
		Maximum *int
	}
	err := db.WithContext(ctx).Raw(`SELECT 'promised' AS kind, locker, carrier, regime, size, easy_reach AS easy, count(*) AS n, CAST(NULL AS bigint) AS maximum
		FROM promises WHERE locker IN @lockers AND ("from" IS NULL OR "from" <= @until) GROUP BY locker, carrier, regime, size, easy_reach
		UNION ALL SELECT 'free', locker, '', regime, size, easy_reach, count(*), CAST(NULL AS bigint)
		FROM cells WHERE locker IN @lockers AND state = @free AND NOT doubtful GROUP BY locker, regime, size, easy_reach
		UNION ALL SELECT 'occupied', c.locker, s.carrier, c.regime, c.size, false, count(*), CAST(NULL AS bigint)
		FROM cells c JOIN shipments s ON s.id = c.shipment
		WHERE c.locker IN (SELECT locker FROM carrier_limits WHERE locker IN @lockers) AND c.state <> @free
		GROUP BY c.locker, s.carrier, c.regime, c.size
		UNION ALL SELECT 'limit', locker, carrier, regime, size, false, minimum, maximum FROM carrier_limits WHERE locker IN @lockers`,
		map[string]any{"lockers": lockers, "free": models.CellFree, "until": until.UTC()}).Scan(&counts).Error
	if err != nil {
		return nil, err
	}
	found := make(map[models.LockerID]models.Capacity, len(lockers))
	for _, l := range lockers {
		found[l] = models.Capacity{
			Promised: map[models.OrganizationID]models.Demand{}, Occupied: map[models.OrganizationID]models.Demand{}, Free: models.Demand{},
		}
	}
	for _, c := range counts {
		at, class := found[c.Locker], models.CellClass{Regime: c.Regime, Size: c.Size, EasyReach: c.Easy}
		switch c.Kind {
		case "promised":
			count(at.Promised, c.Carrier, class, c.N)
		case "occupied":
			count(at.Occupied, c.Carrier, class, c.N)
		case "free":
			at.Free.Add(class, c.N)
		case "limit":
			at.Limits = append(at.Limits, models.Limit{
				Locker: c.Locker, Carrier: c.Carrier, Regime: c.Regime, Size: c.Size, Minimum: c.N, Maximum: c.Maximum,
			})
			found[c.Locker] = at
		}
	}
	return found, nil
}

// count adds to one carrier's demand.
func count(of map[models.OrganizationID]models.Demand, carrier models.OrganizationID, c models.CellClass, n int) {
	if of[carrier] == nil {
		of[carrier] = models.Demand{}
	}
	of[carrier].Add(c, n)
}

// Availability returns a line for each regime and size that the locker has, with the room that
// there is for a carrier whose parcels are expected at a time, by the policy "standard". A time
// that has passed is now.
func (s *Store) Availability(ctx context.Context, id models.LockerID, carrier models.OrganizationID, at time.Time) ([]models.Availability, error) {
	if _, err := s.Head(ctx, id); err != nil {
		return nil, err
	}
	kinds, err := gorm.G[models.StoredCell](s.read).Distinct("regime", "size").Where("locker = ?", id).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	policy, err := s.newestPolicy(ctx, models.PolicyStandard)
	if err != nil {
		return nil, err
	}
	expected := models.Promise{From: &at, Horizon: policy.Horizon()}
	rooms, err := capacityOf(ctx, s.read, expected.Until(s.now()), id)
	if err != nil {
		return nil, mapError(err)
	}
	c := rooms[id]
	lines := []models.Availability{}
	for _, r := range []models.Regime{models.Ambient, models.Chilled, models.Frozen} {
		for _, size := range models.Sizes() {
			if slices.ContainsFunc(kinds, func(k models.StoredCell) bool { return k.Regime == r && k.Size == size }) {
				anywhere, easy := models.CellClass{Regime: r, Size: size}, models.CellClass{Regime: r, Size: size, EasyReach: true}
				lines = append(lines, models.Availability{
					Regime: r, Size: size, Free: c.Free.OfSize(r, size), Room: c.Room(carrier, anywhere),
					EasyFree: c.Free[easy], EasyRoom: c.Room(carrier, easy),
				})
			}
		}
	}
	return lines, nil
}

// withNearby adds to a refusal the nearest lockers that could take all the parcels. The
// refusal stands also when they cannot be found.
func (s *Store) withNearby(ctx context.Context, refusal error, from models.LockerID, carrier models.OrganizationID, need models.Demand, until time.Time) error {
	var e *models.Error
	if !errors.As(refusal, &e) {
		return refusal
	}
	nearby, err := s.nearby(ctx, from, carrier, need, until)
	if err != nil {
		s.logger.WarnContext(ctx, "cannot look for nearby lockers", "locker", from, "error", err)
	}
	with := *e
	with.Details = map[string]any{"nearby": nearby}
	return &with
}

func (s *Store) nearby(ctx context.Context, from models.LockerID, carrier models.OrganizationID, need models.Demand, until time.Time) ([]models.NearbyLocker, error) {
	nearby := []models.NearbyLocker{}
	var here models.Point
	err := s.read.WithContext(ctx).Raw(`SELECT p.latitude, p.longitude FROM lockers l JOIN locations p ON p.id = l.location
		WHERE l.id = ?`, from).Scan(&here).Error
	if err != nil {
		return nearby, mapError(err)
	}
	var others []struct {
		models.NearbyLocker
		Latitude, Longitude float64
	}
	err = s.read.WithContext(ctx).Raw(`SELECT l.id AS locker, l.number, p.address, p.latitude, p.longitude
		FROM lockers l JOIN locations p ON p.id = l.location WHERE l.state = ? AND l.id <> ? AND l.test = (SELECT test FROM lockers WHERE id = ?)`,
		models.LockerActive, from, from).Scan(&others).Error
	if err != nil {
		return nearby, mapError(err)
	}
	candidates := make([]models.NearbyLocker, 0, len(others))
	for _, o := range others {
		o.DistanceM = distanceM(here.Latitude, here.Longitude, o.Latitude, o.Longitude)
		candidates = append(candidates, o.NearbyLocker)
	}
	slices.SortFunc(candidates, func(a, b models.NearbyLocker) int { return a.DistanceM - b.DistanceM })
	candidates = candidates[:min(len(candidates), nearbyTried)]
	for chunk := range slices.Chunk(candidates, nearbyChunk) {
		ids := make([]models.LockerID, len(chunk))
		for i, c := range chunk {
			ids[i] = c.Locker
		}
		rooms, err := capacityOf(ctx, s.read, until, ids...)
		if err != nil {
			return nearby, mapError(err)
		}
		for _, c := range chunk {
			room := rooms[c.Locker]
			if !room.Fits(carrier, need) {
				continue
			}
			c.Room = least(room, carrier, need)
			nearby = append(nearby, c)
			if len(nearby) == nearbyShown {
				return nearby, nil
			}
		}
	}
	return nearby, nil
}

// least is the room for the scarcest kind of the parcels.
func least(c models.Capacity, carrier models.OrganizationID, need models.Demand) int {
	n := math.MaxInt
	for class := range need {
		n = min(n, c.Room(carrier, class))
	}
	return n
}

func distanceM(lat1, lon1, lat2, lon2 float64) int {
	return int(math.Round(metres(lat1, lon1, lat2, lon2)))
}

// metres is the great circle's length in metres, by the haversine formula on a sphere with the
// Earth's mean radius (IUGG).
func metres(lat1, lon1, lat2, lon2 float64) float64 {
	const radius, degree = 6_371_009.0, math.Pi / 180
	sinLat, sinLon := math.Sin((lat2-lat1)*degree/2), math.Sin((lon2-lon1)*degree/2)
	h := sinLat*sinLat + math.Cos(lat1*degree)*math.Cos(lat2*degree)*sinLon*sinLon
	return 2 * radius * math.Asin(math.Sqrt(min(h, 1)))
}
