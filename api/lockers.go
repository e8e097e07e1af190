package api

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"cubby/models"
)

// ListLockers lists lockers.
func (s *server) ListLockers(ctx context.Context, request ListLockersRequestObject) (ListLockersResponseObject, error) {
	q, err := lockerQuery(request.Params)
	if err != nil {
		return nil, err
	}
	actor, now := callOf(ctx).actor, s.Now()
	lockers, err := s.Lockers.Lockers(ctx, actor, q)
	if err != nil {
		return nil, err
	}
	body := LockerList{
		Items:      each(lockers, lockerDetail(actor, now)),
		NextCursor: nextCursor(lockers, q.Limit, func(v models.LockerView) string { return string(v.Locker.ID) }),
	}
	same := body
	same.Items = each(body.Items, steady)
	tag, err := etag(same)
	if err != nil {
		return nil, err
	}
	if matches(request.Params.IfNoneMatch, tag) {
		return ListLockers304Response{Headers: NotModifiedResponseHeaders{ETag: &tag}}, nil
	}
	return ListLockers200JSONResponse{Body: body, Headers: ListLockers200ResponseHeaders{ETag: &tag}}, nil
}

// GetLocker reads a locker.
func (s *server) GetLocker(ctx context.Context, request GetLockerRequestObject) (GetLockerResponseObject, error) {
	v, err := s.locker(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	body := lockerDetail(callOf(ctx).actor, s.Now())(v)
	tag, err := etag(steady(body))
	if err != nil {
		return nil, err
	}
	if matches(request.Params.IfNoneMatch, tag) {
		return GetLocker304Response{Headers: NotModifiedResponseHeaders{ETag: &tag}}, nil
	}
	return GetLocker200JSONResponse{Body: body, Headers: GetLocker200ResponseHeaders{ETag: &tag}}, nil
}

// locker reads one that the caller sees, and names as callers do: a test key test lockers alone, a
// host those at its own places.
func (s *server) locker(ctx context.Context, name string) (models.LockerView, error) {
	a := callOf(ctx).actor
	id, err := s.lockerNamed(ctx, "", name)
	if models.ErrorCode(err) == models.CodeUnknownLocker {
		err = models.Wrap(models.CodeNotFound, err, "There is no such locker.")
	}
	if err != nil {
		return models.LockerView{}, err
	}
	v, err := s.Lockers.Locker(ctx, id)
	if err == nil && (!a.Sees(v.Locker.Test) || a.Kind == models.KindHost && v.Location.Host != a.Organization) {
		return models.LockerView{}, models.Errorf(models.CodeNotFound, "There is no such locker.")
	}
	return v, err
}

// lockerNamed is the id of a locker that the caller names: itself, or found by number or alias, for
// an operator the carrier's. It returns unknown_locker.
func (s *server) lockerNamed(ctx context.Context, carrier models.OrganizationID, name string) (models.LockerID, error) {
	if models.ValidID(models.PrefixLocker, name) {
		return models.LockerID(name), nil
	}
	return s.Lockers.FindLocker(ctx, callOf(ctx).actor, carrier, name)
}

// steady leaves out what changes all the time while nothing does.
func steady(d LockerDetail) LockerDetail {
	if d.Online {
		d.LastSeen = nil
	}
	return d
}

// lockerQuery reads what a pattern cannot wholly check.
func lockerQuery(p ListLockersParams) (models.LockerQuery, error) {
	q := models.LockerQuery{
		Page: page(p.Cursor, p.Limit, p.Search), UpdatedSince: p.UpdatedSince,
		Size: models.Size(or(p.Size, "")), Function: models.LockerFunction(or(p.Function, "")),
	}
	var f models.Fields
	if n := degrees(p.Near); n != nil {
		q.Near = &models.Point{Latitude: n[0], Longitude: n[1]}
		if !onEarth(n[0], n[1]) {
			f.Add("query/near", "must be a latitude from -90 to 90 and a longitude from -180 to 180")
		}
	}
	if n := degrees(p.Bbox); n != nil {
		q.Box = &models.Box{South: n[0], West: n[1], North: n[2], East: n[3]}
		if !onEarth(n[0], n[1]) || !onEarth(n[2], n[3]) || n[0] > n[2] {
			f.Add("query/bbox", "must be south,west,north,east, with latitudes from -90 to 90 and longitudes from -180 to 180")
		}
	}
	return q, f.Err()
}

// degrees are the numbers of a list that has its pattern; nil: there is none.
func degrees(list *string) []float64 {
	if list == nil {
		return nil
	}
	var numbers []float64
	for part := range strings.SplitSeq(*list, ",") {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			n = math.NaN() // lies nowhere on Earth
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func onEarth(latitude, longitude float64) bool {
	return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180
}

// GetAvailability tells how much room a locker has.
func (s *server) GetAvailability(ctx context.Context, request GetAvailabilityRequestObject) (GetAvailabilityResponseObject, error) {
	v, err := s.locker(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	at := or(request.Params.At, s.Now())
	lines, err := s.Lockers.Availability(ctx, v.Locker.ID, callOf(ctx).actor.Organization, at)
	if err != nil {
		return nil, err
	}
	return GetAvailability200JSONResponse{Items: each(lines, func(a models.Availability) Availability {
		return Availability{Regime: Regime(a.Regime), Size: Size(a.Size), Free: a.Free, Room: a.Room, EasyReachFree: a.EasyFree, EasyReachRoom: a.EasyRoom}
	})}, nil
}

// UpdateLocker changes what a locker is called and good for.
func (s *server) UpdateLocker(ctx context.Context, request UpdateLockerRequestObject) (UpdateLockerResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	b := request.Body
	u := models.LockerUpdate{Number: b.Number, EasyReach: or(b.EasyReach, nil)}
	if b.Functions != nil {
		u.Functions = each(*b.Functions, func(f LockerFunction) models.LockerFunction { return models.LockerFunction(f) })
	}
	if b.Acceptance != nil {
		acceptance := models.Acceptance(*b.Acceptance)
		u.Acceptance = &acceptance
	}
	l, err := s.Network.UpdateLocker(ctx, callOf(ctx).request(), models.LockerID(request.Id), u)
	if err != nil {
		return nil, err
	}
	return UpdateLocker200JSONResponse(lockerBody(l)), nil
}

// SetAlias calls a locker by a carrier's own name.
func (s *server) SetAlias(ctx context.Context, request SetAliasRequestObject) (SetAliasResponseObject, error) {
	v, err := s.locker(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	r := callOf(ctx).request()
	a := models.Alias{
		Locker: v.Locker.ID, Alias: request.Body.Alias,
		Carrier: models.OrganizationID(or(request.Body.Carrier, string(r.Actor.Organization))),
	}
	if !r.Actor.Operator() {
		if r.Actor.Kind != models.KindCarrier {
			return nil, models.Errorf(models.CodeForbidden, "Only carriers and operators name lockers.")
		}
		if a.Carrier != r.Actor.Organization {
			var f models.Fields
			f.Add("/carrier", "must be your own organization or missing")
			return nil, f.Err()
		}
	}
	if err := s.Network.SetAlias(ctx, r, a); err != nil {
		return nil, err
	}
	return SetAlias200JSONResponse(aliasBody(a)), nil
}

func aliasBody(a models.Alias) Alias { return Alias{Carrier: string(a.Carrier), Alias: a.Alias} }

// CreateLocker makes a locker.
func (s *server) CreateLocker(ctx context.Context, request CreateLockerRequestObject) (CreateLockerResponseObject, error) {
	b := request.Body
	l := models.Locker{Number: b.Number, Location: models.LocationID(b.Location), Model: models.ModelID(b.Model), Test: or(b.Test, false)}
	l.Acceptance = models.Acceptance(or(b.Acceptance, Acceptance(s.Acceptance)))
	if or(b.Planned, false) {
		l.State = models.LockerPlanned
	}
	l, err := s.Network.CreateLocker(ctx, callOf(ctx).request(), l)
	if err != nil {
		return nil, err
	}
	return CreateLocker201JSONResponse(lockerBody(l)), nil
}

// PauseLocker has nothing more come into a locker.
func (s *server) PauseLocker(ctx context.Context, request PauseLockerRequestObject) (PauseLockerResponseObject, error) {
	l, err := s.changeLocker(ctx, request.Id, models.LockerChange{Action: models.LockerPause, Reason: request.Body.Reason})
	return PauseLocker200JSONResponse(lockerBody(l)), err
}

// ResumeLocker puts a locker to use again.
func (s *server) ResumeLocker(ctx context.Context, request ResumeLockerRequestObject) (ResumeLockerResponseObject, error) {
	l, err := s.changeLocker(ctx, request.Id, models.LockerChange{Action: models.LockerResume, Reason: request.Body.Reason})
	return ResumeLocker200JSONResponse(lockerBody(l)), err
}

// CloseLocker takes a locker out of use.
func (s *server) CloseLocker(ctx context.Context, request CloseLockerRequestObject) (CloseLockerResponseObject, error) {
	l, err := s.changeLocker(ctx, request.Id, models.LockerChange{
		Action: models.LockerClose, Reason: request.Body.Reason, Withdraw: or(request.Body.Withdraw, false),
	})
	return CloseLocker200JSONResponse(lockerBody(l)), err
}

func (s *server) changeLocker(ctx context.Context, id string, c models.LockerChange) (models.Locker, error) {
	if err := known(models.PrefixLocker, id, "locker"); err != nil {
		return models.Locker{}, err
	}
	return s.Network.ChangeLocker(ctx, callOf(ctx).request(), models.LockerID(id), c)
}

func lockerBody(l models.Locker) Locker {
	return Locker{
		Id: string(l.ID), Number: l.Number, Location: string(l.Location), Model: string(l.Model),
		State: LockerState(l.State), Test: optional(l.Test), CreatedAt: l.CreatedAt,
	}
}

// lockerDetail is a locker as an actor sees it.
func lockerDetail(a models.Actor, now time.Time) func(models.LockerView) LockerDetail {
	return func(v models.LockerView) LockerDetail {
		l := v.Locker
		d := LockerDetail{
			Id: string(l.ID), Number: l.Number, Location: locationBody(v.Location), Model: string(l.Model),
			State: LockerState(l.State), Test: optional(l.Test), CreatedAt: l.CreatedAt, UpdatedAt: v.UpdatedAt(), Online: v.Link.Online, LastSeen: v.Link.LastSeen,
			Functions: each(l.Functions, func(f models.LockerFunction) LockerFunction { return LockerFunction(f) }),
			EasyReach: each(l.EasyReach, func(n int) int { return n }), Cells: each(v.Kinds, cellKindBody), Aliases: []Alias{},
			OpenNow: v.Location.Hours.OpenAt(v.Location.Zone(), now), DistanceM: v.DistanceM,
		}
		for _, alias := range v.Aliases {
			if a.Operator() || alias.Carrier == a.Organization {
				d.Aliases = append(d.Aliases, aliasBody(alias))
			}
		}
		if a.Operator() {
			d.CertificateUntil, d.HeldSince = v.Link.CertificateUntil, v.Link.HeldSince
			acceptance := Acceptance(cmp.Or(l.Acceptance, models.AcceptAutomatic))
			d.Acceptance = &acceptance
		} else {
			d.Location.Host = nil
		}
		return d
	}
}

func cellKindBody(k models.CellKind) CellKind {
	return CellKind{
		Regime: Regime(k.Regime), Size: Size(k.Size), Cells: k.Cells, MaxWeightG: optional(k.MaxWeightG),
		Inner: Inner{WidthMm: k.Inner.WidthMM, HeightMm: k.Inner.HeightMM, DepthMm: k.Inner.DepthMM},
	}
}
